/* Gradients of softmax and its logarithm: every candidate against the reference, in place too, and the reference against
 * differences. */
#include "ops/harness.h"
#include "reference/gradients.h"
#include "reference/numeric_gradient.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_softmax_gradient *p = &problem->softmax_gradient;
    ops_softmax *softmax = &p->softmax;
    softmax->outer = harness_between(random, 1, 40);
    softmax->length = harness_chance(random, 0.2) ? harness_between(random, 1, 1100) : harness_between(random, 1, 40);
    softmax->inner = harness_chance(random, 0.6) ? 1 : harness_between(random, 2, 9);
    const int64_t dense = softmax->length * softmax->inner;
    softmax->in_stride = dense + (harness_chance(random, 0.3) ? 3 : 0);
    softmax->out_stride = harness_chance(random, 0.5) ? softmax->in_stride : dense + 5;
    p->of_stride = dense + (harness_chance(random, 0.3) ? 2 : 0);
    softmax->logarithm = harness_chance(random, 0.5);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_softmax_gradient(&problem->softmax_gradient, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_softmax *p = &problem->softmax_gradient.softmax;
    snprintf(text, size, "[%lld, %lld, %lld]%s", (long long)p->outer, (long long)p->length, (long long)p->inner,
             p->logarithm ? " logarithm" : "");
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(
        *state,
        &(harness_operator){
            .kind = OPS_SOFTMAX_GRADIENT, .draw = draw, .reference = reference, .describe = describe, .range = 4});
}

/* ---- The reference ------------------------------------------------------------------------------------------------------------- */

enum { OUTER = 3, LENGTH = 7, INNER = 2, COUNT = OUTER * LENGTH * INNER };

static void forward(const void *problem, const float *x, double *y) {
    double bounds[COUNT];
    reference_softmax(problem, x, y, bounds);
}

static void test_the_reference_is_the_derivative(void **state) {
    (void)state;
    for (int logarithm = 0; logarithm < 2; logarithm++) {
        const int64_t stride = LENGTH * INNER;
        const ops_softmax_gradient p = {.softmax = {.outer = OUTER,
                                                    .length = LENGTH,
                                                    .inner = INNER,
                                                    .in_stride = stride,
                                                    .out_stride = stride,
                                                    .logarithm = logarithm},
                                        .of_stride = stride};
        float x[COUNT], dy[COUNT], rounded[COUNT];
        double y[COUNT], numeric[COUNT], values[COUNT], bounds[COUNT];
        numeric_inputs(x, COUNT, 1);
        numeric_inputs(dy, COUNT, 2);
        numeric_gradient(forward, &p.softmax, x, COUNT, dy, COUNT, numeric);
        forward(&p.softmax, x, y);
        for (int i = 0; i < COUNT; i++) rounded[i] = (float)y[i]; /* as the device has it */
        reference_softmax_gradient(&p, dy, rounded, values, bounds);
        for (int i = 0; i < COUNT; i++) assert_float_equal(values[i], numeric[i], 1e-6f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_the_reference_is_the_derivative),
    };
    return cmocka_run_group_tests_name("ops.softmax_gradient", tests, harness_open, harness_close);
}
