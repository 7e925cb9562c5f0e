/* tune.h: measuring what the cost model only estimates, and keeping the result.
 *
 *   dry plan -> problems, each once -> variants of their candidates --measure.c--> times -> a few whole networks --> rows (facts) */
#ifndef PLAN_TUNE_H
#define PLAN_TUNE_H

#include "plan/choose.h"

/* What the settings, or the environment's CLADE_TUNE, ask for. */
clade_status plan_tuning_level(base_env *env, const clade_plan_settings *settings, clade_tuning *level_out);
/* Tunes those problems of a graph that were never tuned. */
clade_status plan_tune_missing(const clade_graph *graph, const clade_plan_settings *settings, clade_tuning level);

/* ---- Measuring (measure.c) ------------------------------------------------------------------------------------------------------ */

/* How much is tried and how often. */
typedef struct tune_effort {
    size_t variants; /* of a problem, at most */
    double slowest;  /* left out what the cost model expects to take so many times the cheapest */
    int32_t rounds;  /* for each variant of a problem */
    int32_t network_rounds;
    /* whole networks by one launch a step, whose programs are there already, not as one program to compile */
    bool launches_apart;
} tune_effort;

enum { TUNE_MOST_VARIANTS = 32 };

/* A problem with the choices there are for it, the cost model's first; `seconds` of each is what was measured, or 0. */
typedef struct tune_problem {
    ops_problem problem;
    size_t layers;
    ops_choice choices[TUNE_MOST_VARIANTS];
    size_t choice_count;
} tune_problem;

/* Finds the choices of a problem and measures them by turns. */
clade_status tune_measure_problem(base_env *env, rt_context *rt, const tune_effort *effort, tune_problem *problem);
/* Seconds of a run of two plans of a graph, measured by turns. */
clade_status tune_measure_plans(clade_plan *const plans[2], int32_t rounds, double seconds_out[2]);

#endif
