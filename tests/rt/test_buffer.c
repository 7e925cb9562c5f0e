/* Buffers: limits, the sum of all, the caller's memory, moving data. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static void what_is_written_can_be_read(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    rt_queue *queue = NULL;
    rt_buffer *buffer = NULL;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, 100, "data", &buffer), CLADE_OK);
    assert_int_equal(rt_buffer_size(buffer), 100);
    assert_non_null(rt_buffer_handle(buffer));
    unsigned char values[100], found[100] = {0};
    for (int i = 0; i < 100; i++) values[i] = (unsigned char)(i + 1);
    assert_int_equal(rt_upload(runtime->rt, buffer, 0, values, 60), CLADE_OK);
    assert_int_equal(rt_write(queue, buffer, 60, values + 60, 40), CLADE_OK);
    assert_int_equal(rt_read(queue, buffer, 10, found, 90), CLADE_OK);
    assert_int_equal(rt_queue_flush(queue), CLADE_OK);
    assert_int_equal(rt_queue_finish(queue), CLADE_OK);
    assert_memory_equal(found, values + 10, 90);
    rt_buffer_destroy(&buffer);
    assert_null(buffer);
    rt_buffer_destroy(&buffer);
    rt_queue_destroy(&queue);
    support_close(&runtime);
}

static void what_is_mapped_arrives_and_leaves_the_rest(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    rt_queue *queue = NULL;
    rt_buffer *buffer = NULL;
    unsigned char values[100], found[100] = {0};
    for (int i = 0; i < 100; i++) values[i] = (unsigned char)(i + 1);
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, 100, "data", &buffer), CLADE_OK);
    assert_int_equal(rt_upload(runtime->rt, buffer, 0, values, 100), CLADE_OK);
    void *mapped = NULL;
    assert_int_equal(rt_map(runtime->rt, buffer, 16, 32, &mapped), CLADE_OK);
    memset(mapped, 0xee, 32);
    assert_int_equal(rt_unmap(runtime->rt, buffer, mapped), CLADE_OK);
    memset(values + 16, 0xee, 32);
    assert_int_equal(rt_read(queue, buffer, 0, found, 100), CLADE_OK);
    assert_int_equal(rt_queue_finish(queue), CLADE_OK);
    assert_memory_equal(found, values, 100);
    support_expect_failure(runtime->env, CLADE_ERROR_SHAPE, rt_map(runtime->rt, buffer, 96, 5, &mapped),
                           "failed to map 5 bytes from byte 96");
    assert_null(mapped);
    rt_buffer_destroy(&buffer);
    rt_queue_destroy(&queue);
    support_close(&runtime);
}

static void data_past_the_end_is_refused(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    rt_queue *queue = NULL;
    rt_buffer *buffer = NULL;
    char byte[8] = {0};
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, 100, "data", &buffer), CLADE_OK);
    support_expect_failure(runtime->env, CLADE_ERROR_SHAPE, rt_write(queue, buffer, 96, byte, 5),
                           "failed to write 5 bytes from byte 96");
    support_expect_failure(runtime->env, CLADE_ERROR_SHAPE, rt_read(queue, buffer, 101, byte, 1), "it has 100");
    support_expect_failure(runtime->env, CLADE_ERROR_SHAPE, rt_upload(runtime->rt, buffer, UINT64_MAX, byte, 2),
                           "failed to upload");
    support_expect_failure(runtime->env, CLADE_ERROR_SHAPE, rt_read(queue, buffer, 0, byte, 0), "0 bytes");
    rt_buffer_destroy(&buffer);
    rt_queue_destroy(&queue);
    support_close(&runtime);
}

static void sizes_past_the_devices_limits_are_refused_before_it_is_asked(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    const rt_device *device = rt_context_device(runtime->rt);
    rt_buffer *buffer = (rt_buffer *)runtime;
    support_expect_failure(runtime->env, CLADE_ERROR_SHAPE, rt_buffer_create(runtime->rt, 0, "nothing", &buffer),
                           "nothing");
    assert_null(buffer);
    support_expect_failure(runtime->env, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
                           rt_buffer_create(runtime->rt, device->largest_allocation + 1, "the arena", &buffer),
                           "the arena");
    assert_null(buffer);
    support_expect_failure(runtime->env, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
                           rt_buffer_create(runtime->rt, UINT64_MAX, "the arena", &buffer), "in one buffer");
    support_close(&runtime);
}

/* The sum counts what is alive only. The limit is lowered so that no real memory is needed. */
static void the_sum_of_buffers_is_bounded(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    runtime->rt->device.global_memory = 1000;
    rt_buffer *first = NULL, *second = NULL;
    assert_int_equal(rt_buffer_create(runtime->rt, 600, "first", &first), CLADE_OK);
    support_expect_failure(runtime->env, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
                           rt_buffer_create(runtime->rt, 500, "second", &second), "500 bytes for second");
    support_expect_failure(runtime->env, CLADE_ERROR_OUT_OF_DEVICE_MEMORY,
                           rt_buffer_create(runtime->rt, 401, "second", &second), "of which 600 are taken");
    assert_int_equal(rt_buffer_create(runtime->rt, 400, "second", &second), CLADE_OK);
    rt_buffer_destroy(&first);
    assert_int_equal(rt_buffer_create(runtime->rt, 600, "first", &first), CLADE_OK);
    rt_buffer_destroy(&first);
    rt_buffer_destroy(&second);
    assert_int_equal(atomic_load(&runtime->rt->allocated), 0);
    support_close(&runtime);
}

static cl_uint references(cl_mem memory) {
    cl_uint count = 0;
    assert_int_equal(clGetMemObjectInfo(memory, CL_MEM_REFERENCE_COUNT, sizeof count, &count, NULL), CL_SUCCESS);
    return count;
}

static void the_callers_memory_is_used_from_its_offset_on(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    cl_int code = CL_SUCCESS;
    cl_mem memory = clCreateBuffer(runtime->rt->context, CL_MEM_READ_WRITE, 64, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    const uint64_t allocated = atomic_load(&runtime->rt->allocated);
    rt_buffer *buffer = NULL;
    assert_int_equal(rt_buffer_wrap(runtime->rt, memory, 16, 48, "input", &buffer), CLADE_OK);
    assert_ptr_equal(rt_buffer_handle(buffer), memory);
    assert_int_equal(rt_buffer_size(buffer), 48);
    assert_int_equal(references(memory), 2);
    assert_true(atomic_load(&runtime->rt->allocated) == allocated); /* it is not Clade's */
    const char text[] = "sixteen";
    char found[sizeof text];
    assert_int_equal(rt_upload(runtime->rt, buffer, 4, text, sizeof text), CLADE_OK);
    assert_int_equal(clEnqueueReadBuffer(runtime->rt->queue, memory, CL_TRUE, 20, sizeof found, found, 0, NULL, NULL),
                     CL_SUCCESS);
    assert_string_equal(found, text);
    rt_buffer_destroy(&buffer);
    assert_int_equal(references(memory), 1);
    clReleaseMemObject(memory);
    support_close(&runtime);
}

static void memory_that_does_not_fit_is_refused(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    support_objects other;
    support_objects_open(&other, false);
    cl_int code = CL_SUCCESS;
    cl_mem memory = clCreateBuffer(runtime->rt->context, CL_MEM_READ_WRITE, 64, NULL, &code);
    cl_mem foreign = clCreateBuffer(other.context, CL_MEM_READ_WRITE, 64, NULL, &code);
    rt_buffer *buffer = NULL;
    const struct {
        cl_mem memory;
        uint64_t offset, size;
        clade_status status;
        const char *part;
    } cases[] = {
        {NULL, 0, 4, CLADE_ERROR_INVALID_ARGUMENT, "it is NULL"},
        {foreign, 0, 4, CLADE_ERROR_INVALID_ARGUMENT, "another cl_context"},
        {memory, 0, 68, CLADE_ERROR_SHAPE, "it holds 64 bytes, and 68"},
        {memory, 4, 64, CLADE_ERROR_SHAPE, "from byte 4"},
        {memory, 2, 4, CLADE_ERROR_SHAPE, "multiple of 4"},
        {memory, UINT64_MAX - 3, 64, CLADE_ERROR_SHAPE, "it holds 64 bytes"},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        const clade_status status =
            rt_buffer_wrap(runtime->rt, cases[i].memory, cases[i].offset, cases[i].size, "the output prob", &buffer);
        support_expect_failure(runtime->env, cases[i].status, status, cases[i].part);
        support_expect_failure(runtime->env, cases[i].status, status, "the output prob");
        assert_null(buffer);
    }
    assert_int_equal(references(memory), 1);
    clReleaseMemObject(memory);
    clReleaseMemObject(foreign);
    support_objects_close(&other);
    support_close(&runtime);
}

typedef struct uploader {
    pthread_t thread;
    support_runtime *runtime;
    int number;
    bool right;
} uploader;

static void *upload_and_check(void *user) {
    uploader *self = user;
    self->right = true;
    for (int round = 0; round < 20 && self->right; round++) {
        int values[256], found[256] = {0};
        rt_buffer *buffer = NULL;
        for (int i = 0; i < 256; i++) values[i] = self->number * 1000 + round + i;
        self->right = rt_buffer_create(self->runtime->rt, sizeof values, "data", &buffer) == CLADE_OK &&
                      rt_upload(self->runtime->rt, buffer, 0, values, sizeof values) == CLADE_OK &&
                      clEnqueueReadBuffer(self->runtime->rt->queue, rt_buffer_handle(buffer), CL_TRUE, 0, sizeof found,
                                          found, 0, NULL, NULL) == CL_SUCCESS &&
                      memcmp(values, found, sizeof found) == 0;
        rt_buffer_destroy(&buffer);
    }
    return NULL;
}

static void threads_may_upload_at_once(void **state) {
    (void)state;
    if (!support_survives_threads()) skip();
    enum { THREADS = 6 };
    uploader uploaders[THREADS];
    support_runtime *runtime = support_open(NULL);
    for (int i = 0; i < THREADS; i++) {
        uploaders[i] = (uploader){.runtime = runtime, .number = i};
        assert_int_equal(pthread_create(&uploaders[i].thread, NULL, upload_and_check, &uploaders[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(uploaders[i].thread, NULL);
        assert_true(uploaders[i].right);
    }
    assert_true(atomic_load(&runtime->rt->allocated) == 0);
    support_close(&runtime);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(what_is_mapped_arrives_and_leaves_the_rest),
        cmocka_unit_test(data_past_the_end_is_refused),
        cmocka_unit_test(sizes_past_the_devices_limits_are_refused_before_it_is_asked),
        cmocka_unit_test(the_sum_of_buffers_is_bounded),
        cmocka_unit_test(the_callers_memory_is_used_from_its_offset_on),
        cmocka_unit_test(memory_that_does_not_fit_is_refused),
        cmocka_unit_test(threads_may_upload_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
