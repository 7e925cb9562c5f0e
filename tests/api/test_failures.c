/* test_failures.c: host memory that runs out at any point, from opening a device to a run: each failure is reported, nothing
 * leaks, and what was made before stays usable. */
#include "api/network.h"

#include <clade/train.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Allocations left before they fail, and those not given back yet. Drivers may call from threads of their own. */
typedef struct failing_allocator {
    pthread_mutex_t lock;
    int left, alive;
} failing_allocator;

static void *fail_allocate(void *user, size_t size) {
    failing_allocator *failing = user;
    pthread_mutex_lock(&failing->lock);
    void *memory = failing->left > 0 ? malloc(size) : NULL;
    failing->left--;
    failing->alive += memory != NULL;
    pthread_mutex_unlock(&failing->lock);
    return memory;
}

static void fail_deallocate(void *user, void *memory) {
    failing_allocator *failing = user;
    pthread_mutex_lock(&failing->lock);
    failing->alive--;
    pthread_mutex_unlock(&failing->lock);
    free(memory);
}

/* The whole way; `graph` is made on the same context while memory is plentiful. */
static clade_status plan_and_run(clade_graph *graph, float *output) {
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    float input[NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE];
    network_input(input, 1);
    clade_status status = clade_plan_create(graph, NULL, &plan);
    if (status == CLADE_OK) status = clade_session_create(plan, &session);
    if (status == CLADE_OK) status = network_run(session, input, output, 1);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    return status;
}

/* A step of training; the graph is given what it learnt. */
static clade_status train_and_export(clade_graph *graph, float *output) {
    clade_trainer *trainer = NULL;
    float input[NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE];
    const int32_t label = 1;
    clade_step_result result = {0};
    network_input(input, 1);
    const clade_buffer images = {NULL, input, sizeof input};
    const clade_trainer_settings settings = {
        .batch = 1, .optimizer = {.kind = CLADE_OPTIMIZER_ADAM, .clip_norm = 1, .average = 0.9f}};
    clade_status status = clade_trainer_create(graph, &settings, &trainer);
    if (status == CLADE_OK) status = clade_trainer_step(trainer, &images, 1, &label, 0, &result);
    if (status == CLADE_OK) status = clade_trainer_export(trainer, graph, true);
    output[0] = (float)result.loss;
    clade_trainer_destroy(&trainer);
    return status;
}

/* Lets memory run out at one place after the other. `work` has an output of so many numbers. */
static void fail_everywhere(clade_status (*work)(clade_graph *graph, float *output), size_t outputs) {
    enum { PLENTY = 1 << 30 };
    failing_allocator failing = {.lock = PTHREAD_MUTEX_INITIALIZER, .left = PLENTY};
    const clade_allocator allocator = {fail_allocate, fail_deallocate, &failing};
    const clade_context_settings settings = {.allocator = &allocator};
    clade_context *context = NULL;
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    clade_graph *graph = network_graph(context);
    float expected[NETWORK_CLASSES] = {0}, output[NETWORK_CLASSES] = {0};
    assert_int_equal(work(graph, expected), CLADE_OK); /* programs are kept from here on */
    const int alive = failing.alive;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    int failures = 0;
    for (int allowed = 0; status != CLADE_OK; allowed += 1 + allowed / 50) {
        failing.left = allowed;
        status = work(graph, output);
        failing.left = PLENTY;
        assert_true(status == CLADE_OK || status == CLADE_ERROR_OUT_OF_MEMORY);
        failures += status != CLADE_OK;
        assert_true(failing.alive <= alive + 1); /* this thread's message may have been kept for the first time */
    }
    assert_true(failures > 50);
    assert_memory_equal(output, expected, outputs * sizeof *output);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    assert_int_equal(failing.alive, 0);
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    fail_everywhere(plan_and_run, NETWORK_CLASSES);
}

static void memory_may_run_out_anywhere_in_training(void **state) {
    (void)state;
    fail_everywhere(train_and_export, 1);
}

/* Once a session has run, no run asks for memory again: with none left it works as before. */
static void later_runs_allocate_nothing(void **state) {
    (void)state;
    failing_allocator failing = {.lock = PTHREAD_MUTEX_INITIALIZER, .left = 1 << 30};
    const clade_allocator allocator = {fail_allocate, fail_deallocate, &failing};
    const clade_context_settings settings = {.allocator = &allocator};
    const char *const kernels[] = {NULL, "conv2d=gemm,linear=gemm"};
    float input[NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE], first[NETWORK_CLASSES], later[NETWORK_CLASSES];
    network_input(input, 1);
    for (size_t i = 0; i < 2; i++) {
        clade_context *context = NULL;
        clade_session *session = NULL;
        assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
        clade_graph *graph = network_graph(context);
        clade_plan *plan =
            network_plan(graph, &(clade_plan_settings){.kernels = kernels[i], .channel_block = (int32_t)i});
        assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
        assert_int_equal(network_run(session, input, first, 1), CLADE_OK);
        failing.left = 0;
        for (int run = 0; run < 3; run++) {
            memset(later, 0, sizeof later);
            assert_int_equal(network_run(session, input, later, 1), CLADE_OK);
            assert_memory_equal(later, first, sizeof later);
        }
        failing.left = 1 << 30;
        clade_session_destroy(&session);
        clade_plan_destroy(&plan);
        clade_graph_destroy(&graph);
        clade_context_destroy(&context);
        assert_int_equal(failing.alive, 0);
    }
}

static void opening_a_device_may_run_out_of_memory(void **state) {
    (void)state;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    for (int allowed = 0; status != CLADE_OK; allowed++) {
        failing_allocator failing = {.lock = PTHREAD_MUTEX_INITIALIZER, .left = allowed};
        const clade_allocator allocator = {fail_allocate, fail_deallocate, &failing};
        char message[256] = "";
        const clade_context_settings settings = {
            .allocator = &allocator, .message = message, .message_size = sizeof message};
        clade_context *context = NULL;
        status = clade_context_create(&settings, &context);
        assert_true(status == CLADE_OK || status == CLADE_ERROR_OUT_OF_MEMORY);
        assert_true(status == CLADE_OK || strlen(message) > 0);
        clade_context_destroy(&context);
        assert_int_equal(failing.alive, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(memory_may_run_out_anywhere_in_training),
        cmocka_unit_test(later_runs_allocate_nothing),
        cmocka_unit_test(opening_a_device_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
