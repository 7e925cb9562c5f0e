/* test_operators.c: every operator of the public API, as a plan runs it, against the interpreter: on the graph's own input, behind
 * a convolution (whose results may be blocked), on a slice of a concat, and into a slice of one; with batches of 1 to 3.
 * Kernels have tests of their own (tests/ops); this is about what lies between the API and them. */
#include "api/network.h"
#include "api/random_node.h"
#include "reference/interpreter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static clade_context *context;
static uint64_t state;

static int set_up(void **unused) {
    (void)unused;
    context = network_context();
    return 0;
}

static int tear_down(void **unused) {
    (void)unused;
    clade_context_destroy(&context);
    return 0;
}

static int32_t pick(int32_t low, int32_t high) { return random_pick(&state, low, high); }

static const clade_shape *shape_of(const clade_graph *graph, clade_tensor tensor) {
    return graph_shape_of(graph, tensor);
}

/* ---- Around the node --------------------------------------------------------------------------------------------------------- */

static const char *const places[] = {"on the input", "behind a convolution", "on a slice", "into a slice"};
enum { ON_INPUT, BEHIND_CONVOLUTION, ON_SLICE, INTO_SLICE, PLACES };

static clade_tensor convolve(clade_graph *graph, clade_tensor x, int32_t channels) {
    clade_tensor y;
    const clade_conv2d_settings s = {.channels = channels, .kernel = {1, 1}};
    assert_int_equal(clade_graph_conv2d(graph, x, &s, &y), CLADE_OK);
    return y;
}

static clade_tensor join(clade_graph *graph, clade_tensor a, clade_tensor b) {
    const clade_tensor parts[2] = {a, b};
    clade_tensor y;
    assert_int_equal(clade_graph_concat(graph, parts, 2, NULL, &y), CLADE_OK);
    return y;
}

/* The node's input: of `batch` images with 1 to 40 channels. */
static clade_tensor make_input(clade_graph *graph, int place, int64_t batch) {
    const int32_t channels = pick(0, 1) ? pick(1, 40) : 16 * pick(1, 2);
    const clade_shape shape = {4, {batch, pick(1, 20), pick(3, 9), pick(3, 9)}};
    clade_tensor x;
    assert_int_equal(clade_graph_input(graph, "x", shape, &x), CLADE_OK);
    if (place == ON_INPUT) return x;
    const clade_tensor wide = convolve(graph, x, channels);
    if (place != ON_SLICE) return wide;
    const clade_tensor whole = join(graph, wide, convolve(graph, x, 7));
    assert_int_equal(clade_graph_output(graph, whole, "whole"), CLADE_OK);
    return wide;
}

/* Its result, alone or beside something of the same shape. */
static void use_result(clade_graph *graph, int place, clade_tensor y) {
    if (place == INTO_SLICE && shape_of(graph, y)->rank > 1) {
        clade_tensor twin;
        assert_int_equal(clade_graph_scale(graph, y, &(clade_scale_settings){.factor = -1}, &twin), CLADE_OK);
        y = join(graph, y, twin);
    }
    assert_int_equal(clade_graph_output(graph, y, "y"), CLADE_OK);
}

static void compare(const clade_graph *graph, const char *name, const float *got, const double *expected,
                    size_t count) {
    double largest = 1e-3, worst = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < count; i++) {
        const double error = fabs(got[i] - expected[i]);
        if (!(error <= worst)) worst = error; /* NaN too */
    }
    if (worst <= 1e-5 * largest) return;
    for (size_t i = 0; i < graph->node_count; i++)
        fprintf(stderr, "  %s %s\n", graph->nodes[i].name, graph->nodes[i].words);
    fail_msg("output %s is off by %g, its largest element being %g", name, worst, largest);
}

static void run_and_compare(const clade_graph *graph, const clade_plan_settings *settings) {
    const size_t count = interpreter_elements(graph, graph->inputs[0]);
    float *input = calloc(count, sizeof *input);
    assert_non_null(input);
    clade_fill_input("x", input, count);
    double **expected = interpreter_run(graph, (const float *const[]){input});
    clade_plan *plan = network_plan(graph, settings);
    clade_session *session = NULL;
    assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
    clade_buffer outputs[2] = {{0}};
    for (size_t i = 0; i < graph->output_count; i++) {
        const size_t size = interpreter_elements(graph, graph->outputs[i].tensor) * sizeof(float);
        outputs[i] = (clade_buffer){graph->outputs[i].name, malloc(size), size};
    }
    const clade_buffer in = {"x", input, count * sizeof(float)};
    assert_int_equal(clade_run(session, &in, 1, outputs, graph->output_count), CLADE_OK);
    for (size_t i = 0; i < graph->output_count; i++) {
        compare(graph, outputs[i].name, outputs[i].data, expected[graph->outputs[i].tensor.id],
                outputs[i].size / sizeof(float));
        free(outputs[i].data);
    }
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    interpreter_free(graph, expected);
    free(input);
}

static void check(size_t op) {
    const uint64_t seed = op + 1;
    const char *asked = getenv("CLADE_TEST_CASES");
    const int cases = asked ? atoi(asked) / 10 + PLACES : 32;
    for (int i = 0; i < cases; i++) {
        state = seed * 1000003u + (uint64_t)i;
        const int place = i % PLACES;
        clade_graph *graph = NULL;
        clade_tensor y;
        assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
        const clade_tensor x = make_input(graph, place, pick(1, 3));
        if (random_nodes[op].add(graph, x, &state, &y) != CLADE_OK)
            fail_msg("case %d of %s: refused", i, random_nodes[op].op);
        use_result(graph, place, y);
        assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
        uint32_t disabled = pick(0, 1) ? 0 : (uint32_t)pick(0, 511);
        if (i % 8) disabled |= CLADE_PASS_NETWORK; /* for which each case would be compiled as one program of its own */
        if (asked) fprintf(stderr, "case %d, %s, passes off %x\n", i, places[place], disabled);
        run_and_compare(graph, &(clade_plan_settings){.disabled_passes = disabled});
        clade_graph_destroy(&graph);
    }
}

static void runs_as_it_is_defined(void **op) { check((size_t)((const random_node *)*op - random_nodes)); }

int main(void) {
    struct CMUnitTest tests[32] = {{0}};
    assert(random_node_count <= sizeof tests / sizeof tests[0]);
    for (size_t i = 0; i < random_node_count; i++)
        tests[i] = (struct CMUnitTest){.name = random_nodes[i].op,
                                       .test_func = runs_as_it_is_defined,
                                       .initial_state = (void *)(uintptr_t)&random_nodes[i]};
    return _cmocka_run_group_tests("every operator", tests, random_node_count, set_up, tear_down);
}
