/* test_batches.c: one plan of a whole network under load: a hundred runs, many sessions on many threads, and images in a batch
 * give what one image in one session gives. */
#include <clade/models.h>

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { IMAGE = 3 * 224 * 224, CLASSES = 1000, MOST_IMAGES = 64 };

static clade_context *context;
static clade_graph *graph;
static clade_plan *plan;
static float *images;        /* MOST_IMAGES of them, differing from each other */
static float alone[CLASSES]; /* what the first image gives */

static void expect_ok(clade_status status) {
    if (status == CLADE_OK) return;
    char message[512];
    clade_context_message(context, message, sizeof message);
    fail_msg("%s: %s", clade_status_name(status), message);
}

static clade_status run(clade_session *session, float *input, float *output, size_t batch) {
    const clade_buffer in = {"input", input, batch * IMAGE * sizeof *input};
    const clade_buffer out = {"output", output, batch * CLASSES * sizeof *output};
    return clade_run(session, &in, 1, &out, 1);
}

static int set_up(void **state) {
    (void)state;
    expect_ok(clade_context_create(NULL, &context));
    expect_ok(clade_model_create(context, "googlenet", NULL, &graph));
    expect_ok(clade_graph_fill_parameters(graph));
    expect_ok(clade_plan_create(graph, NULL, &plan));
    images = calloc((size_t)MOST_IMAGES * IMAGE, sizeof *images);
    assert_non_null(images);
    for (size_t i = 0; i < MOST_IMAGES; i++) {
        char name[32];
        snprintf(name, sizeof name, "image %zu", i);
        clade_fill_input(name, images + i * IMAGE, IMAGE);
    }
    clade_session *session = NULL;
    expect_ok(clade_session_create(plan, &session));
    expect_ok(run(session, images, alone, 1));
    clade_session_destroy(&session);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(images);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    return 0;
}

static void a_hundred_runs_give_the_same_bits(void **state) {
    (void)state;
    clade_session *session = NULL;
    float output[CLASSES];
    expect_ok(clade_session_create(plan, &session));
    for (int i = 0; i < 100; i++) {
        memset(output, 0, sizeof output);
        expect_ok(run(session, images, output, 1));
        assert_memory_equal(output, alone, sizeof output);
    }
    clade_session_destroy(&session);
}

/* Its sessions take turns, so that each finds the device used by others since its last run. */
enum { THREADS = 8, SESSIONS = 8, TURNS = 2 };

typedef struct worker {
    pthread_t thread;
    float output[SESSIONS][CLASSES];
    clade_status status;
} worker;

static void *work(void *argument) {
    worker *w = argument;
    clade_session *sessions[SESSIONS] = {NULL};
    for (int i = 0; i < SESSIONS && w->status == CLADE_OK; i++) w->status = clade_session_create(plan, &sessions[i]);
    for (int i = 0; i < TURNS * SESSIONS && w->status == CLADE_OK; i++)
        w->status = run(sessions[i % SESSIONS], images, w->output[i % SESSIONS], 1);
    for (int i = 0; i < SESSIONS; i++) clade_session_destroy(&sessions[i]);
    return NULL;
}

static void eight_threads_with_eight_sessions_give_the_bits_of_one(void **state) {
    (void)state;
    worker *workers = calloc(THREADS, sizeof *workers);
    assert_non_null(workers);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].status, CLADE_OK);
        for (int k = 0; k < SESSIONS; k++) assert_memory_equal(workers[i].output[k], alone, sizeof alone);
    }
    free(workers);
}

/* Within the project's bound, since a batch may be worth other kernels; test_session.c has the same bits for the same kernels. */
static void compare_batch(size_t batch, const float *outputs) {
    clade_session *session = NULL;
    float output[CLASSES];
    expect_ok(clade_session_create(plan, &session));
    for (size_t i = 0; i < batch; i++) {
        const float *found = outputs + i * CLASSES;
        float largest = 0.0f;
        expect_ok(run(session, images + i * IMAGE, output, 1));
        for (int k = 0; k < CLASSES; k++) largest = fmaxf(largest, fabsf(output[k]));
        for (int k = 0; k < CLASSES; k++)
            if (!(fabsf(found[k] - output[k]) <= 1e-4f * largest))
                fail_msg("image %zu of %zu, class %d: %.9g instead of %.9g", i, batch, k, (double)found[k],
                         (double)output[k]);
    }
    clade_session_destroy(&session);
}

static void images_of_a_batch_give_what_they_give_alone(void **state) {
    (void)state;
    static const size_t batches[] = {2, 16, MOST_IMAGES};
    float *outputs = malloc((size_t)MOST_IMAGES * CLASSES * sizeof *outputs);
    assert_non_null(outputs);
    clade_plan_memory one, many;
    expect_ok(clade_plan_memory_use(plan, &one));
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        const clade_plan_settings settings = {.batch = (int64_t)batches[i]};
        clade_plan *together = NULL;
        clade_session *session = NULL;
        expect_ok(clade_plan_create(graph, &settings, &together));
        expect_ok(clade_session_create(together, &session));
        for (size_t k = 0; k < batches[i] * CLASSES; k++) outputs[k] = NAN; /* what is not written will not compare */
        expect_ok(run(session, images, outputs, batches[i]));
        compare_batch(batches[i], outputs);
        expect_ok(clade_plan_memory_use(together, &many));
        assert_true(many.arena <= 2 * batches[i] * one.arena); /* twice: kernels may be others, with more workspace */
        clade_session_destroy(&session);
        clade_plan_destroy(&together);
    }
    free(outputs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_runs_give_the_same_bits),
        cmocka_unit_test(eight_threads_with_eight_sessions_give_the_bits_of_one),
        cmocka_unit_test(images_of_a_batch_give_what_they_give_alone),
    };
    return cmocka_run_group_tests_name("models.batches", tests, set_up, tear_down);
}
