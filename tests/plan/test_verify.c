/* Verifying finds what is wrong, and finds nothing wrong where nothing is. */
#include "plan/verify.h"
#include "plan/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>

static int open_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    fixture_open(f, "");
    *state = f;
    return 0;
}

static int close_fixture(void **state) {
    fixture_close(*state);
    free(*state);
    return 0;
}

static void differences_are_shares_of_the_largest_element(void **state) {
    (void)state;
    const float expected[] = {1.0f, -4.0f, 2.0f}, off[] = {1.0f, -4.0f, 3.0f}, not_a_number[] = {1.0f, NAN, 2.0f};
    const float zeros[3] = {0.0f};
    assert_true(plan_difference(expected, expected, 3) == 0.0f);
    assert_true(plan_difference(off, expected, 3) == 0.25f);
    assert_true(isinf(plan_difference(not_a_number, expected, 3)));
    assert_true(isinf(plan_difference(expected, not_a_number, 3)));
    assert_true(isinf(plan_difference(off, zeros, 3)));
    assert_true(plan_difference(zeros, zeros, 3) == 0.0f);
}

static void pack_something_else(const ops_problem *problem, const ops_constant *constant, const float *values,
                                float *packed) {
    (void)problem;
    (void)values;
    for (uint64_t i = 0; i < constant->elements; i++) packed[i] = 0.25f;
}

static void a_kernel_that_computes_something_else_is_wrong(void **state) {
    fixture *f = *state;
    clade_plan *plan = fixture_plan(f, &(clade_plan_settings){.dry_run = true});
    const plan_step *step = fixture_step(plan, "wide");
    ops_recipe generic, other = step->recipe;
    ops_reach reach;
    trial_bench bench;
    clade_verify_result result = {0};
    assert_int_equal(trial_bench_open(plan->env, context_rt(f->context), &bench), CLADE_OK);
    assert_int_equal(trial_bench_fit(&bench, &step->problem), CLADE_OK);
    assert_true(ops_problem_reach(&step->problem, &reach));
    const uint64_t count = (uint64_t)reach.output;
    float *expected = calloc(2 * count, sizeof *expected);
    assert_non_null(expected);
    assert_int_equal(ops_make(plan->env, &step->problem, rt_context_device(context_rt(f->context)),
                              ops_generic(step->problem.kind), &generic),
                     CLADE_OK);
    assert_int_equal(plan_run_into(&bench, &step->problem, &generic, expected, count), CLADE_OK);

    assert_int_equal(verify_recipe(&bench, &step->problem, &step->recipe, expected, expected + count, count, &result),
                     CLADE_OK);
    assert_true(result.right);
    other.constants[0].pack = pack_something_else;
    assert_int_equal(verify_recipe(&bench, &step->problem, &other, expected, expected + count, count, &result),
                     CLADE_OK);
    assert_false(result.right);
    assert_true(result.error > result.tolerance);
    other.launches[0].kernel = "no_such_kernel";
    assert_int_equal(verify_recipe(&bench, &step->problem, &other, expected, expected + count, count, &result),
                     CLADE_OK);
    assert_false(result.right);
    assert_int_not_equal(result.status, CLADE_OK);

    free(expected);
    trial_bench_close(&bench);
    clade_plan_destroy(&plan);
}

typedef struct tally {
    size_t results, taken, layers;
} tally;

static void count_result(void *user, const clade_verify_result *result) {
    tally *t = user;
    t->results++;
    t->taken += result->taken;
    if (result->taken) t->layers += result->layers;
    assert_true(result->right);
    assert_true(result->error <= result->tolerance);
    assert_string_equal(result->message, "");
}

static void every_kernel_of_every_layer_is_looked_at(void **state) {
    fixture *f = *state;
    tally t = {0};
    clade_verify_summary summary;
    const clade_verify_settings settings = {.result = count_result, .user = &t};
    assert_int_equal(clade_verify(f->graph, &settings, &summary), CLADE_OK);
    assert_int_equal(summary.kernels, t.results);
    assert_int_equal(summary.wrong + summary.failed, 0);
    assert_true(t.results > t.taken && t.taken >= 2); /* two convolutions, of which each has several kernels */
    clade_plan *plan = fixture_plan(f, &(clade_plan_settings){.dry_run = true});
    assert_true(t.layers <= clade_plan_step_count(plan));
    clade_plan_destroy(&plan);
    assert_int_equal(clade_verify(f->graph, &(clade_verify_settings){.reserved = {1}}, NULL),
                     CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_verify(NULL, NULL, &summary), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(summary.kernels, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_are_shares_of_the_largest_element),
        cmocka_unit_test_setup_teardown(a_kernel_that_computes_something_else_is_wrong, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(every_kernel_of_every_layer_is_looked_at, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
