/* conv2d.c: how fast each candidate does each convolution of a network, and how right.
 *
 *     bench_conv2d [--candidate all|chosen|NAME] [--batch N] [--rounds N] [--json] [MODEL...]
 *
 * A layer's figure is its best and its median time of many, layers taking turns so that all see the same disturbances, each
 * with its own weights, which the others have driven out of the near caches when its turn comes: as in the network. The error is
 * the largest of some elements against double precision, over the largest of these.
 *
 * "all", the default, sets all candidates side by side that are expected to take at most some times the cheapest, for each shape
 * once; "chosen" takes each convolution as the plan does, and "NAME" that candidate wherever it applies. The latter two also run
 * the convolutions as a chain, one after the other with one wait, as a network is run. */
#include "layers.h"
#include "reference/activation.h"
#include "reference/conv2d.h"
#include "report.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 64 };

static const char *const default_models[] = {"googlenet", "inception_v3", "inception_v4", "inception_resnet_v2"};

/* ---- How right -------------------------------------------------------------------------------------------------------------- */

/* Where element (n, c, y, x) of a tensor lies. */
static int64_t place_in(const ops_tensor *t, const int64_t at[4]) {
    return at[0] * t->batch_stride + ((at[1] / t->block * t->h + at[2]) * t->w + at[3]) * t->block + at[1] % t->block;
}

static float *plain_input(const runner *r, const ops_tensor *in) {
    const int64_t pixels = (int64_t)in->h * in->w, count = in->n * in->c * pixels;
    float *plain = malloc((size_t)count * sizeof *plain);
    for (int64_t i = 0; i < count; i++) {
        const int64_t pixel = i % pixels;
        plain[i] = r->input_values[0][place_in(
            in, (int64_t[]){i / pixels / in->c, i / pixels % in->c, pixel / in->w, pixel % in->w})];
    }
    return plain;
}

/* Compares some elements of the output, from all over it, with the reference. */
static double error_of(const runner *r, const layer *l, const float *weight, const float *bias) {
    const ops_conv2d *p = layer_conv(l);
    const ops_tensor *out = &p->out;
    const uint64_t size = (uint64_t)(out->n * out->batch_stride) * sizeof(float);
    const int64_t total = (int64_t)out->n * out->c * out->h * out->w;
    float *plain = plain_input(r, &p->in), *found = malloc(size);
    runner_check(r, rt_read(r->queue, r->out, 0, found, size));
    runner_check(r, rt_queue_finish(r->queue));
    double worst = 0, largest = 0;
    for (int64_t i = 0; i < SAMPLES; i++) {
        const int64_t index = (i * (total / SAMPLES) + i * 7919 + 13) % total;
        const int64_t at[4] = {index / out->w / out->h / out->c, index / out->w / out->h % out->c,
                               index / out->w % out->h, index % out->w};
        double value = reference_conv2d_element(p, plain, weight, bias, at);
        if (p->has_residual) value += r->input_values[1][place_in(&p->residual, at)];
        value = reference_activate(p->activation, value, p->slope);
        worst = fmax(worst, fabs(found[place_in(out, at)] - value));
        largest = fmax(largest, fabs(value));
    }
    free(plain);
    free(found);
    return worst / largest;
}

/* ---- Preparing --------------------------------------------------------------------------------------------------------------- */

static void prepare(const runner *r, layer *l) {
    const ops_conv2d *p = layer_conv(l);
    const uint64_t inputs = (uint64_t)(p->in.c / p->groups);
    const uint64_t weights = (uint64_t)p->out.c * inputs * (uint64_t)p->kernel_h * (uint64_t)p->kernel_w;
    float *weight = runner_random(weights), *bias = runner_random((uint64_t)p->out.c);
    const double start = runner_now();
    runner_prepare(r, &l->step, (const float *const[]){[OPS_WEIGHT] = weight, [OPS_BIAS] = bias});
    runner_enqueue(r, &l->step);
    runner_check(r, rt_queue_finish(r->queue));
    l->first = runner_now() - start;
    l->error = error_of(r, l, weight, p->has_bias ? bias : NULL);
    free(weight);
    free(bias);
}

/* One input, residual, output and workspace serve all layers; only weights are each layer's own. */
static void make_memory(runner *r, const layers *list) {
    runner_sizes sizes = {0};
    for (size_t i = 0; i < list->count; i++) runner_include(r, &list->items[i].step, &sizes);
    runner_make_memory(r, &sizes);
}

/* ---- Measuring --------------------------------------------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b) {
    const double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static void measure_layers(const runner *r, layers *list, size_t rounds) {
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < list->count; i++) {
            layer *l = &list->items[i];
            const double start = runner_now(), cpu_start = runner_cpu_now();
            runner_enqueue(r, &l->step);
            runner_check(r, rt_queue_finish(r->queue));
            const double cpu = runner_cpu_now() - cpu_start;
            l->times[round] = runner_now() - start;
            if (round == 0 || cpu < l->cpu) l->cpu = cpu;
        }
    for (size_t i = 0; i < list->count; i++) qsort(list->items[i].times, rounds, sizeof(double), compare_times);
}

/* `rounds` runs of all layers one after the other, with one wait at the end. */
static void measure_chain(const runner *r, const layers *list, size_t rounds, report_chain *chain_out) {
    double *times = calloc(rounds, sizeof *times);
    for (size_t round = 0; round < rounds; round++) {
        const double start = runner_now();
        for (size_t i = 0; i < list->count; i++) runner_enqueue(r, &list->items[i].step);
        runner_check(r, rt_queue_finish(r->queue));
        times[round] = runner_now() - start;
    }
    qsort(times, rounds, sizeof *times, compare_times);
    *chain_out = (report_chain){.best = times[0], .median = times[rounds / 2]};
    free(times);
}

/* ---- The program --------------------------------------------------------------------------------------------------------------- */

typedef struct options {
    const char *candidate;
    int64_t batch, rounds;
    bool json;
} options;

static void bench_model(const char *model, const options *o, report *to) {
    runner r;
    runner_open(&r);
    layers list = layers_collect(&r, model, o->batch, o->candidate, (size_t)o->rounds);
    make_memory(&r, &list);
    for (size_t i = 0; i < list.count; i++) prepare(&r, &list.items[i]);
    measure_layers(&r, &list, (size_t)o->rounds);

    report_chain chain = {0};
    const bool is_chain = strcmp(o->candidate, LAYERS_ALL) != 0;
    if (is_chain) measure_chain(&r, &list, (size_t)o->rounds, &chain);
    report_add(to, model, &list, is_chain ? &chain : NULL);
    layers_free(&list);
    runner_close(&r);
}

static int64_t number(const char *text) {
    char *end;
    const long long value = strtoll(text, &end, 10);
    if (*end || value < 1) {
        fprintf(stderr, "bench_conv2d: '%s' is no number above 0\n", text);
        exit(2);
    }
    return value;
}

static options parse(int count, char **arguments) {
    const struct option known[] = {{"candidate", required_argument, NULL, 'c'},
                                   {"batch", required_argument, NULL, 'b'},
                                   {"rounds", required_argument, NULL, 'r'},
                                   {"json", no_argument, NULL, 'j'},
                                   {0}};
    options o = {.candidate = LAYERS_ALL, .batch = 1, .rounds = 10};
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) switch (option) {
        case 'c':
            o.candidate = optarg;
            break;
        case 'b':
            o.batch = number(optarg);
            break;
        case 'r':
            o.rounds = number(optarg);
            break;
        case 'j':
            o.json = true;
            break;
        default:
            fprintf(stderr,
                    "bench_conv2d [--candidate all|chosen|NAME] [--batch N] [--rounds N] [--json] [MODEL...]\n");
            exit(2);
        }
    return o;
}

int main(int count, char **arguments) {
    const options o = parse(count, arguments);
    report *to = report_begin(o.json, o.candidate, o.batch, (size_t)o.rounds);
    for (int i = optind; i < count; i++) bench_model(arguments[i], &o, to);
    for (size_t i = 0; optind == count && i < BASE_COUNT(default_models); i++) bench_model(default_models[i], &o, to);
    report_end(to);
    return 0;
}
