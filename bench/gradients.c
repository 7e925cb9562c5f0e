/* gradients.c: how fast convolutions and linear layers train: forward with weights that are given, the gradient of the data, the
 * gradient of the weights.
 *
 *     bench_gradients [--rounds N] [--generic] [WORD...]
 *
 * A layer is a row of the tables below; WORD keeps the rows whose name has it. Of each of its problems the candidates take turns, a
 * launch with a wait behind it each; packing is part of it. --generic: with the kernels that run anywhere, which take long. */
#include "runner.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Layers -------------------------------------------------------------------------------------------------------------------- */

static ops_tensor dense(int32_t n, int32_t c, int32_t size, int32_t block) {
    ops_tensor tensor = {.n = n, .c = c, .h = size, .w = size, .block = block};
    tensor.batch_stride = ops_image_elements(&tensor);
    return tensor;
}

/* Square images and kernels. */
typedef struct conv_row {
    const char *name;
    int32_t in, out, size, kernel, stride, pad, batch;
} conv_row;
static const conv_row conv_rows[] = {
    {"lenet conv1", 1, 6, 28, 5, 1, 2, 256},      {"lenet conv2", 6, 16, 14, 5, 1, 0, 256},
    {"googlenet conv1", 1, 64, 96, 7, 2, 3, 32},  {"googlenet 1x1", 64, 64, 24, 1, 1, 0, 32},
    {"googlenet 3x3", 64, 192, 24, 3, 1, 1, 32},  {"googlenet 1x1", 192, 64, 12, 1, 1, 0, 32},
    {"googlenet 3x3", 128, 192, 12, 3, 1, 1, 32}, {"googlenet 5x5", 32, 96, 12, 5, 1, 2, 32},
    {"googlenet 1x1", 192, 16, 12, 1, 1, 0, 32},  {"googlenet 1x1", 512, 160, 6, 1, 1, 0, 32},
    {"googlenet 3x3", 160, 320, 6, 3, 1, 1, 32},  {"googlenet 1x1", 832, 384, 3, 1, 1, 0, 32},
    {"googlenet 3x3", 192, 384, 3, 3, 1, 1, 32},  {"inception 3x3", 3, 32, 299, 3, 2, 0, 4},
    {"inception 3x3", 64, 96, 73, 3, 1, 0, 4},    {"inception 3x3", 192, 192, 35, 3, 2, 0, 4},
};

typedef struct linear_row {
    const char *name;
    int32_t rows, inputs, features;
} linear_row;
static const linear_row linear_rows[] = {
    {"lenet dense1", 256, 400, 120},
    {"lenet dense2", 256, 120, 84},
    {"lenet dense3", 256, 84, 10},
    {"vgg dense2", 32, 4096, 4096},
};

static ops_problem forward_of(const conv_row *row, int32_t block) {
    const int32_t out = (row->size + 2 * row->pad - row->kernel) / row->stride + 1;
    return (ops_problem){.kind = OPS_CONV2D,
                         .given = true,
                         .conv2d = {.in = dense(row->batch, row->in, row->size, row->in < block ? 1 : block),
                                    .out = dense(row->batch, row->out, out, block),
                                    .kernel_h = row->kernel,
                                    .kernel_w = row->kernel,
                                    .stride_h = row->stride,
                                    .stride_w = row->stride,
                                    .dilation_h = 1,
                                    .dilation_w = 1,
                                    .pad_top = row->pad,
                                    .pad_left = row->pad,
                                    .groups = 1,
                                    .has_bias = true}};
}

/* Of a convolution without stride; like every convolution's result it is in blocks. */
static ops_problem data_gradient_of(const ops_problem *forward) {
    ops_problem problem = *forward;
    problem.conv2d.in = forward->conv2d.out;
    problem.conv2d.out =
        dense(forward->conv2d.in.n, forward->conv2d.in.c, forward->conv2d.in.h, forward->conv2d.out.block);
    problem.conv2d.pad_top = forward->conv2d.kernel_h - 1 - forward->conv2d.pad_top;
    problem.conv2d.pad_left = forward->conv2d.kernel_w - 1 - forward->conv2d.pad_left;
    problem.conv2d.has_bias = false;
    problem.conv2d.weight_turned = true;
    return problem;
}

static ops_problem weight_gradient_of(const ops_problem *forward) {
    const ops_conv2d *p = &forward->conv2d;
    return (ops_problem){.kind = OPS_CONV2D_WEIGHTS,
                         .conv2d_weights = {.in = p->in,
                                            .out = p->out,
                                            .kernel_h = p->kernel_h,
                                            .kernel_w = p->kernel_w,
                                            .stride_h = p->stride_h,
                                            .stride_w = p->stride_w,
                                            .dilation_h = 1,
                                            .dilation_w = 1,
                                            .pad_top = p->pad_top,
                                            .pad_left = p->pad_left,
                                            .groups = 1}};
}

/* ---- Measuring ----------------------------------------------------------------------------------------------------------------- */

typedef struct entrant {
    runner_step step;
    const char *name;
    double *times;
} entrant;

static int compare_times(const void *a, const void *b) {
    const double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static void prepare(const runner *r, entrant *e) {
    runner_prepare(r, &e->step, (const float *const[]){NULL, NULL}); /* parameters are inputs */
    runner_enqueue(r, &e->step);
    runner_check(r, rt_queue_finish(r->queue));
}

static void report(const entrant *e, size_t rounds, const char *name, double flops) {
    qsort(e->times, rounds, sizeof(double), compare_times);
    printf("%-44s %-24s %9.1f %9.1f %8.1f  %s\n", name, e->name, 1e6 * e->times[0], 1e6 * e->times[rounds / 2],
           1e-9 * flops / e->times[0], e->step.recipe.reason);
    fflush(stdout);
}

static void bench(const ops_problem *problem, const char *name, double flops, size_t rounds, bool with_generic) {
    runner r;
    runner_open(&r);
    const rt_device *device = rt_context_device(context_rt(r.context));
    entrant *entrants = calloc(OPS_MOST_CANDIDATES, sizeof *entrants);
    runner_sizes sizes = {0};
    size_t count = 0, candidate_count;
    const ops_candidate *candidates = ops_candidates(problem->kind, &candidate_count);
    for (size_t i = 0; i < candidate_count; i++) {
        const bool left_out = i + 1 == candidate_count && count > 0 && !with_generic;
        if (left_out || !candidates[i].applicable(problem, device)) continue;
        entrant *e = &entrants[count++];
        *e = (entrant){.step.problem = *problem, .name = candidates[i].name, .times = calloc(rounds, sizeof(double))};
        runner_check(&r, ops_make(context_env(r.context), problem, device, &candidates[i], &e->step.recipe));
        runner_include(&r, &e->step, &sizes);
    }
    runner_make_memory(&r, &sizes);
    for (size_t i = 0; i < count; i++) prepare(&r, &entrants[i]);
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) {
            const double start = runner_now();
            runner_enqueue(&r, &entrants[i].step);
            runner_check(&r, rt_queue_finish(r.queue));
            entrants[i].times[round] = runner_now() - start;
        }
    for (size_t i = 0; i < count; i++) {
        report(&entrants[i], rounds, name, flops);
        runner_free(&entrants[i].step);
        free(entrants[i].times);
    }
    free(entrants);
    runner_close(&r);
}

/* ---- The program ----------------------------------------------------------------------------------------------------------------- */

typedef struct settings {
    size_t rounds;
    bool generic;
    int count;
    char **words;
} settings;

static bool is_wanted(const char *name, const settings *s) {
    bool wanted = optind == s->count;
    for (int i = optind; i < s->count; i++) wanted = wanted || strstr(name, s->words[i]);
    return wanted;
}

static int32_t float_width(void) {
    runner r;
    runner_open(&r);
    const int32_t width = (int32_t)rt_context_device(context_rt(r.context))->float_width;
    runner_close(&r);
    return width;
}

static void bench_if_wanted(const char *layer, const char *pass, const ops_problem *problem, double flops,
                            const settings *s) {
    char name[96];
    snprintf(name, sizeof name, "%s %s", layer, pass);
    if (is_wanted(name, s)) bench(problem, name, flops, s->rounds, s->generic);
}

static void bench_conv(const conv_row *row, int32_t block, const settings *s) {
    char layer[64];
    const ops_problem forward = forward_of(row, block), data = data_gradient_of(&forward),
                      weights = weight_gradient_of(&forward);
    const ops_tensor *out = &forward.conv2d.out;
    const double flops =
        2.0 * out->n * out->c * out->h * out->w * row->in * row->kernel * row->kernel; /* of all three passes */
    snprintf(layer, sizeof layer, "%s %d->%d x %d", row->name, row->in, row->out, row->size);
    bench_if_wanted(layer, "forward", &forward, flops, s);
    if (row->stride == 1 && row->in > 1) bench_if_wanted(layer, "data", &data, flops, s);
    bench_if_wanted(layer, "weights", &weights, flops, s);
}

static void bench_linear(const linear_row *row, const settings *s) {
    const ops_problem forward = {.kind = OPS_LINEAR,
                                 .given = true,
                                 .linear = {.rows = row->rows,
                                            .inputs = row->inputs,
                                            .features = row->features,
                                            .in_stride = row->inputs,
                                            .out_stride = row->features,
                                            .has_bias = true}};
    const ops_problem data = {.kind = OPS_LINEAR,
                              .given = true,
                              .linear = {.rows = row->rows,
                                         .inputs = row->features,
                                         .features = row->inputs,
                                         .in_stride = row->features,
                                         .out_stride = row->inputs,
                                         .weight_turned = true}};
    const ops_problem weights = {.kind = OPS_LINEAR_WEIGHTS,
                                 .linear_weights = {.rows = row->rows,
                                                    .inputs = row->inputs,
                                                    .features = row->features,
                                                    .in_stride = row->inputs,
                                                    .out_stride = row->features}};
    const double flops = 2.0 * row->rows * row->inputs * row->features;
    bench_if_wanted(row->name, "forward", &forward, flops, s);
    bench_if_wanted(row->name, "data", &data, flops, s);
    bench_if_wanted(row->name, "weights", &weights, flops, s);
}

int main(int count, char **arguments) {
    const struct option known[] = {{"rounds", required_argument, NULL, 'r'}, {"generic", no_argument, NULL, 'g'}, {0}};
    settings s = {.rounds = 20, .count = count, .words = arguments};
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        if (option == 'g') s.generic = true;
        if (option == 'r') s.rounds = (size_t)strtoul(optarg, NULL, 10);
        if ((option != 'g' && option != 'r') || s.rounds < 1) {
            fprintf(stderr, "bench_gradients [--rounds N] [--generic] [WORD...]\n");
            return 2;
        }
    }
    const int32_t block = float_width();
    printf("%-44s %-24s %9s %9s %8s\n", "layer", "candidate", "best us", "median us", "GFLOP/s");
    for (size_t i = 0; i < BASE_COUNT(conv_rows); i++) bench_conv(&conv_rows[i], block, &s);
    for (size_t i = 0; i < BASE_COUNT(linear_rows); i++) bench_linear(&linear_rows[i], &s);
    return 0;
}
