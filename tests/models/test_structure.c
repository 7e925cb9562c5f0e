/* The zoo's networks have the tensors of the published checkpoints, by name, shape and order, the blocks of their golden
 * results, and follow their settings. No device is needed. Oracle: tests/data/goldens, made with PyTorch. */
#include "models/context.h"
#include "models/golden.h"

#include "base/base.h"

#include <clade/models.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static clade_graph *build(clade_context *context, const char *model, const clade_model_settings *settings) {
    clade_graph *graph = NULL;
    const clade_status status = clade_model_create(context, model, settings, &graph);
    if (status != CLADE_OK) {
        char message[256];
        clade_context_message(context, message, sizeof message);
        fail_msg("%s: %s", model, message);
    }
    return graph;
}

static clade_tensor_info describe(const clade_graph *graph, clade_tensor tensor) {
    clade_tensor_info info = {0};
    assert_int_equal(clade_graph_tensor(graph, tensor, &info), CLADE_OK);
    return info;
}

static clade_tensor_info find(const clade_graph *graph, const char *name) {
    clade_tensor tensor = {-1};
    if (clade_graph_find_tensor(graph, name, &tensor) != CLADE_OK) fail_msg("there is no tensor %s", name);
    return describe(graph, tensor);
}

static void expect_shape(const char *name, const clade_shape *found, const clade_shape *expected) {
    if (base_shape_equal(found, expected)) return;
    char a[BASE_SHAPE_TEXT], b[BASE_SHAPE_TEXT];
    fail_msg("%s has the shape %s instead of %s", name, base_shape_text(found, a, sizeof a),
             base_shape_text(expected, b, sizeof b));
}

/* The golden results are for one image, the zoo's graphs for an open batch. */
static clade_shape with_open_batch(clade_shape shape) {
    shape.dims[0] = CLADE_BATCH;
    return shape;
}

static bool is_statistic(const char *name) { return strstr(name, ".running_") != NULL; }

/* Whose golden result has such tensors. */
static bool has_auxiliaries(const char *model) {
    return strcmp(model, "googlenet_bn") == 0 || strcmp(model, "inception_v3") == 0;
}

/* A published checkpoint loads by name, and its tensors come in the order in which they are used. */
static void compare_parameters(clade_context *context, bool auxiliary) {
    for (size_t m = 0; m < golden_model_count; m++) {
        if (auxiliary && !has_auxiliaries(golden_models[m])) continue;
        golden g;
        golden_read_for(golden_models[m], auxiliary, &g);
        clade_graph *graph = build(context, golden_models[m], &(clade_model_settings){.auxiliary = auxiliary});
        int64_t trainable = 0;
        assert_int_equal(clade_graph_parameter_count(graph), g.tensor_count);
        for (size_t i = 0; i < g.tensor_count; i++) {
            clade_tensor tensor = {-1};
            assert_int_equal(clade_graph_parameter_at(graph, i, &tensor), CLADE_OK);
            const clade_tensor_info info = describe(graph, tensor);
            assert_string_equal(info.name, g.tensors[i].name);
            expect_shape(info.name, &info.shape, &g.tensors[i].shape);
            assert_false(info.has_value);
            int64_t elements = 0;
            assert_true(base_shape_elements(&info.shape, &elements));
            if (!is_statistic(info.name)) trainable += elements;
        }
        assert_int_equal(trainable, g.trainable);
        clade_graph_destroy(&graph);
        golden_clear(&g);
    }
}

static void parameters_are_those_of_the_checkpoint(void **state) { compare_parameters(*state, false); }

static void auxiliary_classifiers_are_those_of_the_checkpoint(void **state) { compare_parameters(*state, true); }

/* The index of the node that makes a tensor. */
static size_t maker(const clade_graph *graph, const char *name) {
    for (size_t i = 0; i < clade_graph_node_count(graph); i++) {
        clade_node_info node = {0};
        assert_int_equal(clade_graph_node(graph, i, &node), CLADE_OK);
        if (strcmp(node.name, name) == 0) return i;
    }
    fail_msg("there is no node %s", name);
    return 0;
}

static void blocks_have_the_shapes_and_order_of_the_goldens(void **state) {
    for (size_t m = 0; m < golden_model_count; m++) {
        golden g;
        golden_read(golden_models[m], &g);
        clade_graph *graph = build(*state, golden_models[m], NULL);
        size_t last = 0;
        for (size_t i = 0; i < g.block_count; i++) {
            const clade_tensor_info info = find(graph, g.blocks[i].name);
            const clade_shape expected = with_open_batch(g.blocks[i].shape);
            expect_shape(info.name, &info.shape, &expected);
            const size_t index = maker(graph, g.blocks[i].name);
            assert_true(i == 0 || index > last);
            last = index;
        }
        clade_graph_destroy(&graph);
        golden_clear(&g);
    }
}

static void input_and_output_go_by_those_names(void **state) {
    for (size_t m = 0; m < golden_model_count; m++) {
        golden g;
        golden_read(golden_models[m], &g);
        clade_graph *graph = build(*state, golden_models[m], NULL);
        assert_int_equal(clade_graph_input_count(graph), 1);
        assert_int_equal(clade_graph_output_count(graph), 1);

        const clade_tensor_info input = find(graph, "input");
        const clade_shape image = with_open_batch(g.input);
        assert_int_equal(input.kind, CLADE_TENSOR_INPUT);
        expect_shape("input", &input.shape, &image);

        clade_tensor tensor = {-1};
        const char *name = NULL;
        assert_int_equal(clade_graph_output_at(graph, 0, &tensor, &name), CLADE_OK);
        assert_string_equal(name, "output");
        const clade_tensor_info output = describe(graph, tensor);
        const clade_shape logits = {2, {CLADE_BATCH, (int64_t)g.output_count}};
        expect_shape("output", &output.shape, &logits);
        clade_graph_destroy(&graph);
        golden_clear(&g);
    }
}

static void the_zoo_lists_every_model_once(void **state) {
    (void)state;
    assert_null(clade_model_at(clade_model_count()));
    assert_null(clade_model_find("no such model"));
    assert_null(clade_model_find(NULL));
    for (size_t i = 0; i < clade_model_count(); i++) {
        const clade_model_info *info = clade_model_at(i);
        assert_ptr_equal(clade_model_find(info->name), info);
        assert_true(info->title[0] && info->paper[0] && info->names[0]);
    }
    for (size_t m = 0; m < golden_model_count; m++) {
        golden g;
        golden_read(golden_models[m], &g);
        const clade_model_info *info = clade_model_find(golden_models[m]);
        assert_non_null(info);
        assert_int_equal(info->classes, g.output_count);
        assert_int_equal(info->preprocess.channels, g.input.dims[1]);
        assert_int_equal(info->preprocess.height, g.input.dims[2]);
        assert_int_equal(info->preprocess.width, g.input.dims[3]);
        assert_true(info->preprocess.resize == 0 || info->preprocess.resize >= info->preprocess.height);
        golden_clear(&g);
    }
}

/* Classes change the last layer and nothing else, channels the first. */
static void classes_and_channels_change_one_layer_each(void **state) {
    enum { CLASSES = 7, CHANNELS = 5 };
    for (size_t m = 0; m < golden_model_count; m++) {
        golden g;
        golden_read(golden_models[m], &g);
        clade_graph *graph =
            build(*state, golden_models[m], &(clade_model_settings){.classes = CLASSES, .channels = CHANNELS});
        assert_int_equal(clade_graph_parameter_count(graph), g.tensor_count);
        for (size_t i = 0; i < g.tensor_count; i++) {
            clade_shape expected = g.tensors[i].shape;
            if (i == 0) expected.dims[1] = CHANNELS;
            if (i + 2 >= g.tensor_count) expected.dims[0] = CLASSES;
            const clade_tensor_info info = find(graph, g.tensors[i].name);
            expect_shape(info.name, &info.shape, &expected);
        }
        assert_int_equal(find(graph, "input").shape.dims[1], CHANNELS);
        clade_graph_destroy(&graph);
        golden_clear(&g);
    }
}

/* Sizes worked out by hand from the papers' kernels and strides. */
static void the_image_size_runs_through(void **state) {
    const struct {
        const char *model;
        clade_model_settings settings;
        const char *tensor;
        clade_shape expected;
    } cases[] = {
        {"lenet", {.height = 32, .width = 40}, "pool2", {4, {CLADE_BATCH, 16, 6, 8}}},
        {"lenet", {.height = 32, .width = 40}, "fc1.weight", {2, {120, 16 * 6 * 8}}},
        {"googlenet_d2l", {.height = 28}, "inception5b", {4, {CLADE_BATCH, 1024, 1, 3}}},
        {"googlenet", {.width = 320}, "inception5b", {4, {CLADE_BATCH, 1024, 7, 10}}},
        {"googlenet", {.width = 320}, "fc.weight", {2, {1000, 1024}}},
        {"inception_v3", {.height = 331, .width = 75}, "Mixed_7c", {4, {CLADE_BATCH, 2048, 9, 1}}},
        {"inception_resnet_v2", {.height = 331, .width = 75}, "block8", {4, {CLADE_BATCH, 2080, 9, 1}}},
        {"inception_v4", {.height = 331, .width = 75}, "features.21", {4, {CLADE_BATCH, 1536, 9, 1}}},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        clade_graph *graph = build(*state, cases[i].model, &cases[i].settings);
        const clade_tensor_info info = find(graph, cases[i].tensor);
        expect_shape(cases[i].tensor, &info.shape, &cases[i].expected);
        clade_graph_destroy(&graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_those_of_the_checkpoint),
        cmocka_unit_test(auxiliary_classifiers_are_those_of_the_checkpoint),
        cmocka_unit_test(blocks_have_the_shapes_and_order_of_the_goldens),
        cmocka_unit_test(input_and_output_go_by_those_names),
        cmocka_unit_test(the_zoo_lists_every_model_once),
        cmocka_unit_test(classes_and_channels_change_one_layer_each),
        cmocka_unit_test(the_image_size_runs_through),
    };
    return cmocka_run_group_tests_name("models.structure", tests, context_open_without_device, context_close);
}
