/* support.h: what the tests of the run time share: a log that is kept, a run time on the default device, folders, kernels. */
#ifndef TESTS_RT_SUPPORT_H
#define TESTS_RT_SUPPORT_H

#include "rt/objects.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SUPPORT_LEVELS = CLADE_LOG_DEBUG + 1 };

/* Everything that was logged. */
typedef struct support_log {
    pthread_mutex_t lock;
    int count[SUPPORT_LEVELS];
    size_t length;
    char text[1 << 18];
} support_log;

void support_log_open(support_log *log);
void support_log_close(support_log *log);
void support_log_keep(void *user, clade_log_level level, const char *message); /* a clade_log_callback */
bool support_logged(const support_log *log, const char *part);
void support_log_forget(support_log *log);

/* A fresh folder below the system's temporary one; removed with all that is in it. */
void support_make_directory(char *path, size_t size);
void support_remove_directory(const char *path);

/* A fresh folder for a cache, and an environment that keeps what is logged: setup and teardown of a test. */
typedef struct support_folder {
    support_log log;
    base_env *env;
    char directory[256], path[300]; /* path: of the cache's file */
} support_folder;
int support_folder_open(void **state);
int support_folder_close(void **state);

/* A run time on the default device. */
typedef struct support_runtime {
    support_log log;
    base_env *env;
    rt_context *rt;
} support_runtime;

/* Gives a pointer, since the log is large. cache: a folder, or NULL. Fails the test when there is no device. */
support_runtime *support_open(const char *cache);
void support_close(support_runtime **runtime);

/* What the default device cannot do, for tests that it has to skip. */
bool support_stores_binaries(void);
bool support_finishes(void);         /* without RT_QUIRK_FINISH_BY_EVENT */
bool support_divides(void);          /* into parts with some of its compute units */
bool support_survives_threads(void); /* oclgrind 21.10 does not */
/* nor oclgrind; PoCL 3.1's "basic" locks itself out inside clSetUserEventStatus */
bool support_survives_user_events(void);

/* y[i + offset] = x[i + offset] * scale + ADDED (by -D) over n elements */
extern const char support_kernel[];
rt_program *support_program(support_runtime *runtime, int added);
/* Runs it over `n` elements of memory that begins with 0, 1, 2, ...; checks every result. */
void support_run(support_runtime *runtime, rt_queue *queue, rt_program *program, int added, int n);
/* Does so on a queue of its own. */
void support_run_in(rt_context *rt, int added);

/* The raw objects of a device, made as a caller would. */
typedef struct support_objects {
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    bool out_of_order;
} support_objects;
/* Some devices have no queues out of order; then the queue is in order. */
void support_objects_open(support_objects *objects, bool out_of_order);
void support_objects_close(support_objects *objects);

/* Checks a status and that the thread's last message contains `part`. */
void support_expect_failure(base_env *env, clade_status expected, clade_status found, const char *part);

/* Checks that no context is made from these settings, and what the message then contains. */
void support_expect_refusal(const clade_context_settings *settings, clade_status expected, const char *part);

#endif
