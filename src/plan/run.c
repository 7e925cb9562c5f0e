/* run.c: running a session on host memory (clade_run) or on the caller's cl_mem (clade_enqueue). */
#include "plan/plan.h"

#include <clade/opencl.h>

#include <string.h>

/* ---- Ports ------------------------------------------------------------------------------------------------------------------- */

static const plan_port *port_of(const clade_session *session, size_t port) {
    const size_t inputs = session->plan->input_count;
    return port < inputs ? &session->plan->inputs[port] : &session->plan->outputs[port - inputs];
}

clade_status session_find_port(const clade_session *session, bool is_output, const char *name, size_t position,
                               size_t *port_out) {
    const clade_plan *plan = session->plan;
    const char *what = is_output ? "output" : "input";
    const plan_port *ports = is_output ? plan->outputs : plan->inputs;
    const size_t count = is_output ? plan->output_count : plan->input_count;
    size_t found = position;
    if (name)
        for (found = 0; found < count && strcmp(ports[found].name, name) != 0;) found++;
    if (found < count) {
        *port_out = found + (is_output ? plan->input_count : 0);
        return CLADE_OK;
    }
    if (name)
        return base_fail(session->env, CLADE_ERROR_NOT_FOUND, "failed to bind %s \"%s\": the plan has no such %s", what,
                         name, what);
    return base_fail(session->env, CLADE_ERROR_NOT_FOUND, "failed to bind %s %zu: the plan has %zu", what, position,
                     count);
}

static clade_status fail_twice(const clade_session *session, size_t port) {
    return base_fail(session->env, CLADE_ERROR_DUPLICATE, "failed to bind \"%s\": it is bound twice",
                     port_of(session, port)->name);
}

/* ---- Host memory ---------------------------------------------------------------------------------------------------------------- */

/* Which of the caller's buffers belongs to which port. */
typedef struct host_binding {
    const clade_buffer *buffers[2]; /* inputs, outputs */
    size_t counts[2];
} host_binding;

static clade_status check_buffer(const clade_session *session, const clade_buffer *buffer, size_t port) {
    const plan_port *expected = port_of(session, port);
    if (!buffer->data)
        return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to bind \"%s\": its data is NULL",
                         expected->name);
    if (buffer->size != expected->bytes)
        return base_fail(session->env, CLADE_ERROR_SHAPE, "failed to bind \"%s\" with %zu bytes: expected %llu",
                         expected->name, buffer->size, (unsigned long long)expected->bytes);
    return CLADE_OK;
}

/* Every buffer names a port of its own, of the right size; every input has a buffer. */
static clade_status check_buffers(const clade_session *session, const host_binding *host) {
    for (int side = 0; side < 2; side++) {
        if (host->counts[side] > 0 && !host->buffers[side])
            return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to run: the array of %s is NULL",
                             side ? "outputs" : "inputs");
        for (size_t i = 0; i < host->counts[side]; i++) {
            size_t port = 0, other = 0;
            FORWARD(session_find_port(session, side == 1, host->buffers[side][i].name, i, &port));
            FORWARD(check_buffer(session, &host->buffers[side][i], port));
            for (size_t k = 0; k < i; k++) {
                FORWARD(session_find_port(session, side == 1, host->buffers[side][k].name, k, &other));
                if (other == port) return fail_twice(session, port);
            }
        }
    }
    if (host->counts[0] != session->plan->input_count)
        return base_fail(session->env, CLADE_ERROR_NOT_FOUND, "failed to run with %zu inputs: the plan has %zu",
                         host->counts[0], session->plan->input_count);
    return CLADE_OK;
}

/* Buffers that stand for the caller's host memory, made once. */
static clade_status make_staging(clade_session *session) {
    for (size_t i = 0; i < session->plan->input_count + session->plan->output_count; i++) {
        if (!session->staging[i])
            FORWARD(rt_buffer_create(session->rt, port_of(session, i)->bytes, port_of(session, i)->name,
                                     &session->staging[i]));
        session->bindings[i] = (session_binding){.memory = rt_buffer_handle(session->staging[i])};
    }
    return CLADE_OK;
}

static clade_status run_on_host(clade_session *session, const host_binding *host) {
    FORWARD(check_buffers(session, host));
    FORWARD(make_staging(session));
    for (size_t i = 0; i < host->counts[0]; i++) {
        size_t port = 0;
        FORWARD(session_find_port(session, false, host->buffers[0][i].name, i, &port));
        FORWARD(
            rt_write(session->queue, session->staging[port], 0, host->buffers[0][i].data, host->buffers[0][i].size));
    }
    FORWARD(session_enqueue(session));
    for (size_t i = 0; i < host->counts[1]; i++) {
        size_t port = 0;
        FORWARD(session_find_port(session, true, host->buffers[1][i].name, i, &port));
        FORWARD(rt_read(session->queue, session->staging[port], 0, host->buffers[1][i].data, host->buffers[1][i].size));
    }
    return CLADE_OK;
}

clade_status clade_run(clade_session *session, const clade_buffer *inputs, size_t input_count,
                       const clade_buffer *outputs, size_t output_count) {
    RETURN_IF(!session, CLADE_ERROR_INVALID_ARGUMENT);
    FORWARD(session_enter(session, "run"));
    const host_binding host = {.buffers = {inputs, outputs}, .counts = {input_count, output_count}};
    clade_status status = run_on_host(session, &host);
    /* also after a failure: what is on the queue already uses the caller's memory */
    const clade_status finished = rt_queue_finish(session->queue);
    return session_leave(session, status != CLADE_OK ? status : finished);
}

clade_status session_warm_up(clade_session *session) {
    FORWARD(make_staging(session));
    FORWARD(session_enqueue(session));
    return rt_queue_finish(session->queue);
}

/* ---- The caller's cl_mem ----------------------------------------------------------------------------------------------------------- */

static clade_status bind(clade_session *session, bool is_output, const clade_opencl_buffer *buffers, size_t count) {
    const clade_plan *plan = session->plan;
    const size_t expected = is_output ? plan->output_count : plan->input_count;
    const char *what = is_output ? "outputs" : "inputs";
    if (count != expected)
        return base_fail(session->env, CLADE_ERROR_NOT_FOUND, "failed to enqueue with %zu %s: the plan has %zu", count,
                         what, expected);
    if (count > 0 && !buffers)
        return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to enqueue: the array of %s is NULL",
                         what);
    for (size_t i = 0; i < count; i++) {
        size_t port = 0;
        FORWARD(session_find_port(session, is_output, buffers[i].name, i, &port));
        const plan_port *at = port_of(session, port);
        if (session->bindings[port].memory) return fail_twice(session, port);
        if (buffers[i].offset % sizeof(float) != 0)
            return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to bind \"%s\" at byte %zu: the offset must be a multiple of %zu", at->name,
                             buffers[i].offset, sizeof(float));
        FORWARD(rt_memory_check(session->rt, buffers[i].memory, buffers[i].offset, at->bytes, at->name));
        session->bindings[port] =
            (session_binding){.memory = buffers[i].memory, .offset = buffers[i].offset / sizeof(float)};
    }
    return CLADE_OK;
}

static clade_status enqueue_run(clade_session *session, cl_uint wait_count, const cl_event *wait_list,
                                cl_event *event_out) {
    void *event = NULL;
    if (wait_count > 0) FORWARD(rt_queue_wait_for(session->queue, wait_count, wait_list));
    FORWARD(session_enqueue(session));
    if (!event_out) return rt_queue_flush(session->queue);
    FORWARD(rt_queue_mark(session->queue, &event));
    *event_out = event;
    return CLADE_OK;
}

clade_status clade_enqueue(clade_session *session, const clade_opencl_buffer *inputs, size_t input_count,
                           const clade_opencl_buffer *outputs, size_t output_count, cl_uint wait_count,
                           const cl_event *wait_list, cl_event *event_out) {
    if (event_out) *event_out = NULL;
    RETURN_IF(!session, CLADE_ERROR_INVALID_ARGUMENT);
    if ((wait_count > 0) != (wait_list != NULL))
        return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to enqueue: wait_count is %u and wait_list is %s", wait_count,
                         wait_list ? "set" : "NULL");
    FORWARD(session_enter(session, "enqueue"));
    memset(session->bindings, 0,
           (session->plan->input_count + session->plan->output_count) * sizeof *session->bindings);
    clade_status status = bind(session, false, inputs, input_count);
    if (status == CLADE_OK) status = bind(session, true, outputs, output_count);
    if (status == CLADE_OK) status = enqueue_run(session, wait_count, wait_list, event_out);
    return session_leave(session, status);
}

clade_status clade_session_create_opencl(clade_plan *plan, cl_command_queue queue, clade_session **session_out) {
    if (plan && !queue) {
        if (session_out) *session_out = NULL;
        return base_fail(plan->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to create a session: queue is NULL");
    }
    return session_create(plan, (session_settings){.cl_queue_handle = queue}, session_out);
}
