/* verify.h: what clade_verify is made of, for its tests. */
#ifndef PLAN_VERIFY_H
#define PLAN_VERIFY_H

#include "plan/check.h"

/* Runs a recipe on a bench that trial_bench_fit has made ready for its problem, and compares its results with what the generic
 * kernel gave; `values` is room for as many. Fills in error, tolerance, right and status; a recipe that does not build or run on
 * this device is a result, what ends everything (memory, a lost device) a failure. */
clade_status verify_recipe(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe,
                           const float *expected, float *values, uint64_t count, clade_verify_result *result);

#endif
