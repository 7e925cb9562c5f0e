/* Gradients of activations: every candidate against the reference, in place too, and the reference against differences. */
#include "ops/harness.h"
#include "reference/activation.h"
#include "reference/gradients.h"
#include "reference/numeric_gradient.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_activation_gradient *p = &problem->activation_gradient;
    const int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 37), block = harness_block(random);
    const int32_t h = harness_between(random, 1, 12), w = harness_between(random, 1, 12);
    p->in = harness_tensor(random, n, c, h, w, block);
    p->out = harness_chance(random, 0.5) ? p->in : harness_tensor(random, n, c, h, w, block);
    p->of = harness_chance(random, 0.5) ? p->in : harness_tensor(random, n, c, h, w, block);
    p->kind = (clade_activation)harness_between(random, CLADE_ACTIVATION_NONE, CLADE_PRELU);
    p->slope = harness_float(random, 0, 2);
    p->shared_slope = harness_chance(random, 0.5);
    problem->given = p->kind == CLADE_PRELU && harness_chance(random, 0.5);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    reference_activation_gradient(&problem->activation_gradient, inputs[0], inputs[1], parameters[OPS_WEIGHT],
                                  expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_activation_gradient *p = &problem->activation_gradient;
    snprintf(text, size, "activation %d slope %g%s%s", (int)p->kind, (double)p->slope, p->shared_slope ? " shared" : "",
             problem->given ? " given" : "");
}

/* With values at the kinks, 0 and 6. */
static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_ACTIVATION_GRADIENT,
                                              .draw = draw,
                                              .reference = reference,
                                              .describe = describe,
                                              .range = 8,
                                              .grid = 1});
}

/* ---- The reference ------------------------------------------------------------------------------------------------------------- */

enum { COUNT = 2000 }; /* from -15.6 to 15.6 */

static void activate(const void *problem, const float *x, double *y) {
    const ops_activation_gradient *p = problem;
    y[0] = reference_activate(p->kind, *x, p->slope);
}

static void test_the_reference_is_the_derivative(void **state) {
    (void)state;
    const ops_tensor tensor = {.n = 1, .c = 1, .h = 1, .w = 1, .block = 1, .batch_stride = 1};
    float x[COUNT];
    numeric_inputs(x, COUNT, 1);
    for (clade_activation kind = CLADE_ACTIVATION_NONE; kind <= CLADE_PRELU; kind++)
        for (int i = 0; i < COUNT; i++) {
            const ops_activation_gradient p = {.in = tensor, .of = tensor, .kind = kind, .slope = 0.3f};
            double y, numeric, value, bound;
            const float dy = 0.7f;
            activate(&p, &x[i], &y);
            numeric_gradient(activate, &p, &x[i], 1, &dy, 1, &numeric);
            const float of = kind == CLADE_PRELU ? x[i] : (float)y; /* as the device has it */
            reference_activation_gradient(&p, &dy, &of, &p.slope, &value, &bound);
            assert_float_equal(value, numeric, 1e-6f);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_the_reference_is_the_derivative),
    };
    return cmocka_run_group_tests_name("ops.activation_gradient", tests, harness_open, harness_close);
}
