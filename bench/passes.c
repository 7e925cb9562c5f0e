/* passes.c: what each pass of the compiler is worth on its own: all passes against all but one.
 *
 *     bench_passes [MODELS [BATCH [SECONDS [PASS]]]]        googlenet,inception_v4 1 10 merge
 *
 * Both plans live in one process and take turns of a few runs, of which the first is not counted: it finds the other plan's data
 * in the caches. Turns come in pairs, each pair in the other order than the one before it. Prints a line for each network and
 * pass, fields between tabs: steps, launches and bytes of arena without and with the pass, best and median milliseconds without
 * and with it, and the median over all pairs of the ratio of the turns' medians, without / with. A pass that leaves a network as
 * it is gets no line. Without MODELS or with "all": the whole zoo; without PASS: each. */
#include "pass/pass.h"
#include "runner.h"

#include <clade/models.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURN_RUNS = 4, MOST_PAIRS = 2000, MOST_PORTS = 16 };

/* A plan with a session, and how long its runs took. */
typedef struct variant {
    clade_plan *plan;
    clade_session *session;
    double times[MOST_PAIRS * TURN_RUNS];
    size_t count;
} variant;

typedef struct bench {
    runner runner;
    clade_graph *graph;
    clade_buffer inputs[MOST_PORTS], outputs[MOST_PORTS];
    int64_t batch;
    double seconds;   /* for each pass */
    const char *pass; /* that alone, or NULL */
    variant without, with;
    double ratios[MOST_PAIRS];
    size_t pairs;
} bench;

/* ---- Network ----------------------------------------------------------------------------------------------------------------- */

static clade_buffer buffer_for(const bench *b, clade_tensor tensor, const char *name) {
    int64_t elements = 1;
    const clade_shape *shape = graph_shape_of(b->graph, tensor);
    for (int32_t i = 0; i < shape->rank; i++) elements *= shape->dims[i] == CLADE_BATCH ? b->batch : shape->dims[i];
    const size_t size = (size_t)elements * sizeof(float);
    return (clade_buffer){.name = name, .data = calloc(1, size), .size = size};
}

static void open_network(bench *b, const char *model) {
    runner_check(&b->runner, clade_model_create(b->runner.context, model, NULL, &b->graph));
    runner_check(&b->runner, clade_graph_fill_parameters(b->graph));
    for (size_t i = 0; i < b->graph->input_count; i++) {
        const char *name = graph_tensor_of(b->graph, b->graph->inputs[i])->name;
        b->inputs[i] = buffer_for(b, b->graph->inputs[i], name);
        clade_fill_input(name, b->inputs[i].data, b->inputs[i].size / sizeof(float));
    }
    for (size_t i = 0; i < b->graph->output_count; i++)
        b->outputs[i] = buffer_for(b, b->graph->outputs[i].tensor, b->graph->outputs[i].name);
}

static void close_network(bench *b) {
    for (size_t i = 0; i < b->graph->input_count; i++) free(b->inputs[i].data);
    for (size_t i = 0; i < b->graph->output_count; i++) free(b->outputs[i].data);
    clade_graph_destroy(&b->graph);
}

/* ---- Runs -------------------------------------------------------------------------------------------------------------------- */

static void run(const bench *b, const variant *v) {
    runner_check(&b->runner,
                 clade_run(v->session, b->inputs, b->graph->input_count, b->outputs, b->graph->output_count));
}

static void open_variant(const bench *b, variant *v, uint32_t disabled) {
    const clade_plan_settings settings = {.batch = b->batch, .disabled_passes = disabled};
    v->count = 0;
    runner_check(&b->runner, clade_plan_create(b->graph, &settings, &v->plan));
    runner_check(&b->runner, clade_session_create(v->plan, &v->session));
    run(b, v);
}

static void close_variant(variant *v) {
    clade_session_destroy(&v->session);
    clade_plan_destroy(&v->plan);
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them. */
static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* A turn's median time. */
static double take_turn(const bench *b, variant *v) {
    double turn[TURN_RUNS];
    run(b, v);
    for (size_t i = 0; i < TURN_RUNS; i++) {
        const double start = runner_now();
        run(b, v);
        turn[i] = v->times[v->count++] = 1e3 * (runner_now() - start);
    }
    return median(turn, TURN_RUNS);
}

static void take_turns(bench *b) {
    const double end = runner_now() + b->seconds;
    for (b->pairs = 0; b->pairs < MOST_PAIRS && (b->pairs < 2 || runner_now() < end); b->pairs++) {
        const bool is_swapped = b->pairs % 2 != 0;
        const double first = take_turn(b, is_swapped ? &b->with : &b->without);
        const double second = take_turn(b, is_swapped ? &b->without : &b->with);
        b->ratios[b->pairs] = is_swapped ? second / first : first / second;
    }
}

/* ---- Passes ------------------------------------------------------------------------------------------------------------------ */

static uint64_t arena_of(const bench *b, const variant *v) {
    clade_plan_memory memory;
    runner_check(&b->runner, clade_plan_memory_use(v->plan, &memory));
    return memory.arena;
}

static size_t launches_of(const bench *b, const variant *v) {
    size_t launches = 0;
    for (size_t i = 0; i < clade_plan_step_count(v->plan); i++) {
        clade_step_info step;
        runner_check(&b->runner, clade_plan_step(v->plan, i, &step));
        launches += step.launches;
    }
    return launches;
}

/* clade_write_callback; `user` is a hash of what has been written (FNV-1a, 64 bits). */
static bool hash_text(void *user, const char *text, size_t length) {
    uint64_t *hash = user;
    for (size_t i = 0; i < length; i++) *hash = (*hash ^ (unsigned char)text[i]) * 0x100000001B3u;
    return true;
}

static uint64_t hash_plan(const bench *b, const variant *v) {
    uint64_t hash = 0xCBF29CE484222325u;
    runner_check(&b->runner, clade_graph_write_dot(clade_plan_graph(v->plan), hash_text, &hash));
    return hash ^ arena_of(b, v) ^ (uint64_t)launches_of(b, v) << 48;
}

static void measure(bench *b, const char *model, const char *pass) {
    take_turns(b);
    printf("%s\t%s\t%zu\t%zu\t%zu\t%zu\t%llu\t%llu\t", model, pass, clade_plan_step_count(b->without.plan),
           clade_plan_step_count(b->with.plan), launches_of(b, &b->without), launches_of(b, &b->with),
           (unsigned long long)arena_of(b, &b->without), (unsigned long long)arena_of(b, &b->with));
    const double medians[2] = {median(b->without.times, b->without.count), median(b->with.times, b->with.count)};
    printf("%.4f\t%.4f\t%.4f\t%.4f\t%.4f\n", b->without.times[0], b->with.times[0], medians[0], medians[1],
           median(b->ratios, b->pairs));
    fflush(stdout);
}

static void measure_pass(bench *b, const char *model, const char *pass, uint32_t bit) {
    if (bit == 0 || (b->pass && strcmp(b->pass, pass) != 0)) return;
    open_variant(b, &b->without, bit);
    open_variant(b, &b->with, 0);
    if (hash_plan(b, &b->without) != hash_plan(b, &b->with)) measure(b, model, pass);
    close_variant(&b->without);
    close_variant(&b->with);
}

static void measure_network(bench *b, const char *model) {
    open_network(b, model);
    for (size_t i = 0; i < pass_count; i++) measure_pass(b, model, pass_table[i].name, pass_table[i].bit);
    measure_pass(b, model, "in-place", CLADE_PASS_IN_PLACE);
    measure_pass(b, model, "reuse", CLADE_PASS_REUSE);
    measure_pass(b, model, "network", CLADE_PASS_NETWORK);
    close_network(b);
}

int main(int count, char **arguments) {
    static bench b;
    b.batch = count > 2 ? strtoll(arguments[2], NULL, 10) : 1;
    b.seconds = count > 3 ? strtod(arguments[3], NULL) : 10;
    b.pass = count > 4 ? arguments[4] : NULL;
    runner_open(&b.runner);
    if (count > 1 && strcmp(arguments[1], "all") != 0) {
        for (char *model = strtok(arguments[1], ","); model; model = strtok(NULL, ",")) measure_network(&b, model);
    } else {
        for (size_t i = 0; i < clade_model_count(); i++) measure_network(&b, clade_model_at(i)->name);
    }
    runner_close(&b.runner);
    return 0;
}
