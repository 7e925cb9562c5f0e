/* Scale and shift: every candidate against the reference, in place too. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_affine *p = &problem->affine;
    int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 37), block = harness_block(random);
    int32_t h = harness_between(random, 1, 12), w = harness_between(random, 1, 12);
    p->in = harness_tensor(random, n, c, h, w, block);
    p->out = harness_chance(random, 0.5) ? p->in : harness_tensor(random, n, c, h, w, block);
    p->factor = harness_chance(random, 0.5) ? 1.0f : harness_float(random, -2, 2);
    p->offset = harness_chance(random, 0.5) ? 0.0f : harness_float(random, -2, 2);
    p->has_scale = harness_chance(random, 0.5);
    p->has_shift = harness_chance(random, 0.5);
    problem->given = harness_chance(random, 0.3);
    p->activation = harness_activation(random);
    p->slope = harness_float(random, -2, 2);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    reference_affine(&problem->affine, inputs[0], parameters[OPS_WEIGHT], parameters[OPS_BIAS], expected->values,
                     expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_affine *p = &problem->affine;
    snprintf(text, size, "factor %g offset %g scale %d shift %d activation %d slope %g", (double)p->factor,
             (double)p->offset, p->has_scale, p->has_shift, (int)p->activation, (double)p->slope);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state,
                  &(harness_operator){
                      .kind = OPS_AFFINE, .draw = draw, .reference = reference, .describe = describe, .range = 4});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_match_the_reference)};
    return cmocka_run_group_tests_name("ops.affine", tests, harness_open, harness_close);
}
