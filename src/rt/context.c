/* context.c: the public clade_context: environment + run time, counted. */
#include "rt/context.h"

#include <clade/opencl.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clade_context {
    base_env *env;
    rt_context *rt; /* NULL for the device "none" */
    atomic_uint holds;
};

/* ---- Settings --------------------------------------------------------------------------------------------------- */

clade_context_settings clade_context_defaults(void) { return (clade_context_settings){.log_level = CLADE_LOG_WARNING}; }

/* An environment variable, NULL when it is not set or empty. */
static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static clade_status check_settings(base_env *env, const clade_context_settings *settings) {
    if (settings->device && !*settings->device)
        return base_fail(
            env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to create a context with the device \"\": it must be NULL, \"cpu\", \"gpu\", \"none\", "
            "or a part of a platform's name");
    if ((int)settings->log_level < CLADE_LOG_QUIET || settings->log_level > CLADE_LOG_DEBUG)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to create a context with log_level %d: %d to %d are possible",
                         (int)settings->log_level, CLADE_LOG_QUIET, CLADE_LOG_DEBUG);
    for (size_t i = 0; i < BASE_COUNT(settings->reserved); i++)
        if (settings->reserved[i] != 0)
            return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to create a context with reserved[%zu] %llu: it must be 0", i,
                             (unsigned long long)settings->reserved[i]);
    return CLADE_OK;
}

/* The folder of the cache, base_free'd by the caller; NULL when there is to be none. */
static clade_status find_cache_directory(base_env *env, const char *setting, char **directory_out) {
    const char *given = setting ? setting : getenv("CLADE_CACHE_DIR"); /* either may be "", for none */
    const char *caches = variable("XDG_CACHE_HOME");
    const char *home = variable("HOME");
    *directory_out = NULL;
    if (given && !*given) return CLADE_OK;
    if (given)
        *directory_out = base_copy_string(env, given);
    else if (caches && caches[0] == '/') /* the XDG specification has relative ones ignored */
        *directory_out = base_format(env, "%s/clade", caches);
    else if (home)
        *directory_out = base_format(env, "%s/.cache/clade", home);
    else
        return CLADE_OK;
    return *directory_out ? CLADE_OK
                          : base_fail(env, CLADE_ERROR_OUT_OF_MEMORY,
                                      "failed to name the folder of the cache: out of host memory");
}

/* ---- Creating --------------------------------------------------------------------------------------------------- */

/* What a failing creation leaves to its caller. */
static void give_message(base_env *env, const clade_context_settings *settings) {
    if (!settings->message || settings->message_size == 0) return;
    if (env)
        base_message(env, settings->message, settings->message_size);
    else
        snprintf(settings->message, settings->message_size, "failed to create a context: out of host memory");
}

static clade_status open_device(clade_context *context, const clade_context_settings *settings, const char *directory) {
    const char *selector = settings->device ? settings->device : variable("CLADE_DEVICE");
    if (selector && strcmp(selector, "none") == 0) return CLADE_OK;
    return rt_context_open(context->env, selector, settings->threads, directory, &context->rt);
}

static clade_status wrap_objects(clade_context *context, const clade_context_settings *settings,
                                 const clade_opencl_objects *objects, const char *directory) {
    if (settings->device)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to create a context with the device \"%s\": it must be NULL beside OpenCL objects",
                         settings->device);
    if (settings->threads != 0)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to create a context with %llu threads: it must be 0 beside OpenCL objects, which may "
                         "have a part of a device",
                         (unsigned long long)settings->threads);
    for (size_t i = 0; i < BASE_COUNT(objects->reserved); i++)
        if (objects->reserved[i])
            return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to create a context from OpenCL objects with reserved[%zu] %p: it must be NULL", i,
                             objects->reserved[i]);
    return rt_context_wrap(context->env, objects->context, objects->device, objects->queue, directory, &context->rt);
}

/* From the caller's objects, or from the device that the settings name when `objects` is NULL. */
static clade_status create(const clade_context_settings *given, const clade_opencl_objects *objects,
                           clade_context **context_out) {
    RETURN_IF(!context_out, CLADE_ERROR_INVALID_ARGUMENT);
    *context_out = NULL;
    const clade_context_settings settings = given ? *given : clade_context_defaults();
    if (settings.message && settings.message_size > 0) settings.message[0] = '\0';
    const clade_allocator *allocator = settings.allocator;
    if (allocator && (!allocator->allocate || !allocator->deallocate)) {
        if (settings.message)
            snprintf(settings.message, settings.message_size,
                     "failed to create a context: an allocator must have allocate and deallocate");
        return CLADE_ERROR_INVALID_ARGUMENT;
    }
    const clade_log_level level = settings.log_level == 0 ? CLADE_LOG_WARNING : settings.log_level;
    base_env *env = base_env_create(allocator, settings.log, settings.log_user, level);
    clade_context *context = env ? base_allocate_zero(env, 1, sizeof *context) : NULL;
    char *directory = NULL;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    if (!env) goto error;
    if (!context) {
        base_fail_memory(env, sizeof *context, "a context");
        goto error;
    }
    context->env = env;
    atomic_init(&context->holds, 1);
    status = check_settings(env, &settings);
    if (status == CLADE_OK) status = find_cache_directory(env, settings.cache_directory, &directory);
    if (status == CLADE_OK)
        status =
            objects ? wrap_objects(context, &settings, objects, directory) : open_device(context, &settings, directory);
    if (status != CLADE_OK) goto error;
    base_free(env, directory);
    *context_out = context;
    return CLADE_OK;
error:
    give_message(env, &settings);
    if (env) {
        base_free(env, directory);
        base_free(env, context);
    }
    base_env_destroy(&env);
    return status;
}

clade_status clade_context_create(const clade_context_settings *settings, clade_context **context_out) {
    return create(settings, NULL, context_out);
}

clade_status clade_context_create_opencl(const clade_opencl_objects *objects, const clade_context_settings *settings,
                                         clade_context **context_out) {
    /* All NULL is refused where the objects are checked, with a message. */
    const clade_opencl_objects none = {0};
    return create(settings, objects ? objects : &none, context_out);
}

/* ---- Holding ---------------------------------------------------------------------------------------------------- */

clade_context *context_hold(clade_context *context) {
    atomic_fetch_add(&context->holds, 1);
    return context;
}

void context_release(clade_context *context) {
    if (!context || atomic_fetch_sub(&context->holds, 1) > 1) return;
    base_env *env = context->env;
    rt_context_close(&context->rt);
    base_free(env, context);
    base_env_destroy(&env);
}

void clade_context_destroy(clade_context **context) {
    if (!context) return;
    clade_context *gone = *context;
    *context = NULL;
    context_release(gone);
}

/* ---- Looking at it ---------------------------------------------------------------------------------------------- */

base_env *context_env(const clade_context *context) { return context->env; }
rt_context *context_rt(const clade_context *context) { return context->rt; }

void clade_context_message(const clade_context *context, char *buffer, size_t size) {
    base_message(context ? context->env : NULL, buffer, size);
}

/* The strings stay where they are. */
static clade_device_info describe(const rt_device *device) {
    return (clade_device_info){
        .platform = device->platform,
        .name = device->name,
        .vendor = device->vendor,
        .driver = device->driver,
        .version = device->version,
        .selector = device->selector,
        .type = device->type,
        .compute_units = device->compute_units,
        .clock_mhz = device->clock_mhz,
        .float_width = device->float_width,
        .global_memory = device->global_memory,
        .largest_allocation = device->largest_allocation,
        .local_memory = device->local_memory,
        .has_float16 = device->has_float16,
        .peak = device->speed.peak,
        .bandwidth = device->speed.bandwidth,
    };
}

clade_status clade_context_device(const clade_context *context, clade_device_info *info_out) {
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    if (!info_out)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to describe the device: info_out is NULL");
    const clade_device_info none = {
        .platform = "", .name = "none", .vendor = "", .driver = "", .version = "", .selector = "none"};
    *info_out = context->rt ? describe(rt_context_device(context->rt)) : none;
    return CLADE_OK;
}

clade_status clade_context_opencl(const clade_context *context, clade_opencl_objects *objects_out) {
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    if (!objects_out)
        return base_fail(context->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to give the OpenCL objects: objects_out is NULL");
    *objects_out = (clade_opencl_objects){0};
    if (!context->rt)
        return base_fail(context->env, CLADE_ERROR_NO_DEVICE,
                         "failed to give the OpenCL objects: the context was made with the device \"none\"");
    void *handles[3];
    rt_context_handles(context->rt, &handles[0], &handles[1], &handles[2]);
    objects_out->context = handles[0];
    objects_out->device = handles[1];
    objects_out->queue = handles[2];
    return CLADE_OK;
}

typedef struct device_visit {
    bool (*visit)(void *user, const clade_device_info *info);
    void *user;
} device_visit;

static bool visit_device(void *user, const rt_device *device) {
    const device_visit *visit = user;
    const clade_device_info info = describe(device);
    return visit->visit(visit->user, &info);
}

clade_status clade_devices(bool (*visit)(void *user, const clade_device_info *info), void *user) {
    RETURN_IF(!visit, CLADE_ERROR_INVALID_ARGUMENT);
    base_env *env = base_env_create(NULL, NULL, NULL, CLADE_LOG_QUIET);
    RETURN_IF(!env, CLADE_ERROR_OUT_OF_MEMORY);
    device_visit both = {visit, user};
    const clade_status status = rt_devices(env, visit_device, &both);
    base_env_destroy(&env);
    return status;
}
