/* profile.c: sessions that take the time of each step. */
#include "plan/plan.h"

clade_status clade_session_create_profiled(clade_plan *plan, clade_session **session_out) {
    return session_create(plan, (session_settings){.profiled = true}, session_out);
}

/* Commands that a step puts on the queue. */
static size_t commands_of(const plan_step *step) {
    size_t count = 0;
    for (size_t i = 0; i < step->recipe.launch_count; i++)
        count += step->recipe.launches[i].is_gemm ? (size_t)step->recipe.launches[i].repeat : 1;
    return count;
}

/* From the step's first command to its last; the session is entered. */
static clade_status find_span(const clade_session *session, size_t index, clade_step_span *span_out) {
    const clade_plan *plan = session->plan;
    if (!session->profiled)
        return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to tell the time of step %zu: the session was not made to be profiled", index);
    if (index >= plan->step_count)
        return base_fail(session->env, CLADE_ERROR_NOT_FOUND, "failed to tell the time of step %zu: the plan has %zu",
                         index, plan->step_count);
    size_t command = 0;
    clade_step_span span = {0};
    for (size_t i = 0; i < index; i++) command += commands_of(&plan->steps[i]);
    for (size_t i = 0; i < commands_of(&plan->steps[index]); i++) {
        rt_span part;
        FORWARD(rt_queue_span(session->queue, command + i, &part));
        if (i == 0) span.begin = session->lead + part.begin;
        span.end = session->lead + part.end;
        span.busy += part.end - part.begin;
    }
    *span_out = span;
    return CLADE_OK;
}

clade_status clade_session_step_span(clade_session *session, size_t index, clade_step_span *span_out) {
    RETURN_IF(!session, CLADE_ERROR_INVALID_ARGUMENT);
    if (!span_out)
        return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to tell the time of step %zu: span_out is NULL", index);
    *span_out = (clade_step_span){0};
    FORWARD(session_enter(session, "tell a time"));
    return session_leave(session, find_span(session, index, span_out));
}

clade_status clade_session_step_time(clade_session *session, size_t index, double *seconds_out) {
    RETURN_IF(!session, CLADE_ERROR_INVALID_ARGUMENT);
    if (!seconds_out)
        return base_fail(session->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to tell the time of step %zu: seconds_out is NULL", index);
    clade_step_span span = {0};
    *seconds_out = 0.0;
    FORWARD(clade_session_step_span(session, index, &span));
    *seconds_out = span.busy;
    return CLADE_OK;
}
