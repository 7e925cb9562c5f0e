/* layers.c: from a model's name to the list of convolutions to measure. */
#include "layers.h"

#include "plan/plan.h"

#include <clade/models.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A candidate that is expected to take so many times as long as the cheapest is not worth the wait. */
#define MUCH_SLOWER 5.0

bool layer_same_shape(const layer *a, const layer *b) {
    const ops_conv2d *p = layer_conv(a), *q = layer_conv(b);
    return p->in.c == q->in.c && p->in.h == q->in.h && p->in.w == q->in.w && p->out.c == q->out.c &&
           p->out.h == q->out.h && p->out.w == q->out.w && p->kernel_h == q->kernel_h && p->kernel_w == q->kernel_w &&
           p->stride_h == q->stride_h && p->stride_w == q->stride_w && p->pad_top == q->pad_top &&
           p->pad_left == q->pad_left && p->activation == q->activation && p->has_residual == q->has_residual;
}

double layer_gflop(const layer *l) {
    const ops_conv2d *p = layer_conv(l);
    return 2e-9 * p->out.n * p->out.c * p->out.h * p->out.w * ((double)p->in.c / p->groups) * p->kernel_h * p->kernel_w;
}

static const rt_device *device_of(const runner *r) { return rt_context_device(context_rt(r->context)); }

static void append(layers *list, const layer *l) {
    list->items = realloc(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = *l;
}

/* Tensors lie each for itself here, not as slices of a concat's result: so many at a time would not fit. */
static void stand_alone(ops_conv2d *p) {
    p->in.batch_stride = ops_image_elements(&p->in);
    p->out.batch_stride = ops_image_elements(&p->out);
    if (p->has_residual) p->residual.batch_stride = ops_image_elements(&p->residual);
}

static void make(const runner *r, layer *l, const ops_candidate *candidate) {
    char chosen[sizeof l->step.recipe.candidate];
    memcpy(chosen, l->step.recipe.candidate, sizeof chosen);
    runner_check(r, ops_make(context_env(r->context), &l->step.problem, device_of(r), candidate, &l->step.recipe));
    l->is_chosen = strcmp(chosen, l->step.recipe.candidate) == 0;
}

/* The convolutions of the compiled network in order, with the candidates that the plan chose. */
static layers convolutions(const runner *r, const char *model, int64_t batch, bool plain) {
    layers found = {0};
    clade_graph *graph = NULL;
    clade_plan *plan = NULL;
    const clade_plan_settings settings = {.batch = batch, .channel_block = plain ? 1 : 0, .dry_run = true};
    runner_check(r, clade_model_create(r->context, model, NULL, &graph));
    runner_check(r, clade_plan_create(graph, &settings, &plan));
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].problem.kind != OPS_CONV2D) continue;
        layer l = {.step = {.problem = plan->steps[i].problem, .recipe = plan->steps[i].recipe}, .number = 1};
        stand_alone(&l.step.problem.conv2d);
        make(r, &l, ops_candidate_of(OPS_CONV2D, &l.step.recipe));
        append(&found, &l);
    }
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    return found;
}

static void take_candidate(const runner *r, layers *list, const char *name) {
    const ops_candidate *candidate = ops_find_candidate(OPS_CONV2D, name, strlen(name));
    if (!candidate) {
        fprintf(stderr, "bench_conv2d: there is no candidate \"%s\" for conv2d\n", name);
        exit(1);
    }
    for (size_t i = 0; i < list->count; i++)
        if (candidate->applicable(&list->items[i].step.problem, device_of(r))) make(r, &list->items[i], candidate);
}

/* Keeps the first layer of each shape. */
static void join_shapes(layers *list) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t first = 0;
        while (first < kept && !layer_same_shape(&list->items[first], &list->items[i])) first++;
        if (first < kept)
            list->items[first].number += list->items[i].number;
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* A layer for each candidate that is worth a look. */
static layers try_all(const runner *r, const layers *shapes) {
    layers tried = {0};
    size_t count;
    const ops_candidate *candidates = ops_candidates(OPS_CONV2D, &count);
    for (size_t i = 0; i < shapes->count; i++) {
        const ops_problem *problem = &shapes->items[i].step.problem;
        double least = INFINITY;
        for (size_t k = 0; k < count; k++)
            if (candidates[k].applicable(problem, device_of(r)))
                least = fmin(least, candidates[k].cost(problem, device_of(r)));
        for (size_t k = 0; k < count; k++) {
            if (!candidates[k].applicable(problem, device_of(r))) continue;
            if (candidates[k].cost(problem, device_of(r)) > MUCH_SLOWER * least) continue;
            layer l = shapes->items[i];
            make(r, &l, &candidates[k]);
            append(&tried, &l);
        }
    }
    return tried;
}

layers layers_collect(const runner *r, const char *model, int64_t batch, const char *candidate, size_t rounds) {
    const bool plain = strcmp(candidate, "generic") == 0 || strcmp(candidate, "gemm") == 0;
    layers list = convolutions(r, model, batch, plain);
    if (strcmp(candidate, LAYERS_ALL) == 0) {
        join_shapes(&list);
        const layers tried = try_all(r, &list);
        free(list.items);
        list = tried;
    } else if (strcmp(candidate, LAYERS_CHOSEN) != 0) {
        take_candidate(r, &list, candidate);
    }
    for (size_t i = 0; i < list.count; i++) list.items[i].times = calloc(rounds, sizeof(double));
    return list;
}

void layers_free(layers *list) {
    for (size_t i = 0; i < list->count; i++) {
        runner_free(&list->items[i].step);
        free(list->items[i].times);
    }
    free(list->items);
    *list = (layers){0};
}
