/* Slices of concats begin at whole blocks: the gaps between them, who can read them, and that results stay the same. */
#include "pass/network.h"
#include "reference/interpreter.h"

#include <math.h>

enum { BLOCK = 16 };

static const pass_options blocked = {.channel_block = BLOCK};

/* Two convolutions of one input, joined. */
static clade_tensor joined(clade_graph *graph, int32_t first, int32_t second) {
    const clade_tensor x = network_input(graph, 3, 6);
    const clade_tensor parts[2] = {network_conv(graph, x, first, 3), network_conv(graph, x, second, 3)};
    return network_concat(graph, parts, 2, 1);
}

static int64_t channels_of(const clade_graph *graph, clade_tensor tensor) {
    return graph_shape_of(graph, tensor)->dims[1];
}

/* ---- Gaps ------------------------------------------------------------------------------------------------------------------- */

static void test_slices_begin_at_blocks(void **state) {
    clade_graph *graph = *state;
    network_output(graph, network_conv(graph, joined(graph, 20, 30), 8, 3), "output");
    network_run(graph, pass_align, blocked);
    const graph_node *concat = network_only(graph, GRAPH_OP_concat);
    assert_int_equal(concat->concat_align, BLOCK);
    assert_int_equal(channels_of(graph, concat->output), 62);
    assert_string_equal(concat->words, "2 along axis 1, from multiples of 16");
    network_run(graph, pass_layout, blocked);
    network_run(graph, pass_concat, blocked);
    assert_int_equal(network_count(graph, GRAPH_OP_concat), 0);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1); /* of the output */
    assert_int_equal(graph_tensor_of(graph, graph->nodes[0].output)->parent_channel, 0);
    assert_int_equal(graph_tensor_of(graph, graph->nodes[1].output)->parent_channel, 32);
}

/* What reads channels [0, 20) and [32, 62) has its old weights for them, and zeros in between. */
static void test_weights_for_a_gap_are_zero(void **state) {
    clade_graph *graph = *state;
    enum { OUT = 8, IN = 50, WIDE = 62, TAPS = 9 };
    static float before[OUT][IN][TAPS], after[OUT][WIDE][TAPS];
    network_output(graph, network_conv(graph, joined(graph, 20, 30), OUT, 3), "output");
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    const clade_tensor output = network_output_tensor(graph, "output");
    assert_int_equal(graph_evaluate(graph, graph_producer(graph, output)->parameters[GRAPH_WEIGHT], before[0][0]),
                     CLADE_OK);
    network_run(graph, pass_align, blocked);
    const graph_node *conv = graph_producer(graph, network_output_tensor(graph, "output"));
    assert_int_equal(channels_of(graph, conv->parameters[GRAPH_WEIGHT]), WIDE);
    assert_int_equal(graph_evaluate(graph, conv->parameters[GRAPH_WEIGHT], after[0][0]), CLADE_OK);
    for (int o = 0; o < OUT; o++)
        for (int c = 0; c < WIDE; c++)
            for (int t = 0; t < TAPS; t++) {
                const bool is_gap = c >= 20 && c < 32;
                assert_true(after[o][c][t] == (is_gap ? 0 : before[o][c < 20 ? c : c - 12][t]));
            }
}

/* Gaps of 12 and, in the outer result, of 2 more; 4 x 4 pixels lie flat. */
static void test_gaps_go_through_to_a_fully_connected_layer(void **state) {
    clade_graph *graph = *state;
    const clade_tensor inner = network_pool(graph, joined(graph, 20, 30), 3, 1);
    const clade_tensor parts[2] = {network_activation(graph, inner, CLADE_SIGMOID),
                                   network_conv(graph, network_input(graph, 3, 6), 5, 1)};
    const clade_tensor outer = network_concat(graph, parts, 2, 1);
    network_output(graph, network_linear(graph, network_flatten(graph, network_pool(graph, outer, 3, 2)), 10),
                   "output");
    network_run(graph, pass_align, blocked);
    const graph_node *linear = network_only(graph, GRAPH_OP_linear);
    assert_int_equal(channels_of(graph, linear->parameters[GRAPH_WEIGHT]), (64 + 5) * 3 * 3);
    network_run_all(graph, blocked);
    assert_int_equal(network_count(graph, GRAPH_OP_concat), 0);
    assert_int_equal(network_count(graph, GRAPH_OP_reorder), 1); /* before the flatten */
}

/* ---- The same results ------------------------------------------------------------------------------------------------------- */

static int32_t random_below(uint64_t *state, int32_t bound) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (int32_t)((*state >> 33) % (uint64_t)bound);
}

/* What passes gaps on. */
static clade_tensor random_step(clade_graph *graph, clade_tensor x, uint64_t *random) {
    clade_tensor y;
    switch (random_below(random, 6)) {
    case 0:
        return network_pool(graph, x, 3, 1);
    case 1:
        return network_scale(graph, x,
                             (clade_scale_settings){.offset = 1, .channel_scale = true, .channel_shift = true});
    case 2:
        assert_int_equal(clade_graph_activation(
                             graph, x,
                             &(clade_activation_settings){.kind = CLADE_PRELU, .shared_slope = random_below(random, 2)},
                             &y),
                         CLADE_OK);
        return y;
    case 3:
        return network_activation(graph, x, CLADE_SIGMOID);
    default:
        return x;
    }
}

static clade_tensor random_block(clade_graph *graph, clade_tensor x, uint64_t *random) {
    clade_tensor parts[3];
    const size_t count = 2 + (size_t)random_below(random, 2);
    for (size_t i = 0; i < count; i++) {
        const bool is_conv = i == 0 || random_below(random, 3) > 0;
        parts[i] = is_conv ? network_conv(graph, x, 1 + random_below(random, 20), random_below(random, 2) ? 1 : 3)
                           : network_pool(graph, x, 3, 1);
    }
    return random_step(graph, network_concat(graph, parts, count, 1), random);
}

static clade_tensor random_head(clade_graph *graph, clade_tensor x, uint64_t *random) {
    clade_tensor y;
    switch (random_below(random, 4)) {
    case 0:
        return network_linear(graph, x, 3);
    case 1:
        return network_linear(graph, network_flatten(graph, x), 3);
    case 2:
        assert_int_equal(
            clade_graph_mean(graph, x, &(clade_mean_settings){.axes = {false, false, true, true}, .drop = true}, &y),
            CLADE_OK);
        return network_linear(graph, y, 3);
    default:
        return network_conv(graph, x, 3, 1);
    }
}

/* How many concats were aligned. */
static size_t expect_same_results(clade_graph *graph, uint64_t seed) {
    uint64_t random = seed;
    clade_tensor x = network_input(graph, 3, 5);
    for (int i = random_below(&random, 3); i >= 0; i--) x = random_block(graph, x, &random);
    network_output(graph, random_head(graph, x, &random), "output");
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    float input[2 * 3 * 5 * 5];
    clade_fill_input("input", input, BASE_COUNT(input));

    const clade_tensor before = network_output_tensor(graph, "output");
    double **expected = interpreter_run(graph, (const float *const[]){input});
    clade_graph *aligned = NULL;
    assert_int_equal(graph_clone(graph, &aligned), CLADE_OK);
    network_run(aligned, pass_align, (pass_options){.channel_block = 4});
    const clade_tensor after = network_output_tensor(aligned, "output");
    double **actual = interpreter_run(aligned, (const float *const[]){input});
    for (size_t i = 0; i < interpreter_elements(graph, before); i++)
        assert_true(fabs(expected[before.id][i] - actual[after.id][i]) <= 1e-9 * (1 + fabs(expected[before.id][i])));
    size_t count = 0;
    for (size_t i = 0; i < aligned->node_count; i++) count += aligned->nodes[i].concat_align > 1;
    interpreter_free(graph, expected);
    interpreter_free(aligned, actual);
    clade_graph_destroy(&aligned);
    return count;
}

static void test_results_stay_the_same(void **state) {
    (void)state;
    size_t count = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        void *graph = NULL;
        assert_int_equal(network_open(&graph), 0);
        count += expect_same_results(graph, seed);
        assert_int_equal(network_close(&graph), 0);
    }
    assert_true(count > 200);
}

/* ---- Where gaps may not be ------------------------------------------------------------------------------------------------------ */

static void expect_no_gaps(clade_graph *graph, pass_options options) {
    network_run(graph, pass_align, options);
    assert_int_equal(network_only(graph, GRAPH_OP_concat)->concat_align, 0);
    assert_int_equal(channels_of(graph, network_only(graph, GRAPH_OP_concat)->output), 50);
}

static void test_output_has_no_gaps(void **state) {
    clade_graph *graph = *state;
    network_output(graph, network_activation(graph, joined(graph, 20, 30), CLADE_RELU), "output");
    expect_no_gaps(graph, blocked);
}

static void test_normalisation_across_channels_reads_no_gaps(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = joined(graph, 20, 30);
    clade_tensor y;
    assert_int_equal(clade_graph_lrn(graph, x, &(clade_lrn_settings){.size = 5}, &y), CLADE_OK);
    network_output(graph, network_conv(graph, y, 8, 1), "output");
    network_output(graph, network_conv(graph, x, 8, 1), "other");
    expect_no_gaps(graph, blocked);
}

static void test_residual_has_no_gaps(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = joined(graph, 20, 30);
    network_output(graph, network_conv(graph, network_add(graph, x, network_conv(graph, x, 50, 1)), 8, 1), "output");
    network_run(graph, pass_fuse, blocked);
    expect_no_gaps(graph, blocked);
}

static void test_groups_read_no_gaps(void **state) {
    clade_graph *graph = *state;
    const clade_conv2d_settings settings = {.channels = 10, .kernel = {1, 1}, .groups = 2};
    network_output(graph, network_conv_with(graph, joined(graph, 20, 30), settings), "output");
    expect_no_gaps(graph, blocked);
}

/* Neither where nothing is blocked, ... */
static void test_plain_results_have_no_gaps(void **state) {
    clade_graph *graph = *state;
    const clade_tensor parts[2] = {network_input(graph, 20, 6), network_input(graph, 30, 6)};
    network_output(graph, network_conv(graph, network_concat(graph, parts, 2, 1), 8, 1), "output");
    expect_no_gaps(graph, blocked);
}

/* ... nor where blocks are not wanted. */
static void test_without_blocks_there_are_no_gaps(void **state) {
    clade_graph *graph = *state;
    network_output(graph, network_conv(graph, joined(graph, 20, 30), 8, 1), "output");
    expect_no_gaps(graph, (pass_options){.channel_block = 1});
    expect_no_gaps(graph, (pass_options){.channel_block = BLOCK, .disabled = CLADE_PASS_LAYOUT});
}

/* 2 images of 2^24 pixels and 50 channels can still be counted in 31 bits, of 16 + 49 not. */
static void test_what_cannot_be_counted_has_no_gaps(void **state) {
    clade_graph *graph = *state;
    const clade_tensor x = network_input(graph, 1, 1 << 12);
    const clade_tensor parts[2] = {network_conv(graph, x, 1, 1), network_conv(graph, x, 49, 1)};
    network_output(graph, network_conv(graph, network_concat(graph, parts, 2, 1), 1, 1), "output");
    expect_no_gaps(graph, blocked);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_slices_begin_at_blocks),
        NETWORK_TEST(test_weights_for_a_gap_are_zero),
        NETWORK_TEST(test_gaps_go_through_to_a_fully_connected_layer),
        cmocka_unit_test(test_results_stay_the_same),
        NETWORK_TEST(test_output_has_no_gaps),
        NETWORK_TEST(test_normalisation_across_channels_reads_no_gaps),
        NETWORK_TEST(test_residual_has_no_gaps),
        NETWORK_TEST(test_groups_read_no_gaps),
        NETWORK_TEST(test_plain_results_have_no_gaps),
        NETWORK_TEST(test_without_blocks_there_are_no_gaps),
        NETWORK_TEST(test_what_cannot_be_counted_has_no_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
