/* Verifying finds what is wrong, and finds nothing wrong where nothing is. */
#include "plan/verify.h"
#include "plan/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

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
    size_t results, taken, layers, networks, plans;
} tally;

static void count_result(void *user, const clade_verify_result *result) {
    tally *t = user;
    t->results++;
    const bool is_network = strcmp(result->kernel, "network") == 0, is_plan = strcmp(result->kernel, "plan") == 0;
    t->networks += is_network;
    t->plans += is_plan;
    if (is_network || is_plan) assert_string_equal(result->layer, "output");
    if (is_network) assert_true(result->tolerance == 0.0f);
    if (result->taken && !is_network && !is_plan) t->taken++, t->layers += result->layers;
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
    assert_int_equal(t.networks, plan->network.count > 0);
    assert_int_equal(t.plans, 1);
    clade_plan_destroy(&plan);
    assert_int_equal(clade_verify(f->graph, &(clade_verify_settings){.reserved = {1}}, NULL),
                     CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_verify(NULL, NULL, &summary), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(summary.kernels, 0);
}

/* Without weights the whole is verified all the same, and with some it is with these: those below overflow in float16, and
 * a plan that stores them so differs from one that does not. */
static void the_whole_is_verified_with_the_graphs_weights(void **state) {
    fixture *f = *state;
    clade_graph *bare = NULL;
    clade_tensor x = {-1};
    clade_verify_summary summary;
    const float large[] = {1e-3f, 7e4f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f}, zero[2] = {0};
    const clade_array weight = {CLADE_FLOAT32, {2, {2, 4}}, (void *)(uintptr_t)large};
    const clade_array bias = {CLADE_FLOAT32, {1, {2}}, (void *)(uintptr_t)zero};
    const clade_plan_settings narrow = {.weights = CLADE_FLOAT16};
    assert_int_equal(clade_graph_create(f->context, &bare), CLADE_OK);
    assert_int_equal(clade_graph_input(bare, "input", (clade_shape){2, {CLADE_BATCH, 4}}, &x), CLADE_OK);
    assert_int_equal(clade_graph_linear(bare, x, &(clade_linear_settings){.name = "fc", .features = 2}, &x), CLADE_OK);
    assert_int_equal(clade_graph_output(bare, x, "output"), CLADE_OK);
    assert_int_equal(clade_verify(bare, &(clade_verify_settings){.plan = &narrow}, &summary), CLADE_OK);
    assert_int_equal(summary.wrong, 0);
    clade_tensor parameter = {-1};
    clade_tensor_info info;
    assert_int_equal(clade_graph_find_tensor(bare, "fc.weight", &parameter), CLADE_OK);
    assert_int_equal(clade_graph_tensor(bare, parameter, &info), CLADE_OK);
    assert_false(info.has_value);
    assert_int_equal(clade_graph_set_parameter(bare, "fc.weight", &weight), CLADE_OK);
    assert_int_equal(clade_graph_set_parameter(bare, "fc.bias", &bias), CLADE_OK);
    assert_int_equal(clade_verify(bare, &(clade_verify_settings){.plan = &narrow}, &summary), CLADE_OK);
    assert_int_equal(summary.wrong, 1);
    clade_graph_destroy(&bare);
}

static void plans_that_put_out_something_else_are_wrong(void **state) {
    fixture *f = *state;
    clade_plan *plan = fixture_plan(f, NULL), *other = NULL;
    clade_verify_result result = {0};
    assert_int_equal(verify_outputs(plan, plan, 0.0f, &result), CLADE_OK);
    assert_true(result.right && result.error == 0.0f);
    const float biases[FIXTURE_CLASSES] = {0.5f};
    const clade_array bias = {CLADE_FLOAT32, {1, {FIXTURE_CLASSES}}, (void *)(uintptr_t)biases};
    assert_int_equal(clade_graph_set_parameter(f->graph, "fc.bias", &bias), CLADE_OK);
    other = fixture_plan(f, NULL);
    assert_int_equal(verify_outputs(plan, other, 1e-4f, &result), CLADE_OK);
    assert_false(result.right);
    assert_true(result.error > 1e-4f);
    assert_string_equal(result.layer, "output");
    clade_plan_destroy(&other);
    clade_plan_destroy(&plan);
}

static void a_network_that_was_rejected_is_taken_apart(void **state) {
    fixture *f = *state;
    clade_plan *plan = fixture_plan(f, NULL);
    const bool has_network = plan->network.count > 0;
    if (has_network) assert_int_equal(plan_reject_network(plan), CLADE_OK);
    clade_plan_destroy(&plan);
    if (!has_network) return; /* a device that does not take networks in one launch */
    plan = fixture_plan(f, NULL);
    assert_int_equal(plan->network.count, 0);
    assert_non_null(strstr(f->warning, "one launch"));
    clade_plan_destroy(&plan);

    clade_verify_summary summary;
    assert_int_equal(clade_verify(f->graph, NULL, &summary), CLADE_OK);
    assert_int_equal(summary.failed, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_are_shares_of_the_largest_element),
        cmocka_unit_test_setup_teardown(a_kernel_that_computes_something_else_is_wrong, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(the_whole_is_verified_with_the_graphs_weights, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(plans_that_put_out_something_else_are_wrong, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_network_that_was_rejected_is_taken_apart, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(every_kernel_of_every_layer_is_looked_at, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
