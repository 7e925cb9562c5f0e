/* test_onnx_save.c: the messages of ONNX files that are written, and what is refused. That they mean what the graph means is
 * proved elsewhere: by reading them again (tests/api/test_onnx.c) and by ONNX Runtime (docs/onnx.md). */
#include "io/network.h"

#include <clade/onnx.h>

#include <onnx/onnx.pb-c.h>

#include <stdlib.h>
#include <string.h>

static clade_status save_file(support *test, const char *path) {
    clade_graph *graph = NULL;
    clade_status status = network_build(test, &graph);
    if (status == CLADE_OK) status = clade_graph_fill_parameters(graph);
    if (status == CLADE_OK) status = clade_onnx_save(graph, path, &(clade_onnx_save_settings){.type = CLADE_FLOAT16});
    clade_graph_destroy(&graph);
    return status;
}

/* Writes and unpacks; the caller frees. */
static Onnx__ModelProto *saved(support *test, const clade_graph *graph, clade_type type) {
    size_t size = 0;
    assert_ok(test, clade_onnx_save(graph, test->path, &(clade_onnx_save_settings){.type = type}));
    uint8_t *file = support_load(test->path, &size);
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, size, file);
    assert_non_null(model);
    free(file);
    return model;
}

static void forget(Onnx__ModelProto *model) { onnx__model_proto__free_unpacked(model, NULL); }

static const Onnx__NodeProto *find_node(const Onnx__ModelProto *model, const char *name) {
    for (size_t i = 0; i < model->graph->n_node; i++)
        if (strcmp(model->graph->node[i]->name, name) == 0) return model->graph->node[i];
    fail_msg("there is no node %s", name);
    return NULL;
}

static const Onnx__TensorProto *find_tensor(const Onnx__ModelProto *model, const char *name) {
    for (size_t i = 0; i < model->graph->n_initializer; i++)
        if (strcmp(model->graph->initializer[i]->name, name) == 0) return model->graph->initializer[i];
    fail_msg("there is no tensor %s", name);
    return NULL;
}

static const Onnx__AttributeProto *find_attribute(const Onnx__NodeProto *node, const char *name) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (strcmp(node->attribute[i]->name, name) == 0) return node->attribute[i];
    fail_msg("there is no attribute %s", name);
    return NULL;
}

static void assert_port(const Onnx__ValueInfoProto *port, const char *name, size_t rank, int64_t last) {
    const Onnx__TensorShapeProto *shape = port->type->tensor_type->shape;
    assert_string_equal(port->name, name);
    assert_int_equal(port->type->tensor_type->elem_type, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    assert_int_equal(shape->n_dim, rank);
    assert_string_equal(shape->dim[0]->dim_param, "N");
    assert_int_equal(shape->dim[rank - 1]->dim_value, last);
}

static void keeps_names_shapes_and_values(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    assert_ok(test, clade_weights_load(graph, DATA("weights/float32.safetensors"), NULL));
    Onnx__ModelProto *model = saved(test, graph, CLADE_FLOAT32);
    assert_int_equal(model->ir_version, 8);
    assert_int_equal(model->n_opset_import, 1);
    assert_int_equal(model->opset_import[0]->version, 17);
    assert_int_equal(model->graph->n_input, 1);
    assert_int_equal(model->graph->n_output, 1);
    assert_port(model->graph->input[0], "input", 4, 8);
    assert_port(model->graph->output[0], "output", 2, 5);

    static const char *const names[] = {"conv", "norm", "pool", "fc"};
    for (size_t i = 0; i < 4; i++) assert_string_equal(find_node(model, names[i])->output[0], names[i]);
    assert_string_equal(find_node(model, "output")->input[0], "fc");
    for (size_t i = 0; i < clade_graph_parameter_count(graph); i++) {
        clade_tensor tensor;
        clade_tensor_info info;
        assert_ok(test, clade_graph_parameter_at(graph, i, &tensor));
        assert_ok(test, clade_graph_tensor(graph, tensor, &info));
        const Onnx__TensorProto *found = find_tensor(model, info.name);
        assert_int_equal(found->n_dims, info.shape.rank);
        for (size_t d = 0; d < found->n_dims; d++) assert_int_equal(found->dims[d], info.shape.dims[d]);
        for (size_t e = 0; e < found->raw_data.len / sizeof(float); e++) {
            float value = 0;
            memcpy(&value, found->raw_data.data + e * sizeof value, sizeof value);
            assert_true(value == network_expected(e));
        }
    }
    forget(model);
    clade_graph_destroy(&graph);
}

/* The network computes in float32, whatever the file stores. */
static void half_the_bytes_are_cast(void **state) {
    support *test = *state;
    static const struct {
        clade_type type;
        int32_t stored;
    } types[] = {{CLADE_FLOAT16, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16},
                 {CLADE_BFLOAT16, ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16}};
    clade_graph *graph = network_create(test);
    assert_ok(test, clade_weights_load(graph, DATA("weights/float32.safetensors"), NULL));
    for (size_t i = 0; i < 2; i++) {
        Onnx__ModelProto *model = saved(test, graph, types[i].type);
        const Onnx__NodeProto *cast = find_node(model, "conv.weight");
        assert_string_equal(cast->op_type, "Cast");
        assert_int_equal(find_attribute(cast, "to")->i, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
        assert_string_equal(find_node(model, "conv")->input[1], cast->output[0]);
        const Onnx__TensorProto *stored = find_tensor(model, cast->input[0]);
        assert_int_equal(stored->data_type, types[i].stored);
        assert_int_equal(stored->raw_data.len, 2 * 108);
        uint16_t element = 0;
        memcpy(&element, stored->raw_data.data, sizeof element); /* -1 */
        assert_int_equal(element, types[i].type == CLADE_FLOAT16 ? 0xbc00 : 0xbf80);
        forget(model);
    }
    clade_graph_destroy(&graph);
}

static void writes_the_same_bytes_every_time(void **state) { support_expect_same_bytes(*state, save_file); }

static clade_graph *graph_of_one_input(support *test, clade_shape shape, clade_tensor *input_out) {
    clade_graph *graph = NULL;
    assert_ok(test, clade_graph_create(test->context, &graph));
    assert_ok(test, clade_graph_input(graph, "x", shape, input_out));
    return graph;
}

/* 5 pixels, window 2, stride 3, padding 1 before: the windows start at -1, 2 and 5. The third lies behind the input and its leading
 * padding, so that there are two. 6 pixels, no padding, stride 2, window 3: two windows rounded down, three rounded up. */
static void rounds_pooling_up_where_all_agree(void **state) {
    support *test = *state;
    static const struct {
        clade_pool_settings pool;
        int64_t side, round_up, pads[4];
    } cases[] = {
        {{.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true}, 6, 1, {0}},
        {{.kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true}, 7, 0, {0}},
        {{.kernel = {2, 2}, .stride = {3, 3}, .padding = {1, 1, 1, 1}, .ceil_mode = true}, 5, 0, {1, 1, 1, 1}},
        {{.kernel = {3, 2}, .stride = {3, 3}, .padding = {0, 1, 0, 1}, .ceil_mode = true}, 5, 0, {0, 1, 1, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clade_tensor x, y;
        clade_graph *graph = graph_of_one_input(test, (clade_shape){4, {1, 1, cases[i].side, cases[i].side}}, &x);
        clade_pool_settings settings = cases[i].pool;
        settings.name = "y";
        assert_ok(test, clade_graph_pool(graph, x, &settings, &y));
        assert_ok(test, clade_graph_output(graph, y, NULL));
        Onnx__ModelProto *model = saved(test, graph, CLADE_FLOAT32);
        const Onnx__NodeProto *node = find_node(model, "y");
        assert_int_equal(find_attribute(node, "ceil_mode")->i, cases[i].round_up);
        for (int j = 0; j < 4; j++) assert_int_equal(find_attribute(node, "pads")->ints[j], cases[i].pads[j]);
        forget(model);
        clade_graph_destroy(&graph);
    }
}

/* "y/sum", which the sum before the activation would be called, is taken. */
static void made_up_names_are_new(void **state) {
    support *test = *state;
    clade_tensor x, y;
    clade_graph *graph = graph_of_one_input(test, (clade_shape){2, {1, 3}}, &x);
    assert_ok(test, clade_graph_dropout(graph, x, &(clade_dropout_settings){.name = "y/sum"}, &x));
    assert_ok(test,
              clade_graph_binary(graph, x, x, &(clade_binary_settings){.name = "y", .activation = CLADE_RELU}, &y));
    assert_ok(test, clade_graph_output(graph, y, "y/sum_"));
    Onnx__ModelProto *model = saved(test, graph, CLADE_FLOAT32);
    assert_string_equal(find_node(model, "y")->output[0], "y/sum__");
    forget(model);
    clade_graph_destroy(&graph);
}

static void refuses_an_output_called_like_another_tensor(void **state) {
    support *test = *state;
    clade_tensor x, y;
    clade_graph *graph = graph_of_one_input(test, (clade_shape){2, {1, 3}}, &x);
    assert_ok(test, clade_graph_dropout(graph, x, &(clade_dropout_settings){.name = "y"}, &y));
    assert_ok(test, clade_graph_output(graph, y, "x"));
    assert_failure(test, clade_onnx_save(graph, test->path, NULL), CLADE_ERROR_UNSUPPORTED, "ONNX file", test->path,
                   "output \"x\"", "tensor \"y\"");
    assert_int_equal(support_count_files(test), 0);
    clade_graph_destroy(&graph);
}

static void a_failed_save_leaves_the_old_file(void **state) {
    support *test = *state;
    float values[5] = {1, 65520};
    size_t size = 0;
    clade_graph *graph = network_create(test);
    support_store(test->path, "old", 3);
    assert_failure(test, clade_onnx_save(graph, test->path, NULL), CLADE_ERROR_MISSING_WEIGHTS, "conv.weight");
    assert_ok(test, clade_weights_load(graph, DATA("weights/float32.safetensors"), NULL));
    assert_ok(test, clade_graph_set_parameter(graph, "fc.bias", &(clade_array){CLADE_FLOAT32, {1, {5}}, values}));
    assert_failure(test, clade_onnx_save(graph, test->path, &(clade_onnx_save_settings){.type = CLADE_FLOAT16}),
                   CLADE_ERROR_UNSUPPORTED, "65520 in \"fc.bias\" is too large for float16");
    uint8_t *data = support_load(test->path, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(data, "old", 3);
    assert_int_equal(support_count_files(test), 1);
    free(data);
    clade_graph_destroy(&graph);
    support_survive_no_memory(test, test->path, save_file);
    assert_int_equal(support_count_files(test), 1);
}

static void refuses_wrong_arguments(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    assert_int_equal(clade_onnx_save(NULL, test->path, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_failure(test, clade_onnx_save(graph, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(test, clade_onnx_save(graph, test->path, &(clade_onnx_save_settings){.type = CLADE_UINT8}),
                   CLADE_ERROR_INVALID_ARGUMENT, "uint8");
    assert_failure(test, clade_onnx_save(graph, test->path, &(clade_onnx_save_settings){.reserved = {1}}),
                   CLADE_ERROR_INVALID_ARGUMENT, "reserved");
    assert_int_equal(support_count_files(test), 0);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(keeps_names_shapes_and_values),
        SUPPORT_TEST(half_the_bytes_are_cast),
        SUPPORT_TEST(writes_the_same_bytes_every_time),
        SUPPORT_TEST(rounds_pooling_up_where_all_agree),
        SUPPORT_TEST(made_up_names_are_new),
        SUPPORT_TEST(refuses_an_output_called_like_another_tensor),
        SUPPORT_TEST(a_failed_save_leaves_the_old_file),
        SUPPORT_TEST(refuses_wrong_arguments),
    };
    return cmocka_run_group_tests_name("onnx_save", tests, NULL, NULL);
}
