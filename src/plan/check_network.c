/* check_network.c: a network of many steps in one launch is checked in the very program that will run.
 *
 * The program depends on the parts only, and the table says what each does (network.c). So a plan of small problems, one for each part
 * and each on memory of its own, takes the same program with another table; what it leaves in its arena is compared with what the
 * generic kernels make of the same operands. One verdict is kept for the program. */
#include "plan/check.h"

#include <stdio.h>
#include <string.h>

typedef struct network_check {
    const clade_plan *plan; /* that has the network */
    base_env *env;
    rt_context *rt;
    clade_plan small;        /* its steps are the small problems */
    const plan_step **steps; /* whose they are */
} network_check;

/* ---- Small steps -------------------------------------------------------------------------------------------------------------- */

static bool same_kernels(const ops_recipe *a, const ops_recipe *b) {
    bool same = a->launch_count == b->launch_count;
    for (size_t i = 0; same && i < a->launch_count; i++) same = ops_same_kernel(&a->launches[i], &b->launches[i]);
    return same;
}

/* Whether some small step has this kernel already. */
static bool has_kernel(const network_check *c, const ops_launch *launch) {
    for (size_t i = 0; i < c->small.step_count; i++)
        for (size_t k = 0; k < c->steps[i]->recipe.launch_count; k++)
            if (ops_same_kernel(&c->steps[i]->recipe.launches[k], launch)) return true;
    return false;
}

/* The small problem, or the step's own where that would take other kernels. */
static clade_status add_step(network_check *c, const plan_step *step) {
    const rt_device *device = rt_context_device(c->rt);
    const ops_candidate *candidate = ops_candidate_of(step->problem.kind, &step->recipe);
    plan_step *small = &c->small.steps[c->small.step_count];
    c->steps[c->small.step_count++] = step;
    small->problem = plan_small_problem(&step->problem, &step->recipe);
    if (candidate->applicable(&small->problem, device))
        FORWARD(ops_make(c->env, &small->problem, device, candidate, &small->recipe));
    if (same_kernels(&small->recipe, &step->recipe)) return CLADE_OK;
    small->problem = step->problem;
    small->recipe = step->recipe;
    return CLADE_OK;
}

static clade_status add_steps(network_check *c) {
    const plan_network *network = &c->plan->network;
    c->small.steps = base_allocate_zero(c->env, network->count, sizeof *c->small.steps);
    c->steps = base_allocate_zero(c->env, network->count, sizeof(plan_step *));
    if (!c->small.steps || !c->steps)
        return base_fail_memory(c->env, network->count * sizeof *c->small.steps, "the check of a network");
    for (size_t i = 0; i < network->count; i++) {
        const plan_step *step = &c->plan->steps[network->first + i];
        bool is_new = false;
        for (size_t k = 0; k < step->recipe.launch_count; k++)
            is_new = is_new || !has_kernel(c, &step->recipe.launches[k]);
        if (is_new) FORWARD(add_step(c, step));
    }
    return CLADE_OK;
}

/* ---- Memory -------------------------------------------------------------------------------------------------------------------- */

/* The next piece of the arena. */
static plan_operand take_room(network_check *c, uint64_t bytes) {
    const plan_operand operand = {.place = PLAN_ARENA, .offset = c->small.memory.arena / sizeof(float)};
    c->small.memory.arena += (uint64_t)base_round_up((int64_t)bytes, (int64_t)rt_context_device(c->rt)->alignment);
    return operand;
}

static void place_operands(network_check *c) {
    for (size_t i = 0; i < c->small.step_count; i++) {
        plan_step *step = &c->small.steps[i];
        ops_reach reach;
        (void)ops_problem_reach(&step->problem, &reach); /* no larger than one that was checked */
        for (int32_t k = 0; k < reach.input_count; k++)
            step->inputs[k] = take_room(c, (uint64_t)reach.inputs[k] * sizeof(float));
        step->output = take_room(c, (uint64_t)reach.output * sizeof(float));
        step->workspace = take_room(c, step->recipe.workspace);
    }
}

static clade_status upload_constant(network_check *c, const plan_step *step, size_t index) {
    const ops_constant *constant = &step->recipe.constants[index];
    const plan_operand *place = &step->constants[index];
    const uint64_t bytes = ops_constant_words(constant) * sizeof(float), room = constant->elements * sizeof(float);
    float *packed = base_allocate(c->env, room);
    if (!packed) return base_fail_memory(c->env, room, "the check of a network");
    clade_status status = trial_fill_constant(c->env, &step->problem, constant, packed);
    if (status == CLADE_OK)
        status = rt_upload(c->rt, c->small.weights[place->index], place->offset * sizeof(float), packed, bytes);
    base_free(c->env, packed);
    return status;
}

/* As many pieces as the plan has, since the network's kernel takes them all. */
static clade_status upload_weights(network_check *c) {
    FORWARD(plan_place_weights(&c->small));
    const uint64_t size = (uint64_t)base_max((int64_t)c->small.memory.weights, sizeof(float));
    const size_t used = c->small.weight_count;
    const size_t count = c->plan->weight_count > used ? c->plan->weight_count : used;
    c->small.weight_count = 0;
    c->small.weights = base_allocate_zero(c->env, count, sizeof(rt_buffer *));
    if (!c->small.weights) return base_fail_memory(c->env, count * sizeof(rt_buffer *), "the check of a network");
    for (; c->small.weight_count < count; c->small.weight_count++)
        FORWARD(rt_buffer_create(c->rt, c->small.weight_count < used ? size : sizeof(float), "the check of a network",
                                 &c->small.weights[c->small.weight_count]));
    for (size_t i = 0; i < c->small.step_count; i++)
        for (size_t k = 0; k < c->small.steps[i].recipe.constant_count; k++)
            FORWARD(upload_constant(c, &c->small.steps[i], k));
    return CLADE_OK;
}

static clade_status upload_inputs(network_check *c, const clade_session *session) {
    for (size_t i = 0; i < c->small.step_count; i++) {
        const plan_step *step = &c->small.steps[i];
        ops_reach reach;
        (void)ops_problem_reach(&step->problem, &reach);
        for (int32_t k = 0; k < reach.input_count; k++) {
            const uint64_t count = (uint64_t)reach.inputs[k];
            if (count == 0) continue;
            float *values = base_allocate(c->env, count * sizeof *values);
            if (!values) return base_fail_memory(c->env, count * sizeof *values, "the check of a network");
            trial_fill_input(&step->problem, k, values, count);
            const clade_status status = rt_upload(c->rt, session->arena, step->inputs[k].offset * sizeof(float), values,
                                                  count * sizeof *values);
            base_free(c->env, values);
            FORWARD(status);
        }
    }
    return CLADE_OK;
}

/* ---- Comparing ----------------------------------------------------------------------------------------------------------------- */

static clade_status compare_step(network_check *c, const clade_session *session, trial_bench *bench,
                                 const plan_step *step, bool *right) {
    ops_reach reach;
    ops_recipe generic;
    bool agrees = true;
    (void)ops_problem_reach(&step->problem, &reach);
    const uint64_t count = (uint64_t)reach.output;
    FORWARD(ops_make(c->env, &step->problem, rt_context_device(c->rt), ops_generic(step->problem.kind), &generic));
    float *values = base_allocate_zero(c->env, 2 * count, sizeof *values);
    if (!values) return base_fail_memory(c->env, 2 * count * sizeof *values, "the results of a check");
    clade_status status =
        rt_read(session->queue, session->arena, step->output.offset * sizeof(float), values, count * sizeof *values);
    if (status == CLADE_OK) status = rt_queue_finish(session->queue);
    if (status == CLADE_OK) status = trial_bench_fit(bench, &step->problem);
    if (status == CLADE_OK) status = plan_run_into(bench, &step->problem, &generic, values + count, count);
    if (status == CLADE_OK) agrees = plan_agree(&step->problem, values, values + count, count);
    base_log(c->env, CLADE_LOG_DEBUG, "checked %s (%s) in a network: %s", step->recipe.candidate, step->recipe.reason,
             plan_verdict_text(agrees));
    base_free(c->env, values);
    *right = *right && agrees;
    return status;
}

static clade_status run_and_compare(network_check *c, clade_session *session, bool *right_out) {
    trial_bench bench;
    /* zeros where kernels leave gaps, as trials have them */
    FORWARD(rt_upload_zeros(c->rt, session->arena, c->small.memory.arena, "the check of a network"));
    FORWARD(upload_inputs(c, session));
    for (size_t i = 0; i < c->small.input_count + c->small.output_count; i++) /* ports that no small step uses */
        session->bindings[i] = (session_binding){.memory = rt_buffer_handle(session->arena)};
    FORWARD(session_enqueue(session));
    FORWARD(rt_queue_finish(session->queue));
    clade_status status = trial_bench_open(c->env, c->rt, &bench);
    *right_out = true;
    for (size_t i = 0; status == CLADE_OK && i < c->small.step_count; i++)
        status = compare_step(c, session, &bench, &c->small.steps[i], right_out);
    trial_bench_close(&bench);
    return status;
}

static clade_status check_small_plan(network_check *c, bool *right_out) {
    const plan_network *network = &c->plan->network;
    clade_session *session = NULL;
    place_operands(c);
    FORWARD(upload_weights(c));
    /* the memories of the plan's own network, in its order: they are in the program */
    c->small.network.memories = base_allocate_zero(c->env, network->memory_count, sizeof *network->memories);
    if (!c->small.network.memories)
        return base_fail_memory(c->env, network->memory_count * sizeof *network->memories, "the check of a network");
    memcpy(c->small.network.memories, network->memories, network->memory_count * sizeof *network->memories);
    c->small.network.memory_count = network->memory_count;
    FORWARD(plan_network_make(&c->small));
    FORWARD(session_create(&c->small, (session_settings){0}, &session));
    const clade_status status = run_and_compare(c, session, right_out);
    clade_session_destroy(&session);
    return status;
}

/* ---- The verdict ----------------------------------------------------------------------------------------------------------------- */

static void name_network(const network_check *c, char *name, size_t size) {
    uint64_t hash = c->plan->network.memory_count ^ rt_source_hash("network.cl");
    for (size_t i = 0; i < c->small.step_count; i++) hash = plan_hash_kernels(&c->steps[i]->recipe, hash);
    snprintf(name, size, "check network %016llx", (unsigned long long)hash);
}

static clade_status find_verdict(network_check *c, bool *right_out) {
    char name[PLAN_VERDICT_NAME];
    FORWARD(add_steps(c));
    name_network(c, name, sizeof name);
    const plan_verdict known = plan_read_verdict(c->rt, name);
    *right_out = known == PLAN_TRUSTED;
    if (known != PLAN_UNKNOWN) return CLADE_OK;
    FORWARD(check_small_plan(c, right_out));
    rt_facts_write(c->rt, &(rt_fact){.name = name, .text = plan_verdict_text(*right_out)}, 1);
    return CLADE_OK;
}

static network_check begin(const clade_plan *plan) {
    network_check c = {.plan = plan, .env = plan->env, .rt = context_rt(plan->context)};
    c.small = (clade_plan){.context = plan->context,
                           .env = plan->env,
                           .inputs = plan->inputs,
                           .outputs = plan->outputs,
                           .input_count = plan->input_count,
                           .output_count = plan->output_count};
    return c;
}

static void end(network_check *c) {
    plan_network_free(&c->small);
    for (size_t i = 0; c->small.weights && i < c->small.weight_count; i++) rt_buffer_destroy(&c->small.weights[i]);
    base_free(c->env, c->small.weights);
    base_free(c->env, c->small.steps);
    base_free(c->env, c->steps);
}

clade_status plan_check_network(clade_plan *plan) {
    if (plan->network.count == 0) return CLADE_OK;
    network_check c = begin(plan);
    atomic_init(&c.small.references, 1); /* never the last hold: it is no plan of its own */
    bool right = true;
    const clade_status status = find_verdict(&c, &right);
    end(&c);
    FORWARD(status);
    if (right) return CLADE_OK;
    base_log(plan->env, CLADE_LOG_WARNING,
             "the network in one launch computes wrong results on this device: its steps are launches of their own");
    plan_network_free(plan);
    return CLADE_OK;
}

clade_status plan_reject_network(const clade_plan *plan) {
    char name[PLAN_VERDICT_NAME];
    network_check c = begin(plan);
    const clade_status status = add_steps(&c);
    if (status == CLADE_OK) {
        name_network(&c, name, sizeof name);
        rt_facts_write(c.rt, &(rt_fact){.name = name, .text = plan_verdict_text(false)}, 1);
    }
    end(&c);
    return status;
}
