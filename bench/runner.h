/* runner.h: recipes made ready to run by themselves, without a plan: kernels, packed random weights, workspace. Benchmarks are
 * small programs: whatever fails ends them with its message. */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "ops/ops.h"
#include "rt/context.h"

typedef struct runner {
    clade_context *context;
    rt_queue *queue;
    rt_buffer *inputs[OPS_MAX_INPUTS], *out, *workspace; /* serve all steps */
    float *input_values[OPS_MAX_INPUTS];
} runner;

/* On the device that CLADE_DEVICE names, or the default. */
void runner_open(runner *r);
void runner_close(runner *r);
void runner_check(const runner *r, clade_status status);
typedef struct runner_step {
    ops_problem problem;
    ops_recipe recipe;
    rt_kernel *kernels[OPS_MAX_LAUNCHES];
    rt_buffer *constants[OPS_MAX_CONSTANTS];
} runner_step;

/* What the largest step needs. */
typedef struct runner_sizes {
    int64_t inputs[OPS_MAX_INPUTS], out; /* elements */
    uint64_t workspace;                  /* bytes */
} runner_sizes;
void runner_include(const runner *r, const runner_step *step, runner_sizes *sizes);
/* Random inputs and room for output and workspace; before runner_prepare. */
void runner_make_memory(runner *r, const runner_sizes *sizes);

/* Makes everything a step with problem and recipe needs; its kernels are compiled when it has run once. `parameters` are by
 * OPS_WEIGHT and OPS_BIAS. */
void runner_prepare(const runner *r, runner_step *step, const float *const parameters[2]);
void runner_enqueue(const runner *r, const runner_step *step);
void runner_free(runner_step *step);

double runner_now(void);     /* seconds */
double runner_cpu_now(void); /* seconds that all threads of this process together spent computing */
float *runner_random(uint64_t count);

#endif
