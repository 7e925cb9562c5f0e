/* What becomes of an ONNX model: nodes and their names, weights that stay in the file, the open batch, settings, refusals. That
 * networks compute what ONNX Runtime computes is for tests/api/test_onnx.c. */
#include "onnx_bytes.h"
#include "support.h"

#include <clade/onnx.h>

#include <stdlib.h>
#include <string.h>

static const int64_t images[4] = {0, 2, 4, 4};

/* Loads a graph from memory, with settings or NULL. */
static clade_status load(support *test, const bytes *graph, int64_t opset, const clade_onnx_load_settings *settings,
                         clade_graph **graph_out) {
    static bytes model; /* must outlive the graph */
    model_finish(&model, graph, opset);
    return clade_onnx_load_memory(test->context, model.data, model.size, settings, graph_out);
}

/* input "x" -> op -> output "y" */
static void one_node(bytes *graph, const char *op, const char *inputs, const bytes *attributes) {
    graph_input(graph, "x", 1, images, 4);
    graph_node(graph, op, "n", inputs, "y", attributes);
    graph_output(graph, "y");
}

static clade_shape output_shape(const clade_graph *graph) {
    clade_tensor tensor;
    clade_tensor_info info = {0};
    assert_int_equal(clade_graph_output_at(graph, 0, &tensor, NULL), CLADE_OK);
    assert_int_equal(clade_graph_tensor(graph, tensor, &info), CLADE_OK);
    return info.shape;
}

static const char *op_at(const clade_graph *graph, size_t index) {
    clade_node_info info = {0};
    assert_int_equal(clade_graph_node(graph, index, &info), CLADE_OK);
    return info.op;
}

static void conv_weights(bytes *graph, const char *weight, const char *bias) {
    static const float values[3 * 2] = {1, 2, 3, 4, 5, 6}, biases[3] = {7, 8, 9};
    graph_initializer(graph, weight, 1, (const int64_t[]){3, 2, 1, 1}, 4, values, sizeof values);
    graph_initializer(graph, bias, 1, (const int64_t[]){3}, 1, biases, sizeof biases);
}

/* PyTorch's names are the checkpoint's, so that weights move between formats by name. */
static void test_parameters_keep_their_names(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    clade_tensor tensor;
    float values[6];
    bytes model = {.size = 0};
    conv_weights(&model, "features.0.weight", "features.0.bias");
    one_node(&model, "Conv", "x features.0.weight features.0.bias", NULL);
    assert_ok(test, load(test, &model, 17, NULL, &graph));
    assert_ok(test, clade_graph_get_parameter(graph, "features.0.weight", values));
    assert_true(values[0] == 1 && values[5] == 6);
    assert_ok(test, clade_graph_get_parameter(graph, "features.0.bias", values));
    assert_true(values[2] == 9);
    assert_ok(test, clade_graph_find_tensor(graph, "x", &tensor));
    clade_graph_destroy(&graph);
}

static void test_other_nodes_are_called_like_their_outputs(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    float values[6];
    bytes model = {.size = 0};
    conv_weights(&model, "onnx::Conv_1", "onnx::Conv_2");
    one_node(&model, "Conv", "x onnx::Conv_1 onnx::Conv_2", NULL);
    assert_ok(test, load(test, &model, 17, NULL, &graph));
    assert_ok(test, clade_graph_get_parameter(graph, "y.weight", values));
    clade_graph_destroy(&graph);
}

static void test_a_first_dimension_without_number_is_the_batch(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes model = {.size = 0};
    one_node(&model, "Relu", "x", NULL);
    assert_ok(test, load(test, &model, 17, NULL, &graph));
    assert_int_equal(output_shape(graph).dims[0], CLADE_BATCH);
    clade_graph_destroy(&graph);
    assert_ok(test, load(test, &model, 17, &(clade_onnx_load_settings){.batch = 5}, &graph));
    assert_int_equal(output_shape(graph).dims[0], 5);
    clade_graph_destroy(&graph);
}

static void test_other_open_dimensions_need_a_shape(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes model = {.size = 0};
    graph_input(&model, "x", 1, (const int64_t[]){0, 2, 0, 4}, 4);
    graph_node(&model, "Relu", "n", "x", "y", NULL);
    graph_output(&model, "y");
    assert_failure(test, load(test, &model, 17, NULL, &graph), CLADE_ERROR_SHAPE, "dimension 2", "\"x\"", "\"size\"");
    clade_onnx_shape shape = {"x", {4, {CLADE_BATCH, 2, 6, 4}}};
    const clade_onnx_load_settings settings = {.shapes = &shape, .shape_count = 1};
    assert_ok(test, load(test, &model, 17, &settings, &graph));
    assert_int_equal(output_shape(graph).dims[2], 6);
    clade_graph_destroy(&graph);
    shape.shape.dims[3] = 5;
    assert_failure(test, load(test, &model, 17, &settings, &graph), CLADE_ERROR_SHAPE, "dimension 3", "is 4", "5");
    shape.input = "z";
    assert_failure(test, load(test, &model, 17, &settings, &graph), CLADE_ERROR_NOT_FOUND, "no input \"z\"");
}

/* Shape -> Gather -> Unsqueeze -> Concat -> Reshape, as torch.flatten and view are exported. */
static void test_shapes_computed_from_shapes_are_folded(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes model = {.size = 0}, axis = {.size = 0};
    const int64_t zero = 0, rest = -1;
    graph_input(&model, "x", 1, images, 4);
    graph_initializer(&model, "zero", 7, NULL, 0, &zero, sizeof zero);
    graph_initializer(&model, "axes", 7, (const int64_t[]){1}, 1, &zero, sizeof zero);
    graph_initializer(&model, "rest", 7, (const int64_t[]){1}, 1, &rest, sizeof rest);
    attribute_int(&axis, "axis", 0);
    graph_node(&model, "Shape", "", "x", "shape", NULL);
    graph_node(&model, "Gather", "", "shape zero", "n", NULL);
    graph_node(&model, "Unsqueeze", "", "n axes", "list", NULL);
    graph_node(&model, "Concat", "", "list rest", "wanted", &axis);
    graph_node(&model, "Reshape", "", "x wanted", "y", NULL);
    graph_output(&model, "y");
    assert_ok(test, load(test, &model, 17, NULL, &graph));
    assert_int_equal(clade_graph_node_count(graph), 1);
    const clade_shape shape = output_shape(graph);
    assert_true(shape.rank == 2 && shape.dims[0] == CLADE_BATCH && shape.dims[1] == 32);
    clade_graph_destroy(&graph);
}

/* NHWC -> NCHW, relu, and back: as tf2onnx leaves it. */
static void test_transposes_cancel(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes model = {.size = 0}, to = {.size = 0}, back = {.size = 0};
    attribute_ints(&to, "perm", (const int64_t[]){0, 3, 1, 2}, 4);
    attribute_ints(&back, "perm", (const int64_t[]){0, 2, 3, 1}, 4);
    graph_input(&model, "x", 1, images, 4);
    graph_node(&model, "Transpose", "", "x", "a", &to);
    graph_node(&model, "Relu", "", "a", "b", NULL);
    graph_node(&model, "Transpose", "", "b", "c", &back);
    graph_node(&model, "Sigmoid", "", "c", "y", NULL);
    graph_output(&model, "y");
    assert_ok(test, load(test, &model, 17, NULL, &graph));
    assert_int_equal(clade_graph_node_count(graph), 2);
    assert_string_equal(op_at(graph, 0), "activation");
    assert_true(output_shape(graph).dims[1] == 2);
    clade_graph_destroy(&graph);
}

static void test_a_padding_goes_into_the_convolution(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    clade_node_info info = {0};
    bytes model = {.size = 0};
    static const int64_t pads[8] = {0, 0, 1, 2, 0, 0, 3, 4};
    conv_weights(&model, "w", "b");
    graph_initializer(&model, "pads", 7, (const int64_t[]){8}, 1, pads, sizeof pads);
    graph_input(&model, "x", 1, images, 4);
    graph_node(&model, "Pad", "", "x pads", "p", NULL);
    graph_node(&model, "Conv", "", "p w b", "y", NULL);
    graph_output(&model, "y");
    assert_ok(test, load(test, &model, 13, NULL, &graph));
    assert_int_equal(clade_graph_node_count(graph), 1);
    assert_ok(test, clade_graph_node(graph, 0, &info));
    assert_string_equal(info.settings, "1x1, pad 1,2,3,4");
    clade_graph_destroy(&graph);
}

/* All that is lacking is said at once: operators, attributes, settings. */
static void test_refusals_name_everything_at_once(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes model = {.size = 0}, mode = {.size = 0}, odd = {.size = 0};
    attribute_text(&mode, "mode", "corner");
    attribute_int(&odd, "wobble", 1);
    graph_input(&model, "x", 1, images, 4);
    graph_node(&model, "Einsum", "first", "x", "a", NULL);
    graph_node(&model, "Relu", "behind", "a", "b", NULL);
    graph_node(&model, "Einsum", "second", "b", "c", NULL);
    graph_node(&model, "Relu", "odd", "x", "d", &odd);
    graph_node(&model, "Pad", "mirror", "x", "e", &mode);
    graph_output(&model, "c");
    graph_output(&model, "d");
    graph_output(&model, "e");
    assert_failure(test, load(test, &model, 17, NULL, &graph), CLADE_ERROR_UNSUPPORTED, "4 of its 5 nodes", "Einsum-17",
                   "\"first\", \"second\"", "Relu-17 \"odd\"", "\"wobble\"", "Pad-17 \"mirror\"", "\"corner\"");
    assert_null(graph);
}

static void test_what_no_output_needs_is_not_looked_at(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes model = {.size = 0};
    one_node(&model, "Relu", "x", NULL);
    graph_node(&model, "Einsum", "aside", "y", "z", NULL);
    assert_ok(test, load(test, &model, 17, NULL, &graph));
    assert_int_equal(clade_graph_node_count(graph), 1);
    clade_graph_destroy(&graph);
}

/* An input may be given as a constant: a TensorProto of its own. */
static void test_inputs_may_become_constants(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes model = {.size = 0}, tensor = {.size = 0};
    static const int64_t wanted[2] = {0, -1};
    bytes_int(&tensor, 1, 2);
    bytes_int(&tensor, 2, 7);
    bytes_raw(&tensor, 9, wanted, sizeof wanted);
    graph_input(&model, "shape", 7, (const int64_t[]){2}, 1);
    one_node(&model, "Reshape", "x shape", NULL);
    assert_failure(test, load(test, &model, 14, NULL, &graph), CLADE_ERROR_UNSUPPORTED, "\"shape\"", "constant");
    const clade_onnx_constant constant = {"shape", tensor.data, tensor.size};
    const clade_onnx_load_settings settings = {.constants = &constant, .constant_count = 1};
    assert_ok(test, load(test, &model, 14, &settings, &graph));
    assert_int_equal(clade_graph_input_count(graph), 1);
    assert_int_equal(output_shape(graph).dims[1], 32);
    clade_graph_destroy(&graph);
}

static void test_arguments(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    assert_failure(test, clade_onnx_load(test->context, NULL, NULL, &graph), CLADE_ERROR_INVALID_ARGUMENT, "path");
    assert_failure(test, clade_onnx_load(test->context, "x.onnx", NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT,
                   "graph_out");
    assert_failure(test, clade_onnx_load(test->context, "no.onnx", NULL, &graph), CLADE_ERROR_NOT_FOUND, "no.onnx");
    assert_failure(test,
                   clade_onnx_load(test->context, "no.onnx", &(clade_onnx_load_settings){.reserved = {1}}, &graph),
                   CLADE_ERROR_INVALID_ARGUMENT, "reserved");
    assert_failure(test, clade_onnx_load(test->context, "no.onnx", &(clade_onnx_load_settings){.batch = -1}, &graph),
                   CLADE_ERROR_INVALID_ARGUMENT, "-1");
    assert_int_equal(clade_onnx_load(NULL, "x.onnx", NULL, &graph), CLADE_ERROR_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(test_parameters_keep_their_names),
        SUPPORT_TEST(test_other_nodes_are_called_like_their_outputs),
        SUPPORT_TEST(test_a_first_dimension_without_number_is_the_batch),
        SUPPORT_TEST(test_other_open_dimensions_need_a_shape),
        SUPPORT_TEST(test_shapes_computed_from_shapes_are_folded),
        SUPPORT_TEST(test_transposes_cancel),
        SUPPORT_TEST(test_a_padding_goes_into_the_convolution),
        SUPPORT_TEST(test_refusals_name_everything_at_once),
        SUPPORT_TEST(test_what_no_output_needs_is_not_looked_at),
        SUPPORT_TEST(test_inputs_may_become_constants),
        SUPPORT_TEST(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
