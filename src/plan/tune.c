/* tune.c: clade_tune, and what plans ask of it.
 *
 * Layers are measured one by one, but a network is more than its layers: the fastest kernel by itself may drive the weights of the
 * next layer out of the caches, or start a thread late. So of the whole networks that follow from the times (all changes, or only
 * those that gain much) the one that is fastest as a whole is kept, and none when the cost model's own is. */
#include "plan/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const tune_effort fast_effort = {
    .variants = 8, .slowest = 2.0, .rounds = 6, .network_rounds = 12, .launches_apart = true};
static const tune_effort full_effort = {
    .variants = TUNE_MOST_VARIANTS, .slowest = 3.0, .rounds = 16, .network_rounds = 40};

/* A network takes a problem's fastest choice where it gains at least so much: every other kernel is another program to compile. */
static const double least_gains[] = {1.05, 1.2};

clade_tune_settings clade_tune_defaults(void) { return (clade_tune_settings){.level = CLADE_TUNING_FAST}; }

/* ---- Levels -------------------------------------------------------------------------------------------------------------------- */

clade_status plan_tuning_level(base_env *env, const clade_plan_settings *settings, clade_tuning *level_out) {
    static const char *const names[] = {"off", "use", "fast", "full"}; /* from CLADE_TUNING_OFF on */
    const int asked = settings ? (int)settings->tuning : CLADE_TUNING_DEFAULT;
    const char *name = getenv("CLADE_TUNE");
    if (asked < CLADE_TUNING_DEFAULT || asked > CLADE_TUNING_FULL)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to compile the graph with tuning %d: %d to %d are possible", asked,
                         CLADE_TUNING_DEFAULT, CLADE_TUNING_FULL);
    *level_out = asked == CLADE_TUNING_DEFAULT ? CLADE_TUNING_USE : (clade_tuning)asked;
    if (asked != CLADE_TUNING_DEFAULT || !name || !*name) return CLADE_OK;
    for (int i = 0; i < (int)BASE_COUNT(names); i++) {
        if (strcmp(names[i], name) != 0) continue;
        *level_out = (clade_tuning)(CLADE_TUNING_OFF + i);
        return CLADE_OK;
    }
    return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                     "failed to compile the graph with CLADE_TUNE=%s: it must be off, use, fast or full", name);
}

/* ---- What is tuned --------------------------------------------------------------------------------------------------------------- */

typedef struct tuner {
    const clade_graph *graph;
    base_env *env;
    rt_context *rt;
    clade_plan_settings plan;
    const tune_effort *effort;
    clade_tune_settings settings;
    bool only_missing; /* rows that are there stay and are used */
    tune_problem *problems;
    size_t problem_count;
    int32_t *problem_of; /* for each step, or -1 */
    size_t step_count;
    plan_given *given; /* of the network that is best so far */
    double before, after;
} tuner;

static void tell(const tuner *t, const char *what, size_t done) {
    if (t->settings.progress)
        t->settings.progress(t->settings.user, what, done, t->problem_count + BASE_COUNT(least_gains));
}

static int32_t find_problem(const tuner *t, const char *name) {
    char other[PLAN_ROW_NAME];
    for (size_t i = 0; i < t->problem_count; i++)
        if (plan_row_name(&t->problems[i].problem, other, sizeof other) && strcmp(name, other) == 0) return (int32_t)i;
    return -1;
}

/* The problem of a step, entered if it is to be tuned. */
static int32_t enter_problem(tuner *t, const ops_problem *step_problem) {
    const ops_problem problem = ops_with_variant(step_problem, (ops_variant){0});
    char name[PLAN_ROW_NAME];
    plan_row row;
    if (ops_restricted_to(t->plan.kernels, problem.kind) || !plan_row_name(&problem, name, sizeof name)) return -1;
    int32_t index = find_problem(t, name);
    if (index < 0) {
        if (t->only_missing && plan_read_row(t->rt, &problem, &row)) return -1;
        index = (int32_t)t->problem_count++;
        t->problems[index].problem = problem;
    }
    t->problems[index].layers++;
    return index;
}

static clade_status find_problems(tuner *t) {
    clade_plan *plan = NULL;
    clade_plan_settings dry = t->plan;
    dry.dry_run = true;
    FORWARD(plan_create_with(t->graph, &dry, t->only_missing, NULL, 0, &plan));
    t->step_count = plan->step_count;
    t->problems = base_allocate_zero(t->env, t->step_count, sizeof *t->problems);
    t->problem_of = base_allocate_zero(t->env, t->step_count, sizeof *t->problem_of);
    t->given = base_allocate_zero(t->env, t->step_count, sizeof *t->given);
    const bool fits = t->problems && t->problem_of && t->given;
    for (size_t i = 0; fits && i < t->step_count; i++) t->problem_of[i] = enter_problem(t, &plan->steps[i].problem);
    clade_plan_destroy(&plan);
    return fits ? CLADE_OK : base_fail_memory(t->env, t->step_count * sizeof *t->problems, "what is tuned");
}

/* ---- Whole networks ---------------------------------------------------------------------------------------------------------------- */

static double gain_of(const tune_problem *p, size_t choice) {
    return p->choices[choice].seconds > 0.0 ? p->choices[0].seconds / p->choices[choice].seconds : 1.0;
}

/* The fastest choice that gains enough over the cost model's. */
static size_t best_choice(const tune_problem *p, double least_gain) {
    size_t best = 0;
    for (size_t i = 1; i < p->choice_count; i++)
        if (gain_of(p, i) >= least_gain && gain_of(p, i) > gain_of(p, best)) best = i;
    return best;
}

static clade_status make_network(const tuner *t, const plan_given *given, clade_plan **plan_out) {
    clade_plan_settings settings = t->plan;
    if (t->effort->launches_apart) settings.disabled_passes |= CLADE_PASS_NETWORK;
    return plan_create_with(t->graph, &settings, t->only_missing, given, t->step_count, plan_out);
}

/* Measures a network beside the best one so far, and takes its place if it is faster. */
static clade_status challenge(tuner *t, plan_given *given, bool *won_out) {
    clade_plan *plans[2] = {NULL, NULL};
    double seconds[2] = {0.0, 0.0};
    clade_status status = make_network(t, t->given, &plans[0]);
    if (status == CLADE_OK) status = make_network(t, given, &plans[1]);
    if (status == CLADE_OK) status = tune_measure_plans(plans, t->effort->network_rounds, seconds);
    for (int i = 0; i < 2; i++) clade_plan_destroy(&plans[i]);
    FORWARD(status);
    *won_out = seconds[1] < seconds[0];
    if (t->before == 0.0) t->before = t->after = seconds[0];
    if (!*won_out) return CLADE_OK;
    /* the best so far may have had a better window before: what counts is the ratio */
    t->after *= seconds[1] / seconds[0];
    memcpy(t->given, given, t->step_count * sizeof *given);
    return CLADE_OK;
}

static clade_status compare_networks(tuner *t) {
    plan_given *given = base_allocate_zero(t->env, t->step_count, sizeof *given);
    plan_given *last = base_allocate_zero(t->env, t->step_count, sizeof *last); /* the untuned one to begin with */
    clade_status status = CLADE_OK;
    if (!given || !last) status = base_fail_memory(t->env, t->step_count * sizeof *given, "networks to compare");
    for (size_t i = 0; status == CLADE_OK && i < BASE_COUNT(least_gains); i++) {
        bool won = false;
        tell(t, "networks", t->problem_count + i);
        for (size_t k = 0; k < t->step_count; k++) {
            const tune_problem *p = t->problem_of[k] >= 0 ? &t->problems[t->problem_of[k]] : NULL;
            const size_t choice = p ? best_choice(p, least_gains[i]) : 0;
            given[k] = choice > 0 ? (plan_given){p->choices[choice], "being tuned"} : (plan_given){0};
        }
        if (memcmp(given, last, t->step_count * sizeof *given) == 0) continue;
        memcpy(last, given, t->step_count * sizeof *given);
        status = challenge(t, given, &won);
    }
    base_free(t->env, given);
    base_free(t->env, last);
    return status;
}

/* ---- Keeping ------------------------------------------------------------------------------------------------------------------------ */

/* Which choice of a problem the best network has. */
static size_t kept_choice(const tuner *t, size_t problem) {
    const tune_problem *p = &t->problems[problem];
    for (size_t k = 0; k < t->step_count; k++) {
        if (t->problem_of[k] != (int32_t)problem || !t->given[k].choice.candidate) continue;
        for (size_t i = 0; i < p->choice_count; i++)
            if (p->choices[i].candidate == t->given[k].choice.candidate &&
                memcmp(&p->choices[i].variant, &t->given[k].choice.variant, sizeof(ops_variant)) == 0)
                return i;
    }
    return 0;
}

static void report(const tuner *t, size_t problem, clade_tune_summary *summary) {
    const tune_problem *p = &t->problems[problem];
    const size_t kept = kept_choice(t, problem);
    char name[OPS_PROBLEM_TEXT], before[OPS_CHOICE_TEXT], after[OPS_CHOICE_TEXT];
    summary->problems++;
    summary->changed += kept > 0;
    if (!t->settings.result) return;
    ops_problem_text(&p->problem, name, sizeof name);
    ops_write_choice(&p->choices[0], before, sizeof before);
    ops_write_choice(&p->choices[kept], after, sizeof after);
    t->settings.result(t->settings.user, &(clade_tune_result){.problem = name,
                                                              .layers = p->layers,
                                                              .before = before,
                                                              .after = after,
                                                              .seconds_before = p->choices[0].seconds,
                                                              .seconds_after = p->choices[kept].seconds});
}

static clade_status keep_rows(const tuner *t) {
    typedef struct row_text {
        char name[PLAN_ROW_NAME], text[PLAN_ROW_TEXT];
    } row_text;
    row_text *texts = base_allocate_zero(t->env, t->problem_count, sizeof *texts);
    rt_fact *facts = base_allocate_zero(t->env, t->problem_count, sizeof *facts);
    for (size_t i = 0; texts && facts && i < t->problem_count; i++) {
        const tune_problem *p = &t->problems[i];
        const size_t kept = kept_choice(t, i);
        plan_row row = {.seconds = p->choices[kept].seconds, .gain = gain_of(p, kept)};
        ops_write_choice(&p->choices[kept], row.choice, sizeof row.choice);
        plan_row_name(&p->problem, texts[i].name, sizeof texts[i].name);
        plan_row_text(&row, texts[i].text, sizeof texts[i].text);
        facts[i] = (rt_fact){.name = texts[i].name, .text = texts[i].text};
    }
    const bool fits = texts && facts;
    if (fits) rt_facts_write(t->rt, facts, t->problem_count);
    base_free(t->env, texts);
    base_free(t->env, facts);
    return fits ? CLADE_OK : base_fail_memory(t->env, t->problem_count * sizeof *texts, "tuned rows");
}

/* ---- All of it ---------------------------------------------------------------------------------------------------------------------- */

static clade_status tune(tuner *t, clade_tune_summary *summary) {
    rt_speed speed;
    FORWARD(find_problems(t));
    if (t->problem_count == 0) return CLADE_OK;
    FORWARD(rt_speed_measure(t->rt, &speed));
    for (size_t i = 0; i < t->problem_count; i++) {
        tell(t, "layers", i);
        FORWARD(tune_measure_problem(t->env, t->rt, t->effort, &t->problems[i]));
    }
    FORWARD(compare_networks(t));
    FORWARD(keep_rows(t));
    for (size_t i = 0; i < t->problem_count; i++) report(t, i, summary);
    summary->seconds_before = t->before;
    summary->seconds_after = t->after;
    rt_programs_store(t->rt);
    return CLADE_OK;
}

static clade_status run_tuner(const clade_graph *graph, const clade_tune_settings *settings, bool only_missing,
                              clade_tune_summary *summary) {
    tuner t = {.graph = graph,
               .env = graph->env,
               .rt = context_rt(graph->context),
               .plan = settings->plan ? *settings->plan : clade_plan_defaults(),
               .effort = settings->level == CLADE_TUNING_FULL ? &full_effort : &fast_effort,
               .settings = *settings,
               .only_missing = only_missing};
    t.plan.dry_run = false;
    const clade_status status = tune(&t, summary);
    base_free(t.env, t.problems);
    base_free(t.env, t.problem_of);
    base_free(t.env, t.given);
    return status;
}

clade_status plan_tune_missing(const clade_graph *graph, const clade_plan_settings *settings, clade_tuning level) {
    clade_tune_summary summary = {0};
    FORWARD(run_tuner(graph, &(clade_tune_settings){.plan = settings, .level = level}, true, &summary));
    if (summary.problems > 0)
        base_log(graph->env, CLADE_LOG_INFO, "tuned %zu problems, %zu of them take another kernel", summary.problems,
                 summary.changed);
    return CLADE_OK;
}

clade_status clade_tune(const clade_graph *graph, const clade_tune_settings *settings,
                        clade_tune_summary *summary_out) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    const clade_tune_settings chosen = settings ? *settings : clade_tune_defaults();
    const int level = chosen.level;
    if (!graph_reserved_clear(chosen.reserved, BASE_COUNT(chosen.reserved)))
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to tune: reserved settings must be zero");
    if (level != CLADE_TUNING_DEFAULT && level != CLADE_TUNING_FAST && level != CLADE_TUNING_FULL)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to tune with level %d: it must be CLADE_TUNING_FAST or CLADE_TUNING_FULL", level);
    clade_tune_summary summary = {0};
    FORWARD(run_tuner(graph, &chosen, false, &summary));
    if (summary_out) *summary_out = summary;
    return CLADE_OK;
}

/* ---- Export ------------------------------------------------------------------------------------------------------------------------- */

typedef struct export_writer {
    base_env *env;
    clade_write_callback write;
    void *user;
} export_writer;

static clade_status write_line(const export_writer *writer, const char *format, ...) BASE_PRINTF(2, 3);
static clade_status write_line(const export_writer *writer, const char *format, ...) {
    char line[RT_FACT_DEVICE_SIZE + PLAN_ROW_NAME + PLAN_ROW_TEXT];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (writer->write(writer->user, line, (size_t)length)) return CLADE_OK;
    return base_fail(writer->env, CLADE_ERROR_IO, "failed to export what tuning found: the writer stopped");
}

static clade_status export_rows(const tuner *t, const export_writer *writer) {
    char text[PLAN_ROW_TEXT], name[PLAN_ROW_NAME], device[RT_FACT_DEVICE_SIZE];
    rt_fact_device(t->rt, device, sizeof device);
    FORWARD(write_line(writer, "%s\n", device));
    if (rt_fact_read(t->rt, "speed", text, sizeof text)) FORWARD(write_line(writer, "speed: %s\n", text));
    for (size_t i = 0; i < t->problem_count; i++) {
        plan_row row;
        if (!plan_read_row(t->rt, &t->problems[i].problem, &row)) continue;
        plan_row_name(&t->problems[i].problem, name, sizeof name);
        plan_row_text(&row, text, sizeof text);
        FORWARD(write_line(writer, "%s: %s\n", name, text));
    }
    return CLADE_OK;
}

clade_status clade_tune_export(const clade_graph *graph, const clade_plan_settings *plan, clade_write_callback write,
                               void *user) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!write)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to export what tuning found: write is NULL");
    tuner t = {.graph = graph,
               .env = graph->env,
               .rt = context_rt(graph->context),
               .plan = plan ? *plan : clade_plan_defaults()};
    clade_status status = find_problems(&t);
    if (status == CLADE_OK) status = export_rows(&t, &(export_writer){graph->env, write, user});
    base_free(t.env, t.problems);
    base_free(t.env, t.problem_of);
    base_free(t.env, t.given);
    return status;
}
