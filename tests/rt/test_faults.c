/* Every OpenCL call and every allocation fails once, in turn: the status and the message say so, and nothing is left behind.
 *
 * The wrappers below stand before OpenCL's own functions for all object code of this program. They count the calls, fail the one
 * that is asked for, and count what is created, retained and released. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "support.h"

#include "rt/context.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Wrappers --------------------------------------------------------------------------------------------------- */

static struct {
    const char *only; /* counts calls of this name only; NULL: all */
    int countdown;    /* calls before the one that fails; negative: none fails */
    cl_int code;      /* what it gives */
    const char *failed;
    int live; /* objects held by the program */
} fault = {.countdown = -1};

static bool fails(const char *call) {
    if (fault.only && strcmp(call, fault.only) != 0) return false;
    if (fault.countdown < 0 || fault.countdown-- > 0) return false;
    fault.failed = call;
    return true;
}

static void *created(void *object) {
    if (object) fault.live++;
    return object;
}

static cl_int retained(cl_int code) {
    if (code == CL_SUCCESS) fault.live++;
    return code;
}

static cl_int released(cl_int code) {
    if (code == CL_SUCCESS) fault.live--;
    return code;
}

static void *refused(cl_int *code) {
    if (code) *code = fault.code;
    return NULL;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): whole words for these would hide what they are about */
cl_int clGetPlatformIDs(cl_uint n, cl_platform_id *p, cl_uint *c) {
    return fails(__func__) ? fault.code : REAL(clGetPlatformIDs)(n, p, c);
}
cl_int clGetPlatformInfo(cl_platform_id p, cl_platform_info i, size_t n, void *v, size_t *s) {
    return fails(__func__) ? fault.code : REAL(clGetPlatformInfo)(p, i, n, v, s);
}
cl_int clGetDeviceIDs(cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id *d, cl_uint *c) {
    return fails(__func__) ? fault.code : REAL(clGetDeviceIDs)(p, t, n, d, c);
}
cl_int clGetDeviceInfo(cl_device_id d, cl_device_info i, size_t n, void *v, size_t *s) {
    return fails(__func__) ? fault.code : REAL(clGetDeviceInfo)(d, i, n, v, s);
}
cl_int clGetContextInfo(cl_context c, cl_context_info i, size_t n, void *v, size_t *s) {
    return fails(__func__) ? fault.code : REAL(clGetContextInfo)(c, i, n, v, s);
}
cl_int clGetCommandQueueInfo(cl_command_queue q, cl_command_queue_info i, size_t n, void *v, size_t *s) {
    return fails(__func__) ? fault.code : REAL(clGetCommandQueueInfo)(q, i, n, v, s);
}
cl_int clGetMemObjectInfo(cl_mem m, cl_mem_info i, size_t n, void *v, size_t *s) {
    return fails(__func__) ? fault.code : REAL(clGetMemObjectInfo)(m, i, n, v, s);
}
cl_int clGetProgramInfo(cl_program p, cl_program_info i, size_t n, void *v, size_t *s) {
    return fails(__func__) ? fault.code : REAL(clGetProgramInfo)(p, i, n, v, s);
}
cl_int clGetKernelWorkGroupInfo(cl_kernel k, cl_device_id d, cl_kernel_work_group_info i, size_t n, void *v,
                                size_t *s) {
    return fails(__func__) ? fault.code : REAL(clGetKernelWorkGroupInfo)(k, d, i, n, v, s);
}
cl_context clCreateContext(const cl_context_properties *p, cl_uint n, const cl_device_id *d,
                           void(CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *u, cl_int *c) {
    return fails(__func__) ? refused(c) : created(REAL(clCreateContext)(p, n, d, f, u, c));
}
cl_command_queue clCreateCommandQueue(cl_context x, cl_device_id d, cl_command_queue_properties p, cl_int *c) {
    return fails(__func__) ? refused(c) : created(REAL(clCreateCommandQueue)(x, d, p, c));
}
cl_mem clCreateBuffer(cl_context x, cl_mem_flags f, size_t n, void *h, cl_int *c) {
    return fails(__func__) ? refused(c) : created(REAL(clCreateBuffer)(x, f, n, h, c));
}
cl_program clCreateProgramWithSource(cl_context x, cl_uint n, const char **s, const size_t *l, cl_int *c) {
    return fails(__func__) ? refused(c) : created(REAL(clCreateProgramWithSource)(x, n, s, l, c));
}
cl_program clCreateProgramWithBinary(cl_context x, cl_uint n, const cl_device_id *d, const size_t *l,
                                     const unsigned char **b, cl_int *s, cl_int *c) {
    return fails(__func__) ? refused(c) : created(REAL(clCreateProgramWithBinary)(x, n, d, l, b, s, c));
}
cl_int clBuildProgram(cl_program p, cl_uint n, const cl_device_id *d, const char *o,
                      void(CL_CALLBACK *f)(cl_program, void *), void *u) {
    return fails(__func__) ? fault.code : REAL(clBuildProgram)(p, n, d, o, f, u);
}
cl_kernel clCreateKernel(cl_program p, const char *n, cl_int *c) {
    return fails(__func__) ? refused(c) : created(REAL(clCreateKernel)(p, n, c));
}
cl_int clSetKernelArg(cl_kernel k, cl_uint i, size_t n, const void *v) {
    return fails(__func__) ? fault.code : REAL(clSetKernelArg)(k, i, n, v);
}
cl_int clEnqueueNDRangeKernel(cl_command_queue q, cl_kernel k, cl_uint d, const size_t *o, const size_t *g,
                              const size_t *l, cl_uint n, const cl_event *w, cl_event *e) {
    return fails(__func__) ? fault.code : REAL(clEnqueueNDRangeKernel)(q, k, d, o, g, l, n, w, e);
}
cl_int clEnqueueWriteBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, const void *p, cl_uint n,
                            const cl_event *w, cl_event *e) {
    return fails(__func__) ? fault.code : REAL(clEnqueueWriteBuffer)(q, m, b, o, s, p, n, w, e);
}
cl_int clEnqueueReadBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t s, void *p, cl_uint n,
                           const cl_event *w, cl_event *e) {
    return fails(__func__) ? fault.code : REAL(clEnqueueReadBuffer)(q, m, b, o, s, p, n, w, e);
}
void *clEnqueueMapBuffer(cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t s, cl_uint n,
                         const cl_event *w, cl_event *e, cl_int *c) {
    return fails(__func__) ? refused(c) : REAL(clEnqueueMapBuffer)(q, m, b, f, o, s, n, w, e, c);
}
cl_int clEnqueueUnmapMemObject(cl_command_queue q, cl_mem m, void *p, cl_uint n, const cl_event *w, cl_event *e) {
    return fails(__func__) ? fault.code : REAL(clEnqueueUnmapMemObject)(q, m, p, n, w, e);
}
cl_int clEnqueueBarrierWithWaitList(cl_command_queue q, cl_uint n, const cl_event *w, cl_event *e) {
    return fails(__func__) ? fault.code : REAL(clEnqueueBarrierWithWaitList)(q, n, w, e);
}
cl_int clEnqueueMarkerWithWaitList(cl_command_queue q, cl_uint n, const cl_event *w, cl_event *e) {
    return fails(__func__) ? fault.code : retained(REAL(clEnqueueMarkerWithWaitList)(q, n, w, e));
}
cl_int clFlush(cl_command_queue q) { return fails(__func__) ? fault.code : REAL(clFlush)(q); }
cl_int clFinish(cl_command_queue q) { return fails(__func__) ? fault.code : REAL(clFinish)(q); }
cl_int clCreateSubDevices(cl_device_id d, const cl_device_partition_property *p, cl_uint n, cl_device_id *o,
                          cl_uint *c) {
    if (fails(__func__)) return fault.code;
    cl_uint count = 0;
    const cl_int code = REAL(clCreateSubDevices)(d, p, n, o, &count);
    if (code == CL_SUCCESS) fault.live += (int)count;
    if (c) *c = count;
    return code;
}
cl_int clReleaseDevice(cl_device_id d) { return released(REAL(clReleaseDevice)(d)); }
cl_int clRetainContext(cl_context x) { return fails(__func__) ? fault.code : retained(REAL(clRetainContext)(x)); }
cl_int clRetainCommandQueue(cl_command_queue q) {
    return fails(__func__) ? fault.code : retained(REAL(clRetainCommandQueue)(q));
}
cl_int clRetainMemObject(cl_mem m) { return fails(__func__) ? fault.code : retained(REAL(clRetainMemObject)(m)); }
cl_int clReleaseContext(cl_context x) { return released(REAL(clReleaseContext)(x)); }
cl_int clReleaseCommandQueue(cl_command_queue q) { return released(REAL(clReleaseCommandQueue)(q)); }
cl_int clReleaseMemObject(cl_mem m) { return released(REAL(clReleaseMemObject)(m)); }
cl_int clReleaseProgram(cl_program p) { return released(REAL(clReleaseProgram)(p)); }
cl_int clReleaseKernel(cl_kernel k) { return released(REAL(clReleaseKernel)(k)); }
cl_int clReleaseEvent(cl_event e) { return released(REAL(clReleaseEvent)(e)); }
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- A run of all that there is --------------------------------------------------------------------------------- */

typedef struct scenario {
    const clade_allocator *allocator; /* NULL: malloc */
    const char *cache;
    uint64_t threads;
    const support_objects *objects; /* NULL: a context of Clade's own */
    char message[1024];
} scenario;

typedef struct parts {
    rt_queue *queue;
    rt_program *program;
    rt_kernel *kernel;
    rt_buffer *x, *y;
    void *event;
    float values[4], found[4]; /* here, since commands may use them after a failure */
} parts;

static clade_status prepare(rt_context *rt, const scenario *scene, parts *p) {
    const cl_ulong offset = 0;
    const cl_float scale = 2;
    const cl_int n = 4;
    FORWARD(rt_queue_create(rt, scene->objects ? scene->objects->queue : NULL, &p->queue));
    FORWARD(rt_buffer_create(rt, 16, "x", &p->x));
    FORWARD(rt_buffer_create(rt, 16, "y", &p->y));
    FORWARD(rt_program_get_text(rt, "add.cl", support_kernel, "-D ADDED=1", &p->program));
    FORWARD(rt_kernel_create(p->program, "add", &p->kernel));
    FORWARD(rt_kernel_set_memory(p->kernel, 0, rt_buffer_handle(p->x)));
    FORWARD(rt_kernel_set_memory(p->kernel, 1, rt_buffer_handle(p->y)));
    FORWARD(rt_kernel_set_value(p->kernel, 2, &offset, sizeof offset));
    FORWARD(rt_kernel_set_value(p->kernel, 3, &scale, sizeof scale));
    return rt_kernel_set_value(p->kernel, 4, &n, sizeof n);
}

static clade_status run(rt_context *rt, parts *p) {
    const size_t global = 4, local = 1;
    void *mapped = NULL;
    FORWARD(rt_upload(rt, p->x, 0, p->values, 4));
    FORWARD(rt_map(rt, p->x, 4, 4, &mapped));
    memcpy(mapped, p->values + 1, 4);
    FORWARD(rt_unmap(rt, p->x, mapped));
    FORWARD(rt_write(p->queue, p->x, 8, p->values + 2, 8));
    FORWARD(rt_enqueue(p->queue, p->kernel, 1, &global, &local));
    FORWARD(rt_read(p->queue, p->y, 0, p->found, 16));
    FORWARD(rt_queue_mark(p->queue, &p->event));
    FORWARD(rt_queue_wait_for(p->queue, 1, &p->event));
    FORWARD(rt_queue_flush(p->queue));
    FORWARD(rt_queue_finish(p->queue));
    for (int i = 0; i < 4; i++) assert_float_equal(p->found[i], p->values[i] * 2 + 1, 0);
    return CLADE_OK;
}

static clade_status play(scenario *scene) {
    clade_context *context = NULL;
    clade_context_settings settings = {.cache_directory = scene->cache,
                                       .threads = scene->threads,
                                       .allocator = scene->allocator,
                                       .message = scene->message,
                                       .message_size = sizeof scene->message};
    clade_opencl_objects given = {0};
    if (scene->objects)
        given = (clade_opencl_objects){
            .context = scene->objects->context, .device = scene->objects->device, .queue = scene->objects->queue};
    parts p = {.values = {1, 2, 3, 4}};
    clade_status status = scene->objects ? clade_context_create_opencl(&given, &settings, &context)
                                         : clade_context_create(&settings, &context);
    if (status != CLADE_OK) {
        assert_null(context);
        return status;
    }
    rt_context *rt = context_rt(context);
    status = prepare(rt, scene, &p);
    if (status == CLADE_OK) status = run(rt, &p);
    if (status != CLADE_OK) clade_context_message(context, scene->message, sizeof scene->message);
    /* What was enqueued before the failure may still be under way. */
    if (p.queue) REAL(clFinish)(p.queue->handle);
    if (p.event) clReleaseEvent(p.event);
    rt_kernel_destroy(&p.kernel);
    rt_program_release(&p.program);
    rt_buffer_destroy(&p.x);
    rt_buffer_destroy(&p.y);
    rt_queue_destroy(&p.queue);
    clade_context_destroy(&context);
    return status;
}

/* Fails each call in turn; `tolerated` may fail without a word (what only the cache needs). */
static void sweep(scenario *scene, cl_int code, const char *tolerated) {
    const int live = fault.live;
    for (int n = 0;; n++) {
        fault.only = NULL;
        fault.failed = NULL;
        fault.countdown = n;
        fault.code = code;
        scene->message[0] = '\0';
        const clade_status status = play(scene);
        const bool done = fault.countdown >= 0;
        fault.countdown = -1;
        if (fault.live != live) fail_msg("%s failed and left %d objects", fault.failed, fault.live - live);
        if (done) {
            assert_int_equal(status, CLADE_OK);
            assert_true(n > 20);
            return;
        }
        if (status == CLADE_OK) {
            if (!strstr(tolerated, fault.failed)) fail_msg("call %d, %s, failed unnoticed", n, fault.failed);
            continue;
        }
        if (!strstr(scene->message, "failed to "))
            fail_msg("call %d, %s, failed with the message \"%s\"", n, fault.failed, scene->message);
    }
}

/* ---- Tests ------------------------------------------------------------------------------------------------------ */

/* A platform or device that cannot be asked is passed over, and then there is none: those failures show as well. */
static void every_opencl_call_may_fail(void **state) {
    (void)state;
    scenario scene = {.cache = ""};
    sweep(&scene, CL_OUT_OF_RESOURCES, "");
    sweep(&scene, CL_OUT_OF_HOST_MEMORY, "");
}

static void every_opencl_call_on_a_part_of_a_device_may_fail(void **state) {
    (void)state;
    if (!support_divides()) skip();
    scenario scene = {.cache = "", .threads = 1};
    sweep(&scene, CL_OUT_OF_RESOURCES, "");
}

static void every_opencl_call_on_the_callers_objects_may_fail(void **state) {
    (void)state;
    support_objects objects;
    support_objects_open(&objects, true);
    scenario scene = {.cache = "", .objects = &objects};
    sweep(&scene, CL_OUT_OF_RESOURCES, "");
    support_objects_close(&objects);
    assert_int_equal(fault.live, 0);
}

static void storing_and_finding_binaries_never_fails(void **state) {
    (void)state;
    char directory[256];
    support_make_directory(directory, sizeof directory);
    scenario scene = {.cache = directory};
    assert_int_equal(play(&scene), CLADE_OK);
    sweep(&scene, CL_OUT_OF_RESOURCES, "clCreateProgramWithBinary clBuildProgram clGetProgramInfo");
    support_remove_directory(directory);
}

static int allocations_left, allocations_live;

static void *allocate(void *user, size_t size) {
    (void)user;
    if (allocations_left == 0) return NULL;
    if (allocations_left > 0) allocations_left--;
    allocations_live++;
    return malloc(size);
}

static void deallocate(void *user, void *memory) {
    (void)user;
    allocations_live--;
    free(memory);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    const clade_allocator allocator = {allocate, deallocate, NULL};
    char directory[256];
    support_make_directory(directory, sizeof directory);
    scenario scene = {.allocator = &allocator, .cache = directory};
    for (int n = 0;; n++) {
        allocations_left = n;
        const clade_status status = play(&scene);
        const bool done = allocations_left > 0;
        allocations_left = -1;
        assert_int_equal(allocations_live, 0);
        assert_int_equal(fault.live, 0);
        /* The cache does without; all else is an error. */
        assert_true(status == CLADE_OK || status == CLADE_ERROR_OUT_OF_MEMORY);
        if (done) {
            assert_int_equal(status, CLADE_OK);
            assert_true(n > 20);
            break;
        }
    }
    support_remove_directory(directory);
}

/* Fails the call of this name that comes after `before` others. */
static clade_status play_with(const char *call, int before, cl_int code, scenario *scene) {
    fault.only = call;
    fault.countdown = before;
    fault.code = code;
    const clade_status status = play(scene);
    fault.only = NULL;
    fault.countdown = -1;
    return status;
}

static void codes_become_the_statuses_that_say_what_to_do(void **state) {
    (void)state;
    const struct {
        const char *call;
        int before;
        cl_int code;
        clade_status status;
        const char *part;
    } cases[] = {
        {"clGetPlatformIDs", 0, -1001, CLADE_ERROR_NO_DEVICE,
         "no platform is installed (clGetPlatformIDs gave CL_PLATFORM_NOT_FOUND_KHR)"},
        {"clGetDeviceIDs", 0, CL_DEVICE_NOT_FOUND, CLADE_ERROR_NO_DEVICE, "has one that is usable"},
        {"clCreateContext", 0, CL_DEVICE_NOT_AVAILABLE, CLADE_ERROR_NO_DEVICE,
         "clCreateContext gave CL_DEVICE_NOT_AVAILABLE (-2)"},
        {"clCreateBuffer", 0, CL_MEM_OBJECT_ALLOCATION_FAILURE, CLADE_ERROR_OUT_OF_DEVICE_MEMORY, "16 bytes for x"},
        {"clCreateBuffer", 0, CL_OUT_OF_RESOURCES, CLADE_ERROR_OUT_OF_DEVICE_MEMORY, "16 bytes for x"},
        {"clCreateBuffer", 0, CL_OUT_OF_HOST_MEMORY, CLADE_ERROR_OUT_OF_MEMORY, "16 bytes for x"},
        {"clBuildProgram", 0, CL_INVALID_BUILD_OPTIONS, CLADE_ERROR_BUILD, "failed to build add.cl"},
        {"clBuildProgram", 0, CL_OUT_OF_HOST_MEMORY, CLADE_ERROR_OUT_OF_MEMORY, "failed to build add.cl"},
        {"clEnqueueNDRangeKernel", 0, CL_OUT_OF_RESOURCES, CLADE_ERROR_DEVICE_LOST,
         "run the kernel add over 4 x 1 x 1"},
        {"clEnqueueNDRangeKernel", 0, CL_OUT_OF_HOST_MEMORY, CLADE_ERROR_DEVICE_LOST, "CL_OUT_OF_HOST_MEMORY"},
        {"clEnqueueNDRangeKernel", 0, CL_MEM_OBJECT_ALLOCATION_FAILURE, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
         "run the kernel"},
        {"clEnqueueNDRangeKernel", 0, -9999, CLADE_ERROR_OPENCL, "gave an unknown code (-9999)"},
        {"clFinish", 2, CL_INVALID_COMMAND_QUEUE, CLADE_ERROR_DEVICE_LOST,
         "clFinish gave CL_INVALID_COMMAND_QUEUE (-36)"}, /* the first two end the upload and the mapping */
    };
    const bool finishes = support_finishes();
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        scenario scene = {.cache = ""};
        if (!finishes && strcmp(cases[i].call, "clFinish") == 0) continue;
        const clade_status status = play_with(cases[i].call, cases[i].before, cases[i].code, &scene);
        if (status != cases[i].status || !strstr(scene.message, cases[i].part))
            fail_msg("%s with %d: %s, \"%s\"", cases[i].call, (int)cases[i].code, clade_status_name(status),
                     scene.message);
        assert_int_equal(fault.live, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_opencl_call_may_fail),
        cmocka_unit_test(every_opencl_call_on_a_part_of_a_device_may_fail),
        cmocka_unit_test(every_opencl_call_on_the_callers_objects_may_fail),
        cmocka_unit_test(storing_and_finding_binaries_never_fails),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(codes_become_the_statuses_that_say_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
