/* training.c: how long a step of training takes, and where the time goes: bench_training MODEL [BATCH [STEPS [top | steps]]]. Prints the best and
 * median step, images a second, and each operator's share by the device's own clock; with `top` every step of the plan, slowest first;
 * with `steps` the milliseconds of each step instead. Images are made up. */
#include "runner.h"
#include "train/train.h"

#include <clade/models.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct line {
    const char *op, *name, *kernel, *words;
    double seconds;
} line;

static int slower_first(const void *a, const void *b) {
    const double x = ((const line *)a)->seconds, y = ((const line *)b)->seconds;
    return (x < y) - (x > y);
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static clade_trainer *make_trainer(const runner *r, const char *model, int64_t batch) {
    clade_graph *graph = NULL;
    clade_trainer *trainer = NULL;
    const clade_trainer_settings settings = {.batch = batch};
    runner_check(r, clade_model_create(r->context, model, NULL, &graph));
    runner_check(r, clade_graph_initialize(graph, NULL));
    runner_check(r, clade_trainer_create(graph, &settings, &trainer));
    clade_graph_destroy(&graph);
    return trainer;
}

static void time_steps(const runner *r, clade_trainer *trainer, int steps, bool each) {
    const size_t bytes = (size_t)trainer->plan->inputs[0].bytes;
    float *images = calloc(1, bytes);
    int32_t *labels = calloc((size_t)trainer->images, sizeof *labels);
    double *seconds = calloc((size_t)steps, sizeof *seconds);
    if (!images || !labels || !seconds) exit(1);
    clade_fill_input("input", images, bytes / sizeof(float));
    const clade_buffer input = {NULL, images, bytes};
    for (int i = -1; i < steps; i++) { /* the first compiles */
        const double start = base_seconds();
        runner_check(r, clade_trainer_step(trainer, &input, 1, labels, 0, NULL));
        if (i >= 0) seconds[i] = base_seconds() - start;
        if (i >= 0 && each) printf("%.3f\n", 1e3 * seconds[i]);
    }
    qsort(seconds, (size_t)steps, sizeof *seconds, ascending);
    const double images_a_step = (double)trainer->images, median = seconds[steps / 2];
    if (!each)
        printf("step: best %.2f ms, median %.2f ms; %.1f images/s, median %.1f\n", 1e3 * seconds[0], 1e3 * median,
               images_a_step / seconds[0], images_a_step / median);
    free(images);
    free(labels);
    free(seconds);
}

/* The best of a few runs of each step, launched one by one. */
static void profile(const runner *r, clade_trainer *trainer, bool all) {
    clade_plan *plan = trainer->plan;
    clade_session *session = NULL;
    line *lines = calloc(plan->step_count, sizeof *lines);
    runner_check(r, clade_session_create_profiled(plan, &session));
    if (!lines) exit(1);
    memcpy(session->bindings, trainer->session->bindings,
           (plan->input_count + plan->output_count) * sizeof *session->bindings);
    for (int run = 0; run < 4; run++) {
        runner_check(r, session_enqueue(session));
        runner_check(r, rt_queue_finish(session->queue));
        for (size_t i = 0; i < plan->step_count; i++) {
            const graph_node *node = &plan->graph->nodes[plan->steps[i].node];
            double seconds = 0;
            runner_check(r, clade_session_step_time(session, i, &seconds));
            if (run <= 1 || seconds < lines[i].seconds)
                lines[i] = (line){graph_op_table[node->op]->name, node->name, plan->steps[i].recipe.candidate,
                                  node->words, seconds};
        }
    }
    double total = 0;
    for (size_t i = 0; i < plan->step_count; i++) total += lines[i].seconds;
    printf("profiled: %.2f ms in %zu steps\n", 1e3 * total, plan->step_count);
    qsort(lines, plan->step_count, sizeof *lines, slower_first);
    for (size_t i = 0; i < plan->step_count; i++) {
        double sum = 0;
        size_t count = 0, first = i;
        for (size_t k = 0; k < plan->step_count; k++) {
            if (strcmp(lines[k].kernel, lines[i].kernel) != 0) continue;
            sum += lines[k].seconds;
            count++;
            if (k < first) first = k;
        }
        if (first == i)
            printf("  %5.1f %%  %8.2f ms  %3zu  %s\n", 100 * sum / total, 1e3 * sum, count, lines[i].kernel);
    }
    for (size_t i = 0; all && i < plan->step_count; i++)
        printf("  %8.3f ms  %-24s %s: %s %s\n", 1e3 * lines[i].seconds, lines[i].kernel, lines[i].name, lines[i].op,
               lines[i].words);
    clade_session_destroy(&session);
    free(lines);
}

int main(int argc, char **argv) {
    runner r;
    runner_open(&r);
    const int64_t batch = argc > 2 ? atoll(argv[2]) : 32;
    clade_trainer *trainer = make_trainer(&r, argc > 1 ? argv[1] : "lenet", batch);
    const bool each = argc > 4 && strcmp(argv[4], "steps") == 0;
    time_steps(&r, trainer, argc > 3 ? atoi(argv[3]) : 5, each);
    if (!each) profile(&r, trainer, argc > 4);
    clade_trainer_destroy(&trainer);
    runner_close(&r);
    return 0;
}
