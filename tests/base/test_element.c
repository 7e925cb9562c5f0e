/* float16 and bfloat16: every value, and rounding at every midpoint, against the definition of the formats. */
#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* IEEE 754 binary16 by its definition, in double. */
static double half_value(uint16_t half) {
    const int exponent = (half >> 10) & 31, fraction = half & 1023;
    const double sign = half & 0x8000 ? -1 : 1;
    if (exponent == 31) return fraction ? NAN : sign * INFINITY;
    return exponent == 0 ? sign * ldexp(fraction, -24) : sign * ldexp(1024 + fraction, exponent - 25);
}

static double bfloat16_value(uint16_t value) {
    const int exponent = (value >> 7) & 255, fraction = value & 127;
    const double sign = value & 0x8000 ? -1 : 1;
    if (exponent == 255) return fraction ? NAN : sign * INFINITY;
    return exponent == 0 ? sign * ldexp(fraction, -133) : sign * ldexp(128 + fraction, exponent - 134);
}

static void same(double expected, float found) {
    if (isnan(expected))
        assert_true(isnan(found));
    else
        assert_true(expected == (double)found && !signbit(expected) == !signbit(found));
}

static void every_half_widens_to_its_value(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 0x10000; i++) same(half_value((uint16_t)i), base_from_half((uint16_t)i));
}

static void every_half_survives_the_round_trip(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 0x10000; i++) {
        const uint16_t back = base_to_half(base_from_half((uint16_t)i));
        if (isnan(half_value((uint16_t)i)))
            assert_true(isnan(half_value(back)));
        else
            assert_int_equal(back, i);
    }
}

/* Between two neighbours the midpoint goes to the even one, and what is off it to the nearer one. The neighbour of the largest finite
 * number is where the next one would be, and stands for infinity. */
static void halves_round_to_nearest_even(void **state) {
    (void)state;
    for (uint16_t low = 0; low < 0x7c00; low++) {
        const uint16_t high = (uint16_t)(low + 1);
        const double upper = high == 0x7c00 ? 65536 : half_value(high);
        const float middle = (float)((half_value(low) + upper) / 2); /* exact: one bit more than a half has */
        const uint16_t even = low % 2 == 0 ? low : high;
        assert_int_equal(base_to_half(middle), even);
        assert_int_equal(base_to_half(nextafterf(middle, 0)), low);
        assert_int_equal(base_to_half(nextafterf(middle, INFINITY)), high);
        assert_int_equal(base_to_half(-middle), even | 0x8000);
    }
    assert_int_equal(base_to_half(3e38f), 0x7c00);
    assert_int_equal(base_to_half(-INFINITY), 0xfc00);
    assert_int_equal(base_to_half(1e-45f), 0);
}

static void every_bfloat16_widens_to_its_value_and_survives_the_round_trip(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 0x10000; i++) {
        const float wide = base_from_bfloat16((uint16_t)i);
        same(bfloat16_value((uint16_t)i), wide);
        if (isnan(wide))
            assert_true(isnan(bfloat16_value(base_to_bfloat16(wide))));
        else
            assert_int_equal(base_to_bfloat16(wide), i);
    }
}

static void bfloat16s_round_to_nearest_even(void **state) {
    (void)state;
    for (uint16_t low = 0; low < 0x7f80; low++) {
        const uint16_t high = (uint16_t)(low + 1);
        const double upper = high == 0x7f80 ? ldexp(1, 128) : bfloat16_value(high);
        const float middle = (float)((bfloat16_value(low) + upper) / 2);
        assert_int_equal(base_to_bfloat16(middle), low % 2 == 0 ? low : high);
        assert_int_equal(base_to_bfloat16(nextafterf(middle, 0)), low);
        assert_int_equal(base_to_bfloat16(nextafterf(middle, INFINITY)), high);
    }
}

static void widening_reads_unaligned_elements_of_every_type(void **state) {
    (void)state;
    const float values[] = {0.0f, 1.0f, -2.5f, 65504.0f};
    const clade_type types[] = {CLADE_FLOAT32, CLADE_FLOAT16, CLADE_BFLOAT16};
    for (size_t t = 0; t < BASE_COUNT(types); t++) {
        unsigned char bytes[1 + sizeof values] = {0};
        float found[BASE_COUNT(values)];
        base_narrow(types[t], values, bytes + 1, BASE_COUNT(values));
        base_widen(types[t], bytes + 1, found, BASE_COUNT(values));
        for (size_t i = 0; i < 3; i++) assert_float_equal(found[i], values[i], 0);
        assert_float_equal(found[3], types[t] == CLADE_BFLOAT16 ? 65536.0f : 65504.0f, 0);
    }
    const unsigned char pixels[] = {0, 7, 255};
    float wide[3];
    base_widen(CLADE_UINT8, pixels, wide, 3);
    assert_float_equal(wide[1], 7, 0);
    assert_float_equal(wide[2], 255, 0);
}

static void types_have_sizes_and_names(void **state) {
    (void)state;
    assert_int_equal(base_type_size(CLADE_FLOAT32), 4);
    assert_int_equal(base_type_size(CLADE_FLOAT16), 2);
    assert_int_equal(base_type_size(CLADE_BFLOAT16), 2);
    assert_int_equal(base_type_size(CLADE_UINT8), 1);
    assert_int_equal(base_type_size((clade_type)99), 0);
    assert_string_equal(base_type_name(CLADE_BFLOAT16), "bfloat16");
    assert_non_null(base_type_name((clade_type)99));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_widens_to_its_value),
        cmocka_unit_test(every_half_survives_the_round_trip),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(every_bfloat16_widens_to_its_value_and_survives_the_round_trip),
        cmocka_unit_test(bfloat16s_round_to_nearest_even),
        cmocka_unit_test(widening_reads_unaligned_elements_of_every_type),
        cmocka_unit_test(types_have_sizes_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
