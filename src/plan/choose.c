/* choose.c: the candidate of a step. */
#include "plan/choose.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Tuned rows ----------------------------------------------------------------------------------------------------------------- */

bool plan_row_name(const ops_problem *problem, char *name, size_t size) {
    char text[OPS_PROBLEM_TEXT];
    if (!ops_problem_text(problem, text, sizeof text)) return false;
    snprintf(name, size, "tuned %s", text);
    return true;
}

void plan_row_text(const plan_row *row, char *text, size_t size) {
    snprintf(text, size, "%.3f ms, gain %.3f, %s", 1e3 * row->seconds, row->gain, row->choice);
}

bool plan_read_row(rt_context *rt, const ops_problem *problem, plan_row *row_out) {
    char name[PLAN_ROW_NAME], text[PLAN_ROW_TEXT];
    double milliseconds = 0.0;
    int begin = 0;
    if (!plan_row_name(problem, name, sizeof name) || !rt_fact_read(rt, name, text, sizeof text)) return false;
    if (sscanf(text, "%lf ms, gain %lf, %n", &milliseconds, &row_out->gain, &begin) != 2 || begin == 0) return false;
    if (!isfinite(milliseconds) || !isfinite(row_out->gain) || strlen(text + begin) >= sizeof row_out->choice)
        return false;
    row_out->seconds = 1e-3 * milliseconds;
    snprintf(row_out->choice, sizeof row_out->choice, "%s", text + begin);
    return true;
}

/* ---- Choosing --------------------------------------------------------------------------------------------------------------------- */

/* Makes the recipe of a choice, unless it is known to be wrong. */
static clade_status try_choice(const plan_chooser *chooser, const ops_choice *choice, ops_problem *problem,
                               ops_recipe *recipe_out, bool *taken_out) {
    const rt_device *device = rt_context_device(chooser->rt);
    const ops_problem asked = ops_with_variant(problem, choice->variant);
    *taken_out = false;
    FORWARD(ops_make(chooser->env, &asked, device, choice->candidate, recipe_out));
    if (plan_find_verdict(chooser->env, chooser->rt, &asked, recipe_out) == PLAN_WRONG) {
        base_log(chooser->env, CLADE_LOG_WARNING,
                 "kernel %s computes wrong results on this device (%s): another is taken", recipe_out->candidate,
                 recipe_out->reason);
        return CLADE_OK;
    }
    *problem = asked;
    *taken_out = true;
    return CLADE_OK;
}

static clade_status try_given(const plan_chooser *chooser, size_t index, ops_problem *problem, ops_recipe *recipe_out,
                              bool *taken_out) {
    if (index >= chooser->given_count || !chooser->given[index].choice.candidate) return CLADE_OK;
    FORWARD(try_choice(chooser, &chooser->given[index].choice, problem, recipe_out, taken_out));
    if (*taken_out) ops_add_reason(recipe_out, "%s", chooser->given[index].why);
    return CLADE_OK;
}

static clade_status try_tuned(const plan_chooser *chooser, ops_problem *problem, ops_recipe *recipe_out,
                              bool *taken_out) {
    plan_row row;
    ops_choice choice;
    if (!chooser->tuned || !plan_read_row(chooser->rt, problem, &row)) return CLADE_OK;
    if (!ops_read_choice(problem, rt_context_device(chooser->rt), row.choice, &choice)) return CLADE_OK;
    FORWARD(try_choice(chooser, &choice, problem, recipe_out, taken_out));
    if (*taken_out)
        ops_add_reason(recipe_out, "tuned: %.3g ms, %.2f times as fast as untuned", 1e3 * row.seconds, row.gain);
    return CLADE_OK;
}

static clade_status try_cheapest(const plan_chooser *chooser, ops_problem *problem, ops_recipe *recipe_out) {
    ops_choice choices[OPS_MOST_CANDIDATES];
    const size_t count = ops_list_choices(problem, rt_context_device(chooser->rt), choices, BASE_COUNT(choices));
    bool taken = false;
    for (size_t i = 0; i < count && !taken; i++) FORWARD(try_choice(chooser, &choices[i], problem, recipe_out, &taken));
    if (!taken) /* not even the generic kernel, which is never checked: so there is a defect elsewhere */
        return base_fail(chooser->env, CLADE_ERROR_INTERNAL, "failed to choose a kernel for %s: none is left",
                         ops_kind_name(problem->kind));
    if (count == 1)
        ops_add_reason(recipe_out, "the only one that applies");
    else
        ops_add_reason(recipe_out, "cheapest of %zu", count);
    return CLADE_OK;
}

clade_status plan_choose(const plan_chooser *chooser, size_t index, ops_problem *problem, ops_recipe *recipe_out) {
    const rt_device *device = rt_context_device(chooser->rt);
    FORWARD(ops_check_problem(chooser->env, problem));
    if (ops_restricted_to(chooser->kernels, problem->kind))
        return ops_select(chooser->env, problem, device, chooser->kernels, recipe_out);
    bool taken = false;
    FORWARD(try_given(chooser, index, problem, recipe_out, &taken));
    if (!taken) FORWARD(try_tuned(chooser, problem, recipe_out, &taken));
    return taken ? CLADE_OK : try_cheapest(chooser, problem, recipe_out);
}
