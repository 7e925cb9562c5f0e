/* operators.c: how fast each candidate is for operators that the networks of the zoo have few of, or none.
 *
 *     bench_operators [--rounds N] [WORD...]
 *
 * A problem is a row of the tables below; WORD keeps the rows whose name has it. Of a problem the candidates take turns, a launch
 * with a wait behind it each; the generic one comes last and is what the others are compared with. `GB/s` counts what is read
 * and written once: tensors that fit the caches pass faster than memory could. */
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

static void report(const entrant *entrants, size_t count, size_t rounds, const char *name) {
    const double *generic = entrants[count - 1].times;
    ops_reach reach;
    if (!ops_problem_reach(&entrants[0].step.problem, &reach)) abort();
    const double bytes = 4.0 * (double)(reach.inputs[0] + reach.output);
    for (size_t i = 0; i < count; i++) {
        const double *times = entrants[i].times;
        printf("%-40s %-16s %9.1f %9.1f %7.1f %7.2f\n", name, entrants[i].name, 1e6 * times[0], 1e6 * times[rounds / 2],
               1e-9 * bytes / times[0], generic[rounds / 2] / times[rounds / 2]);
    }
}

static void bench(const ops_problem *problem, const char *name, size_t rounds) {
    runner r;
    runner_open(&r);
    const rt_device *device = rt_context_device(context_rt(r.context));
    entrant *entrants = calloc(OPS_MOST_CANDIDATES, sizeof *entrants);
    runner_sizes sizes = {0};
    size_t count = 0, candidate_count;
    const ops_candidate *candidates = ops_candidates(problem->kind, &candidate_count);
    for (size_t i = 0; i < candidate_count; i++) {
        if (!candidates[i].applicable(problem, device)) continue;
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
    for (size_t i = 0; i < count; i++) qsort(entrants[i].times, rounds, sizeof(double), compare_times);
    report(entrants, count, rounds, name);
    for (size_t i = 0; i < count; i++) {
        runner_free(&entrants[i].step);
        free(entrants[i].times);
    }
    free(entrants);
    runner_close(&r);
}

/* ---- The program ----------------------------------------------------------------------------------------------------------------- */

static bool is_wanted(const char *name, int count, char **words) {
    bool wanted = optind == count;
    for (int i = optind; i < count; i++) wanted = wanted || strstr(name, words[i]);
    return wanted;
}

static int32_t float_width(void) {
    runner r;
    runner_open(&r);
    const int32_t width = (int32_t)rt_context_device(context_rt(r.context))->float_width;
    runner_close(&r);
    return width;
}

int main(int count, char **arguments) {
    const struct option known[] = {{"rounds", required_argument, NULL, 'r'}, {0}};
    long rounds = 50;
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;)
        if (option != 'r' || (rounds = strtol(optarg, NULL, 10)) < 1) {
            fprintf(stderr, "bench_operators [--rounds N] [WORD...]\n");
            return 2;
        }
    const int32_t block = float_width();
    printf("%-40s %-16s %9s %9s %7s %7s\n", "problem", "candidate", "best us", "median us", "GB/s", "ratio");
    for (size_t i = 0; i < BASE_COUNT(conv_rows); i++) {
        char name[80];
        snprintf(name, sizeof name, "%s %d x %dx%d", conv_rows[i].name, conv_rows[i].channels, conv_rows[i].size,
                 conv_rows[i].size);
        const ops_problem problem = conv_of(&conv_rows[i], block);
        if (is_wanted(name, count, arguments)) bench(&problem, name, (size_t)rounds);
    }
    for (size_t i = 0; i < BASE_COUNT(lrn_rows); i++) {
        char name[80];
        snprintf(name, sizeof name, "lrn beta %g %d x %dx%d", (double)lrn_rows[i].beta, lrn_rows[i].channels,
                 lrn_rows[i].size, lrn_rows[i].size);
        const ops_problem problem = lrn_of(&lrn_rows[i], block);
        if (is_wanted(name, count, arguments)) bench(&problem, name, (size_t)rounds);
    }
    for (size_t i = 0; i < BASE_COUNT(transpose_rows); i++) {
        const transpose_row *row = &transpose_rows[i];
        char name[80];
        size_t length = (size_t)snprintf(name, sizeof name, "%s", row->name);
        for (int32_t d = 0; d < row->rank; d++)
            length += (size_t)snprintf(name + length, sizeof name - length, "%c%d", d ? 'x' : ' ', row->dims[d]);
        const ops_problem problem = transpose_of(row);
        if (is_wanted(name, count, arguments)) bench(&problem, name, (size_t)rounds);
    }
    return 0;
}
