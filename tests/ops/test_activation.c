/* Activations on their own: every candidate against the reference, in place too. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_activation *p = &problem->activation;
    int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 37), block = harness_block(random);
    int32_t h = harness_between(random, 1, 12), w = harness_between(random, 1, 12);
    p->in = harness_tensor(random, n, c, h, w, block);
    p->out = harness_chance(random, 0.5) ? p->in : harness_tensor(random, n, c, h, w, block);
    p->kind = (clade_activation)harness_between(random, CLADE_RELU, CLADE_ERF);
    p->slope = harness_float(random, -2, 2);
    p->shared_slope = harness_chance(random, 0.5);
    problem->given = harness_chance(random, 0.5);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    reference_activation(&problem->activation, inputs[0], parameters[OPS_WEIGHT], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_activation *p = &problem->activation;
    snprintf(text, size, "activation %d slope %g%s", (int)p->kind, (double)p->slope, p->shared_slope ? " shared" : "");
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state,
                  &(harness_operator){
                      .kind = OPS_ACTIVATION, .draw = draw, .reference = reference, .describe = describe, .range = 12});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_match_the_reference)};
    return cmocka_run_group_tests_name("ops.activation", tests, harness_open, harness_close);
}
