/* test_start.c: what is done once is done before the first run. A session's runs build no program and make no kernel; from the
 * second run on they make no device memory either; and a driver that compiles at a kernel's first launch, as PoCL does, finds all
 * launches made while the plan was: its folder of compiled kernels stays as it is. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "api/network.h"

#include <clade/opencl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- OpenCL calls are counted on their way ------------------------------------------------------------------------ */

static atomic_int programs, kernels, buffers;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): whole words for these would hide what they are about */
cl_int clBuildProgram(cl_program p, cl_uint n, const cl_device_id *d, const char *o,
                      void(CL_CALLBACK *f)(cl_program, void *), void *u) {
    programs++;
    return REAL(clBuildProgram)(p, n, d, o, f, u);
}
cl_int clCompileProgram(cl_program p, cl_uint n, const cl_device_id *d, const char *o, cl_uint h, const cl_program *s,
                        const char **t, void(CL_CALLBACK *f)(cl_program, void *), void *u) {
    programs++;
    return REAL(clCompileProgram)(p, n, d, o, h, s, t, f, u);
}
cl_program clLinkProgram(cl_context x, cl_uint n, const cl_device_id *d, const char *o, cl_uint m, const cl_program *p,
                         void(CL_CALLBACK *f)(cl_program, void *), void *u, cl_int *c) {
    programs++;
    return REAL(clLinkProgram)(x, n, d, o, m, p, f, u, c);
}
cl_kernel clCreateKernel(cl_program p, const char *n, cl_int *c) {
    kernels++;
    return REAL(clCreateKernel)(p, n, c);
}
cl_mem clCreateBuffer(cl_context x, cl_mem_flags f, size_t n, void *h, cl_int *c) {
    buffers++;
    return REAL(clCreateBuffer)(x, f, n, h, c);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- Files that the driver compiled --------------------------------------------------------------------------------- */

static int files;

static int count_file(const char *path, const struct stat *about, int type, struct FTW *place) {
    (void)path;
    (void)about;
    (void)place;
    files += type == FTW_F;
    return 0;
}

static int count_files(const char *folder) {
    files = 0;
    nftw(folder, count_file, 16, FTW_PHYS);
    return files;
}

static int remove_entry(const char *path, const struct stat *about, int type, struct FTW *place) {
    (void)about;
    (void)type;
    (void)place;
    return remove(path);
}

/* ---- Test ----------------------------------------------------------------------------------------------------------- */

static float input[NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE], output[NETWORK_CLASSES];

static void check_runs(clade_plan *plan, const char *folder) {
    clade_session *session = NULL;
    assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
    const int compiled = count_files(folder), built = programs, made = kernels;
    for (int i = 0; i < 3; i++) {
        const int taken = buffers;
        assert_int_equal(network_run(session, input, output, 1), CLADE_OK);
        if (i > 0) assert_int_equal(buffers, taken);
    }
    assert_int_equal(programs, built);
    assert_int_equal(kernels, made);
    assert_int_equal(count_files(folder), compiled);
    clade_session_destroy(&session);
}

static void nothing_is_compiled_inside_a_run(void **state) {
    (void)state;
    char folder[] = "/tmp/clade-start-XXXXXX";
    assert_non_null(mkdtemp(folder));
    setenv("POCL_CACHE_DIR", folder, 1); /* read when the driver is first used; empty, so that all is compiled here */
    const clade_context_settings settings = {.cache_directory = ""};
    clade_context *context = NULL;
    clade_device_info device;
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    assert_int_equal(clade_context_device(context, &device), CLADE_OK);
    clade_graph *graph = network_graph(context);
    network_input(input, 1);

    static const char *const choices[] = {NULL, "conv2d=generic,linear=generic"};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const clade_plan_settings choice = {.kernels = choices[i]};
        clade_plan *plan = network_plan(graph, &choice);
        assert_true(programs > 0);
        if (strcmp(device.platform, "Portable Computing Language") == 0) assert_true(count_files(folder) > 0);
        check_runs(plan, folder);
        check_runs(plan, folder); /* another session of the same plan */
        clade_plan_destroy(&plan);
    }
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_compiled_inside_a_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
