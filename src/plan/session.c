/* session.c: a session: kernel objects with their arguments, the arena, and the launches of a run in order.
 *
 * Arguments are set once, when the session is made, but for those that depend on what the caller binds: each launch knows
 * them as patches, and a run sets them anew. */
#include "plan/plan.h"

#include <string.h>

/* ---- Arguments --------------------------------------------------------------------------------------------------------------- */

static session_binding resolve(const clade_session *session, const plan_operand *operand) {
    if (operand->place == PLAN_ARENA)
        return (session_binding){.memory = rt_buffer_handle(session->arena), .offset = operand->offset};
    if (operand->place == PLAN_WEIGHTS)
        return (session_binding){.memory = rt_buffer_handle(session->plan->weights[operand->index]),
                                 .offset = operand->offset};
    const size_t port = (size_t)operand->index + (operand->place == PLAN_OUTPUT ? session->plan->input_count : 0);
    session_binding bound = session->bindings[port];
    bound.offset += operand->offset;
    return bound;
}

/* Sets the memory, or leaves it for each run to set when it depends on what is bound. */
static clade_status set_operand(const clade_session *session, session_launch *launch, const plan_operand *operand,
                                uint32_t *position) {
    if (operand->place != PLAN_INPUT && operand->place != PLAN_OUTPUT) {
        const session_binding binding = resolve(session, operand);
        return plan_set_memory(launch->kernel, position, binding.memory, binding.offset);
    }
    launch->patches[launch->patch_count++] = (session_patch){.argument = *position, .operand = *operand};
    *position += 2;
    return CLADE_OK;
}

static clade_status set_arguments(const clade_session *session, session_launch *launch) {
    uint32_t position = 0;
    for (size_t i = 0; i < launch->launch->argument_count; i++) {
        const ops_argument *argument = &launch->launch->arguments[i];
        if (plan_is_memory(argument)) {
            const plan_operand operand = plan_argument_operand(launch->step, argument);
            FORWARD(set_operand(session, launch, &operand, &position));
        } else {
            FORWARD(plan_set_value(launch->kernel, &position, argument));
        }
    }
    return CLADE_OK;
}

/* ---- Creation ------------------------------------------------------------------------------------------------------------------ */

static clade_status make_launch(clade_session *session, const plan_step *step, size_t index) {
    session_launch *made = &session->launches[session->launch_count++];
    const ops_launch *launch = &step->recipe.launches[index];
    *made = (session_launch){.step = step, .launch = launch};
    if (launch->is_gemm) return CLADE_OK;
    made->dimensions = launch->dimensions;
    memcpy(made->global, launch->global, sizeof made->global);
    /* the plan has no program for steps that others do in one launch, which profiled sessions launch all the same */
    FORWARD(plan_kernel_create(session->rt, launch, step->programs[index], made->local, &made->kernel));
    return set_arguments(session, made);
}

/* More groups than units, since a group may go before its time (cl/network.cl). */
enum { NETWORK_GROUPS_A_UNIT = 4 };

static clade_status make_network_launch(clade_session *session) {
    const plan_network *network = &session->plan->network;
    session_launch *made = &session->launches[session->launch_count++];
    *made = (session_launch){.dimensions = 1,
                             .global = {NETWORK_GROUPS_A_UNIT * (size_t)rt_context_device(session->rt)->compute_units},
                             .local = {1}};
    FORWARD(rt_buffer_create(session->rt, network->counters, "the counters of a session", &session->counters));
    FORWARD(rt_upload_zeros(session->rt, session->counters, network->counters, "the counters of a session"));
    FORWARD(rt_kernel_create(network->program, "network", &made->kernel));
    FORWARD(rt_kernel_set_memory(made->kernel, 0, rt_buffer_handle(network->table)));
    FORWARD(rt_kernel_set_memory(made->kernel, 1, rt_buffer_handle(session->counters)));
    FORWARD(rt_kernel_set_local(made->kernel, 2, (size_t)network->scratch));
    uint32_t position = 3;
    for (size_t i = 0; i < network->memory_count; i++)
        FORWARD(set_operand(session, made, &network->memories[i], &position));
    return CLADE_OK;
}

static clade_status make_launches(clade_session *session) {
    const clade_plan *plan = session->plan;
    size_t count = 0;
    for (size_t i = 0; i < plan->step_count; i++) count += plan->steps[i].recipe.launch_count;
    session->launches = base_allocate_zero(session->env, count, sizeof *session->launches);
    if (!session->launches) return base_fail_memory(session->env, count * sizeof *session->launches, "a session");
    for (size_t i = 0; i < plan->step_count; i++) {
        if (plan_in_network(plan, i) && !session->profiled) {
            if (i == plan->network.first) FORWARD(make_network_launch(session));
            continue;
        }
        for (size_t k = 0; k < plan->steps[i].recipe.launch_count; k++)
            FORWARD(make_launch(session, &plan->steps[i], k));
    }
    return CLADE_OK;
}

static clade_status fill_session(clade_session *session, void *cl_queue_handle) {
    const clade_plan *plan = session->plan;
    const size_t ports = plan->input_count + plan->output_count;
    session->bindings = base_allocate_zero(session->env, ports, sizeof *session->bindings);
    session->staging = base_allocate_zero(session->env, ports, sizeof(rt_buffer *));
    if (!session->bindings || !session->staging)
        return base_fail_memory(session->env, ports * sizeof *session->bindings, "a session");
    if (session->profiled)
        FORWARD(rt_queue_create_profiled(session->rt, &session->queue));
    else
        FORWARD(rt_queue_create(session->rt, cl_queue_handle, &session->queue));
    if (plan->memory.arena > 0)
        FORWARD(rt_buffer_create(session->rt, plan->memory.arena, "the arena", &session->arena));
    return make_launches(session);
}

clade_status session_create(clade_plan *plan, session_settings settings, clade_session **session_out) {
    if (session_out) *session_out = NULL;
    RETURN_IF(!plan, CLADE_ERROR_INVALID_ARGUMENT);
    if (!session_out)
        return base_fail(plan->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to create a session: session_out is NULL");
    if (plan->dry)
        return base_fail(plan->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to create a session: the plan was made with dry_run, for looking only");
    clade_session *session = base_allocate_zero(plan->env, 1, sizeof *session);
    if (!session) return base_fail_memory(plan->env, sizeof *session, "a session");
    session->plan = plan_hold(plan);
    session->env = plan->env;
    session->rt = context_rt(plan->context);
    session->profiled = settings.profiled;
    atomic_flag_clear(&session->busy);
    const clade_status status = fill_session(session, settings.cl_queue_handle);
    if (status != CLADE_OK) clade_session_destroy(&session);
    *session_out = session;
    return status;
}

clade_status clade_session_create(clade_plan *plan, clade_session **session_out) {
    return session_create(plan, (session_settings){0}, session_out);
}

void clade_session_destroy(clade_session **session) {
    if (!session || !*session) return;
    clade_session *gone = *session;
    *session = NULL;
    clade_plan *plan = gone->plan;
    if (gone->queue) (void)rt_queue_finish(gone->queue); /* a lost device has told its message already */
    for (size_t i = 0; i < gone->launch_count; i++) rt_kernel_destroy(&gone->launches[i].kernel);
    for (size_t i = 0; gone->staging && i < plan->input_count + plan->output_count; i++)
        rt_buffer_destroy(&gone->staging[i]);
    rt_buffer_destroy(&gone->arena);
    rt_buffer_destroy(&gone->counters);
    rt_queue_destroy(&gone->queue);
    base_free(gone->env, gone->launches);
    base_free(gone->env, gone->bindings);
    base_free(gone->env, gone->staging);
    base_free(gone->env, gone);
    plan_release(plan);
}

/* ---- One run at a time --------------------------------------------------------------------------------------------------------- */

clade_status session_enter(clade_session *session, const char *verb) {
    if (atomic_flag_test_and_set(&session->busy))
        return base_fail(session->env, CLADE_ERROR_BUSY,
                         "failed to %s: the session is in use on another thread; make one session a thread", verb);
    session->called = base_seconds();
    if (!session->lost) return CLADE_OK;
    atomic_flag_clear(&session->busy);
    return base_fail(session->env, CLADE_ERROR_DEVICE_LOST,
                     "failed to %s: the device failed in an earlier run; the session can only be destroyed", verb);
}

clade_status session_leave(clade_session *session, clade_status status) {
    if (status == CLADE_ERROR_DEVICE_LOST) session->lost = true;
    atomic_flag_clear(&session->busy);
    return status;
}

/* ---- Launching ------------------------------------------------------------------------------------------------------------------ */

static session_binding gemm_operand(const clade_session *session, const plan_step *step, const ops_operand *operand) {
    const plan_operand place = plan_operand_of(step, operand->kind, operand->index, (uint64_t)operand->offset);
    return resolve(session, &place);
}

static clade_status enqueue_gemm(clade_session *session, const session_launch *launch) {
    const ops_launch *product = launch->launch;
    const plan_step *step = launch->step;
    const session_binding a = gemm_operand(session, step, &product->a), b = gemm_operand(session, step, &product->b),
                          c = gemm_operand(session, step, &product->c);
    void *workspace = step->gemm_workspace > 0 ? rt_buffer_handle(session->arena) : NULL;
    const uint64_t workspace_offset = step->workspace.offset * sizeof(float) + step->recipe.workspace;
    for (int64_t i = 0; i < product->repeat; i++)
        FORWARD(rt_gemm_run(session->queue, &product->gemm, a.memory, a.offset + (uint64_t)(i * product->a_step),
                            b.memory, b.offset + (uint64_t)(i * product->b_step), c.memory,
                            c.offset + (uint64_t)(i * product->c_step), workspace, workspace_offset));
    return CLADE_OK;
}

clade_status session_enqueue(clade_session *session) {
    rt_queue_forget_times(session->queue);
    session->lead = base_seconds() - session->called;
    return session_enqueue_launches(session, 0, session->launch_count);
}

clade_status session_enqueue_launches(clade_session *session, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) {
        const session_launch *launch = &session->launches[i];
        if (!launch->kernel) {
            FORWARD(enqueue_gemm(session, launch));
            continue;
        }
        for (size_t k = 0; k < launch->patch_count; k++) {
            const session_patch *patch = &launch->patches[k];
            const session_binding binding = resolve(session, &patch->operand);
            uint32_t position = patch->argument;
            FORWARD(plan_set_memory(launch->kernel, &position, binding.memory, binding.offset));
        }
        FORWARD(rt_enqueue(session->queue, launch->kernel, launch->dimensions, launch->global, launch->local));
    }
    return CLADE_OK;
}
