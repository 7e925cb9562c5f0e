/* Who waits for whom. The oracle is the definition: of two steps of which one writes what the other touches, the later one comes
 * after the earlier one, be it through others; and no wait could be left out. */
#include "plan/schedule.h"
#include "shared/environment.h"
#include "shared/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_STEPS = 150, MOST_ACCESSES = 4 * MOST_STEPS };

/* after[a][b]: a path of waits leads from a back to b. Waits left out: number `without`. */
static void follow(const schedule_wait *waits, size_t count, size_t without, int steps,
                   bool after[MOST_STEPS][MOST_STEPS]) {
    memset(after, 0, sizeof(bool[MOST_STEPS][MOST_STEPS]));
    for (int step = 0; step < steps; step++)
        for (size_t i = 0; i < count; i++) {
            if (waits[i].step != step || i == without) continue;
            after[step][waits[i].before] = true;
            for (int k = 0; k < waits[i].before; k++) after[step][k] |= after[waits[i].before][k];
        }
}

static bool in_order(const schedule_access *accesses, size_t count, bool after[MOST_STEPS][MOST_STEPS]) {
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            const schedule_access *late = &accesses[i], *early = &accesses[k];
            const bool meet =
                late->memory == early->memory && !(late->last <= early->first || early->last <= late->first);
            if (late->step != early->step && meet && (late->writes || early->writes) && !after[late->step][early->step])
                return false;
        }
    return true;
}

static size_t make_accesses(uint64_t *state, int steps, schedule_access *accesses) {
    size_t count = 0;
    const int memories = 1 + random_below(state, 3), size = 10 + random_below(state, 200);
    for (int step = 0; step < steps; step++)
        for (int i = 1 + random_below(state, 4); i > 0; i--) {
            const uint64_t first = (uint64_t)random_below(state, size);
            accesses[count++] = (schedule_access){.step = step,
                                                  .memory = random_below(state, memories),
                                                  .first = first,
                                                  .last = first + 1 + (uint64_t)random_below(state, 20),
                                                  .writes = i == 1};
        }
    return count;
}

static void every_conflict_is_ordered_by_the_fewest_waits(void **unused) {
    (void)unused;
    static schedule_access accesses[MOST_ACCESSES];
    static bool after[MOST_STEPS][MOST_STEPS];
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t state = seed;
        const int steps = 1 + random_below(&state, seed % 8 ? 40 : MOST_STEPS); /* also past a word of bits */
        const size_t count = make_accesses(&state, steps, accesses);
        schedule_wait *waits = NULL;
        size_t wait_count = 0;
        assert_int_equal(schedule_make(env, accesses, count, steps, &waits, &wait_count), CLADE_OK);
        for (size_t i = 0; i < wait_count; i++) {
            assert_true(waits[i].before < waits[i].step);
            assert_true(i == 0 || waits[i - 1].step <= waits[i].step);
        }
        follow(waits, wait_count, SIZE_MAX, steps, after);
        assert_true(in_order(accesses, count, after));
        for (size_t i = 0; i < wait_count && steps <= 40; i++) {
            follow(waits, wait_count, i, steps, after);
            assert_false(in_order(accesses, count, after));
        }
        base_free(env, waits);
    }
}

static void reading_needs_no_order(void **unused) {
    (void)unused;
    const schedule_access accesses[] = {{.step = 0, .first = 0, .last = 8}, {.step = 1, .first = 0, .last = 8}};
    schedule_wait *waits = NULL;
    size_t wait_count = 0;
    assert_int_equal(schedule_make(env, accesses, 2, 2, &waits, &wait_count), CLADE_OK);
    assert_int_equal(wait_count, 0);
    base_free(env, waits);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_conflict_is_ordered_by_the_fewest_waits),
        cmocka_unit_test(reading_needs_no_order),
    };
    return cmocka_run_group_tests(tests, open_env, close_env);
}
