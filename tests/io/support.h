/* support.h: what the tests of io share: a context without a device whose allocator counts and can fail, a folder of
 * one's own, and loops over damaged files. */
#ifndef TESTS_IO_SUPPORT_H
#define TESTS_IO_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <clade/io.h>

#include <pthread.h>

#define DATA(name) TESTS_DATA "/io/" name

typedef struct support {
    clade_context *context;
    char folder[64];
    char path[128];       /* a file in the folder, for the test to use */
    pthread_mutex_t lock; /* guards the rest where a test's code has threads */
    long live;            /* blocks that are allocated now */
    long countdown;       /* allocations that succeed before one fails; negative: none fails */
} support;

/* Setup and teardown of each test; the state is a support. Teardown proves that the library has freed everything. */
int support_setup(void **state);
int support_teardown(void **state);

#define SUPPORT_TEST(function) cmocka_unit_test_setup_teardown(function, support_setup, support_teardown)

/* Asserts the status, and that the context's message says all of the given words (ended by NULL). */
#define assert_failure(test, call, status, ...)                                                                        \
    support_check_failure(test, #call, call, status, (const char *const[]){__VA_ARGS__, NULL})
void support_check_failure(support *test, const char *call, clade_status found, clade_status expected,
                           const char *const *words);
/* Asserts success; prints the message otherwise. */
#define assert_ok(test, call) support_check_ok(test, #call, call)
void support_check_ok(support *test, const char *call, clade_status status);

/* Whole files; the caller frees. */
uint8_t *support_load(const char *path, size_t *size_out);
void support_store(const char *path, const void *data, size_t size);
/* Files in the test's folder. */
size_t support_count_files(const support *test);

/* Reads a file and frees what it gave: how the loops below call a reader. On failure the reader's output must be empty. */
typedef clade_status (*support_reader)(support *test, const char *path);

/* Calls a writer twice on the test's own file, and asserts that it leaves the same bytes and no other file. */
void support_expect_same_bytes(support *test, support_reader write);

/* Each proper prefix of the file is refused. */
void support_refuse_truncations(support *test, const char *path, support_reader read);
/* Files with `flips` random bits changed, `rounds` times: nothing but a clean success or failure, and nothing leaks. */
void support_survive_flips(support *test, const char *path, support_reader read, int rounds, int flips);
/* Every allocation of a reading or writing fails once: CLADE_ERROR_OUT_OF_MEMORY, and nothing leaks. */
void support_survive_no_memory(support *test, const char *path, support_reader call);

#endif
