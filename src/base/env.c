/* env.c: allocator, log and the last message of each thread.
 *
 * A message belongs to the thread whose call failed, so that threads that share a context do not see each other's. The
 * threads that ever failed on a context are few, so a list under a lock serves. */
#include "base/base.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_SIZE = 1024 };

typedef struct thread_message {
    struct thread_message *next;
    pthread_t thread;
    bool hushed;
    char text[MESSAGE_SIZE];
} thread_message;

struct base_env {
    clade_allocator allocator;
    clade_log_callback log;
    void *log_user;
    clade_log_level level;
    pthread_mutex_t lock; /* guards the rest */
    thread_message *messages;
    thread_message first; /* of the first thread that fails: it gets its message even when memory has run out */
};

static void *standard_allocate(void *user, size_t size) {
    (void)user;
    return malloc(size);
}

static void standard_deallocate(void *user, void *memory) {
    (void)user;
    free(memory);
}

base_env *base_env_create(const clade_allocator *allocator, clade_log_callback log, void *log_user,
                          clade_log_level level) {
    const clade_allocator standard = {standard_allocate, standard_deallocate, NULL};
    const clade_allocator chosen = allocator ? *allocator : standard;
    base_env *env = chosen.allocate(chosen.user, sizeof *env);
    if (!env) return NULL;
    *env = (base_env){.allocator = chosen, .log = log, .log_user = log_user, .level = level};
    if (pthread_mutex_init(&env->lock, NULL) != 0) {
        chosen.deallocate(chosen.user, env);
        return NULL;
    }
    return env;
}

void base_env_destroy(base_env **env) {
    if (!env || !*env) return;
    base_env *gone = *env;
    *env = NULL;
    while (gone->messages) {
        thread_message *next = gone->messages->next;
        if (gone->messages != &gone->first) base_free(gone, gone->messages);
        gone->messages = next;
    }
    pthread_mutex_destroy(&gone->lock);
    const clade_allocator allocator = gone->allocator;
    allocator.deallocate(allocator.user, gone);
}

/* This thread's message, or NULL. The lock is held. */
static thread_message *find_message(const base_env *env) {
    const pthread_t self = pthread_self();
    for (thread_message *message = env->messages; message; message = message->next)
        if (pthread_equal(message->thread, self)) return message;
    return NULL;
}

/* As find_message, but makes one where there is none. NULL when memory has run out. */
static thread_message *own_message(base_env *env) {
    thread_message *message = find_message(env);
    if (!message && (message = env->messages ? base_allocate(env, sizeof *message) : &env->first)) {
        *message = (thread_message){.next = env->messages, .thread = pthread_self()};
        env->messages = message;
    }
    return message;
}

/* Whether it is to be logged too. Out of memory here loses the text, not the status. */
static bool keep_message(base_env *env, const char *text) {
    pthread_mutex_lock(&env->lock);
    thread_message *message = own_message(env);
    if (message) snprintf(message->text, sizeof message->text, "%s", text);
    const bool hushed = message && message->hushed;
    pthread_mutex_unlock(&env->lock);
    return !hushed;
}

static void set_hushed(base_env *env, bool hushed) {
    pthread_mutex_lock(&env->lock);
    thread_message *message = own_message(env);
    if (message) message->hushed = hushed;
    pthread_mutex_unlock(&env->lock);
}

void base_hush(base_env *env) { set_hushed(env, true); }

void base_speak(base_env *env, clade_status status) {
    char text[MESSAGE_SIZE];
    set_hushed(env, false);
    if (status == CLADE_OK) return;
    base_message(env, text, sizeof text);
    base_log(env, CLADE_LOG_ERROR, "%s", text);
}

bool base_logs(const base_env *env, clade_log_level level) { return env && env->log && level <= env->level; }

void base_log(base_env *env, clade_log_level level, const char *format, ...) {
    if (!base_logs(env, level)) return;
    char small[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    char *text = small;
    if ((size_t)length >= sizeof small && (text = base_allocate(env, (size_t)length + 1))) { /* build logs are long */
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    env->log(env->log_user, level, text ? text : small);
    if (text != small) base_free(env, text);
}

clade_status base_fail(base_env *env, clade_status status, const char *format, ...) {
    if (!env) return status;
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (keep_message(env, text)) base_log(env, CLADE_LOG_ERROR, "%s", text);
    return status;
}

clade_status base_fail_memory(base_env *env, size_t size, const char *what) {
    return base_fail(env, CLADE_ERROR_OUT_OF_MEMORY, "failed to allocate %zu bytes for %s: out of host memory", size,
                     what);
}

void base_message(base_env *env, char *buffer, size_t size) {
    if (!buffer || size == 0) return;
    buffer[0] = '\0';
    if (!env) return;
    pthread_mutex_lock(&env->lock);
    const thread_message *message = find_message(env);
    if (message) snprintf(buffer, size, "%s", message->text);
    pthread_mutex_unlock(&env->lock);
}

void *base_allocate(base_env *env, size_t size) {
    return env->allocator.allocate(env->allocator.user, size ? size : 1);
}

void *base_allocate_zero(base_env *env, size_t count, size_t size) {
    uint64_t bytes = 0;
    if (!base_multiply(count, size, &bytes) || bytes > SIZE_MAX) return NULL;
    void *memory = base_allocate(env, (size_t)bytes);
    if (memory) memset(memory, 0, (size_t)bytes);
    return memory;
}

void base_free(base_env *env, void *memory) {
    if (memory) env->allocator.deallocate(env->allocator.user, memory);
}

bool base_grow(base_env *env, void *items, size_t item_size, size_t count, size_t *capacity) {
    if (count < *capacity) return true;
    const size_t wanted = *capacity ? *capacity * 2 : 8;
    uint64_t bytes = 0;
    if (!base_multiply(wanted, item_size, &bytes) || bytes > SIZE_MAX) return false;
    void *old = NULL;
    memcpy(&old, items, sizeof old); /* `items` points to some T *; copied as bytes because of aliasing */
    void *grown = base_allocate(env, (size_t)bytes);
    if (!grown) return false;
    if (old) memcpy(grown, old, count * item_size);
    base_free(env, old);
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}
