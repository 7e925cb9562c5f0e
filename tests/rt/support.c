#define _XOPEN_SOURCE 700 /* nftw */
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Log -------------------------------------------------------------------------------------------------------- */

void support_log_open(support_log *log) {
    memset(log, 0, sizeof *log);
    assert_int_equal(pthread_mutex_init(&log->lock, NULL), 0);
}

void support_log_close(support_log *log) { pthread_mutex_destroy(&log->lock); }

void support_log_keep(void *user, clade_log_level level, const char *message) {
    support_log *log = user;
    pthread_mutex_lock(&log->lock);
    log->count[level]++;
    const int added = snprintf(log->text + log->length, sizeof log->text - log->length, "%s\n", message);
    log->length += (size_t)base_min(added, (int64_t)(sizeof log->text - log->length) - 1);
    pthread_mutex_unlock(&log->lock);
}

bool support_logged(const support_log *log, const char *part) { return strstr(log->text, part) != NULL; }

void support_log_forget(support_log *log) {
    pthread_mutex_lock(&log->lock);
    memset(log->count, 0, sizeof log->count);
    log->length = 0;
    log->text[0] = '\0';
    pthread_mutex_unlock(&log->lock);
}

/* ---- Folders ---------------------------------------------------------------------------------------------------- */

void support_make_directory(char *path, size_t size) {
    const char *temporary = getenv("TMPDIR");
    assert_true((size_t)snprintf(path, size, "%s/clade-test-XXXXXX", temporary ? temporary : "/tmp") < size);
    assert_non_null(mkdtemp(path));
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *place) {
    (void)about;
    (void)type;
    (void)place;
    return remove(path);
}

void support_remove_directory(const char *path) { nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

int support_folder_open(void **state) {
    support_folder *folder = calloc(1, sizeof *folder);
    assert_non_null(folder);
    support_log_open(&folder->log);
    folder->env = base_env_create(NULL, support_log_keep, &folder->log, CLADE_LOG_DEBUG);
    assert_non_null(folder->env);
    support_make_directory(folder->directory, sizeof folder->directory);
    snprintf(folder->path, sizeof folder->path, "%s/clade.sqlite", folder->directory);
    *state = folder;
    return 0;
}

int support_folder_close(void **state) {
    support_folder *folder = *state;
    support_remove_directory(folder->directory);
    base_env_destroy(&folder->env);
    support_log_close(&folder->log);
    free(folder);
    return 0;
}

/* ---- Run time --------------------------------------------------------------------------------------------------- */

support_runtime *support_open(const char *cache) {
    support_runtime *runtime = calloc(1, sizeof *runtime);
    assert_non_null(runtime);
    support_log_open(&runtime->log);
    runtime->env = base_env_create(NULL, support_log_keep, &runtime->log, CLADE_LOG_DEBUG);
    assert_non_null(runtime->env);
    assert_int_equal(rt_context_open(runtime->env, getenv("CLADE_DEVICE"), 0, cache, &runtime->rt), CLADE_OK);
    return runtime;
}

void support_close(support_runtime **runtime) {
    rt_context_close(&(*runtime)->rt);
    base_env_destroy(&(*runtime)->env);
    support_log_close(&(*runtime)->log);
    free(*runtime);
    *runtime = NULL;
}

static rt_device default_device(void) {
    support_runtime *runtime = support_open(NULL);
    const rt_device device = *rt_context_device(runtime->rt);
    support_close(&runtime);
    return device;
}

bool support_stores_binaries(void) { return !(default_device().quirks & RT_QUIRK_NO_BINARIES); }
bool support_finishes(void) { return !(default_device().quirks & RT_QUIRK_FINISH_BY_EVENT); }
bool support_divides(void) {
    clade_context *context = NULL;
    const clade_context_settings settings = {.cache_directory = "", .threads = 1};
    const bool possible = clade_context_create(&settings, &context) == CLADE_OK;
    clade_context_destroy(&context);
    return possible && default_device().compute_units > 1;
}
/* PoCL 3.1's "basic" device runs what an event sets free on the thread that finished the event, whose lock that thread still holds: it
 * locks itself out in pocl_update_event_running, with threads that share a queue now and then, with user events always. */
static bool is_basic(void) { return strncmp(default_device().name, "basic", 5) == 0; }

bool support_survives_threads(void) { return !is_basic() && strcmp(default_device().platform, "Oclgrind") != 0; }
bool support_survives_user_events(void) { return support_survives_threads(); }

const char support_kernel[] =
    "__kernel void add(const __global float *x, __global float *y, ulong offset, float scale, int n) {\n"
    "    const int i = get_global_id(0);\n"
    "    if (i < n) y[offset + i] = activate_scalar(x[offset + i] * scale + ADDED, 0.0f);\n"
    "}\n";

rt_program *support_program(support_runtime *runtime, int added) {
    char options[64];
    rt_program *program = NULL;
    snprintf(options, sizeof options, "-D ADDED=%d", added);
    assert_int_equal(rt_program_get_text(runtime->rt, "add.cl", support_kernel, options, &program), CLADE_OK);
    assert_non_null(program);
    return program;
}

void support_run(support_runtime *runtime, rt_queue *queue, rt_program *program, int added, int n) {
    enum { OFFSET = 3 };
    const uint64_t bytes = ((uint64_t)n + OFFSET) * sizeof(float);
    const cl_ulong offset = OFFSET;
    const float scale = 2;
    const size_t group = (size_t)base_min(16, (int64_t)rt_context_device(runtime->rt)->max_work_group);
    const size_t global = (size_t)base_round_up(n, (int64_t)group);
    float *values = calloc((size_t)n + OFFSET, sizeof *values);
    rt_buffer *x = NULL, *y = NULL;
    rt_kernel *kernel = NULL;
    for (int i = 0; i < n + OFFSET; i++) values[i] = (float)i;
    assert_int_equal(rt_buffer_create(runtime->rt, bytes, "x", &x), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, bytes, "y", &y), CLADE_OK);
    assert_int_equal(rt_kernel_create(program, "add", &kernel), CLADE_OK);
    assert_true(rt_kernel_max_work_group(kernel) >= 1);
    assert_int_equal(rt_kernel_set_memory(kernel, 0, rt_buffer_handle(x)), CLADE_OK);
    assert_int_equal(rt_kernel_set_memory(kernel, 1, rt_buffer_handle(y)), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 2, &offset, sizeof offset), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 3, &scale, sizeof scale), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 4, &n, sizeof n), CLADE_OK);
    assert_int_equal(rt_write(queue, x, 0, values, bytes), CLADE_OK);
    assert_int_equal(rt_enqueue(queue, kernel, 1, &global, &group), CLADE_OK);
    assert_int_equal(rt_read(queue, y, OFFSET * sizeof(float), values, bytes - OFFSET * sizeof(float)), CLADE_OK);
    assert_int_equal(rt_queue_finish(queue), CLADE_OK);
    for (int i = 0; i < n; i++) assert_float_equal(values[i], (float)(i + OFFSET) * scale + (float)added, 0);
    rt_kernel_destroy(&kernel);
    rt_buffer_destroy(&x);
    rt_buffer_destroy(&y);
    free(values);
}

void support_run_in(rt_context *rt, int added) {
    support_runtime runtime = {.rt = rt};
    rt_queue *queue = NULL;
    assert_int_equal(rt_queue_create(rt, NULL, &queue), CLADE_OK);
    rt_program *program = support_program(&runtime, added);
    support_run(&runtime, queue, program, added, 100);
    rt_program_release(&program);
    rt_queue_destroy(&queue);
}

/* ---- A caller's objects ----------------------------------------------------------------------------------------- */

void support_objects_open(support_objects *objects, bool out_of_order) {
    cl_int code = CL_SUCCESS;
    cl_command_queue_properties able = 0;
    memset(objects, 0, sizeof *objects);
    assert_int_equal(clGetPlatformIDs(1, &objects->platform, NULL), CL_SUCCESS);
    assert_int_equal(clGetDeviceIDs(objects->platform, CL_DEVICE_TYPE_ALL, 1, &objects->device, NULL), CL_SUCCESS);
    objects->context = clCreateContext(NULL, 1, &objects->device, NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    assert_int_equal(clGetDeviceInfo(objects->device, CL_DEVICE_QUEUE_PROPERTIES, sizeof able, &able, NULL),
                     CL_SUCCESS);
    able &= out_of_order ? CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE : 0;
    objects->out_of_order = able != 0;
    objects->queue = clCreateCommandQueue(objects->context, objects->device, able, &code);
    assert_int_equal(code, CL_SUCCESS);
}

void support_objects_close(support_objects *objects) {
    assert_int_equal(clReleaseCommandQueue(objects->queue), CL_SUCCESS);
    assert_int_equal(clReleaseContext(objects->context), CL_SUCCESS);
}

void support_expect_failure(base_env *env, clade_status expected, clade_status found, const char *part) {
    char message[1024];
    base_message(env, message, sizeof message);
    if (found != expected || !strstr(message, part))
        fail_msg("expected %s and \"%s\", found %s and \"%s\"", clade_status_name(expected), part,
                 clade_status_name(found), message);
}

void support_expect_refusal(const clade_context_settings *settings, clade_status expected, const char *part) {
    char message[1024] = "old";
    clade_context_settings copy = settings ? *settings : clade_context_defaults();
    copy.message = message;
    copy.message_size = sizeof message;
    clade_context *context = (clade_context *)message;
    const clade_status status = clade_context_create(&copy, &context);
    if (status != expected || context || !strstr(message, part))
        fail_msg("expected %s and \"%s\", found %s and \"%s\"", clade_status_name(expected), part,
                 clade_status_name(status), message);
}
