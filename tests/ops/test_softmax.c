/* Softmax and its logarithm: every candidate against the reference, and what holds of any softmax. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_softmax *p = &problem->softmax;
    p->outer = harness_between(random, 1, 40);
    p->length = harness_chance(random, 0.2) ? harness_between(random, 1, 1100) : harness_between(random, 1, 40);
    p->inner = harness_chance(random, 0.6) ? 1 : harness_between(random, 2, 9);
    p->in_stride = p->length * p->inner + (harness_chance(random, 0.3) ? 3 : 0);
    p->out_stride = p->length * p->inner + (harness_chance(random, 0.3) ? 5 : 0);
    p->logarithm = harness_chance(random, 0.5);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_softmax(&problem->softmax, inputs[0], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_softmax *p = &problem->softmax;
    snprintf(text, size, "[%lld, %lld, %lld]%s", (long long)p->outer, (long long)p->length, (long long)p->inner,
             p->logarithm ? " logarithm" : "");
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state,
                  &(harness_operator){
                      .kind = OPS_SOFTMAX, .draw = draw, .reference = reference, .describe = describe, .range = 60});
}

/* Adding a number to a row changes nothing, and no row overflows: exp(1000) is far beyond float32. */
static void test_a_shifted_row_gives_the_same_distribution(void **state) {
    enum { LENGTH = 37 };
    harness *h = *state;
    float row[LENGTH], out[LENGTH];
    ops_problem problem = {
        .kind = OPS_SOFTMAX,
        .softmax = {.outer = 1, .length = LENGTH, .inner = 1, .in_stride = LENGTH, .out_stride = LENGTH}};
    const float shifts[] = {0, 1000, -1000};
    float first[LENGTH];
    for (size_t s = 0; s < BASE_COUNT(shifts); s++) {
        for (int i = 0; i < LENGTH; i++) row[i] = shifts[s] + (float)(i % 7) * 0.5f;
        if (!harness_run(h, &(harness_run_settings){.problem = &problem, .inputs = {row}}, out))
            fail_msg("%s", h->fault);
        float sum = 0;
        for (int i = 0; i < LENGTH; i++) {
            sum += out[i];
            if (s == 0) first[i] = out[i];
            assert_float_equal(out[i], first[i], 1e-6f);
        }
        assert_float_equal(sum, 1, 1e-5f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_a_shifted_row_gives_the_same_distribution),
    };
    return cmocka_run_group_tests_name("ops.softmax", tests, harness_open, harness_close);
}
