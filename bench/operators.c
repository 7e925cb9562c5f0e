/* operators.c: how fast each candidate is for operators that the networks of the zoo have few of, or none.
 *
 *     bench_operators [--rounds N] [--quick] [WORD...]
 *
 * A problem is a row of the tables below; WORD keeps the rows whose name has it. Of a problem the candidates take turns, a launch
 * with a wait behind it each; the generic one comes last and is what the others are compared with. `GB/s` counts what is read
 * and written once: tensors that fit the caches pass faster than memory could. Between the candidates as many bytes are copied, and
 * `copy` is the time that this takes by theirs: 1 is as fast as memory. --quick leaves the generic candidates out. */
#include "runner.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Problems ------------------------------------------------------------------------------------------------------------------ */

static ops_tensor dense(int32_t n, int32_t c, int32_t h, int32_t w, int32_t block) {
    ops_tensor tensor = {.n = n, .c = c, .h = h, .w = w, .block = block};
    tensor.batch_stride = ops_image_elements(&tensor);
    return tensor;
}

/* Square images and kernels, padding that keeps the size but for the stride. */
typedef struct conv_row {
    const char *name;
    int32_t channels, size, kernel, stride, groups, batch;
} conv_row;
static const conv_row conv_rows[] = {
    {"depthwise 3x3", 32, 112, 3, 1, 32, 1},       {"depthwise 3x3/2", 96, 112, 3, 2, 96, 1},
    {"depthwise 3x3", 144, 56, 3, 1, 144, 1},      {"depthwise 3x3", 192, 28, 3, 1, 192, 1},
    {"depthwise 3x3", 384, 14, 3, 1, 384, 1},      {"depthwise 3x3", 960, 7, 3, 1, 960, 1},
    {"depthwise 5x5", 240, 28, 5, 1, 240, 1},      {"depthwise 7x7", 384, 14, 7, 1, 384, 1},
    {"depthwise 3x3 x16", 144, 56, 3, 1, 144, 16}, {"groups of 4 3x3", 128, 56, 3, 1, 32, 1},
    {"groups of 8 3x3", 256, 28, 3, 1, 32, 1},     {"groups of 16 3x3", 512, 14, 3, 1, 32, 1},
    {"groups of 32 3x3", 1024, 7, 3, 1, 32, 1},
};

static ops_problem conv_of(const conv_row *row, int32_t block) {
    const int32_t pad = row->kernel / 2, out = (row->size + 2 * pad - row->kernel) / row->stride + 1;
    return (ops_problem){.kind = OPS_CONV2D,
                         .conv2d = {.in = dense(row->batch, row->channels, row->size, row->size, block),
                                    .out = dense(row->batch, row->channels, out, out, block),
                                    .kernel_h = row->kernel,
                                    .kernel_w = row->kernel,
                                    .stride_h = row->stride,
                                    .stride_w = row->stride,
                                    .dilation_h = 1,
                                    .dilation_w = 1,
                                    .pad_top = pad,
                                    .pad_left = pad,
                                    .groups = row->groups,
                                    .has_bias = true,
                                    .activation = CLADE_RELU6}};
}

/* A tensor in C order, its dimensions in another order. */
typedef struct transpose_row {
    const char *name;
    int32_t rank, dims[4], order[4];
} transpose_row;
static const transpose_row transpose_rows[] = {
    {"copy", 1, {401408}, {0}},
    {"copy", 1, {451584}, {0}},
    {"copy", 1, {7225344}, {0}},
    {"transpose NCHW to NHWC", 3, {3, 224, 224}, {1, 2, 0}},
    {"transpose NHWC to NCHW", 3, {224, 224, 3}, {2, 0, 1}},
    {"transpose NCHW to NHWC", 3, {144, 56, 56}, {1, 2, 0}},
    {"transpose NHWC to NCHW", 3, {56, 56, 144}, {2, 0, 1}},
    {"transpose rows of heads", 3, {196, 12, 64}, {1, 0, 2}},
    {"transpose channel shuffle", 4, {4, 60, 28, 28}, {1, 0, 2, 3}},
    {"transpose matrix", 2, {1000, 2048}, {1, 0}},
};

static ops_problem transpose_of(const transpose_row *row) {
    ops_problem problem = {.kind = OPS_COPY, .copy.rank = row->rank};
    ops_copy *p = &problem.copy;
    int64_t strides[4], step = 1, out_step = 1;
    for (int32_t d = row->rank; d-- > 0; step *= row->dims[d]) strides[d] = step;
    for (int32_t d = row->rank; d-- > 0; out_step *= p->dims[d]) {
        p->dims[d] = p->in_dims[d] = row->dims[row->order[d]];
        p->stride_in[d] = strides[row->order[d]];
        p->stride_out[d] = out_step;
    }
    return problem;
}

/* Windows of five channels, as in GoogLeNet and AlexNet, with other exponents. */
typedef struct lrn_row {
    int32_t channels, size;
    float beta;
} lrn_row;
static const lrn_row lrn_rows[] = {{192, 56, 0.75f}, {192, 56, 0.6f}, {96, 27, 0.6f}};

static ops_problem lrn_of(const lrn_row *row, int32_t block) {
    const ops_tensor tensor = dense(1, row->channels, row->size, row->size, block);
    return (ops_problem){.kind = OPS_LRN,
                         .lrn = {.in = tensor, .out = tensor, .size = 5, .alpha = 1e-4f, .beta = row->beta, .k = 1.0f}};
}

/* Gradients between convolutions, of square images: GoogLeNet's for 96 x 96 pixels, LeNet's, and others. */
typedef struct gradient_row {
    const char *name;
    ops_kind kind;
    int32_t channels, size, batch;
    int32_t kernel, stride, pad; /* of a pooling; an LRN's window */
    bool is_average;
    clade_activation activation;
} gradient_row;
static const gradient_row gradient_rows[] = {
    {"max 3x3/2 gradient", OPS_POOL_GRADIENT, 64, 48, 32, 3, 2, 1, false, 0},
    {"max 3x3/2 gradient", OPS_POOL_GRADIENT, 480, 12, 32, 3, 2, 1, false, 0},
    {"max 3x3/1 gradient", OPS_POOL_GRADIENT, 192, 12, 32, 3, 1, 1, false, 0},
    {"max 3x3/1 gradient", OPS_POOL_GRADIENT, 832, 3, 128, 3, 1, 1, false, 0},
    {"max 2x2/2 gradient", OPS_POOL_GRADIENT, 64, 48, 32, 2, 2, 0, false, 0},
    {"average 2x2/2 gradient", OPS_POOL_GRADIENT, 6, 28, 256, 2, 2, 0, true, 0},
    {"average 5x5/3 gradient", OPS_POOL_GRADIENT, 512, 14, 32, 5, 3, 0, true, 0},
    {"average 3x3/1 gradient", OPS_POOL_GRADIENT, 192, 35, 4, 3, 1, 1, true, 0},
    {"global average gradient", OPS_POOL_GRADIENT, 1024, 7, 32, 7, 1, 0, true, 0},
    {"lrn gradient", OPS_LRN_GRADIENT, 64, 56, 8, 5, 0, 0, false, 0},
    {"lrn gradient", OPS_LRN_GRADIENT, 192, 56, 8, 5, 0, 0, false, 0},
    {"relu gradient", OPS_ACTIVATION_GRADIENT, 64, 48, 32, 0, 0, 0, false, CLADE_RELU},
    {"sigmoid gradient", OPS_ACTIVATION_GRADIENT, 6, 28, 256, 0, 0, 0, false, CLADE_SIGMOID},
    {"channel sum", OPS_CHANNEL_SUM, 64, 48, 32, 0, 0, 0, false, 0},
    {"channel sum", OPS_CHANNEL_SUM, 832, 3, 128, 0, 0, 0, false, 0},
};

static ops_problem pool_gradient_of(const gradient_row *row, int32_t block) {
    const int32_t out = (row->size + 2 * row->pad - row->kernel) / row->stride + 1;
    const ops_tensor x = dense(row->batch, row->channels, row->size, row->size, block);
    return (ops_problem){.kind = OPS_POOL_GRADIENT,
                         .pool_gradient = {.out = x,
                                           .pool = {.in = x,
                                                    .out = dense(row->batch, row->channels, out, out, block),
                                                    .kind = row->is_average ? CLADE_POOL_AVERAGE : CLADE_POOL_MAX,
                                                    .kernel_h = row->kernel,
                                                    .kernel_w = row->kernel,
                                                    .stride_h = row->stride,
                                                    .stride_w = row->stride,
                                                    .pad_top = row->pad,
                                                    .pad_left = row->pad,
                                                    .pad_bottom = row->pad,
                                                    .pad_right = row->pad}}};
}

static ops_problem gradient_of(const gradient_row *row, int32_t block) {
    const ops_tensor x = dense(row->batch, row->channels, row->size, row->size, block);
    const ops_lrn lrn = {.in = x, .out = x, .size = row->kernel, .alpha = 1e-4f, .beta = 0.75f, .k = 1.0f};
    switch (row->kind) {
    case OPS_POOL_GRADIENT:
        return pool_gradient_of(row, block);
    case OPS_LRN_GRADIENT:
        return (ops_problem){.kind = row->kind, .lrn_gradient = {.lrn = lrn, .out = x}};
    case OPS_ACTIVATION_GRADIENT:
        return (ops_problem){.kind = row->kind,
                             .activation_gradient = {.in = x, .of = x, .out = x, .kind = row->activation}};
    default:
        return (ops_problem){.kind = OPS_CHANNEL_SUM, .channel_sum = {.in = x}};
    }
}

/* ---- Measuring ----------------------------------------------------------------------------------------------------------------- */

typedef struct settings {
    size_t rounds;
    bool quick;
    int count; /* of words, those of options included */
    char **words;
} settings;

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
    const ops_recipe *recipe = &e->step.recipe;
    uint64_t most = 1; /* a parameter has no more values than its packed form */
    for (size_t i = 0; i < recipe->constant_count; i++)
        most = recipe->constants[i].elements > most ? recipe->constants[i].elements : most;
    float *weight = runner_random(most), *bias = runner_random(most);
    runner_prepare(r, &e->step, (const float *const[]){[OPS_WEIGHT] = weight, [OPS_BIAS] = bias});
    runner_enqueue(r, &e->step);
    runner_check(r, rt_queue_finish(r->queue));
    free(weight);
    free(bias);
}

static double bytes_of(const ops_problem *problem) {
    ops_reach reach;
    if (!ops_problem_reach(problem, &reach)) abort();
    int64_t elements = reach.output;
    for (int32_t i = 0; i < reach.input_count; i++) elements += reach.inputs[i];
    return 4.0 * (double)elements;
}

/* Reads half of the bytes and writes half. */
static ops_problem copy_of(double bytes) {
    const int64_t elements = (int64_t)bytes / 8;
    return (ops_problem){
        .kind = OPS_COPY,
        .copy = {.rank = 1, .dims = {elements}, .in_dims = {elements}, .stride_in = {1}, .stride_out = {1}}};
}

/* The copy comes last, the generic candidate before it. */
static void report(const entrant *entrants, size_t count, size_t rounds, const char *name) {
    const double *generic = entrants[count - 2].times, *copy = entrants[count - 1].times;
    const double bytes = bytes_of(&entrants[0].step.problem);
    for (size_t i = 0; i + 1 < count; i++) {
        const double *times = entrants[i].times;
        printf("%-40s %-16s %9.1f %9.1f %7.1f %7.2f %7.2f\n", name, entrants[i].name, 1e6 * times[0],
               1e6 * times[rounds / 2], 1e-9 * bytes / times[0], generic[rounds / 2] / times[rounds / 2],
               copy[0] / times[0]);
    }
    fflush(stdout);
}

static void enter(const runner *r, entrant *e, const ops_problem *problem, const ops_candidate *candidate,
                  size_t rounds, runner_sizes *sizes) {
    *e = (entrant){.step.problem = *problem, .name = candidate->name, .times = calloc(rounds, sizeof(double))};
    runner_check(r, ops_make(context_env(r->context), problem, rt_context_device(context_rt(r->context)), candidate,
                             &e->step.recipe));
    runner_include(r, &e->step, sizes);
}

static void bench(const ops_problem *problem, const char *name, const settings *s) {
    runner r;
    runner_open(&r);
    const rt_device *device = rt_context_device(context_rt(r.context));
    entrant *entrants = calloc(OPS_MOST_CANDIDATES + 1, sizeof *entrants);
    runner_sizes sizes = {0};
    size_t count = 0, candidate_count;
    const ops_candidate *candidates = ops_candidates(problem->kind, &candidate_count);
    for (size_t i = 0; i < candidate_count; i++) {
        const bool left_out = s->quick && i + 1 == candidate_count && count > 0;
        if (!left_out && candidates[i].applicable(problem, device))
            enter(&r, &entrants[count++], problem, &candidates[i], s->rounds, &sizes);
    }
    const ops_problem copy = copy_of(bytes_of(problem));
    ops_choice choices[OPS_MOST_CANDIDATES];
    ops_list_choices(&copy, device, choices, BASE_COUNT(choices));
    enter(&r, &entrants[count++], &copy, choices[0].candidate, s->rounds, &sizes);
    runner_make_memory(&r, &sizes);
    for (size_t i = 0; i < count; i++) prepare(&r, &entrants[i]);
    for (size_t round = 0; round < s->rounds; round++)
        for (size_t i = 0; i < count; i++) {
            const double start = runner_now();
            runner_enqueue(&r, &entrants[i].step);
            runner_check(&r, rt_queue_finish(r.queue));
            entrants[i].times[round] = runner_now() - start;
        }
    for (size_t i = 0; i < count; i++) qsort(entrants[i].times, s->rounds, sizeof(double), compare_times);
    report(entrants, count, s->rounds, name);
    for (size_t i = 0; i < count; i++) {
        runner_free(&entrants[i].step);
        free(entrants[i].times);
    }
    free(entrants);
    runner_close(&r);
}

/* ---- The program ----------------------------------------------------------------------------------------------------------------- */

static void bench_if_wanted(const ops_problem *problem, const char *name, const settings *s) {
    bool wanted = optind == s->count;
    for (int i = optind; i < s->count; i++) wanted = wanted || strstr(name, s->words[i]);
    if (wanted) bench(problem, name, s);
}

static int32_t float_width(void) {
    runner r;
    runner_open(&r);
    const int32_t width = (int32_t)rt_context_device(context_rt(r.context))->float_width;
    runner_close(&r);
    return width;
}

static void bench_convolutions(int32_t block, const settings *s) {
    for (size_t i = 0; i < BASE_COUNT(conv_rows); i++) {
        char name[80];
        snprintf(name, sizeof name, "%s %d x %dx%d", conv_rows[i].name, conv_rows[i].channels, conv_rows[i].size,
                 conv_rows[i].size);
        const ops_problem problem = conv_of(&conv_rows[i], block);
        bench_if_wanted(&problem, name, s);
    }
}

static void bench_lrn(int32_t block, const settings *s) {
    for (size_t i = 0; i < BASE_COUNT(lrn_rows); i++) {
        char name[80];
        snprintf(name, sizeof name, "lrn beta %g %d x %dx%d", (double)lrn_rows[i].beta, lrn_rows[i].channels,
                 lrn_rows[i].size, lrn_rows[i].size);
        const ops_problem problem = lrn_of(&lrn_rows[i], block);
        bench_if_wanted(&problem, name, s);
    }
}

static void bench_transposes(const settings *s) {
    for (size_t i = 0; i < BASE_COUNT(transpose_rows); i++) {
        const transpose_row *row = &transpose_rows[i];
        char name[80];
        size_t length = (size_t)snprintf(name, sizeof name, "%s", row->name);
        for (int32_t d = 0; d < row->rank; d++)
            length += (size_t)snprintf(name + length, sizeof name - length, "%c%d", d ? 'x' : ' ', row->dims[d]);
        const ops_problem problem = transpose_of(row);
        bench_if_wanted(&problem, name, s);
    }
}

static void bench_gradients(int32_t block, const settings *s) {
    for (size_t i = 0; i < BASE_COUNT(gradient_rows); i++) {
        const gradient_row *row = &gradient_rows[i];
        char name[80];
        snprintf(name, sizeof name, "%s %d x %d x %dx%d", row->name, row->batch, row->channels, row->size, row->size);
        const ops_problem problem = gradient_of(row, block);
        bench_if_wanted(&problem, name, s);
    }
}

int main(int count, char **arguments) {
    const struct option known[] = {{"rounds", required_argument, NULL, 'r'}, {"quick", no_argument, NULL, 'q'}, {0}};
    settings s = {.rounds = 50, .count = count, .words = arguments};
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        if (option == 'q') s.quick = true;
        if (option == 'r') s.rounds = (size_t)strtoul(optarg, NULL, 10);
        if ((option != 'q' && option != 'r') || s.rounds < 1) {
            fprintf(stderr, "bench_operators [--rounds N] [--quick] [WORD...]\n");
            return 2;
        }
    }
    const int32_t block = float_width();
    printf("%-40s %-16s %9s %9s %7s %7s %7s\n", "problem", "candidate", "best us", "median us", "GB/s", "ratio",
           "copy");
    bench_convolutions(block, &s);
    bench_lrn(block, &s);
    bench_transposes(&s);
    bench_gradients(block, &s);
    return 0;
}
