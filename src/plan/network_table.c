/* network_table.c: which part does what, with which arguments, after which others: longs that cl/network.cl reads. */
#include "plan/network.h"
#include "plan/schedule.h"

#include <string.h>

/* The table, as cl/network.cl reads it. */
enum {
    STEP_PART,
    STEP_TICKET,
    STEP_TICKETS,
    STEP_SHARE,
    STEP_SIZE,
    STEP_LOOKS = STEP_SIZE + 3,
    STEP_WAITS,
    STEP_WORDS
};

/* Tickets for each unit in a step: one alone would leave a unit idle when another is late, more have the units read the same weights.
 * GoogLeNet on two units: 6.5 ms with 1 or 2, 6.7 with 3, 7.1 with 8. */
enum { TICKETS_A_UNIT = 2 };

/* ---- The schedule ----------------------------------------------------------------------------------------------------------- */

/* Elements of an operand that a launch may touch, from its offset on. */
static uint64_t reach_of(const plan_step *step, const ops_reach *reach, const ops_argument *argument) {
    if (argument->kind == OPS_INPUT) return (uint64_t)reach->inputs[argument->index];
    if (argument->kind == OPS_OUTPUT) return (uint64_t)reach->output;
    return (step->recipe.workspace - (uint64_t)argument->value.i) / sizeof(float);
}

static clade_status make_schedule(const network_maker *m, schedule_wait **waits_out, size_t *count_out) {
    base_env *env = m->plan->env;
    schedule_access *accesses = base_allocate_zero(env, m->launch_count * OPS_MAX_ARGUMENTS, sizeof *accesses);
    if (!accesses)
        return base_fail_memory(env, m->launch_count * OPS_MAX_ARGUMENTS * sizeof *accesses, "a network's schedule");
    size_t count = 0;
    for (size_t i = 0; i < m->launch_count; i++) {
        ops_reach reach;
        (void)ops_problem_reach(&m->steps[i]->problem, &reach); /* ops_select has refused what overflows */
        for (size_t k = 0; k < m->launches[i]->argument_count; k++) {
            const ops_argument *argument = &m->launches[i]->arguments[k];
            if (!plan_is_memory(argument) || argument->kind == OPS_CONSTANT) continue;
            const plan_operand operand = plan_argument_operand(m->steps[i], argument);
            accesses[count++] = (schedule_access){.step = (int32_t)i,
                                                  .memory = (int32_t)network_find_memory(m->network, &operand),
                                                  .first = operand.offset,
                                                  .last = operand.offset + reach_of(m->steps[i], &reach, argument),
                                                  .writes = argument->kind != OPS_INPUT};
        }
    }
    const clade_status status = schedule_make(env, accesses, count, (int32_t)m->launch_count, waits_out, count_out);
    base_free(env, accesses);
    return status;
}

/* ---- The table -------------------------------------------------------------------------------------------------------------- */

static void add_word(network_maker *m, int64_t word) {
    if (m->failed) return;
    m->failed = !base_grow(m->plan->env, &m->table, sizeof *m->table, m->table_count, &m->table_capacity);
    if (!m->failed) m->table[m->table_count++] = word;
}

static int64_t item_count(const ops_launch *launch) {
    int64_t items = 1;
    for (uint32_t d = 0; d < launch->dimensions; d++) items *= (int64_t)launch->global[d];
    return items;
}

/* Work-items that a group takes at once. */
static int64_t share_of(const network_maker *m, const ops_launch *launch) {
    const int64_t units = rt_context_device(context_rt(m->plan->context))->compute_units;
    return base_divide_up(item_count(launch), TICKETS_A_UNIT * units);
}

static int64_t ticket_count(const network_maker *m, const ops_launch *launch) {
    return base_divide_up(item_count(launch), share_of(m, launch));
}

/* How long a group waits: a while, and several times what a ticket of the steps it waits for may take. With a while alone the groups of
 * large batches went one by one, and left Inception-v4 at batch 16 to a single unit. */
static int64_t looks_before_going(const network_maker *m, const schedule_wait *waits, size_t first, size_t end) {
    const double looks_a_second = 2e8, least = 3e5, times = 4.0;
    const rt_device *device = rt_context_device(context_rt(m->plan->context));
    double longest = 0.0;
    for (size_t i = first; i < end; i++) {
        const plan_step *step = m->steps[waits[i].before];
        const double ticket =
            step->recipe.seconds * device->compute_units / (double)ticket_count(m, m->launches[waits[i].before]);
        if (ticket > longest) longest = ticket;
    }
    return (int64_t)(least + times * longest * looks_a_second);
}

static void add_arguments(network_maker *m, const plan_step *step, const ops_launch *launch) {
    int64_t local = 0; /* floats of scratch given out */
    for (size_t i = 0; i < launch->argument_count; i++) {
        const ops_argument *argument = &launch->arguments[i];
        if (plan_is_memory(argument)) {
            const plan_operand operand = plan_argument_operand(step, argument);
            add_word(m, (int64_t)network_find_memory(m->network, &operand));
            add_word(m, (int64_t)operand.offset);
        } else if (argument->kind == OPS_LONG8) {
            for (size_t k = 0; k < BASE_COUNT(argument->value.longs); k++) add_word(m, argument->value.longs[k]);
        } else if (argument->kind == OPS_FLOAT) {
            int32_t bits;
            memcpy(&bits, &argument->value.f, sizeof bits);
            add_word(m, bits);
        } else if (argument->kind == OPS_INT) {
            add_word(m, argument->value.i);
        } else {
            const int64_t alignment = rt_context_device(context_rt(m->plan->context))->alignment;
            add_word(m, local);
            local += base_round_up(argument->value.i, alignment) / (int64_t)sizeof(float);
        }
    }
    if ((uint64_t)local * sizeof(float) > m->network->scratch) m->network->scratch = (uint64_t)local * sizeof(float);
}

static void write_table(network_maker *m, const schedule_wait *waits, size_t wait_count) {
    int64_t tickets = 0;
    for (size_t i = 0; i < 2 + m->launch_count; i++) add_word(m, 0); /* the directory, filled in below */
    for (size_t i = 0, wait = 0; i < m->launch_count && !m->failed; i++) {
        const ops_launch *launch = m->launches[i];
        m->table[2 + i] = (int64_t)m->table_count;
        add_word(m, m->part_of[i]);
        add_word(m, tickets);
        add_word(m, ticket_count(m, launch));
        add_word(m, share_of(m, launch));
        for (uint32_t d = 0; d < 3; d++) add_word(m, d < launch->dimensions ? (int64_t)launch->global[d] : 1);
        const size_t first = wait;
        while (wait < wait_count && waits[wait].step == (int32_t)i) wait++;
        add_word(m, looks_before_going(m, waits, first, wait));
        add_word(m, (int64_t)(wait - first));
        for (size_t k = first; k < wait; k++) {
            add_word(m, waits[k].before);
            add_word(m, ticket_count(m, m->launches[waits[k].before]));
        }
        add_arguments(m, m->steps[i], launch);
        tickets += ticket_count(m, launch);
    }
    if (m->failed) return;
    m->table[0] = (int64_t)m->launch_count;
    m->table[1] = tickets;
}

clade_status network_upload_table(network_maker *m) {
    schedule_wait *waits = NULL;
    size_t wait_count = 0;
    FORWARD(make_schedule(m, &waits, &wait_count));
    write_table(m, waits, wait_count);
    base_free(m->plan->env, waits);
    const uint64_t bytes = m->table_count * sizeof *m->table;
    if (m->failed) return base_fail_memory(m->plan->env, (size_t)(2 * bytes), "a network's table");
    rt_context *rt = context_rt(m->plan->context);
    FORWARD(rt_buffer_create(rt, bytes, "the table of a network", &m->network->table));
    return rt_upload(rt, m->network->table, 0, m->table, bytes);
}
