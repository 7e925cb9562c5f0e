/* trial.h: recipes run by themselves, on memory of their own: for checking kernels and for measuring them. */
#ifndef PLAN_TRIAL_H
#define PLAN_TRIAL_H

#include "ops/ops.h"
#include "rt/rt.h"

/* What trials run on: a queue, and inputs and an output that they share. */
typedef struct trial_bench {
    base_env *env;
    rt_context *rt;
    rt_queue *queue;
    rt_buffer *inputs[OPS_MAX_INPUTS], *output;
    rt_kernel *stream;                /* made when times are taken, like the next two, */
    rt_buffer *sweep_from, *sweep_to; /* which together are more than the caches hold */
} trial_bench;

typedef struct trial {
    ops_problem problem;
    ops_recipe recipe;
    rt_buffer *constants[OPS_MAX_CONSTANTS], *workspace;
    rt_kernel *kernels[OPS_MAX_LAUNCHES];
    uint64_t gemm_workspace;
} trial;

clade_status trial_bench_open(base_env *env, rt_context *rt, trial_bench *bench_out);
void trial_bench_close(trial_bench *bench);
/* Makes the operands of a problem: inputs with random values, zeros in their padding lanes; the output with zeros. */
clade_status trial_bench_fit(trial_bench *bench, const ops_problem *problem);
/* What input `input` holds after trial_bench_fit, and constant `constant` after trial_prepare with true weights. */
void trial_fill_input(const ops_problem *problem, int32_t input, float *values, uint64_t count);
clade_status trial_fill_constant(base_env *env, const ops_problem *problem, const ops_constant *constant,
                                 float *packed);
/* Writes zeros over the output, or reads it: `count` elements. */
clade_status trial_bench_clear(trial_bench *bench, uint64_t count);
clade_status trial_bench_read(trial_bench *bench, float *values, uint64_t count);

/* Builds a recipe's kernels and binds them to the operands of the bench, which trial_bench_fit must have made for this problem.
 * `true_weights`: random parameters, packed as the recipe says, the same for every recipe of a problem; else just anything, which
 * is enough for taking times and much quicker. */
clade_status trial_prepare(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe, bool true_weights,
                           trial *trial_out);
clade_status trial_run(trial_bench *bench, trial *trial);
/* Seconds of a run as it would be in a network: its inputs in the caches, its weights not. */
clade_status trial_time(trial_bench *bench, trial *trial, double *seconds_out);
void trial_free(trial *trial);

#endif
