/* test_linear_weights.c: the gradient of a fully connected layer's weight, every candidate against double precision. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_linear_weights *p = &problem->linear_weights;
    p->rows = harness_chance(random, 0.2) ? 1 : harness_between(random, 2, 70);
    p->inputs = harness_chance(random, 0.1) ? 1 : harness_between(random, 2, 150);
    p->features = harness_chance(random, 0.1) ? 1 : harness_between(random, 2, 100);
    p->in_stride = p->inputs + (harness_chance(random, 0.5) ? harness_between(random, 1, 20) : 0);
    p->out_stride = p->features + (harness_chance(random, 0.5) ? harness_between(random, 1, 20) : 0);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_linear_weights(&problem->linear_weights, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_linear_weights *p = &problem->linear_weights;
    snprintf(text, size, "rows %d inputs %d features %d strides %lld, %lld", p->rows, p->inputs, p->features,
             (long long)p->in_stride, (long long)p->out_stride);
}

static void every_candidate_agrees_with_double_precision(void **state) {
    harness_check(*state, &(harness_operator){
                              .kind = OPS_LINEAR_WEIGHTS, .draw = draw, .reference = reference, .describe = describe});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_candidate_agrees_with_double_precision)};
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
