/* The gradient of local response normalisation: every candidate against the reference, and the reference against differences. */
#include "ops/harness.h"
#include "reference/gradients.h"
#include "reference/numeric_gradient.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Sometimes more pixels in a run than are kept at a time. */
static void draw(harness_random *random, ops_problem *problem) {
    ops_lrn_gradient *p = &problem->lrn_gradient;
    const bool is_large = harness_chance(random, 0.1);
    const int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, is_large ? 20 : 50);
    const int32_t h = harness_between(random, 1, is_large ? 50 : 9), w = harness_between(random, 1, is_large ? 50 : 9);
    const int32_t block = harness_block(random);
    p->lrn.in = harness_tensor(random, n, c, h, w, block);
    p->lrn.out = harness_tensor(random, n, c, h, w, block);
    p->out = harness_tensor(random, n, c, h, w, block);
    p->lrn.size = harness_chance(random, 0.5) ? 5 : harness_between(random, 1, 40);
    p->lrn.alpha = harness_chance(random, 0.5) ? 1e-4f : harness_float(random, 0.01f, 3);
    p->lrn.beta =
        harness_chance(random, 0.7) ? 0.25f * (float)harness_between(random, 2, 4) : harness_float(random, 0.1f, 2);
    p->lrn.k = harness_chance(random, 0.5) ? 1.0f : harness_float(random, 0.1f, 3);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_lrn_gradient(&problem->lrn_gradient, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_lrn *p = &problem->lrn_gradient.lrn;
    snprintf(text, size, "size %d alpha %g beta %g k %g", p->size, (double)p->alpha, (double)p->beta, (double)p->k);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(
        *state, &(harness_operator){
                    .kind = OPS_LRN_GRADIENT, .draw = draw, .reference = reference, .describe = describe, .range = 5});
}

/* ---- The reference ------------------------------------------------------------------------------------------------------------- */

enum { IMAGES = 2, CHANNELS = 11, PIXELS = 3, COUNT = IMAGES * CHANNELS * PIXELS };

static void forward(const void *problem, const float *x, double *y) {
    double bounds[COUNT];
    reference_lrn(problem, x, y, bounds);
}

/* Windows with a middle and without one, narrow and wide. */
static void test_the_reference_is_the_derivative(void **state) {
    (void)state;
    const int32_t sizes[] = {1, 2, 4, 5, 30};
    const float betas[] = {0.5f, 0.75f, 1.3f};
    for (size_t i = 0; i < BASE_COUNT(sizes) * BASE_COUNT(betas); i++) {
        ops_lrn_gradient p = {.lrn = {.in = {.n = IMAGES, .c = CHANNELS, .h = 1, .w = PIXELS, .block = 1},
                                      .size = sizes[i % BASE_COUNT(sizes)],
                                      .alpha = 2.0f,
                                      .beta = betas[i / BASE_COUNT(sizes)],
                                      .k = 0.5f}};
        float x[COUNT], dy[COUNT];
        double numeric[COUNT], values[COUNT], bounds[COUNT];
        numeric_inputs(x, COUNT, i + 1);
        numeric_inputs(dy, COUNT, i + 100);
        numeric_gradient(forward, &p.lrn, x, COUNT, dy, COUNT, numeric);
        reference_lrn_gradient(&p, dy, x, values, bounds);
        for (int k = 0; k < COUNT; k++) assert_float_equal(values[k], numeric[k], 1e-6f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_the_reference_is_the_derivative),
    };
    return cmocka_run_group_tests_name("ops.lrn_gradient", tests, harness_open, harness_close);
}
