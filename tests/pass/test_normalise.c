/* Inference forms: batch norm is a scale with the right numbers, what does nothing is gone, outputs stay. */
#include "pass/network.h"
#include "reference/interpreter.h"

#include <math.h>

static const pass_options no_options = {.channel_block = 1};

/* y = (x - mean) / sqrt(variance + epsilon) * weight + bias, in double. */
static void check_norm(clade_graph *graph, bool no_scale, bool no_shift) {
    enum { CHANNELS = 5 };
    float weight[CHANNELS], bias[CHANNELS], mean[CHANNELS], variance[CHANNELS], scale[CHANNELS], shift[CHANNELS];
    clade_tensor y;
    const clade_batch_norm_settings settings = {
        .name = "bn", .epsilon = 1e-3f, .no_scale = no_scale, .no_shift = no_shift};
    assert_int_equal(clade_graph_batch_norm(graph, network_input(graph, CHANNELS, 4), &settings, &y), CLADE_OK);
    network_output(graph, y, "output");
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    for (int c = 0; c < CHANNELS; c++) weight[c] = 1, bias[c] = 0;
    if (!no_scale) assert_int_equal(clade_graph_get_parameter(graph, "bn.weight", weight), CLADE_OK);
    if (!no_shift) assert_int_equal(clade_graph_get_parameter(graph, "bn.bias", bias), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "bn.running_mean", mean), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "bn.running_var", variance), CLADE_OK);

    network_run(graph, pass_normalise, no_options);

    const graph_node *node = network_only(graph, GRAPH_OP_scale);
    assert_int_equal(graph->node_count, 1);
    assert_true(node->attributes.scale.channel_scale && node->attributes.scale.channel_shift);
    assert_int_equal(graph_evaluate(graph, node->parameters[GRAPH_WEIGHT], scale), CLADE_OK);
    assert_int_equal(graph_evaluate(graph, node->parameters[GRAPH_BIAS], shift), CLADE_OK);
    for (int c = 0; c < CHANNELS; c++) {
        const double factor = (double)weight[c] / sqrt((double)variance[c] + 1e-3);
        assert_true(fabs(scale[c] - factor) <= 1e-6 * fabs(factor));
        assert_true(fabs(shift[c] - (bias[c] - mean[c] * factor)) <= 1e-6);
    }
}

static void test_batch_norm_becomes_scale(void **state) { check_norm(*state, false, false); }
static void test_batch_norm_without_weight_scales_by_deviation(void **state) { check_norm(*state, true, false); }
static void test_batch_norm_without_bias_shifts_by_mean(void **state) { check_norm(*state, false, true); }
static void test_bare_batch_norm_becomes_scale(void **state) { check_norm(*state, true, true); }

static void test_dropout_disappears(void **state) {
    clade_graph *graph = *state;
    clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    x = network_conv(graph, network_dropout(graph, network_dropout(graph, x)), 5, 1);
    network_output(graph, x, "output");
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_dropped_output_keeps_its_name(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    network_output(graph, network_dropout(graph, x), "probabilities");
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(network_output_tensor(graph, "probabilities").id, graph->nodes[0].output.id);
}

static void test_graph_of_nothing_but_dropout_gives_its_input(void **state) {
    clade_graph *graph = *state;
    network_output(graph, network_dropout(graph, network_input(graph, 3, 8)), "output");
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(graph->node_count, 0);
    assert_int_equal(network_output_tensor(graph, "output").id, graph->inputs[0].id);
}

static void test_concat_of_one_disappears(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    const clade_tensor one = network_concat(graph, &x, 1, 1);
    network_output(graph, network_concat(graph, (clade_tensor[]){one, x}, 2, 1), "output");
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(network_only(graph, GRAPH_OP_concat)->input_count, 2);
}

static void test_scale_by_one_disappears_and_no_other(void **state) {
    clade_graph *graph = *state;
    clade_tensor x = network_input(graph, 3, 8);
    x = network_scale(graph, x, (clade_scale_settings){.factor = 1});
    x = network_scale(graph, x, (clade_scale_settings){.factor = 2});
    x = network_scale(graph, x, (clade_scale_settings){.offset = 1});
    x = network_scale(graph, x, (clade_scale_settings){.channel_scale = true});
    x = network_scale(graph, x, (clade_scale_settings){.channel_shift = true});
    network_output(graph, x, "output");
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(network_count(graph, GRAPH_OP_scale), 4);
}

/* GoogLeNet's auxiliary heads, when they are no outputs. */
static void test_unread_head_disappears_with_its_parameters(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    network_linear(graph, network_flatten(graph, network_pool(graph, x, 3, 2)), 10);
    network_output(graph, x, "output");
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(clade_graph_parameter_count(graph), 2);
}

/* Over rows and columns, of which it makes one pixel. */
static void test_mean_of_images_becomes_pooling(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 5, 4);
    clade_tensor kept, dropped;
    assert_int_equal(clade_graph_mean(graph, x, &(clade_mean_settings){.axes = {0, 0, 1, 1}}, &kept), CLADE_OK);
    assert_int_equal(clade_graph_mean(graph, x, &(clade_mean_settings){.axes = {0, 0, 1, 1}, .drop = true}, &dropped),
                     CLADE_OK);
    network_output(graph, kept, "kept");
    network_output(graph, dropped, "dropped");
    float input[2 * 5 * 4 * 4];
    clade_fill_input("input", input, BASE_COUNT(input));
    double **expected = interpreter_run(graph, (const float *const[]){input});
    clade_graph *pooled = NULL;
    assert_int_equal(graph_clone(graph, &pooled), CLADE_OK);
    network_run(pooled, pass_normalise, no_options);
    assert_int_equal(network_count(pooled, GRAPH_OP_mean), 0);
    assert_int_equal(network_count(pooled, GRAPH_OP_pool), 2);
    double **found = interpreter_run(pooled, (const float *const[]){input});
    const char *const names[] = {"kept", "dropped"};
    const int32_t before[] = {kept.id, dropped.id};
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2 * 5; k++)
            assert_true(fabs(found[network_output_tensor(pooled, names[i]).id][k] - expected[before[i]][k]) <= 1e-9);
    interpreter_free(graph, expected);
    interpreter_free(pooled, found);
    clade_graph_destroy(&pooled);
}

static void test_mean_over_channels_stays(void **state) {
    clade_graph *graph = *state;
    clade_tensor y;
    assert_int_equal(
        clade_graph_mean(graph, network_input(graph, 5, 4), &(clade_mean_settings){.axes = {0, 1, 1, 1}}, &y),
        CLADE_OK);
    network_output(graph, y, "output");
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(network_count(graph, GRAPH_OP_mean), 1);
}

static void test_inception_block_keeps_its_layers(void **state) {
    clade_graph *graph = *state;
    static const int32_t widths[6] = {64, 96, 128, 16, 32, 32};
    clade_tensor x = network_inception(graph, network_input(graph, 192, 8), widths);
    network_output(graph, network_dropout(graph, x), "output");
    assert_int_equal(graph->node_count, 21);
    network_run(graph, pass_normalise, no_options);
    assert_int_equal(graph->node_count, 20);
    assert_int_equal(network_count(graph, GRAPH_OP_batch_norm), 0);
    assert_int_equal(network_count(graph, GRAPH_OP_scale), 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_batch_norm_becomes_scale),
        NETWORK_TEST(test_batch_norm_without_weight_scales_by_deviation),
        NETWORK_TEST(test_batch_norm_without_bias_shifts_by_mean),
        NETWORK_TEST(test_bare_batch_norm_becomes_scale),
        NETWORK_TEST(test_dropout_disappears),
        NETWORK_TEST(test_dropped_output_keeps_its_name),
        NETWORK_TEST(test_graph_of_nothing_but_dropout_gives_its_input),
        NETWORK_TEST(test_concat_of_one_disappears),
        NETWORK_TEST(test_scale_by_one_disappears_and_no_other),
        NETWORK_TEST(test_unread_head_disappears_with_its_parameters),
        NETWORK_TEST(test_mean_of_images_becomes_pooling),
        NETWORK_TEST(test_mean_over_channels_stays),
        NETWORK_TEST(test_inception_block_keeps_its_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
