/* runtime.c: rt_context: a device with what belongs to it, made by Clade or around the caller's OpenCL objects. */
#include "rt/device.h"
#include "rt/fact.h"
#include "rt/speed.h"

/* Bytes of binaries that the cache on disk may hold. */
#define CACHE_LIMIT (UINT64_C(256) << 20)

/* ---- Parts ------------------------------------------------------------------------------------------------------ */

/* What needs neither the device nor OpenCL. */
static clade_status make_context(base_env *env, rt_context **context_out) {
    *context_out = NULL;
    rt_context *context = base_allocate_zero(env, 1, sizeof *context);
    if (!context) return base_fail_memory(env, sizeof *context, "a context");
    context->env = env;
    clade_status status = rt_program_table_open(context);
    if (status == CLADE_OK) status = rt_fact_table_open(context);
    if (status != CLADE_OK) rt_context_close(&context);
    *context_out = context;
    return status;
}

/* The facts about the device, and the cache, whose keys depend on them. */
static clade_status describe(rt_context *context, const rt_place *place, const char *cache_directory) {
    FORWARD(rt_describe_device(context->env, place, &context->device));
    FORWARD(rt_platform_text(context->env, place->platform, CL_PLATFORM_VERSION, context->platform_version,
                             sizeof context->platform_version));
    if (cache_directory) {
        context->cache = rt_cache_open(context->env, cache_directory, CACHE_LIMIT);
        if (!context->cache)
            return base_fail(context->env, CLADE_ERROR_OUT_OF_MEMORY,
                             "failed to open the cache \"%s\": out of host memory", cache_directory);
    }
    rt_speed_recall(context);
    base_log(context->env, CLADE_LOG_INFO, "device %s: %s, driver %s", context->device.selector, context->device.name,
             context->device.driver);
    return CLADE_OK;
}

static clade_status make_queue(rt_context *context) {
    cl_int code = CL_SUCCESS;
    context->queue = clCreateCommandQueue(context->context, context->device_id, 0, &code);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(context->env, RT_SETTING_UP, code, "clCreateCommandQueue", "create a queue for \"%s\"",
                   context->device.name);
}

/* ---- Made by Clade ---------------------------------------------------------------------------------------------- */

/* Replaces the place's device by a part of it. Clade's own waiting must not take part in the work then: Intel's clFinish runs
 * groups on the thread that called it, beside those on the part's units. */
static clade_status limit_place(rt_context *context, rt_place *place, uint64_t units) {
    FORWARD(rt_take_part(context->env, place->device, units, &context->part));
    if (context->part) place->device = context->part;
    return CLADE_OK;
}

static clade_status open_place(rt_context *context, const rt_place *place) {
    if (context->part) context->device.quirks |= RT_QUIRK_FINISH_BY_EVENT;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)place->platform, 0};
    cl_int code = CL_SUCCESS;
    context->device_id = place->device;
    context->context = clCreateContext(properties, 1, &place->device, NULL, NULL, &code);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clCreateContext", "open the device \"%s:%u\"",
                       place->platform_name, (unsigned)place->number);
    return make_queue(context);
}

clade_status rt_context_open(base_env *env, const char *selector, uint64_t units, const char *cache_directory,
                             rt_context **context_out) {
    rt_place place = {0};
    *context_out = NULL;
    FORWARD(rt_select_place(env, selector, &place));
    rt_context *context = NULL;
    FORWARD(make_context(env, &context));
    clade_status status = limit_place(context, &place, units);
    if (status == CLADE_OK) status = describe(context, &place, cache_directory);
    if (status == CLADE_OK) status = open_place(context, &place);
    if (status != CLADE_OK) rt_context_close(&context);
    *context_out = context;
    return status;
}

/* ---- Around the caller's objects -------------------------------------------------------------------------------- */

static clade_status check_device(base_env *env, cl_context handle, cl_device_id device) {
    size_t size = 0;
    cl_int code = clGetContextInfo(handle, CL_CONTEXT_DEVICES, 0, NULL, &size);
    cl_device_id *devices = NULL;
    if (code == CL_SUCCESS) {
        devices = base_allocate(env, size);
        if (!devices) return base_fail_memory(env, size, "the list of the context's devices");
        code = clGetContextInfo(handle, CL_CONTEXT_DEVICES, size, devices, NULL);
    }
    bool found = false;
    for (size_t i = 0; code == CL_SUCCESS && i < size / sizeof *devices; i++)
        found = found || rt_stands_for(devices[i], device);
    base_free(env, devices);
    if (code != CL_SUCCESS) return rt_fail(env, RT_SETTING_UP, code, "clGetContextInfo", "use the cl_context given");
    if (!found)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to use the cl_device_id given: the cl_context given does not have it");
    return CLADE_OK;
}

/* Takes its holds one by one, so that closing gives back just those. */
static clade_status take_objects(rt_context *context, cl_context handle, cl_device_id device, cl_command_queue queue) {
    cl_int code = clRetainContext(handle);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clRetainContext", "use the cl_context given");
    context->context = handle;
    context->device_id = device;
    if (!queue) return make_queue(context);
    rt_queue *checked = NULL;
    FORWARD(rt_queue_create(context, queue, &checked));
    rt_queue_destroy(&checked);
    code = clRetainCommandQueue(queue);
    if (code != CL_SUCCESS)
        return rt_fail(context->env, RT_SETTING_UP, code, "clRetainCommandQueue", "use the queue given");
    context->queue = context->callers_queue = queue;
    return CLADE_OK;
}

clade_status rt_context_wrap(base_env *env, void *cl_context_handle, void *cl_device_handle, void *cl_queue_handle,
                             const char *cache_directory, rt_context **context_out) {
    *context_out = NULL;
    if (!cl_context_handle || !cl_device_handle)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to use the OpenCL objects given: the %s is NULL",
                         cl_context_handle ? "cl_device_id" : "cl_context");
    FORWARD(check_device(env, cl_context_handle, cl_device_handle));
    rt_place place = {0};
    FORWARD(rt_locate_place(env, cl_device_handle, &place));
    rt_context *context = NULL;
    FORWARD(make_context(env, &context));
    clade_status status = describe(context, &place, cache_directory);
    if (status == CLADE_OK) status = take_objects(context, cl_context_handle, cl_device_handle, cl_queue_handle);
    if (status != CLADE_OK) rt_context_close(&context);
    *context_out = context;
    return status;
}

/* ---- Both ------------------------------------------------------------------------------------------------------- */

void rt_context_close(rt_context **context) {
    if (!context || !*context) return;
    rt_context *gone = *context;
    *context = NULL;
    if (gone->context) rt_programs_store(gone);
    rt_gemm_library_close(gone);
    rt_program_table_close(gone);
    rt_fact_table_close(gone);
    rt_cache_close(&gone->cache);
    if (gone->queue) clReleaseCommandQueue(gone->queue);
    if (gone->context) clReleaseContext(gone->context);
    if (gone->part) clReleaseDevice(gone->part);
    base_free(gone->env, gone);
}

const rt_device *rt_context_device(const rt_context *context) { return &context->device; }

void rt_context_handles(const rt_context *context, void **context_out, void **device_out, void **queue_out) {
    *context_out = context->context;
    *device_out = context->device_id;
    *queue_out = context->queue;
}

clade_status rt_devices(base_env *env, bool (*visit)(void *user, const rt_device *device), void *user) {
    rt_place *places = NULL;
    size_t count = 0;
    FORWARD(rt_find_places(env, &places, &count));
    clade_status status = CLADE_OK;
    bool go_on = true;
    for (size_t i = 0; status == CLADE_OK && go_on && i < count; i++) {
        rt_device device;
        status = rt_describe_device(env, &places[i], &device);
        if (status == CLADE_OK) go_on = visit(user, &device);
    }
    base_free(env, places);
    return status;
}
