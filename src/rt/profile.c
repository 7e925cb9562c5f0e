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

clade_status rt_queue_time(const rt_queue *queue, size_t index, double *seconds_out) {
    base_env *env = queue->context->env;
    *seconds_out = 0.0;
    if (index >= queue->command_count)
        return base_fail(env, CLADE_ERROR_NOT_FOUND, "failed to tell the time of command %zu: %zu were taken", index,
                         queue->command_count);
    const rt_command *command = &queue->commands[index];
    const cl_event first = command->before ? command->before : command->event;
    const cl_profiling_info start_of = command->before ? CL_PROFILING_COMMAND_END : CL_PROFILING_COMMAND_START;
    cl_ulong start = 0, end = 0;
    cl_int code = clGetEventProfilingInfo(first, start_of, sizeof start, &start, NULL);
    if (code == CL_SUCCESS)
        code = clGetEventProfilingInfo(command->event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(env, RT_RUNNING, code, "clGetEventProfilingInfo", "tell the time of command %zu", index);
    if (end > start) *seconds_out = 1e-9 * (double)(end - start);
    return CLADE_OK;
}
