/* Every output of a compiled graph has memory that is nobody else's. */
#include "pass/network.h"

static const pass_options options = {.channel_block = 1};

static void expect_outputs_apart(const clade_graph *graph) {
    for (size_t i = 0; i < graph->output_count; i++) {
        const graph_tensor *tensor = graph_tensor_of(graph, graph->outputs[i].tensor);
        assert_int_equal(tensor->kind, CLADE_TENSOR_ACTIVATION);
        assert_false(graph_is_tensor(tensor->parent));
        for (size_t j = 0; j < i; j++) assert_int_not_equal(graph->outputs[i].tensor.id, graph->outputs[j].tensor.id);
    }
}

static void test_ordinary_outputs_are_left_alone(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 5, 3);
    network_output(graph, x, "a");
    network_output(graph, network_pool(graph, x, 3, 2), "b");
    network_run(graph, pass_outputs, options);
    assert_int_equal(graph->node_count, 2);
    expect_outputs_apart(graph);
}

static void test_input_as_output_is_copied(void **state) {
    clade_graph *graph = *state;
    network_output(graph, network_dropout(graph, network_input(graph, 3, 8)), "output");
    network_run_all(graph, options);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(network_only(graph, GRAPH_OP_reorder)->inputs[0].id, graph->inputs[0].id);
    expect_outputs_apart(graph);
}

static void test_second_name_of_an_output_is_copied(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 5, 3);
    for (int i = 0; i < 3; i++) network_output(graph, network_dropout(graph, x), NULL);
    network_run_all(graph, options);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2);
    expect_outputs_apart(graph);
}

static void test_slice_as_output_is_copied(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 5, 3), network_conv(graph, input, 7, 1)};
    network_output(graph, parts[1], "features");
    network_output(graph, network_concat(graph, parts, 2, 1), "output");
    network_run_all(graph, options);
    assert_int_equal(graph->node_count, 3);
    const graph_node *copy = network_only(graph, GRAPH_OP_reorder);
    assert_int_equal(copy->output.id, network_output_tensor(graph, "features").id);
    assert_int_equal(graph_tensor_of(graph, copy->inputs[0])->parent_channel, 5);
    expect_outputs_apart(graph);
}

/* The reorder that a blocked result needs anyway is copy enough. */
static void test_blocked_slice_as_output_needs_one_reorder(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    const clade_tensor parts[2] = {network_conv(graph, input, 16, 3), network_conv(graph, input, 32, 1)};
    network_output(graph, parts[1], "features");
    network_output(graph, network_conv(graph, network_concat(graph, parts, 2, 1), 8, 1), "output");
    network_run_all(graph, (pass_options){.channel_block = 16});
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 2);
    expect_outputs_apart(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_ordinary_outputs_are_left_alone),           NETWORK_TEST(test_input_as_output_is_copied),
        NETWORK_TEST(test_second_name_of_an_output_is_copied),        NETWORK_TEST(test_slice_as_output_is_copied),
        NETWORK_TEST(test_blocked_slice_as_output_needs_one_reorder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
