/* buffer.c: device memory, and the way in and out of it. */
#include "rt/objects.h"

/* ---- Making ----------------------------------------------------------------------------------------------------- */

/* Adds to the context's sum unless that passes what the device has; some drivers notice too late themselves. */
static bool reserve(rt_context *context, uint64_t size) {
    uint64_t before = atomic_load(&context->allocated);
    uint64_t after = 0;
    do {
        if (!base_add(before, size, &after) || after > context->device.global_memory) return false;
    } while (!atomic_compare_exchange_weak(&context->allocated, &before, after));
    return true;
}

static clade_status check_size(rt_context *context, uint64_t size, const char *what) {
    const rt_device *device = &context->device;
    if (size == 0 || size > SIZE_MAX)
        return base_fail(context->env, CLADE_ERROR_SHAPE,
                         "failed to create a buffer of %llu bytes for %s: 1 to %zu are possible",
                         (unsigned long long)size, what, SIZE_MAX);
    if (size > device->largest_allocation)
        return base_fail(context->env, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
                         "failed to create a buffer of %llu bytes for %s: \"%s\" allows %llu in one buffer",
                         (unsigned long long)size, what, device->name, (unsigned long long)device->largest_allocation);
    return CLADE_OK;
}

clade_status rt_buffer_create(rt_context *context, uint64_t size, const char *what, rt_buffer **buffer_out) {
    *buffer_out = NULL;
    FORWARD(check_size(context, size, what));
    if (!reserve(context, size))
        return base_fail(context->env, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
                         "failed to create a buffer of %llu bytes for %s: \"%s\" has %llu, of which %llu are taken",
                         (unsigned long long)size, what, context->device.name,
                         (unsigned long long)context->device.global_memory,
                         (unsigned long long)atomic_load(&context->allocated));
    clade_status status = CLADE_OK;
    cl_int code = CL_SUCCESS;
    const cl_mem_flags host = context->device.quirks & RT_QUIRK_HOST_ALLOCATION ? CL_MEM_ALLOC_HOST_PTR : 0;
    rt_buffer *buffer = base_allocate_zero(context->env, 1, sizeof *buffer);
    if (!buffer) {
        status = base_fail_memory(context->env, sizeof *buffer, what);
        goto error;
    }
    *buffer = (rt_buffer){.context = context, .size = size};
    buffer->handle = clCreateBuffer(context->context, CL_MEM_READ_WRITE | host, (size_t)size, NULL, &code);
    if (code != CL_SUCCESS) {
        status = rt_fail(context->env, RT_SETTING_UP, code, "clCreateBuffer", "create a buffer of %llu bytes for %s",
                         (unsigned long long)size, what);
        goto error;
    }
    *buffer_out = buffer;
    return CLADE_OK;
error:
    base_free(context->env, buffer);
    atomic_fetch_sub(&context->allocated, size);
    return status;
}

clade_status rt_memory_check(rt_context *context, void *cl_mem_handle, uint64_t offset, uint64_t size,
                             const char *what) {
    const cl_mem memory = cl_mem_handle;
    if (!memory)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to use the memory given for %s: it is NULL", what);
    cl_context owner = NULL;
    cl_mem_object_type type = 0;
    size_t held = 0;
    cl_int code = clGetMemObjectInfo(memory, CL_MEM_CONTEXT, sizeof owner, &owner, NULL);
    if (code == CL_SUCCESS) code = clGetMemObjectInfo(memory, CL_MEM_TYPE, sizeof type, &type, NULL);
    if (code == CL_SUCCESS) code = clGetMemObjectInfo(memory, CL_MEM_SIZE, sizeof held, &held, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clGetMemObjectInfo", "use the memory given for %s", what);
    if (owner != context->context)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to use the memory given for %s: it belongs to another cl_context", what);
    if (type != CL_MEM_OBJECT_BUFFER)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to use the memory given for %s: it is no buffer but of type 0x%x", what,
                         (unsigned)type);
    uint64_t end = 0;
    if (size == 0 || offset % sizeof(float) != 0 || !base_add(offset, size, &end) || end > held)
        return base_fail(context->env, CLADE_ERROR_SHAPE,
                         "failed to use the memory given for %s: it holds %zu bytes, and %llu are needed from byte "
                         "%llu on, which must be a multiple of 4",
                         what, held, (unsigned long long)size, (unsigned long long)offset);
    return CLADE_OK;
}

clade_status rt_buffer_wrap(rt_context *context, void *cl_mem_handle, uint64_t offset, uint64_t size, const char *what,
                            rt_buffer **buffer_out) {
    *buffer_out = NULL;
    const cl_mem memory = cl_mem_handle;
    FORWARD(rt_memory_check(context, memory, offset, size, what));
    rt_buffer *buffer = base_allocate_zero(context->env, 1, sizeof *buffer);
    if (!buffer) return base_fail_memory(context->env, sizeof *buffer, what);
    const cl_int code = clRetainMemObject(memory);
    if (code != CL_SUCCESS) {
        base_free(context->env, buffer);
        return rt_fail(context->env, RT_SETTING_UP, code, "clRetainMemObject", "use the memory given for %s", what);
    }
    *buffer = (rt_buffer){.context = context, .handle = memory, .offset = offset, .size = size, .is_callers = true};
    *buffer_out = buffer;
    return CLADE_OK;
}

void rt_buffer_destroy(rt_buffer **buffer) {
    if (!buffer || !*buffer) return;
    rt_buffer *gone = *buffer;
    *buffer = NULL;
    clReleaseMemObject(gone->handle);
    if (!gone->is_callers) atomic_fetch_sub(&gone->context->allocated, gone->size);
    base_free(gone->context->env, gone);
}

uint64_t rt_buffer_size(const rt_buffer *buffer) { return buffer->size; }
void *rt_buffer_handle(const rt_buffer *buffer) { return buffer->handle; }

/* ---- Moving data ------------------------------------------------------------------------------------------------ */

static clade_status check_range(const rt_buffer *buffer, const char *verb, uint64_t offset, uint64_t size) {
    uint64_t end = 0;
    if (size > 0 && base_add(offset, size, &end) && end <= buffer->size) return CLADE_OK;
    return base_fail(buffer->context->env, CLADE_ERROR_SHAPE,
                     "failed to %s %llu bytes from byte %llu on of a buffer: it has %llu", verb,
                     (unsigned long long)size, (unsigned long long)offset, (unsigned long long)buffer->size);
}

clade_status rt_write(rt_queue *queue, rt_buffer *buffer, uint64_t offset, const void *data, uint64_t size) {
    FORWARD(check_range(buffer, "write", offset, size));
    const cl_int code = clEnqueueWriteBuffer(queue->handle, buffer->handle, CL_FALSE, (size_t)(buffer->offset + offset),
                                             (size_t)size, data, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(queue->context->env, RT_RUNNING, code, "clEnqueueWriteBuffer", "write %llu bytes to the device",
                       (unsigned long long)size);
    return rt_queue_order(queue);
}

clade_status rt_read(rt_queue *queue, rt_buffer *buffer, uint64_t offset, void *data, uint64_t size) {
    FORWARD(check_range(buffer, "read", offset, size));
    const cl_int code = clEnqueueReadBuffer(queue->handle, buffer->handle, CL_FALSE, (size_t)(buffer->offset + offset),
                                            (size_t)size, data, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(queue->context->env, RT_RUNNING, code, "clEnqueueReadBuffer", "read %llu bytes from the device",
                       (unsigned long long)size);
    return rt_queue_order(queue);
}

/* Not one blocking write: under Intel's OpenCL for CPUs (2026.22.10) other queues see what a blocking write has written only
 * after its own queue has finished; 5 % of 3,000 copies between two queues came out wrong without. */
clade_status rt_upload(rt_context *context, rt_buffer *buffer, uint64_t offset, const void *data, uint64_t size) {
    FORWARD(check_range(buffer, "upload", offset, size));
    const cl_int code = clEnqueueWriteBuffer(context->queue, buffer->handle, CL_FALSE,
                                             (size_t)(buffer->offset + offset), (size_t)size, data, 0, NULL, NULL);
    const cl_int finished = clFinish(context->queue); /* also after a failure: `data` is the caller's again */
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_RUNNING, code, "clEnqueueWriteBuffer", "upload %llu bytes to the device",
                       (unsigned long long)size);
    if (finished == CL_SUCCESS) return CLADE_OK;
    return rt_fail(context->env, RT_RUNNING, finished, "clFinish", "upload %llu bytes to the device",
                   (unsigned long long)size);
}

clade_status rt_upload_zeros(rt_context *context, rt_buffer *buffer, uint64_t size, const char *what) {
    void *zeros = base_allocate_zero(context->env, (size_t)size, 1);
    if (!zeros) return base_fail_memory(context->env, (size_t)size, what);
    const clade_status status = rt_upload(context, buffer, 0, zeros, size);
    base_free(context->env, zeros);
    return status;
}

clade_status rt_map(rt_context *context, rt_buffer *buffer, uint64_t offset, uint64_t size, void **data_out) {
    *data_out = NULL;
    FORWARD(check_range(buffer, "map", offset, size));
    cl_int code = CL_SUCCESS;
    void *data = clEnqueueMapBuffer(context->queue, buffer->handle, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION,
                                    (size_t)(buffer->offset + offset), (size_t)size, 0, NULL, NULL, &code);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_RUNNING, code, "clEnqueueMapBuffer", "map %llu bytes of a buffer",
                       (unsigned long long)size);
    *data_out = data;
    return CLADE_OK;
}

/* Finishes, as rt_upload does and for its reason. */
clade_status rt_unmap(rt_context *context, rt_buffer *buffer, void *data) {
    const cl_int code = clEnqueueUnmapMemObject(context->queue, buffer->handle, data, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_RUNNING, code, "clEnqueueUnmapMemObject", "put mapped memory on the device");
    const cl_int finished = clFinish(context->queue);
    if (finished == CL_SUCCESS) return CLADE_OK;
    return rt_fail(context->env, RT_RUNNING, finished, "clFinish", "put mapped memory on the device");
}
