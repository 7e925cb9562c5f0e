/* test_enqueue.c: Clade between the caller's own OpenCL objects: contexts, queues of either order, buffers bound in place at an
 * offset, wait lists and events; and what it refuses. */
#include "api/network.h"

#include <clade/opencl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

enum { IMAGE = NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE, OFFSET = 64 };

static cl_platform_id platform;
static cl_device_id device;
static cl_context cl;
static clade_context *context;
static clade_plan *plan;
static float input[IMAGE], expected[NETWORK_CLASSES];

static cl_command_queue new_queue(cl_command_queue_properties properties) {
    cl_int code = CL_SUCCESS;
    const cl_command_queue queue = clCreateCommandQueue(cl, device, properties, &code);
    assert_int_equal(code, CL_SUCCESS);
    return queue;
}

static cl_mem new_memory(size_t bytes) {
    cl_int code = CL_SUCCESS;
    const cl_mem memory = clCreateBuffer(cl, CL_MEM_READ_WRITE, bytes, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    return memory;
}

static cl_uint references(cl_context of) {
    cl_uint count = 0;
    assert_int_equal(clGetContextInfo(of, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL), CL_SUCCESS);
    return count;
}

/* The device that CLADE_DEVICE or the defaults choose, in a cl_context of our own. */
static int set_up(void **state) {
    (void)state;
    clade_context *chosen = network_context();
    clade_opencl_objects objects;
    assert_int_equal(clade_context_opencl(chosen, &objects), CLADE_OK);
    device = objects.device;
    assert_int_equal(clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL), CL_SUCCESS);
    cl_int code = CL_SUCCESS;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
    cl = clCreateContext(properties, 1, &device, NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);

    assert_int_equal(
        clade_context_create_opencl(&(clade_opencl_objects){.context = cl, .device = device}, NULL, &context),
        CLADE_OK);
    clade_graph *graph = network_graph(context);
    plan = network_plan(graph, NULL);
    clade_session *session = NULL;
    network_input(input, 1);
    assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
    assert_int_equal(network_run(session, input, expected, 1), CLADE_OK);
    clade_session_destroy(&session);
    clade_graph_destroy(&graph);
    clade_context_destroy(&chosen);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    clade_plan_destroy(&plan);
    clade_context_destroy(&context);
    clReleaseContext(cl);
    return 0;
}

static void assert_message(const char *part) {
    char message[1024];
    clade_context_message(context, message, sizeof message);
    if (!strstr(message, part)) fail_msg("the message \"%s\" does not name \"%s\"", message, part);
}

/* PoCL 3.1's "basic" device locks itself out inside clSetUserEventStatus. */
static bool survives_user_events(void) {
    char name[64] = "";
    assert_int_equal(clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof name - 1, name, NULL), CL_SUCCESS);
    return strncmp(name, "basic", 5) != 0;
}

/* A gate (user event) holds back the write, the write's event the run, the run's event the read. */
static void run_behind_a_gate(cl_command_queue_properties properties) {
    if (!survives_user_events()) skip();
    const cl_command_queue queue = new_queue(properties), other = new_queue(0);
    const cl_mem in = new_memory(OFFSET + sizeof input), out = new_memory(OFFSET + sizeof expected);
    clade_session *session = NULL;
    cl_int code = CL_SUCCESS;
    cl_event written = NULL, ran = NULL;
    float output[NETWORK_CLASSES] = {0};
    const cl_event gate = clCreateUserEvent(cl, &code);
    assert_int_equal(code, CL_SUCCESS);
    assert_int_equal(clade_session_create_opencl(plan, queue, &session), CLADE_OK);
    assert_int_equal(clEnqueueWriteBuffer(other, in, CL_FALSE, OFFSET, sizeof input, input, 1, &gate, &written),
                     CL_SUCCESS);
    const clade_opencl_buffer from = {"input", in, OFFSET}, to = {"output", out, OFFSET};
    assert_int_equal(clade_enqueue(session, &from, 1, &to, 1, 1, &written, &ran), CLADE_OK);
    cl_int status = CL_COMPLETE;
    assert_int_equal(clGetEventInfo(ran, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL), CL_SUCCESS);
    assert_int_not_equal(status, CL_COMPLETE); /* it returned without waiting */
    assert_int_equal(clSetUserEventStatus(gate, CL_COMPLETE), CL_SUCCESS);
    assert_int_equal(clEnqueueReadBuffer(other, out, CL_TRUE, OFFSET, sizeof output, output, 1, &ran, NULL),
                     CL_SUCCESS);
    assert_memory_equal(output, expected, sizeof output);
    clReleaseEvent(ran);
    clReleaseEvent(written);
    clReleaseEvent(gate);
    clade_session_destroy(&session);
    clReleaseMemObject(in);
    clReleaseMemObject(out);
    clReleaseCommandQueue(other);
    clReleaseCommandQueue(queue);
}

static void a_run_waits_for_events_and_gives_one(void **state) {
    (void)state;
    run_behind_a_gate(0);
}

static void a_queue_out_of_order_gives_the_same(void **state) {
    (void)state;
    run_behind_a_gate(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
}

static void runs_may_be_enqueued_one_behind_the_other(void **state) {
    (void)state;
    enum { RUNS = 5 };
    const cl_command_queue queue = new_queue(0);
    clade_session *session = NULL;
    cl_mem in[RUNS], out[RUNS];
    float images[RUNS][IMAGE], alone[RUNS][NETWORK_CLASSES], output[NETWORK_CLASSES];
    assert_int_equal(clade_session_create_opencl(plan, queue, &session), CLADE_OK);
    network_input(&images[0][0], RUNS);
    for (int i = 0; i < RUNS; i++) assert_int_equal(network_run(session, images[i], alone[i], 1), CLADE_OK);
    for (int i = 0; i < RUNS; i++) {
        in[i] = new_memory(sizeof images[i]);
        out[i] = new_memory(sizeof output);
        assert_int_equal(clEnqueueWriteBuffer(queue, in[i], CL_FALSE, 0, sizeof images[i], images[i], 0, NULL, NULL),
                         CL_SUCCESS);
        const clade_opencl_buffer from = {.memory = in[i]}, to = {.memory = out[i]};
        assert_int_equal(clade_enqueue(session, &from, 1, &to, 1, 0, NULL, NULL), CLADE_OK);
    }
    for (int i = 0; i < RUNS; i++) {
        assert_int_equal(clEnqueueReadBuffer(queue, out[i], CL_TRUE, 0, sizeof output, output, 0, NULL, NULL),
                         CL_SUCCESS);
        assert_memory_equal(output, alone[i], sizeof output);
        clReleaseMemObject(in[i]);
        clReleaseMemObject(out[i]);
    }
    clade_session_destroy(&session);
    clReleaseCommandQueue(queue);
}

static void the_input_is_not_written(void **state) {
    (void)state;
    const cl_command_queue queue = new_queue(0);
    const cl_mem in = new_memory(sizeof input), out = new_memory(sizeof expected);
    clade_session *session = NULL;
    float after[IMAGE];
    assert_int_equal(clade_session_create_opencl(plan, queue, &session), CLADE_OK);
    assert_int_equal(clEnqueueWriteBuffer(queue, in, CL_TRUE, 0, sizeof input, input, 0, NULL, NULL), CL_SUCCESS);
    const clade_opencl_buffer from = {.memory = in}, to = {.memory = out};
    assert_int_equal(clade_enqueue(session, &from, 1, &to, 1, 0, NULL, NULL), CLADE_OK);
    assert_int_equal(clEnqueueReadBuffer(queue, in, CL_TRUE, 0, sizeof after, after, 0, NULL, NULL), CL_SUCCESS);
    assert_memory_equal(after, input, sizeof after);
    clade_session_destroy(&session);
    clReleaseMemObject(in);
    clReleaseMemObject(out);
    clReleaseCommandQueue(queue);
}

static void wrong_memory_is_refused(void **state) {
    (void)state;
    const cl_command_queue queue = new_queue(0);
    const cl_mem in = new_memory(sizeof input), out = new_memory(sizeof expected);
    clade_session *session = NULL;
    assert_int_equal(clade_session_create_opencl(plan, queue, &session), CLADE_OK);
    const clade_opencl_buffer from = {"input", in, 0}, to = {"output", out, 0};
    const clade_opencl_buffer odd = {"input", in, 2}, far = {"input", in, 4}, none = {"input", NULL, 0},
                              unknown = {"x", in, 0};
    cl_event event = (cl_event)&event;
    assert_int_equal(clade_enqueue(session, &odd, 1, &to, 1, 0, NULL, &event), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(event);
    assert_message("\"input\" at byte 2");
    assert_int_equal(clade_enqueue(session, &far, 1, &to, 1, 0, NULL, NULL), CLADE_ERROR_SHAPE);
    assert_message("input");
    assert_int_equal(clade_enqueue(session, &none, 1, &to, 1, 0, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_enqueue(session, &unknown, 1, &to, 1, 0, NULL, NULL), CLADE_ERROR_NOT_FOUND);
    assert_message("\"x\"");
    assert_int_equal(clade_enqueue(session, &from, 1, NULL, 0, 0, NULL, NULL), CLADE_ERROR_NOT_FOUND);
    assert_message("0 outputs");
    assert_int_equal(clade_enqueue(session, &from, 1, &to, 1, 1, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_enqueue(NULL, &from, 1, &to, 1, 0, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    /* the session is as usable as before */
    assert_int_equal(clade_enqueue(session, &from, 1, &to, 1, 0, NULL, NULL), CLADE_OK);
    assert_int_equal(clFinish(queue), CL_SUCCESS);
    clade_session_destroy(&session);
    clReleaseMemObject(in);
    clReleaseMemObject(out);
    clReleaseCommandQueue(queue);
}

static void objects_of_another_context_are_refused(void **state) {
    (void)state;
    cl_int code = CL_SUCCESS;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)platform, 0};
    const cl_context stranger = clCreateContext(properties, 1, &device, NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    const cl_command_queue queue = clCreateCommandQueue(stranger, device, 0, &code);
    const cl_mem memory = clCreateBuffer(stranger, CL_MEM_READ_WRITE, sizeof input, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    clade_session *session = (clade_session *)&code;
    assert_int_equal(clade_session_create_opencl(plan, queue, &session), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(session);
    assert_message("another cl_context");
    assert_int_equal(clade_session_create_opencl(plan, NULL, &session), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
    const clade_opencl_buffer bound = {.memory = memory};
    assert_int_equal(clade_enqueue(session, &bound, 1, &bound, 1, 0, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_message("another cl_context");
    clade_session_destroy(&session);
    clReleaseMemObject(memory);
    clReleaseCommandQueue(queue);
    clReleaseContext(stranger);
}

static void holds_on_the_callers_context_are_given_back(void **state) {
    (void)state;
    const cl_uint before = references(cl);
    clade_context *own = NULL;
    assert_int_equal(clade_context_create_opencl(&(clade_opencl_objects){.context = cl, .device = device}, NULL, &own),
                     CLADE_OK);
    assert_true(references(cl) > before);
    clade_context_destroy(&own);
    assert_int_equal(references(cl), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_waits_for_events_and_gives_one),
        cmocka_unit_test(a_queue_out_of_order_gives_the_same),
        cmocka_unit_test(runs_may_be_enqueued_one_behind_the_other),
        cmocka_unit_test(the_input_is_not_written),
        cmocka_unit_test(wrong_memory_is_refused),
        cmocka_unit_test(objects_of_another_context_are_refused),
        cmocka_unit_test(holds_on_the_callers_context_are_given_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
