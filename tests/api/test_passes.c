/* Compiled with any combination of passes switched off, in any layout, a network gives the same results. */
#include "api/context.h"
#include "api/random_graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { BATCH = 2, BLOCK = 16, MAX_PORTS = 80, ALL_PASSES = 511 };

/* Different kernels sum in different orders: what an output's largest element allows, and what is left of values around 1 where
 * they cancel. */
static const double relative = 1e-5, absolute = 1e-6;

/* ---- Running --------------------------------------------------------------------------------------------------------- */

static void expect_ok(clade_status status, const char *what) {
    char message[512];
    if (status == CLADE_OK) return;
    clade_context_message(context, message, sizeof message);
    fail_msg("%s: %s: %s", what, clade_status_name(status), message);
}

/* CLADE_PASS_NETWORK, for which each network would be compiled as one program of its own, has tests of its own: test_network.c. */

/* Float data of all outputs of a run, one behind the other. */
typedef struct results {
    clade_buffer ports[MAX_PORTS];
    size_t count;
} results;

static clade_buffer new_buffer(const clade_graph *graph, clade_tensor tensor, const char *name) {
    clade_tensor_info info;
    size_t elements = 1;
    expect_ok(clade_graph_tensor(graph, tensor, &info), "tensor");
    for (int32_t i = 0; i < info.shape.rank; i++)
        elements *= (size_t)(info.shape.dims[i] == CLADE_BATCH ? BATCH : info.shape.dims[i]);
    const clade_buffer buffer = {
        .name = name, .data = malloc(elements * sizeof(float)), .size = elements * sizeof(float)};
    assert_non_null(buffer.data);
    return buffer;
}

static void free_buffers(clade_buffer *buffers, size_t count) {
    for (size_t i = 0; i < count; i++) free(buffers[i].data);
}

static results run(const clade_graph *graph, uint32_t disabled, int32_t channel_block, const char *kernels) {
    results out = {.count = clade_graph_output_count(graph)};
    clade_buffer inputs[2];
    const size_t input_count = clade_graph_input_count(graph);
    const clade_plan_settings settings = {.batch = BATCH,
                                          .disabled_passes = disabled | CLADE_PASS_NETWORK,
                                          .channel_block = channel_block,
                                          .kernels = kernels};
    clade_plan *plan = network_plan(graph, &settings);
    clade_session *session = NULL;

    assert_true(out.count <= MAX_PORTS && input_count <= 2);
    for (size_t i = 0; i < input_count; i++) {
        clade_tensor tensor;
        clade_tensor_info info;
        expect_ok(clade_graph_input_at(graph, i, &tensor), "input");
        expect_ok(clade_graph_tensor(graph, tensor, &info), "input");
        inputs[i] = new_buffer(graph, tensor, info.name);
        clade_fill_input(info.name, inputs[i].data, inputs[i].size / sizeof(float));
    }
    for (size_t i = 0; i < out.count; i++) {
        clade_tensor tensor;
        const char *name = NULL;
        expect_ok(clade_graph_output_at(graph, i, &tensor, &name), "output");
        out.ports[i] = new_buffer(graph, tensor, name);
    }
    expect_ok(clade_session_create(plan, &session), "session");
    expect_ok(clade_run(session, inputs, input_count, out.ports, out.count), "run");
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    free_buffers(inputs, input_count);
    return out;
}

static void expect_same(const results *expected, const results *actual, const char *what) {
    for (size_t i = 0; i < expected->count; i++) {
        const float *a = expected->ports[i].data, *b = actual->ports[i].data;
        const size_t count = expected->ports[i].size / sizeof(float);
        double largest = 0;
        for (size_t k = 0; k < count; k++) largest = fmax(largest, fabs((double)a[k]));
        for (size_t k = 0; k < count; k++)
            if (!(fabs((double)a[k] - (double)b[k]) <= relative * largest + absolute))
                fail_msg("%s: output %s[%zu] is %g, not %g (largest %g)", what, expected->ports[i].name, k,
                         (double)b[k], (double)a[k], largest);
    }
}

/* Compares with the compilation that does as little as there can be done. */
static void expect_agreement(const clade_graph *graph, const results *plain, uint32_t disabled, int32_t block,
                             const char *kernels, uint64_t seed) {
    char what[96];
    snprintf(what, sizeof what, "seed %llu, disabled 0x%02x, block %d", (unsigned long long)seed, disabled, block);
    results actual = run(graph, disabled, block, kernels);
    expect_same(plain, &actual, what);
    free_buffers(actual.ports, actual.count);
}

/* ---- Random networks --------------------------------------------------------------------------------------------------- */

/* The passes do not depend on which kernels run. These serve all layouts, and are few to compile. */
static const char *const few_kernels = "conv2d=generic,linear=generic";

static void test_all_combinations_agree(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        clade_graph *graph = random_graph(context, seed, 9);
        assert_non_null(graph);
        results plain = run(graph, ALL_PASSES, 1, few_kernels);
        for (uint32_t disabled = 0; disabled <= ALL_PASSES; disabled++)
            expect_agreement(graph, &plain, disabled, BLOCK, few_kernels, seed);
        free_buffers(plain.ports, plain.count);
        clade_graph_destroy(&graph);
    }
}

static void test_random_networks_agree(void **state) {
    (void)state;
    const char *wanted = getenv("CLADE_TEST_CASES");
    const uint64_t first = 100, count = wanted ? strtoull(wanted, NULL, 10) : 60;
    for (uint64_t seed = first; seed < first + count; seed++) {
        uint64_t choice = seed;
        clade_graph *graph = random_graph(context, seed, 6 + random_below(&choice, 24));
        assert_non_null(graph);
        results plain = run(graph, ALL_PASSES, 1, few_kernels);
        expect_agreement(graph, &plain, 0, BLOCK, few_kernels, seed);
        expect_agreement(graph, &plain, 0, 1, few_kernels, seed);
        expect_agreement(graph, &plain, (uint32_t)random_below(&choice, ALL_PASSES + 1), BLOCK, few_kernels, seed);
        free_buffers(plain.ports, plain.count);
        clade_graph_destroy(&graph);
    }
}

static void test_preferred_kernels_agree(void **state) {
    (void)state;
    for (uint64_t seed = 10; seed <= 11; seed++) {
        clade_graph *graph = random_graph(context, seed, 8);
        assert_non_null(graph);
        results plain = run(graph, ALL_PASSES, 1, few_kernels);
        expect_agreement(graph, &plain, 0, 0, NULL, seed);
        free_buffers(plain.ports, plain.count);
        clade_graph_destroy(&graph);
    }
}

/* ---- Outputs that lie in one another ------------------------------------------------------------------------------------ */

/* An input, a concat's result twice and flattened, a slice of it and something made of it: all are outputs. */
static clade_graph *graph_of_outputs(void) {
    const clade_conv2d_settings wide = {.name = "wide", .channels = 16, .kernel = {1, 1}};
    const clade_conv2d_settings narrow = {.name = "narrow", .channels = 5, .kernel = {3, 3}, .padding = {1, 1, 1, 1}};
    const clade_conv2d_settings next = {.name = "next", .channels = 8, .kernel = {1, 1}, .activation = CLADE_RELU};
    clade_graph *graph = NULL;
    clade_tensor input, same, parts[2], joined, flat, last;
    expect_ok(clade_graph_create(context, &graph), "graph");
    expect_ok(clade_graph_input(graph, "input", (clade_shape){4, {CLADE_BATCH, 3, 6, 6}}, &input), "input");
    expect_ok(clade_graph_dropout(graph, input, &(clade_dropout_settings){.rate = 0.5f}, &same), "dropout");
    expect_ok(clade_graph_conv2d(graph, same, &wide, &parts[0]), "wide");
    expect_ok(clade_graph_conv2d(graph, input, &narrow, &parts[1]), "narrow");
    expect_ok(clade_graph_concat(graph, parts, 2, NULL, &joined), "concat");
    expect_ok(clade_graph_flatten(graph, joined, NULL, &flat), "flatten");
    expect_ok(clade_graph_conv2d(graph, joined, &next, &last), "next");
    expect_ok(clade_graph_output(graph, same, "same"), "output");
    expect_ok(clade_graph_output(graph, flat, "flat"), "output");
    expect_ok(clade_graph_output(graph, joined, "joined"), "output");
    expect_ok(clade_graph_output(graph, joined, "joined again"), "output");
    expect_ok(clade_graph_output(graph, parts[0], "slice"), "output");
    expect_ok(clade_graph_output(graph, last, "last"), "output");
    expect_ok(clade_graph_fill_parameters(graph), "parameters");
    return graph;
}

static void test_outputs_that_lie_in_one_another_agree(void **state) {
    (void)state;
    clade_graph *graph = graph_of_outputs();
    results plain = run(graph, ALL_PASSES, 1, few_kernels);
    for (uint32_t disabled = 0; disabled <= ALL_PASSES; disabled++)
        for (int32_t block = 1; block <= BLOCK; block += BLOCK - 1)
            expect_agreement(graph, &plain, disabled, block, few_kernels, 0);
    free_buffers(plain.ports, plain.count);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_combinations_agree),
        cmocka_unit_test(test_random_networks_agree),
        cmocka_unit_test(test_preferred_kernels_agree),
        cmocka_unit_test(test_outputs_that_lie_in_one_another_agree),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
