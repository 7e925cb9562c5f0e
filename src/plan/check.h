/* check.h: what the checks of single kernels and of networks share. */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "plan/choose.h"
#include "plan/trial.h"

/* A problem that takes little time and the same kernels: fewer images, rows, columns and channels, but the same window and tile. */
ops_problem plan_small_problem(const ops_problem *problem, const ops_recipe *recipe);
/* The largest difference as a share of the largest expected element; infinity where there is a NaN, or where all should be 0. */
float plan_difference(const float *values, const float *expected, uint64_t count);
/* How large that may be. */
float plan_tolerance(const ops_problem *problem);
/* Whether all elements are as near to what is expected as kernels are to each other; NaN never is. */
bool plan_agree(const ops_problem *problem, const float *values, const float *expected, uint64_t count);
/* Runs a recipe by itself; the bench holds its problem's inputs. */
clade_status plan_run_into(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe, float *values,
                           uint64_t count);

/* A verdict as facts and logs have it. */
const char *plan_verdict_text(bool right);
plan_verdict plan_read_verdict(rt_context *rt, const char *name);
/* Keeps the verdict that a plan's network in one launch is wrong: plans made from now on take it apart. */
clade_status plan_reject_network(const clade_plan *plan);
/* `hash`, which goes on, with the texts and options of a recipe's kernels: what a verdict is on. */
uint64_t plan_hash_kernels(const ops_recipe *recipe, uint64_t hash);

#endif
