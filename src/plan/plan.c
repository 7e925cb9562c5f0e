/* plan.c: clade_plan_create and what a plan can say about itself.
 *
 * The order of creation: everything that is only numbers comes first (passes, storage, recipes, memory), so that a plan which
 * does not fit is refused, or a dry run ends, before anything is built or allocated on the device. */
#include "plan/plan.h"
#include "pass/pass.h"
#include "plan/choose.h"
#include "plan/memory.h"
#include "plan/tune.h"

#include <string.h>

clade_plan_settings clade_plan_defaults(void) { return (clade_plan_settings){.batch = 1}; }

clade_plan *plan_hold(clade_plan *plan) {
    atomic_fetch_add(&plan->references, 1);
    return plan;
}

static void free_ports(base_env *env, plan_port *ports, size_t count) {
    for (size_t i = 0; ports && i < count; i++) base_free(env, ports[i].name);
    base_free(env, ports);
}

static void drop_steps(clade_plan *plan) {
    for (size_t i = 0; i < plan->step_count; i++)
        for (size_t k = 0; k < OPS_MAX_LAUNCHES; k++) rt_program_release(&plan->steps[i].programs[k]);
    base_free(plan->env, plan->steps);
    plan->steps = NULL;
    plan->step_count = 0;
}

void plan_release(clade_plan *plan) {
    if (!plan || atomic_fetch_sub(&plan->references, 1) != 1) return;
    for (size_t i = 0; plan->weights && i < plan->weight_count; i++) rt_buffer_destroy(&plan->weights[i]);
    plan_network_free(plan);
    drop_steps(plan);
    base_free(plan->env, plan->weights);
    free_ports(plan->env, plan->inputs, plan->input_count);
    free_ports(plan->env, plan->outputs, plan->output_count);
    clade_graph_destroy(&plan->graph);
    clade_context *context = plan->context;
    base_free(plan->env, plan);
    context_release(context);
}

void clade_plan_destroy(clade_plan **plan) {
    if (!plan) return;
    plan_release(*plan);
    *plan = NULL;
}

/* ---- The compiled graph ---------------------------------------------------------------------------------------------------- */

static clade_status compile_graph(clade_plan *plan, const clade_graph *graph, const clade_plan_settings *settings) {
    const rt_device *device = rt_context_device(context_rt(plan->context));
    const pass_options options = {
        .disabled = settings->disabled_passes,
        .channel_block = settings->channel_block            ? settings->channel_block
                         : device->type == CLADE_DEVICE_CPU ? (int32_t)device->float_width
                                                            : 1,
    };
    FORWARD(graph_clone(graph, &plan->graph));
    FORWARD(graph_set_batch(plan->graph, settings->batch ? settings->batch : clade_plan_defaults().batch));
    return pass_run(plan->graph, &options);
}

/* ---- Steps ------------------------------------------------------------------------------------------------------------------- */

static plan_operand find_operand(const plan_storage *storage, clade_tensor tensor) {
    if (!graph_is_tensor(tensor)) return (plan_operand){.place = PLAN_NOWHERE};
    const plan_location *location = &storage->locations[tensor.id];
    const plan_block *block = &storage->blocks[location->block];
    return (plan_operand){.place = block->place,
                          .index = block->index,
                          .offset = block->offset / sizeof(float) + (uint64_t)location->offset};
}

/* CLBlast's own workspace: the largest that any product of the step needs. */
static clade_status find_gemm_workspace(clade_plan *plan, plan_step *step) {
    for (size_t i = 0; i < step->recipe.launch_count; i++) {
        const ops_launch *launch = &step->recipe.launches[i];
        if (!launch->is_gemm) continue;
        uint64_t bytes = 0;
        FORWARD(rt_gemm_workspace(context_rt(plan->context), &launch->gemm, &bytes));
        if (bytes > step->gemm_workspace) step->gemm_workspace = bytes;
    }
    return CLADE_OK;
}

static clade_status check_in_place(const clade_plan *plan, const plan_storage *storage, const plan_task *task) {
    const plan_location *out = &storage->locations[task->output.id];
    for (int32_t i = 0; i < OPS_MAX_INPUTS; i++) {
        if (!graph_is_tensor(task->inputs[i])) continue;
        const plan_location *in = &storage->locations[task->inputs[i].id];
        if (in->block == out->block && in->offset == out->offset && !ops_in_place(&task->problem, i))
            return base_fail(plan->env, CLADE_ERROR_INTERNAL, "failed to plan \"%s\": its kernels cannot work in place",
                             graph_tensor_of(plan->graph, task->output)->name);
    }
    return CLADE_OK;
}

static void set_weight_type(ops_problem *problem, clade_type type) {
    if (problem->given) return;
    if (problem->kind == OPS_CONV2D) problem->conv2d.weights = type;
    if (problem->kind == OPS_LINEAR) problem->linear.weights = type;
}

static clade_status make_step(clade_plan *plan, const plan_storage *storage, const plan_chooser *chooser, size_t node,
                              size_t part) {
    plan_step *step = &plan->steps[plan->step_count];
    plan_task task;
    FORWARD(plan_lower(plan->graph, storage, node, part, &task));
    FORWARD(check_in_place(plan, storage, &task));
    set_weight_type(&task.problem, chooser->weights);
    FORWARD(plan_choose(chooser, plan->step_count, &task.problem, &step->recipe));
    step->node = node;
    step->problem = task.problem;
    /* the operands' places are final, their offsets only once memory is planned */
    for (int32_t i = 0; i < OPS_MAX_INPUTS; i++) step->inputs[i] = (plan_operand){.index = task.inputs[i].id};
    step->output = (plan_operand){.index = task.output.id};
    plan->step_count++;
    return find_gemm_workspace(plan, step);
}

static clade_status make_steps(clade_plan *plan, const plan_storage *storage, const plan_chooser *chooser) {
    size_t count = 0;
    drop_steps(plan); /* of an earlier try, which took too much memory or a kernel that is wrong */
    for (size_t i = 0; i < plan->graph->node_count; i++) count += plan_part_count(plan->graph, storage, i);
    plan->steps = base_allocate_zero(plan->env, count, sizeof *plan->steps);
    if (!plan->steps) return base_fail_memory(plan->env, count * sizeof *plan->steps, "a plan's steps");
    for (size_t i = 0; i < plan->graph->node_count; i++) {
        const size_t parts = plan_part_count(plan->graph, storage, i);
        for (size_t part = 0; part < parts; part++) FORWARD(make_step(plan, storage, chooser, i, part));
    }
    return CLADE_OK;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------------------- */

/* Workspaces are blocks that live during their step; what lies in the arena gets its offset. */
static clade_status plan_arena(clade_plan *plan, plan_storage *storage, bool reuse) {
    const size_t total = storage->block_count + plan->step_count;
    memory_block *blocks = base_allocate_zero(plan->env, total, sizeof *blocks);
    if (!blocks) return base_fail_memory(plan->env, total * sizeof *blocks, "a plan's memory");
    const uint64_t alignment = rt_context_device(context_rt(plan->context))->alignment;
    for (size_t i = 0; i < storage->block_count; i++) {
        const plan_block *block = &storage->blocks[i];
        const bool inside = block->place == PLAN_ARENA;
        blocks[i] = (memory_block){.size = inside ? block->bytes : 0, .first = block->first, .last = block->last};
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        plan_step *step = &plan->steps[i];
        step->recipe.workspace = (uint64_t)base_round_up((int64_t)step->recipe.workspace, (int64_t)alignment);
        blocks[storage->block_count + i] = (memory_block){.size = step->recipe.workspace + step->gemm_workspace,
                                                          .first = (int32_t)step->node,
                                                          .last = (int32_t)step->node};
    }
    const clade_status status =
        memory_plan(plan->env, blocks, total, alignment, reuse, &plan->memory.arena, &plan->memory.peak_live);
    for (size_t i = 0; status == CLADE_OK && i < storage->block_count; i++)
        if (storage->blocks[i].place == PLAN_ARENA) storage->blocks[i].offset = blocks[i].offset;
    for (size_t i = 0; status == CLADE_OK && i < plan->step_count; i++) {
        plan_step *step = &plan->steps[i];
        for (int32_t k = 0; k < OPS_MAX_INPUTS; k++)
            step->inputs[k] = find_operand(storage, (clade_tensor){step->inputs[k].index});
        step->output = find_operand(storage, (clade_tensor){step->output.index});
        step->workspace = (plan_operand){.offset = blocks[storage->block_count + i].offset / sizeof(float)};
    }
    base_free(plan->env, blocks);
    return status;
}

/* Bytes above the caller's limit. */
static uint64_t excess_of(const clade_plan_memory *memory, uint64_t limit) {
    if (limit == 0 || (memory->weights <= limit && memory->arena <= limit - memory->weights)) return 0;
    return memory->weights - limit + memory->arena; /* wraps around and back where the weights alone fit */
}

static clade_status check_memory(const clade_plan *plan, uint64_t limit) {
    const rt_device *device = rt_context_device(context_rt(plan->context));
    const clade_plan_memory *memory = &plan->memory;
    if (excess_of(memory, limit) > 0)
        return base_fail(plan->env, CLADE_ERROR_MEMORY_LIMIT,
                         "failed to compile the graph within %llu bytes: it needs %llu for weights and "
                         "%llu for the arena with its leanest kernels",
                         (unsigned long long)limit, (unsigned long long)memory->weights,
                         (unsigned long long)memory->arena);
    if (memory->arena > device->largest_allocation || memory->weights > device->global_memory ||
        memory->arena > device->global_memory - memory->weights)
        return base_fail(
            plan->env, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
            "failed to compile the graph for %s: it needs %llu bytes for weights and %llu for the arena, the "
            "device has %llu and allows %llu in one piece; a smaller batch may fit",
            device->name, (unsigned long long)memory->weights, (unsigned long long)memory->arena,
            (unsigned long long)device->global_memory, (unsigned long long)device->largest_allocation);
    return CLADE_OK;
}

static clade_status plan_memory(clade_plan *plan, plan_storage *storage, const clade_plan_settings *settings) {
    FORWARD(plan_arena(plan, storage, (settings->disabled_passes & CLADE_PASS_REUSE) == 0));
    return plan_place_weights(plan);
}

/* Steps and where they work, with leaner kernels where the caller's limit asks for them. */
static clade_status choose_and_place(clade_plan *plan, plan_storage *storage, const clade_plan_settings *settings,
                                     plan_chooser *chooser) {
    for (bool again = true; again;) {
        FORWARD(make_steps(plan, storage, chooser));
        FORWARD(plan_memory(plan, storage, settings));
        const uint64_t excess = excess_of(&plan->memory, settings->memory_limit);
        again = excess > 0;
        if (again) FORWARD(plan_slim(plan, chooser, excess, &again));
    }
    return check_memory(plan, settings->memory_limit);
}

/* ---- Ports --------------------------------------------------------------------------------------------------------------------- */

static clade_status make_port(clade_plan *plan, clade_tensor tensor, const char *name, plan_port *port_out) {
    int64_t elements = 0;
    (void)base_shape_elements(graph_shape_of(plan->graph, tensor), &elements); /* shapes in a graph never overflow */
    port_out->bytes = (uint64_t)elements * sizeof(float);
    plan->memory.inputs_outputs += port_out->bytes;
    port_out->name = base_copy_string(plan->env, name);
    return port_out->name ? CLADE_OK : base_fail_memory(plan->env, strlen(name) + 1, "a plan's names");
}

static clade_status make_ports(clade_plan *plan) {
    const clade_graph *graph = plan->graph;
    plan->inputs = base_allocate_zero(plan->env, graph->input_count, sizeof *plan->inputs);
    plan->outputs = base_allocate_zero(plan->env, graph->output_count, sizeof *plan->outputs);
    if (!plan->inputs || !plan->outputs) return base_fail_memory(plan->env, sizeof *plan->inputs, "a plan's ports");
    plan->input_count = graph->input_count;
    plan->output_count = graph->output_count;
    for (size_t i = 0; i < graph->input_count; i++)
        FORWARD(make_port(plan, graph->inputs[i], graph_tensor_of(graph, graph->inputs[i])->name, &plan->inputs[i]));
    for (size_t i = 0; i < graph->output_count; i++)
        FORWARD(make_port(plan, graph->outputs[i].tensor, graph->outputs[i].name, &plan->outputs[i]));
    return CLADE_OK;
}

/* ---- Creation ------------------------------------------------------------------------------------------------------------------ */

static clade_status check_settings(const clade_graph *graph, const clade_plan_settings *settings) {
    base_env *env = graph->env;
    const int32_t block = settings->channel_block;
    if (!graph_reserved_clear(settings->reserved, BASE_COUNT(settings->reserved)))
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to compile the graph: reserved settings must be zero");
    if (settings->batch < 0 || settings->batch > INT32_MAX)
        return base_fail(env, CLADE_ERROR_SHAPE, "failed to compile the graph for a batch of %lld: it must be 1 to %d",
                         (long long)settings->batch, INT32_MAX);
    if (block != 0 && block != 1 && block != 4 && block != 8 && block != 16)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to compile the graph with a channel block of %d: it must be 0, 1, 4, 8 or 16", block);
    if (settings->weights != CLADE_FLOAT32 && settings->weights != CLADE_FLOAT16 && settings->weights != CLADE_BFLOAT16)
        return base_fail(
            env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to compile the graph with weights of type %d: it must be CLADE_FLOAT32, CLADE_FLOAT16 or "
            "CLADE_BFLOAT16",
            (int)settings->weights);
    if (graph->output_count == 0)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to compile the graph: it has no output");
    if (!context_rt(graph->context))
        return base_fail(env, CLADE_ERROR_NO_DEVICE,
                         "failed to compile the graph: its context was made for no device (\"none\")");
    return settings->kernels ? ops_check_restriction(env, settings->kernels) : CLADE_OK;
}

static clade_status build_programs(clade_plan *plan) {
    for (size_t i = 0; i < plan->step_count; i++) {
        plan_step *step = &plan->steps[i];
        if (plan_in_network(plan, i)) continue;
        for (size_t k = 0; k < step->recipe.launch_count; k++) {
            const ops_launch *launch = &step->recipe.launches[k];
            if (launch->is_gemm) continue;
            FORWARD(rt_program_get(context_rt(plan->context), launch->source, launch->options, &step->programs[k]));
        }
    }
    return CLADE_OK;
}

static clade_status warm_up(clade_plan *plan) {
    clade_session *session = NULL;
    FORWARD(session_create(plan, (session_settings){0}, &session));
    const clade_status status = session_warm_up(session);
    if (status == CLADE_OK) rt_programs_store(context_rt(plan->context));
    clade_session_destroy(&session);
    return status;
}

/* Everything that depends on the choice of kernels; chosen again when one turns out to be wrong. */
static clade_status make_trusted_steps(clade_plan *plan, plan_storage *storage, const clade_plan_settings *settings,
                                       plan_chooser *chooser) {
    for (bool wrong = true; wrong;) {
        const bool has_network = (settings->disabled_passes & CLADE_PASS_NETWORK) == 0;
        FORWARD(choose_and_place(plan, storage, settings, chooser));
        plan_network_free(plan); /* of an earlier try */
        if (settings->dry_run) {
            if (has_network) plan_network_find(plan);
            return CLADE_OK;
        }
        if (has_network) FORWARD(plan_network_make(plan));
        FORWARD(plan_check_network(plan));
        FORWARD(plan_check(plan, &wrong));
    }
    return CLADE_OK;
}

static clade_status fill_plan(clade_plan *plan, const clade_graph *graph, const clade_plan_settings *settings,
                              plan_chooser *chooser, bool try_it) {
    plan_storage storage = {.env = plan->env};
    FORWARD(compile_graph(plan, graph, settings));
    if (!settings->dry_run) FORWARD(graph_check_values(plan->graph));
    FORWARD(make_ports(plan));
    FORWARD(plan_storage_make(plan->graph, (settings->disabled_passes & CLADE_PASS_IN_PLACE) == 0, &storage));
    const clade_status status = make_trusted_steps(plan, &storage, settings, chooser);
    plan_storage_free(&storage);
    FORWARD(status);
    if (!settings->dry_run) {
        FORWARD(build_programs(plan));
        FORWARD(plan_upload_weights(plan));
    }
    graph_drop_values(plan->graph);
    return settings->dry_run || !try_it ? CLADE_OK : warm_up(plan);
}

static clade_status create(const clade_graph *graph, const clade_plan_settings *settings, plan_chooser *chooser,
                           bool try_it, clade_plan **plan_out) {
    clade_plan *plan = base_allocate_zero(graph->env, 1, sizeof *plan);
    if (!plan) return base_fail_memory(graph->env, sizeof *plan, "a plan");
    atomic_init(&plan->references, 1);
    plan->env = graph->env;
    plan->context = context_hold(graph->context);
    plan->dry = settings->dry_run;
    const clade_status status = fill_plan(plan, graph, settings, chooser, try_it);
    if (status != CLADE_OK) clade_plan_destroy(&plan);
    *plan_out = plan;
    return status;
}

clade_status plan_create_with(const clade_graph *graph, const clade_plan_settings *settings, bool tuned,
                              const plan_given *given, size_t given_count, clade_plan **plan_out) {
    *plan_out = NULL;
    const clade_plan_settings defaults = clade_plan_defaults();
    if (!settings) settings = &defaults;
    FORWARD(check_settings(graph, settings));
    plan_chooser chooser = {.env = graph->env,
                            .rt = context_rt(graph->context),
                            .kernels = settings->kernels,
                            .weights = settings->weights,
                            .tuned = tuned};
    if (given) {
        chooser.given = base_allocate_zero(graph->env, given_count, sizeof *chooser.given);
        if (!chooser.given)
            return base_fail_memory(graph->env, given_count * sizeof *chooser.given, "a plan's choices");
        memcpy(chooser.given, given, given_count * sizeof *chooser.given);
        chooser.given_count = given_count;
    }
    const clade_status status = create(graph, settings, &chooser, true, plan_out);
    base_free(graph->env, chooser.given);
    return status;
}

clade_status plan_create_untried(const clade_graph *graph, const clade_plan_settings *settings, clade_plan **plan_out) {
    *plan_out = NULL;
    FORWARD(check_settings(graph, settings));
    plan_chooser chooser = {
        .env = graph->env, .rt = context_rt(graph->context), .kernels = settings->kernels, .tuned = true};
    return create(graph, settings, &chooser, false, plan_out);
}

clade_status clade_plan_create(const clade_graph *graph, const clade_plan_settings *settings, clade_plan **plan_out) {
    if (plan_out) *plan_out = NULL;
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!plan_out)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to compile the graph: plan_out is NULL");
    clade_tuning tuning = CLADE_TUNING_USE;
    FORWARD(plan_tuning_level(graph->env, settings, &tuning));
    if (tuning > CLADE_TUNING_USE && !(settings && settings->dry_run))
        FORWARD(plan_tune_missing(graph, settings, tuning));
    return plan_create_with(graph, settings, tuning != CLADE_TUNING_OFF, NULL, 0, plan_out);
}

/* ---- Looking at a plan ------------------------------------------------------------------------------------------------------------ */

clade_status clade_plan_memory_use(const clade_plan *plan, clade_plan_memory *memory_out) {
    RETURN_IF(!plan, CLADE_ERROR_INVALID_ARGUMENT);
    if (!memory_out)
        return base_fail(plan->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to describe a plan: memory_out is NULL");
    *memory_out = plan->memory;
    return CLADE_OK;
}

size_t clade_plan_step_count(const clade_plan *plan) { return plan ? plan->step_count : 0; }

clade_status clade_plan_step(const clade_plan *plan, size_t index, clade_step_info *info_out) {
    RETURN_IF(!plan, CLADE_ERROR_INVALID_ARGUMENT);
    if (!info_out)
        return base_fail(plan->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to describe a step: info_out is NULL");
    if (index >= plan->step_count)
        return base_fail(plan->env, CLADE_ERROR_NOT_FOUND, "failed to describe step %zu: the plan has %zu", index,
                         plan->step_count);
    const plan_step *step = &plan->steps[index];
    const bool inside = plan_in_network(plan, index);
    *info_out = (clade_step_info){.node = step->node,
                                  .kernel = step->recipe.candidate,
                                  .reason = step->recipe.reason,
                                  .launches = inside ? index == plan->network.first : step->recipe.launch_count,
                                  .workspace = step->recipe.workspace + step->gemm_workspace};
    return CLADE_OK;
}

const clade_graph *clade_plan_graph(const clade_plan *plan) { return plan ? plan->graph : NULL; }
