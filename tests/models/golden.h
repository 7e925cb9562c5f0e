/* golden.h: a golden result of tests/data/goldens (see docs/goldens.md), read for the tests of the zoo. */
#ifndef TESTS_MODELS_GOLDEN_H
#define TESTS_MODELS_GOLDEN_H

#include <clade/clade.h>

#include <jansson.h>

typedef struct golden_tensor {
    const char *name;
    clade_shape shape;
} golden_tensor;

enum { GOLDEN_EDGE = 4 }; /* values kept of a block's beginning and end */

typedef struct golden_block {
    const char *name;
    clade_shape shape;
    double mean, deviation, largest; /* deviation of the population; largest magnitude */
    double first[GOLDEN_EDGE], last[GOLDEN_EDGE];
} golden_block;

typedef struct golden {
    json_t *json; /* owns the strings */
    clade_shape input;
    int64_t trainable;      /* values of these tensors but for the running means and variances */
    golden_tensor *tensors; /* without those of auxiliary classifiers unless asked for */
    size_t tensor_count;
    golden_block *blocks;
    size_t block_count;
    double *output;
    size_t output_count;
} golden;

/* The models that have one, in the zoo's order. */
extern const char *const golden_models[];
extern const size_t golden_model_count;

/* Fails the test when there is no such file or it lacks something. */
void golden_read(const char *model, golden *golden_out);
/* The same, with the tensors of auxiliary classifiers where `auxiliary` is set. */
void golden_read_for(const char *model, bool auxiliary, golden *golden_out);
void golden_clear(golden *g);

#endif
