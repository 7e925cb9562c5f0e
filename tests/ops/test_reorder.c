/* Changing the layout: every candidate moves every element to its place and nothing else; the harness knows both layouts. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_reorder *p = &problem->reorder;
    int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 50);
    int32_t h = harness_between(random, 1, 20), w = harness_between(random, 1, 20);
    int32_t from = harness_block(random), to = harness_block(random);
    if (harness_chance(random, 0.4)) from = 1;
    if (harness_chance(random, 0.4)) to = 1;
    p->in = harness_tensor(random, n, c, h, w, from);
    p->out = harness_tensor(random, n, c, h, w, to);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_reorder(&problem->reorder, inputs[0], expected->values, expected->bounds);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_REORDER, .draw = draw, .reference = reference});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_match_the_reference)};
    return cmocka_run_group_tests_name("ops.reorder", tests, harness_open, harness_close);
}
