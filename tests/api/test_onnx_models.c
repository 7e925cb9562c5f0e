/* Models as exporters make them (tests/data/make/make_onnx.py) compute what ONNX Runtime computed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <clade/io.h>
#include <clade/onnx.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clade_context *context;

static int open_context(void **state) {
    (void)state;
    return clade_context_create(NULL, &context) == CLADE_OK ? 0 : -1;
}

static int close_context(void **state) {
    (void)state;
    clade_context_destroy(&context);
    return 0;
}

static void check(clade_status status) {
    char message[1024];
    clade_context_message(context, message, sizeof message);
    if (status != CLADE_OK) fail_msg("%s", message);
}

static clade_array read_array(const char *name, const char *what) {
    char path[512];
    clade_array array;
    snprintf(path, sizeof path, "%s/onnx/%s.%s.npy", TESTS_DATA, name, what);
    check(clade_npy_read(context, path, &array));
    return array;
}

static size_t count(const clade_array *array) {
    size_t elements = 1;
    for (int32_t i = 0; i < array->shape.rank; i++) elements *= (size_t)array->shape.dims[i];
    return elements;
}

static size_t transposes(const clade_graph *graph) {
    size_t found = 0;
    for (size_t i = 0; i < clade_graph_node_count(graph); i++) {
        clade_node_info info = {0};
        check(clade_graph_node(graph, i, &info));
        found += strcmp(info.op, "transpose") == 0;
    }
    return found;
}

/* With a shape for x where the model leaves more than the batch open. */
static void agree_with(const char *name, size_t most_transposes, const clade_onnx_load_settings *settings) {
    char path[512];
    clade_graph *graph = NULL;
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    clade_array input = read_array(name, "input"), expected = read_array(name, "output");
    float *found = calloc(count(&expected), sizeof *found), largest = 0;
    snprintf(path, sizeof path, "%s/onnx/%s.onnx", TESTS_DATA, name);
    check(clade_onnx_load(context, path, settings, &graph));
    assert_true(transposes(graph) <= most_transposes);
    check(clade_plan_create(graph, &(clade_plan_settings){.batch = input.shape.dims[0]}, &plan));
    check(clade_session_create(plan, &session));
    const clade_buffer in = {"x", input.data, count(&input) * sizeof(float)};
    const clade_buffer out = {"y", found, count(&expected) * sizeof(float)};
    check(clade_run(session, &in, 1, &out, 1));
    const float *values = expected.data;
    for (size_t i = 0; i < count(&expected); i++) largest = fmaxf(largest, fabsf(values[i]));
    for (size_t i = 0; i < count(&expected); i++) assert_true(fabsf(found[i] - values[i]) <= 1e-5f * largest);
    free(found);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    clade_array_clear(context, &input);
    clade_array_clear(context, &expected);
}

static void agree(const char *name, size_t most_transposes) { agree_with(name, most_transposes, NULL); }

/* Both of PyTorch's exporters, the batch open: LRN spelt out, views by computed sizes. */
static void test_torch_script(void **state) {
    (void)state;
    agree("torch_script", 0);
}

static void test_torch_dynamo(void **state) {
    (void)state;
    agree("torch_dynamo", 0);
}

/* Of five transposes, only the one at the input remains. */
static void test_nhwc(void **state) {
    (void)state;
    agree("nhwc", 1);
}

static void test_pieces(void **state) {
    (void)state;
    agree("pieces", 0);
}

/* Rows and columns are open, too; one transpose shuffles channels. */
static void test_newer(void **state) {
    (void)state;
    const clade_onnx_shape shape = {"x", {4, {CLADE_BATCH, 3, 6, 7}}};
    agree_with("newer", 1, &(clade_onnx_load_settings){.shapes = &shape, .shape_count = 1});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_torch_script), cmocka_unit_test(test_torch_dynamo),
                                       cmocka_unit_test(test_nhwc), cmocka_unit_test(test_pieces),
                                       cmocka_unit_test(test_newer)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
