/* Learning rates: values that follow from the formulae by hand, ends and middles, and what is missing. */
#include <clade/train.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_rate(const clade_schedule *schedule, uint64_t step, double expected) {
    const double found = (double)clade_learning_rate(schedule, step);
    if (!(fabs(found - expected) <= 1e-6 * fabs(expected) + 1e-12))
        fail_msg("step %llu has a rate of %.9g, not %.9g", (unsigned long long)step, found, expected);
}

static void test_constant(void **state) {
    (void)state;
    assert_rate(NULL, 5, 0.1);
    assert_rate(&(clade_schedule){.rate = 0.9f}, 0, 0.9);
    assert_rate(&(clade_schedule){.rate = 0.9f, .steps = 10}, 1000, 0.9);
}

static void test_steps(void **state) {
    (void)state;
    const clade_schedule thirds = {.kind = CLADE_SCHEDULE_STEP, .rate = 1, .steps = 90};
    assert_rate(&thirds, 0, 1);
    assert_rate(&thirds, 29, 1);
    assert_rate(&thirds, 30, 0.1);
    assert_rate(&thirds, 89, 0.01);
    /* Inception-v3: 0.045, times 0.94 every second epoch, here of 50 steps */
    const clade_schedule inception = {.kind = CLADE_SCHEDULE_STEP, .rate = 0.045f, .period = 100, .factor = 0.94f};
    assert_rate(&inception, 99, 0.045);
    assert_rate(&inception, 100, 0.0423);
    assert_rate(&inception, 250, 0.039762);
}

static void test_exponential(void **state) {
    (void)state;
    const clade_schedule s = {.kind = CLADE_SCHEDULE_EXPONENTIAL, .rate = 2, .period = 10, .factor = 0.25f};
    assert_rate(&s, 0, 2);
    assert_rate(&s, 5, 1);
    assert_rate(&s, 10, 0.5);
    assert_rate(&(clade_schedule){.kind = CLADE_SCHEDULE_EXPONENTIAL, .rate = 1, .steps = 40}, 20, 0.31622776601);
}

static void test_cosine(void **state) {
    (void)state;
    const clade_schedule s = {.kind = CLADE_SCHEDULE_COSINE, .rate = 1, .steps = 100, .last = 0.2f};
    assert_rate(&s, 0, 1);
    assert_rate(&s, 50, 0.6);
    assert_rate(&s, 25, 0.2 + 0.8 * 0.85355339059); /* (1 + cos 45 degrees) / 2 */
    assert_rate(&s, 100, 0.2);
    assert_rate(&s, 5000, 0.2);
    assert_rate(&(clade_schedule){.kind = CLADE_SCHEDULE_COSINE, .rate = 1, .steps = 100}, 100, 0);
}

/* Of 100 steps 29 rise, and the 30th is the highest. */
static void test_one_cycle(void **state) {
    (void)state;
    const clade_schedule s = {.kind = CLADE_SCHEDULE_ONE_CYCLE, .rate = 0.5f, .steps = 100, .rise = 0.3f};
    assert_rate(&s, 0, 0.02);
    assert_true(fabs((double)clade_learning_rate(&s, 29) - 0.5) <= 1e-5);
    assert_rate(&s, 99, 0.5 / 250000);
    assert_rate(&s, 100, 0.5 / 250000);
    for (uint64_t k = 0; k < 99; k++)
        assert_true((clade_learning_rate(&s, k + 1) > clade_learning_rate(&s, k)) == (k < 29));
    /* half of 41 steps rise, from 0 to 19.5; the middle of the way down is at 29.75 */
    const clade_schedule even = {.kind = CLADE_SCHEDULE_ONE_CYCLE, .rate = 1, .steps = 41, .rise = 0.5f, .last = 0.1f};
    assert_rate(&even, 13, 1 + (0.04 - 1) * 0.25); /* two thirds of the way up: (1 + cos 120 degrees) / 2 */
    assert_rate(&even, 40, 0.1);
    assert_rate(&(clade_schedule){.kind = CLADE_SCHEDULE_ONE_CYCLE, .rate = 1, .steps = 1}, 0, 1.0 / 250000);
}

/* Linear to what comes behind it, which then begins. */
static void test_warm_up(void **state) {
    (void)state;
    clade_schedule s = {.kind = CLADE_SCHEDULE_COSINE, .rate = 1, .steps = 104, .warmup = 4};
    for (uint64_t k = 0; k < 5; k++) assert_rate(&s, k, 0.2 * (double)(k + 1));
    assert_rate(&s, 54, 0.5);
    assert_rate(&s, 104, 0);
    s.kind = CLADE_SCHEDULE_CONSTANT;
    assert_rate(&s, 1, 0.4);
    assert_rate(&s, 60, 1);
}

static void test_what_is_missing_gives_nan(void **state) {
    (void)state;
    const clade_schedule_kind need_steps[] = {CLADE_SCHEDULE_STEP, CLADE_SCHEDULE_EXPONENTIAL, CLADE_SCHEDULE_COSINE,
                                              CLADE_SCHEDULE_ONE_CYCLE, (clade_schedule_kind)5};
    for (size_t i = 0; i < sizeof need_steps / sizeof *need_steps; i++)
        assert_true(isnan(clade_learning_rate(&(clade_schedule){.kind = need_steps[i], .rate = 1}, 3)));
    /* a warm-up that never ends */
    assert_true(
        isnan(clade_learning_rate(&(clade_schedule){.kind = CLADE_SCHEDULE_COSINE, .steps = 10, .warmup = 10}, 3)));
    assert_string_equal(clade_schedule_name(CLADE_SCHEDULE_ONE_CYCLE), "one-cycle");
    assert_null(clade_schedule_name((clade_schedule_kind)5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_exponential),
        cmocka_unit_test(test_cosine),
        cmocka_unit_test(test_one_cycle),
        cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_what_is_missing_gives_nan),
    };
    return cmocka_run_group_tests_name("train.schedule", tests, NULL, NULL);
}
