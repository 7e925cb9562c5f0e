/* conv2d.c: how fast each candidate does each convolution of a network, and how right.
 *
 *     bench_conv2d [MODEL [CANDIDATE [BATCH [ROUNDS]]]]        googlenet direct 1 40
 *
 * A layer's figure is its best and its median time of many, layers taking turns so that all see the same disturbances, each
 * with its own weights as in the network. The error is the largest of some elements against double precision, over the largest
 * of these. Layers of one shape are shown once, with their number. CANDIDATE takes the place of what would be chosen wherever
 * it applies; "generic" and "gemm" then see plain tensors. "all" sets all candidates side by side that cost at most MUCH_SLOWER
 * times the cheapest, for each shape once; a star marks what would be chosen, and `ratio` is the time of the shape's first
 * candidate over this one's. */
#include "graph/graph.h"
#include "reference/conv2d.h"
#include "runner.h"

#include <clade/models.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 512, MOST_ROUNDS = 1000, SAMPLES = 64 };

#define MUCH_SLOWER 5.0

typedef struct layer {
    runner_step step;
    const ops_candidate *candidate; /* NULL: the cheapest */
    size_t number;                  /* of layers in the network that are like this */
    bool is_cheapest;
    double first, times[MOST_ROUNDS], error;
} layer;

typedef struct bench {
    runner runner;
    layer layers[MOST_LAYERS];
    size_t layer_count, rounds;
} bench;

static const ops_conv2d *conv_of(const layer *l) { return &l->step.problem.conv2d; }

/* ---- The layers of a model -------------------------------------------------------------------------------------------------- */

static ops_tensor tensor_view(const clade_graph *graph, clade_tensor tensor, int32_t block) {
    const int64_t *dims = graph_shape_of(graph, tensor)->dims;
    ops_tensor view = {(int32_t)dims[0], (int32_t)dims[1], (int32_t)dims[2], (int32_t)dims[3], block, 0};
    view.batch_stride = ops_image_elements(&view);
    return view;
}

/* With biases and ReLU everywhere, as the network has them once its graph is compiled. */
static ops_problem problem_of(const clade_graph *graph, const graph_node *node, int32_t block) {
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    bool is_first = graph_shape_of(graph, node->inputs[0])->dims[1] <= 4;
    return (ops_problem){.kind = OPS_CONV2D,
                         .conv2d = {.in = tensor_view(graph, node->inputs[0], is_first ? 1 : block),
                                    .out = tensor_view(graph, node->output, block),
                                    .kernel_h = s->kernel[0],
                                    .kernel_w = s->kernel[1],
                                    .stride_h = s->stride[0],
                                    .stride_w = s->stride[1],
                                    .dilation_h = s->dilation[0],
                                    .dilation_w = s->dilation[1],
                                    .pad_top = s->padding.top,
                                    .pad_left = s->padding.left,
                                    .groups = s->groups,
                                    .has_bias = true,
                                    .activation = CLADE_RELU}};
}

static void collect_layers(bench *b, const char *model, int64_t batch, bool plain) {
    clade_graph *graph = NULL;
    runner_check(&b->runner, clade_model_create(b->runner.context, model, NULL, &graph));
    runner_check(&b->runner, graph_set_batch(graph, batch));
    const rt_device *device = rt_context_device(context_rt(b->runner.context));
    int32_t block = !plain && ops_suits_vectors(device) ? (int32_t)device->float_width : 1;
    for (size_t i = 0; i < graph->node_count && b->layer_count < MOST_LAYERS; i++)
        if (graph->nodes[i].op == GRAPH_OP_conv2d)
            b->layers[b->layer_count++] =
                (layer){.step.problem = problem_of(graph, &graph->nodes[i], block), .number = 1};
    clade_graph_destroy(&graph);
}

/* ---- Their candidates ---------------------------------------------------------------------------------------------------------- */

static bool same_shape(const layer *a, const layer *b) {
    const ops_conv2d *p = conv_of(a), *q = conv_of(b);
    return p->in.c == q->in.c && p->in.h == q->in.h && p->in.w == q->in.w && p->out.c == q->out.c &&
           p->out.h == q->out.h && p->out.w == q->out.w && p->kernel_h == q->kernel_h && p->kernel_w == q->kernel_w &&
           p->stride_h == q->stride_h && p->stride_w == q->stride_w && p->pad_top == q->pad_top &&
           p->pad_left == q->pad_left && p->activation == q->activation && p->has_residual == q->has_residual;
}

static void set_candidate(bench *b, const char *name) {
    const rt_device *device = rt_context_device(context_rt(b->runner.context));
    size_t count;
    const ops_candidate *candidates = ops_candidates(OPS_CONV2D, &count);
    for (size_t i = 0; i < b->layer_count; i++)
        for (size_t k = 0; k < count; k++)
            if (strcmp(candidates[k].name, name) == 0 && candidates[k].applicable(&b->layers[i].step.problem, device))
                b->layers[i].candidate = &candidates[k];
}

/* Keeps the first layer of each shape. */
static void join_shapes(bench *b) {
    size_t kept = 0;
    for (size_t i = 0; i < b->layer_count; i++) {
        size_t first = 0;
        while (first < kept && !same_shape(&b->layers[first], &b->layers[i])) first++;
        if (first < kept)
            b->layers[first].number += b->layers[i].number;
        else
            b->layers[kept++] = b->layers[i];
    }
    b->layer_count = kept;
}

/* A layer for each candidate that is worth a look. */
static void try_all(bench *b) {
    const rt_device *device = rt_context_device(context_rt(b->runner.context));
    size_t count, shapes;
    const ops_candidate *candidates = ops_candidates(OPS_CONV2D, &count);
    join_shapes(b);
    shapes = b->layer_count;
    layer *given = malloc(shapes * sizeof *given);
    memcpy(given, b->layers, shapes * sizeof *given);
    b->layer_count = 0;
    for (size_t i = 0; i < shapes; i++) {
        const ops_problem *problem = &given[i].step.problem;
        double least = INFINITY;
        for (size_t k = 0; k < count; k++)
            if (candidates[k].applicable(problem, device)) least = fmin(least, candidates[k].cost(problem, device));
        for (size_t k = 0; k < count && b->layer_count < MOST_LAYERS; k++) {
            if (!candidates[k].applicable(problem, device)) continue;
            const double cost = candidates[k].cost(problem, device);
            if (cost > MUCH_SLOWER * least) continue;
            layer *l = &b->layers[b->layer_count++];
            *l = given[i];
            l->candidate = &candidates[k];
            l->is_cheapest = cost <= least;
        }
    }
    free(given);
}

/* ---- Preparing a layer ----------------------------------------------------------------------------------------------------- */

/* Compares some elements of the output with the reference. */
static double error_of(const bench *b, const layer *l, const float *weight, const float *bias) {
    const ops_conv2d *p = conv_of(l);
    const ops_tensor *in = &p->in, *out = &p->out;
    int64_t pixels = (int64_t)in->h * in->w, count = in->n * in->c * pixels;
    float *plain = malloc((size_t)count * sizeof *plain);
    for (int64_t i = 0; i < count; i++) {
        int64_t pixel = i % pixels, c = i / pixels % in->c, n = i / pixels / in->c;
        plain[i] =
            b->runner.in_values[n * in->batch_stride + (c / in->block * pixels + pixel) * in->block + c % in->block];
    }
    uint64_t size = (uint64_t)(out->n * out->batch_stride) * sizeof(float);
    float *found = malloc(size);
    runner_check(&b->runner, rt_read(b->runner.queue, b->runner.out, 0, found, size));
    runner_check(&b->runner, rt_queue_finish(b->runner.queue));
    double worst = 0, largest = 0;
    for (int64_t i = 0; i < SAMPLES; i++) {
        int64_t at = (i * 7919 + 13) % ((int64_t)out->n * out->c * out->h * out->w);
        int64_t x = at % out->w, y = at / out->w % out->h, c = at / out->w / out->h % out->c;
        int64_t n = at / out->w / out->h / out->c;
        double value = fmax(0, reference_conv2d_element(p, plain, weight, bias, (int64_t[]){n, c, y, x}));
        int64_t place =
            n * out->batch_stride + ((c / out->block * out->h + y) * out->w + x) * out->block + c % out->block;
        worst = fmax(worst, fabs(found[place] - value));
        largest = fmax(largest, fabs(value));
    }
    free(plain);
    free(found);
    return worst / largest;
}

static void prepare(bench *b, layer *l) {
    base_env *env = context_env(b->runner.context);
    const rt_device *device = rt_context_device(context_rt(b->runner.context));
    const ops_conv2d *p = conv_of(l);
    runner_check(&b->runner, l->candidate ? ops_make(env, &l->step.problem, device, l->candidate, &l->step.recipe)
                                          : ops_select(env, &l->step.problem, device, NULL, &l->step.recipe));

    uint64_t weights = (uint64_t)p->out.c * (uint64_t)p->in.c * (uint64_t)p->kernel_h * (uint64_t)p->kernel_w;
    float *weight = runner_random(weights), *bias = runner_random((uint64_t)p->out.c);
    double start = runner_now();
    runner_prepare(&b->runner, &l->step, (const float *const[]){[OPS_WEIGHT] = weight, [OPS_BIAS] = bias});
    runner_enqueue(&b->runner, &l->step);
    runner_check(&b->runner, rt_queue_finish(b->runner.queue));
    l->first = runner_now() - start;
    l->error = error_of(b, l, weight, bias);
    free(weight);
    free(bias);
}

/* One input and one output serve all layers; only weights are each layer's own. */
static void make_tensors(bench *b) {
    int64_t in = 0, out = 0;
    for (size_t i = 0; i < b->layer_count; i++) {
        const ops_conv2d *p = conv_of(&b->layers[i]);
        in = base_max(in, p->in.n * p->in.batch_stride);
        out = base_max(out, p->out.n * p->out.batch_stride);
    }
    runner_make_tensors(&b->runner, in, out);
}

/* ---- Measuring --------------------------------------------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b) {
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* Best and median, in seconds, of `rounds` runs of all layers one after the other, with one wait at the end. */
static void measure_chain(bench *b, double *best_out, double *median_out) {
    double times[MOST_ROUNDS];
    for (size_t r = 0; r < b->rounds; r++) {
        double start = runner_now();
        for (size_t i = 0; i < b->layer_count; i++) runner_enqueue(&b->runner, &b->layers[i].step);
        runner_check(&b->runner, rt_queue_finish(b->runner.queue));
        times[r] = runner_now() - start;
    }
    qsort(times, b->rounds, sizeof *times, compare_times);
    *best_out = times[0];
    *median_out = times[b->rounds / 2];
}

static void measure_layers(bench *b) {
    for (size_t r = 0; r < b->rounds; r++)
        for (size_t i = 0; i < b->layer_count; i++) {
            double start = runner_now();
            runner_enqueue(&b->runner, &b->layers[i].step);
            runner_check(&b->runner, rt_queue_finish(b->runner.queue));
            b->layers[i].times[r] = runner_now() - start;
        }
    for (size_t i = 0; i < b->layer_count; i++) qsort(b->layers[i].times, b->rounds, sizeof(double), compare_times);
}

/* ---- Telling ------------------------------------------------------------------------------------------------------------------ */

static double gflop_of(const layer *l) {
    const ops_conv2d *p = conv_of(l);
    return 2e-9 * p->out.n * p->out.c * p->out.h * p->out.w * ((double)p->in.c / p->groups) * p->kernel_h * p->kernel_w;
}

static void print_layers(const bench *b) {
    printf("%-36s %3s  %-50s %9s %9s %8s %8s %6s\n", "layer", "", "kernel", "best us", "median us", "GFLOP/s", "error",
           "ratio");
    for (size_t i = 0; i < b->layer_count; i++) {
        const layer *l = &b->layers[i];
        size_t number = 0, first = 0, first_of_shape = 0;
        while (!same_shape(l, &b->layers[first_of_shape])) first_of_shape++;
        while (!same_shape(l, &b->layers[first]) || l->candidate != b->layers[first].candidate) first++;
        if (first < i) continue;
        for (size_t k = i; k < b->layer_count; k++)
            if (same_shape(l, &b->layers[k]) && l->candidate == b->layers[k].candidate) number += b->layers[k].number;
        const ops_conv2d *p = conv_of(l);
        char shape[64], kernel[160];
        snprintf(shape, sizeof shape, "%dx%d %d -> %d, %dx%d / %d", p->in.h, p->in.w, p->in.c, p->out.c, p->kernel_h,
                 p->kernel_w, p->stride_h);
        snprintf(kernel, sizeof kernel, "%s, %s", strchr(l->step.recipe.candidate, '.') + 1, l->step.recipe.reason);
        printf("%-36s x%-2zu %c%-50.50s %9.1f %9.1f %8.1f %8.1e %6.2f\n", shape, number, l->is_cheapest ? '*' : ' ',
               kernel, l->times[0] * 1e6, l->times[b->rounds / 2] * 1e6, gflop_of(l) / l->times[0], l->error,
               b->layers[first_of_shape].times[b->rounds / 2] / l->times[b->rounds / 2]);
    }
}

static size_t count_programs(const bench *b) {
    size_t count = 0;
    for (size_t i = 0; i < b->layer_count; i++)
        for (size_t k = 0; k < b->layers[i].step.recipe.launch_count; k++) {
            const ops_launch *launch = &b->layers[i].step.recipe.launches[k];
            bool seen = launch->is_gemm;
            for (size_t j = 0; j < i && !seen; j++)
                for (size_t m = 0; m < b->layers[j].step.recipe.launch_count && !seen; m++) {
                    const ops_launch *other = &b->layers[j].step.recipe.launches[m];
                    seen = !other->is_gemm && strcmp(other->source, launch->source) == 0 &&
                           strcmp(other->options, launch->options) == 0;
                }
            if (!seen) count++;
        }
    return count;
}

static void print_sums(bench *b) {
    double best = 0, median = 0, gflop = 0, first = 0, chain_best, chain_median;
    measure_chain(b, &chain_best, &chain_median);
    for (size_t i = 0; i < b->layer_count; i++) {
        best += b->layers[i].times[0];
        median += b->layers[i].times[b->rounds / 2];
        gflop += gflop_of(&b->layers[i]);
        first += b->layers[i].first;
    }
    printf("%zu layers, %.2f GFLOP: sum of best %.2f ms, of medians %.2f ms\n", b->layer_count, gflop, best * 1e3,
           median * 1e3);
    printf("one after the other, one wait: best %.2f ms, median %.2f ms, %.0f GFLOP/s\n", chain_best * 1e3,
           chain_median * 1e3, gflop / chain_best);
    printf("%zu programs, %.2f s to prepare each layer and run it once\n", count_programs(b), first);
}

int main(int count, char **arguments) {
    const char *model = count > 1 ? arguments[1] : "googlenet", *candidate = count > 2 ? arguments[2] : "direct";
    int64_t batch = count > 3 ? atoll(arguments[3]) : 1;
    bench *b = calloc(1, sizeof *b);
    b->rounds = (size_t)base_max(1, base_min(count > 4 ? atoll(arguments[4]) : 40, MOST_ROUNDS));

    runner_open(&b->runner);
    collect_layers(b, model, batch, strcmp(candidate, "generic") == 0 || strcmp(candidate, "gemm") == 0);
    make_tensors(b);
    const bool all = strcmp(candidate, "all") == 0;
    if (all)
        try_all(b);
    else
        set_candidate(b, candidate);
    for (size_t i = 0; i < b->layer_count; i++) prepare(b, &b->layers[i]);

    measure_layers(b);
    print_layers(b);
    if (!all) print_sums(b);
    for (size_t i = 0; i < b->layer_count; i++) runner_free(&b->layers[i].step);
    runner_close(&b->runner);
    free(b);
    return 0;
}
