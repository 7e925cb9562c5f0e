/* schedule.h: which steps must wait for which. Integers only: no device, no graph. */
#ifndef PLAN_SCHEDULE_H
#define PLAN_SCHEDULE_H

#include "base/base.h"

/* Memory that a step reads or writes: elements [first, last) of memory number `memory`. */
typedef struct schedule_access {
    int32_t step; /* rising along the array */
    int32_t memory;
    uint64_t first, last;
    bool writes;
} schedule_access;

/* Step `step` waits for `before`. */
typedef struct schedule_wait {
    int32_t step, before;
} schedule_wait;

/* The fewest waits that keep every two steps in order of which one writes what the other reads or writes: whoever follows the waits,
 * and those of the steps it waits for, is safe. `*waits_out`, sorted by step, is the caller's, freed with base_free. */
clade_status schedule_make(base_env *env, const schedule_access *accesses, size_t count, int32_t step_count,
                           schedule_wait **waits_out, size_t *wait_count_out);

#endif
