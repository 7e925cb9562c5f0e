/* Blocked layouts follow convolutions, reorders stand where layouts meet and nowhere else. */
#include "pass/network.h"

enum { BLOCK = 16 };

static const pass_options blocked = {.channel_block = BLOCK};

static void lay_out(clade_graph *graph, clade_tensor output) {
    network_output(graph, output, "output");
    network_run(graph, pass_normalise, blocked); /* batch norms are scales by now */
    network_run(graph, pass_layout, blocked);
    /* What the operators' kernels rely on, whatever was chosen. */
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        const int32_t block = graph_tensor_of(graph, node->output)->block;
        for (size_t k = 0; k < node->input_count; k++) {
            const graph_tensor *input = graph_tensor_of(graph, node->inputs[k]);
            if (node->op == GRAPH_OP_reorder)
                assert_int_not_equal(input->block, block);
            else if (node->op == GRAPH_OP_conv2d && node->attributes.conv2d.groups == 1 && k == 0 &&
                     input->shape.dims[1] < BLOCK)
                assert_true(block == BLOCK || input->block == 1);
            else
                assert_int_equal(input->block, block);
        }
    }
}

static int32_t block_of(const clade_graph *graph, graph_op op) {
    return graph_tensor_of(graph, network_only(graph, op)->output)->block;
}

static void test_plain_devices_keep_plain_tensors(void **state) {
    clade_graph *graph = *state;
    network_output(graph, network_conv(graph, network_input(graph, 32, 8), 32, 3), "output");
    network_run(graph, pass_layout, (pass_options){.channel_block = 1});
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(block_of(graph, GRAPH_OP_conv2d), 1);
}

/* image -> conv -> relu -> pool -> lrn -> batch norm -> conv -> output: one reorder, at the end. */
static void test_chain_is_blocked_from_the_first_convolution_on(void **state) {
    clade_graph *graph = *state;
    clade_tensor x = network_conv(graph, network_input(graph, 3, 16), 64, 3);
    x = network_pool(graph, network_activation(graph, x, CLADE_PRELU), 3, 2);
    assert_int_equal(clade_graph_lrn(graph, x, &(clade_lrn_settings){.size = 5}, &x), CLADE_OK);
    x = network_scale(graph, x, (clade_scale_settings){.channel_scale = true});
    lay_out(graph, network_conv(graph, x, 24, 3));
    assert_int_equal(graph->node_count, 7);
    for (size_t i = 0; i < 6; i++) assert_int_equal(graph_tensor_of(graph, graph->nodes[i].output)->block, BLOCK);
    assert_int_equal(graph->nodes[6].op, GRAPH_OP_reorder);
}

static void test_convolution_of_many_plain_channels_needs_a_reorder(void **state) {
    clade_graph *graph = *state;
    lay_out(graph, network_conv(graph, network_input(graph, BLOCK, 8), 32, 3));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2);
}

static void test_convolution_of_few_plain_channels_needs_none(void **state) {
    clade_graph *graph = *state;
    lay_out(graph, network_conv(graph, network_input(graph, BLOCK - 1, 8), 32, 3));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

/* Six channels came out of a blocked convolution: they stay blocked for the next. */
static void test_few_blocked_channels_are_read_as_they_are(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 1, 8), 6, 3);
    lay_out(graph, network_conv(graph, x, 16, 3));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

static void grouped(clade_graph *graph, int32_t in_channels, int32_t channels, int32_t groups) {
    clade_tensor x = network_conv(graph, network_input(graph, 3, 8), in_channels, 3);
    x = network_conv_with(graph, x, (clade_conv2d_settings){.channels = channels, .kernel = {3, 3}, .groups = groups});
    lay_out(graph, network_activation(graph, x, CLADE_RELU));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

static void test_depthwise_convolution_is_blocked(void **state) {
    grouped(*state, 40, 40, 40);
    assert_int_equal(block_of(*state, GRAPH_OP_activation), BLOCK);
}

static void test_groups_across_blocks_stay_plain(void **state) {
    grouped(*state, 48, 48, 4); /* 12 channels each */
    assert_int_equal(block_of(*state, GRAPH_OP_activation), 1);
}

static void test_plain_groups_read_plain_however_few_channels(void **state) {
    grouped(*state, 8, 16, 8); /* two outputs of each input */
    assert_int_equal(block_of(*state, GRAPH_OP_activation), 1);
}

static void test_depthwise_convolution_of_few_plain_channels_needs_a_reorder(void **state) {
    clade_graph *graph = *state;
    lay_out(graph, network_conv_with(graph, network_input(graph, 3, 8),
                                     (clade_conv2d_settings){.channels = 3, .kernel = {3, 3}, .groups = 3}));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2);
}

static void test_pool_of_a_plain_input_stays_plain(void **state) {
    clade_graph *graph = *state;
    lay_out(graph, network_pool(graph, network_input(graph, 32, 8), 3, 2));
    assert_int_equal(graph->node_count, 1);
}

static void test_readers_share_one_reorder(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 32, 3);
    network_output(graph, network_flatten(graph, x), "one");
    network_output(graph, network_linear(graph, x, 5), "two");
    lay_out(graph, x);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

static void test_plain_tensor_is_reordered_once_for_all_convolutions(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 32, 8);
    const clade_tensor parts[3] = {network_conv(graph, x, 16, 1), network_conv(graph, x, 16, 3),
                                   network_conv(graph, x, 16, 5)};
    lay_out(graph, network_concat(graph, parts, 3, 1));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2);
    assert_int_equal(graph->nodes[0].op, GRAPH_OP_reorder);
}

/* The tail of every classifier. One pixel and whole blocks: the plan makes nothing of this reorder. */
static void test_global_pool_is_reordered_after_it(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 32, 3);
    lay_out(graph, network_linear(graph, network_flatten(graph, network_global_pool(graph, x)), 10));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
    assert_int_equal(block_of(graph, GRAPH_OP_pool), BLOCK);
    assert_int_equal(graph_shape_of(graph, network_only(graph, GRAPH_OP_reorder)->output)->dims[2], 1);
}

static void test_other_operators_read_plain(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 32, 3);
    clade_tensor y[5];
    assert_int_equal(clade_graph_softmax(graph, x, &(clade_softmax_settings){.axis = 1}, &y[0]), CLADE_OK);
    assert_int_equal(clade_graph_pad(graph, x, &(clade_pad_settings){.before = {0, 0, 1, 1}}, &y[1]), CLADE_OK);
    assert_int_equal(clade_graph_transpose(graph, x, &(clade_transpose_settings){.order = {0, 2, 3, 1}}, &y[2]),
                     CLADE_OK);
    assert_int_equal(clade_graph_slice(graph, x, &(clade_slice_settings){.end = {0, 20}}, &y[3]), CLADE_OK);
    assert_int_equal(clade_graph_mean(graph, x, &(clade_mean_settings){.axes = {0, 1, 0, 0}}, &y[4]), CLADE_OK);
    for (int i = 0; i < 4; i++) network_output(graph, y[i], NULL);
    lay_out(graph, y[4]);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

/* ---- Two inputs -------------------------------------------------------------------------------------------------------- */

static void test_sum_of_blocked_and_plain_is_blocked(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 24, 8);
    const clade_tensor x = network_activation(graph, network_conv(graph, input, 24, 3), CLADE_RELU);
    lay_out(graph, network_conv(graph, network_add(graph, x, input), 16, 1));
    assert_int_equal(block_of(graph, GRAPH_OP_binary), BLOCK);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2); /* the input once for both readers, the output */
}

/* One number for each channel of each image, as squeeze-and-excitation makes. */
static void test_product_with_a_gate_is_blocked(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 24, 3);
    const clade_tensor gate = network_conv(graph, network_global_pool(graph, x), 24, 1);
    lay_out(graph, network_binary(graph, x, gate, (clade_binary_settings){.kind = CLADE_MULTIPLY}));
    assert_int_equal(block_of(graph, GRAPH_OP_binary), BLOCK);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1); /* the output */
}

static void test_other_broadcasts_are_plain(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 32, 3);
    clade_tensor rows;
    assert_int_equal(clade_graph_mean(graph, x, &(clade_mean_settings){.axes = {0, 0, 0, 1}}, &rows), CLADE_OK);
    lay_out(graph, network_binary(graph, x, rows, (clade_binary_settings){.kind = CLADE_MULTIPLY}));
    assert_int_equal(block_of(graph, GRAPH_OP_binary), 1);
}

static int32_t block_with_constant(int32_t channels, clade_shape shape) {
    void *fresh = NULL;
    assert_int_equal(network_open(&fresh), 0);
    clade_graph *graph = fresh;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), channels, 3);
    lay_out(graph, network_binary(graph, x, GRAPH_NO_TENSOR, (clade_binary_settings){.constant = shape}));
    const int32_t block = block_of(graph, GRAPH_OP_binary);
    network_close(&fresh);
    return block;
}

static void test_a_constant_is_plain_but_for_one_number(void **state) {
    (void)state;
    assert_int_equal(block_with_constant(32, (clade_shape){1, {1}}), BLOCK);
    assert_int_equal(block_with_constant(24, (clade_shape){1, {1}}), 1); /* padding lanes */
    assert_int_equal(block_with_constant(32, (clade_shape){3, {32, 1, 1}}), 1);
}

/* sigmoid(0) is no zero, nor is 0 / 0, and padding lanes have to be. */
static void expect_blocked_only_without_padding_lanes(clade_binary_settings settings) {
    for (int32_t channels = 24; channels <= 32; channels += 8) {
        void *fresh = NULL;
        assert_int_equal(network_open(&fresh), 0);
        clade_graph *graph = fresh;
        const clade_tensor input = network_input(graph, 3, 8);
        const clade_tensor a = network_conv(graph, input, channels, 3), b = network_conv(graph, input, channels, 1);
        lay_out(graph, network_binary(graph, a, b, settings));
        assert_int_equal(block_of(graph, GRAPH_OP_binary), channels == 32 ? BLOCK : 1);
        network_close(&fresh);
    }
}

static void test_what_makes_no_zeros_is_blocked_only_without_padding_lanes(void **state) {
    (void)state;
    expect_blocked_only_without_padding_lanes((clade_binary_settings){.activation = CLADE_SIGMOID});
    expect_blocked_only_without_padding_lanes((clade_binary_settings){.kind = CLADE_DIVIDE});
    expect_blocked_only_without_padding_lanes((clade_binary_settings){.kind = CLADE_POWER});
}

static void test_residual_lies_as_the_result(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 8, 8);
    clade_tensor x = network_add(graph, network_conv(graph, input, 8, 3), input);
    network_output(graph, x, "output");
    network_run(graph, pass_fuse, blocked);
    network_run(graph, pass_layout, blocked);
    const graph_node *conv = network_only(graph, GRAPH_OP_conv2d);
    assert_int_equal(graph_tensor_of(graph, conv->inputs[0])->block, 1); /* few channels */
    assert_int_equal(graph_tensor_of(graph, conv->inputs[1])->block, BLOCK);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2);
}

/* ---- Concat ------------------------------------------------------------------------------------------------------------ */

static void concat_of(clade_graph *graph, const int32_t *widths, size_t count, int32_t expected_block) {
    const clade_tensor input = network_input(graph, 3, 8);
    clade_tensor parts[8];
    for (size_t i = 0; i < count; i++) parts[i] = network_conv(graph, input, widths[i], 3);
    lay_out(graph, network_conv(graph, network_concat(graph, parts, count, 1), 32, 1));
    assert_int_equal(block_of(graph, GRAPH_OP_concat), expected_block);
}

static void test_concat_of_whole_blocks_is_blocked(void **state) {
    clade_graph *graph = *state;
    concat_of(graph, (int32_t[]){64, 128, 32, 16}, 4, BLOCK);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

static void test_last_slice_may_be_of_any_width(void **state) {
    clade_graph *graph = *state;
    concat_of(graph, (int32_t[]){64, 24}, 2, BLOCK);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

static void test_concat_with_a_broken_block_inside_is_plain(void **state) {
    clade_graph *graph = *state;
    concat_of(graph, (int32_t[]){24, 64, 32}, 3, 1);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 5); /* into plain, back, the output */
}

static void test_concat_along_rows_is_plain(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 32, 3), network_conv(graph, input, 32, 1)};
    lay_out(graph, network_concat(graph, parts, 2, 2));
    assert_int_equal(block_of(graph, GRAPH_OP_concat), 1);
}

/* ---- Networks ---------------------------------------------------------------------------------------------------------- */

static void test_two_inception_blocks_need_a_reorder_at_the_end_only(void **state) {
    clade_graph *graph = *state;
    static const int32_t first[6] = {64, 96, 128, 16, 32, 32}, second[6] = {160, 112, 224, 24, 64, 64};
    clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 192, 3);
    x = network_inception(graph, network_inception(graph, x, first), second);
    lay_out(graph, network_linear(graph, network_flatten(graph, network_global_pool(graph, x)), 10));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
}

static void test_intermediate_output_is_reordered_beside_the_network(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 32, 3);
    network_output(graph, x, "features");
    lay_out(graph, network_conv(graph, x, 32, 3));
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2);
    assert_int_equal(graph_producer(graph, network_output_tensor(graph, "features"))->op, GRAPH_OP_reorder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_plain_devices_keep_plain_tensors),
        NETWORK_TEST(test_chain_is_blocked_from_the_first_convolution_on),
        NETWORK_TEST(test_convolution_of_many_plain_channels_needs_a_reorder),
        NETWORK_TEST(test_convolution_of_few_plain_channels_needs_none),
        NETWORK_TEST(test_few_blocked_channels_are_read_as_they_are),
        NETWORK_TEST(test_depthwise_convolution_is_blocked),
        NETWORK_TEST(test_groups_across_blocks_stay_plain),
        NETWORK_TEST(test_plain_groups_read_plain_however_few_channels),
        NETWORK_TEST(test_depthwise_convolution_of_few_plain_channels_needs_a_reorder),
        NETWORK_TEST(test_pool_of_a_plain_input_stays_plain),
        NETWORK_TEST(test_readers_share_one_reorder),
        NETWORK_TEST(test_plain_tensor_is_reordered_once_for_all_convolutions),
        NETWORK_TEST(test_global_pool_is_reordered_after_it),
        NETWORK_TEST(test_other_operators_read_plain),
        NETWORK_TEST(test_sum_of_blocked_and_plain_is_blocked),
        NETWORK_TEST(test_product_with_a_gate_is_blocked),
        NETWORK_TEST(test_other_broadcasts_are_plain),
        NETWORK_TEST(test_a_constant_is_plain_but_for_one_number),
        NETWORK_TEST(test_what_makes_no_zeros_is_blocked_only_without_padding_lanes),
        NETWORK_TEST(test_residual_lies_as_the_result),
        NETWORK_TEST(test_concat_of_whole_blocks_is_blocked),
        NETWORK_TEST(test_last_slice_may_be_of_any_width),
        NETWORK_TEST(test_concat_with_a_broken_block_inside_is_plain),
        NETWORK_TEST(test_concat_along_rows_is_plain),
        NETWORK_TEST(test_two_inception_blocks_need_a_reorder_at_the_end_only),
        NETWORK_TEST(test_intermediate_output_is_reordered_beside_the_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
