/* network.c: many steps as one launch.
 *
 * Each kernel that the steps launch becomes a part, a function that cl/network.cl calls; the steps become a table of longs that says
 * which part does what, with which arguments, after which others. The kernel's text depends on the parts only and the table
 * on the rest, so networks of the same parts share a program. */
#include "plan/plan.h"
#include "plan/schedule.h"

#include <string.h>

/* The table, as cl/network.cl reads it. */
enum { STEP_PART, STEP_TICKET, STEP_TICKETS, STEP_SHARE, STEP_SIZE, STEP_WAITS = STEP_SIZE + 3, STEP_WORDS };

/* Tickets for each unit in a step: one alone would leave a unit idle when another is late, more have the units read the same weights.
 * GoogLeNet on two units: 6.5 ms with 1 or 2, 6.7 with 3, 7.1 with 8. */
enum { TICKETS_A_UNIT = 2 };

/* Counters lie a cache line apart; the first three are not those of steps. */
enum { COUNTER_BYTES = 64, COUNTERS = 3 };

typedef struct network_maker {
    clade_plan *plan;
    plan_network *network;
    const ops_launch **parts; /* one of the launches that a part does */
    size_t part_count, part_capacity;
    const ops_launch **launches; /* of all steps in order */
    const plan_step **steps;     /* whose they are */
    int32_t *part_of;            /* launch -> part */
    size_t launch_count;
    int64_t *table;
    size_t table_count, table_capacity;
    bool failed; /* to grow the table */
} network_maker;

/* ---- Which steps ----------------------------------------------------------------------------------------------------------- */

static bool step_fits(const plan_step *step) {
    for (size_t i = 0; i < step->recipe.launch_count; i++)
        if (step->recipe.launches[i].is_gemm) return false;
    return true;
}

/* The longest run of steps that are all kernels of ours. */
static void find_steps(const clade_plan *plan, plan_network *network) {
    size_t first = 0;
    if ((rt_context_device(context_rt(plan->context))->quirks & RT_QUIRK_GROUPS_SHARE) == 0) return;
    for (size_t i = 0; i < plan->step_count; i++) {
        if (!step_fits(&plan->steps[i])) {
            first = i + 1;
        } else if (i + 1 - first > network->count) {
            network->first = first;
            network->count = i + 1 - first;
        }
    }
}

/* ---- Parts ------------------------------------------------------------------------------------------------------------------ */

static bool same_part(const ops_launch *a, const ops_launch *b) {
    if (strcmp(a->source, b->source) != 0 || strcmp(a->kernel, b->kernel) != 0 || strcmp(a->options, b->options) != 0 ||
        a->argument_count != b->argument_count)
        return false;
    for (size_t i = 0; i < a->argument_count; i++)
        if (a->arguments[i].kind != b->arguments[i].kind) return false;
    return true;
}

static clade_status add_launch(network_maker *m, const plan_step *step, const ops_launch *launch) {
    size_t part = 0;
    while (part < m->part_count && !same_part(m->parts[part], launch)) part++;
    if (part == m->part_count) {
        if (!base_grow(m->plan->env, &m->parts, sizeof(ops_launch *), m->part_count, &m->part_capacity))
            return base_fail_memory(m->plan->env, 2 * m->part_capacity * sizeof(ops_launch *), "a network's parts");
        m->parts[m->part_count++] = launch;
    }
    m->part_of[m->launch_count] = (int32_t)part;
    m->steps[m->launch_count] = step;
    m->launches[m->launch_count++] = launch;
    return CLADE_OK;
}

static clade_status find_parts(network_maker *m) {
    base_env *env = m->plan->env;
    const size_t most = m->network->count * OPS_MAX_LAUNCHES;
    m->launches = base_allocate_zero(env, most, sizeof(ops_launch *));
    m->steps = base_allocate_zero(env, most, sizeof(plan_step *));
    m->part_of = base_allocate_zero(env, most, sizeof *m->part_of);
    if (!m->launches || !m->steps || !m->part_of)
        return base_fail_memory(env, most * sizeof(ops_launch *), "a network's launches");
    for (size_t i = 0; i < m->network->count; i++) {
        const plan_step *step = &m->plan->steps[m->network->first + i];
        for (size_t k = 0; k < step->recipe.launch_count; k++) FORWARD(add_launch(m, step, &step->recipe.launches[k]));
    }
    return CLADE_OK;
}

/* ---- Memories --------------------------------------------------------------------------------------------------------------- */

static bool is_memory(const ops_argument *argument) {
    return argument->kind == OPS_INPUT || argument->kind == OPS_OUTPUT || argument->kind == OPS_CONSTANT ||
           argument->kind == OPS_WORKSPACE;
}

static plan_operand operand_of(const plan_step *step, const ops_argument *argument) {
    const uint64_t more = argument->kind == OPS_WORKSPACE ? (uint64_t)argument->value.i / sizeof(float) : 0;
    return plan_operand_of(step, argument->kind, argument->index, more);
}

static size_t find_memory(const plan_network *network, const plan_operand *operand) {
    size_t i = 0;
    while (i < network->memory_count &&
           (network->memories[i].place != operand->place ||
            (operand->place != PLAN_ARENA && network->memories[i].index != operand->index)))
        i++;
    return i;
}

static clade_status find_memories(network_maker *m) {
    plan_network *network = m->network;
    size_t capacity = 0;
    for (size_t i = 0; i < m->launch_count; i++)
        for (size_t k = 0; k < m->launches[i]->argument_count; k++) {
            const ops_argument *argument = &m->launches[i]->arguments[k];
            if (!is_memory(argument)) continue;
            const plan_operand operand = operand_of(m->steps[i], argument);
            if (find_memory(network, &operand) < network->memory_count) continue;
            if (!base_grow(m->plan->env, &network->memories, sizeof *network->memories, network->memory_count,
                           &capacity))
                return base_fail_memory(m->plan->env, 2 * capacity * sizeof *network->memories, "a network's memories");
            network->memories[network->memory_count++] = (plan_operand){.place = operand.place, .index = operand.index};
        }
    return CLADE_OK;
}

/* ---- The program ------------------------------------------------------------------------------------------------------------ */

static const char *type_of(const ops_argument *argument) {
    switch (argument->kind) {
    case OPS_INT:
        return "int";
    case OPS_FLOAT:
        return "float";
    case OPS_LONG8:
        return "long8";
    case OPS_LOCAL:
        return "__local float *";
    default:
        return "__global float *, ulong";
    }
}

static void declare_part(base_text *text, const ops_launch *launch, size_t part) {
    base_text_add(text, "void part_%zu(const part_range *range", part);
    for (size_t i = 0; i < launch->argument_count; i++) base_text_add(text, ", %s", type_of(&launch->arguments[i]));
    base_text_add(text, ");\n");
}

/* One arm of run_part(): takes the arguments off the table. */
static void call_part(base_text *text, const ops_launch *launch, size_t part) {
    size_t word = 0;
    base_text_add(text, "    case %zu:\n        part_%zu(range", part, part);
    for (size_t i = 0; i < launch->argument_count; i++) {
        switch (launch->arguments[i].kind) {
        case OPS_INT:
            base_text_add(text, ", (int)words[%zu]", word);
            break;
        case OPS_FLOAT:
            base_text_add(text, ", as_float((int)words[%zu])", word);
            break;
        case OPS_LONG8:
            base_text_add(text, ", vload8(0, words + %zu)", word);
            word += 7;
            break;
        case OPS_LOCAL:
            base_text_add(text, ", scratch + words[%zu]", word);
            break;
        default:
            base_text_add(text, ", memories[words[%zu]], (ulong)words[%zu]", word, word + 1);
            word++;
        }
        word++;
    }
    base_text_add(text, ");\n        break;\n");
}

static void write_prelude(const network_maker *m, base_text *text) {
    base_text_add(text, "#define MEMORY_PARAMETERS ");
    for (size_t i = 0; i < m->network->memory_count; i++)
        base_text_add(text, "%s__global float *memory_%zu, ulong offset_%zu", i ? ", " : "", i, i);
    base_text_add(text, "\n#define MEMORY_POINTERS ");
    for (size_t i = 0; i < m->network->memory_count; i++)
        base_text_add(text, "%smemory_%zu + offset_%zu", i ? ", " : "", i, i);
    base_text_add(text, "\n");
    for (size_t i = 0; i < m->part_count; i++) declare_part(text, m->parts[i], i);
    base_text_add(text, "static inline void run_part(long part, const part_range *range, const __global long *words, "
                        "__global float *const *memories, __local float *scratch) {\n    switch (part) {\n");
    for (size_t i = 0; i < m->part_count; i++) call_part(text, m->parts[i], i);
    base_text_add(text, "    }\n}\n");
}

static clade_status link_program(network_maker *m) {
    base_env *env = m->plan->env;
    base_text prelude = {.env = env};
    rt_part *parts = base_allocate_zero(env, m->part_count, sizeof *parts);
    write_prelude(m, &prelude);
    clade_status status = CLADE_OK;
    if (!parts || prelude.failed) status = base_fail_memory(env, m->part_count * sizeof *parts, "a network's program");
    for (size_t i = 0; parts && i < m->part_count; i++)
        parts[i] =
            (rt_part){.source = m->parts[i]->source, .options = m->parts[i]->options, .entry = m->parts[i]->kernel};
    if (status == CLADE_OK)
        status = rt_program_link(context_rt(m->plan->context), "network.cl", prelude.data, parts, m->part_count,
                                 &m->network->program);
    base_text_free(&prelude);
    base_free(env, parts);
    return status;
}

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
            if (!is_memory(argument) || argument->kind == OPS_CONSTANT) continue;
            const plan_operand operand = operand_of(m->steps[i], argument);
            accesses[count++] = (schedule_access){.step = (int32_t)i,
                                                  .memory = (int32_t)find_memory(m->network, &operand),
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

static void add_arguments(network_maker *m, const plan_step *step, const ops_launch *launch) {
    int64_t local = 0; /* floats of scratch given out */
    for (size_t i = 0; i < launch->argument_count; i++) {
        const ops_argument *argument = &launch->arguments[i];
        if (is_memory(argument)) {
            const plan_operand operand = operand_of(step, argument);
            add_word(m, (int64_t)find_memory(m->network, &operand));
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

static clade_status upload_table(network_maker *m) {
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

/* ---- All together ----------------------------------------------------------------------------------------------------------- */

void plan_network_free(clade_plan *plan) {
    rt_program_release(&plan->network.program);
    rt_buffer_destroy(&plan->network.table);
    base_free(plan->env, plan->network.memories);
    plan->network = (plan_network){0};
}

clade_status plan_network_make(clade_plan *plan) {
    network_maker m = {.plan = plan, .network = &plan->network};
    find_steps(plan, m.network);
    if (m.network->count < 2) {
        m.network->count = 0;
        return CLADE_OK;
    }
    clade_status status = find_parts(&m);
    if (status == CLADE_OK) status = find_memories(&m);
    if (status == CLADE_OK) status = link_program(&m);
    if (status == CLADE_OK) status = upload_table(&m);
    m.network->counters = (COUNTERS + m.launch_count) * COUNTER_BYTES;
    if (m.network->scratch == 0) m.network->scratch = sizeof(float);
    base_free(plan->env, m.parts);
    base_free(plan->env, m.launches);
    base_free(plan->env, m.steps);
    base_free(plan->env, m.part_of);
    base_free(plan->env, m.table);
    return status;
}
