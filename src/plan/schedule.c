/* schedule.c: from what steps read and write to who waits for whom.
 *
 * For each step, the latest step before it that it must follow is waited for; what that one follows itself needs no wait of its own;
 * then the next latest that is still not covered, and so on. A row of bits a step says whom it follows, near or far. */
#include "plan/schedule.h"

#include <string.h>

enum { BITS = 64 };

typedef struct scheduler {
    base_env *env;
    size_t words;       /* of a row */
    uint64_t *follows;  /* [step][words]: whom a step follows */
    uint64_t *conflict; /* a row: whom the step at hand must follow */
    schedule_wait *waits;
    size_t wait_count, wait_capacity;
} scheduler;

static bool must_follow(const schedule_access *later, const schedule_access *earlier) {
    return (later->writes || earlier->writes) &&                           /* reading twice needs no order */
           later->memory == earlier->memory &&                             /* in one memory */
           later->first < earlier->last && earlier->first < later->last && /* they meet */
           later->step != earlier->step;
}

static void set_bit(uint64_t *row, int32_t bit) { row[bit / BITS] |= (uint64_t)1 << bit % BITS; }
static bool has_bit(const uint64_t *row, int32_t bit) { return row[bit / BITS] >> bit % BITS & 1; }

static clade_status add_waits(scheduler *s, int32_t step) {
    uint64_t *row = s->follows + (size_t)step * s->words;
    for (int32_t before = step - 1; before >= 0; before--) {
        if (!has_bit(s->conflict, before) || has_bit(row, before)) continue;
        if (!base_grow(s->env, &s->waits, sizeof *s->waits, s->wait_count, &s->wait_capacity))
            return base_fail_memory(s->env, 2 * s->wait_capacity * sizeof *s->waits, "a plan's waits");
        s->waits[s->wait_count++] = (schedule_wait){.step = step, .before = before};
        set_bit(row, before);
        for (size_t i = 0; i < s->words; i++) row[i] |= s->follows[(size_t)before * s->words + i];
    }
    return CLADE_OK;
}

static clade_status make_waits(scheduler *s, const schedule_access *accesses, size_t count) {
    for (size_t i = 0, end = 0; i < count; i = end) {
        const int32_t step = accesses[i].step;
        memset(s->conflict, 0, s->words * sizeof *s->conflict);
        for (end = i; end < count && accesses[end].step == step; end++)
            for (size_t k = 0; k < i; k++)
                if (must_follow(&accesses[end], &accesses[k])) set_bit(s->conflict, accesses[k].step);
        FORWARD(add_waits(s, step));
    }
    return CLADE_OK;
}

clade_status schedule_make(base_env *env, const schedule_access *accesses, size_t count, int32_t step_count,
                           schedule_wait **waits_out, size_t *wait_count_out) {
    scheduler s = {.env = env, .words = (size_t)step_count / BITS + 1};
    *waits_out = NULL;
    *wait_count_out = 0;
    s.follows = base_allocate_zero(env, (size_t)step_count * s.words, sizeof *s.follows);
    s.conflict = base_allocate_zero(env, s.words, sizeof *s.conflict);
    clade_status status =
        s.follows && s.conflict
            ? make_waits(&s, accesses, count)
            : base_fail_memory(env, (size_t)step_count * s.words * sizeof *s.follows, "a plan's schedule");
    base_free(env, s.follows);
    base_free(env, s.conflict);
    if (status != CLADE_OK) {
        base_free(env, s.waits);
        return status;
    }
    *waits_out = s.waits;
    *wait_count_out = s.wait_count;
    return CLADE_OK;
}
