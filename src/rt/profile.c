/* profile.c: how long the commands of a profiled queue took, by their events. */
#include "rt/objects.h"

clade_status rt_queue_next_event(rt_queue *queue, bool has_many_kernels, cl_event **event_out) {
    base_env *env = queue->context->env;
    *event_out = NULL;
    if (!queue->profiled) return CLADE_OK;
    if (!base_grow(env, &queue->commands, sizeof *queue->commands, queue->command_count, &queue->command_capacity))
        return base_fail_memory(env, sizeof *queue->commands, "the times of a queue");
    rt_command *command = &queue->commands[queue->command_count++];
    *command = (rt_command){NULL, NULL};
    *event_out = &command->event;
    if (!has_many_kernels) return CLADE_OK;
    const cl_int code = clEnqueueMarkerWithWaitList(queue->handle, 0, NULL, &command->before);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(env, RT_RUNNING, code, "clEnqueueMarkerWithWaitList", "take the time of a command");
}

void rt_queue_forget_times(rt_queue *queue) {
    for (size_t i = 0; i < queue->command_count; i++) {
        if (queue->commands[i].before) clReleaseEvent(queue->commands[i].before);
        if (queue->commands[i].event) clReleaseEvent(queue->commands[i].event);
    }
    queue->command_count = 0;
}

/* On the device's clock, in nanoseconds. */
static clade_status read_clock(const rt_queue *queue, cl_event event, cl_profiling_info moment, cl_ulong *clock_out) {
    const cl_int code = clGetEventProfilingInfo(event, moment, sizeof *clock_out, clock_out, NULL);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(queue->context->env, RT_RUNNING, code, "clGetEventProfilingInfo", "tell the time of a command");
}

static cl_event first_event(const rt_command *command) { return command->before ? command->before : command->event; }

/* Clocks of different events may disagree by a little, and are unsigned. */
static double seconds_between(cl_ulong from, cl_ulong to) { return to > from ? 1e-9 * (double)(to - from) : 0.0; }

clade_status rt_queue_span(const rt_queue *queue, size_t index, rt_span *span_out) {
    cl_ulong queued, begin, end;
    *span_out = (rt_span){0};
    if (index >= queue->command_count)
        return base_fail(queue->context->env, CLADE_ERROR_NOT_FOUND,
                         "failed to tell the time of command %zu: %zu were taken", index, queue->command_count);
    const rt_command *command = &queue->commands[index];
    const cl_profiling_info start_of = command->before ? CL_PROFILING_COMMAND_END : CL_PROFILING_COMMAND_START;
    FORWARD(read_clock(queue, first_event(&queue->commands[0]), CL_PROFILING_COMMAND_QUEUED, &queued));
    FORWARD(read_clock(queue, first_event(command), start_of, &begin));
    FORWARD(read_clock(queue, command->event, CL_PROFILING_COMMAND_END, &end));
    span_out->begin = seconds_between(queued, begin);
    span_out->end = span_out->begin + seconds_between(begin, end);
    return CLADE_OK;
}
