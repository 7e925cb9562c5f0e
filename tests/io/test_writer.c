/* test_writer.c: a file is replaced in one step or not at all, seen through clade_npy_write. */
#include "io/support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static clade_status write_array(support *test, const char *path, int64_t count) {
    float *values = calloc((size_t)count, sizeof *values);
    assert_non_null(values);
    const clade_array array = {CLADE_FLOAT32, {1, {count}}, values};
    const clade_status status = clade_npy_write(test->context, path, &array);
    free(values);
    return status;
}

static void assert_contents(const char *path, const char *text) {
    size_t size = 0;
    uint8_t *data = support_load(path, &size);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    free(data);
}

static void replaces_the_file_and_leaves_no_other(void **state) {
    support *test = *state;
    struct stat facts;
    support_store(test->path, "old", 3);
    assert_ok(test, write_array(test, test->path, 4));
    assert_int_equal(support_count_files(test), 1);
    assert_int_equal(stat(test->path, &facts), 0);
    assert_int_equal(facts.st_size, 128 + 16);
}

/* A disk that fills up, played by a limit on the size of files. */
static void a_full_disk_leaves_the_old_file(void **state) {
    support *test = *state;
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1 << 16;
    support_store(test->path, "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const clade_status large = write_array(test, test->path, 1 << 20);
    const clade_status buffered = write_array(test, test->path, (1 << 14) - 20); /* fits but for its end */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(large, CLADE_ERROR_IO);
    assert_failure(test, buffered, CLADE_ERROR_IO, "failed to write array", test->path, strerror(EFBIG));
    assert_contents(test->path, "old");
    assert_int_equal(support_count_files(test), 1);
}

static void names_what_cannot_be_written(void **state) {
    support *test = *state;
    char path[160];
    snprintf(path, sizeof path, "%s/nowhere/file", test->folder);
    assert_failure(test, write_array(test, path, 1), CLADE_ERROR_IO, path, strerror(ENOENT));
    assert_failure(test, write_array(test, test->folder, 1), CLADE_ERROR_IO, "not a regular file");
    snprintf(path, sizeof path, "%s/file/inside", test->folder);
    support_store(test->path, "old", 3);
    assert_failure(test, write_array(test, path, 1), CLADE_ERROR_IO, strerror(ENOTDIR));
    assert_int_equal(support_count_files(test), 1);
}

/* A rename would put a file in the place of the device. A pipe stands for it: were the guard missing, a test that runs as root
 * would replace the machine's own /dev/null. */
static void never_replaces_a_device(void **state) {
    support *test = *state;
    struct stat facts;
    assert_int_equal(mkfifo(test->path, 0600), 0);
    assert_failure(test, write_array(test, test->path, 1), CLADE_ERROR_IO, "not a regular file");
    assert_int_equal(stat(test->path, &facts), 0);
    assert_true(S_ISFIFO(facts.st_mode));
}

static void writes_through_a_symbolic_link(void **state) {
    support *test = *state;
    char link_path[160], written[8] = {0};
    struct stat facts;
    snprintf(link_path, sizeof link_path, "%s/link", test->folder);
    support_store(test->path, "old", 3);
    assert_int_equal(symlink("file", link_path), 0);
    assert_ok(test, write_array(test, link_path, 4));
    assert_int_equal(lstat(link_path, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    FILE *file = fopen(test->path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(written, 1, 6, file), 6);
    fclose(file);
    assert_memory_equal(written, "\x93NUMPY", 6);
    assert_int_equal(support_count_files(test), 2);
}

static void gives_the_permissions_of_the_umask(void **state) {
    support *test = *state;
    struct stat facts;
    const mode_t before = umask(027);
    assert_ok(test, write_array(test, test->path, 1));
    umask(before);
    assert_int_equal(stat(test->path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0640);
}

/* Threads that write one file: it is always one of theirs, whole. */
enum { THREADS = 4, WRITES = 25 };

static void *write_often(void *argument) {
    support *test = argument;
    static float values[THREADS];
    const clade_array array = {CLADE_FLOAT32, {1, {THREADS}}, values};
    for (int i = 0; i < WRITES; i++)
        if (clade_npy_write(test->context, test->path, &array) != CLADE_OK) return argument;
    return NULL;
}

static void writers_do_not_disturb_each_other(void **state) {
    support *test = *state;
    support shared = *test; /* with a context of its own: the fixture's allocator counts without a lock */
    clade_context_settings settings = clade_context_defaults();
    pthread_t threads[THREADS];
    settings.device = "none";
    settings.cache_directory = "";
    shared.context = NULL;
    assert_int_equal(clade_context_create(&settings, &shared.context), CLADE_OK);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, write_often, &shared), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    clade_context_destroy(&shared.context);
    clade_array array;
    assert_ok(test, clade_npy_read(test->context, test->path, &array));
    clade_array_clear(test->context, &array);
    assert_int_equal(support_count_files(test), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(replaces_the_file_and_leaves_no_other), SUPPORT_TEST(a_full_disk_leaves_the_old_file),
        SUPPORT_TEST(names_what_cannot_be_written),          SUPPORT_TEST(never_replaces_a_device),
        SUPPORT_TEST(writes_through_a_symbolic_link),        SUPPORT_TEST(gives_the_permissions_of_the_umask),
        SUPPORT_TEST(writers_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
