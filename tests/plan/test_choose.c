/* Which kernel a step gets: what tuning kept is taken, nonsense that is kept is not, what computes wrong results is passed over,
 * and a memory limit makes way for leaner kernels in the order of what they cost. */
#include "plan/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const clade_plan_settings dry = {.dry_run = true}, untuned = {.dry_run = true, .tuning = CLADE_TUNING_OFF};

/* One context for all tests, so that programs are built once; what a test keeps it takes back by an empty text. */
static int set_up(void **state) {
    static fixture f;
    fixture_open(&f, "");
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    fixture_close(*state);
    return 0;
}

static void assert_kernel(const fixture *f, const clade_plan_settings *settings, const char *node, const char *kernel,
                          const char *reason) {
    clade_plan *plan = fixture_plan(f, settings);
    const plan_step *step = fixture_step(plan, node);
    assert_string_equal(step->recipe.candidate, kernel);
    if (!strstr(step->recipe.reason, reason)) fail_msg("no \"%s\" in \"%s\"", reason, step->recipe.reason);
    clade_plan_destroy(&plan);
}

/* What the cost model takes, and the name of the row that would change it. */
static void find_row(const fixture *f, const char *node, char kernel[48], char name[PLAN_ROW_NAME]) {
    clade_plan *plan = fixture_plan(f, &untuned);
    const plan_step *step = fixture_step(plan, node);
    snprintf(kernel, 48, "%s", step->recipe.candidate);
    assert_true(plan_row_name(&step->problem, name, PLAN_ROW_NAME));
    clade_plan_destroy(&plan);
}

/* ---- Tuned rows ----------------------------------------------------------------------------------------------------------------- */

static void a_tuned_row_is_taken_and_says_so(void **state) {
    fixture *f = *state;
    char before[48], name[PLAN_ROW_NAME];
    find_row(f, "wide", before, name);
    fixture_write(f, name, "1.500 ms, gain 2.000, generic");
    assert_kernel(f, &dry, "wide", "conv2d.generic", "tuned: 1.5 ms, 2.00 times as fast");
    assert_kernel(f, &untuned, "wide", before, "");
    fixture_write(f, name, "");
    assert_kernel(f, &dry, "wide", before, "");
}

static void rows_that_make_no_sense_are_ignored(void **state) {
    fixture *f = *state;
    char before[48], name[PLAN_ROW_NAME];
    find_row(f, "wide", before, name);
    const char *const bad[] = {
        "",
        "generic",
        "1.500 ms, gain 2.000, ",
        "1.500 ms, gain 2.000, nosuch",
        "nan ms, gain 2.000, generic",
        "1.500 ms, gain inf, generic",
        "1.500 ms, gain 2.000, generic 3",
        "1.500 ms, gain 2.000, direct 1000x1000",
        "1.500 ms, gain 2.000, direct_planar",
        ("1.500 ms, gain 2.000, "
         "a_candidate_whose_name_is_much_longer_than_any_name_that_a_candidate_may_ever_have_here")};
    for (size_t i = 0; i < BASE_COUNT(bad); i++) {
        fixture_write(f, name, bad[i]);
        assert_kernel(f, &dry, "wide", before, "");
    }
    fixture_write(f, name, "");
}

static void the_callers_own_choice_stands_before_a_tuned_row(void **state) {
    fixture *f = *state;
    char before[48], name[PLAN_ROW_NAME], kernels[64];
    find_row(f, "wide", before, name);
    fixture_write(f, name, "1.500 ms, gain 2.000, generic");
    snprintf(kernels, sizeof kernels, "conv2d=%s", strchr(before, '.') + 1);
    assert_kernel(f, &(clade_plan_settings){.dry_run = true, .kernels = kernels}, "wide", before, "asked for");
    fixture_write(f, name, "");
}

static void tuning_levels_are_checked(void **state) {
    fixture *f = *state;
    clade_plan *plan;
    assert_int_equal(clade_plan_create(f->graph, &(clade_plan_settings){.tuning = (clade_tuning)9}, &plan),
                     CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(plan);
}

/* ---- Checks ---------------------------------------------------------------------------------------------------------------------- */

static void pack_something_else(const ops_problem *problem, const ops_constant *constant, const float *values,
                                float *packed) {
    (void)problem;
    (void)values;
    for (uint64_t i = 0; i < constant->elements; i++) packed[i] = 0.25f;
}

/* Two real kernels agree; one that gets other weights than it should does not. */
static void a_kernel_that_computes_something_else_is_found_out(void **state) {
    fixture *f = *state;
    rt_context *rt = context_rt(f->context);
    clade_plan *plan = fixture_plan(f, &untuned);
    const plan_step *step = fixture_step(plan, "wide");
    bool agrees = false;
    assert_int_equal(plan_compare(plan->env, rt, &step->problem, &step->recipe, &agrees), CLADE_OK);
    assert_true(agrees);
    ops_recipe wrong = step->recipe;
    wrong.constants[0].pack = pack_something_else;
    assert_int_equal(plan_compare(plan->env, rt, &step->problem, &wrong, &agrees), CLADE_OK);
    assert_false(agrees);
    clade_plan_destroy(&plan);
}

/* The step "wide" with its weight given: as an input behind a gap, packed in the workspace. */
static void kernels_whose_parameters_are_given_are_checked_too(void **state) {
    fixture *f = *state;
    rt_context *rt = context_rt(f->context);
    clade_plan *plan = fixture_plan(f, &untuned);
    const rt_device *device = rt_context_device(rt);
    ops_problem problem = fixture_step(plan, "wide")->problem;
    problem.given = true;
    for (int turned = 0; turned < 2; turned++) {
        ops_reach reach;
        ops_recipe recipe;
        bool agrees = false;
        problem.conv2d.weight_turned = turned;
        assert_true(ops_problem_reach(&problem, &reach));
        assert_int_equal(reach.inputs[2], 0);
        assert_int_equal(reach.inputs[OPS_GIVEN_WEIGHT], ops_parameter_elements(&problem, OPS_WEIGHT));
        assert_int_equal(ops_select(plan->env, &problem, device, NULL, &recipe), CLADE_OK);
        assert_int_equal(recipe.constant_count, 0);
        assert_int_equal(plan_compare(plan->env, rt, &problem, &recipe, &agrees), CLADE_OK);
        assert_true(agrees);
    }
    clade_plan_destroy(&plan);
}

static void a_plan_keeps_a_verdict_on_each_of_its_kernels(void **state) {
    fixture *f = *state;
    f->warnings = 0;
    clade_plan *plan = fixture_plan(f, &(clade_plan_settings){.disabled_passes = CLADE_PASS_NETWORK});
    for (size_t i = 0; i < plan->step_count; i++)
        assert_int_equal(
            plan_find_verdict(plan->env, context_rt(f->context), &plan->steps[i].problem, &plan->steps[i].recipe),
            PLAN_TRUSTED);
    clade_plan_destroy(&plan);
    assert_int_equal(f->warnings, 0);
}

static void a_kernel_known_to_be_wrong_is_passed_over_with_a_warning(void **state) {
    fixture *f = *state;
    char verdict[PLAN_VERDICT_NAME], before[48];
    float output[FIXTURE_CLASSES];
    clade_plan *plan = fixture_plan(f, &untuned);
    const plan_step *step = fixture_step(plan, "wide");
    snprintf(before, sizeof before, "%s", step->recipe.candidate);
    const bool has_verdict =
        plan_verdict_name(plan->env, context_rt(f->context), &step->problem, &step->recipe, verdict);
    clade_plan_destroy(&plan);
    if (!has_verdict) skip(); /* this device has the generic kernel only */
    fixture_write(f, verdict, "wrong");
    plan = fixture_plan(f, NULL);
    assert_string_not_equal(fixture_step(plan, "wide")->recipe.candidate, before);
    assert_true(f->warnings > 0);
    assert_non_null(strstr(f->warning, before));
    assert_non_null(strstr(f->warning, "wrong results"));
    fixture_run(plan, output);
    clade_plan_destroy(&plan);
    fixture_write(f, verdict, "whatever"); /* no verdict: checked again, and right */
    plan = fixture_plan(f, &(clade_plan_settings){.disabled_passes = CLADE_PASS_NETWORK});
    assert_int_equal(plan_find_verdict(plan->env, context_rt(f->context), &fixture_step(plan, "wide")->problem,
                                       &fixture_step(plan, "wide")->recipe),
                     PLAN_TRUSTED);
    assert_string_equal(fixture_step(plan, "wide")->recipe.candidate, before);
    clade_plan_destroy(&plan);
}

/* One kernel of the program is made to compute something else than its problem asks for. */
static void a_network_that_computes_something_else_is_taken_apart(void **state) {
    fixture *f = *state;
    clade_plan *plan = fixture_plan(f, &(clade_plan_settings){.tuning = CLADE_TUNING_OFF});
    if (plan->network.count == 0) {
        clade_plan_destroy(&plan);
        skip(); /* not on this device */
    }
    f->warnings = 0;
    assert_int_equal(plan_check_network(plan), CLADE_OK);
    assert_true(plan->network.count > 0);
    assert_int_equal(f->warnings, 0);
    const size_t index = (size_t)(fixture_step(plan, "wide") - plan->steps);
    char *activation = strstr(plan->steps[index].recipe.launches[0].options, "-D ACTIVATION=0");
    assert_non_null(activation);
    activation[strlen("-D ACTIVATION=")] = '1';
    plan_network_free(plan);
    assert_int_equal(plan_network_make(plan), CLADE_OK);
    for (int again = 0; again < 2; again++) { /* found out the first time, and known the second */
        assert_int_equal(plan_check_network(plan), CLADE_OK);
        assert_int_equal(plan->network.count, 0);
        assert_non_null(strstr(f->warning, "network"));
        assert_int_equal(f->warnings, again + 1);
        assert_int_equal(plan_network_make(plan), CLADE_OK);
    }
    clade_plan_destroy(&plan);
}

/* ---- Memory limits ----------------------------------------------------------------------------------------------------------------- */

static uint64_t bytes_of(const clade_plan *plan) { return plan->memory.weights + plan->memory.arena; }

static bool is_lean(const clade_plan *plan, const char *node) {
    return strstr(fixture_step(plan, node)->recipe.reason, "memory limit") != NULL;
}

/* Transformed weights of "deep" are large and save little time, for it has few pixels; those of "wide" are small. */
static void memory_is_saved_where_it_costs_least_time(void **state) {
    fixture *f = *state;
    clade_plan_settings limited = {.kernels = "linear=generic"}; /* whose packed weights could be saved, too */
    clade_plan *plan = fixture_plan(f, &limited);
    const uint64_t all = bytes_of(plan);
    const bool has_choice = fixture_step(plan, "deep")->recipe.error_growth > 0.0f &&
                            fixture_step(plan, "wide")->recipe.error_growth > 0.0f;
    clade_plan_destroy(&plan);
    if (!has_choice) skip(); /* no kernels with transformed weights here */

    limited.memory_limit = all - 1;
    plan = fixture_plan(f, &limited);
    assert_true(bytes_of(plan) < all);
    assert_true(is_lean(plan, "deep"));
    assert_false(is_lean(plan, "wide"));
    float lean[FIXTURE_CLASSES], expected[FIXTURE_CLASSES], largest = 0.0f;
    fixture_run(plan, lean);
    uint64_t less = bytes_of(plan);
    clade_plan_destroy(&plan);
    plan = fixture_plan(f, &(clade_plan_settings){.kernels = "conv2d=generic"});
    fixture_run(plan, expected);
    clade_plan_destroy(&plan);
    for (int i = 0; i < FIXTURE_CLASSES; i++) largest = fmaxf(largest, fabsf(expected[i]));
    for (int i = 0; i < FIXTURE_CLASSES; i++) assert_true(fabsf(lean[i] - expected[i]) <= 1e-4f * largest);

    /* further down until nothing is left to save; every plan keeps to its limit, and all but the last say so */
    clade_status status = CLADE_OK;
    int steps = 0;
    for (limited.dry_run = true; status == CLADE_OK; steps++) {
        limited.memory_limit = less - 1;
        status = clade_plan_create(f->graph, &limited, &plan);
        if (status != CLADE_OK) break;
        assert_true(bytes_of(plan) <= limited.memory_limit);
        less = bytes_of(plan);
        clade_plan_destroy(&plan);
    }
    assert_true(steps >= 1 && steps < 50);
    assert_int_equal(status, CLADE_ERROR_MEMORY_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tuned_row_is_taken_and_says_so),
        cmocka_unit_test(rows_that_make_no_sense_are_ignored),
        cmocka_unit_test(the_callers_own_choice_stands_before_a_tuned_row),
        cmocka_unit_test(tuning_levels_are_checked),
        cmocka_unit_test(a_kernel_that_computes_something_else_is_found_out),
        cmocka_unit_test(kernels_whose_parameters_are_given_are_checked_too),
        cmocka_unit_test(a_plan_keeps_a_verdict_on_each_of_its_kernels),
        cmocka_unit_test(a_kernel_known_to_be_wrong_is_passed_over_with_a_warning),
        cmocka_unit_test(a_network_that_computes_something_else_is_taken_apart),
        cmocka_unit_test(memory_is_saved_where_it_costs_least_time),
    };
    return cmocka_run_group_tests_name("plan.choose", tests, set_up, tear_down);
}
