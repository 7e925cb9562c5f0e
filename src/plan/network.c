/* network.c: many steps as one launch.
 *
 * Each kernel that the steps launch becomes a part, a function that cl/network.cl calls; the steps become a table of longs that says
 * which part does what, with which arguments, after which others. The kernel's text depends on the parts only and the table
 * on the rest, so networks of the same parts share a program. */
#include "plan/network.h"

/* Counters lie a cache line apart; the first three are not those of steps. */
enum { COUNTER_BYTES = 64, COUNTERS = 3 };

/* ---- Which steps ----------------------------------------------------------------------------------------------------------- */

static bool step_fits(const plan_step *step) {
    for (size_t i = 0; i < step->recipe.launch_count; i++)
        if (step->recipe.launches[i].is_gemm) return false;
    return true;
}

/* The longest run of steps that are all kernels of ours. */
void plan_network_find(clade_plan *plan) {
    plan_network *network = &plan->network;
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
    if (network->count < 2) network->count = 0;
}

/* ---- Parts ------------------------------------------------------------------------------------------------------------------ */

static bool same_part(const ops_launch *a, const ops_launch *b) {
    if (!ops_same_kernel(a, b) || a->argument_count != b->argument_count) return false;
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

size_t network_find_memory(const plan_network *network, const plan_operand *operand) {
    size_t i = 0;
    while (i < network->memory_count &&
           (network->memories[i].place != operand->place ||
            (operand->place != PLAN_ARENA && network->memories[i].index != operand->index)))
        i++;
    return i;
}

static clade_status find_memories(network_maker *m) {
    plan_network *network = m->network;
    size_t capacity = network->memory_count; /* there are some already where a check asks for a network like another */
    for (size_t i = 0; i < m->launch_count; i++)
        for (size_t k = 0; k < m->launches[i]->argument_count; k++) {
            const ops_argument *argument = &m->launches[i]->arguments[k];
            if (!plan_is_memory(argument)) continue;
            const plan_operand operand = plan_argument_operand(m->steps[i], argument);
            if (network_find_memory(network, &operand) < network->memory_count) continue;
            if (!base_grow(m->plan->env, &network->memories, sizeof *network->memories, network->memory_count,
                           &capacity))
                return base_fail_memory(m->plan->env, 2 * capacity * sizeof *network->memories, "a network's memories");
            network->memories[network->memory_count++] = (plan_operand){.place = operand.place, .index = operand.index};
        }
    return CLADE_OK;
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
    plan_network_find(plan);
    if (m.network->count == 0) return CLADE_OK;
    clade_status status = find_parts(&m);
    if (status == CLADE_OK) status = find_memories(&m);
    if (status == CLADE_OK) status = network_link(&m);
    if (status == CLADE_OK) status = network_upload_table(&m);
    m.network->counters = (COUNTERS + m.launch_count) * COUNTER_BYTES;
    if (m.network->scratch == 0) m.network->scratch = sizeof(float);
    base_free(plan->env, m.parts);
    base_free(plan->env, m.launches);
    base_free(plan->env, m.steps);
    base_free(plan->env, m.part_of);
    base_free(plan->env, m.table);
    return status;
}
