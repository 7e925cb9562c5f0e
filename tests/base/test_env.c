/* Messages, one for each thread, and the log. */
#include "base/base.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct record {
    int count;
    clade_log_level level;
    char text[4096];
} record;

static void keep(void *user, clade_log_level level, const char *message) {
    record *kept = user;
    kept->count++;
    kept->level = level;
    snprintf(kept->text, sizeof kept->text, "%s", message);
}

static void a_failure_keeps_logs_and_returns(void **state) {
    (void)state;
    record kept = {0};
    base_env *env = base_env_create(NULL, keep, &kept, CLADE_LOG_ERROR);
    char message[64] = "old";
    base_message(env, message, sizeof message);
    assert_string_equal(message, ""); /* nothing has failed */
    assert_int_equal(base_fail(env, CLADE_ERROR_SHAPE, "failed to %s %d", "count", 3), CLADE_ERROR_SHAPE);
    base_message(env, message, sizeof message);
    assert_string_equal(message, "failed to count 3");
    assert_int_equal(kept.count, 1);
    assert_int_equal(kept.level, CLADE_LOG_ERROR);
    assert_string_equal(kept.text, "failed to count 3");
    assert_int_equal(base_fail(env, CLADE_ERROR_IO, "later"), CLADE_ERROR_IO);
    base_message(env, message, 3);
    assert_string_equal(message, "la"); /* cut, and terminated */
    assert_int_equal(base_fail_memory(env, 12, "a thing"), CLADE_ERROR_OUT_OF_MEMORY);
    base_message(env, message, sizeof message);
    assert_non_null(strstr(message, "12 bytes for a thing"));
    base_message(env, NULL, 10);
    base_env_destroy(&env);
    base_env_destroy(&env);
    assert_int_equal(base_fail(NULL, CLADE_ERROR_SHAPE, "nobody"), CLADE_ERROR_SHAPE);
}

static void a_hushed_failure_is_said_once_or_not_at_all(void **state) {
    (void)state;
    record kept = {0};
    base_env *env = base_env_create(NULL, keep, &kept, CLADE_LOG_ERROR);
    char message[64];
    base_hush(env);
    assert_int_equal(base_fail(env, CLADE_ERROR_SHAPE, "collected"), CLADE_ERROR_SHAPE);
    base_message(env, message, sizeof message);
    assert_string_equal(message, "collected");
    base_speak(env, CLADE_OK);
    assert_int_equal(kept.count, 0);
    base_hush(env);
    assert_int_equal(base_fail(env, CLADE_ERROR_SHAPE, "the end"), CLADE_ERROR_SHAPE);
    base_speak(env, CLADE_ERROR_SHAPE);
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.text, "the end");
    assert_int_equal(base_fail(env, CLADE_ERROR_SHAPE, "later"), CLADE_ERROR_SHAPE);
    assert_int_equal(kept.count, 2);
    base_env_destroy(&env);
}

static void the_level_decides_what_is_logged(void **state) {
    (void)state;
    record kept = {0};
    base_env *env = base_env_create(NULL, keep, &kept, CLADE_LOG_WARNING);
    base_log(env, CLADE_LOG_INFO, "dropped");
    assert_int_equal(kept.count, 0);
    base_log(env, CLADE_LOG_WARNING, "%s", "kept");
    assert_int_equal(kept.count, 1);
    assert_true(base_logs(env, CLADE_LOG_ERROR));
    assert_false(base_logs(env, CLADE_LOG_DEBUG));
    base_env_destroy(&env);
    env = base_env_create(NULL, NULL, NULL, CLADE_LOG_DEBUG);
    base_log(env, CLADE_LOG_ERROR, "nobody listens");
    assert_false(base_logs(env, CLADE_LOG_ERROR));
    base_env_destroy(&env);
}

static void long_log_messages_are_whole(void **state) {
    (void)state;
    record kept = {0};
    base_env *env = base_env_create(NULL, keep, &kept, CLADE_LOG_DEBUG);
    char text[4000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    base_log(env, CLADE_LOG_ERROR, "%s", text);
    assert_string_equal(kept.text, text);
    base_env_destroy(&env);
}

typedef struct thread {
    pthread_t thread;
    base_env *env;
    pthread_barrier_t *all_failed;
    int number;
    bool right;
} thread;

static void *fail_and_look(void *user) {
    thread *self = user;
    char expected[32], found[32];
    snprintf(expected, sizeof expected, "thread %d", self->number);
    base_fail(self->env, CLADE_ERROR_SHAPE, "%s", expected);
    pthread_barrier_wait(self->all_failed);
    base_message(self->env, found, sizeof found);
    self->right = strcmp(expected, found) == 0;
    return NULL;
}

static void each_thread_has_its_own_message(void **state) {
    (void)state;
    enum { THREADS = 8 };
    thread threads[THREADS];
    pthread_barrier_t all_failed;
    base_env *env = base_env_create(NULL, NULL, NULL, CLADE_LOG_QUIET);
    assert_int_equal(pthread_barrier_init(&all_failed, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (thread){.env = env, .all_failed = &all_failed, .number = i};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, fail_and_look, &threads[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        assert_true(threads[i].right);
    }
    char message[32] = "old";
    base_message(env, message, sizeof message);
    assert_string_equal(message, ""); /* this thread has not failed */
    pthread_barrier_destroy(&all_failed);
    base_env_destroy(&env);
}

static void *allocate_nothing(void *user, size_t size) {
    (void)user;
    (void)size;
    return NULL;
}

static void *allocate_once(void *user, size_t size) {
    int *left = user;
    return (*left)-- > 0 ? malloc(size) : NULL;
}

static void deallocate(void *user, void *memory) {
    (void)user;
    free(memory);
}

static void *fail_elsewhere(void *env) {
    assert_int_equal(base_fail(env, CLADE_ERROR_IO, "lost"), CLADE_ERROR_IO);
    return NULL;
}

static void without_memory_the_first_thread_keeps_its_message(void **state) {
    (void)state;
    assert_null(base_env_create(&(clade_allocator){allocate_nothing, deallocate, NULL}, NULL, NULL, CLADE_LOG_QUIET));
    int left = 1;
    base_env *env = base_env_create(&(clade_allocator){allocate_once, deallocate, &left}, NULL, NULL, CLADE_LOG_QUIET);
    assert_non_null(env);
    char message[32] = "old";
    assert_int_equal(base_fail(env, CLADE_ERROR_SHAPE, "kept"), CLADE_ERROR_SHAPE);
    pthread_t other; /* has no memory for a message, but its status */
    assert_int_equal(pthread_create(&other, NULL, fail_elsewhere, env), 0);
    assert_int_equal(pthread_join(other, NULL), 0);
    base_message(env, message, sizeof message);
    assert_string_equal(message, "kept");
    base_env_destroy(&env);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_logs_and_returns),
        cmocka_unit_test(a_hushed_failure_is_said_once_or_not_at_all),
        cmocka_unit_test(the_level_decides_what_is_logged),
        cmocka_unit_test(long_log_messages_are_whole),
        cmocka_unit_test(each_thread_has_its_own_message),
        cmocka_unit_test(without_memory_the_first_thread_keeps_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
