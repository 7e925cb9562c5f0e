/* ONNX files that are damaged or meant to do harm: an error that names file and place, in little time and memory. */
#include "onnx_bytes.h"
#include "support.h"

#include <clade/onnx.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t images[4] = {0, 2, 4, 4};

static clade_status load_model(support *test, const bytes *model, clade_graph **graph_out) {
    return clade_onnx_load_memory(test->context, model->data, model->size, NULL, graph_out);
}

/* Loads a graph that is to be refused. */
static clade_status load(support *test, const bytes *graph, int64_t opset) {
    clade_graph *made = NULL;
    bytes model;
    model_finish(&model, graph, opset);
    const clade_status status = load_model(test, &model, &made);
    if (status != CLADE_OK) assert_null(made);
    clade_graph_destroy(&made);
    return status;
}

static clade_status load_file(support *test, const char *path) {
    clade_graph *graph = NULL;
    const clade_status status = clade_onnx_load(test->context, path, NULL, &graph);
    if (status != CLADE_OK) assert_null(graph);
    clade_graph_destroy(&graph);
    return status;
}

/* A model of each kind of part: convolution with weights, constants, attributes, a shape chain. */
static void store_sample(support *test) {
    static const float weights[4] = {1, 2, 3, 4};
    static const int64_t rest = -1, zero = 0;
    bytes graph = {.size = 0}, model, attributes = {.size = 0}, axis = {.size = 0};
    graph_input(&graph, "x", 1, images, 4);
    graph_initializer(&graph, "w", 1, (const int64_t[]){2, 2, 1, 1}, 4, weights, sizeof weights);
    graph_initializer(&graph, "zero", 7, (const int64_t[]){1}, 1, &zero, sizeof zero);
    graph_initializer(&graph, "rest", 7, (const int64_t[]){1}, 1, &rest, sizeof rest);
    attribute_ints(&attributes, "kernel_shape", (const int64_t[]){1, 1}, 2);
    attribute_text(&attributes, "auto_pad", "SAME_UPPER");
    attribute_int(&axis, "axis", 0);
    graph_node(&graph, "Conv", "conv", "x w", "a", &attributes);
    graph_node(&graph, "Shape", "shape", "a", "s", NULL);
    graph_node(&graph, "Gather", "gather", "s zero", "n", NULL);
    graph_node(&graph, "Concat", "concat", "n rest", "wanted", &axis);
    graph_node(&graph, "Reshape", "reshape", "a wanted", "y", NULL);
    graph_output(&graph, "y");
    model_finish(&model, &graph, 17);
    support_store(test->path, model.data, model.size);
}

static void test_every_truncation_is_refused(void **state) {
    store_sample(*state);
    assert_ok(((support *)*state), load_file(*state, ((support *)*state)->path));
    support_refuse_truncations(*state, ((support *)*state)->path, load_file);
}

static void test_flipped_bits_do_no_harm(void **state) {
    store_sample(*state);
    support_survive_flips(*state, ((support *)*state)->path, load_file, 2000, 3);
}

static void test_every_allocation_may_fail(void **state) {
    store_sample(*state);
    support_survive_no_memory(*state, ((support *)*state)->path, load_file);
}

static void test_what_is_no_model(void **state) {
    support *test = *state;
    clade_graph *graph = NULL;
    bytes empty = {.size = 0}, text = {.size = 0}, old;
    memcpy(text.data, "solid cube", text.size = 10);
    assert_failure(test, load_model(test, &empty, &graph), CLADE_ERROR_FORMAT, "no ONNX model");
    assert_failure(test, load_model(test, &text, &graph), CLADE_ERROR_FORMAT, "(memory)", "at byte 0");
    bytes nothing = {.size = 0};
    assert_failure(test, load(test, &nothing, 17), CLADE_ERROR_FORMAT, "no outputs");
    assert_failure(test, load(test, &nothing, 0), CLADE_ERROR_UNSUPPORTED, "opset 0");
    assert_failure(test, load(test, &nothing, 9999), CLADE_ERROR_UNSUPPORTED, "opset 9999", "28");
    old = nothing;
    bytes_int(&old, 1, 2);
    bytes_message(&old, 7, &nothing);
    assert_failure(test, load_model(test, &old, &graph), CLADE_ERROR_UNSUPPORTED, "IR version 2");
}

static void test_names_that_do_not_add_up(void **state) {
    support *test = *state;
    bytes graph = {.size = 0};
    graph_input(&graph, "x", 1, images, 4);
    graph_output(&graph, "y");
    const bytes start = graph;
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "output \"y\"", "no node");
    graph_node(&graph, "Relu", "lost", "nowhere", "y", NULL);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"lost\"", "\"nowhere\"", "no node");
    graph = start;
    graph_node(&graph, "Relu", "snake", "y", "y", NULL);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"snake\"", "itself", "cycles");
    graph = start;
    graph_node(&graph, "Add", "one", "x b", "a", NULL);
    graph_node(&graph, "Relu", "two", "a", "b", NULL);
    graph_node(&graph, "Relu", "three", "b", "y", NULL);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"one\"", "\"b\"", "\"two\"", "cycles");
    graph = start;
    graph_node(&graph, "Relu", "", "x", "y", NULL);
    graph_node(&graph, "Tanh", "", "x", "y", NULL);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"y\"", "two values");
    graph = start;
    graph_node(&graph, "Relu", "", "x", "x", NULL);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"x\"", "two values");
}

static void test_names_that_would_command_a_terminal(void **state) {
    support *test = *state;
    static const char *const names[] = {"clear \x1b[2J", "line\n", "\x7f"};
    for (size_t i = 0; i < 3; i++) {
        bytes graph = {.size = 0}, node = {.size = 0};
        graph_input(&graph, "x", 1, images, 4);
        graph_node(&graph, "Relu", "", "x", "y", NULL);
        bytes_text(&node, 1, "x");
        bytes_text(&node, 2, names[i]);
        bytes_text(&node, 4, "Relu");
        bytes_message(&graph, 1, &node);
        graph_output(&graph, "y");
        assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "control character");
    }
}

static void test_tensors_that_are_not_what_they_say(void **state) {
    support *test = *state;
    static const float few[2] = {1, 2};
    bytes graph = {.size = 0};
    graph_input(&graph, "x", 1, images, 4);
    graph_node(&graph, "Conv", "conv", "x w", "y", NULL);
    graph_output(&graph, "y");
    const bytes start = graph;
    graph_initializer(&graph, "w", 1, (const int64_t[]){1000, 1000, 1000, 1}, 4, few, sizeof few);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"w\"", "bytes", "shape");
    graph = start;
    graph_initializer(&graph, "w", 1, (const int64_t[]){INT64_MAX, INT64_MAX, 2, 2}, 4, few, sizeof few);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"w\"", "too many elements");
    graph = start;
    graph_initializer(&graph, "w", 1, (const int64_t[]){-1, 2, 1, 1}, 4, few, sizeof few);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "\"w\"", "negative");
    graph = start;
    graph_initializer(&graph, "w", 8, (const int64_t[]){1, 2, 1, 1}, 4, few, sizeof few);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_UNSUPPORTED, "\"w\"", "type 8");
    graph = start;
    graph_initializer(&graph, "w", 1, (const int64_t[]){1, 1, 1, 1, 1, 1, 2}, 7, few, sizeof few);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_UNSUPPORTED, "\"w\"", "dimensions");
}

/* 10^9 elements asked for in 100 bytes: no memory is taken for real ones, and integers are refused. */
static void test_large_shapes_in_small_files(void **state) {
    support *test = *state;
    static const int64_t shape[2] = {1000000, 1000}, one = 1;
    bytes graph = {.size = 0}, value = {.size = 0}, tensor = {.size = 0};
    graph_initializer(&graph, "shape", 7, (const int64_t[]){2}, 1, shape, sizeof shape);
    graph_output(&graph, "y");
    const bytes start = graph;
    graph_node(&graph, "ConstantOfShape", "large", "shape", "c", NULL);
    graph_node(&graph, "Neg", "less", "c", "y", NULL);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_FORMAT, "more memory than a file of");
    graph = start;
    bytes_int(&tensor, 1, 1);
    bytes_int(&tensor, 2, 7);
    bytes_raw(&tensor, 9, &one, sizeof one);
    bytes attribute = {.size = 0};
    bytes_text(&attribute, 1, "value");
    bytes_message(&attribute, 5, &tensor);
    bytes_message(&value, 5, &attribute);
    graph_node(&graph, "ConstantOfShape", "large", "shape", "y", &value);
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_UNSUPPORTED, "more than");
}

/* What doubles with every node: 2^70 numbers asked for by two, and a tensor of 2^70 channels. */
static void test_growth_by_doubling(void **state) {
    support *test = *state;
    static const int64_t two[2] = {1, 2};
    bytes axis_0 = {.size = 0}, axis_1 = {.size = 0};
    attribute_int(&axis_0, "axis", 0);
    attribute_int(&axis_1, "axis", 1);
    for (int constant = 0; constant < 2; constant++) {
        bytes graph = {.size = 0};
        char from[16] = "t0", to[16], inputs[40];
        graph_input(&graph, constant ? "x" : from, 1, images, 4);
        if (constant) graph_initializer(&graph, from, 7, (const int64_t[]){2}, 1, two, sizeof two);
        for (int i = 1; i <= 70; i++) {
            snprintf(to, sizeof to, "t%d", i);
            snprintf(inputs, sizeof inputs, "%s %s", from, from);
            graph_node(&graph, "Concat", "", inputs, to, constant ? &axis_0 : &axis_1);
            memcpy(from, to, sizeof from);
        }
        graph_node(&graph, constant ? "Reshape" : "Relu", "", constant ? "x t70" : "t70", "y", NULL);
        graph_output(&graph, "y");
        assert_failure(test, load(test, &graph, 17), constant ? CLADE_ERROR_FORMAT : CLADE_ERROR_UNSUPPORTED,
                       constant ? "more memory than a file of" : "too large");
    }
}

/* A graph in an attribute of a node in a graph in an attribute ..., a thousand deep: refused by its operator, not followed. */
static void test_subgraphs_in_subgraphs(void **state) {
    support *test = *state;
    static bytes node, graph, attribute;
    node.size = 0;
    for (int i = 0; i < 1000; i++) {
        graph.size = attribute.size = 0;
        if (i > 0) bytes_message(&graph, 1, &node);
        bytes_text(&attribute, 1, "then_branch");
        bytes_message(&attribute, 6, &graph);
        node.size = 0;
        bytes_text(&node, 1, "x");
        bytes_text(&node, 2, "y");
        bytes_text(&node, 4, "If");
        bytes_message(&node, 5, &attribute);
    }
    graph.size = 0;
    bytes_message(&graph, 1, &node);
    graph_input(&graph, "x", 1, images, 4);
    graph_output(&graph, "y");
    assert_failure(test, load(test, &graph, 17), CLADE_ERROR_UNSUPPORTED, "If-17");
}

/* A message in a message, thousands deep, is skipped by its length; nothing recurses. */
static void test_deep_nesting(void **state) {
    support *test = *state;
    bytes graph = {.size = 0};
    graph_input(&graph, "x", 1, images, 4);
    graph_node(&graph, "Relu", "", "x", "y", NULL);
    graph_output(&graph, "y");
    static bytes type, next;
    type.size = 0;
    for (int i = 0; i < 6000; i++) { /* TypeProto { sequence_type { elem_type TypeProto ... */
        next.size = 0;
        bytes_message(&next, i % 2 ? 4 : 1, &type);
        type = next;
    }
    bytes info = {.size = 0};
    bytes_text(&info, 1, "deep");
    bytes_message(&info, 2, &type);
    bytes_message(&graph, 11, &info);
    assert_ok(test, load(test, &graph, 17));
}

/* Two bytes make a node; a file of many makes an error, not gigabytes. */
static void test_many_small_parts(void **state) {
    support *test = *state;
    enum { PARTS = 4 << 20 };
    uint8_t *model = calloc(1, 2 * PARTS + 16);
    clade_graph *graph = NULL;
    assert_non_null(model);
    size_t size = 0;
    model[size++] = 7 << 3 | 2;
    for (size_t rest = 2 * PARTS; rest; rest >>= 7) model[size++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    for (size_t i = 0; i < PARTS; i++) model[size++] = 1 << 3 | 2, model[size++] = 0;
    assert_failure(test, clade_onnx_load_memory(test->context, model, size, NULL, &graph), CLADE_ERROR_FORMAT, "parts");
    free(model);
}

static void test_attributes_out_of_range(void **state) {
    support *test = *state;
    static const float weights[2] = {1, 2};
    static const struct {
        const char *name;
        int64_t values[4];
        size_t count;
        clade_status status;
    } cases[] = {{"strides", {0, 1}, 2, CLADE_ERROR_FORMAT},
                 {"strides", {INT64_MAX, 1}, 2, CLADE_ERROR_FORMAT},
                 {"strides", {1}, 1, CLADE_ERROR_FORMAT},
                 {"dilations", {-1, 1}, 2, CLADE_ERROR_FORMAT},
                 {"pads", {-1, 0, 0, 0}, 4, CLADE_ERROR_UNSUPPORTED},
                 {"pads", {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}, 4, CLADE_ERROR_UNSUPPORTED},
                 {"kernel_shape", {7, 7}, 2, CLADE_ERROR_FORMAT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bytes graph = {.size = 0}, attributes = {.size = 0};
        attribute_ints(&attributes, cases[i].name, cases[i].values, cases[i].count);
        graph_input(&graph, "x", 1, images, 4);
        graph_initializer(&graph, "w", 1, (const int64_t[]){1, 2, 1, 1}, 4, weights, sizeof weights);
        graph_node(&graph, "Conv", "the conv", "x w", "y", &attributes);
        graph_output(&graph, "y");
        assert_failure(test, load(test, &graph, 17), cases[i].status, "the conv", "Conv-17");
    }
}

static void count_failures(void *user, clade_log_level level, const char *message) {
    (void)message;
    *(int *)user += level == CLADE_LOG_ERROR;
}

/* What the graph itself refuses is said in the list of what is not supported, and not before it. */
static void test_a_refused_node_is_reported_once(void **state) {
    (void)state;
    int failures = 0;
    clade_context_settings settings = clade_context_defaults();
    clade_context *context = NULL;
    clade_graph *made = NULL;
    bytes graph = {.size = 0}, attributes = {.size = 0}, model;
    settings.device = "none";
    settings.cache_directory = "";
    settings.log = count_failures;
    settings.log_user = &failures;
    attribute_ints(&attributes, "kernel_shape", (const int64_t[]){9999, 9999}, 2);
    graph_input(&graph, "x", 1, images, 4);
    graph_node(&graph, "MaxPool", "the pool", "x", "y", &attributes);
    graph_output(&graph, "y");
    model_finish(&model, &graph, 17);
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    assert_int_equal(clade_onnx_load_memory(context, model.data, model.size, NULL, &made), CLADE_ERROR_UNSUPPORTED);
    assert_int_equal(failures, 1);
    clade_context_destroy(&context);
}

/* ---- External data ------------------------------------------------------------------------------------------------- */

/* x + c, c being in another file. */
static void store_external(support *test, const char *location, const char *offset, const char *length) {
    bytes graph = {.size = 0}, tensor = {.size = 0}, model;
    const char *const pairs[3][2] = {{"location", location}, {"offset", offset}, {"length", length}};
    graph_input(&graph, "x", 1, images, 4);
    bytes_int(&tensor, 1, 1);
    bytes_int(&tensor, 2, 1);
    bytes_text(&tensor, 8, "c");
    for (size_t i = 0; i < 3; i++) {
        bytes entry = {.size = 0};
        bytes_text(&entry, 1, pairs[i][0]);
        bytes_text(&entry, 2, pairs[i][1]);
        bytes_message(&tensor, 13, &entry);
    }
    bytes_int(&tensor, 14, 1);
    bytes_message(&graph, 5, &tensor);
    graph_node(&graph, "Add", "sum", "x c", "y", NULL);
    graph_output(&graph, "y");
    model_finish(&model, &graph, 17);
    support_store(test->path, model.data, model.size);
}

static clade_status load_external(support *test, bool allow) {
    clade_graph *graph = NULL;
    const clade_onnx_load_settings settings = {.allow_external_data = allow};
    const clade_status status = clade_onnx_load(test->context, test->path, &settings, &graph);
    clade_graph_destroy(&graph);
    return status;
}

static void test_external_data_stay_in_the_folder(void **state) {
    support *test = *state;
    static const float values[4] = {1, 2, 3, 4};
    char path[512], link[512], deep[512];
    snprintf(path, sizeof path, "%s/weights.bin", test->folder);
    snprintf(link, sizeof link, "%s/link.bin", test->folder);
    snprintf(deep, sizeof deep, "%s/deep", test->folder);
    support_store(path, values, sizeof values);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(symlink("/etc", deep), 0);

    store_external(test, "weights.bin", "4", "4");
    assert_failure(test, load_external(test, false), CLADE_ERROR_UNSUPPORTED, "\"c\"", "weights.bin", "allowed");
    assert_ok(test, load_external(test, true));

    static const char *const outside[] = {"../weights.bin", "/etc/passwd", "./weights.bin", "a/../weights.bin", "",
                                          "weights.bin/",   "..",          "//etc/passwd"};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        store_external(test, outside[i], "0", "4");
        assert_failure(test, load_external(test, true),
                       i == 3   ? CLADE_ERROR_NOT_FOUND
                       : i == 5 ? CLADE_ERROR_NOT_FOUND
                                : CLADE_ERROR_FORMAT,
                       "external data");
    }
    store_external(test, "link.bin", "0", "4");
    assert_failure(test, load_external(test, true), CLADE_ERROR_IO, "links");
    store_external(test, "deep/passwd", "0", "4");
    assert_int_not_equal(load_external(test, true), CLADE_OK);

    static const char *const places[][2] = {
        {"16", "4"}, {"0", "8"}, {"18446744073709551615", "4"}, {"-4", "4"}, {"x", "4"}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        store_external(test, "weights.bin", places[i][0], places[i][1]);
        assert_failure(test, load_external(test, true), CLADE_ERROR_FORMAT, "\"c\"");
    }
    assert_int_equal(unlink(path) | unlink(link) | unlink(deep), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(test_every_truncation_is_refused),
        SUPPORT_TEST(test_flipped_bits_do_no_harm),
        SUPPORT_TEST(test_every_allocation_may_fail),
        SUPPORT_TEST(test_what_is_no_model),
        SUPPORT_TEST(test_names_that_do_not_add_up),
        SUPPORT_TEST(test_names_that_would_command_a_terminal),
        SUPPORT_TEST(test_tensors_that_are_not_what_they_say),
        SUPPORT_TEST(test_large_shapes_in_small_files),
        SUPPORT_TEST(test_growth_by_doubling),
        SUPPORT_TEST(test_subgraphs_in_subgraphs),
        SUPPORT_TEST(test_deep_nesting),
        SUPPORT_TEST(test_many_small_parts),
        SUPPORT_TEST(test_attributes_out_of_range),
        SUPPORT_TEST(test_a_refused_node_is_reported_once),
        SUPPORT_TEST(test_external_data_stay_in_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
