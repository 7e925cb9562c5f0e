/* The choice of a candidate: the cheapest, the one asked for, refusals; and recipes that would not fit. No device needed. */
#include "ops/candidates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    base_env *env;
    int warnings;
    rt_device cpu;
    ops_problem pool; /* blocked by the CPU's vector width, so that both candidates apply */
} fixture;

static void count_warnings(void *user, clade_log_level level, const char *message) {
    (void)message;
    if (level == CLADE_LOG_WARNING) ((fixture *)user)->warnings++;
}

static int set_up(void **state) {
    static fixture f;
    f = (fixture){.cpu = {.type = CLADE_DEVICE_CPU,
                          .compute_units = 4,
                          .clock_mhz = 3000,
                          .float_width = 8,
                          .max_work_group = 1024,
                          .max_work_items = {1024, 1024, 1024}}};
    f.env = base_env_create(NULL, count_warnings, &f, CLADE_LOG_WARNING);
    ops_tensor tensor = {.n = 1, .c = 64, .h = 28, .w = 28, .block = 8, .batch_stride = 64 * 28 * 28};
    f.pool = (ops_problem){
        .kind = OPS_POOL,
        .pool = {.in = tensor, .out = tensor, .kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1}};
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    base_env_destroy(&((fixture *)*state)->env);
    return 0;
}

static void assert_message(const fixture *f, const char *part) {
    char message[512];
    base_message(f->env, message, sizeof message);
    if (!strstr(message, part)) fail_msg("no \"%s\" in \"%s\"", part, message);
}

static void test_the_cheapest_candidate_is_taken(void **state) {
    fixture *f = *state;
    ops_recipe recipe;
    assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, NULL, &recipe), CLADE_OK);
    assert_string_equal(recipe.candidate, "pool.rows");
    assert_string_equal(recipe.reason, "cheapest of 2");
}

static void test_a_candidate_that_does_not_apply_is_not_taken(void **state) {
    fixture *f = *state;
    ops_recipe recipe;
    f->pool.pool.in.block = f->pool.pool.out.block = 4;
    assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, NULL, &recipe), CLADE_OK);
    assert_string_equal(recipe.candidate, "pool.generic");
    assert_string_equal(recipe.reason, "the only one that applies");
}

static void test_a_restriction_is_followed(void **state) {
    fixture *f = *state;
    ops_recipe recipe;
    assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, "conv2d=generic,pool=generic", &recipe), CLADE_OK);
    assert_string_equal(recipe.candidate, "pool.generic");
    assert_string_equal(recipe.reason, "asked for");
    assert_int_equal(f->warnings, 0);
}

static void test_a_restriction_that_does_not_apply_is_passed_over_with_a_warning(void **state) {
    fixture *f = *state;
    ops_recipe recipe;
    f->cpu.type = CLADE_DEVICE_GPU;
    assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, "pool=rows", &recipe), CLADE_OK);
    assert_string_equal(recipe.candidate, "pool.generic");
    assert_int_equal(f->warnings, 1);
}

static void test_restrictions_are_checked(void **state) {
    fixture *f = *state;
    assert_int_equal(ops_check_restriction(f->env, NULL), CLADE_OK);
    assert_int_equal(ops_check_restriction(f->env, ""), CLADE_OK);
    assert_int_equal(ops_check_restriction(f->env, "pool=rows,lrn=generic"), CLADE_OK);
    assert_int_equal(ops_check_restriction(f->env, "pool"), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(ops_check_restriction(f->env, "pool=rows,,"), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(ops_check_restriction(f->env, "pooling=rows"), CLADE_ERROR_NOT_FOUND);
    assert_message(f, "\"pooling\": the operators are conv2d, pool, linear, ");
    assert_int_equal(ops_check_restriction(f->env, "pool=row"), CLADE_ERROR_NOT_FOUND);
    assert_message(f, "pool to kernel \"row\": there are rows, generic");
}

static void test_tensors_beyond_32_bits_are_refused(void **state) {
    fixture *f = *state;
    ops_recipe recipe;
    f->pool.pool.in.n = f->pool.pool.out.n = 2;
    f->pool.pool.in.batch_stride = INT64_C(0x80000000) - 64 * 28 * 28;
    assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, NULL, &recipe), CLADE_ERROR_UNSUPPORTED);
    assert_message(f, "pool with a tensor of 2147483648 elements: at most 2147483647");
    f->pool.pool.in.batch_stride--;
    assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, NULL, &recipe), CLADE_OK);
    f->pool.pool.in.n = 3;
    f->pool.pool.in.batch_stride = INT64_MAX;
    assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, NULL, &recipe), CLADE_ERROR_UNSUPPORTED);
    assert_message(f, "overflow");
}

static void test_groups_fit_devices_that_allow_small_ones_only(void **state) {
    fixture *f = *state;
    ops_recipe recipe;
    const uint64_t limits[] = {1, 7, 64, 4096};
    const size_t groups[] = {1, 4, 64, 64};
    for (size_t i = 0; i < BASE_COUNT(limits); i++) {
        f->cpu.max_work_group = limits[i];
        f->cpu.max_work_items[0] = 4096;
        assert_int_equal(ops_select(f->env, &f->pool, &f->cpu, "pool=generic", &recipe), CLADE_OK);
        assert_int_equal(recipe.launches[0].local[0], groups[i]);
        assert_int_equal(recipe.launches[0].global[0] % groups[i], 0);
        assert_true(recipe.launches[0].global[0] >= 64 * 28 * 28);
    }
}

/* ---- Recipes that pass the ends of their arrays are defects, and are refused --------------------------------------------------- */

static double cost_nothing(const ops_problem *problem, const rt_device *device) {
    (void)problem, (void)device;
    return 0.0;
}

static clade_status make_too_many_arguments(base_env *env, const ops_problem *problem, const rt_device *device,
                                            ops_recipe *recipe_out) {
    (void)env, (void)problem, (void)device;
    ops_launch *launch = ops_add_launch(recipe_out, "none.cl", "none");
    for (int i = 0; i <= OPS_MAX_ARGUMENTS; i++) ops_add_int(launch, i);
    return CLADE_OK;
}

static clade_status make_too_many_launches(base_env *env, const ops_problem *problem, const rt_device *device,
                                           ops_recipe *recipe_out) {
    (void)env, (void)problem, (void)device;
    for (int i = 0; i <= OPS_MAX_LAUNCHES; i++) ops_add_launch(recipe_out, "none.cl", "none");
    return CLADE_OK;
}

static clade_status make_too_many_constants(base_env *env, const ops_problem *problem, const rt_device *device,
                                            ops_recipe *recipe_out) {
    (void)env, (void)problem, (void)device;
    for (int i = 0; i <= OPS_MAX_CONSTANTS; i++) ops_add_channels(recipe_out, OPS_BIAS, 1, 1);
    return CLADE_OK;
}

static clade_status make_too_many_options(base_env *env, const ops_problem *problem, const rt_device *device,
                                          ops_recipe *recipe_out) {
    (void)env, (void)problem, (void)device;
    ops_launch *launch = ops_add_launch(recipe_out, "none.cl", "none");
    for (int i = 0; i < OPS_OPTIONS_SIZE / 8; i++) ops_define(launch, "NAME", i);
    return CLADE_OK;
}

static void test_recipes_that_do_not_fit_are_refused(void **state) {
    fixture *f = *state;
    ops_recipe recipe;
    clade_status (*const makes[])(base_env *, const ops_problem *, const rt_device *, ops_recipe *) = {
        make_too_many_arguments, make_too_many_launches, make_too_many_constants, make_too_many_options};
    for (size_t i = 0; i < BASE_COUNT(makes); i++) {
        ops_candidate candidate = {.name = "test", .cost = cost_nothing, .make = makes[i]};
        assert_int_equal(ops_make(f->env, &f->pool, &f->cpu, &candidate, &recipe), CLADE_ERROR_INTERNAL);
        assert_message(f, "recipe of pool.test");
    }
}

/* ---- In place ----------------------------------------------------------------------------------------------------------------- */

static void test_in_place_is_for_elementwise_operators_with_one_layout(void **state) {
    (void)state;
    ops_tensor tensor = {.n = 2, .c = 8, .h = 4, .w = 4, .block = 8, .batch_stride = 128}, slice = tensor;
    slice.batch_stride = 256;
    ops_problem relu = {.kind = OPS_ACTIVATION, .activation = {.in = tensor, .out = tensor, .kind = CLADE_RELU}};
    assert_true(ops_in_place(&relu, 0));
    relu.activation.out = slice;
    assert_false(ops_in_place(&relu, 0));
    ops_problem lrn = {.kind = OPS_LRN, .lrn = {.in = tensor, .out = tensor, .size = 5}};
    assert_false(ops_in_place(&lrn, 0));
    ops_problem add = {
        .kind = OPS_BINARY,
        .binary = {.rank = 2, .dims = {4, 5}, .stride_a = {5, 1}, .stride_b = {0, 1}, .stride_out = {5, 1}}};
    assert_true(ops_in_place(&add, 0));
    assert_false(ops_in_place(&add, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_cheapest_candidate_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_candidate_that_does_not_apply_is_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_restriction_is_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_restriction_that_does_not_apply_is_passed_over_with_a_warning, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_restrictions_are_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tensors_beyond_32_bits_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_groups_fit_devices_that_allow_small_ones_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_recipes_that_do_not_fit_are_refused, set_up, tear_down),
        cmocka_unit_test(test_in_place_is_for_elementwise_operators_with_one_layout),
    };
    return cmocka_run_group_tests_name("ops.select", tests, NULL, NULL);
}
