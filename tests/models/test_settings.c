/* GoogLeNet's settings and the Inception blocks: sizes, parameters and refusals. No device is needed. What the settings compute
 * is test_comparison.c's business. Oracle: the papers' tables and published figures. */
#include "models/context.h"

#include "base/base.h"

#include <clade/models.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* ---- Looking at graphs ---------------------------------------------------------------------------------------------------- */

static clade_shape shape_of(const clade_graph *graph, clade_tensor tensor) {
    clade_tensor_info info = {0};
    assert_int_equal(clade_graph_tensor(graph, tensor, &info), CLADE_OK);
    return info.shape;
}

static bool has_tensor(const clade_graph *graph, const char *name) {
    clade_tensor tensor = {-1};
    return clade_graph_find_tensor(graph, name, &tensor) == CLADE_OK;
}

static int64_t channels_of(const clade_graph *graph, const char *name) {
    clade_tensor tensor = {-1};
    if (clade_graph_find_tensor(graph, name, &tensor) != CLADE_OK) fail_msg("there is no tensor %s", name);
    return shape_of(graph, tensor).dims[1];
}

static int64_t count_parameters(const clade_graph *graph) {
    int64_t count = 0;
    for (size_t i = 0; i < clade_graph_parameter_count(graph); i++) {
        clade_tensor tensor = {-1};
        clade_tensor_info info = {0};
        int64_t elements = 0;
        assert_int_equal(clade_graph_parameter_at(graph, i, &tensor), CLADE_OK);
        assert_int_equal(clade_graph_tensor(graph, tensor, &info), CLADE_OK);
        assert_true(base_shape_elements(&info.shape, &elements));
        if (!strstr(info.name, ".running_")) count += elements;
    }
    return count;
}

static clade_graph *googlenet(clade_context *context, const clade_googlenet_settings *settings) {
    clade_graph *graph = NULL;
    const clade_status status = clade_googlenet_create(context, settings, &graph);
    if (status != CLADE_OK) {
        char message[256];
        clade_context_message(context, message, sizeof message);
        fail_msg("%s", message);
    }
    return graph;
}

/* ---- Blocks ----------------------------------------------------------------------------------------------------------------- */

static clade_graph *block(clade_context *context, int64_t channels, int64_t size,
                          const clade_inception_settings *settings, clade_tensor *y) {
    const clade_shape image = {4, {CLADE_BATCH, channels, size, size}};
    clade_graph *graph = NULL;
    clade_tensor x = {-1};
    assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
    assert_int_equal(clade_graph_input(graph, "input", image, &x), CLADE_OK);
    assert_int_equal(clade_inception_create(graph, x, settings, y), CLADE_OK);
    return graph;
}

/* Figures that people compare blocks by. The splits were found by search: the v1 block's branches give 64, 64, 96 and 32 channels, the v3
 * block's are those of Inception-ResNet-v2's `mixed_5b`, with a bias as well before each batch norm. */
static void blocks_have_the_parameters_that_are_known_of_them(void **state) {
    clade_tensor y = {-1};
    const clade_inception_settings v1 = {.name = "block", .widths = {64, 32, 64, 64, 96, 32}};
    clade_graph *graph = block(*state, 3, 256, &v1, &y);
    const clade_shape expected = {4, {CLADE_BATCH, 256, 256, 256}}, found = shape_of(graph, y);
    assert_true(base_shape_equal(&found, &expected));
    assert_int_equal(count_parameters(graph), 172960);
    clade_graph_destroy(&graph);

    const clade_inception_settings v3 = {.name = "block",
                                         .kind = CLADE_INCEPTION_V3,
                                         .widths = {96, 48, 64, 64, 96, 64},
                                         .batch_norm = true,
                                         .keep_bias = true};
    graph = block(*state, 3, 256, &v3, &y);
    assert_int_equal(count_parameters(graph), 168288);
    clade_graph_destroy(&graph);
}

/* 48 weights and a bias each for the branches of one layer, and so on: counted by hand. */
static void each_kind_has_its_layers(void **state) {
    static const struct {
        clade_inception_kind kind;
        int64_t third_branch;
    } cases[] = {{CLADE_INCEPTION_V1, (4 * 5 + 5) + (5 * 25 * 6 + 6)},
                 {CLADE_INCEPTION_V1_NARROW, (4 * 5 + 5) + (5 * 9 * 6 + 6)},
                 {CLADE_INCEPTION_V2, (4 * 5 + 5) + (5 * 9 * 6 + 6) + (6 * 9 * 6 + 6)},
                 {CLADE_INCEPTION_V3, (4 * 5 + 5) + (5 * 9 * 6 + 6) + (6 * 9 * 6 + 6)}};
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        clade_tensor y = {-1};
        const clade_inception_settings settings = {.name = "b", .kind = cases[i].kind, .widths = {2, 3, 4, 5, 6, 7}};
        clade_graph *graph = block(*state, 4, 8, &settings, &y);
        const int64_t others = (4 * 2 + 2) + (4 * 3 + 3) + (3 * 9 * 4 + 4) + (4 * 7 + 7);
        assert_int_equal(count_parameters(graph), others + cases[i].third_branch);
        assert_int_equal(shape_of(graph, y).dims[1], 2 + 4 + 6 + 7);
        clade_graph_destroy(&graph);
    }
}

static void a_shortcut_is_a_convolution_only_where_channels_differ(void **state) {
    clade_inception_settings settings = {.name = "b", .widths = {1, 1, 1, 1, 1, 1}, .residual = true};
    clade_tensor y = {-1};
    clade_graph *graph = block(*state, 4, 8, &settings, &y);
    assert_false(has_tensor(graph, "b.shortcut.conv.weight"));
    assert_true(has_tensor(graph, "b.mixed"));
    clade_graph_destroy(&graph);
    graph = block(*state, 3, 8, &settings, &y);
    assert_true(has_tensor(graph, "b.shortcut.conv.weight"));
    clade_graph_destroy(&graph);
}

static void blocks_refuse_what_they_cannot_build(void **state) {
    clade_graph *graph = NULL;
    clade_tensor x = {-1}, y = {7};
    const clade_shape image = {4, {CLADE_BATCH, 3, 8, 8}};
    assert_int_equal(clade_graph_create(*state, &graph), CLADE_OK);
    assert_int_equal(clade_graph_input(graph, "input", image, &x), CLADE_OK);
    const clade_inception_settings good = {.name = "b", .widths = {1, 1, 1, 1, 1, 1}};
    clade_inception_settings bad = good;
    bad.widths.five = 0;
    assert_int_equal(clade_inception_create(graph, x, &bad, &y), CLADE_ERROR_SHAPE);
    assert_int_equal(y.id, -1);
    bad.widths.five = INT32_MAX;
    assert_int_equal(clade_inception_create(graph, x, &bad, &y), CLADE_ERROR_SHAPE);
    char message[256];
    clade_context_message(*state, message, sizeof message);
    assert_non_null(strstr(message, "five 2147483647"));
    bad = good;
    bad.kind = (clade_inception_kind)4;
    assert_int_equal(clade_inception_create(graph, x, &bad, &y), CLADE_ERROR_INVALID_ARGUMENT);
    bad = good;
    bad.name = NULL;
    assert_int_equal(clade_inception_create(graph, x, &bad, &y), CLADE_ERROR_INVALID_ARGUMENT);
    bad = good;
    bad.reserved[3] = 1;
    assert_int_equal(clade_inception_create(graph, x, &bad, &y), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_inception_create(graph, x, NULL, &y), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_inception_create(NULL, x, &good, &y), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_inception_create(graph, x, &good, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_graph_node_count(graph), 0);
    clade_graph_destroy(&graph);
}

/* ---- GoogLeNet ---------------------------------------------------------------------------------------------------------------- */

static void zeros_give_the_published_network(void **state) {
    clade_graph *graph = googlenet(*state, NULL);
    assert_int_equal(count_parameters(graph), 6998552);
    clade_graph_destroy(&graph);
    graph = googlenet(*state, &(clade_googlenet_settings){0});
    assert_int_equal(count_parameters(graph), 6998552);
    clade_graph_destroy(&graph);
}

/* googlenet_256 is the published network with these settings and no other: 6,951,502 parameters. */
static void a_tutorials_network_is_a_setting(void **state) {
    const clade_googlenet_settings settings = {.model = {.height = 256, .width = 256},
                                               .no_lrn = true,
                                               .stem = CLADE_STEM_SHORT,
                                               .pooling = CLADE_POOLING_VALID,
                                               .widths = {[8] = {.reduce_three = 182}}};
    clade_graph *graph = googlenet(*state, &settings);
    assert_int_equal(count_parameters(graph), 6951502);
    clade_graph_destroy(&graph);
}

/* 6,998,552 has 7,280 biases of convolutions; batch norm has two values for each instead of one, or besides it. */
static void batch_norm_takes_the_place_of_biases_or_joins_them(void **state) {
    clade_graph *graph = googlenet(*state, &(clade_googlenet_settings){.batch_norm = true});
    assert_int_equal(count_parameters(graph), 6998552 + 7280);
    clade_graph_destroy(&graph);
    graph = googlenet(*state, &(clade_googlenet_settings){.batch_norm = true, .keep_bias = true});
    assert_int_equal(count_parameters(graph), 6998552 + 2 * 7280);
    clade_graph_destroy(&graph);
}

/* Every block changes the channels but 4b and 4c, which have 512 before and after. */
static void residual_connections_go_around_every_block(void **state) {
    clade_graph *graph = googlenet(*state, &(clade_googlenet_settings){.residual = true});
    static const struct {
        const char *name;
        bool has_shortcut;
    } blocks[] = {{"inception3a", true},  {"inception3b", true},  {"inception4a", true},
                  {"inception4b", false}, {"inception4c", false}, {"inception4d", true},
                  {"inception4e", true},  {"inception5a", false}, {"inception5b", true}};
    for (size_t i = 0; i < BASE_COUNT(blocks); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.mixed", blocks[i].name);
        assert_true(has_tensor(graph, name));
        snprintf(name, sizeof name, "%s.shortcut.conv.weight", blocks[i].name);
        assert_int_equal(has_tensor(graph, name), blocks[i].has_shortcut);
    }
    clade_graph_destroy(&graph);
}

static void small_images_have_blocks_as_large_as_published(void **state) {
    const clade_googlenet_settings settings = {.model = {.channels = 1, .height = 28, .width = 28, .classes = 10},
                                               .stem = CLADE_STEM_SMALL};
    clade_graph *graph = googlenet(*state, &settings);
    static const struct {
        const char *name;
        int64_t size;
    } blocks[] = {{"inception3a", 28}, {"inception4a", 14}, {"inception5b", 7}};
    for (size_t i = 0; i < BASE_COUNT(blocks); i++) {
        clade_tensor tensor = {-1};
        assert_int_equal(clade_graph_find_tensor(graph, blocks[i].name, &tensor), CLADE_OK);
        assert_int_equal(shape_of(graph, tensor).dims[2], blocks[i].size);
        assert_int_equal(shape_of(graph, tensor).dims[3], blocks[i].size);
    }
    clade_graph_destroy(&graph);
}

static void widths_that_are_given_replace_the_published_ones(void **state) {
    clade_graph *graph = googlenet(*state, &(clade_googlenet_settings){.widths = {[1] = {.one = 100, .five = 50}}});
    assert_int_equal(channels_of(graph, "inception3b"), 100 + 192 + 50 + 64);
    assert_int_equal(channels_of(graph, "inception3a"), 256);
    clade_graph_destroy(&graph);
}

/* Auxiliary classifiers are outputs of their own, read no further, and refused where there are none. */
static void auxiliary_classifiers_are_outputs(void **state) {
    clade_graph *graph = googlenet(*state, &(clade_googlenet_settings){.model = {.auxiliary = true, .width = 300}});
    static const char *const names[] = {"output", "aux1", "aux2"};
    assert_int_equal(clade_graph_output_count(graph), BASE_COUNT(names));
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        const char *name = NULL;
        clade_tensor tensor = {-1};
        assert_int_equal(clade_graph_output_at(graph, i, &tensor, &name), CLADE_OK);
        assert_string_equal(name, names[i]);
        assert_int_equal(shape_of(graph, tensor).dims[1], 1000);
    }
    clade_graph_destroy(&graph);
    const clade_model_settings wanted = {.auxiliary = true};
    assert_int_equal(clade_model_create(*state, "lenet", &wanted, &graph), CLADE_ERROR_UNSUPPORTED);
    assert_null(graph);
}

static void settings_out_of_range_are_refused(void **state) {
    static const struct {
        clade_googlenet_settings settings;
        clade_status status;
        const char *words;
    } cases[] = {
        {{.stem = (clade_googlenet_stem)3}, CLADE_ERROR_INVALID_ARGUMENT, "stem 3"},
        {{.pooling = (clade_googlenet_pooling)-1}, CLADE_ERROR_INVALID_ARGUMENT, "pooling -1"},
        {{.last_pool = 4}, CLADE_ERROR_INVALID_ARGUMENT, "last_pool 4"},
        {{.kind = (clade_inception_kind)9}, CLADE_ERROR_INVALID_ARGUMENT, "kind 9"},
        {{.widths = {[4] = {.three = -8}}}, CLADE_ERROR_SHAPE, "inception4c with three -8"},
        {{.dropout = 1.5f}, CLADE_ERROR_INVALID_ARGUMENT, "dropout"},
        {{.reserved = {1}}, CLADE_ERROR_INVALID_ARGUMENT, "reserved[0]"},
        {{.model = {.classes = -1}}, CLADE_ERROR_SHAPE, "classes -1"},
    };
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        clade_graph *graph = NULL;
        char message[512];
        assert_int_equal(clade_googlenet_create(*state, &cases[i].settings, &graph), cases[i].status);
        assert_null(graph);
        clade_context_message(*state, message, sizeof message);
        if (!strstr(message, cases[i].words)) fail_msg("\"%s\" does not say \"%s\"", message, cases[i].words);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_have_the_parameters_that_are_known_of_them),
        cmocka_unit_test(each_kind_has_its_layers),
        cmocka_unit_test(a_shortcut_is_a_convolution_only_where_channels_differ),
        cmocka_unit_test(blocks_refuse_what_they_cannot_build),
        cmocka_unit_test(zeros_give_the_published_network),
        cmocka_unit_test(a_tutorials_network_is_a_setting),
        cmocka_unit_test(batch_norm_takes_the_place_of_biases_or_joins_them),
        cmocka_unit_test(residual_connections_go_around_every_block),
        cmocka_unit_test(small_images_have_blocks_as_large_as_published),
        cmocka_unit_test(widths_that_are_given_replace_the_published_ones),
        cmocka_unit_test(auxiliary_classifiers_are_outputs),
        cmocka_unit_test(settings_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("models.settings", tests, context_open_without_device, context_close);
}
