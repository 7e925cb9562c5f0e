/* Average pooling goes behind the 1x1 convolution that follows it: with any window and way to count, without a change of the
 * results, and only where that saves work. */
#include "pass/network.h"
#include "reference/interpreter.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 16 };

static const pass_options plain = {.channel_block = 1}, blocked = {.channel_block = BLOCK};

static const clade_pool_settings same = {
    .kind = CLADE_POOL_AVERAGE, .kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1, 1, 1}};
static const clade_conv2d_settings pointwise = {.channels = 4, .kernel = {1, 1}, .activation = CLADE_RELU};

static clade_tensor pool_with(clade_graph *graph, clade_tensor x, clade_pool_settings settings) {
    clade_tensor y;
    assert_int_equal(clade_graph_pool(graph, x, &settings, &y), CLADE_OK);
    return y;
}

/* ---- The exchange --------------------------------------------------------------------------------------------------------- */

static void test_pooling_takes_bias_and_activation_along(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 6, 8);
    clade_conv2d_settings settings = pointwise;
    settings.activation = CLADE_LEAKY_RELU;
    settings.slope = 0.5f;
    network_output(graph, network_conv_with(graph, pool_with(graph, x, same), settings), "output");
    const clade_tensor bias = network_only(graph, GRAPH_OP_conv2d)->parameters[GRAPH_BIAS];
    char *name = graph_tensor_of(graph, bias)->name;
    network_run(graph, pass_commute, plain);

    assert_int_equal(graph->node_count, 2);
    const graph_node *conv = &graph->nodes[0], *pool = &graph->nodes[1];
    assert_int_equal(conv->op, GRAPH_OP_conv2d);
    assert_int_equal(conv->attributes.conv2d.activation, CLADE_ACTIVATION_NONE);
    assert_true(conv->attributes.conv2d.no_bias);
    assert_false(graph_is_tensor(conv->parameters[GRAPH_BIAS]));
    assert_int_equal(pool->op, GRAPH_OP_pool);
    assert_int_equal(pool->inputs[0].id, conv->output.id);
    assert_ptr_equal(graph_tensor_of(graph, pool->parameters[GRAPH_BIAS])->name, name);
    assert_int_equal(pool->pool_activation, CLADE_LEAKY_RELU);
    assert_true(pool->pool_slope == 0.5f);
    assert_string_equal(pool->words, "average 3x3 / 1, pad 1, + bias, leaky relu");
    assert_int_equal(network_output_tensor(graph, "output").id, pool->output.id);
}

/* Behind batch norm and ReLU, which fold and fuse have put into the convolution. */
static void test_block_with_average_pooling_has_one_pointwise_convolution(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_conv(graph, network_input(graph, 3, 8), 64, 3);
    const clade_tensor reduced =
        network_activation(graph, network_norm(graph, network_conv(graph, x, 16, 1)), CLADE_RELU);
    const clade_tensor pooled = network_conv(graph, pool_with(graph, x, same), 48, 1);
    const clade_tensor branches[3] = {
        network_activation(graph, network_norm(graph, network_conv(graph, x, 32, 1)), CLADE_RELU),
        network_conv(graph, reduced, 32, 3),
        network_activation(graph, network_norm(graph, pooled), CLADE_RELU),
    };
    network_output(graph, network_pool(graph, network_concat(graph, branches, 3, 1), 3, 1), "output");
    network_run_all(graph, blocked);

    assert_int_equal(network_count(graph, GRAPH_OP_conv2d), 3); /* first, merged, 3x3 */
    const graph_node *merged = &graph->nodes[1];
    assert_int_equal(merged->attributes.conv2d.channels, 16 + 32 + 48);
    assert_int_equal(merged->attributes.conv2d.activation, CLADE_RELU);
    assert_int_equal(merged->linear_channels, 48); /* the pooling's come first, and its activation later */
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].op == GRAPH_OP_pool && graph->nodes[i].pool_activation == CLADE_RELU)
            assert_int_equal(graph_tensor_of(graph, graph->nodes[i].inputs[0])->parent_channel, 0);
}

/* ---- The same results ----------------------------------------------------------------------------------------------------- */

static int32_t random_below(uint64_t *state, int32_t bound) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (int32_t)((*state >> 33) % (uint64_t)bound);
}

static clade_pool_settings random_pool(uint64_t *state) {
    clade_pool_settings s = {.kind = CLADE_POOL_AVERAGE, .stride = {1, 1}};
    s.kernel[0] = 1 + random_below(state, 4);
    s.kernel[1] = 1 + random_below(state, 4);
    s.padding = (clade_padding){random_below(state, s.kernel[0]), random_below(state, s.kernel[1]),
                                random_below(state, s.kernel[0]), random_below(state, s.kernel[1])};
    s.count_include_pad = random_below(state, 2);
    return s;
}

/* One average pooling, whatever it is, and a convolution behind it. True when they change places. */
static bool expect_same_results(clade_graph *graph, uint64_t seed) {
    static const clade_activation activations[] = {CLADE_ACTIVATION_NONE, CLADE_RELU, CLADE_SIGMOID};
    uint64_t random = seed;
    const clade_tensor x = network_input(graph, 3, 5);
    const clade_conv2d_settings conv = {.channels = 1 + random_below(&random, 3),
                                        .kernel = {1, 1},
                                        .no_bias = random_below(&random, 2),
                                        .activation = activations[random_below(&random, 3)]};
    network_output(graph, network_conv_with(graph, pool_with(graph, x, random_pool(&random)), conv), "output");
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    float input[2 * 3 * 5 * 5];
    clade_fill_input("input", input, BASE_COUNT(input));

    const clade_tensor before = network_output_tensor(graph, "output");
    double **expected = interpreter_run(graph, (const float *const[]){input});
    clade_graph *commuted = NULL;
    assert_int_equal(graph_clone(graph, &commuted), CLADE_OK);
    network_run(commuted, pass_commute, plain);
    const bool is_done = commuted->nodes[0].op == GRAPH_OP_conv2d;
    const clade_tensor after = network_output_tensor(commuted, "output");
    double **actual = interpreter_run(commuted, (const float *const[]){input});
    for (size_t i = 0; i < interpreter_elements(graph, before); i++)
        assert_true(fabs(expected[before.id][i] - actual[after.id][i]) <= 1e-12);
    interpreter_free(graph, expected);
    interpreter_free(commuted, actual);
    clade_graph_destroy(&commuted);
    return is_done;
}

static void test_results_stay_the_same(void **state) {
    (void)state;
    size_t done = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        void *graph = NULL;
        assert_int_equal(network_open(&graph), 0);
        done += expect_same_results(graph, seed);
        assert_int_equal(network_close(&graph), 0);
    }
    assert_true(done > 50);
}

/* ---- Where nothing is to be gained, or wrong --------------------------------------------------------------------------------- */

static void expect_no_exchange(clade_graph *graph) {
    network_run(graph, pass_commute, plain);
    assert_int_equal(graph->nodes[0].op, GRAPH_OP_pool);
}

static void expect_no_exchange_of(clade_pool_settings pool, clade_conv2d_settings conv) {
    void *graph = NULL;
    assert_int_equal(network_open(&graph), 0);
    network_output(graph, network_conv_with(graph, pool_with(graph, network_input(graph, 6, 8), pool), conv), "output");
    expect_no_exchange(graph);
    assert_int_equal(network_close(&graph), 0);
}

static void test_other_poolings_and_convolutions_stay(void **state) {
    (void)state;
    clade_pool_settings maximum = same, halving = same;
    maximum.kind = CLADE_POOL_MAX;
    halving.stride[1] = 2;
    expect_no_exchange_of(maximum, pointwise);
    expect_no_exchange_of(halving, pointwise);
    expect_no_exchange_of((clade_pool_settings){.kind = CLADE_POOL_AVERAGE, .global = true}, pointwise);

    static const clade_conv2d_settings others[] = {
        {.channels = 6, .kernel = {1, 1}}, /* as many channels as it reads */
        {.channels = 4, .kernel = {1, 2}},
        {.channels = 4, .kernel = {2, 1}},
        {.channels = 4, .kernel = {1, 1}, .stride = {1, 2}},
        {.channels = 4, .kernel = {1, 1}, .padding = {0, 0, 0, 1}},
        {.channels = 4, .kernel = {1, 1}, .groups = 2},
    };
    for (size_t i = 0; i < BASE_COUNT(others); i++) expect_no_exchange_of(same, others[i]);
}

static void test_pooling_that_others_read_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor pooled = pool_with(graph, network_input(graph, 6, 8), same);
    network_output(graph, network_conv_with(graph, pooled, pointwise), "output");
    network_output(graph, network_conv(graph, pooled, 4, 3), "other");
    expect_no_exchange(graph);
}

static void test_pooling_that_is_an_output_stays(void **state) {
    clade_graph *graph = *state;
    const clade_tensor pooled = pool_with(graph, network_input(graph, 6, 8), same);
    network_output(graph, pooled, "pooled");
    network_output(graph, network_conv_with(graph, pooled, pointwise), "output");
    expect_no_exchange(graph);
}

static void test_residual_stays_behind_its_convolution(void **state) {
    clade_graph *graph = *state;
    const clade_tensor pooled = pool_with(graph, network_input(graph, 6, 8), same);
    const clade_conv2d_settings settings = {.channels = 4, .kernel = {1, 1}};
    const clade_tensor y = network_conv_with(graph, pooled, settings);
    network_output(graph, network_add(graph, y, network_input(graph, 4, 8)), "output");
    network_run(graph, pass_fuse, plain);
    expect_no_exchange(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_pooling_takes_bias_and_activation_along),
        NETWORK_TEST(test_block_with_average_pooling_has_one_pointwise_convolution),
        cmocka_unit_test(test_results_stay_the_same),
        cmocka_unit_test(test_other_poolings_and_convolutions_stay),
        NETWORK_TEST(test_pooling_that_others_read_stays),
        NETWORK_TEST(test_pooling_that_is_an_output_stays),
        NETWORK_TEST(test_residual_stays_behind_its_convolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
