/* test_onnx.c: what is written as ONNX and read again computes what the graph computes, with the same names of inputs, outputs and
 * parameters: every operator with random settings, and random networks.
 *
 * With CLADE_ONNX_CASES=FOLDER each case is left there: NAME.onnx, NAME.in.INPUT.npy, and by the interpreter
 * NAME.out.OUTPUT.npy. tests/onnx/peers.py gives these to ONNX's checker and to ONNX Runtime. */
#include "api/network.h"
#include "api/random_graph.h"
#include "api/random_node.h"
#include "reference/interpreter.h"

#include <clade/io.h>
#include <clade/onnx.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 2, NODE_CASES = 24, GRAPH_CASES = 24, GRAPH_NODES = 20, NAME_SIZE = 512 };

static clade_context *context;
static char folder[] = "/tmp/clade_test_onnx_XXXXXX";
static const char *kept; /* NULL: files go when they have been read again */

static int set_up(void **unused) {
    (void)unused;
    context = network_context();
    kept = getenv("CLADE_ONNX_CASES");
    return kept || mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **unused) {
    (void)unused;
    clade_context_destroy(&context);
    return kept ? 0 : rmdir(folder);
}

static void succeed(clade_status status) {
    char message[1024] = "";
    clade_context_message(context, message, sizeof message);
    if (status != CLADE_OK) fail_msg("%s", message);
}

/* ---- Computing ---------------------------------------------------------------------------------------------------- */

/* A graph with its batch filled in, inputs and results. */
typedef struct computed {
    clade_graph *graph;
    float *inputs[2];
    double **values;
} computed;

static computed compute(const clade_graph *graph) {
    computed result = {0};
    succeed(graph_clone(graph, &result.graph));
    succeed(graph_set_batch(result.graph, BATCH));
    assert_true(graph->input_count <= 2);
    for (size_t i = 0; i < graph->input_count; i++) {
        const size_t count = interpreter_elements(result.graph, graph->inputs[i]);
        result.inputs[i] = calloc(count, sizeof(float));
        assert_non_null(result.inputs[i]);
        clade_fill_input(graph_tensor_of(graph, graph->inputs[i])->name, result.inputs[i], count);
    }
    result.values = interpreter_run(result.graph, (const float *const *)result.inputs);
    return result;
}

static void forget(computed *result) {
    interpreter_free(result->graph, result->values);
    for (size_t i = 0; i < 2; i++) free(result->inputs[i]);
    clade_graph_destroy(&result->graph);
}

/* ---- Files for other programs --------------------------------------------------------------------------------------- */
static void keep_array(const char *name, const char *kind, const char *tensor, const clade_shape *shape,
                       float *values) {
    char path[NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s.%s.%s.npy", kept, name, kind, tensor);
    succeed(clade_npy_write(context, path, &(clade_array){CLADE_FLOAT32, *shape, values}));
}

static void keep(const computed *result, const char *name) {
    const clade_graph *graph = result->graph;
    for (size_t i = 0; i < graph->input_count; i++) {
        const graph_tensor *input = graph_tensor_of(graph, graph->inputs[i]);
        keep_array(name, "in", input->name, &input->shape, result->inputs[i]);
    }
    for (size_t i = 0; i < graph->output_count; i++) {
        const graph_output *output = &graph->outputs[i];
        const size_t count = interpreter_elements(graph, output->tensor);
        float *values = calloc(count, sizeof *values);
        assert_non_null(values);
        for (size_t j = 0; j < count; j++) values[j] = (float)result->values[output->tensor.id][j];
        keep_array(name, "out", output->name, graph_shape_of(graph, output->tensor), values);
        free(values);
    }
}

/* ---- There and back ------------------------------------------------------------------------------------------------- */
static void compare_outputs(const computed *found, const computed *expected) {
    assert_int_equal(found->graph->output_count, expected->graph->output_count);
    for (size_t i = 0; i < expected->graph->output_count; i++) {
        const graph_output *wanted = &expected->graph->outputs[i], *got = &found->graph->outputs[i];
        assert_string_equal(got->name, wanted->name);
        assert_true(base_shape_equal(graph_shape_of(found->graph, got->tensor),
                                     graph_shape_of(expected->graph, wanted->tensor)));
        const double *values = found->values[got->tensor.id], *right = expected->values[wanted->tensor.id];
        const size_t count = interpreter_elements(expected->graph, wanted->tensor);
        double largest = 1e-3;
        for (size_t j = 0; j < count; j++) largest = fmax(largest, fabs(right[j]));
        for (size_t j = 0; j < count; j++)
            if (!(fabs(values[j] - right[j]) <= 1e-6 * largest))
                fail_msg("output %s is %g instead of %g at %zu", wanted->name, values[j], right[j], j);
    }
}

/* Parameters of layers keep their names, so that a checkpoint loads into what was read. */
static void compare_parameters(const clade_graph *found, const clade_graph *expected) {
    for (size_t i = 0; i < expected->node_count; i++) {
        const graph_node *node = &expected->nodes[i];
        if (node->op != GRAPH_OP_conv2d && node->op != GRAPH_OP_linear) continue;
        clade_tensor tensor;
        const graph_tensor *weight = graph_tensor_of(expected, node->parameters[GRAPH_WEIGHT]);
        succeed(clade_graph_find_tensor(found, weight->name, &tensor));
        assert_true(base_shape_equal(graph_shape_of(found, tensor), &weight->shape));
    }
}

static void read_again(const clade_graph *graph, const char *path, const computed *expected) {
    clade_graph *again = NULL;
    succeed(clade_onnx_load(context, path, NULL, &again));
    computed found = compute(again);
    compare_outputs(&found, expected);
    compare_parameters(again, graph);
    forget(&found);
    clade_graph_destroy(&again);
}

/* ---- Cases ---------------------------------------------------------------------------------------------------------- */
static void check(const clade_graph *graph, const char *name) {
    char path[NAME_SIZE];
    snprintf(path, sizeof path, "%s/%s.onnx", kept ? kept : folder, name);
    succeed(clade_onnx_save(graph, path, NULL));
    computed expected = compute(graph);
    read_again(graph, path, &expected);
    if (kept)
        keep(&expected, name);
    else
        assert_int_equal(remove(path), 0);
    forget(&expected);
}

/* Of so many cases as many as are asked for, a quarter of $CLADE_TEST_CASES: under sanitizers each takes its time. */
static int cases(int all) {
    const char *asked = getenv("CLADE_TEST_CASES");
    const int wanted = asked ? atoi(asked) / 4 + 1 : all;
    return wanted < all ? wanted : all;
}

static void node_means_the_same(void **which) {
    const random_node *node = *which;
    for (int i = 0; i < cases(NODE_CASES); i++) {
        uint64_t state = (uint64_t)(node - random_nodes) * 1000003u + (uint64_t)i;
        const clade_shape shape = {
            4, {CLADE_BATCH, random_pick(&state, 1, 20), random_pick(&state, 3, 9), random_pick(&state, 3, 9)}};
        char name[64];
        clade_graph *graph = NULL;
        clade_tensor x, y;
        succeed(clade_graph_create(context, &graph));
        succeed(clade_graph_input(graph, "x", shape, &x));
        succeed(node->add(graph, x, &state, &y));
        succeed(clade_graph_output(graph, y, "y"));
        succeed(clade_graph_fill_parameters(graph));
        snprintf(name, sizeof name, "%s_%d", node->op, i);
        check(graph, name);
        clade_graph_destroy(&graph);
    }
}

static void networks_mean_the_same(void **unused) {
    (void)unused;
    for (int i = 0; i < cases(GRAPH_CASES); i++) {
        char name[64];
        clade_graph *graph = random_graph(context, (uint64_t)i, GRAPH_NODES);
        assert_non_null(graph);
        snprintf(name, sizeof name, "network_%d", i);
        check(graph, name);
        clade_graph_destroy(&graph);
    }
}

/* Sizes rounded up and down, windows dropped and windows that reach behind the padding, which counts or does not. */
static void poolings_at_the_edge_mean_the_same(void **unused) {
    (void)unused;
    for (int i = 0; i < cases(4 * 6 * 6); i++) {
        const clade_shape shape = {4, {CLADE_BATCH, 2, 4 + i / 4 % 6, 4 + i / 24}};
        const clade_pool_settings pool = {.kind = CLADE_POOL_AVERAGE,
                                          .kernel = {3, 2},
                                          .stride = {2, 3},
                                          .padding = {1, i & 1, 0, 1},
                                          .ceil_mode = true,
                                          .count_include_pad = i & 2};
        char name[64];
        clade_graph *graph = NULL;
        clade_tensor x, y;
        succeed(clade_graph_create(context, &graph));
        succeed(clade_graph_input(graph, "x", shape, &x));
        succeed(clade_graph_pool(graph, x, &pool, &y));
        succeed(clade_graph_output(graph, y, "y"));
        snprintf(name, sizeof name, "edge_%d", i);
        check(graph, name);
        clade_graph_destroy(&graph);
    }
}

/* What a plan has made of a graph says more than ONNX's operators, which is refused by name, and nothing is written. */
static void a_compiled_graph_is_refused(void **unused) {
    (void)unused;
    char path[NAME_SIZE], message[1024] = "";
    clade_graph *graph = network_graph(context);
    clade_plan *plan = network_plan(graph, &(clade_plan_settings){.dry_run = true});
    snprintf(path, sizeof path, "%s/compiled.onnx", kept ? kept : folder);
    assert_int_equal(clade_onnx_save(clade_plan_graph(plan), path, NULL), CLADE_ERROR_UNSUPPORTED);
    clade_context_message(context, message, sizeof message);
    if (!strstr(message, "failed to write ONNX file") || !strstr(message, "has no form in ONNX"))
        fail_msg("%s", message);
    assert_int_equal(access(path, F_OK), -1);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
}

int main(void) {
    struct CMUnitTest tests[32] = {{0}};
    assert(random_node_count + 3 <= sizeof tests / sizeof tests[0]);
    for (size_t i = 0; i < random_node_count; i++)
        tests[i] = (struct CMUnitTest){.name = random_nodes[i].op,
                                       .test_func = node_means_the_same,
                                       .initial_state = (void *)(uintptr_t)&random_nodes[i]};
    tests[random_node_count] = (struct CMUnitTest)cmocka_unit_test(networks_mean_the_same);
    tests[random_node_count + 1] = (struct CMUnitTest)cmocka_unit_test(poolings_at_the_edge_mean_the_same);
    tests[random_node_count + 2] = (struct CMUnitTest)cmocka_unit_test(a_compiled_graph_is_refused);
    return _cmocka_run_group_tests("ONNX", tests, random_node_count + 3, set_up, tear_down);
}
