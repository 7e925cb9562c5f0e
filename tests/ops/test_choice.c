/* Candidates with variants: their order, that variants are heeded, and that words for them are read back. No device needed. */
#include "ops/ops.h"
#include "shared/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 64 };

static const rt_device cpu = {.type = CLADE_DEVICE_CPU,
                              .compute_units = 2,
                              .clock_mhz = 3000,
                              .float_width = 16,
                              .local_memory = 1 << 20,
                              .max_work_group = 1024,
                              .max_work_items = {1024, 1024, 1024}};

static ops_tensor tensor(int32_t c, int32_t side) {
    ops_tensor t = {.n = 1, .c = c, .h = side, .w = side, .block = 16};
    t.batch_stride = ops_image_elements(&t);
    return t;
}

static ops_problem convolution(void) {
    return (ops_problem){.kind = OPS_CONV2D,
                         .conv2d = {.in = tensor(64, 28),
                                    .out = tensor(96, 28),
                                    .kernel_h = 3,
                                    .kernel_w = 3,
                                    .stride_h = 1,
                                    .stride_w = 1,
                                    .dilation_h = 1,
                                    .dilation_w = 1,
                                    .pad_top = 1,
                                    .pad_left = 1,
                                    .groups = 1,
                                    .has_bias = true}};
}

static void choices_are_sorted_and_applicable(void **state) {
    (void)state;
    const ops_problem problem = convolution();
    ops_choice choices[ROOM];
    const size_t count = ops_list_choices(&problem, &cpu, choices, ROOM);
    assert_true(count > 2);
    for (size_t i = 0; i < count; i++) {
        assert_true(choices[i].candidate->applicable(&problem, &cpu));
        if (i > 0) assert_true(choices[i - 1].seconds <= choices[i].seconds);
    }
    assert_string_equal(choices[count - 1].candidate->name, "generic");
}

static void every_variant_makes_a_recipe_of_its_own(void **state) {
    (void)state;
    const ops_problem problem = convolution();
    ops_choice choices[ROOM];
    ops_recipe *recipes = calloc(ROOM, sizeof *recipes);
    size_t count = 0;
    assert_int_equal(ops_list_variants(env, &problem, &cpu, 2.0, choices, ROOM, &count), CLADE_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(choices[i].seconds <= 2.0 * choices[0].seconds);
        const ops_problem asked = ops_with_variant(&problem, choices[i].variant);
        assert_int_equal(ops_make(env, &asked, &cpu, choices[i].candidate, &recipes[i]), CLADE_OK);
        /* the recipe says the variant that was asked for */
        assert_memory_equal(&recipes[i].variant, &choices[i].variant, sizeof(ops_variant));
        for (size_t k = 0; k < i; k++)
            assert_true(strcmp(recipes[i].launches[0].options, recipes[k].launches[0].options) != 0 ||
                        memcmp(recipes[i].launches[0].global, recipes[k].launches[0].global,
                               sizeof recipes[i].launches[0].global) != 0);
    }
    assert_true(count > 4);
    free(recipes);
}

static void a_tile_asked_for_is_taken(void **state) {
    (void)state;
    ops_choice choice;
    ops_recipe recipe;
    const ops_problem conv = convolution();
    assert_true(ops_read_choice(&conv, &cpu, "direct 7x3", &choice));
    const ops_problem asked = ops_with_variant(&conv, choice.variant);
    assert_int_equal(ops_make(env, &asked, &cpu, choice.candidate, &recipe), CLADE_OK);
    assert_non_null(strstr(recipe.launches[0].options, "-D PIXELS=7"));
    assert_non_null(strstr(recipe.launches[0].options, "-D BLOCKS=3"));
}

static void choices_are_read_as_they_are_written(void **state) {
    (void)state;
    const ops_problem problem = convolution();
    ops_choice choices[ROOM], read;
    size_t count = 0;
    assert_int_equal(ops_list_variants(env, &problem, &cpu, 5.0, choices, ROOM, &count), CLADE_OK);
    for (size_t i = 0; i < count; i++) {
        char text[OPS_CHOICE_TEXT];
        ops_write_choice(&choices[i], text, sizeof text);
        assert_true(ops_read_choice(&problem, &cpu, text, &read));
        assert_ptr_equal(read.candidate, choices[i].candidate);
        assert_memory_equal(&read.variant, &choices[i].variant, sizeof(ops_variant));
    }
    const char *const bad[] = {
        "", " ", "nosuch", "direct 7", "direct 7x", "direct -7x3", "direct 5x17", "direct_planar", "directly 7x3"};
    for (size_t i = 0; i < BASE_COUNT(bad); i++)
        if (ops_read_choice(&problem, &cpu, bad[i], &read)) fail_msg("\"%s\" is read", bad[i]);
}

static void texts_name_what_counts_and_nothing_else(void **state) {
    (void)state;
    ops_problem problem = convolution(), other = problem;
    char text[OPS_PROBLEM_TEXT], second[OPS_PROBLEM_TEXT];
    assert_true(ops_problem_text(&problem, text, sizeof text));
    other.conv2d.in.batch_stride *= 2;
    other.conv2d.activation = CLADE_RELU;
    other.conv2d.variant = (ops_variant){7, 3, 0};
    assert_true(ops_problem_text(&other, second, sizeof second));
    assert_string_equal(text, second);
    int32_t *const counting[] = {&other.conv2d.in.n,     &other.conv2d.in.c,       &other.conv2d.in.w,
                                 &other.conv2d.out.c,    &other.conv2d.out.h,      &other.conv2d.kernel_w,
                                 &other.conv2d.stride_h, &other.conv2d.dilation_w, &other.conv2d.groups,
                                 &other.conv2d.in.block, &other.conv2d.pad_left,   &other.conv2d.out.block,
                                 &other.conv2d.kernel_h};
    for (size_t i = 0; i < BASE_COUNT(counting); i++) {
        ++*counting[i];
        assert_true(ops_problem_text(&other, second, sizeof second));
        assert_string_not_equal(text, second);
        --*counting[i];
    }
    const ops_problem pool = {.kind = OPS_POOL};
    assert_false(ops_problem_text(&pool, text, sizeof text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_are_sorted_and_applicable),
        cmocka_unit_test(every_variant_makes_a_recipe_of_its_own),
        cmocka_unit_test(a_tile_asked_for_is_taken),
        cmocka_unit_test(choices_are_read_as_they_are_written),
        cmocka_unit_test(texts_name_what_counts_and_nothing_else),
    };
    return cmocka_run_group_tests_name("ops.choice", tests, open_env, close_env);
}
