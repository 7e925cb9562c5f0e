/* harness_check.c: many random problems through every candidate. */
#include "ops/harness_layout.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEFAULT_CASES = 300, MOST_CANDIDATES = 32 };

bool harness_compare(const harness_expected *expected, const float *output, int64_t count, char *text, size_t size) {
    for (int64_t i = 0; i < count; i++) {
        double value = expected->values[i], found = output[i];
        bool fine;
        if (isnan(value))
            fine = isnan(found);
        else if (fabs(value) > FLT_MAX)
            fine = isinf(found) && signbit(found) == signbit(value);
        else
            fine = fabs(found - value) <= expected->bounds[i] + FLT_MIN;
        if (fine) continue;
        snprintf(text, size, "element %lld of %lld is %.9g, not %.9g within %.3g", (long long)i, (long long)count,
                 found, value, expected->bounds[i]);
        return false;
    }
    return true;
}

bool harness_compare_approximate(const harness_expected *expected, float growth, bool finite, const float *output,
                                 int64_t count, char *text, size_t size) {
    double largest = 0.0;
    for (int64_t i = 0; i < count; i++) largest = fmax(largest, expected->bounds[i]);
    for (int64_t i = 0; i < count; i++) {
        double value = expected->values[i], found = output[i];
        bool fine = isnan(value) ? isnan(found) : !finite || fabs(found - value) <= growth * largest + FLT_MIN;
        if (fine) continue;
        snprintf(text, size, "element %lld of %lld is %.9g, not %.9g within %.3g times %.3g", (long long)i,
                 (long long)count, found, value, growth, largest);
        return false;
    }
    return true;
}

bool harness_is_approximate(const harness *h, const ops_problem *problem, const ops_candidate *candidate) {
    static ops_recipe recipe;
    return ops_make(h->env, problem, &h->device, candidate, &recipe) == CLADE_OK && recipe.error_growth > 0;
}

/* ---- One problem with its data ----------------------------------------------------------------------------------------------------- */

typedef struct instance {
    const harness_operator *tested;
    uint64_t seed;
    ops_problem problem;
    harness_sizes sizes;
    float *inputs[OPS_MAX_INPUTS], *parameters[2], *output;
    bool finite; /* all inputs are */
    harness_expected expected;
} instance;

static float *draw_values(harness_random *random, int64_t count, float range, float grid, bool specials) {
    static const float special[] = {NAN, INFINITY, -INFINITY, -0.0f, 1e15f, -1e15f};
    float *values = malloc((size_t)(count + 1) * sizeof *values);
    for (int64_t i = 0; i < count; i++) {
        values[i] = harness_float(random, -range, range);
        if (grid > 0) values[i] = roundf(values[i] / grid) * grid;
        if (specials && harness_chance(random, 0.02)) values[i] = special[harness_between(random, 0, 5)];
    }
    return values;
}

/* Weights that their type can hold: then rounding them takes nothing away, and plain sums stay within their bounds. */
static void round_weights(const ops_problem *problem, float *weights, int64_t count) {
    const clade_type type = problem->kind == OPS_CONV2D   ? problem->conv2d.weights
                            : problem->kind == OPS_LINEAR ? problem->linear.weights
                                                          : CLADE_FLOAT32;
    for (int64_t i = 0; i < count; i++) {
        if (type == CLADE_FLOAT16) weights[i] = base_from_half(base_to_half(weights[i]));
        if (type == CLADE_BFLOAT16) weights[i] = base_from_bfloat16(base_to_bfloat16(weights[i]));
    }
}

static void instance_draw(instance *it, const harness_operator *tested, uint64_t seed) {
    harness_random random = {.state = seed};
    *it = (instance){.tested = tested, .seed = seed, .problem.kind = tested->kind};
    tested->draw(&random, &it->problem);
    it->sizes = harness_count(&it->problem);
    bool specials = !tested->only_finite && harness_chance(&random, 0.15);
    float range = tested->range > 0 ? tested->range : 1.0f, grid = seed % 2 ? tested->grid : 0.0f;
    for (int32_t i = 0; i < it->sizes.input_count; i++)
        it->inputs[i] = draw_values(&random, it->sizes.inputs[i], range, grid, specials);
    if (tested->replace) tested->replace(&random, &it->problem, it->inputs);
    for (int32_t i = 0; i < 2; i++)
        if (it->sizes.parameters[i])
            it->parameters[i] = draw_values(&random, it->sizes.parameters[i], 1.0f, 0.0f, false);
    round_weights(&it->problem, it->parameters[OPS_WEIGHT], it->sizes.parameters[OPS_WEIGHT]);
    it->finite = true;
    for (int32_t i = 0; i < it->sizes.input_count; i++)
        for (int64_t k = 0; k < it->sizes.inputs[i]; k++) it->finite = it->finite && isfinite(it->inputs[i][k]);
    size_t count = (size_t)it->sizes.output;
    it->output = malloc(count * sizeof *it->output);
    it->expected = (harness_expected){.values = calloc(count, sizeof(double)), .bounds = calloc(count, sizeof(double))};
    tested->reference(&it->problem, (const float *const *)it->inputs, (const float *const *)it->parameters,
                      &it->expected);
}

static void instance_free(instance *it) {
    for (int32_t i = 0; i < OPS_MAX_INPUTS; i++) free(it->inputs[i]);
    for (int32_t i = 0; i < 2; i++) free(it->parameters[i]);
    free(it->output);
    free(it->expected.values);
    free(it->expected.bounds);
}

/* Its tensors in words. */
static void describe(const instance *it, char *text, size_t size) {
    harness_layouts all = harness_layouts_of(&it->problem);
    size_t length = 0;
    for (int32_t i = 0; i <= all.input_count && length < size; i++) {
        const harness_layout *l = i < all.input_count ? &all.inputs[i] : &all.output;
        const ops_tensor *t = &l->tensor;
        const char *role = i < all.input_count ? "in" : "out";
        if (l->is_tensor)
            length += (size_t)snprintf(text + length, size - length, "%s [%d, %d, %d, %d] block %d stride %lld; ", role,
                                       t->n, t->c, t->h, t->w, t->block, (long long)t->batch_stride);
        else
            length += (size_t)snprintf(text + length, size - length, "%s %lld values; ", role, (long long)l->count);
    }
    if (it->tested->describe && length < size) it->tested->describe(&it->problem, text + length, size - length);
}

static void try_candidate(harness *h, instance *it, const ops_candidate *candidate, bool in_place) {
    harness_run_settings settings = {
        .problem = &it->problem,
        .candidate = candidate,
        .parameters = {it->parameters[0], it->parameters[1]},
        .in_place = in_place,
    };
    for (int32_t i = 0; i < it->sizes.input_count; i++) settings.inputs[i] = it->inputs[i];
    bool fine = harness_run(h, &settings, it->output);
    if (fine && h->error_growth > 0)
        fine = harness_compare_approximate(&it->expected, h->error_growth, it->finite, it->output, it->sizes.output,
                                           h->fault, sizeof h->fault);
    else if (fine)
        fine = harness_compare(&it->expected, it->output, it->sizes.output, h->fault, sizeof h->fault);
    if (fine) return;
    char text[512];
    describe(it, text, sizeof text);
    fail_msg("CLADE_TEST_SEED=%llu %s.%s%s, vectors of %u, groups of %llu: %s\n  %s", (unsigned long long)it->seed,
             ops_kind_name(it->problem.kind), candidate ? candidate->name : "(selected)", in_place ? " in place" : "",
             h->device.float_width, (unsigned long long)h->device.max_work_group, h->fault, text);
}

/* ---- The loop ------------------------------------------------------------------------------------------------------------------------ */

/* Mostly the vector width that the problem's layout was made for, as a plan would have it. */
static void vary_device(harness *h, const instance *it) {
    harness_random random = {.state = ~it->seed};
    const rt_device *real = rt_context_device(h->context);
    const harness_layouts all = harness_layouts_of(&it->problem);
    h->device = *real;
    if (real->float_width < 4 || harness_chance(&random, 0.2)) h->device.float_width = (uint32_t)harness_block(&random);
    int32_t block = all.output.is_tensor ? all.output.tensor.block : 1;
    if (all.inputs[0].is_tensor && all.inputs[0].tensor.block > block) block = all.inputs[0].tensor.block;
    if (block > 1 && harness_chance(&random, 0.8)) h->device.float_width = (uint32_t)block;
    if (harness_chance(&random, 0.1)) h->device.max_work_group = 1;
    /* kernels made for CPUs run anywhere, if slowly; whatever the device, they are tested here */
    h->device.type = harness_chance(&random, 0.1) ? CLADE_DEVICE_GPU : CLADE_DEVICE_CPU;
}

static uint64_t number_from(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

void harness_check(harness *h, const harness_operator *tested) {
    uint64_t first = number_from("CLADE_TEST_SEED", 0), cases = number_from("CLADE_TEST_CASES", DEFAULT_CASES);
    if (first) cases = 1;
    size_t count, runs[MOST_CANDIDATES] = {0};
    const ops_candidate *candidates = ops_candidates(tested->kind, &count);
    assert_in_range(count, 1, MOST_CANDIDATES);

    for (uint64_t seed = first ? first : 1; cases > 0; seed++, cases--) {
        instance it;
        instance_draw(&it, tested, seed);
        vary_device(h, &it);
        bool in_place = ops_in_place(&it.problem, 0);
        assert_true(ops_generic(tested->kind)->applicable(&it.problem, &h->device));
        for (size_t i = 0; i < count; i++) {
            if (!candidates[i].applicable(&it.problem, &h->device)) continue;
            if (harness_is_approximate(h, &it.problem, &candidates[i]) != tested->approximate) continue;
            try_candidate(h, &it, &candidates[i], false);
            if (in_place) try_candidate(h, &it, &candidates[i], true);
            runs[i]++;
        }
        if (seed % 8 == 0) try_candidate(h, &it, NULL, in_place);
        instance_free(&it);
    }
    h->device = *rt_context_device(h->context);
    for (size_t i = 0; i < count; i++)
        print_message("%s.%s: %zu problems\n", ops_kind_name(tested->kind), candidates[i].name, runs[i]);
}
