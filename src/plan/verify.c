/* verify.c: every candidate of every layer against the generic kernel of its operator, at the layer's own size.
 *
 *   dry plan -> problems, each once -> candidates --run on the same random operands--> largest difference
 *            -> the whole of it, see verify_network.c
 *
 * Where check.c looks at the kernels that a plan takes, on small problems and once for a driver, this looks at all of them, anew. What
 * is found wrong is kept as a verdict, so that plans pass it over. */
#include "plan/verify.h"

#include <string.h>

clade_verify_settings clade_verify_defaults(void) { return (clade_verify_settings){0}; }

/* ---- One candidate ----------------------------------------------------------------------------------------------------------- */

bool verify_is_result(clade_status status) {
    return status == CLADE_ERROR_BUILD || status == CLADE_ERROR_OPENCL || status == CLADE_ERROR_UNSUPPORTED;
}

clade_status verify_recipe(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe,
                           const float *expected, float *values, uint64_t count, clade_verify_result *result) {
    const clade_status status = plan_run_into(bench, problem, recipe, values, count);
    if (status != CLADE_OK && !verify_is_result(status)) return status;
    result->status = status;
    result->tolerance = plan_tolerance(problem);
    result->error = status == CLADE_OK ? plan_difference(values, expected, count) : 0.0f;
    result->right = status == CLADE_OK && result->error <= result->tolerance;
    return CLADE_OK;
}

/* Plans made from now on take another. */
static void keep_wrong(const verifier *v, const ops_problem *problem, const ops_recipe *recipe) {
    char name[PLAN_VERDICT_NAME];
    if (plan_verdict_name(v->env, v->rt, problem, recipe, name))
        rt_facts_write(v->rt, &(rt_fact){.name = name, .text = plan_verdict_text(false)}, 1);
}

void verify_report(verifier *v, clade_verify_result *result) {
    char message[512] = "";
    v->summary.kernels++;
    if (result->status != CLADE_OK) {
        v->summary.failed++;
        base_message(v->env, message, sizeof message);
    } else if (!result->right) {
        v->summary.wrong++;
    }
    result->message = message;
    if (v->settings->result) v->settings->result(v->settings->user, result);
    result->message = NULL; /* it goes */
}

/* ---- One problem ------------------------------------------------------------------------------------------------------------- */

/* The step that is looked at, with what its kernels share. */
typedef struct subject {
    const plan_step *step;
    size_t layers;
    trial_bench bench;
    float *expected, *values;
    uint64_t count;
} subject;

static clade_status verify_choice(verifier *v, subject *s, const ops_choice *choice, bool taken) {
    const ops_problem problem = ops_with_variant(&s->step->problem, choice->variant);
    clade_verify_result result = {
        .layer = v->plan->graph->nodes[s->step->node].name, .layers = s->layers, .taken = taken};
    ops_recipe recipe;
    FORWARD(ops_make(v->env, &problem, rt_context_device(v->rt), choice->candidate, &recipe));
    FORWARD(verify_recipe(&s->bench, &problem, &recipe, s->expected, s->values, s->count, &result));
    result.kernel = recipe.candidate;
    result.variant = recipe.reason;
    verify_report(v, &result);
    if (result.status == CLADE_OK && !result.right) keep_wrong(v, &problem, &recipe);
    return CLADE_OK;
}

/* What the plan takes first, with the tile it takes; then all others, each as it likes best. */
static clade_status verify_choices(verifier *v, subject *s, const ops_choice *choices, size_t choice_count) {
    const ops_candidate *generic = ops_generic(s->step->problem.kind);
    const ops_choice own = {.candidate = ops_candidate_of(s->step->problem.kind, &s->step->recipe),
                            .variant = s->step->recipe.variant};
    if (own.candidate != generic) FORWARD(verify_choice(v, s, &own, true));
    for (size_t i = 0; i < choice_count; i++)
        if (choices[i].candidate != generic && choices[i].candidate != own.candidate)
            FORWARD(verify_choice(v, s, &choices[i], false));
    return CLADE_OK;
}

static clade_status run_generic(verifier *v, subject *s) {
    const ops_problem *problem = &s->step->problem;
    ops_recipe generic;
    ops_reach reach;
    FORWARD(trial_bench_fit(&s->bench, problem));
    (void)ops_problem_reach(problem, &reach); /* trial_bench_fit has checked it */
    s->count = (uint64_t)reach.output;
    s->expected = base_allocate_zero(v->env, 2 * s->count, sizeof *s->expected);
    if (!s->expected) return base_fail_memory(v->env, 2 * s->count * sizeof *s->expected, "the results of a check");
    s->values = s->expected + s->count;
    FORWARD(ops_make(v->env, problem, rt_context_device(v->rt), ops_generic(problem->kind), &generic));
    return plan_run_into(&s->bench, problem, &generic, s->expected, s->count);
}

static clade_status verify_problem(verifier *v, const plan_step *step, size_t layers) {
    const ops_problem problem = ops_with_variant(&step->problem, (ops_variant){0});
    ops_choice choices[OPS_MOST_CANDIDATES];
    const size_t count = ops_list_choices(&problem, rt_context_device(v->rt), choices, BASE_COUNT(choices));
    subject s = {.step = step, .layers = layers};
    v->summary.problems++;
    if (count < 2) return CLADE_OK;
    clade_status status = trial_bench_open(v->env, v->rt, &s.bench);
    if (status == CLADE_OK) status = run_generic(v, &s);
    if (status == CLADE_OK) status = verify_choices(v, &s, choices, count);
    trial_bench_close(&s.bench);
    base_free(v->env, s.expected);
    return status;
}

/* ---- All of them --------------------------------------------------------------------------------------------------------------- */

/* Equal but for padding between the fields, at worst: then a problem is looked at twice. */
static bool is_same(const plan_step *a, const plan_step *b) {
    return memcmp(&a->problem, &b->problem, sizeof a->problem) == 0; // NOLINT(bugprone-suspicious-memory-comparison)
}

static clade_status verify_plan(verifier *v) {
    for (size_t i = 0; i < v->plan->step_count; i++) {
        const plan_step *step = &v->plan->steps[i];
        size_t before = 0, layers = 1;
        while (before < i && !is_same(&v->plan->steps[before], step)) before++;
        if (v->settings->progress) v->settings->progress(v->settings->user, "layers", i, v->plan->step_count);
        if (before < i) continue;
        for (size_t k = i + 1; k < v->plan->step_count; k++) layers += is_same(&v->plan->steps[k], step);
        FORWARD(verify_problem(v, step, layers));
    }
    return CLADE_OK;
}

clade_status clade_verify(const clade_graph *graph, const clade_verify_settings *settings,
                          clade_verify_summary *summary_out) {
    if (summary_out) *summary_out = (clade_verify_summary){0};
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    const clade_verify_settings defaults = clade_verify_defaults();
    verifier v = {.env = graph->env, .rt = context_rt(graph->context), .settings = settings ? settings : &defaults};
    if (!graph_reserved_clear(v.settings->reserved, BASE_COUNT(v.settings->reserved)))
        return base_fail(v.env, CLADE_ERROR_INVALID_ARGUMENT, "failed to verify: reserved settings must be zero");
    clade_plan_settings dry = v.settings->plan ? *v.settings->plan : clade_plan_defaults();
    clade_plan *plan = NULL;
    dry.dry_run = true;
    FORWARD(clade_plan_create(graph, &dry, &plan));
    v.plan = plan;
    clade_status status = verify_plan(&v);
    if (status == CLADE_OK) status = verify_network(&v, graph);
    clade_plan_destroy(&plan);
    if (summary_out) *summary_out = v.summary;
    return status;
}
