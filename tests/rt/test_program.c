/* Programs: shared, built once, found again on disk; failed builds explained. */
#include "support.h"

#include "rt/sources.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int count_of(const support_log *log, const char *part) {
    int count = 0;
    for (const char *at = strstr(log->text, part); at; at = strstr(at + 1, part)) count++;
    return count;
}

static void cl_files_are_embedded(void **state) {
    (void)state;
    const char *text = rt_source_text("common.cl");
    assert_non_null(text);
    assert_null(rt_source_text("no such file.cl"));
    FILE *file = fopen(PROJECT_SOURCE "/cl/common.cl", "rb");
    assert_non_null(file);
    const size_t length = strlen(text);
    char *found = calloc(length + 2, 1);
    assert_int_equal(fread(found, 1, length + 2, file), length);
    assert_string_equal(found, text);
    free(found);
    fclose(file);
}

static void the_same_source_and_options_give_the_same_program(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    rt_program *first = support_program(runtime, 5), *again = support_program(runtime, 5);
    rt_program *other = support_program(runtime, 6);
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
    rt_program_release(&again);
    assert_null(again);
    rt_queue *queue = NULL;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    support_run(runtime, queue, first, 5, 100);
    support_run(runtime, queue, other, 6, 17);
    rt_program_release(&first);
    first = support_program(runtime, 5); /* the table has kept it */
    assert_int_equal(count_of(&runtime->log, "building add.cl"), 2);
    rt_program_release(&first);
    rt_program_release(&other);
    rt_program_release(NULL);
    rt_queue_destroy(&queue);
    support_close(&runtime);
}

typedef struct getter {
    pthread_t thread;
    support_runtime *runtime;
    rt_program *programs[4];
} getter;

static void *get_all(void *user) {
    getter *self = user;
    for (int i = 0; i < 4; i++) {
        char options[64];
        snprintf(options, sizeof options, "-D ADDED=%d", i);
        if (rt_program_get_text(self->runtime->rt, "add.cl", support_kernel, options, &self->programs[i]) != CLADE_OK)
            return NULL;
    }
    return NULL;
}

static void threads_that_want_the_same_program_share_one_build(void **state) {
    (void)state;
    if (!support_survives_threads()) skip();
    enum { THREADS = 8 };
    getter getters[THREADS];
    support_runtime *runtime = support_open(NULL);
    for (int i = 0; i < THREADS; i++) {
        getters[i] = (getter){.runtime = runtime};
        assert_int_equal(pthread_create(&getters[i].thread, NULL, get_all, &getters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(getters[i].thread, NULL);
    for (int p = 0; p < 4; p++) {
        assert_non_null(getters[0].programs[p]);
        for (int i = 1; i < THREADS; i++) assert_ptr_equal(getters[i].programs[p], getters[0].programs[p]);
    }
    assert_int_equal(count_of(&runtime->log, "building add.cl"), 4);
    for (int i = 0; i < THREADS; i++)
        for (int p = 0; p < 4; p++) rt_program_release(&getters[i].programs[p]);
    support_close(&runtime);
}

static void a_failed_build_logs_the_drivers_log_and_the_numbered_source(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    rt_program *program = (rt_program *)runtime;
    const char *text = "__kernel void broken(__global float *x) {\n    x[0] = undeclared_thing;\n}\n";
    const clade_status status = rt_program_get_text(runtime->rt, "broken.cl", text, "-D SOME=1", &program);
    assert_null(program);
    support_expect_failure(runtime->env, CLADE_ERROR_BUILD, status,
                           "failed to build broken.cl with \"-cl-std=CL1.2 -D SOME=1\"");
    assert_true(support_logged(&runtime->log, "build log of broken.cl"));
    /* The number is the one that the driver's log has: common.cl comes first. */
    int line = 2;
    for (const char *c = rt_source_text("common.cl"); *c; c++) line += *c == '\n';
    char numbered[128], in_log[32];
    snprintf(numbered, sizeof numbered, "%5d |     x[0] = undeclared_thing;", line);
    assert_true(support_logged(&runtime->log, numbered));
    snprintf(in_log, sizeof in_log, ":%d:", line);
    assert_true(support_logged(&runtime->log, in_log));
    support_log_forget(&runtime->log);
    assert_int_equal(rt_program_get_text(runtime->rt, "broken.cl", text, "", &program),
                     CLADE_ERROR_BUILD); /* it did not stay */
    assert_int_equal(rt_program_get(runtime->rt, "common.cl", "-D VECTOR=3", &program), CLADE_ERROR_BUILD);
    assert_true(support_logged(&runtime->log, "VECTOR must be 1, 4, 8 or 16"));
    support_expect_failure(runtime->env, CLADE_ERROR_INTERNAL, rt_program_get(runtime->rt, "missing.cl", "", &program),
                           "missing.cl");
    support_close(&runtime);
}

/* What network.cl wants to find in front of it. */
static const char prelude[] =
    "#define MEMORY_PARAMETERS __global float *memory_0\n"
    "#define MEMORY_POINTERS memory_0\n"
    "void part_0(const part_range *, __global float *, ulong, __global float *, ulong, int, int, int, int, int);\n"
    "static inline void run_part(long part, const part_range *range, const __global long *words,\n"
    "                            __global float *const *memories, __local float *scratch) {\n"
    "    part_0(range, memories[0], 0, memories[0], 0, 1, 1, 1, 1, 1);\n"
    "}\n";

static void linked_programs_are_told_apart_by_their_parts(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    const rt_part plain = {"softmax.cl", "-D VECTOR=1 -D LOGARITHM=0", "softmax_generic"};
    const rt_part logarithm = {"softmax.cl", "-D VECTOR=1 -D LOGARITHM=1", "softmax_generic"};
    rt_program *first = NULL, *again = NULL, *other = NULL;
    assert_int_equal(rt_program_link(runtime->rt, "network.cl", prelude, &plain, 1, &first), CLADE_OK);
    assert_int_equal(rt_program_link(runtime->rt, "network.cl", prelude, &plain, 1, &again), CLADE_OK);
    assert_int_equal(rt_program_link(runtime->rt, "network.cl", prelude, &logarithm, 1, &other), CLADE_OK);
    assert_ptr_equal(first, again);
    assert_ptr_not_equal(first, other);
    rt_kernel *kernel = NULL;
    assert_int_equal(rt_kernel_create(first, "network", &kernel), CLADE_OK);
    rt_kernel_destroy(&kernel);
    rt_program_release(&first);
    rt_program_release(&again);
    rt_program_release(&other);
    support_close(&runtime);
}

static void a_part_that_does_not_compile_is_named(void **state) {
    (void)state;
    support_runtime *runtime = support_open(NULL);
    rt_program *program = (rt_program *)runtime;
    const rt_part broken = {"softmax.cl", "-D LOGARITHM=0 -D VECTOR=3", "softmax_generic"},
                  missing = {"missing.cl", "", "x"};
    support_expect_failure(runtime->env, CLADE_ERROR_BUILD,
                           rt_program_link(runtime->rt, "network.cl", prelude, &broken, 1, &program),
                           "failed to build softmax.cl with \"-cl-std=CL1.2 -D LOGARITHM=0 -D VECTOR=3");
    assert_null(program);
    assert_true(support_logged(&runtime->log, "build log of softmax.cl"));
    support_expect_failure(runtime->env, CLADE_ERROR_INTERNAL,
                           rt_program_link(runtime->rt, "network.cl", prelude, &missing, 1, &program), "missing.cl");
    support_close(&runtime);
}

/* ---- On disk ---------------------------------------------------------------------------------------------------- */

/* Gets, runs and stores two programs in a run time of its own; says how many were built from source. */
static int run_with_cache(const char *directory, int *warnings_out) {
    support_runtime *runtime = support_open(directory);
    rt_queue *queue = NULL;
    assert_int_equal(rt_queue_create(runtime->rt, NULL, &queue), CLADE_OK);
    for (int added = 1; added <= 2; added++) {
        rt_program *program = support_program(runtime, added);
        support_run(runtime, queue, program, added, 50);
        rt_program_release(&program);
    }
    rt_queue_destroy(&queue);
    rt_programs_store(runtime->rt);
    const int built = count_of(&runtime->log, "building add.cl");
    *warnings_out = runtime->log.count[CLADE_LOG_WARNING];
    assert_int_equal(runtime->log.count[CLADE_LOG_ERROR], 0);
    support_close(&runtime);
    return built;
}

static void a_second_run_time_finds_the_binaries(void **state) {
    (void)state;
    if (!support_stores_binaries()) skip();
    char directory[256], deep[300];
    int warnings = 0;
    support_make_directory(directory, sizeof directory);
    snprintf(deep, sizeof deep, "%s/not/there/yet", directory);
    assert_int_equal(run_with_cache(deep, &warnings), 2);
    assert_int_equal(warnings, 0);
    assert_int_equal(run_with_cache(deep, &warnings), 0);
    assert_int_equal(warnings, 0);
    support_remove_directory(directory);
}

static void other_options_sources_and_drivers_are_other_entries(void **state) {
    (void)state;
    if (!support_stores_binaries()) skip();
    char directory[256];
    int warnings = 0;
    support_make_directory(directory, sizeof directory);
    run_with_cache(directory, &warnings);
    support_runtime *runtime = support_open(directory);
    rt_program *program = support_program(runtime, 3);
    rt_program_release(&program);
    char text[1024];
    snprintf(text, sizeof text, "%s/* changed */\n", support_kernel);
    assert_int_equal(rt_program_get_text(runtime->rt, "add.cl", text, "-D ADDED=1", &program), CLADE_OK);
    rt_program_release(&program);
    snprintf(runtime->rt->device.driver, sizeof runtime->rt->device.driver, "an update");
    program = support_program(runtime, 1);
    rt_program_release(&program);
    assert_int_equal(count_of(&runtime->log, "building add.cl"), 3);
    support_close(&runtime);
    support_remove_directory(directory);
}

/* What a program that never ran has compiled may not be all (PoCL): it is not stored. */
static void a_program_that_never_ran_is_not_stored(void **state) {
    (void)state;
    char directory[256], path[300];
    support_make_directory(directory, sizeof directory);
    support_runtime *runtime = support_open(directory);
    rt_program *program = support_program(runtime, 1);
    rt_program_release(&program);
    support_close(&runtime);
    snprintf(path, sizeof path, "%s/clade.sqlite", directory);
    assert_int_not_equal(access(path, F_OK), 0);
    support_remove_directory(directory);
}

static void overwrite(const char *path, long offset, const char *bytes, size_t size) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* Damages the file in one of several ways; then programs are built, with one warning, and the file is good again. */
static void a_damaged_file_is_replaced(void **state) {
    (void)state;
    if (!support_stores_binaries()) skip();
    for (int damage = 0; damage < 5; damage++) {
        char directory[256], path[300];
        int warnings = 0;
        support_make_directory(directory, sizeof directory);
        snprintf(path, sizeof path, "%s/clade.sqlite", directory);
        run_with_cache(directory, &warnings);
        struct stat about;
        assert_int_equal(stat(path, &about), 0);
        char garbage[512];
        for (size_t i = 0; i < sizeof garbage; i++) garbage[i] = (char)(i * 7 + 1);
        switch (damage) {
        case 0:
            assert_int_equal(truncate(path, about.st_size / 2), 0);
            break;
        case 1:
            overwrite(path, 0, garbage, sizeof garbage);
            break; /* no database at all */
        case 2:
            overwrite(path, 4096, garbage, sizeof garbage);
            break; /* a page of the tree */
        case 3:    /* inside the values, which fill most pages */
            for (long page = 2; (page + 1) * 4096 <= about.st_size; page++)
                overwrite(path, page * 4096 + 2000, garbage, 16);
            break;
        default:
            assert_int_equal(truncate(path, 100), 0);
            break;
        }
        assert_true(run_with_cache(directory, &warnings) > 0);
        assert_int_equal(warnings, 1);
        run_with_cache(directory, &warnings); /* what was read before the damage was met is stored by this run */
        assert_int_equal(warnings, 0);
        assert_int_equal(run_with_cache(directory, &warnings), 0);
        support_remove_directory(directory);
    }
}

/* The checksum is right, and yet the driver wants nothing of it. */
static void a_binary_that_the_driver_refuses_is_built_and_replaced(void **state) {
    (void)state;
    if (!support_stores_binaries()) skip();
    char directory[256];
    int warnings = 0;
    support_make_directory(directory, sizeof directory);
    support_runtime *runtime = support_open(NULL);
    rt_program *program = support_program(runtime, 1);
    const rt_cache_key key = program->key;
    rt_program_release(&program);
    rt_cache *cache = rt_cache_open(runtime->env, directory, 1 << 20);
    rt_cache_write(cache, &(rt_cache_entry){.key = key, .value = "no binary", .size = 9}, 1);
    rt_cache_close(&cache);
    support_close(&runtime);
    assert_int_equal(run_with_cache(directory, &warnings), 2);
    assert_int_equal(run_with_cache(directory, &warnings), 0);
    support_remove_directory(directory);
}

static void an_unusable_folder_warns_once_and_all_works(void **state) {
    (void)state;
    if (!support_stores_binaries()) skip();
    char directory[256], file[300];
    int warnings = 0;
    support_make_directory(directory, sizeof directory);
    snprintf(file, sizeof file, "%s/file", directory); /* root may write anywhere, but not below a file */
    fclose(fopen(file, "w"));
    snprintf(file, sizeof file, "%s/file/cache", directory);
    assert_int_equal(run_with_cache(file, &warnings), 2);
    assert_int_equal(warnings, 1);
    snprintf(file, sizeof file, "%s/clade.sqlite", directory);
    assert_int_equal(mkdir(file, 0700), 0); /* a folder where the file should be */
    assert_int_equal(run_with_cache(directory, &warnings), 2);
    assert_int_equal(warnings, 1);
    support_remove_directory(directory);
}

/* Several processes at once on one fresh file. Forked before any OpenCL call, as drivers do not survive a fork. */
static void processes_share_one_file(void **state) {
    (void)state;
    enum { PROCESSES = 4 };
    pid_t children[PROCESSES];
    char directory[256];
    int warnings = 0;
    support_make_directory(directory, sizeof directory);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            execl("/proc/self/exe", "test_rt_program", directory, (char *)NULL);
            _exit(127);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int result = 0;
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    }
    if (support_stores_binaries()) assert_int_equal(run_with_cache(directory, &warnings), 0);
    support_remove_directory(directory);
}

static void run_as_one_of_several_processes(void **state) {
    int warnings = 0;
    run_with_cache(*state, &warnings);
    assert_int_equal(warnings, 0);
}

int main(int count, char **arguments) {
    if (count == 2) {
        const struct CMUnitTest child[] = {cmocka_unit_test_prestate(run_as_one_of_several_processes, arguments[1])};
        return cmocka_run_group_tests_name("child", child, NULL, NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_share_one_file),
        cmocka_unit_test(cl_files_are_embedded),
        cmocka_unit_test(the_same_source_and_options_give_the_same_program),
        cmocka_unit_test(threads_that_want_the_same_program_share_one_build),
        cmocka_unit_test(a_failed_build_logs_the_drivers_log_and_the_numbered_source),
        cmocka_unit_test(linked_programs_are_told_apart_by_their_parts),
        cmocka_unit_test(a_part_that_does_not_compile_is_named),
        cmocka_unit_test(a_second_run_time_finds_the_binaries),
        cmocka_unit_test(other_options_sources_and_drivers_are_other_entries),
        cmocka_unit_test(a_program_that_never_ran_is_not_stored),
        cmocka_unit_test(a_damaged_file_is_replaced),
        cmocka_unit_test(a_binary_that_the_driver_refuses_is_built_and_replaced),
        cmocka_unit_test(an_unusable_folder_warns_once_and_all_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
