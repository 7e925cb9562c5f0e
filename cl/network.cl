/* network.cl: many steps of a plan in one launch.
 *
 *   table     step 0: tickets 0 .. 7    step 1: tickets 8 .. 11    step 2: ...
 *                     |                         |
 *   groups    0 -> 0, 2, 3, 5 ..                each free group takes the next ticket, as soon as the steps that this one
 *             1 -> 1, 4, 6, 7 ..                depends on have finished theirs, and does the ticket's share of work-items
 *
 * Nothing is assumed about how many groups run at once. Tickets are taken in order, and only when they can be served, so whatever a
 * group waits for is in the hands of one that runs, and one group alone does everything. A group that has waited for long goes, as long
 * as another stays: the one it waits for may not have a processor to run on, and this one keeps it busy for nothing.
 * What one group wrote another one reads in the same launch. OpenCL C 1.2 does not promise that this works; src/rt/quirks.c lists
 * the devices where it does.
 *
 * The prelude, written by src/plan/network.c, gives
 *     MEMORY_PARAMETERS, MEMORY_POINTERS   the kernel's last parameters, and pointers to where each memory begins
 *     run_part()                           calls a part for one work-item
 *
 * The table, in longs. First the number of steps, that of all tickets, and where each step begins, then for each step: */
#define STEP_PART    0 /* which part does it */
#define STEP_TICKET  1 /* its first ticket */
#define STEP_TICKETS 2
#define STEP_SHARE   3 /* work-items of a ticket */
#define STEP_SIZE    4 /* the range, three numbers */
#define STEP_LOOKS   7 /* at the counters, before a group that waits to start this step goes */
#define STEP_WAITS   8 /* how many steps must have finished; at STEP_WORDS the steps, each with the number of its tickets */
#define STEP_WORDS   9 /* behind the waits: the arguments */

/* Counters, far enough apart for a cache line each. */
#define COUNTER(i)     ((i) * 16)
#define NEXT_TICKET    COUNTER(0)
#define GROUPS_WORKING COUNTER(1)
#define GROUPS_LEFT    COUNTER(2)
#define FINISHED(step) COUNTER(3 + (step))

static inline bool can_start(const __global long *step, volatile __global int *counters) {
    const __global long *waits = step + STEP_WORDS;
    for (int i = 0; i < step[STEP_WAITS]; i++)
        if (counters[FINISHED(waits[2 * i])] < (int)waits[2 * i + 1]) return false;
    return true;
}

/* False for the only group that works. */
static inline bool may_go(volatile __global int *counters) {
    if (atomic_dec(counters + GROUPS_WORKING) > 1) return true;
    atomic_inc(counters + GROUPS_WORKING);
    return false;
}

/* Takes the next ticket and finds its step; -1 when there is none for this group any more. */
static inline int take_ticket(const __global long *table, volatile __global int *counters, int *at) {
    for (long looks = 1;; looks++) {
        const int ticket = counters[NEXT_TICKET];
        if (ticket >= table[1]) return -1;
        const __global long *step = table + table[2 + *at];
        while (ticket >= step[STEP_TICKET] + step[STEP_TICKETS]) step = table + table[2 + ++*at];
        if (!can_start(step, counters)) {
            if (looks % step[STEP_LOOKS] == 0 && may_go(counters)) return -1;
        } else if (atomic_cmpxchg(counters + NEXT_TICKET, ticket, ticket + 1) == ticket) {
            mem_fence(CLK_GLOBAL_MEM_FENCE);
            return ticket;
        }
    }
}

static inline void run_share(const __global long *step, int share, __global float *const *memories, __local float *scratch) {
    const __global long *arguments = step + STEP_WORDS + 2 * step[STEP_WAITS];
    part_range range;
    for (int d = 0; d < 3; d++) range.size[d] = step[STEP_SIZE + d];
    const size_t first = share * step[STEP_SHARE], all = range.size[0] * range.size[1] * range.size[2];
    const size_t last = min(first + step[STEP_SHARE], all);
    for (size_t item = first; item < last; item++) {
        range.id[0] = item % range.size[0];
        range.id[1] = item / range.size[0] % range.size[1];
        range.id[2] = item / range.size[0] / range.size[1];
        run_part(step[STEP_PART], &range, arguments, memories, scratch);
    }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void network(const __global long *table, volatile __global int *counters, __local float *scratch, MEMORY_PARAMETERS) {
    __global float *const memories[] = {MEMORY_POINTERS};
    atomic_inc(counters + GROUPS_WORKING);
    for (int at = 0, ticket; (ticket = take_ticket(table, counters, &at)) >= 0;) {
        const __global long *step = table + table[2 + at];
        run_share(step, ticket - (int)step[STEP_TICKET], memories, scratch);
        mem_fence(CLK_GLOBAL_MEM_FENCE);
        atomic_inc(counters + FINISHED(at));
    }

    /* the last group to leave makes the counters ready for the next launch */
    if (atomic_inc(counters + GROUPS_LEFT) + 1 < (int)get_num_groups(0)) return;
    for (int i = 0; i < 3 + table[0]; i++) counters[COUNTER(i)] = 0;
}
