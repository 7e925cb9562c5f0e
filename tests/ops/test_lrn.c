/* Local response normalisation: every candidate against the reference, windows wider than the tensor or a block included. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_lrn *p = &problem->lrn;
    int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 50), block = harness_block(random);
    int32_t h = harness_between(random, 1, 9), w = harness_between(random, 1, 9);
    p->in = harness_tensor(random, n, c, h, w, block);
    p->out = harness_tensor(random, n, c, h, w, block);
    p->size = harness_chance(random, 0.5) ? 5 : harness_between(random, 1, 40);
    p->alpha = harness_chance(random, 0.5) ? 1e-4f : harness_float(random, 0.01f, 3);
    p->beta =
        harness_chance(random, 0.7) ? 0.25f * (float)harness_between(random, 2, 4) : harness_float(random, 0.1f, 2);
    p->k = harness_chance(random, 0.5) ? 1.0f : harness_float(random, 0.1f, 3);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_lrn(&problem->lrn, inputs[0], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_lrn *p = &problem->lrn;
    snprintf(text, size, "size %d alpha %g beta %g k %g", p->size, (double)p->alpha, (double)p->beta, (double)p->k);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state, &(harness_operator){
                              .kind = OPS_LRN, .draw = draw, .reference = reference, .describe = describe, .range = 5});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_match_the_reference)};
    return cmocka_run_group_tests_name("ops.lrn", tests, harness_open, harness_close);
}
