/* harness.h: runs operator problems on the device the way a plan does, and compares with a reference.
 *
 *   draw a problem -> plain values --layout--> device memory -> every candidate's launches -> device memory --layout--> plain
 *                          \--> reference in double precision, with an error bound an element ------------------------> compare
 *
 * What a plan may do to a kernel, the harness does: operands lie at odd offsets in larger buffers, images further apart than
 * they need be, everything around an operand is poison (a NaN of its own), outputs and workspace are poison before the run.
 * After it, the poison around the output must be untouched, no poison may be left inside it, and the padding lanes of blocked
 * layouts must hold zeros. */
#ifndef TESTS_OPS_HARNESS_H
#define TESTS_OPS_HARNESS_H

#include "ops/ops.h"

/* ---- Random numbers: SplitMix64 (Steele, Lea, Flood 2014) ------------------------------------------------------------------------ */
typedef struct harness_random {
    uint64_t state;
} harness_random;
uint64_t harness_bits(harness_random *random);
int32_t harness_between(harness_random *random, int32_t low, int32_t high); /* both included */
bool harness_chance(harness_random *random, double probability);
float harness_float(harness_random *random, float low, float high);
/* Of the activations a layer may carry. */
clade_activation harness_activation(harness_random *random);
/* A tensor with a batch stride that is sometimes larger than it need be. */
ops_tensor harness_tensor(harness_random *random, int32_t n, int32_t c, int32_t h, int32_t w, int32_t block);
/* One of 1, 4, 8 and 16. */
int32_t harness_block(harness_random *random);

/* ---- Device ------------------------------------------------------------------------------------------------------------------------ */
typedef struct harness {
    base_env *env;
    rt_context *context;
    rt_queue *queue;
    /* What candidates are told about the device. Tests may change it, e.g. float_width or max_work_group. */
    rt_device device;
    char fault[512];    /* why the last harness_run failed */
    float error_growth; /* of the recipe that ran last; see ops_recipe */
} harness;
/* As cmocka's group setup and teardown; the state is a harness. */
int harness_open(void **state);
int harness_close(void **state);

/* ---- One run ------------------------------------------------------------------------------------------------------------------------ */

/* Values an operand has: of a tensor in plain NCHW, without padding lanes; of an operand with strides (binary, copy, mean,
 * softmax, linear) an input is its raw memory, and an output its elements in row-major order. */
typedef struct harness_sizes {
    int64_t inputs[OPS_MAX_INPUTS], output, parameters[2]; /* by OPS_WEIGHT, OPS_BIAS; 0: has none */
    int32_t input_count;
} harness_sizes;
harness_sizes harness_count(const ops_problem *problem);

typedef struct harness_run_settings {
    const ops_problem *problem;
    const ops_candidate *candidate; /* NULL: as ops_select chooses */
    const float *inputs[OPS_MAX_INPUTS];
    const float *parameters[2];
    bool in_place; /* input 0 and the output are one memory; see ops_in_place */
} harness_run_settings;
/* False with h->fault. */
bool harness_run(harness *h, const harness_run_settings *settings, float *output);

/* ---- Comparison ------------------------------------------------------------------------------------------------------------------------ */

/* The reference's answer: values and how far each may be off. */
typedef struct harness_expected {
    double *values, *bounds;
} harness_expected;

/* NaN and infinity must match in kind, other values lie within the bound; results below the smallest normal float count as 0.
 * False with a text about the first that does not. */
bool harness_compare(const harness_expected *expected, const float *output, int64_t count, char *fault, size_t size);

/* The same for a recipe with error_growth: values lie within `growth` times the largest bound. Where NaN is expected NaN must be;
 * where `finite` is false, that is, where an input is NaN or infinite, no more is asked. */
bool harness_compare_approximate(const harness_expected *expected, float growth, bool finite, const float *output,
                                 int64_t count, char *fault, size_t size);
/* Whether the candidate's recipe for the problem has error_growth. */
bool harness_is_approximate(const harness *h, const ops_problem *problem, const ops_candidate *candidate);

/* ---- Many random problems ----------------------------------------------------------------------------------------------------------- */

typedef struct harness_operator {
    ops_kind kind;
    /* Fills in a random problem. Draw edges often: size 1, C not a multiple of the block, a tile plus or minus 1. */
    void (*draw)(harness_random *random, ops_problem *problem);
    /* Writes a value and a bound for each element of the output, in the order of harness_sizes. */
    void (*reference)(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected);
    /* Replaces inputs that may not be any numbers, such as those of classes; may be NULL. */
    void (*replace)(harness_random *random, const ops_problem *problem, float *const *inputs);
    /* The problem's settings in a few words for a failure's message; may be NULL. */
    void (*describe)(const ops_problem *problem, char *text, size_t size);
    float range; /* inputs are uniform in [-range, range]; 0: 1 */
    float grid;  /* half of the problems have inputs that are multiples of it, so that there are equal ones; 0: none */
    bool only_finite; /* else some problems have NaN and infinity among their inputs */
    bool approximate; /* try the candidates with error_growth, and these only; else the others only */
} harness_operator;

/* Runs CLADE_TEST_CASES (default 300) problems through every applicable candidate, and in place where that may be; now and then
 * the candidates are told of another vector width and of groups of one. Fails the test with the seed of the first that is
 * wrong; CLADE_TEST_SEED runs that one alone. */
void harness_check(harness *h, const harness_operator *tested);

/* For candidates of convolution. */
void harness_reference_conv2d(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                              harness_expected *expected);
void harness_describe_conv2d(const ops_problem *problem, char *text, size_t size);

/* For poolings and their gradients: windows of any kind, paddings, global ones; without bias and activation. */
void harness_draw_pool(harness_random *random, ops_pool *p);
void harness_describe_pool(const ops_pool *p, char *text, size_t size);

#endif
