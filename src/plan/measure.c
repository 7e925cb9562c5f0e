/* measure.c: times of a problem's candidates, and of whole networks.
 *
 * Machines are shared and clocks wander: what is compared takes turns, so that all see the same disturbances, and counts with the
 * time that a quarter of its runs stay below. */
#include "plan/trial.h"
#include "plan/tune.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 64 };

/* After so many rounds, who takes so much longer than the quickest is out. */
enum { FIRST_ROUNDS = 2 };
#define HOPELESS 1.25

static int compare_times(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double lower_quartile(double *times, int32_t count) {
    qsort(times, (size_t)count, sizeof *times, compare_times);
    return times[count / 4];
}

/* ---- One problem -------------------------------------------------------------------------------------------------------------- */

/* A choice under measurement. */
typedef struct runner {
    trial trial;
    bool ready; /* else it did not build, or is out */
    double times[MOST_ROUNDS];
    int32_t count;
} runner;

/* The cost model's own choice first, then the variants by their expected cost. */
static clade_status list_choices(base_env *env, rt_context *rt, const tune_effort *effort, tune_problem *p) {
    const rt_device *device = rt_context_device(rt);
    ops_choice base[OPS_MOST_CANDIDATES], variants[TUNE_MOST_VARIANTS];
    ops_recipe recipe;
    size_t count = 0;
    ops_list_choices(&p->problem, device, base, BASE_COUNT(base));
    FORWARD(ops_make(env, &p->problem, device, base[0].candidate, &recipe));
    p->choices[0] = (ops_choice){base[0].candidate, recipe.variant, 0.0};
    p->choice_count = 1;
    FORWARD(ops_list_variants(env, &p->problem, device, effort->slowest, variants, BASE_COUNT(variants), &count));
    for (size_t i = 0; i < count && p->choice_count < effort->variants; i++) {
        const bool is_first = variants[i].candidate == p->choices[0].candidate &&
                              memcmp(&variants[i].variant, &p->choices[0].variant, sizeof(ops_variant)) == 0;
        if (!is_first) p->choices[p->choice_count++] = (ops_choice){variants[i].candidate, variants[i].variant, 0.0};
    }
    return CLADE_OK;
}

/* A candidate that cannot be built or is known to be wrong is left out; that is no failure of tuning. */
static clade_status prepare_runner(trial_bench *bench, const tune_problem *p, const ops_choice *choice, runner *r) {
    const ops_problem asked = ops_with_variant(&p->problem, choice->variant);
    ops_recipe recipe;
    FORWARD(ops_make(bench->env, &asked, rt_context_device(bench->rt), choice->candidate, &recipe));
    if (plan_find_verdict(bench->env, bench->rt, &asked, &recipe) == PLAN_WRONG) return CLADE_OK;
    r->ready = trial_prepare(bench, &asked, &recipe, false, &r->trial) == CLADE_OK &&
               trial_run(bench, &r->trial) == CLADE_OK; /* compiles, too */
    return CLADE_OK;
}

static clade_status run_rounds(trial_bench *bench, tune_problem *p, runner *runners, int32_t rounds) {
    for (int32_t round = 0; round < rounds; round++) {
        double least = 0.0;
        for (size_t i = 0; i < p->choice_count; i++) {
            runner *r = &runners[i];
            if (!r->ready) continue;
            FORWARD(trial_time(bench, &r->trial, &r->times[r->count++]));
            p->choices[i].seconds = lower_quartile(r->times, r->count);
            if (least == 0.0 || p->choices[i].seconds < least) least = p->choices[i].seconds;
        }
        for (size_t i = 1; round + 1 == FIRST_ROUNDS && i < p->choice_count; i++)
            if (p->choices[i].seconds > HOPELESS * least) runners[i].ready = false;
    }
    return CLADE_OK;
}

static clade_status measure_on(trial_bench *bench, const tune_effort *effort, tune_problem *p, runner *runners) {
    FORWARD(trial_bench_fit(bench, &p->problem));
    for (size_t i = 0; i < p->choice_count; i++) FORWARD(prepare_runner(bench, p, &p->choices[i], &runners[i]));
    return run_rounds(bench, p, runners, (int32_t)base_min(effort->rounds, MOST_ROUNDS));
}

clade_status tune_measure_problem(base_env *env, rt_context *rt, const tune_effort *effort, tune_problem *problem) {
    FORWARD(list_choices(env, rt, effort, problem));
    if (problem->choice_count == 1) return CLADE_OK;
    runner *runners = base_allocate_zero(env, problem->choice_count, sizeof *runners);
    if (!runners) return base_fail_memory(env, problem->choice_count * sizeof *runners, "kernels to measure");
    trial_bench bench;
    clade_status status = trial_bench_open(env, rt, &bench);
    if (status == CLADE_OK) status = measure_on(&bench, effort, problem, runners);
    for (size_t i = 0; i < problem->choice_count; i++) trial_free(&runners[i].trial);
    trial_bench_close(&bench);
    base_free(env, runners);
    return status;
}

/* ---- Whole networks -------------------------------------------------------------------------------------------------------------- */

/* A session with the inputs of the golden results. */
typedef struct network {
    clade_session *session;
    clade_buffer *inputs;
    size_t count;
} network;

static clade_status open_network(clade_plan *plan, network *n) {
    FORWARD(clade_session_create(plan, &n->session));
    n->inputs = base_allocate_zero(plan->env, plan->input_count, sizeof *n->inputs);
    if (!n->inputs) return base_fail_memory(plan->env, plan->input_count * sizeof *n->inputs, "inputs");
    for (; n->count < plan->input_count; n->count++) {
        const plan_port *port = &plan->inputs[n->count];
        float *values = base_allocate(plan->env, port->bytes);
        if (!values) return base_fail_memory(plan->env, port->bytes, port->name);
        clade_fill_input(port->name, values, port->bytes / sizeof *values);
        n->inputs[n->count] = (clade_buffer){.name = port->name, .data = values, .size = port->bytes};
    }
    return clade_run(n->session, n->inputs, n->count, NULL, 0);
}

static void close_network(base_env *env, network *n) {
    for (size_t i = 0; i < n->count; i++) base_free(env, n->inputs[i].data);
    base_free(env, n->inputs);
    clade_session_destroy(&n->session);
}

static clade_status time_network(const network *n, double *seconds_out) {
    const double start = base_seconds();
    FORWARD(clade_run(n->session, n->inputs, n->count, NULL, 0));
    *seconds_out = base_seconds() - start;
    return CLADE_OK;
}

clade_status tune_measure_plans(clade_plan *const plans[2], int32_t rounds, double seconds_out[2]) {
    network networks[2] = {{0}, {0}};
    double times[2][MOST_ROUNDS];
    clade_status status = CLADE_OK;
    if (rounds > MOST_ROUNDS) rounds = MOST_ROUNDS;
    for (int i = 0; status == CLADE_OK && i < 2; i++) status = open_network(plans[i], &networks[i]);
    for (int32_t round = 0; status == CLADE_OK && round < 2 * rounds; round++)
        status = time_network(&networks[round % 2], &times[round % 2][round / 2]);
    for (int i = 0; i < 2; i++) {
        if (status == CLADE_OK) seconds_out[i] = lower_quartile(times[i], rounds);
        close_network(plans[i]->env, &networks[i]);
    }
    return status;
}
