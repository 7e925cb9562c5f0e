/* Cross-entropy and its gradient: every candidate against the reference, and the reference against central differences. */
#include "ops/harness.h"
#include "reference/gradients.h"
#include "reference/numeric_gradient.h"
#include "reference/operators.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw_settings(harness_random *random, ops_cross_entropy *p) {
    p->rows = harness_between(random, 1, 40);
    p->classes = harness_chance(random, 0.2) ? harness_between(random, 1, 1100) : harness_between(random, 1, 20);
    p->stride_logits = p->classes + (harness_chance(random, 0.3) ? 3 : 0);
    p->smoothing = harness_chance(random, 0.5) ? 0.0f : harness_float(random, 0, 0.9f);
}

static void draw_loss(harness_random *random, ops_problem *problem) { draw_settings(random, &problem->cross_entropy); }

static void draw_gradient(harness_random *random, ops_problem *problem) {
    draw_settings(random, &problem->cross_entropy_gradient.cross_entropy);
    problem->cross_entropy_gradient.factor = harness_float(random, -2, 2);
}

static const ops_cross_entropy *settings_of(const ops_problem *problem) {
    return problem->kind == OPS_CROSS_ENTROPY ? &problem->cross_entropy
                                              : &problem->cross_entropy_gradient.cross_entropy;
}

/* Mostly classes; now and then something that is none. */
static void replace(harness_random *random, const ops_problem *problem, float *const *inputs) {
    const ops_cross_entropy *p = settings_of(problem);
    const float none[] = {-1.0f, (float)p->classes, 0.5f, NAN, INFINITY, -3e9f};
    for (int32_t r = 0; r < p->rows; r++)
        inputs[1][r] = harness_chance(random, 0.03) ? none[harness_between(random, 0, 5)]
                                                    : (float)harness_between(random, 0, p->classes - 1);
}

static void reference_loss(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                           harness_expected *expected) {
    (void)parameters;
    reference_cross_entropy(&problem->cross_entropy, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void reference_gradient(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                               harness_expected *expected) {
    (void)parameters;
    reference_cross_entropy_gradient(&problem->cross_entropy_gradient, inputs[0], inputs[1], expected->values,
                                     expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_cross_entropy *p = settings_of(problem);
    snprintf(text, size, "%d rows of %d, smoothing %g", p->rows, p->classes, (double)p->smoothing);
}

static void test_losses_match_the_reference(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_CROSS_ENTROPY,
                                              .draw = draw_loss,
                                              .replace = replace,
                                              .reference = reference_loss,
                                              .describe = describe,
                                              .range = 30});
}

static void test_gradients_match_the_reference(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_CROSS_ENTROPY_GRADIENT,
                                              .draw = draw_gradient,
                                              .replace = replace,
                                              .reference = reference_gradient,
                                              .describe = describe,
                                              .range = 30});
}

/* ---- The reference itself ------------------------------------------------------------------------------------------------------- */

enum { ROWS = 3, CLASSES = 7, LOGITS = ROWS * CLASSES };

static const float labels[ROWS] = {4, 0, 6};

static void losses_of(const void *problem, const float *logits, double *losses) {
    double bounds[ROWS];
    reference_cross_entropy(problem, logits, labels, losses, bounds);
}

static void test_the_reference_is_the_slope_of_the_loss(void **state) {
    (void)state;
    const float smoothings[] = {0.0f, 0.1f, 1.0f}, ones[ROWS] = {1, 1, 1};
    for (size_t s = 0; s < BASE_COUNT(smoothings); s++) {
        const ops_cross_entropy_gradient p = {
            .cross_entropy = {.rows = ROWS, .classes = CLASSES, .stride_logits = CLASSES, .smoothing = smoothings[s]},
            .factor = 0.3f};
        float logits[LOGITS];
        double values[LOGITS], bounds[LOGITS], slopes[LOGITS];
        numeric_inputs(logits, LOGITS, s + 1);
        for (int i = 0; i < LOGITS; i++) logits[i] *= 16; /* from -2.6 to 2.6 */
        numeric_gradient(losses_of, &p.cross_entropy, logits, LOGITS, ones, ROWS, slopes);
        reference_cross_entropy_gradient(&p, logits, labels, values, bounds);
        for (int i = 0; i < LOGITS; i++) assert_true(fabs(values[i] - (double)p.factor * slopes[i]) <= 1e-9);
    }
}

/* Logits of 1000 overflow exp(); adding a number to all of them changes neither loss nor gradient. */
static void test_large_logits_do_no_harm(void **state) {
    harness *h = *state;
    const ops_problem problem = {.kind = OPS_CROSS_ENTROPY,
                                 .cross_entropy = {.rows = 1, .classes = 3, .stride_logits = 3, .smoothing = 0.1f}};
    const float near[3] = {1, 2, 4}, far[3] = {1001, 1002, 1004}, label = 1;
    float loss[2];
    for (int i = 0; i < 2; i++)
        if (!harness_run(h, &(harness_run_settings){.problem = &problem, .inputs = {i == 0 ? near : far, &label}},
                         &loss[i]))
            fail_msg("%s", h->fault);
    assert_float_equal(loss[0], loss[1], 1e-5f);
    /* log(exp(1) + exp(2) + exp(4)) - (0.9 * 2 + 0.1 * (1 + 2 + 4) / 3), by hand */
    assert_float_equal(loss[0], 2.136512f, 1e-5f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_losses_match_the_reference),
        cmocka_unit_test(test_gradients_match_the_reference),
        cmocka_unit_test(test_the_reference_is_the_slope_of_the_loss),
        cmocka_unit_test(test_large_logits_do_no_harm),
    };
    return cmocka_run_group_tests_name("ops.cross_entropy", tests, harness_open, harness_close);
}
