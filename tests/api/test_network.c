/* A whole network in one launch. The oracle is the same plan with a launch for each step: the kernels are the same functions, so not
 * a bit may differ, however the groups share the work out. Runs with 1, 2 and 16 compute units (tests/CMakeLists.txt). */
#include "api/context.h"
#include "api/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST_PORTS = 32, RUNS = 20, BATCH = 2 };

/* Where groups are known to see what others write; other devices launch step by step. */
static bool device_shares(void) {
    clade_device_info info;
    assert_int_equal(clade_context_device(context, &info), CLADE_OK);
    return (strstr(info.platform, "Portable Computing Language") && strstr(info.name, "pthread-")) ||
           strstr(info.platform, "Intel(R) OpenCL");
}

static size_t count_launches(const clade_plan *plan) {
    size_t launches = 0;
    for (size_t i = 0; i < clade_plan_step_count(plan); i++) {
        clade_step_info info;
        assert_int_equal(clade_plan_step(plan, i, &info), CLADE_OK);
        launches += info.launches;
    }
    return launches;
}

/* ---- A graph with room for its inputs and outputs ------------------------------------------------------------------------------ */

typedef struct ports {
    clade_buffer buffers[MOST_PORTS];
    size_t count;
} ports;

static void add_port(ports *p, const clade_graph *graph, clade_tensor tensor, const char *name) {
    clade_tensor_info info;
    assert_int_equal(clade_graph_tensor(graph, tensor, &info), CLADE_OK);
    size_t elements = 1;
    for (int32_t i = 0; i < info.shape.rank; i++)
        elements *= (size_t)(info.shape.dims[i] == CLADE_BATCH ? BATCH : info.shape.dims[i]);
    assert_true(p->count < MOST_PORTS);
    p->buffers[p->count] =
        (clade_buffer){name ? name : info.name, calloc(elements, sizeof(float)), elements * sizeof(float)};
    assert_non_null(p->buffers[p->count].data);
    p->count++;
}

static ports make_inputs(const clade_graph *graph) {
    ports p = {.count = 0};
    for (size_t i = 0; i < clade_graph_input_count(graph); i++) {
        clade_tensor tensor;
        assert_int_equal(clade_graph_input_at(graph, i, &tensor), CLADE_OK);
        add_port(&p, graph, tensor, NULL);
        clade_fill_input(p.buffers[i].name, p.buffers[i].data, p.buffers[i].size / sizeof(float));
    }
    return p;
}

static ports make_outputs(const clade_graph *graph) {
    ports p = {.count = 0};
    for (size_t i = 0; i < clade_graph_output_count(graph); i++) {
        clade_tensor tensor;
        const char *name = NULL;
        assert_int_equal(clade_graph_output_at(graph, i, &tensor, &name), CLADE_OK);
        add_port(&p, graph, tensor, name);
    }
    return p;
}

static void free_ports(ports *p) {
    for (size_t i = 0; i < p->count; i++) free(p->buffers[i].data);
}

static void run(clade_session *session, const ports *inputs, const ports *outputs) {
    assert_int_equal(clade_run(session, inputs->buffers, inputs->count, outputs->buffers, outputs->count), CLADE_OK);
}

static void expect_same_bits(const ports *expected, const ports *actual, uint64_t seed, int turn) {
    for (size_t i = 0; i < expected->count; i++)
        if (memcmp(expected->buffers[i].data, actual->buffers[i].data, expected->buffers[i].size) != 0)
            fail_msg("seed %llu, run %d: output \"%s\" differs", (unsigned long long)seed, turn,
                     expected->buffers[i].name);
}

/* ---- Tests --------------------------------------------------------------------------------------------------------------------- */

static void compare(const clade_graph *graph, const char *kernels, uint64_t seed) {
    ports inputs = make_inputs(graph), expected = make_outputs(graph), actual = make_outputs(graph);
    clade_plan *apart = network_plan(
        graph, &(clade_plan_settings){.batch = BATCH, .kernels = kernels, .disabled_passes = CLADE_PASS_NETWORK});
    clade_plan *whole = network_plan(graph, &(clade_plan_settings){.batch = BATCH, .kernels = kernels});
    clade_session *session = NULL;
    assert_int_equal(clade_session_create(apart, &session), CLADE_OK);
    run(session, &inputs, &expected);
    clade_session_destroy(&session);

    assert_int_equal(clade_session_create(whole, &session), CLADE_OK);
    for (int i = 0; i < RUNS; i++) {
        run(session, &inputs, &actual);
        expect_same_bits(&expected, &actual, seed, i);
    }
    clade_session_destroy(&session);
    if (device_shares() && clade_plan_step_count(whole) > 1) assert_true(count_launches(whole) < count_launches(apart));
    clade_plan_destroy(&apart);
    clade_plan_destroy(&whole);
    free_ports(&inputs);
    free_ports(&expected);
    free_ports(&actual);
}

static void random_networks_give_the_same_bits(void **state) {
    (void)state;
    for (uint64_t seed = 300; seed < 303; seed++) {
        uint64_t choice = seed;
        clade_graph *graph = random_graph(context, seed, 6 + random_below(&choice, 20));
        assert_non_null(graph);
        compare(graph, seed % 2 ? "conv2d=generic,linear=generic" : NULL, seed);
        clade_graph_destroy(&graph);
    }
}

static void one_launch_does_it_all(void **state) {
    (void)state;
    if (!device_shares()) skip();
    clade_graph *graph = network_graph(context);
    clade_plan *plan = network_plan(graph, NULL);
    assert_int_equal(count_launches(plan), 1);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
}

/* CLBlast's products are no kernels of ours: what lies between them still goes together. */
static void matrix_products_stay_apart(void **state) {
    (void)state;
    clade_graph *graph = network_graph(context);
    compare(graph, "linear=gemm", 0);
    clade_graph_destroy(&graph);
}

static void profiled_sessions_launch_each_step(void **state) {
    (void)state;
    clade_graph *graph = network_graph(context);
    ports inputs = make_inputs(graph), expected = make_outputs(graph), actual = make_outputs(graph);
    clade_plan *plan = network_plan(graph, &(clade_plan_settings){.batch = BATCH});
    clade_session *plain = NULL, *profiled = NULL;
    assert_int_equal(clade_session_create(plan, &plain), CLADE_OK);
    assert_int_equal(clade_session_create_profiled(plan, &profiled), CLADE_OK);
    run(plain, &inputs, &expected);
    run(profiled, &inputs, &actual);
    expect_same_bits(&expected, &actual, 0, 0);
    for (size_t i = 0; i < clade_plan_step_count(plan); i++) {
        double seconds = -1.0;
        assert_int_equal(clade_session_step_time(profiled, i, &seconds), CLADE_OK);
        assert_true(seconds >= 0.0);
    }
    clade_session_destroy(&plain);
    clade_session_destroy(&profiled);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    free_ports(&inputs);
    free_ports(&expected);
    free_ports(&actual);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_networks_give_the_same_bits),
        cmocka_unit_test(one_launch_does_it_all),
        cmocka_unit_test(matrix_products_stay_apart),
        cmocka_unit_test(profiled_sessions_launch_each_step),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
