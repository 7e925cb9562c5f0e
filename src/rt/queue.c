/* queue.c: command queues: our own, and the caller's in whatever order it runs. */
#include "rt/objects.h"

/* That the caller's queue is one of our context and device; tells its order. */
static clade_status check_queue(rt_context *context, cl_command_queue handle, bool *out_of_order_out) {
    cl_context owner = NULL;
    cl_device_id device = NULL;
    cl_command_queue_properties properties = 0;
    cl_int code = clGetCommandQueueInfo(handle, CL_QUEUE_CONTEXT, sizeof owner, &owner, NULL);
    if (code == CL_SUCCESS) code = clGetCommandQueueInfo(handle, CL_QUEUE_DEVICE, sizeof device, &device, NULL);
    if (code == CL_SUCCESS)
        code = clGetCommandQueueInfo(handle, CL_QUEUE_PROPERTIES, sizeof properties, &properties, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clGetCommandQueueInfo", "use the queue given");
    if (owner != context->context || device != context->device_id)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to use the queue given: it belongs to another %s",
                         owner != context->context ? "cl_context" : "cl_device_id");
    *out_of_order_out = (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0;
    return CLADE_OK;
}

/* Gives a hold on the caller's queue. */
static clade_status take_queue(rt_context *context, cl_command_queue handle, rt_queue *queue) {
    FORWARD(check_queue(context, handle, &queue->out_of_order));
    const cl_int code = clRetainCommandQueue(handle);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clRetainCommandQueue", "use the queue given");
    queue->handle = handle;
    return CLADE_OK;
}

static clade_status make_queue(rt_context *context, cl_command_queue_properties properties, rt_queue *queue) {
    cl_int code = CL_SUCCESS;
    queue->handle = clCreateCommandQueue(context->context, context->device_id, properties, &code);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(context->env, RT_SETTING_UP, code, "clCreateCommandQueue", "create a queue for \"%s\"",
                   context->device.name);
}

clade_status rt_queue_create(rt_context *context, void *cl_queue_handle, rt_queue **queue_out) {
    *queue_out = NULL;
    rt_queue *queue = base_allocate_zero(context->env, 1, sizeof *queue);
    if (!queue) return base_fail_memory(context->env, sizeof *queue, "a queue");
    queue->context = context;
    const cl_command_queue callers = cl_queue_handle ? cl_queue_handle : context->callers_queue;
    const clade_status status = callers ? take_queue(context, callers, queue) : make_queue(context, 0, queue);
    if (status != CLADE_OK) rt_queue_destroy(&queue);
    *queue_out = queue;
    return status;
}

clade_status rt_queue_create_profiled(rt_context *context, rt_queue **queue_out) {
    *queue_out = NULL;
    rt_queue *queue = base_allocate_zero(context->env, 1, sizeof *queue);
    if (!queue) return base_fail_memory(context->env, sizeof *queue, "a queue");
    queue->context = context;
    queue->profiled = true;
    const clade_status status = make_queue(context, CL_QUEUE_PROFILING_ENABLE, queue);
    if (status != CLADE_OK) rt_queue_destroy(&queue);
    *queue_out = queue;
    return status;
}

void rt_queue_destroy(rt_queue **queue) {
    if (!queue || !*queue) return;
    rt_queue *gone = *queue;
    *queue = NULL;
    rt_queue_forget_times(gone);
    base_free(gone->context->env, gone->commands);
    for (size_t i = 0; i < gone->region_count; i++) clReleaseMemObject(gone->regions[i].memory);
    base_free(gone->context->env, gone->regions);
    if (gone->handle) clReleaseCommandQueue(gone->handle);
    base_free(gone->context->env, gone);
}

static clade_status barrier(rt_queue *queue, uint32_t count, const cl_event *events) {
    const cl_int code = clEnqueueBarrierWithWaitList(queue->handle, count, events, NULL);
    if (code == CL_SUCCESS) return CLADE_OK;
    if (code == CL_INVALID_EVENT || code == CL_INVALID_EVENT_WAIT_LIST || code == CL_INVALID_CONTEXT)
        return base_fail(queue->context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to wait for the %u events given: clEnqueueBarrierWithWaitList gave %s (%d)",
                         (unsigned)count, rt_error_name(code), (int)code);
    return rt_fail(queue->context->env, RT_RUNNING, code, "clEnqueueBarrierWithWaitList", "put commands in order");
}

clade_status rt_queue_order(rt_queue *queue) { return queue->out_of_order ? barrier(queue, 0, NULL) : CLADE_OK; }

clade_status rt_queue_wait_for(rt_queue *queue, uint32_t count, const void *cl_events) {
    return count > 0 ? barrier(queue, count, cl_events) : CLADE_OK;
}

clade_status rt_queue_mark(rt_queue *queue, void **cl_event_out) {
    *cl_event_out = NULL;
    cl_event event = NULL;
    const cl_int code = clEnqueueMarkerWithWaitList(queue->handle, 0, NULL, &event);
    if (code != CL_SUCCESS)
        return rt_fail(queue->context->env, RT_RUNNING, code, "clEnqueueMarkerWithWaitList", "make an event of a run");
    const clade_status status = rt_queue_flush(queue); /* so that waiting for it elsewhere cannot wait for ever */
    if (status != CLADE_OK)
        clReleaseEvent(event);
    else
        *cl_event_out = event;
    return status;
}

clade_status rt_queue_flush(rt_queue *queue) {
    const cl_int code = clFlush(queue->handle);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(queue->context->env, RT_RUNNING, code, "clFlush", "send commands to the device");
}

/* Waits for all commands by the event of a marker behind them. */
static cl_int wait_for_marker(rt_queue *queue, const char **call_out) {
    cl_event event = NULL;
    *call_out = "clEnqueueMarkerWithWaitList";
    cl_int code = clEnqueueMarkerWithWaitList(queue->handle, 0, NULL, &event);
    if (code != CL_SUCCESS) return code;
    *call_out = "clWaitForEvents";
    code = clWaitForEvents(1, &event);
    clReleaseEvent(event);
    return code;
}

clade_status rt_queue_finish(rt_queue *queue) {
    const char *call = "clFinish";
    const cl_int code = queue->context->device.quirks & RT_QUIRK_FINISH_BY_EVENT ? wait_for_marker(queue, &call)
                                                                                 : clFinish(queue->handle);
    if (code == CL_SUCCESS) return CLADE_OK;
    /* Whatever the code: nobody knows what became of the commands. */
    return base_fail(queue->context->env, CLADE_ERROR_DEVICE_LOST,
                     "failed to finish the commands on \"%s\": %s gave %s (%d)", queue->context->device.name, call,
                     rt_error_name(code), (int)code);
}
