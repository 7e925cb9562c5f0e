/* test_session.c: sessions: the same bits every time, many on one plan, one thread at a time, and every misuse refused. */
#include "api/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { IMAGE = NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE, MOST_IMAGES = 64 };

static clade_context *context;
static clade_graph *graph;
static clade_plan *plan;
static float input[MOST_IMAGES * IMAGE];

static int set_up(void **state) {
    (void)state;
    context = network_context();
    graph = network_graph(context);
    plan = network_plan(graph, NULL);
    network_input(input, MOST_IMAGES);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    return 0;
}

static clade_session *new_session(clade_plan *of) {
    clade_session *session = NULL;
    assert_int_equal(clade_session_create(of, &session), CLADE_OK);
    return session;
}

static void assert_message(const char *part) {
    char message[1024];
    clade_context_message(context, message, sizeof message);
    if (!strstr(message, part)) fail_msg("the message \"%s\" does not name \"%s\"", message, part);
}

static void a_hundred_runs_give_the_same_bits(void **state) {
    (void)state;
    clade_session *session = new_session(plan);
    float first[NETWORK_CLASSES], next[NETWORK_CLASSES];
    assert_int_equal(network_run(session, input, first, 1), CLADE_OK);
    for (int i = 0; i < 100; i++) {
        memset(next, 0, sizeof next);
        assert_int_equal(network_run(session, input, next, 1), CLADE_OK);
        assert_memory_equal(first, next, sizeof first);
    }
    clade_session_destroy(&session);
}

/* Left to choose, a plan may take other kernels for a batch than for an image; told which to take it gives the same bits. */
static void check_batches(const char *kernels, float tolerance) {
    static const int64_t batches[] = {2, 3, 16, MOST_IMAGES};
    const clade_plan_settings for_one = {.kernels = kernels};
    clade_plan *one_plan = network_plan(graph, &for_one);
    clade_session *single = new_session(one_plan);
    float all[MOST_IMAGES * NETWORK_CLASSES], one[NETWORK_CLASSES];
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
        const clade_plan_settings settings = {.batch = batches[b], .kernels = kernels};
        clade_plan *together = network_plan(graph, &settings);
        clade_session *batch = new_session(together);
        memset(all, 0, sizeof all);
        assert_int_equal(network_run(batch, input, all, batches[b]), CLADE_OK);
        for (int64_t i = 0; i < batches[b]; i++) {
            assert_int_equal(network_run(single, input + i * IMAGE, one, 1), CLADE_OK);
            for (int k = 0; k < NETWORK_CLASSES; k++)
                assert_float_equal(all[i * NETWORK_CLASSES + k], one[k], tolerance);
        }
        clade_session_destroy(&batch);
        clade_plan_destroy(&together);
    }
    clade_session_destroy(&single);
    clade_plan_destroy(&one_plan);
}

static void an_image_has_the_same_result_in_any_batch(void **state) {
    (void)state;
    check_batches(NULL, 1e-4f);
    check_batches("conv2d=direct,linear=packed", 0);
    check_batches("conv2d=generic,linear=generic", 0);
}

typedef struct worker {
    pthread_t thread;
    float output[NETWORK_CLASSES];
    clade_status status;
} worker;

static void *work(void *argument) {
    worker *w = argument;
    clade_session *session = NULL;
    w->status = clade_session_create(plan, &session);
    for (int i = 0; i < 20 && w->status == CLADE_OK; i++) w->status = network_run(session, input, w->output, 1);
    clade_session_destroy(&session);
    return NULL;
}

static void eight_threads_give_the_bits_of_one(void **state) {
    (void)state;
    worker workers[8];
    for (size_t i = 0; i < 8; i++) assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (size_t i = 0; i < 8; i++) assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    float alone[NETWORK_CLASSES];
    clade_session *session = new_session(plan);
    assert_int_equal(network_run(session, input, alone, 1), CLADE_OK);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(workers[i].status, CLADE_OK);
        assert_memory_equal(workers[i].output, alone, sizeof alone);
    }
    clade_session_destroy(&session);
}

/* Two threads share one session: every run either works or is refused as busy, and both happen. */
typedef struct sharer {
    clade_session *session;
    float expected[NETWORK_CLASSES];
    atomic_int worked, busy, wrong;
} sharer;

static bool same_values(const float *a, const float *b) {
    for (int i = 0; i < NETWORK_CLASSES; i++)
        if (a[i] != b[i]) return false;
    return true;
}

static void *share(void *argument) {
    sharer *s = argument;
    float output[NETWORK_CLASSES];
    for (int i = 0; i < 100000 && (atomic_load(&s->busy) == 0 || atomic_load(&s->worked) == 0); i++) {
        const clade_status status = network_run(s->session, input, output, 1);
        if (status == CLADE_ERROR_BUSY)
            atomic_fetch_add(&s->busy, 1);
        else if (status == CLADE_OK && same_values(output, s->expected))
            atomic_fetch_add(&s->worked, 1);
        else
            atomic_fetch_add(&s->wrong, 1);
    }
    return NULL;
}

static void a_session_in_use_is_refused_to_others(void **state) {
    (void)state;
    static sharer s;
    pthread_t threads[2];
    s.session = new_session(plan);
    assert_int_equal(network_run(s.session, input, s.expected, 1), CLADE_OK);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, share, &s), 0);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&s.wrong), 0);
    assert_true(atomic_load(&s.worked) > 0);
    assert_true(atomic_load(&s.busy) > 0);
    clade_session_destroy(&s.session);
}

static void objects_may_go_in_any_order(void **state) {
    (void)state;
    clade_context *own = network_context();
    clade_graph *own_graph = network_graph(own);
    clade_plan *own_plan = network_plan(own_graph, NULL);
    clade_session *session = new_session(own_plan);
    float before[NETWORK_CLASSES], after[NETWORK_CLASSES];
    assert_int_equal(network_run(session, input, before, 1), CLADE_OK);
    clade_context_destroy(&own);
    clade_graph_destroy(&own_graph);
    clade_plan_destroy(&own_plan);
    assert_null(own);
    assert_null(own_graph);
    assert_null(own_plan);
    assert_int_equal(network_run(session, input, after, 1), CLADE_OK);
    assert_memory_equal(before, after, sizeof before);
    clade_session_destroy(&session);
    clade_session_destroy(&session); /* a second time is fine */
    assert_null(session);
}

static void wrong_buffers_are_refused(void **state) {
    (void)state;
    clade_session *session = new_session(plan);
    float output[NETWORK_CLASSES], expected[NETWORK_CLASSES];
    const clade_buffer in = {"input", input, IMAGE * sizeof(float)}, out = {"output", output, sizeof output};
    const clade_buffer small = {"input", input, 12}, unknown = {"image", input, IMAGE * sizeof(float)};
    const clade_buffer nowhere = {"output", NULL, sizeof output};
    const clade_buffer two_inputs[2] = {in, in}, two_outputs[2] = {out, {NULL, output, sizeof output}};
    assert_int_equal(network_run(session, input, expected, 1), CLADE_OK);
    assert_int_equal(clade_run(session, &small, 1, &out, 1), CLADE_ERROR_SHAPE);
    assert_message("12 bytes");
    assert_int_equal(clade_run(session, &unknown, 1, &out, 1), CLADE_ERROR_NOT_FOUND);
    assert_message("\"image\"");
    assert_int_equal(clade_run(session, &in, 1, &nowhere, 1), CLADE_ERROR_INVALID_ARGUMENT);
    assert_message("\"output\"");
    assert_int_equal(clade_run(session, NULL, 0, &out, 1), CLADE_ERROR_NOT_FOUND);
    assert_int_equal(clade_run(session, NULL, 1, &out, 1), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_run(session, two_inputs, 2, &out, 1), CLADE_ERROR_DUPLICATE);
    assert_int_equal(clade_run(session, &in, 1, two_outputs, 2), CLADE_ERROR_NOT_FOUND);
    assert_message("output 1");
    assert_int_equal(clade_run(NULL, &in, 1, &out, 1), CLADE_ERROR_INVALID_ARGUMENT);
    /* after all that it runs as before, with outputs left out and with names left out */
    assert_int_equal(clade_run(session, &in, 1, NULL, 0), CLADE_OK);
    const clade_buffer first_in = {NULL, input, IMAGE * sizeof(float)}, first_out = {NULL, output, sizeof output};
    assert_int_equal(clade_run(session, &first_in, 1, &first_out, 1), CLADE_OK);
    assert_memory_equal(output, expected, sizeof output);
    clade_session_destroy(&session);
}

/* The clocks differ, so only what cannot be otherwise is asserted: steps take time, and together no more than the run. */
/* One step after another, each within the call; a busy step has no pauses. */
static void steps_of_a_profiled_run_follow_each_other(void **state) {
    (void)state;
    clade_session *session = NULL;
    float output[NETWORK_CLASSES];
    struct timespec before, after;
    clade_step_span span = {.begin = 1.0};
    assert_int_equal(clade_session_create_profiled(plan, &session), CLADE_OK);
    assert_int_equal(clade_session_step_span(session, 0, &span), CLADE_ERROR_NOT_FOUND);
    assert_true(span.begin == 0.0);
    assert_int_equal(clade_session_step_span(session, 0, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    for (int run = 0; run < 2; run++) {
        double last = 0.0;
        clock_gettime(CLOCK_MONOTONIC, &before);
        assert_int_equal(network_run(session, input, output, 1), CLADE_OK);
        clock_gettime(CLOCK_MONOTONIC, &after);
        for (size_t i = 0; i < clade_plan_step_count(plan); i++) {
            double seconds = 0.0;
            assert_int_equal(clade_session_step_span(session, i, &span), CLADE_OK);
            assert_int_equal(clade_session_step_time(session, i, &seconds), CLADE_OK);
            assert_true(span.begin >= last && span.end > span.begin);
            assert_true(span.busy == seconds && span.busy <= (span.end - span.begin) * (1.0 + 1e-9));
            last = span.end;
        }
        const double whole = (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
        assert_true(last <=
                    whole + 1e-3); /* the clocks are set within microseconds, if nobody is put aside meanwhile */
    }
    clade_session_destroy(&session);
}

static void a_profiled_session_gives_the_same_bits_and_the_time_of_each_step(void **state) {
    (void)state;
    clade_session *session = NULL, *plain = new_session(plan);
    float profiled[NETWORK_CLASSES], expected[NETWORK_CLASSES];
    struct timespec before, after;
    double seconds = 1.0, sum = 0.0;
    assert_int_equal(clade_session_create_profiled(plan, &session), CLADE_OK);
    assert_int_equal(clade_session_step_time(session, 0, &seconds), CLADE_ERROR_NOT_FOUND); /* there was no run yet */
    assert_true(seconds == 0.0);
    assert_int_equal(network_run(plain, input, expected, 1), CLADE_OK);
    for (int run = 0; run < 2; run++) { /* the second one's times take the place of the first one's */
        sum = 0.0;
        clock_gettime(CLOCK_MONOTONIC, &before);
        assert_int_equal(network_run(session, input, profiled, 1), CLADE_OK);
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_memory_equal(profiled, expected, sizeof expected);
        for (size_t i = 0; i < clade_plan_step_count(plan); i++) {
            assert_int_equal(clade_session_step_time(session, i, &seconds), CLADE_OK);
            assert_true(seconds > 0.0);
            sum += seconds;
        }
        assert_true(sum <= (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec));
    }
    assert_int_equal(clade_session_step_time(session, clade_plan_step_count(plan), &seconds), CLADE_ERROR_NOT_FOUND);
    assert_int_equal(clade_session_step_time(session, 0, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_session_step_time(plain, 0, &seconds), CLADE_ERROR_INVALID_ARGUMENT);
    assert_message("profiled");
    clade_session_destroy(&session);
    clade_session_destroy(&plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_runs_give_the_same_bits),
        cmocka_unit_test(an_image_has_the_same_result_in_any_batch),
        cmocka_unit_test(eight_threads_give_the_bits_of_one),
        cmocka_unit_test(a_session_in_use_is_refused_to_others),
        cmocka_unit_test(objects_may_go_in_any_order),
        cmocka_unit_test(wrong_buffers_are_refused),
        cmocka_unit_test(steps_of_a_profiled_run_follow_each_other),
        cmocka_unit_test(a_profiled_session_gives_the_same_bits_and_the_time_of_each_step),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
