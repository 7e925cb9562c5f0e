/* Checked arithmetic and shapes. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void products_and_sums_stop_where_64_bits_end(void **state) {
    (void)state;
    uint64_t result = 0;
    assert_true(base_multiply(UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, &result));
    assert_true(result == (UINT64_C(1) << 32) * ((UINT64_C(1) << 32) - 1));
    result = 7;
    assert_false(base_multiply(UINT64_C(1) << 32, UINT64_C(1) << 32, &result));
    assert_true(base_multiply(UINT64_MAX, 0, &result) && result == 0);
    assert_true(base_multiply(0, UINT64_MAX, &result) && result == 0);
    assert_true(base_multiply(UINT64_MAX, 1, &result) && result == UINT64_MAX);
    assert_true(base_add(UINT64_MAX - 1, 1, &result) && result == UINT64_MAX);
    assert_false(base_add(UINT64_MAX, 1, &result));
}

static void divisions_round_up(void **state) {
    (void)state;
    assert_int_equal(base_divide_up(0, 4), 0);
    assert_int_equal(base_divide_up(1, 4), 1);
    assert_int_equal(base_divide_up(4, 4), 1);
    assert_int_equal(base_divide_up(5, 4), 2);
    assert_int_equal(base_round_up(17, 16), 32);
    assert_int_equal(base_round_up(32, 16), 32);
}

static void elements_are_counted_or_refused(void **state) {
    (void)state;
    int64_t elements = 0;
    assert_true(base_shape_elements(&(clade_shape){4, {2, 3, 5, 7}}, &elements));
    assert_int_equal(elements, 210);
    assert_true(base_shape_elements(&(clade_shape){2, {INT64_MAX, 1}}, &elements));
    assert_true(elements == INT64_MAX);
    const clade_shape refused[] = {
        {0, {1}},
        {CLADE_MAX_RANK + 1, {1, 1, 1, 1, 1, 1}},
        {-1, {1}},
        {2, {3, 0}},
        {2, {CLADE_BATCH, 3}},
        {2, {INT64_MAX, 2}},                                         /* past int64, within uint64 */
        {2, {INT64_MAX, INT64_MAX}},                                 /* past uint64 */
        {3, {INT64_C(1) << 32, INT64_C(1) << 32, INT64_C(1) << 32}}, /* wraps to 0 */
    };
    for (size_t i = 0; i < BASE_COUNT(refused); i++) assert_false(base_shape_elements(&refused[i], &elements));
}

static void shapes_are_equal_in_rank_and_dimensions(void **state) {
    (void)state;
    const clade_shape a = {2, {3, 4, 99}}, same = {2, {3, 4, 5}}, longer = {3, {3, 4, 5}}, other = {2, {3, 5}};
    assert_true(base_shape_equal(&a, &same)); /* what lies behind the rank does not count */
    assert_false(base_shape_equal(&a, &longer));
    assert_false(base_shape_equal(&a, &other));
}

static void shapes_become_text_of_bounded_length(void **state) {
    (void)state;
    char text[BASE_SHAPE_TEXT];
    assert_string_equal(base_shape_text(&(clade_shape){4, {1, 3, 224, 224}}, text, sizeof text), "[1, 3, 224, 224]");
    assert_string_equal(base_shape_text(&(clade_shape){2, {CLADE_BATCH, 10}}, text, sizeof text), "[N, 10]");
    assert_string_equal(base_shape_text(&(clade_shape){0, {0}}, text, sizeof text), "[]");
    clade_shape longest = {CLADE_MAX_RANK, {0}};
    for (int i = 0; i < CLADE_MAX_RANK; i++) longest.dims[i] = INT64_MIN;
    assert_true(strlen(base_shape_text(&longest, text, sizeof text)) < BASE_SHAPE_TEXT - 1); /* not cut */
    assert_int_equal(text[strlen(text) - 1], ']');
    char small[8];
    memset(small, 'x', sizeof small);
    base_shape_text(&longest, small, 6);
    assert_int_equal(small[5], '\0');
    assert_int_equal(small[6], 'x'); /* nothing behind the room given */
    longest.rank = 1000;
    base_shape_text(&longest, text, sizeof text);
    longest.rank = -1000;
    assert_string_equal(base_shape_text(&longest, text, sizeof text), "[]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_and_sums_stop_where_64_bits_end),
        cmocka_unit_test(divisions_round_up),
        cmocka_unit_test(elements_are_counted_or_refused),
        cmocka_unit_test(shapes_are_equal_in_rank_and_dimensions),
        cmocka_unit_test(shapes_become_text_of_bounded_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
