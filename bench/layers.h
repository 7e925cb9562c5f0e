/* layers.h: the convolutions of a network as its plan has them (merged, with residuals, with their activations), each with one
 * of the candidates that could do it. */
#ifndef BENCH_LAYERS_H
#define BENCH_LAYERS_H

#include "runner.h"

typedef struct layer {
    runner_step step; /* problem and recipe; the rest is runner_prepare's */
    size_t number;    /* of convolutions in the network that are like this */
    bool is_chosen;   /* what the plan takes */
    double first;     /* seconds from recipe to result: building the kernels is most of it */
    double *times;    /* seconds, sorted, of as many runs as there were rounds */
    double cpu;       /* seconds of all threads together, the least of the runs: other work hardly changes it */
    double error;     /* largest, over the largest of the values it was found among */
} layer;

typedef struct layers {
    layer *items;
    size_t count;
} layers;

static inline const ops_conv2d *layer_conv(const layer *l) { return &l->step.problem.conv2d; }
bool layer_same_shape(const layer *a, const layer *b);
double layer_gflop(const layer *l);

/* How layers get their candidates. */
#define LAYERS_CHOSEN "chosen" /* each convolution once, with what the plan chose */
#define LAYERS_ALL    "all"    /* each shape once with every candidate that is not MUCH slower than the cheapest */

/* `candidate`: one of these, or a name that takes the place of what would be chosen wherever it applies; "generic" and "gemm" then
 * see plain tensors. */
layers layers_collect(const runner *r, const char *model, int64_t batch, const char *candidate, size_t rounds);
void layers_free(layers *list);

#endif
