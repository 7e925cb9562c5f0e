/* Queues and kernels: order on any queue, events, arguments. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static support_runtime *wrap(const support_objects *objects, cl_command_queue queue) {
    support_runtime *runtime = calloc(1, sizeof *runtime);
    support_log_open(&runtime->log);
    runtime->env = base_env_create(NULL, support_log_keep, &runtime->log, CLADE_LOG_DEBUG);
    assert_int_equal(rt_context_wrap(runtime->env, objects->context, objects->device, queue, NULL, &runtime->rt),
                     CLADE_OK);
    return runtime;
}

/* x = 3 x + 1, one work-item: `steps` launches depend on each other, so that any two in the wrong order show. */
static void run_chain(support_runtime *runtime, rt_queue *queue, int steps) {
    const char *text =
        "__kernel void advance(__global uint *x) { uint v = x[0]; for (int i = 0; i < 2000; i++) v = 3 * v "
        "+ 1; x[0] = v; }\n";
    rt_program *program = NULL;
    rt_kernel *kernel = NULL;
    rt_buffer *buffer = NULL;
    assert_int_equal(rt_program_get_text(runtime->rt, "step.cl", text, "", &program), CLADE_OK);
    assert_int_equal(rt_kernel_create(program, "advance", &kernel), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, 4, "x", &buffer), CLADE_OK);
    assert_int_equal(rt_kernel_set_memory(kernel, 0, rt_buffer_handle(buffer)), CLADE_OK);
    const uint32_t start = 7;
    uint32_t expected = start, found = 0;
    const size_t one = 1;
    assert_int_equal(rt_write(queue, buffer, 0, &start, sizeof start), CLADE_OK);
    for (int i = 0; i < steps; i++) {
        assert_int_equal(rt_enqueue(queue, kernel, 1, &one, &one), CLADE_OK);
        for (int j = 0; j < 2000; j++) expected = 3 * expected + 1;
    }
    assert_int_equal(rt_read(queue, buffer, 0, &found, sizeof found), CLADE_OK);
    assert_int_equal(rt_queue_finish(queue), CLADE_OK);
    assert_int_equal(found, expected);
    rt_kernel_destroy(&kernel);
    rt_program_release(&program);
    rt_buffer_destroy(&buffer);
}

static void commands_keep_their_order_on_every_kind_of_queue(void **state) {
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        support_objects objects;
        support_objects_open(&objects, kind == 1);
        support_runtime *runtime = wrap(&objects, NULL);
        rt_queue *queue = NULL, *own = NULL;
        assert_int_equal(rt_queue_create(runtime->rt, objects.queue, &queue), CLADE_OK);
        assert_int_equal(queue->out_of_order, objects.out_of_order);
        run_chain(runtime, queue, 200);
        assert_int_equal(rt_queue_create(runtime->rt, NULL, &own), CLADE_OK);
        assert_ptr_not_equal(own->handle, objects.queue);
        run_chain(runtime, own, 20);
        rt_queue_destroy(&own);
        rt_queue_destroy(&queue);
        assert_null(queue);
        rt_queue_destroy(&queue);
        support_close(&runtime);
        support_objects_close(&objects);
    }
}

static void a_session_without_a_queue_takes_the_one_the_context_was_given(void **state) {
    (void)state;
    support_objects objects;
    support_objects_open(&objects, true);
    support_runtime *runtime = wrap(&objects, objects.queue);
    rt_queue *queue = NULL;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    assert_ptr_equal(queue->handle, objects.queue);
    assert_int_equal(queue->out_of_order, objects.out_of_order);
    run_chain(runtime, queue, 50);
    rt_queue_destroy(&queue);
    support_close(&runtime);
    support_objects_close(&objects);
}

static void a_queue_of_another_context_is_refused(void **state) {
    (void)state;
    support_objects objects;
    support_objects_open(&objects, false);
    support_runtime *runtime = support_open(NULL);
    rt_queue *queue = (rt_queue *)runtime;
    const clade_status status = rt_queue_create(runtime->rt, objects.queue, &queue);
    support_expect_failure(runtime->env, CLADE_ERROR_INVALID_ARGUMENT, status, "another cl_context");
    assert_null(queue);
    support_close(&runtime);
    support_objects_close(&objects);
}

static void events_hold_back_and_report(void **state) {
    (void)state;
    if (!support_survives_user_events()) skip();
    for (int out_of_order = 0; out_of_order < 2; out_of_order++) {
        support_objects objects;
        support_objects_open(&objects, out_of_order == 1);
        support_runtime *runtime = wrap(&objects, objects.queue);
        rt_queue *queue = NULL;
        rt_buffer *buffer = NULL;
        void *done = NULL;
        cl_int code = CL_SUCCESS, how_far = CL_QUEUED;
        int value = 5, found = 0;
        cl_event gate = clCreateUserEvent(objects.context, &code);
        assert_int_equal(code, CL_SUCCESS);
        assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
        assert_int_equal(rt_buffer_create(runtime->rt, sizeof value, "x", &buffer), CLADE_OK);
        assert_int_equal(rt_queue_wait_for(queue, 0, NULL), CLADE_OK);
        assert_int_equal(rt_queue_wait_for(queue, 1, &gate), CLADE_OK);
        assert_int_equal(rt_write(queue, buffer, 0, &value, sizeof value), CLADE_OK);
        assert_int_equal(rt_read(queue, buffer, 0, &found, sizeof found), CLADE_OK);
        assert_int_equal(rt_queue_mark(queue, &done), CLADE_OK);
        assert_int_equal(rt_queue_flush(queue), CLADE_OK);
        assert_int_equal(clGetEventInfo(done, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof how_far, &how_far, NULL),
                         CL_SUCCESS);
        assert_int_not_equal(how_far, CL_COMPLETE); /* the gate is closed */
        assert_int_equal(found, 0);
        assert_int_equal(clSetUserEventStatus(gate, CL_COMPLETE), CL_SUCCESS);
        cl_event event = done;
        assert_int_equal(clWaitForEvents(1, &event), CL_SUCCESS);
        assert_int_equal(found, 5);
        clReleaseEvent(event);
        clReleaseEvent(gate);
        rt_buffer_destroy(&buffer);
        rt_queue_destroy(&queue);
        support_close(&runtime);
        support_objects_close(&objects);
    }
}

static void wrong_events_are_the_callers_fault(void **state) {
    (void)state;
    if (!support_survives_user_events()) skip();
    support_objects other;
    support_objects_open(&other, false);
    support_runtime *runtime = support_open(NULL);
    rt_queue *queue = NULL;
    cl_int code = CL_SUCCESS;
    cl_event foreign = clCreateUserEvent(other.context, &code), null = NULL;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    support_expect_failure(runtime->env, CLADE_ERROR_INVALID_ARGUMENT, rt_queue_wait_for(queue, 1, &foreign),
                           "1 events");
    support_expect_failure(runtime->env, CLADE_ERROR_INVALID_ARGUMENT, rt_queue_wait_for(queue, 1, &null), "1 events");
    clSetUserEventStatus(foreign, CL_COMPLETE);
    clReleaseEvent(foreign);
    rt_queue_destroy(&queue);
    support_close(&runtime);
    support_objects_close(&other);
}

static void kernels_take_every_kind_of_argument(void **state) {
    (void)state;
    const char *text =
        "__kernel void combine(__global float *y, ulong offset, int i, uint u, float f, long8 l, __local "
        "float *scratch) {\n"
        "    scratch[0] = (float)(i + (int)u) + f + (float)(l.s0 + l.s7);\n"
        "    y[offset] = scratch[0];\n"
        "}\n";
    support_runtime *runtime = support_open(NULL);
    rt_queue *queue = NULL;
    rt_program *program = NULL;
    rt_kernel *kernel = NULL;
    rt_buffer *buffer = NULL;
    const cl_ulong offset = 2;
    const cl_int i = -3;
    const cl_uint u = 10;
    const cl_float f = 0.5f;
    const cl_long8 l = {.s = {100, 0, 0, 0, 0, 0, 0, -20}};
    const size_t one[3] = {1, 1, 1};
    float found = 0;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    assert_int_equal(rt_buffer_create(runtime->rt, 16, "y", &buffer), CLADE_OK);
    assert_int_equal(rt_program_get_text(runtime->rt, "all.cl", text, "", &program), CLADE_OK);
    assert_int_equal(rt_kernel_create(program, "combine", &kernel), CLADE_OK);
    rt_program_release(&program); /* the kernel holds it */
    assert_int_equal(rt_kernel_set_memory(kernel, 0, rt_buffer_handle(buffer)), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 1, &offset, sizeof offset), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 2, &i, sizeof i), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 3, &u, sizeof u), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 4, &f, sizeof f), CLADE_OK);
    assert_int_equal(rt_kernel_set_value(kernel, 5, &l, sizeof l), CLADE_OK);
    assert_int_equal(rt_kernel_set_local(kernel, 6, 4), CLADE_OK);
    assert_int_equal(rt_enqueue(queue, kernel, 3, one, one), CLADE_OK);
    assert_int_equal(rt_read(queue, buffer, 8, &found, sizeof found), CLADE_OK);
    assert_int_equal(rt_queue_finish(queue), CLADE_OK);
    assert_float_equal(found, -3 + 10 + 0.5f + 80, 0);
    rt_kernel_destroy(&kernel);
    rt_kernel_destroy(&kernel);
    rt_buffer_destroy(&buffer);
    rt_queue_destroy(&queue);
    support_close(&runtime);
}

static void wrong_use_of_a_kernel_names_it(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    rt_program *program = support_program(runtime, 1);
    rt_queue *queue = NULL;
    rt_kernel *kernel = NULL;
    const double wide = 1;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    support_expect_failure(
        runtime->env, CLADE_ERROR_OPENCL, rt_kernel_create(program, "subtract", &kernel),
        "failed to create the kernel subtract of add.cl: clCreateKernel gave CL_INVALID_KERNEL_NAME (-46)");
    assert_null(kernel);
    assert_int_equal(rt_kernel_create(program, "add", &kernel), CLADE_OK);
    support_expect_failure(runtime->env, CLADE_ERROR_OPENCL, rt_kernel_set_value(kernel, 99, &wide, sizeof wide),
                           "argument 99 of the kernel add");
    support_expect_failure(runtime->env, CLADE_ERROR_OPENCL, rt_kernel_set_value(kernel, 3, &wide, sizeof wide),
                           "to 8 bytes: clSetKernelArg gave CL_INVALID_ARG_SIZE");
    const size_t huge = rt_context_device(runtime->rt)->max_work_group * 2;
    const cl_ulong offset = 0;
    rt_buffer *buffer = NULL;
    assert_int_equal(rt_buffer_create(runtime->rt, 64, "x", &buffer), CLADE_OK);
    rt_kernel_set_memory(kernel, 0, rt_buffer_handle(buffer));
    rt_kernel_set_memory(kernel, 1, rt_buffer_handle(buffer));
    rt_kernel_set_value(kernel, 2, &offset, sizeof offset);
    rt_kernel_set_value(kernel, 3, &(cl_float){0}, sizeof(cl_float));
    rt_kernel_set_value(kernel, 4, &(cl_int){0}, sizeof(cl_int));
    support_expect_failure(runtime->env, CLADE_ERROR_OPENCL, rt_enqueue(queue, kernel, 1, &huge, &huge),
                           "CL_INVALID_WORK_");
    support_expect_failure(runtime->env, CLADE_ERROR_OPENCL, rt_enqueue(queue, kernel, 1, &huge, &huge),
                           "failed to run the kernel add over");
    rt_buffer_destroy(&buffer);
    rt_kernel_destroy(&kernel);
    rt_program_release(&program);
    rt_queue_destroy(&queue);
    support_close(&runtime);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_keep_their_order_on_every_kind_of_queue),
        cmocka_unit_test(a_session_without_a_queue_takes_the_one_the_context_was_given),
        cmocka_unit_test(a_queue_of_another_context_is_refused),
        cmocka_unit_test(events_hold_back_and_report),
        cmocka_unit_test(wrong_events_are_the_callers_fault),
        cmocka_unit_test(kernels_take_every_kind_of_argument),
        cmocka_unit_test(wrong_use_of_a_kernel_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
