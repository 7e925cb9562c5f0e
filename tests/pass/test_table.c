/* The table: every pass that has a switch can be switched off alone, and all combinations leave a sound graph. */
#include "pass/network.h"

#include <stdlib.h>

static const uint32_t switches = CLADE_PASS_FOLD | CLADE_PASS_FUSE | CLADE_PASS_CONCAT | CLADE_PASS_LAYOUT |
                                 CLADE_PASS_MERGE | CLADE_PASS_COMMUTE | CLADE_PASS_ALIGN;
enum { BLOCK = 16 };

/* A stem, an Inception block whose first branch is no whole number of blocks, a residual and a classifier. */
static void build(clade_graph *graph) {
    static const int32_t widths[6] = {24, 16, 32, 8, 16, 32};
    clade_tensor x = network_conv(graph, network_input(graph, 3, 16), 32, 3);
    x = network_pool(graph, network_activation(graph, network_norm(graph, x), CLADE_RELU), 3, 2);
    x = network_inception(graph, x, widths);
    x = network_add(graph, network_norm(graph, network_conv(graph, x, 104, 1)), x);
    x = network_dropout(graph, network_global_pool(graph, network_activation(graph, x, CLADE_RELU)));
    network_output(graph, network_linear(graph, x, 10), "output");
}

static void test_every_combination_is_sound_and_does_what_is_on(void **state) {
    clade_graph *graph = *state;
    build(graph);
    for (uint32_t disabled = 0; disabled <= switches; disabled++) {
        if ((disabled & ~switches) != 0) continue;
        clade_graph *clone = NULL;
        assert_int_equal(graph_clone(graph, &clone), CLADE_OK);
        network_run_all(clone, (pass_options){.disabled = disabled, .channel_block = BLOCK});
        const bool folds = !(disabled & CLADE_PASS_FOLD), fuses = !(disabled & CLADE_PASS_FUSE);
        const bool merges = !(disabled & CLADE_PASS_MERGE), is_plain = (disabled & CLADE_PASS_LAYOUT) != 0;
        assert_int_equal(network_count(clone, GRAPH_OP_batch_norm), 0);
        assert_int_equal(network_count(clone, GRAPH_OP_dropout), 0);
        assert_int_equal(network_count(clone, GRAPH_OP_scale), folds ? 0 : 8);
        /* A scale in between keeps the activation and the add from the convolution; the add takes the last ReLU all the same. */
        assert_int_equal(network_count(clone, GRAPH_OP_activation), !fuses ? 8 : folds ? 0 : 7);
        assert_int_equal(network_count(clone, GRAPH_OP_binary), fuses && folds ? 0 : 1);
        assert_int_equal(network_count(clone, GRAPH_OP_concat), disabled & CLADE_PASS_CONCAT ? 1 : 0);
        assert_int_equal(network_count(clone, GRAPH_OP_reorder) == 0, is_plain);
        assert_int_equal(network_count(clone, GRAPH_OP_conv2d), merges ? 6 : 8);
        clade_graph_destroy(&clone);
    }
}

static void test_running_again_changes_nothing(void **state) {
    clade_graph *graph = *state;
    build(graph);
    const pass_options options = {.channel_block = BLOCK,
                                  .disabled = CLADE_PASS_LAYOUT | CLADE_PASS_CONCAT | CLADE_PASS_MERGE};
    network_run_all(graph, options);
    const size_t nodes = graph->node_count, tensors = graph->tensor_count;
    network_run_all(graph, options);
    assert_int_equal(graph->node_count, nodes);
    assert_int_equal(graph->tensor_count, tensors);
}

static void test_graph_the_passes_run_on_is_a_clone(void **state) {
    clade_graph *graph = *state, *clone = NULL;
    build(graph);
    const size_t nodes = graph->node_count, tensors = graph->tensor_count;
    assert_int_equal(graph_clone(graph, &clone), CLADE_OK);
    network_run_all(clone, (pass_options){.channel_block = BLOCK});
    clade_graph_destroy(&clone);
    assert_int_equal(graph->node_count, nodes);
    assert_int_equal(graph->tensor_count, tensors);
    network_run_all(graph, (pass_options){.channel_block = 1});
}

/* ---- Memory ------------------------------------------------------------------------------------------------------------ */

/* An allocator that refuses after so many allocations, and knows how many are out. */
typedef struct ration {
    long left, held;
} ration;

static void *ration_allocate(void *user, size_t size) {
    ration *r = user;
    if (r->left == 0) return NULL;
    void *memory = malloc(size);
    if (memory) r->left--, r->held++;
    return memory;
}

static void ration_free(void *user, void *memory) {
    ((ration *)user)->held--;
    free(memory);
}

static void test_running_out_of_memory_anywhere_is_reported_and_leaks_nothing(void **state) {
    (void)state;
    ration r = {.left = -1}; /* never runs out */
    const clade_allocator allocator = {ration_allocate, ration_free, &r};
    clade_context *context = NULL;
    clade_graph *graph = NULL;
    assert_int_equal(
        clade_context_create(&(clade_context_settings){.device = "none", .allocator = &allocator}, &context), CLADE_OK);
    assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
    build(graph);
    const long held = r.held;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    long allocations = 0;
    for (; status != CLADE_OK; allocations++) {
        clade_graph *clone = NULL;
        assert_int_equal(graph_clone(graph, &clone), CLADE_OK);
        r.left = allocations;
        status = pass_run(clone, &(pass_options){.channel_block = BLOCK});
        r.left = -1;
        assert_true(status == CLADE_OK || status == CLADE_ERROR_OUT_OF_MEMORY);
        clade_graph_destroy(&clone);
        assert_int_equal(r.held, held);
    }
    assert_true(allocations > 50);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    assert_int_equal(r.held, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(test_every_combination_is_sound_and_does_what_is_on),
        NETWORK_TEST(test_running_again_changes_nothing),
        NETWORK_TEST(test_graph_the_passes_run_on_is_a_clone),
        cmocka_unit_test(test_running_out_of_memory_anywhere_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
