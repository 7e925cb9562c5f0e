/* Activations and residual adds go into the layer before them, and only where nobody sees the difference. */
#include "pass/network.h"

static const pass_options no_options = {.channel_block = 1};

static void fuse(clade_graph *graph, clade_tensor output) {
    network_output(graph, output, "output");
    network_run(graph, pass_fuse, no_options);
}

/* ---- Activations ------------------------------------------------------------------------------------------------------ */

static void test_convolution_takes_each_activation_but_prelu(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 3, 8);
    for (clade_activation kind = CLADE_RELU; kind <= CLADE_PRELU; kind++)
        network_output(graph, network_activation(graph, network_conv(graph, input, 4, 3), kind), NULL);
    network_run(graph, pass_fuse, no_options);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), CLADE_PRELU);
    assert_int_equal(network_only(graph, GRAPH_OP_activation)->attributes.activation.kind, CLADE_PRELU);
    for (int i = 0; i < CLADE_PRELU - 1; i++) {
        assert_int_equal(graph->nodes[i].attributes.conv2d.activation, CLADE_RELU + i);
        assert_true(graph->nodes[i].attributes.conv2d.slope == 0.25f);
    }
}

static void test_linear_takes_activation(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_linear(graph, network_input(graph, 3, 8), 4);
    fuse(graph, network_activation(graph, x, CLADE_TANH));
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->nodes[0].attributes.linear.activation, CLADE_TANH);
}

static void test_binary_takes_activation(void **state) {
    clade_graph *graph = *state;
    const clade_tensor a = network_input(graph, 3, 8), b = network_input(graph, 3, 8);
    const clade_tensor x = network_binary(graph, a, b, (clade_binary_settings){.kind = CLADE_MULTIPLY});
    fuse(graph, network_activation(graph, x, CLADE_LEAKY_RELU));
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->nodes[0].attributes.binary.activation, CLADE_LEAKY_RELU);
    assert_true(graph->nodes[0].attributes.binary.slope == 0.25f);
}

static void test_second_activation_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    fuse(graph, network_activation(graph, network_activation(graph, x, CLADE_TANH), CLADE_RELU));
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(network_only(graph, GRAPH_OP_conv2d)->attributes.conv2d.activation, CLADE_TANH);
    assert_int_equal(network_only(graph, GRAPH_OP_activation)->attributes.activation.kind, CLADE_RELU);
}

static void test_layer_read_twice_keeps_its_bare_result(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    const clade_tensor active = network_activation(graph, x, CLADE_RELU);
    fuse(graph, network_binary(graph, x, active, (clade_binary_settings){.kind = CLADE_MULTIPLY}));
    assert_int_equal(graph->node_count, 3);
}

static void test_layer_that_is_an_output_keeps_its_bare_result(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    network_output(graph, x, "bare");
    fuse(graph, network_activation(graph, x, CLADE_RELU));
    assert_int_equal(graph->node_count, 2);
}

static void test_activation_of_a_pool_or_an_input_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_activation(graph, network_input(graph, 3, 8), CLADE_RELU);
    fuse(graph, network_activation(graph, network_pool(graph, x, 3, 2), CLADE_RELU));
    assert_int_equal(network_count(graph, GRAPH_OP_activation), 2);
}

/* ---- Residual adds ---------------------------------------------------------------------------------------------------- */

/*  input -> conv 1 -> relu -> conv 2 -> add -> relu
 *      \_______________________________/               */
static void test_residual_block_becomes_two_convolutions(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    clade_tensor x = network_activation(graph, network_conv(graph, input, 4, 3), CLADE_RELU);
    x = network_add(graph, network_conv(graph, x, 4, 3), input);
    fuse(graph, network_activation(graph, x, CLADE_RELU));
    assert_int_equal(graph->node_count, 2);
    const graph_node *last = &graph->nodes[1];
    assert_int_equal(last->op, GRAPH_OP_conv2d);
    assert_int_equal(last->input_count, 2);
    assert_int_equal(last->inputs[0].id, graph->nodes[0].output.id);
    assert_int_equal(last->inputs[1].id, graph->inputs[0].id);
    assert_int_equal(last->attributes.conv2d.activation, CLADE_RELU);
}

static void test_add_gives_its_own_activation(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    const clade_binary_settings add = {.kind = CLADE_ADD, .activation = CLADE_LEAKY_RELU, .slope = 0.125f};
    const clade_tensor x = network_binary(graph, input, network_conv(graph, input, 4, 3), add);
    fuse(graph, network_activation(graph, x, CLADE_RELU)); /* comes too late */
    assert_int_equal(graph->node_count, 2);
    const graph_node *conv = network_only(graph, GRAPH_OP_conv2d);
    assert_int_equal(conv->attributes.conv2d.activation, CLADE_LEAKY_RELU);
    assert_true(conv->attributes.conv2d.slope == 0.125f);
}

static void test_later_of_two_convolutions_takes_the_add(void **state) {
    for (int swap = 0; swap < 2; swap++) {
        void *fresh = NULL;
        assert_int_equal(network_open(&fresh), 0);
        clade_graph *graph = fresh;
        const clade_tensor input = network_input(graph, 4, 8);
        const clade_tensor a = network_conv(graph, input, 4, 1), b = network_conv(graph, input, 4, 3);
        fuse(graph, swap ? network_add(graph, b, a) : network_add(graph, a, b));
        assert_int_equal(graph->node_count, 2);
        assert_int_equal(graph->nodes[0].attributes.conv2d.kernel[0], 1);
        assert_int_equal(graph->nodes[1].input_count, 2);
        network_close(&fresh);
    }
    (void)state;
}

/* The pool stands behind the convolution that takes its result in: the convolution has to move. */
static void test_convolution_moves_behind_what_it_adds(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    const clade_tensor x = network_conv(graph, input, 4, 3);
    const clade_tensor pooled = network_pool(graph, network_activation(graph, input, CLADE_RELU), 3, 1);
    fuse(graph, network_activation(graph, network_add(graph, x, pooled), CLADE_RELU));
    assert_int_equal(graph->node_count, 3);
    assert_int_equal(graph->nodes[1].op, GRAPH_OP_pool);
    assert_int_equal(graph->nodes[2].op, GRAPH_OP_conv2d);
}

/* y1 = conv a + pool(input), y2 = conv b + y1 and so on: each sum becomes the residual of the next convolution. */
static void test_sums_of_sums_become_a_chain_of_convolutions(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    clade_tensor convs[4];
    for (int i = 0; i < 4; i++) convs[i] = network_conv(graph, input, 4, 3);
    clade_tensor sum = network_pool(graph, input, 3, 1);
    for (int i = 0; i < 4; i++) sum = network_add(graph, sum, convs[3 - i]);
    fuse(graph, sum);
    assert_int_equal(graph->node_count, 5);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 4);
}

/* conv + a + b: the first sum becomes a convolution with a residual, which cannot take a second. */
static void test_convolution_takes_one_residual_only(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8), other = network_input(graph, 4, 8);
    const clade_tensor x = network_add(graph, network_conv(graph, input, 4, 3), input);
    fuse(graph, network_add(graph, x, other));
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(network_count(graph, GRAPH_OP_binary), 1);
}

static void test_add_stays_behind_an_activation(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    const clade_tensor x = network_activation(graph, network_conv(graph, input, 4, 3), CLADE_RELU);
    fuse(graph, network_add(graph, x, input));
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(network_only(graph, GRAPH_OP_conv2d)->input_count, 1);
}

static void test_add_that_broadcasts_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8), one = network_input(graph, 1, 8);
    fuse(graph, network_add(graph, network_conv(graph, input, 4, 3), one));
    assert_int_equal(network_count(graph, GRAPH_OP_binary), 1);
}

/* The convolution is what is broadcast: its result is smaller than the sum. */
static void test_add_that_broadcasts_the_convolution_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    const clade_tensor x = network_conv(graph, network_global_pool(graph, input), 4, 1);
    fuse(graph, network_add(graph, x, input));
    assert_int_equal(network_count(graph, GRAPH_OP_binary), 1);
}

static void test_product_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    const clade_tensor x = network_conv(graph, input, 4, 3);
    fuse(graph, network_binary(graph, x, input, (clade_binary_settings){.kind = CLADE_MULTIPLY}));
    assert_int_equal(network_count(graph, GRAPH_OP_binary), 1);
}

static void test_sum_of_a_tensor_with_itself_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    fuse(graph, network_add(graph, x, x));
    assert_int_equal(network_count(graph, GRAPH_OP_binary), 1);
}

/* x is read by the add and by the other side's convolution: taking the add in would close a circle. */
static void test_convolution_the_other_side_depends_on_is_left_alone(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 4, 3);
    const clade_tensor deeper = network_pool(graph, network_conv(graph, x, 4, 3), 3, 1);
    fuse(graph, network_add(graph, x, deeper));
    assert_int_equal(graph->node_count, 4);
}

static void test_convolution_that_is_an_output_is_left_alone(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    const clade_tensor x = network_conv(graph, input, 4, 3);
    network_output(graph, x, "bare");
    fuse(graph, network_add(graph, x, input));
    assert_int_equal(graph->node_count, 2);
}

static void test_linear_takes_no_add(void **state) {
    clade_graph *graph = *state;
    const clade_tensor input = network_input(graph, 4, 8);
    fuse(graph, network_add(graph, network_linear(graph, input, 4), network_linear(graph, input, 4)));
    assert_int_equal(graph->node_count, 3);
}

static void test_inception_block_is_convolutions_pool_and_concat(void **state) {
    clade_graph *graph = *state;
    static const int32_t widths[6] = {64, 96, 128, 16, 32, 32};
    network_output(graph, network_inception(graph, network_input(graph, 192, 8), widths), "output");
    network_run(graph, pass_normalise, no_options);
    network_run(graph, pass_fold, no_options);
    network_run(graph, pass_fuse, no_options);
    assert_int_equal(graph->node_count, 8);
    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_convolution_takes_each_activation_but_prelu),
        NETWORK_TEST(test_linear_takes_activation),
        NETWORK_TEST(test_binary_takes_activation),
        NETWORK_TEST(test_second_activation_stays),
        NETWORK_TEST(test_layer_read_twice_keeps_its_bare_result),
        NETWORK_TEST(test_layer_that_is_an_output_keeps_its_bare_result),
        NETWORK_TEST(test_activation_of_a_pool_or_an_input_stays),
        NETWORK_TEST(test_residual_block_becomes_two_convolutions),
        NETWORK_TEST(test_add_gives_its_own_activation),
        NETWORK_TEST(test_later_of_two_convolutions_takes_the_add),
        NETWORK_TEST(test_convolution_moves_behind_what_it_adds),
        NETWORK_TEST(test_sums_of_sums_become_a_chain_of_convolutions),
        NETWORK_TEST(test_convolution_takes_one_residual_only),
        NETWORK_TEST(test_add_stays_behind_an_activation),
        NETWORK_TEST(test_add_that_broadcasts_stays),
        NETWORK_TEST(test_add_that_broadcasts_the_convolution_stays),
        NETWORK_TEST(test_product_stays),
        NETWORK_TEST(test_sum_of_a_tensor_with_itself_stays),
        NETWORK_TEST(test_convolution_the_other_side_depends_on_is_left_alone),
        NETWORK_TEST(test_convolution_that_is_an_output_is_left_alone),
        NETWORK_TEST(test_linear_takes_no_add),
        NETWORK_TEST(test_inception_block_is_convolutions_pool_and_concat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
