/* slim.c: leaner candidates for plans that do not fit their memory limit.
 *
 * Every step offers its other candidates that take fewer bytes of weights and workspace; those are taken first that lose least
 * time for each byte saved, by the estimates of the cost model. */
#include "plan/choose.h"

#include <stdlib.h>

typedef struct offer {
    size_t step;
    ops_choice choice;
    uint64_t saved;
    double loss; /* seconds a byte */
} offer;

typedef struct offer_list {
    offer *offers;
    size_t count, capacity;
} offer_list;

/* Bytes by which candidates of one step differ. */
static uint64_t bytes_of(const ops_recipe *recipe) {
    uint64_t bytes = recipe->workspace;
    for (size_t i = 0; i < recipe->constant_count; i++)
        bytes += ops_constant_words(&recipe->constants[i]) * sizeof(float);
    return bytes;
}

/* Seconds that the cost model expects of what the step has now. */
static double present_seconds(const plan_step *step, const ops_choice *choices, size_t count) {
    const ops_candidate *present = ops_candidate_of(step->problem.kind, &step->recipe);
    for (size_t i = 0; i < count; i++)
        if (choices[i].candidate == present) return choices[i].seconds;
    return choices[0].seconds;
}

static clade_status list_offers(const clade_plan *plan, const plan_chooser *chooser, size_t index, offer_list *list) {
    const plan_step *step = &plan->steps[index];
    const rt_device *device = rt_context_device(chooser->rt);
    const ops_problem problem = ops_with_variant(&step->problem, (ops_variant){0});
    const uint64_t bytes = bytes_of(&step->recipe) + step->gemm_workspace;
    ops_choice choices[OPS_MOST_CANDIDATES];
    if (ops_restricted_to(chooser->kernels, problem.kind)) return CLADE_OK; /* the caller's own choice */
    const size_t count = ops_list_choices(&problem, device, choices, BASE_COUNT(choices));
    for (size_t i = 0; i < count; i++) {
        ops_recipe recipe;
        FORWARD(ops_make(chooser->env, &problem, device, choices[i].candidate, &recipe));
        if (bytes_of(&recipe) >= bytes) continue;
        if (plan_find_verdict(chooser->env, chooser->rt, &problem, &recipe) == PLAN_WRONG) continue;
        if (!base_grow(chooser->env, &list->offers, sizeof *list->offers, list->count, &list->capacity))
            return base_fail_memory(chooser->env, sizeof *list->offers, "the leaner kernels of a plan");
        const uint64_t saved = bytes - bytes_of(&recipe);
        const double slower = choices[i].seconds - present_seconds(step, choices, count);
        list->offers[list->count++] = (offer){index, choices[i], saved, (slower > 0.0 ? slower : 0.0) / (double)saved};
    }
    return CLADE_OK;
}

static int compare_losses(const void *a, const void *b) {
    const offer *left = a, *right = b;
    if (left->loss != right->loss) return left->loss < right->loss ? -1 : 1;
    return (left->saved < right->saved) - (left->saved > right->saved); /* of equals the one that saves most */
}

/* Takes offers, one a step, until they save `excess` bytes. */
static void take_offers(const clade_plan *plan, plan_chooser *chooser, const offer_list *list, uint64_t excess) {
    uint64_t saved = 0;
    for (size_t i = 0; i < list->count && saved < excess; i++) {
        const offer *taken = &list->offers[i];
        bool has_one = false;
        for (size_t k = 0; k < i; k++) has_one = has_one || list->offers[k].step == taken->step;
        if (has_one) continue;
        chooser->given[taken->step] = (plan_given){taken->choice, "leaner, for the memory limit"};
        base_log(chooser->env, CLADE_LOG_INFO, "memory limit: step %zu takes %s.%s in place of %s, %llu bytes less",
                 taken->step, ops_kind_name(plan->steps[taken->step].problem.kind), taken->choice.candidate->name,
                 plan->steps[taken->step].recipe.candidate, (unsigned long long)taken->saved);
        saved += taken->saved;
    }
}

clade_status plan_slim(const clade_plan *plan, plan_chooser *chooser, uint64_t excess, bool *slimmer_out) {
    offer_list list = {0};
    clade_status status = CLADE_OK;
    *slimmer_out = false;
    if (!chooser->given) {
        chooser->given = base_allocate_zero(chooser->env, plan->step_count, sizeof *chooser->given);
        if (!chooser->given)
            return base_fail_memory(chooser->env, plan->step_count * sizeof *chooser->given, "a plan's choices");
        chooser->given_count = plan->step_count;
    }
    for (size_t i = 0; status == CLADE_OK && i < plan->step_count; i++) status = list_offers(plan, chooser, i, &list);
    if (status == CLADE_OK && list.count > 0) {
        qsort(list.offers, list.count, sizeof *list.offers, compare_losses);
        take_offers(plan, chooser, &list, excess);
        *slimmer_out = true;
    }
    base_free(chooser->env, list.offers);
    return status;
}
