/* Siblings become one convolution: who joins, where their outputs lie, and who is left out. That every tensor is complete before
 * it is read and that nothing is written twice is checked after every pass (network.c). */
#include "pass/network.h"

enum { BLOCK = 16 };

static const pass_options plain = {.channel_block = 1}, blocked = {.channel_block = BLOCK};

static clade_tensor pointwise(clade_graph *graph, clade_tensor x, int32_t channels) {
    return network_conv(graph, x, channels, 1);
}

/* A reader, so that the tensor is no output itself. */
static void read_by_pool(clade_graph *graph, clade_tensor x) {
    network_output(graph, network_pool(graph, x, 3, 1), NULL);
}

static void expect_slice(const clade_graph *graph, clade_tensor slice, clade_tensor parent, int64_t channel) {
    assert_int_equal(graph_tensor_of(graph, slice)->parent.id, parent.id);
    assert_int_equal(graph_tensor_of(graph, slice)->parent_channel, channel);
}

/* ---- Joining -------------------------------------------------------------------------------------------------------------- */

static void test_siblings_become_slices_of_one(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 3, 8);
    for (int32_t channels = 4; channels <= 6; channels++) read_by_pool(graph, pointwise(graph, x, channels));
    network_run(graph, pass_merge, plain);
    assert_int_equal(graph->node_count, 4);
    const graph_node *conv = network_only(graph, GRAPH_OP_conv2d);
    assert_int_equal(conv->attributes.conv2d.channels, 15);
    assert_string_equal(conv->name, "conv2d_0 + conv2d_2 + conv2d_4");
    expect_slice(graph, graph->nodes[1].inputs[0], conv->output, 0);
    expect_slice(graph, graph->nodes[2].inputs[0], conv->output, 4);
    expect_slice(graph, graph->nodes[3].inputs[0], conv->output, 9);
    assert_ptr_equal(graph_producer(graph, graph->nodes[3].inputs[0]), conv);
}

static void test_any_window_and_activation_may_be_shared(void **state) {
    clade_graph *graph = *state;
    const clade_conv2d_settings settings = {.channels = 4,
                                            .kernel = {3, 1},
                                            .stride = {2, 1},
                                            .padding = {1, 0, 0, 0},
                                            .dilation = {1, 2},
                                            .activation = CLADE_LEAKY_RELU,
                                            .slope = 0.5f};
    const clade_tensor x = network_input(graph, 3, 8);
    for (int i = 0; i < 2; i++) read_by_pool(graph, network_conv_with(graph, x, settings));
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_only(graph, GRAPH_OP_conv2d)->attributes.conv2d.channels, 8);
}

static void fill(clade_graph *graph, clade_tensor parameter, float first) {
    float values[16];
    for (int i = 0; i < 16; i++) values[i] = first + (float)i;
    const graph_tensor *tensor = graph_tensor_of(graph, parameter);
    const clade_array array = {CLADE_FLOAT32, tensor->shape, values};
    assert_int_equal(clade_graph_set_parameter(graph, tensor->name, &array), CLADE_OK);
}

/* Three siblings of 2, 1 and 2 channels, of which the middle one alone has a bias. */
static void test_parameters_stand_one_below_the_other(void **state) {
    clade_graph *graph = *state;
    static const float weights[10] = {0, 1, 2, 3, 100, 101, 200, 201, 202, 203}, biases[5] = {0, 0, 50, 0, 0};
    const clade_tensor x = network_input(graph, 2, 8);
    for (int32_t i = 0; i < 3; i++) {
        const clade_conv2d_settings settings = {.channels = i == 1 ? 1 : 2, .kernel = {1, 1}, .no_bias = i != 1};
        const clade_tensor y = network_conv_with(graph, x, settings);
        fill(graph, graph_producer(graph, y)->parameters[GRAPH_WEIGHT], 100.0f * (float)i);
        if (i == 1) fill(graph, graph_producer(graph, y)->parameters[GRAPH_BIAS], 50.0f);
        read_by_pool(graph, y);
    }
    network_run(graph, pass_merge, plain);
    const graph_node *conv = network_only(graph, GRAPH_OP_conv2d);
    float values[10];
    assert_int_equal(graph_evaluate(graph, conv->parameters[GRAPH_WEIGHT], values), CLADE_OK);
    assert_memory_equal(values, weights, sizeof weights);
    assert_int_equal(graph_evaluate(graph, conv->parameters[GRAPH_BIAS], values), CLADE_OK);
    assert_memory_equal(values, biases, sizeof biases);
    assert_false(conv->attributes.conv2d.no_bias);
}

static void test_siblings_without_bias_stay_without(void **state) {
    clade_graph *graph = *state;
    const clade_conv2d_settings settings = {.channels = 4, .kernel = {1, 1}, .no_bias = true};
    const clade_tensor x = network_input(graph, 3, 8);
    for (int i = 0; i < 2; i++) read_by_pool(graph, network_conv_with(graph, x, settings));
    network_run(graph, pass_merge, plain);
    const graph_node *conv = network_only(graph, GRAPH_OP_conv2d);
    assert_true(conv->attributes.conv2d.no_bias);
    assert_false(graph_is_tensor(conv->parameters[GRAPH_BIAS]));
}

/* ReLU, none, ReLU, none: the activation begins behind those that have none. */
static void test_siblings_without_activation_come_first(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 3, 8);
    for (int32_t i = 0; i < 4; i++)
        read_by_pool(graph, network_conv_with(
                                graph, x,
                                (clade_conv2d_settings){.channels = 4 + i,
                                                        .kernel = {1, 1},
                                                        .activation = i % 2 ? CLADE_ACTIVATION_NONE : CLADE_LEAKY_RELU,
                                                        .slope = 0.5f}));
    network_run(graph, pass_merge, plain);
    const graph_node *conv = network_only(graph, GRAPH_OP_conv2d);
    assert_int_equal(conv->attributes.conv2d.channels, 4 + 5 + 6 + 7);
    assert_int_equal(conv->attributes.conv2d.activation, CLADE_LEAKY_RELU);
    assert_true(conv->attributes.conv2d.slope == 0.5f);
    assert_int_equal(conv->linear_channels, 5 + 7);
    assert_string_equal(conv->words, "1x1, leaky relu from channel 12");
    static const int64_t first[4] = {12, 0, 16, 5};
    for (size_t i = 0; i < 4; i++) expect_slice(graph, graph->nodes[1 + i].inputs[0], conv->output, first[i]);
}

/* ---- In a concat ---------------------------------------------------------------------------------------------------------- */

/* The reduces of the two branches lie before the concat's result in one memory, and the first branch is in both. */
static void test_inception_block_has_one_pointwise_convolution_at_its_input(void **state) {
    clade_graph *graph = *state;
    static const int32_t widths[6] = {64, 96, 128, 16, 32, 32};
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 32, 3);
    network_output(graph, network_conv(graph, network_inception(graph, x, widths), 8, 3), "output");
    network_run_all(graph, blocked);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 6); /* first, merged, 3x3, 5x5, pool's, last */

    const graph_node *merged = &graph->nodes[1],
                     *last = graph_producer(graph, network_only(graph, GRAPH_OP_reorder)->inputs[0]);
    assert_int_equal(merged->attributes.conv2d.channels, 96 + 16 + 64);
    const clade_tensor result = last->inputs[0], whole = graph_tensor_of(graph, result)->parent;
    assert_int_equal(graph_shape_of(graph, result)->dims[1], 256);
    assert_int_equal(graph_shape_of(graph, whole)->dims[1], 96 + 16 + 256);
    expect_slice(graph, merged->output, whole, 0);
    expect_slice(graph, result, whole, 96 + 16);
    expect_slice(graph, graph->nodes[2].inputs[0], merged->output, 0);
    expect_slice(graph, graph->nodes[3].inputs[0], merged->output, 96);
}

/* Two siblings, of which the concat's result takes `first` or, behind something else, `second`. */
static void build_concat(clade_graph *graph, bool is_first) {
    const clade_tensor x = network_input(graph, 3, 8), other = network_conv(graph, x, 4, 3);
    const clade_tensor sibling = pointwise(graph, x, 4);
    read_by_pool(graph, pointwise(graph, x, 6));
    const clade_tensor parts[2] = {is_first ? sibling : other, is_first ? other : sibling};
    read_by_pool(graph, network_concat(graph, parts, 2, 1));
    network_run(graph, pass_concat, plain);
}

static void test_first_slice_of_a_result_joins(void **state) {
    clade_graph *graph = *state;
    build_concat(graph, true);
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_further_slice_of_a_result_is_left_out(void **state) {
    clade_graph *graph = *state;
    build_concat(graph, false);
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 3);
}

/* A sibling that ends with `sibling` beside one that lies first in a concat's result and ends with `slice`. */
static void build_concat_of(clade_graph *graph, clade_activation sibling, clade_activation slice, bool sibling_first) {
    const clade_tensor x = network_input(graph, 3, 8), other = network_conv(graph, x, 4, 3);
    for (int i = 0; i < 2; i++) {
        const bool is_sibling = (i == 0) == sibling_first;
        const clade_conv2d_settings settings = {
            .channels = is_sibling ? 6 : 4, .kernel = {1, 1}, .activation = is_sibling ? sibling : slice};
        const clade_tensor y = network_conv_with(graph, x, settings);
        read_by_pool(graph, is_sibling ? y : network_concat(graph, (clade_tensor[]){y, other}, 2, 1));
    }
    network_run(graph, pass_concat, plain);
    network_run(graph, pass_merge, plain);
}

/* It stands last in the merged convolution, where the activation is. */
static void test_slice_of_a_result_without_activation_joins_its_like_only(void **state) {
    (void)state;
    static const clade_activation none = CLADE_ACTIVATION_NONE, relu = CLADE_RELU;
    static const struct {
        clade_activation sibling, slice;
        size_t convolutions;
        int32_t linear_channels;
    } cases[] = {{none, none, 2, 0}, {relu, relu, 2, 0}, {none, relu, 2, 6}, {relu, none, 3, 0}};
    for (size_t i = 0; i < 2 * BASE_COUNT(cases); i++) {
        void *opened = NULL;
        assert_int_equal(network_open(&opened), 0);
        const clade_graph *graph = opened;
        build_concat_of(opened, cases[i / 2].sibling, cases[i / 2].slice, i % 2 != 0);
        assert_int_equal(network_count(graph, GRAPH_OP_conv2d), cases[i / 2].convolutions);
        int32_t linear_channels = 0;
        for (size_t k = 0; k < graph->node_count; k++) linear_channels += graph->nodes[k].linear_channels;
        assert_int_equal(linear_channels, cases[i / 2].linear_channels);
        assert_int_equal(network_close(&opened), 0);
    }
}

static void test_one_result_only_is_shared(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 3, 8);
    for (int i = 0; i < 2; i++) {
        const clade_tensor parts[2] = {pointwise(graph, x, 4), network_pool(graph, x, 3, 1)};
        read_by_pool(graph, network_concat(graph, parts, 2, 1));
    }
    read_by_pool(graph, pointwise(graph, x, 6));
    network_run(graph, pass_concat, plain);
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_result_that_is_an_output_is_not_shared(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 3, 8);
    read_by_pool(graph, pointwise(graph, x, 6));
    const clade_tensor parts[2] = {pointwise(graph, x, 4), network_pool(graph, x, 3, 1)};
    network_output(graph, network_concat(graph, parts, 2, 1), "result");
    network_run(graph, pass_concat, plain);
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_result_that_lies_in_another_is_not_shared(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 3, 8);
    read_by_pool(graph, pointwise(graph, x, 6));
    const clade_tensor inner[2] = {pointwise(graph, x, 4), network_pool(graph, x, 3, 1)};
    const clade_tensor outer[2] = {network_conv(graph, x, 5, 3), network_concat(graph, inner, 2, 1)};
    read_by_pool(graph, network_concat(graph, outer, 2, 1));
    network_run(graph, pass_concat, plain);
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 3);
}

/* ---- Left out --------------------------------------------------------------------------------------------------------------- */

/* `settings` beside an ordinary 1x1 of 4 channels. */
static void expect_no_siblings(clade_graph *graph, clade_conv2d_settings settings) {
    const clade_tensor x = network_input(graph, 4, 8);
    const size_t before = network_count(graph, GRAPH_OP_conv2d);
    settings.channels = 4;
    if (settings.kernel[0] == 0) settings.kernel[0] = settings.kernel[1] = 1;
    read_by_pool(graph, pointwise(graph, x, 4));
    read_by_pool(graph, network_conv_with(graph, x, settings));
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), before + 2);
}

static void test_other_settings_are_no_siblings(void **state) {
    static const clade_conv2d_settings others[] = {
        {.kernel = {1, 3}, .padding = {0, 1, 0, 1}},
        {.kernel = {3, 1}, .padding = {1, 0, 1, 0}},
        {.stride = {2, 1}},
        {.padding = {0, 0, 1, 0}},
        {.dilation = {1, 2}},
        {.groups = 2},
    };
    for (size_t i = 0; i < BASE_COUNT(others); i++) expect_no_siblings(*state, others[i]);
}

static void test_another_activation_is_no_sibling(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 3, 8);
    static const clade_activation activations[] = {CLADE_RELU, CLADE_ACTIVATION_NONE, CLADE_TANH};
    for (size_t i = 0; i < BASE_COUNT(activations); i++) {
        const clade_conv2d_settings settings = {.channels = 4, .kernel = {1, 1}, .activation = activations[i]};
        read_by_pool(graph, network_conv_with(graph, x, settings));
    }
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2); /* the one without joins the first */
    assert_int_equal(graph->nodes[0].attributes.conv2d.channels, 8);
}

static void test_another_slope_is_no_sibling(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 3, 8);
    for (int i = 1; i <= 2; i++)
        read_by_pool(graph, network_conv_with(graph, x,
                                              (clade_conv2d_settings){.channels = 4,
                                                                      .kernel = {1, 1},
                                                                      .activation = CLADE_LEAKY_RELU,
                                                                      .slope = 0.25f * (float)i}));
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_another_input_is_no_sibling(void **state) {
    clade_graph *graph = *state;
    for (int i = 0; i < 2; i++) read_by_pool(graph, pointwise(graph, network_input(graph, 3, 8), 4));
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_groups_stay_apart(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 4, 8);
    const clade_conv2d_settings settings = {.channels = 4, .kernel = {1, 1}, .groups = 2};
    for (int i = 0; i < 2; i++) read_by_pool(graph, network_conv_with(graph, x, settings));
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_residual_is_left_out(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 4, 8);
    read_by_pool(graph, pointwise(graph, x, 4));
    read_by_pool(graph, network_add(graph, pointwise(graph, x, 4), x));
    network_run(graph, pass_fuse, plain);
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_output_is_left_out(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 4, 8);
    read_by_pool(graph, pointwise(graph, x, 4));
    network_output(graph, pointwise(graph, x, 4), "output");
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

static void test_input_of_a_softmax_along_rows_is_left_out(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 4, 8);
    clade_tensor y;
    read_by_pool(graph, pointwise(graph, x, 4));
    const clade_softmax_settings rows = {.axis = 2};
    assert_int_equal(clade_graph_softmax(graph, pointwise(graph, x, 4), &rows, &y), CLADE_OK);
    network_output(graph, y, "output");
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

/* Three siblings of 32, 24 and 48 channels in blocks of 16, and how many convolutions are left of them. */
static size_t merge_widths(clade_graph *graph, clade_activation activation) {
    static const int32_t widths[3] = {32, 24, 48};
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 16, 3);
    for (int i = 0; i < 3; i++) {
        const clade_conv2d_settings settings = {.channels = widths[i], .kernel = {1, 1}, .activation = activation};
        read_by_pool(graph, network_conv_with(graph, x, settings));
    }
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    network_run_all(graph, blocked);
    return network_count(graph, GRAPH_OP_conv2d) - 1;
}

static bool is_zero(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (values[i] != 0) return false;
    return true;
}

/* The 24 take 32, of which the last 8 are made by weights of zero. */
static void test_widths_that_break_a_block_are_padded(void **state) {
    clade_graph *graph = *state;
    assert_int_equal(merge_widths(graph, CLADE_LEAKY_RELU), 1);
    const graph_node *conv = &graph->nodes[1];
    assert_int_equal(conv->attributes.conv2d.channels, 32 + 32 + 48);
    expect_slice(graph, graph->nodes[2].inputs[0], conv->output, 0);
    expect_slice(graph, graph->nodes[3].inputs[0], conv->output, 32);
    expect_slice(graph, graph->nodes[4].inputs[0], conv->output, 64);
    assert_int_equal(graph_shape_of(graph, graph->nodes[3].inputs[0])->dims[1], 24);
    float weights[112][16], biases[112];
    assert_int_equal(graph_evaluate(graph, conv->parameters[GRAPH_WEIGHT], weights[0]), CLADE_OK);
    assert_int_equal(graph_evaluate(graph, conv->parameters[GRAPH_BIAS], biases), CLADE_OK);
    for (size_t row = 0; row < 112; row++) {
        const bool is_padding = row >= 32 + 24 && row < 64;
        assert_int_equal(is_zero(weights[row], 16), is_padding);
        assert_int_equal(is_zero(&biases[row], 1), is_padding);
    }
}

static void test_padding_that_would_not_stay_zero_is_left_out(void **state) {
    assert_int_equal(merge_widths(*state, CLADE_SIGMOID), 2);
    const clade_graph *graph = *state;
    assert_int_equal(graph->nodes[1].attributes.conv2d.channels, 80);
}

/* Two images of 3 * 2^28 elements can still be counted in 31 bits, two of 6 * 2^28 cannot. */
static void test_what_cannot_be_counted_stays_apart(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 1, 1 << 14);
    for (int i = 0; i < 2; i++) read_by_pool(graph, pointwise(graph, x, 3));
    network_run(graph, pass_merge, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_siblings_become_slices_of_one),
        NETWORK_TEST(test_any_window_and_activation_may_be_shared),
        NETWORK_TEST(test_parameters_stand_one_below_the_other),
        NETWORK_TEST(test_siblings_without_bias_stay_without),
        NETWORK_TEST(test_siblings_without_activation_come_first),
        NETWORK_TEST(test_inception_block_has_one_pointwise_convolution_at_its_input),
        NETWORK_TEST(test_first_slice_of_a_result_joins),
        NETWORK_TEST(test_further_slice_of_a_result_is_left_out),
        cmocka_unit_test(test_slice_of_a_result_without_activation_joins_its_like_only),
        NETWORK_TEST(test_one_result_only_is_shared),
        NETWORK_TEST(test_result_that_is_an_output_is_not_shared),
        NETWORK_TEST(test_result_that_lies_in_another_is_not_shared),
        NETWORK_TEST(test_other_settings_are_no_siblings),
        NETWORK_TEST(test_another_activation_is_no_sibling),
        NETWORK_TEST(test_another_slope_is_no_sibling),
        NETWORK_TEST(test_another_input_is_no_sibling),
        NETWORK_TEST(test_groups_stay_apart),
        NETWORK_TEST(test_residual_is_left_out),
        NETWORK_TEST(test_output_is_left_out),
        NETWORK_TEST(test_input_of_a_softmax_along_rows_is_left_out),
        NETWORK_TEST(test_widths_that_break_a_block_are_padded),
        NETWORK_TEST(test_padding_that_would_not_stay_zero_is_left_out),
        NETWORK_TEST(test_what_cannot_be_counted_stays_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
