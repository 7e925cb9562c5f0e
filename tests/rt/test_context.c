/* The public context: settings, the place of the cache, the caller's own objects. */
#include "support.h"

#include "rt/context.h"

#include <clade/opencl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Settings --------------------------------------------------------------------------------------------------- */

static void *allocate_nothing(void *user, size_t size) {
    (void)user;
    (void)size;
    return NULL;
}

static void deallocate(void *user, void *memory) {
    (void)user;
    (void)memory;
}

static void settings_out_of_range_are_refused(void **state) {
    (void)state;
    assert_int_equal(clade_context_create(NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    support_expect_refusal(&(clade_context_settings){.log_level = (clade_log_level)9}, CLADE_ERROR_INVALID_ARGUMENT,
                           "log_level 9");
    support_expect_refusal(&(clade_context_settings){.reserved = {0, 5}}, CLADE_ERROR_INVALID_ARGUMENT, "reserved[1]");
    const clade_allocator half = {.allocate = allocate_nothing};
    support_expect_refusal(&(clade_context_settings){.allocator = &half}, CLADE_ERROR_INVALID_ARGUMENT, "allocator");
    const clade_allocator nothing = {.allocate = allocate_nothing, .deallocate = deallocate};
    support_expect_refusal(&(clade_context_settings){.allocator = &nothing}, CLADE_ERROR_OUT_OF_MEMORY,
                           "out of host memory");
}

static void the_defaults_are_those_of_zero(void **state) {
    (void)state;
    const clade_context_settings defaults = clade_context_defaults();
    assert_null(defaults.device);
    assert_null(defaults.cache_directory);
    assert_int_equal(defaults.log_level, CLADE_LOG_WARNING);
}

/* Where the cache lies: the file appears once a program has run and the context is gone. */
static bool makes_cache_at(const clade_context_settings *settings, const char *directory) {
    char path[400];
    clade_context *context = NULL;
    assert_int_equal(clade_context_create(settings, &context), CLADE_OK);
    support_run_in(context_rt(context), 1);
    clade_context_destroy(&context);
    snprintf(path, sizeof path, "%s/clade.sqlite", directory);
    FILE *file = fopen(path, "rb");
    if (file) fclose(file);
    return file != NULL && remove(path) == 0;
}

static void set_variable(const char *name, const char *value) {
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void the_cache_lies_where_settings_and_environment_say(void **state) {
    (void)state;
    if (!support_stores_binaries()) skip();
    const char *variables[] = {"CLADE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"};
    char *before[BASE_COUNT(variables)], base[256], a[300], b[300], c[300], home[320];
    for (size_t i = 0; i < BASE_COUNT(variables); i++)
        before[i] = getenv(variables[i]) ? strdup(getenv(variables[i])) : NULL;
    support_make_directory(base, sizeof base);
    snprintf(a, sizeof a, "%s/a", base);
    snprintf(b, sizeof b, "%s/b", base);
    snprintf(c, sizeof c, "%s/c/clade", base);
    snprintf(home, sizeof home, "%s/.cache/clade", base);
    const clade_context_settings unset = {0}, set = {.cache_directory = a}, none = {.cache_directory = ""};
    char caches[300];
    snprintf(caches, sizeof caches, "%s/c", base);
    set_variable("HOME", base);
    set_variable("XDG_CACHE_HOME", caches);
    set_variable("CLADE_CACHE_DIR", b);
    assert_true(makes_cache_at(&set, a));
    assert_true(makes_cache_at(&unset, b));
    assert_false(makes_cache_at(&none, b));
    set_variable("CLADE_CACHE_DIR", "");
    assert_false(makes_cache_at(&unset, c));
    set_variable("CLADE_CACHE_DIR", NULL);
    assert_true(makes_cache_at(&unset, c));
    set_variable("XDG_CACHE_HOME", "relative");
    assert_true(makes_cache_at(&unset, home));
    for (size_t i = 0; i < BASE_COUNT(variables); i++) {
        set_variable(variables[i], before[i]);
        free(before[i]);
    }
    support_remove_directory(base);
}

/* ---- The caller's objects --------------------------------------------------------------------------------------- */

static cl_uint context_references(cl_context context) {
    cl_uint count = 0;
    assert_int_equal(clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL), CL_SUCCESS);
    return count;
}

static cl_uint queue_references(cl_command_queue queue) {
    cl_uint count = 0;
    assert_int_equal(clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, NULL), CL_SUCCESS);
    return count;
}

static void the_callers_objects_are_used_and_given_back(void **state) {
    (void)state;
    support_objects objects;
    support_objects_open(&objects, false);
    const cl_uint contexts = context_references(objects.context), queues = queue_references(objects.queue);
    const clade_opencl_objects given = {.context = objects.context, .device = objects.device, .queue = objects.queue};
    clade_opencl_objects found;
    clade_context *context = NULL;
    assert_int_equal(clade_context_create_opencl(&given, &(clade_context_settings){.cache_directory = ""}, &context),
                     CLADE_OK);
    assert_int_equal(clade_context_opencl(context, &found), CLADE_OK);
    assert_ptr_equal(found.context, objects.context);
    assert_ptr_equal(found.device, objects.device);
    assert_ptr_equal(found.queue, objects.queue);
    assert_true(queue_references(objects.queue) > queues); /* held: the caller may let go */
    context_hold(context);
    clade_context *held = context;
    clade_context_destroy(&context);
    clade_device_info info;
    assert_int_equal(clade_context_device(held, &info), CLADE_OK); /* not gone yet */
    context_release(held);
    assert_int_equal(context_references(objects.context), contexts);
    assert_int_equal(queue_references(objects.queue), queues);
    support_objects_close(&objects);
}

static void without_a_queue_one_is_made(void **state) {
    (void)state;
    support_objects objects;
    support_objects_open(&objects, false);
    clade_opencl_objects found;
    clade_context *context = NULL;
    const clade_opencl_objects given = {.context = objects.context, .device = objects.device};
    assert_int_equal(clade_context_create_opencl(&given, NULL, &context), CLADE_OK);
    assert_int_equal(clade_context_opencl(context, &found), CLADE_OK);
    assert_non_null(found.queue);
    assert_ptr_not_equal(found.queue, objects.queue);
    clade_context_destroy(&context);
    support_objects_close(&objects);
}

static void expect_objects_refused(const clade_opencl_objects *objects, const char *device, const char *part) {
    char message[512] = "";
    clade_context *context = (clade_context *)message;
    const clade_context_settings settings = {.device = device, .message = message, .message_size = sizeof message};
    assert_int_equal(clade_context_create_opencl(objects, &settings, &context), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(context);
    if (!strstr(message, part)) fail_msg("expected \"%s\", found \"%s\"", part, message);
}

static void objects_that_do_not_belong_together_are_refused(void **state) {
    (void)state;
    support_objects one, other;
    support_objects_open(&one, false);
    support_objects_open(&other, false);
    const cl_uint references = context_references(one.context);
    expect_objects_refused(NULL, NULL, "cl_context is NULL");
    expect_objects_refused(&(clade_opencl_objects){.context = one.context}, NULL, "cl_device_id is NULL");
    expect_objects_refused(&(clade_opencl_objects){.context = one.context, .device = one.device, .queue = other.queue},
                           NULL, "another cl_context");
    expect_objects_refused(&(clade_opencl_objects){.context = one.context, .device = one.device, .reserved = {&one}},
                           NULL, "reserved[0]");
    expect_objects_refused(&(clade_opencl_objects){.context = one.context, .device = one.device}, "cpu",
                           "must be NULL");
    assert_int_equal(context_references(one.context), references);
    support_objects_close(&one);
    support_objects_close(&other);
}

/* A device of its own for the context: a part of the CPU, where the driver can divide it. */
static void a_part_of_a_device_runs_kernels(void **state) {
    (void)state;
    support_objects objects;
    support_objects_open(&objects, false);
    const cl_device_partition_property by_one[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    cl_device_id parts[64];
    cl_uint count = 0, most = 0;
    cl_int code = clGetDeviceInfo(objects.device, CL_DEVICE_PARTITION_MAX_SUB_DEVICES, sizeof most, &most,
                                  NULL); /* rusticl has 0 */
    if (code == CL_SUCCESS && most > 0)
        code = clCreateSubDevices(objects.device, by_one, BASE_COUNT(parts), parts, &count);
    if (code != CL_SUCCESS || count == 0) {
        support_objects_close(&objects);
        skip();
    }
    cl_context part_context = clCreateContext(NULL, 1, &parts[0], NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    clade_context *context = NULL;
    clade_device_info info;
    const clade_opencl_objects given = {.context = part_context, .device = parts[0]};
    assert_int_equal(clade_context_create_opencl(&given, &(clade_context_settings){.cache_directory = ""}, &context),
                     CLADE_OK);
    assert_int_equal(clade_context_device(context, &info), CLADE_OK);
    assert_int_equal(info.compute_units, 1);
    support_run_in(context_rt(context), 2);
    clade_context_destroy(&context);
    clReleaseContext(part_context);
    for (cl_uint i = 0; i < count && i < BASE_COUNT(parts); i++) clReleaseDevice(parts[i]);
    support_objects_close(&objects);
}

/* One thread finds what all have compiled, since their code is the same; clade_context_device tells of one. */
static void threads_limit_the_compute_units(void **state) {
    (void)state;
    if (!support_divides()) skip();
    char directory[256];
    support_make_directory(directory, sizeof directory);
    for (uint64_t threads = 0; threads < 2; threads++) {
        support_log *log = calloc(1, sizeof *log);
        assert_non_null(log);
        support_log_open(log);
        const clade_context_settings settings = {.cache_directory = directory,
                                                 .threads = threads,
                                                 .log = support_log_keep,
                                                 .log_user = log,
                                                 .log_level = CLADE_LOG_DEBUG};
        clade_context *context = NULL;
        clade_device_info info;
        assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
        assert_int_equal(clade_context_device(context, &info), CLADE_OK);
        assert_true(threads ? info.compute_units == 1 : info.compute_units > 1);
        support_run_in(context_rt(context), 2);
        clade_context_destroy(&context);
        if (threads && support_stores_binaries()) assert_true(support_logged(log, "took add.cl"));
        support_log_close(log);
        free(log);
    }
    support_remove_directory(directory);
}

static void threads_that_are_not_there_are_refused(void **state) {
    (void)state;
    clade_context *context = NULL;
    clade_device_info info;
    char message[1024];
    clade_context_settings settings = {.cache_directory = "", .message = message, .message_size = sizeof message};
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    assert_int_equal(clade_context_device(context, &info), CLADE_OK);
    const uint32_t units = info.compute_units;
    clade_context_destroy(&context);
    settings.threads = units; /* is the device as it is, on whatever driver */
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    clade_context_destroy(&context);
    settings.threads = (UINT64_C(1) << 32) + units;
    assert_int_equal(clade_context_create(&settings, &context), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(context);
    assert_non_null(strstr(message, "compute units: it has no more"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_out_of_range_are_refused),
        cmocka_unit_test(the_defaults_are_those_of_zero),
        cmocka_unit_test(the_cache_lies_where_settings_and_environment_say),
        cmocka_unit_test(the_callers_objects_are_used_and_given_back),
        cmocka_unit_test(without_a_queue_one_is_made),
        cmocka_unit_test(objects_that_do_not_belong_together_are_refused),
        cmocka_unit_test(a_part_of_a_device_runs_kernels),
        cmocka_unit_test(threads_limit_the_compute_units),
        cmocka_unit_test(threads_that_are_not_there_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
