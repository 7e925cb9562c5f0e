/* kernel.c: kernel objects, their arguments and their launch. */
#include "rt/objects.h"

#include <stdio.h>

static clade_status make_kernel(rt_kernel *kernel, rt_program *program, const char *name) {
    rt_context *context = program->context;
    cl_int code = CL_SUCCESS;
    size_t most = 0;
    kernel->handle = clCreateKernel(program->handle, name, &code);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clCreateKernel", "create the kernel %s of %s", name,
                       program->name);
    code = clGetKernelWorkGroupInfo(kernel->handle, context->device_id, CL_KERNEL_WORK_GROUP_SIZE, sizeof most, &most,
                                    NULL);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clGetKernelWorkGroupInfo", "create the kernel %s of %s",
                       name, program->name);
    kernel->max_work_group = most;
    return CLADE_OK;
}

clade_status rt_kernel_create(rt_program *program, const char *name, rt_kernel **kernel_out) {
    *kernel_out = NULL;
    rt_kernel *kernel = base_allocate_zero(program->context->env, 1, sizeof *kernel);
    if (!kernel) return base_fail_memory(program->context->env, sizeof *kernel, name);
    rt_program_hold(program);
    kernel->program = program;
    snprintf(kernel->name, sizeof kernel->name, "%s", name);
    const clade_status status = make_kernel(kernel, program, name);
    if (status != CLADE_OK) rt_kernel_destroy(&kernel);
    *kernel_out = kernel;
    return status;
}

void rt_kernel_destroy(rt_kernel **kernel) {
    if (!kernel || !*kernel) return;
    rt_kernel *gone = *kernel;
    *kernel = NULL;
    base_env *env = gone->program->context->env;
    if (gone->handle) clReleaseKernel(gone->handle);
    rt_program_release(&gone->program);
    base_free(env, gone);
}

uint64_t rt_kernel_max_work_group(const rt_kernel *kernel) { return kernel->max_work_group; }

static clade_status set_argument(rt_kernel *kernel, uint32_t index, const void *value, size_t size) {
    const cl_int code = clSetKernelArg(kernel->handle, index, size, value);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(kernel->program->context->env, RT_SETTING_UP, code, "clSetKernelArg",
                   "set argument %u of the kernel %s to %zu bytes", (unsigned)index, kernel->name, size);
}

clade_status rt_kernel_set_memory(rt_kernel *kernel, uint32_t index, void *cl_mem_handle) {
    const cl_mem memory = cl_mem_handle;
    return set_argument(kernel, index, &memory, sizeof memory);
}

clade_status rt_kernel_set_value(rt_kernel *kernel, uint32_t index, const void *value, size_t size) {
    return set_argument(kernel, index, value, size);
}

clade_status rt_kernel_set_local(rt_kernel *kernel, uint32_t index, size_t size) {
    return set_argument(kernel, index, NULL, size);
}

clade_status rt_enqueue(rt_queue *queue, rt_kernel *kernel, uint32_t dimensions, const size_t *global,
                        const size_t *local) {
    cl_event *event = NULL;
    FORWARD(rt_queue_next_event(queue, false, &event));
    const cl_int code =
        clEnqueueNDRangeKernel(queue->handle, kernel->handle, dimensions, NULL, global, local, 0, NULL, event);
    if (code == CL_SUCCESS) {
        atomic_store(&kernel->program->ran, true);
        return rt_queue_order(queue);
    }
    size_t sizes[6] = {1, 1, 1, 0, 0, 0};
    for (uint32_t i = 0; i < dimensions && i < 3; i++) {
        sizes[i] = global[i];
        sizes[3 + i] = local ? local[i] : 0;
    }
    return rt_fail(queue->context->env, RT_RUNNING, code, "clEnqueueNDRangeKernel",
                   "run the kernel %s over %zu x %zu x %zu in groups of %zu x %zu x %zu", kernel->name, sizes[0],
                   sizes[1], sizes[2], sizes[3], sizes[4], sizes[5]);
}
