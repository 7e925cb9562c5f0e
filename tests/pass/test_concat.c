/* Concat without copies: who becomes a slice of the result, who is copied, and which concats stay. That slices are aligned, cover
 * their parent and are complete before anyone reads it is checked after every pass (network.c). */
#include "pass/network.h"

enum { BLOCK = 16 };

static const pass_options plain = {.channel_block = 1},
                          blocked = {.channel_block = BLOCK, .disabled = CLADE_PASS_MERGE};

static void expect_slice(const clade_graph *graph, clade_tensor slice, clade_tensor parent, int64_t channel) {
    assert_int_equal(graph_tensor_of(graph, slice)->parent.id, parent.id);
    assert_int_equal(graph_tensor_of(graph, slice)->parent_channel, channel);
}

static clade_tensor made_by(const clade_graph *graph, size_t node) { return graph->nodes[node].output; }

/* Two convolutions, a concat, and a ReLU that reads it. */
static void test_convolutions_write_into_the_result(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 5, 3), network_conv(graph, input, 7, 1)};
    network_output(graph, network_activation(graph, network_concat(graph, parts, 2, 1), CLADE_RELU), "output");
    network_run(graph, pass_concat, plain);
    assert_int_equal(graph->node_count, 3);
    const clade_tensor result = graph->nodes[2].inputs[0];
    assert_int_equal(graph_shape_of(graph, result)->dims[1], 12);
    assert_null(graph_producer(graph, result));
    expect_slice(graph, made_by(graph, 0), result, 0);
    expect_slice(graph, made_by(graph, 1), result, 5);
}

static void test_result_may_be_an_output(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 5, 3), network_conv(graph, input, 7, 1)};
    network_output(graph, network_concat(graph, parts, 2, 1), "output");
    network_run(graph, pass_concat, plain);
    assert_int_equal(graph->node_count, 2);
    expect_slice(graph, made_by(graph, 1), network_output_tensor(graph, "output"), 5);
}

static void test_slice_may_have_other_readers(void **state) {
    clade_graph *graph = *state;
    const clade_tensor a = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    const clade_tensor parts[2] = {a, network_conv(graph, a, 6, 3)}; /* as in DenseNet */
    network_output(graph, network_concat(graph, parts, 2, 1), "output");
    network_run(graph, pass_concat, plain);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(graph->nodes[1].inputs[0].id, made_by(graph, 0).id);
}

/* ---- Copies ------------------------------------------------------------------------------------------------------------ */

/* Expects that exactly input `index` of the only concat is copied. */
static void expect_one_copy(clade_graph *graph, size_t index) {
    const graph_node *concat = network_only(graph, GRAPH_OP_concat);
    const size_t nodes = graph->node_count;
    int64_t channel = 0;
    for (size_t i = 0; i < index; i++) channel += graph_shape_of(graph, concat->inputs[i])->dims[1];
    network_run(graph, pass_concat, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_concat), 0);
    assert_int_equal(graph->node_count, nodes); /* the copy stands for the concat */
    const graph_node *copy = network_only(graph, GRAPH_OP_reorder);
    assert_int_equal(graph_tensor_of(graph, copy->output)->parent_channel, channel);
    assert_true(graph_is_tensor(graph_tensor_of(graph, copy->output)->parent));
}

static void test_graph_input_is_copied(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[3] = {network_conv(graph, input, 5, 3), input, network_conv(graph, input, 7, 1)};
    const clade_tensor joined = network_concat(graph, parts, 3, 1);
    network_output(graph, network_activation(graph, joined, CLADE_RELU), "output");
    expect_one_copy(graph, 1);
}

/* As no layout would leave it, but the pass does not lean on that. */
static void test_input_in_another_layout_is_reordered(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 5, 3), network_conv(graph, input, 7, 1)};
    graph_tensor_of(graph, parts[0])->block = BLOCK;
    network_output(graph, network_concat(graph, parts, 2, 1), "output");
    network_run(graph, pass_concat, plain);
    const graph_node *reorder = network_only(graph, GRAPH_OP_reorder);
    expect_slice(graph, reorder->output, network_output_tensor(graph, "output"), 0);
}

static void test_second_use_in_the_same_concat_is_copied(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 5, 3);
    network_output(graph, network_concat(graph, (clade_tensor[]){x, x}, 2, 1), "output");
    expect_one_copy(graph, 1);
}

static void test_slice_of_another_concat_is_copied(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor shared = network_conv(graph, input, 5, 3);
    const clade_tensor a[2] = {shared, network_conv(graph, input, 7, 1)};
    const clade_tensor b[2] = {network_conv(graph, input, 9, 1), shared};
    network_output(graph, network_concat(graph, a, 2, 1), "a");
    network_output(graph, network_concat(graph, b, 2, 1), "b");
    network_run(graph, pass_concat, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_concat), 0);
    const graph_node *copy = network_only(graph, GRAPH_OP_reorder);
    expect_slice(graph, copy->inputs[0], network_output_tensor(graph, "a"), 0);
    expect_slice(graph, copy->output, network_output_tensor(graph, "b"), 9);
}

/* Along the channels a softmax may have gaps between images, along rows or columns it may not, neither before nor behind it. */
static void test_tensors_of_a_softmax_along_rows_are_copied(void **state) {
    for (int32_t axis = 1; axis <= 3; axis++) {
        void *fresh = NULL;
        assert_int_equal(network_open(&fresh), 0);
        clade_graph *graph = fresh;
        const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 5, 3);
        clade_tensor y;
        assert_int_equal(clade_graph_softmax(graph, x, &(clade_softmax_settings){.axis = axis}, &y), CLADE_OK);
        network_output(graph, network_concat(graph, (clade_tensor[]){x, y}, 2, 1), "output");
        network_run(graph, pass_concat, plain);
        assert_int_equal(network_count(graph, GRAPH_OP_reorder), axis == 1 ? 0 : 2);
        network_close(&fresh);
    }
    (void)state;
}

/* ---- Nesting ----------------------------------------------------------------------------------------------------------- */

/* Inception-v4's last blocks: [a, [b, c], d], where the inner concat's slices lie in the outer result. */
static void test_concat_of_a_concat_is_a_slice_of_slices(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor a = network_conv(graph, input, 5, 1);
    const clade_tensor inner[2] = {network_conv(graph, input, 6, 3), network_conv(graph, input, 7, 3)};
    const clade_tensor outer[3] = {a, network_concat(graph, inner, 2, 1), network_conv(graph, input, 8, 5)};
    network_output(graph, network_concat(graph, outer, 3, 1), "output");
    network_run(graph, pass_concat, plain);
    assert_int_equal(graph->node_count, 4);
    const clade_tensor whole = network_output_tensor(graph, "output");
    const clade_tensor part = graph_tensor_of(graph, made_by(graph, 1))->parent;
    expect_slice(graph, made_by(graph, 0), whole, 0);
    expect_slice(graph, part, whole, 5);
    expect_slice(graph, made_by(graph, 1), part, 0);
    expect_slice(graph, made_by(graph, 2), part, 6);
    expect_slice(graph, made_by(graph, 3), whole, 18);
}

/* DenseNet: every layer reads all before it, so that concats nest as deep as the block, and nothing is copied. */
static void test_dense_block_is_one_tensor(void **state) {
    enum { LAYERS = 12 };
    clade_graph *graph = *state;
    clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 16, 3);
    for (int i = 0; i < LAYERS; i++)
        x = network_concat(graph, (clade_tensor[]){x, network_conv(graph, x, 16, 3)}, 2, 1);
    network_output(graph, network_activation(graph, x, CLADE_RELU), "output");
    network_run(graph, pass_concat, plain);
    assert_int_equal(graph->node_count, LAYERS + 2);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 0);
}

/* The copy is made late, but the inner result's reader has to come after it. */
static void test_reader_of_a_result_waits_for_copies(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {input, network_conv(graph, input, 5, 3)};
    const clade_tensor joined = network_concat(graph, parts, 2, 1);
    const clade_tensor again[2] = {joined, network_conv(graph, joined, 4, 3)};
    network_output(graph, network_activation(graph, network_concat(graph, again, 2, 1), CLADE_RELU), "output");
    network_run(graph, pass_concat, plain);
    assert_int_equal(graph->node_count, 4);
    assert_int_equal(graph->nodes[3].op, GRAPH_OP_activation);
}

/* ---- Concats that stay ---------------------------------------------------------------------------------------------------- */

static void test_concat_along_other_axes_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 5, 3), network_conv(graph, input, 5, 1)};
    clade_tensor batches;
    const clade_concat_settings along_batch = {.along_batch = true};
    assert_int_equal(clade_graph_concat(graph, parts, 2, &along_batch, &batches), CLADE_OK);
    network_output(graph, batches, "batches");
    network_output(graph, network_concat(graph, parts, 2, 2), "rows");
    network_output(graph, network_concat(graph, parts, 2, -1), "columns");
    network_run(graph, pass_concat, plain);
    assert_int_equal(network_count(graph, GRAPH_OP_concat), 3);
}

/* As no layout would choose, but the pass does not lean on that. */
static void test_blocked_concat_with_a_broken_block_inside_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 24, 3), network_conv(graph, input, 16, 1)};
    const clade_tensor joined = network_concat(graph, parts, 2, 1);
    for (size_t i = 0; i < graph->node_count; i++) graph_tensor_of(graph, graph->nodes[i].output)->block = BLOCK;
    clade_tensor output;
    assert_int_equal(graph_add_reorder(graph, joined, 1, &output), CLADE_OK);
    network_output(graph, output, "output");
    network_run(graph, pass_concat, blocked);
    assert_int_equal(network_count(graph, GRAPH_OP_concat), 1);
}

/* ---- With layouts ----------------------------------------------------------------------------------------------------------- */

static void test_blocked_slices_with_a_narrow_last_one(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[3] = {network_conv(graph, input, 32, 3), network_conv(graph, input, 16, 1),
                                   network_conv(graph, input, 5, 1)};
    network_output(graph, network_conv(graph, network_concat(graph, parts, 3, 1), 8, 1), "output");
    network_run_all(graph, blocked);
    assert_int_equal(graph->node_count, 5); /* four convolutions and the reorder of the output */
    const clade_tensor result = graph->nodes[3].inputs[0];
    assert_int_equal(graph_tensor_of(graph, result)->block, BLOCK);
    expect_slice(graph, made_by(graph, 2), result, 48);
}

/* 24 channels before others, unaligned: every branch is reordered straight into its slice of a plain result. */
static void test_broken_blocks_meet_in_a_plain_result(void **state) {
    clade_graph *graph = *state;
    static const int32_t widths[6] = {24, 96, 40, 16, 32, 32};
    network_output(graph, network_conv(graph, network_inception(graph, network_input(graph, 3, 8), widths), 32, 1),
                   "output");
    network_run_all(graph, (pass_options){.channel_block = BLOCK, .disabled = CLADE_PASS_MERGE | CLADE_PASS_ALIGN});
    assert_int_equal(network_count(graph, GRAPH_OP_concat), 0);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 7);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 6); /* four branches, back again, the output */
    size_t slices = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_tensor *made = graph_tensor_of(graph, made_by(graph, i));
        if (!graph_is_tensor(made->parent)) continue;
        assert_int_equal(graph->nodes[i].op, GRAPH_OP_reorder);
        assert_int_equal(made->block, 1);
        slices++;
    }
    assert_int_equal(slices, 4);
}

static void test_inception_blocks_end_as_convolutions_and_pools(void **state) {
    clade_graph *graph = *state;
    static const int32_t first[6] = {64, 96, 128, 16, 32, 32}, second[6] = {160, 112, 224, 24, 64, 64};
    clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 192, 3);
    x = network_inception(graph, network_inception(graph, x, first), second);
    network_output(graph, x, "output");
    network_run_all(graph, blocked);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 13);
    assert_int_equal(network_count(graph, GRAPH_OP_pool), 2);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1);
    assert_int_equal(graph->node_count, 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_convolutions_write_into_the_result),
        NETWORK_TEST(test_result_may_be_an_output),
        NETWORK_TEST(test_slice_may_have_other_readers),
        NETWORK_TEST(test_graph_input_is_copied),
        NETWORK_TEST(test_input_in_another_layout_is_reordered),
        NETWORK_TEST(test_second_use_in_the_same_concat_is_copied),
        NETWORK_TEST(test_slice_of_another_concat_is_copied),
        NETWORK_TEST(test_tensors_of_a_softmax_along_rows_are_copied),
        NETWORK_TEST(test_concat_of_a_concat_is_a_slice_of_slices),
        NETWORK_TEST(test_dense_block_is_one_tensor),
        NETWORK_TEST(test_reader_of_a_result_waits_for_copies),
        NETWORK_TEST(test_concat_along_other_axes_stays),
        NETWORK_TEST(test_blocked_concat_with_a_broken_block_inside_stays),
        NETWORK_TEST(test_blocked_slices_with_a_narrow_last_one),
        NETWORK_TEST(test_broken_blocks_meet_in_a_plain_result),
        NETWORK_TEST(test_inception_blocks_end_as_convolutions_and_pools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
