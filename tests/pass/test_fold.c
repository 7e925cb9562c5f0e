/* Scales go into the weights of the layer before them, with the right numbers, and only where nobody sees the difference. */
#include "pass/network.h"

#include <math.h>
#include <string.h>

enum { IN = 3, OUT = 6, KERNEL = 3, ROW = IN * KERNEL * KERNEL };

static const pass_options no_options = {.channel_block = 1};

/* ---- Numbers: y = (W x + b) * factor * s + t + offset ---------------------------------------------------------------- */

typedef struct values {
    float weight[OUT * ROW], bias[OUT];
} values;

static values read_values(const clade_graph *graph, const graph_node *layer) {
    values v = {.bias = {0}};
    assert_int_equal(graph_evaluate(graph, layer->parameters[GRAPH_WEIGHT], v.weight), CLADE_OK);
    if (graph_is_tensor(layer->parameters[GRAPH_BIAS]))
        assert_int_equal(graph_evaluate(graph, layer->parameters[GRAPH_BIAS], v.bias), CLADE_OK);
    return v;
}

/* Folds one scale into a convolution and compares all values with the formula in double. */
static graph_node *check_fold(clade_graph *graph, bool no_bias, clade_scale_settings scale) {
    float s[OUT] = {1, 1, 1, 1, 1, 1}, t[OUT] = {0};
    const clade_tensor x =
        network_conv_with(graph, network_input(graph, IN, 8),
                          (clade_conv2d_settings){.channels = OUT, .kernel = {KERNEL, KERNEL}, .no_bias = no_bias});
    scale.name = "scale";
    network_output(graph, network_scale(graph, x, scale), "output");
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    if (scale.channel_scale) assert_int_equal(clade_graph_get_parameter(graph, "scale.weight", s), CLADE_OK);
    if (scale.channel_shift) assert_int_equal(clade_graph_get_parameter(graph, "scale.bias", t), CLADE_OK);
    const values before = read_values(graph, network_only(graph, GRAPH_OP_conv2d));

    network_run(graph, pass_fold, no_options);

    assert_int_equal(graph->node_count, 1);
    graph_node *conv = network_only(graph, GRAPH_OP_conv2d);
    assert_int_equal(network_output_tensor(graph, "output").id, conv->output.id);
    assert_int_equal(conv->attributes.conv2d.no_bias, !graph_is_tensor(conv->parameters[GRAPH_BIAS]));
    const values after = read_values(graph, conv);
    for (int o = 0; o < OUT; o++) {
        const double factor = (scale.factor == 0 ? 1.0 : (double)scale.factor) * s[o];
        for (int i = 0; i < ROW; i++) {
            const double expected = before.weight[o * ROW + i] * factor;
            assert_true(fabs(after.weight[o * ROW + i] - expected) <= 1e-6 * fabs(expected));
        }
        assert_true(fabs(after.bias[o] - (before.bias[o] * factor + t[o] + scale.offset)) <= 1e-6);
    }
    return conv;
}

static void test_channel_scale_and_shift(void **state) {
    check_fold(*state, false, (clade_scale_settings){.channel_scale = true, .channel_shift = true});
}

static void test_everything_at_once(void **state) {
    check_fold(*state, false,
               (clade_scale_settings){.factor = 0.17f, .offset = -3, .channel_scale = true, .channel_shift = true});
}

static void test_shift_becomes_the_bias_of_a_layer_without(void **state) {
    graph_node *conv =
        check_fold(*state, true, (clade_scale_settings){.channel_scale = true, .channel_shift = true, .offset = 2});
    assert_false(conv->attributes.conv2d.no_bias);
}

static void test_constant_factor_alone_needs_no_bias(void **state) {
    graph_node *conv = check_fold(*state, true, (clade_scale_settings){.factor = 0.1f});
    assert_true(conv->attributes.conv2d.no_bias);
}

static void test_constant_factor_scales_the_bias_too(void **state) {
    check_fold(*state, false, (clade_scale_settings){.factor = -0.5f});
}

static void test_offset_alone_leaves_the_weight_as_it_is(void **state) {
    clade_graph *graph = *state;
    graph_node *conv = check_fold(graph, true, (clade_scale_settings){.offset = 0.75f});
    assert_int_equal(graph_tensor_of(graph, conv->parameters[GRAPH_WEIGHT])->derivation, GRAPH_GIVEN);
    assert_false(conv->attributes.conv2d.no_bias);
}

static void test_channel_shift_alone_leaves_the_weight_as_it_is(void **state) {
    clade_graph *graph = *state;
    graph_node *conv = check_fold(graph, false, (clade_scale_settings){.channel_shift = true});
    assert_int_equal(graph_tensor_of(graph, conv->parameters[GRAPH_WEIGHT])->derivation, GRAPH_GIVEN);
}

/* ((W x + b) 2 + 1) 3 - 5 = 6 W x + 6 b - 2 */
static void test_scales_in_a_row_fold_one_after_another(void **state) {
    clade_graph *graph = *state;
    clade_tensor x = network_conv(graph, network_input(graph, IN, 8), OUT, KERNEL);
    x = network_scale(graph, x, (clade_scale_settings){.factor = 2, .offset = 1});
    x = network_scale(graph, x, (clade_scale_settings){.factor = 3, .offset = -5});
    network_output(graph, x, "output");
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    const values before = read_values(graph, network_only(graph, GRAPH_OP_conv2d));
    network_run(graph, pass_fold, no_options);
    assert_int_equal(graph->node_count, 1);
    const values after = read_values(graph, network_only(graph, GRAPH_OP_conv2d));
    for (int i = 0; i < OUT * ROW; i++)
        assert_true(fabs(after.weight[i] - 6.0 * before.weight[i]) <= 1e-6 * fabs(6.0 * before.weight[i]));
    for (int o = 0; o < OUT; o++) assert_true(fabs(after.bias[o] - (6.0 * before.bias[o] - 2)) <= 1e-6);
}

/* ---- Where it applies ------------------------------------------------------------------------------------------------ */

/* Normalises and folds, and says how many scales are left. */
static size_t scales_left(clade_graph *graph, clade_tensor output) {
    network_output(graph, output, "output");
    network_run(graph, pass_normalise, no_options);
    network_run(graph, pass_fold, no_options);
    return network_count(graph, GRAPH_OP_scale);
}

static void test_linear_takes_batch_norm(void **state) {
    clade_graph *graph = *state;
    const clade_linear_settings settings = {.features = 10, .no_bias = true};
    clade_tensor x;
    assert_int_equal(clade_graph_linear(graph, network_input(graph, 3, 4), &settings, &x), CLADE_OK);
    assert_int_equal(scales_left(graph, network_norm(graph, x)), 0);
    assert_false(network_only(graph, GRAPH_OP_linear)->attributes.linear.no_bias);
}

static void test_depthwise_convolution_takes_batch_norm(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv_with(graph, network_input(graph, 6, 8),
                                             (clade_conv2d_settings){.channels = 12, .kernel = {3, 3}, .groups = 6});
    assert_int_equal(scales_left(graph, network_norm(graph, x)), 0);
}

static void test_inception_block_keeps_convolutions_only(void **state) {
    clade_graph *graph = *state;
    static const int32_t widths[6] = {64, 96, 128, 16, 32, 32};
    const clade_tensor x = network_inception(graph, network_input(graph, 192, 8), widths);
    assert_int_equal(scales_left(graph, x), 0);
    assert_int_equal(graph->node_count, 14); /* 6 convolutions and ReLUs, pool, concat */
}

static void test_layer_read_twice_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    assert_int_equal(scales_left(graph, network_add(graph, x, network_norm(graph, x))), 1);
}

static void test_layer_that_is_an_output_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    network_output(graph, x, "features");
    assert_int_equal(scales_left(graph, network_norm(graph, x)), 1);
}

static void test_layer_with_activation_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x =
        network_conv_with(graph, network_input(graph, 3, 8),
                          (clade_conv2d_settings){.channels = 4, .kernel = {1, 1}, .activation = CLADE_RELU});
    assert_int_equal(scales_left(graph, network_norm(graph, x)), 1);
}

static void test_linear_with_activation_stays(void **state) {
    clade_graph *graph = *state;
    clade_tensor x;
    const clade_linear_settings settings = {.features = 4, .activation = CLADE_TANH};
    assert_int_equal(clade_graph_linear(graph, network_input(graph, 3, 8), &settings, &x), CLADE_OK);
    assert_int_equal(scales_left(graph, network_norm(graph, x)), 1);
}

static void test_activation_in_between_stops_it(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    assert_int_equal(scales_left(graph, network_norm(graph, network_activation(graph, x, CLADE_RELU))), 1);
}

static void test_pool_in_between_stops_it(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    assert_int_equal(scales_left(graph, network_norm(graph, network_pool(graph, x, 3, 2))), 1);
}

static void test_layer_with_residual_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    clade_tensor x = network_add(graph, network_conv(graph, input, 4, 3), input);
    network_output(graph, network_norm(graph, x), "output");
    network_run(graph, pass_normalise, no_options);
    network_run(graph, pass_fuse, no_options);
    assert_int_equal(graph->node_count, 2);
    network_run(graph, pass_fold, no_options);
    assert_int_equal(network_count(graph, GRAPH_OP_scale), 1);
}

static void test_scale_before_a_layer_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_norm(graph, network_input(graph, 3, 8));
    assert_int_equal(scales_left(graph, network_conv(graph, x, 4, 3)), 1);
}

static void test_graph_without_values_folds(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    assert_int_equal(scales_left(graph, network_norm(graph, x)), 0);
    assert_int_equal(graph_check_values(graph), CLADE_ERROR_MISSING_WEIGHTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_channel_scale_and_shift),
        NETWORK_TEST(test_everything_at_once),
        NETWORK_TEST(test_shift_becomes_the_bias_of_a_layer_without),
        NETWORK_TEST(test_constant_factor_alone_needs_no_bias),
        NETWORK_TEST(test_constant_factor_scales_the_bias_too),
        NETWORK_TEST(test_offset_alone_leaves_the_weight_as_it_is),
        NETWORK_TEST(test_channel_shift_alone_leaves_the_weight_as_it_is),
        NETWORK_TEST(test_scales_in_a_row_fold_one_after_another),
        NETWORK_TEST(test_linear_takes_batch_norm),
        NETWORK_TEST(test_depthwise_convolution_takes_batch_norm),
        NETWORK_TEST(test_inception_block_keeps_convolutions_only),
        NETWORK_TEST(test_layer_read_twice_stays),
        NETWORK_TEST(test_layer_that_is_an_output_stays),
        NETWORK_TEST(test_layer_with_activation_stays),
        NETWORK_TEST(test_linear_with_activation_stays),
        NETWORK_TEST(test_activation_in_between_stops_it),
        NETWORK_TEST(test_pool_in_between_stops_it),
        NETWORK_TEST(test_layer_with_residual_stays),
        NETWORK_TEST(test_scale_before_a_layer_stays),
        NETWORK_TEST(test_graph_without_values_folds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
