/* The four problems of batch norm: every candidate against the reference, the reference against differences, and what it means to
 * have statistics without cancellation. */
#include "ops/harness.h"
#include "reference/gradients.h"
#include "reference/numeric_gradient.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- Random problems ---------------------------------------------------------------------------------------------------------------- */

typedef struct shape {
    int32_t n, c, h, w, block;
} shape;

/* Now and then a channel of more elements than a part, or a chunk of the kernels. */
static shape draw_shape(harness_random *random) {
    const int32_t most = harness_chance(random, 0.1) ? 40 : 12;
    return (shape){harness_between(random, 1, 5), harness_between(random, 1, 37), harness_between(random, 1, most),
                   harness_between(random, 1, most), harness_block(random)};
}

static ops_tensor draw_tensor(harness_random *random, shape s) {
    return harness_tensor(random, s.n, s.c, s.h, s.w, s.block);
}

static void draw_statistics(harness_random *random, ops_problem *problem) {
    problem->norm_statistics.in = draw_tensor(random, draw_shape(random));
}

static void draw_apply(harness_random *random, ops_problem *problem) {
    ops_norm_apply *p = &problem->norm_apply;
    const shape s = draw_shape(random);
    p->in = draw_tensor(random, s);
    p->out = harness_chance(random, 0.5) ? p->in : draw_tensor(random, s);
    p->epsilon = 1e-3f;
    p->has_scale = harness_chance(random, 0.6);
    p->has_shift = harness_chance(random, 0.6);
    p->activation = harness_activation(random);
    p->slope = harness_float(random, -2, 2);
    problem->given = true;
}

static void draw_sums(harness_random *random, ops_problem *problem) {
    ops_norm_sums *p = &problem->norm_sums;
    const shape s = draw_shape(random);
    p->in = draw_tensor(random, s);
    p->of = draw_tensor(random, s);
    p->epsilon = 1e-3f;
}

static void draw_gradient(harness_random *random, ops_problem *problem) {
    ops_norm_gradient *p = &problem->norm_gradient;
    const shape s = draw_shape(random);
    p->in = draw_tensor(random, s);
    p->of = draw_tensor(random, s);
    p->out = harness_chance(random, 0.5) ? p->in : draw_tensor(random, s);
    p->epsilon = 1e-3f;
    p->has_scale = harness_chance(random, 0.6);
    problem->given = true;
}

/* Variances are not negative. */
static void make_variances(float *statistics, int32_t channels) {
    for (int32_t c = channels; c < 2 * channels; c++) statistics[c] = fabsf(statistics[c]);
}

static void replace(harness_random *random, const ops_problem *problem, float *const *inputs) {
    (void)random;
    if (problem->kind == OPS_NORM_APPLY) make_variances(inputs[1], problem->norm_apply.in.c);
    if (problem->kind == OPS_NORM_SUMS) make_variances(inputs[2], problem->norm_sums.of.c);
    if (problem->kind == OPS_NORM_GRADIENT) make_variances(inputs[2], problem->norm_gradient.of.c);
}

static double *widen(const float *values, int64_t count) {
    double *wide = malloc((size_t)count * sizeof *wide);
    for (int64_t i = 0; i < count; i++) wide[i] = values[i];
    return wide;
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    const harness_sizes sizes = harness_count(problem);
    double *wide[OPS_MAX_INPUTS];
    for (int32_t i = 0; i < sizes.input_count; i++) wide[i] = widen(inputs[i], sizes.inputs[i]);
    if (problem->kind == OPS_NORM_STATISTICS)
        reference_norm_statistics(&problem->norm_statistics, inputs[0], expected->values, expected->bounds);
    if (problem->kind == OPS_NORM_APPLY)
        reference_norm_apply(&problem->norm_apply, inputs[0], wide[1], parameters[OPS_WEIGHT], parameters[OPS_BIAS],
                             expected->values, expected->bounds);
    if (problem->kind == OPS_NORM_SUMS)
        reference_norm_sums(&problem->norm_sums, inputs[0], inputs[1], wide[2], expected->values, expected->bounds);
    if (problem->kind == OPS_NORM_GRADIENT)
        reference_norm_gradient(&problem->norm_gradient, inputs[0], inputs[1], wide[2], wide[3], parameters[OPS_WEIGHT],
                                expected->values, expected->bounds);
    for (int32_t i = 0; i < sizes.input_count; i++) free(wide[i]);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_norm_apply *p = &problem->norm_apply;
    snprintf(text, size, "batch norm");
    if (problem->kind == OPS_NORM_APPLY)
        snprintf(text, size, "scale %d shift %d activation %d slope %g", p->has_scale, p->has_shift, p->activation,
                 (double)p->slope);
}

/* NaN and infinity have a test of their own where sums may make one of the other. */
static void check(harness *h, ops_kind kind, void (*draw)(harness_random *, ops_problem *), bool only_finite) {
    harness_check(h, &(harness_operator){.kind = kind,
                                         .draw = draw,
                                         .replace = replace,
                                         .reference = reference,
                                         .describe = describe,
                                         .range = 4,
                                         .only_finite = only_finite});
}

static void test_statistics_match_the_reference(void **state) {
    check(*state, OPS_NORM_STATISTICS, draw_statistics, true);
}
static void test_apply_matches_the_reference(void **state) { check(*state, OPS_NORM_APPLY, draw_apply, true); }
static void test_sums_match_the_reference(void **state) { check(*state, OPS_NORM_SUMS, draw_sums, true); }
static void test_gradients_match_the_reference(void **state) { check(*state, OPS_NORM_GRADIENT, draw_gradient, true); }

/* ---- The reference itself ------------------------------------------------------------------------------------------------------------ */

enum { N = 2, C = 3, SIDE = 3, COUNT = N * C * SIDE * SIDE };

static const ops_tensor small = {.n = N, .c = C, .h = SIDE, .w = SIDE, .block = 1, .batch_stride = C * SIDE * SIDE};
static const float epsilon = 0.01f;

typedef struct layer {
    float x[COUNT], weight[C], bias[C];
} layer;

/* All of a layer in training, of its x and parameters one behind the other. */
static void train(const void *problem, const float *values, double *y) {
    (void)problem;
    const ops_norm_statistics statistics = {.in = small};
    const ops_norm_apply apply = {.in = small, .out = small, .epsilon = epsilon, .has_scale = true, .has_shift = true};
    double found[2 * C], bounds[COUNT];
    reference_norm_statistics(&statistics, values, found, bounds);
    reference_norm_apply(&apply, values, found, values + COUNT, values + COUNT + C, y, bounds);
}

static void test_the_reference_is_the_derivative(void **state) {
    (void)state;
    layer all;
    float dy[COUNT];
    double slopes[COUNT + 2 * C], statistics[2 * C], sums[2 * C], dx[COUNT], bounds[COUNT];
    numeric_inputs(all.x, COUNT + 2 * C, 3);
    harness_random random = {.state = 1};
    for (int i = 0; i < COUNT; i++) dy[i] = harness_float(&random, -1, 1);
    numeric_gradient(train, NULL, all.x, COUNT + 2 * C, dy, COUNT, slopes);

    const ops_norm_sums sums_problem = {.in = small, .of = small, .epsilon = epsilon};
    const ops_norm_gradient gradient = {.in = small, .of = small, .out = small, .epsilon = epsilon, .has_scale = true};
    reference_norm_statistics(&(ops_norm_statistics){.in = small}, all.x, statistics, bounds);
    reference_norm_sums(&sums_problem, dy, all.x, statistics, sums, bounds);
    reference_norm_gradient(&gradient, dy, all.x, statistics, sums, all.weight, dx, bounds);
    for (int i = 0; i < COUNT; i++) assert_true(fabs(dx[i] - slopes[i]) <= 1e-6);
    for (int i = 0; i < 2 * C; i++) assert_true(fabs(sums[i] - slopes[COUNT + i]) <= 1e-6);
}

/* ---- Numbers that are hard to sum ----------------------------------------------------------------------------------------------------- */

enum { IMAGES = 4, ROWS = 60, ELEMENTS = IMAGES * ROWS * ROWS };

static void run_statistics(harness *h, const ops_candidate *candidate, int32_t block, const float *x, float *out) {
    const ops_tensor t = {
        .n = IMAGES, .c = 1, .h = ROWS, .w = ROWS, .block = block, .batch_stride = (int64_t)block * ROWS * ROWS};
    const ops_problem problem = {.kind = OPS_NORM_STATISTICS, .norm_statistics = {.in = t}};
    h->device.type = CLADE_DEVICE_CPU;
    h->device.float_width = 8;
    if (!harness_run(h, &(harness_run_settings){.problem = &problem, .candidate = candidate, .inputs = {x}}, out))
        fail_msg("%s", h->fault);
    h->device = *rt_context_device(h->context);
}

/* Runs both candidates; gives how far the worse variance is off, relative to the true one. */
static double worst_variance(harness *h, const float *x) {
    const ops_norm_statistics p = {
        .in = {.n = IMAGES, .c = 1, .h = ROWS, .w = ROWS, .block = 1, .batch_stride = ROWS * ROWS}};
    double truth[2], bounds[2], worst = 0;
    reference_norm_statistics(&p, x, truth, bounds);
    for (int i = 0; i < 2; i++) {
        float found[2];
        const char *name = i == 0 ? "runs" : "generic";
        run_statistics(h, ops_find_candidate(OPS_NORM_STATISTICS, name, i == 0 ? 4 : 7), i == 0 ? 8 : 1, x, found);
        assert_true(fabs(found[0] - truth[0]) <= 1e-6 * fmax(fabs(truth[0]), sqrt(truth[1])));
        worst = fmax(worst, fabs(found[1] - truth[1]) / truth[1]);
    }
    return worst;
}

/* The mean of the squares less the square of the mean would be off by a tenth and more here. */
static void test_a_large_mean_takes_nothing_from_the_variance(void **state) {
    static float x[ELEMENTS];
    harness_random random = {.state = 3};
    for (int i = 0; i < ELEMENTS; i++) x[i] = 1000 + harness_float(&random, -1.7f, 1.7f);
    assert_true(worst_variance(*state, x) <= 2e-5);
}

/* An image far away from the others, first or last, and a single element. */
static void test_outliers_take_nothing_from_the_variance(void **state) {
    static float x[ELEMENTS];
    const int begin[] = {0, ELEMENTS - ROWS * ROWS, 0, 5000}, length[] = {ROWS * ROWS, ROWS * ROWS, 1, 1};
    for (size_t k = 0; k < BASE_COUNT(begin); k++) {
        harness_random random = {.state = k + 1};
        for (int i = 0; i < ELEMENTS; i++) x[i] = harness_float(&random, -1, 1);
        for (int i = begin[k]; i < begin[k] + length[k]; i++) x[i] += 1e6f;
        assert_true(worst_variance(*state, x) <= 2e-5);
    }
}

/* One NaN makes its channel's mean and variance NaN and leaves the others alone. */
static void test_nan_stays_in_its_channel(void **state) {
    harness *h = *state;
    enum { CHANNELS = 5, SIZE = 7 * 7 };
    float x[2 * CHANNELS * SIZE], out[2 * CHANNELS];
    for (int32_t block = 1; block <= 8; block += 7) {
        const ops_tensor t = {.n = 2, .c = CHANNELS, .h = 7, .w = 7, .block = block, .batch_stride = 8 * SIZE};
        const ops_problem problem = {.kind = OPS_NORM_STATISTICS, .norm_statistics = {.in = t}};
        for (int i = 0; i < 2 * CHANNELS * SIZE; i++) x[i] = (float)(i % 11);
        x[3 * SIZE + 20] = NAN;
        h->device.float_width = 8;
        if (!harness_run(h, &(harness_run_settings){.problem = &problem, .inputs = {x}}, out)) fail_msg("%s", h->fault);
        h->device = *rt_context_device(h->context);
        for (int i = 0; i < 2 * CHANNELS; i++) assert_int_equal(isnan(out[i]) != 0, i % CHANNELS == 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statistics_match_the_reference),
        cmocka_unit_test(test_apply_matches_the_reference),
        cmocka_unit_test(test_sums_match_the_reference),
        cmocka_unit_test(test_gradients_match_the_reference),
        cmocka_unit_test(test_the_reference_is_the_derivative),
        cmocka_unit_test(test_a_large_mean_takes_nothing_from_the_variance),
        cmocka_unit_test(test_outliers_take_nothing_from_the_variance),
        cmocka_unit_test(test_nan_stays_in_its_channel),
    };
    return cmocka_run_group_tests_name("ops.norm", tests, harness_open, harness_close);
}
