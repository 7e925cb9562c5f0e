/* verify.h: what clade_verify is made of, for its tests. */
#ifndef PLAN_VERIFY_H
#define PLAN_VERIFY_H

#include "plan/check.h"

typedef struct verifier {
    base_env *env;
    rt_context *rt;
    const clade_plan *plan; /* dry */
    const clade_verify_settings *settings;
    clade_verify_summary summary;
} verifier;

/* True for what only says that one kernel or program cannot be built or run on this device. */
bool verify_is_result(clade_status status);
/* Counts a result and tells it to the caller, with the last message where it is a failure. */
void verify_report(verifier *v, clade_verify_result *result);
/* The plan as a whole: in one launch against step by step, and that against plain kernels without any pass. `graph` is the
 * caller's. */
clade_status verify_network(verifier *v, const clade_graph *graph);
/* Runs two plans of one graph on the same inputs and compares what they put out. Fills in layer, error and right for the output that
 * differs most. */
clade_status verify_outputs(clade_plan *plan, clade_plan *reference, float tolerance, clade_verify_result *result);

/* Runs a recipe on a bench that trial_bench_fit has made ready for its problem, and compares its results with what the generic
 * kernel gave; `values` is room for as many. Fills in error, tolerance, right and status; a recipe that does not build or run on
 * this device is a result, what ends everything (memory, a lost device) a failure. */
clade_status verify_recipe(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe,
                           const float *expected, float *values, uint64_t count, clade_verify_result *result);

#endif
