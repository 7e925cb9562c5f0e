/* report.c: the layers of each network as a table or as JSON. */
#include "report.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct report {
    bool json;
    size_t rounds;
    json_t *root;
};

report *report_begin(bool json, const char *candidate, int64_t batch, size_t rounds) {
    report *to = calloc(1, sizeof *to);
    *to = (report){.json = json, .rounds = rounds};
    to->root = json_pack("{s:s, s:I, s:I, s:[]}", "candidate", candidate, "batch", (json_int_t)batch, "rounds",
                         (json_int_t)rounds, "networks");
    return to;
}

/* ---- Which layers are shown together ------------------------------------------------------------------------------------------ */

static bool same_row(const layer *a, const layer *b) {
    return layer_same_shape(a, b) && strcmp(a->step.recipe.candidate, b->step.recipe.candidate) == 0;
}

/* The index of the first layer with this one's shape, or with its shape and candidate. */
static size_t first_like(const layers *list, size_t index, bool (*alike)(const layer *, const layer *)) {
    size_t first = 0;
    while (!alike(&list->items[first], &list->items[index])) first++;
    return first;
}

/* How many convolutions a row stands for. */
static size_t number_of(const layers *list, size_t index) {
    size_t number = 0;
    for (size_t i = 0; i < list->count; i++)
        if (same_row(&list->items[i], &list->items[index])) number += list->items[i].number;
    return number;
}

static const char *candidate_of(const layer *l) { return strchr(l->step.recipe.candidate, '.') + 1; }

/* Different kernels for the device to build. */
static size_t count_programs(const layers *list) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < list->items[i].step.recipe.launch_count; k++) {
            const ops_launch *launch = &list->items[i].step.recipe.launches[k];
            bool seen = launch->is_gemm;
            for (size_t j = 0; j < i && !seen; j++)
                for (size_t m = 0; m < list->items[j].step.recipe.launch_count && !seen; m++) {
                    const ops_launch *other = &list->items[j].step.recipe.launches[m];
                    seen = !other->is_gemm && strcmp(other->source, launch->source) == 0 &&
                           strcmp(other->options, launch->options) == 0;
                }
            if (!seen) count++;
        }
    return count;
}

typedef struct sums {
    double best, median, cpu, gflop, first;
} sums;

static sums sum_up(const report *to, const layers *list) {
    sums s = {0};
    for (size_t i = 0; i < list->count; i++) {
        s.best += list->items[i].times[0];
        s.median += list->items[i].times[to->rounds / 2];
        s.cpu += list->items[i].cpu;
        s.gflop += layer_gflop(&list->items[i]);
        s.first += list->items[i].first;
    }
    return s;
}

/* ---- The table --------------------------------------------------------------------------------------------------------------------- */

static void print_row(const report *to, const layers *list, size_t index) {
    const layer *l = &list->items[index], *first = &list->items[first_like(list, index, layer_same_shape)];
    const ops_conv2d *p = layer_conv(l);
    char shape[64], kernel[160];
    snprintf(shape, sizeof shape, "%dx%d %d -> %d, %dx%d / %d%s", p->in.h, p->in.w, p->in.c, p->out.c, p->kernel_h,
             p->kernel_w, p->stride_h, p->has_residual ? " +" : "");
    snprintf(kernel, sizeof kernel, "%s, %s", candidate_of(l), l->step.recipe.reason);
    printf("%-36s x%-2zu %c%-50.50s %9.1f %9.1f %9.1f %8.1f %8.1e %6.2f\n", shape, number_of(list, index),
           l->is_chosen ? '*' : ' ', kernel, l->times[0] * 1e6, l->times[to->rounds / 2] * 1e6, l->cpu * 1e6,
           layer_gflop(l) / l->times[0], l->error, first->times[to->rounds / 2] / l->times[to->rounds / 2]);
}

static void print_table(const report *to, const char *model, const layers *list, const report_chain *chain) {
    printf("%s, batch %d\n", model, layer_conv(&list->items[0])->in.n);
    printf("%-36s %3s  %-50s %9s %9s %9s %8s %8s %6s\n", "layer", "", "kernel", "best us", "median us", "CPU us",
           "GFLOP/s", "error", "ratio");
    for (size_t i = 0; i < list->count; i++)
        if (first_like(list, i, same_row) == i) print_row(to, list, i);
    if (chain) {
        const sums s = sum_up(to, list);
        printf("%zu layers, %.2f GFLOP: sum of best %.2f ms, of medians %.2f ms, of CPU times %.2f ms\n", list->count,
               s.gflop, s.best * 1e3, s.median * 1e3, s.cpu * 1e3);
        printf("one after the other, one wait: best %.2f ms, median %.2f ms, %.0f GFLOP/s\n", chain->best * 1e3,
               chain->median * 1e3, s.gflop / chain->best);
        printf("%zu programs, %.2f s to prepare each layer and run it once\n", count_programs(list), s.first);
    }
    printf("\n");
    fflush(stdout);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------------------- */

static json_t *shape_json(const layer *l, size_t number) {
    const ops_conv2d *p = layer_conv(l);
    return json_pack("{s:[iiii], s:[iiii], s:[ii], s:[ii], s:b, s:I, s:f, s:[]}", "input", p->in.n, p->in.c, p->in.h,
                     p->in.w, "output", p->out.n, p->out.c, p->out.h, p->out.w, "kernel", p->kernel_h, p->kernel_w,
                     "stride", p->stride_h, p->stride_w, "residual", p->has_residual, "number", (json_int_t)number,
                     "gflop", layer_gflop(l), "candidates");
}

static json_t *candidate_json(const report *to, const layer *l) {
    return json_pack("{s:s, s:s, s:b, s:f, s:f, s:f, s:f, s:f}", "name", candidate_of(l), "reason",
                     l->step.recipe.reason, "chosen", l->is_chosen, "us_best", l->times[0] * 1e6, "us_median",
                     l->times[to->rounds / 2] * 1e6, "us_cpu", l->cpu * 1e6, "gflops", layer_gflop(l) / l->times[0],
                     "error", l->error);
}

/* One object a shape, and in it one a candidate. */
static json_t *layers_json(const report *to, const layers *list) {
    json_t *shapes = json_array(), **by_layer = calloc(list->count, sizeof *by_layer);
    for (size_t i = 0; i < list->count; i++) {
        const size_t shape = first_like(list, i, layer_same_shape);
        if (first_like(list, i, same_row) != i) continue;
        if (shape == i) json_array_append_new(shapes, by_layer[i] = shape_json(&list->items[i], number_of(list, i)));
        json_array_append_new(json_object_get(by_layer[shape], "candidates"), candidate_json(to, &list->items[i]));
    }
    free(by_layer);
    return shapes;
}

void report_add(report *to, const char *model, const layers *list, const report_chain *chain) {
    if (!to->json) {
        print_table(to, model, list, chain);
        return;
    }
    json_t *network = json_pack("{s:s, s:o}", "network", model, "layers", layers_json(to, list));
    if (chain)
        json_object_set_new(network, "chain",
                            json_pack("{s:f, s:f, s:f, s:I}", "gflop", sum_up(to, list).gflop, "ms_best",
                                      chain->best * 1e3, "ms_median", chain->median * 1e3, "programs",
                                      (json_int_t)count_programs(list)));
    json_array_append_new(json_object_get(to->root, "networks"), network);
}

void report_end(report *to) {
    if (to->json) {
        json_dumpf(to->root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
        printf("\n");
    }
    json_decref(to->root);
    free(to);
}
