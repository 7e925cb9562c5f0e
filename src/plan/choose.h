/* choose.h: which candidate each step of a plan gets, and which of them may be trusted.
 *
 *   asked for by name? -> given by memory limits or by the tuner? -> tuned before? -> cheapest
 *
 * and, but for those asked for by name, whatever was found to compute wrong results on this device is passed over. */
#ifndef PLAN_CHOOSE_H
#define PLAN_CHOOSE_H

#include "plan/plan.h"

/* A choice for a step that stands before tuned ones and cheap ones. */
typedef struct plan_given {
    ops_choice choice; /* no candidate: none given */
    const char *why;   /* for the step's reason, static */
} plan_given;

/* How the steps of a plan choose, while it is made. */
typedef struct plan_chooser {
    base_env *env;
    rt_context *rt;
    const char *kernels; /* clade_plan_settings::kernels */
    clade_type weights;  /* clade_plan_settings::weights */
    bool tuned;          /* look for what tuning found */
    plan_given *given;   /* one a step, or NULL */
    size_t given_count;
} plan_chooser;

/* Makes the recipe of step `index`; `problem` takes the variant that was chosen. */
clade_status plan_choose(const plan_chooser *chooser, size_t index, ops_problem *problem, ops_recipe *recipe_out);

/* clade_plan_create without tuning: with what tuning found before, or not, and with choices given for some steps. */
clade_status plan_create_with(const clade_graph *graph, const clade_plan_settings *settings, bool tuned,
                              const plan_given *given, size_t given_count, clade_plan **plan_out);

/* ---- Tuned rows (facts) ----------------------------------------------------------------------------------------------------- */

/* What tuning found for a problem, as kept on disk. */
typedef struct plan_row {
    char choice[OPS_CHOICE_TEXT];
    double seconds, gain; /* gain: the time of what would be chosen untuned, over this one's */
} plan_row;
bool plan_read_row(rt_context *rt, const ops_problem *problem, plan_row *row_out);
/* Name and text of the fact that keeps a row; false for problems that are not tuned. */
enum { PLAN_ROW_NAME = OPS_PROBLEM_TEXT + 8, PLAN_ROW_TEXT = OPS_CHOICE_TEXT + 48 };
bool plan_row_name(const ops_problem *problem, char *name, size_t size);
void plan_row_text(const plan_row *row, char *text, size_t size);

/* ---- Checks (check.c) --------------------------------------------------------------------------------------------------------- */

typedef enum plan_verdict { PLAN_UNKNOWN, PLAN_TRUSTED, PLAN_WRONG } plan_verdict;
/* The fact that keeps the verdict on a recipe's kernels: "right" or "wrong". Generic kernels have none, which is false. */
enum { PLAN_VERDICT_NAME = 96 };
bool plan_verdict_name(base_env *env, rt_context *rt, const ops_problem *problem, const ops_recipe *recipe, char *name);
/* What is known of a recipe's kernels on this device. */
plan_verdict plan_find_verdict(base_env *env, rt_context *rt, const ops_problem *problem, const ops_recipe *recipe);
/* Runs a recipe and the generic one of its operator on the same random operands. */
clade_status plan_compare(base_env *env, rt_context *rt, const ops_problem *problem, const ops_recipe *recipe,
                          bool *agrees_out);
/* Checks what is not known of a plan's steps yet, and keeps it. `wrong_out`: some kernel was found wrong, so choose again. */
clade_status plan_check(const clade_plan *plan, bool *wrong_out);

/* The same for a plan's network, in the program that will run; one that is wrong is taken from the plan, with a warning, and its
 * steps are launches of their own. */
clade_status plan_check_network(clade_plan *plan);

/* ---- Memory limits (slim.c) ---------------------------------------------------------------------------------------------------- */

/* Gives steps leaner candidates until they take `excess` bytes less, those first that lose least time for each byte. False when
 * there are none left. */
clade_status plan_slim(const clade_plan *plan, plan_chooser *chooser, uint64_t excess, bool *slimmer_out);

#endif
