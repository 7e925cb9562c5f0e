/* test_edit.c: what passes do to a graph keeps it whole: clone, replace, remove, order. */
#include "graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static clade_tensor relu(clade_graph *graph, clade_tensor x, const char *name) {
    clade_tensor y;
    const clade_activation_settings s = {.name = name, .kind = CLADE_RELU};
    assert_int_equal(clade_graph_activation(graph, x, &s, &y), CLADE_OK);
    return y;
}

/* Every node stands behind the producers of its inputs, and ids agree with places. */
static void assert_ordered(const clade_graph *graph) {
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        assert_int_equal(graph_tensor_of(graph, node->output)->producer, i);
        for (size_t k = 0; k < node->input_count; k++)
            assert_true(graph_tensor_of(graph, node->inputs[k])->producer < (int32_t)i);
    }
}

static void removing_a_node_leaves_its_input_to_its_users(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    const clade_tensor x = fixture_input(graph, "x", (clade_shape){2, {1, 4}});
    const clade_tensor a = relu(graph, x, "a"), b = relu(graph, a, "b"), c = relu(graph, b, "c");
    assert_int_equal(clade_graph_output(graph, c, "out"), CLADE_OK);
    assert_int_equal(clade_graph_output(graph, b, "middle"), CLADE_OK);
    assert_null(graph_single_user(graph, b));
    assert_ptr_equal(graph_single_user(graph, a), graph_producer(graph, b));
    graph_replace_uses(graph, b, a);
    graph_remove(graph, graph_producer(graph, b));
    assert_int_equal(graph_compact(graph), CLADE_OK);
    assert_int_equal(graph->node_count, 2);
    assert_ordered(graph);
    const char *name = NULL;
    clade_tensor middle;
    assert_int_equal(clade_graph_output_at(graph, 1, &middle, &name), CLADE_OK);
    assert_string_equal(name, "middle");
    assert_string_equal(graph_tensor_of(graph, middle)->name, "a");
    clade_graph_destroy(&graph);
}

static void an_order_that_is_right_does_not_change(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    const clade_tensor x = fixture_input(graph, "x", (clade_shape){2, {1, 4}});
    const char *names[] = {"d", "b", "a", "c"};
    clade_tensor last = x;
    for (size_t i = 0; i < BASE_COUNT(names); i++) last = relu(graph, i % 2 ? last : x, names[i]);
    assert_int_equal(graph_compact(graph), CLADE_OK);
    for (size_t i = 0; i < BASE_COUNT(names); i++) assert_string_equal(graph->nodes[i].name, names[i]);
    clade_graph_destroy(&graph);
}

/* A random graph whose nodes are then shuffled: compact puts them back into some valid order. */
static void any_order_is_mended(void **state) {
    (void)state;
    srand(7);
    for (int round = 0; round < 50; round++) {
        clade_graph *graph = fixture_graph();
        clade_tensor tensors[40];
        size_t count = 0;
        tensors[count++] = fixture_input(graph, "x", (clade_shape){2, {1, 4}});
        while (count < BASE_COUNT(tensors)) {
            const clade_tensor a = tensors[(size_t)rand() % count], b = tensors[(size_t)rand() % count];
            assert_int_equal(clade_graph_binary(graph, a, b, NULL, &tensors[count++]), CLADE_OK);
        }
        for (size_t i = graph->node_count - 1; i > 0; i--) {
            const size_t k = (size_t)rand() % (i + 1);
            const graph_node swapped = graph->nodes[i];
            graph->nodes[i] = graph->nodes[k];
            graph->nodes[k] = swapped;
        }
        for (size_t i = 0; i < graph->node_count; i++)
            graph_tensor_of(graph, graph->nodes[i].output)->producer = (int32_t)i;
        assert_int_equal(graph_compact(graph), CLADE_OK);
        assert_int_equal(graph->node_count, BASE_COUNT(tensors) - 1);
        assert_ordered(graph);
        clade_graph_destroy(&graph);
    }
}

static void a_reader_of_slices_comes_after_their_producers(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    const clade_tensor x = fixture_input(graph, "x", (clade_shape){4, {1, 4, 2, 2}});
    clade_tensor whole;
    const clade_shape shape = {4, {1, 8, 2, 2}};
    assert_int_equal(graph_add_tensor(graph, "whole", CLADE_TENSOR_ACTIVATION, &shape, GRAPH_NO_ID, &whole), CLADE_OK);
    const clade_tensor reader = relu(graph, whole, "reader"), a = relu(graph, x, "a"), b = relu(graph, x, "b");
    assert_int_equal(clade_graph_output(graph, reader, NULL), CLADE_OK);
    graph_tensor_of(graph, a)->parent = graph_tensor_of(graph, b)->parent = whole;
    graph_tensor_of(graph, b)->parent_channel = 4;
    assert_int_equal(graph_compact(graph), CLADE_OK);
    assert_string_equal(graph->nodes[2].name, "reader");
    clade_graph_destroy(&graph);
}

/* A merged convolution: `part` is a slice of its output, and all that makes up `result`, whose reader therefore waits. */
static void a_slice_of_a_wider_output_keeps_its_producer(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    const clade_tensor x = fixture_input(graph, "x", (clade_shape){4, {1, 4, 2, 2}});
    clade_tensor result, part;
    const clade_shape shape = {4, {1, 2, 2, 2}};
    assert_int_equal(graph_add_tensor(graph, "result", CLADE_TENSOR_ACTIVATION, &shape, GRAPH_NO_ID, &result),
                     CLADE_OK);
    const clade_tensor reader = relu(graph, result, "reader"), dead = relu(graph, x, "dead");
    (void)relu(graph, x, "wide");
    assert_int_equal(graph_add_tensor(graph, "part", CLADE_TENSOR_ACTIVATION, &shape, 2, &part), CLADE_OK);
    assert_int_equal(clade_graph_output(graph, reader, NULL), CLADE_OK);
    graph_tensor_of(graph, part)->parent = result;
    graph_remove(graph, graph_producer(graph, dead));
    assert_int_equal(graph_compact(graph), CLADE_OK);
    assert_string_equal(graph->nodes[1].name, "reader");
    assert_int_equal(clade_graph_find_tensor(graph, "part", &part), CLADE_OK);
    assert_string_equal(graph_producer(graph, part)->name, "wide");
    clade_graph_destroy(&graph);
}

static void a_cycle_is_an_error(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    const clade_tensor x = fixture_input(graph, "x", (clade_shape){2, {1, 4}});
    const clade_tensor a = relu(graph, x, "a"), b = relu(graph, a, "b");
    graph_producer(graph, a)->inputs[0] = b;
    assert_int_equal(graph_compact(graph), CLADE_ERROR_INTERNAL);
    clade_graph_destroy(&graph);
}

static void a_clone_shares_nothing_that_changes(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph(), *clone = NULL;
    const clade_tensor x = fixture_input(graph, "x", (clade_shape){2, {1, 4}});
    const clade_tensor a = relu(graph, x, "a"), b = relu(graph, a, "b");
    assert_int_equal(clade_graph_output(graph, b, NULL), CLADE_OK);
    assert_int_equal(graph_clone(graph, &clone), CLADE_OK);
    graph_replace_uses(clone, b, a);
    graph_remove(clone, graph_producer(clone, b));
    assert_int_equal(graph_compact(clone), CLADE_OK);
    assert_int_equal(clone->node_count, 1);
    assert_int_equal(graph->node_count, 2);
    assert_string_equal(graph->nodes[1].name, "b");
    clade_graph_destroy(&graph);
    assert_string_equal(clone->nodes[0].name, "a");
    clade_graph_destroy(&clone);
}

/* An allocator whose nth allocation fails, and that counts what is not given back. */
typedef struct failing_allocator {
    int left, alive;
} failing_allocator;

static void *fail_allocate(void *user, size_t size) {
    failing_allocator *failing = user;
    if (failing->left-- <= 0) return NULL;
    failing->alive++;
    return malloc(size);
}

static void fail_deallocate(void *user, void *memory) {
    ((failing_allocator *)user)->alive--;
    free(memory);
}

/* Builds, clones and orders a graph. */
static clade_status use_graphs(clade_context *context) {
    clade_graph *graph = NULL, *clone = NULL;
    clade_tensor y;
    clade_status status = clade_graph_create(context, &graph);
    if (status == CLADE_OK) status = clade_graph_input(graph, "x", (clade_shape){4, {1, 4, 4, 4}}, &y);
    const clade_conv2d_settings conv = {.channels = 4, .kernel = {3, 3}};
    if (status == CLADE_OK) status = clade_graph_conv2d(graph, y, &conv, &y);
    if (status == CLADE_OK) status = clade_graph_batch_norm(graph, y, &(clade_batch_norm_settings){0}, &y);
    if (status == CLADE_OK) status = clade_graph_output(graph, y, "y");
    if (status == CLADE_OK) status = clade_graph_fill_parameters(graph);
    if (status == CLADE_OK) status = graph_clone(graph, &clone);
    if (status == CLADE_OK) status = graph_compact(clone);
    clade_graph_destroy(&clone);
    clade_graph_destroy(&graph);
    return status;
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state) {
    (void)state;
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    int failures = 0;
    for (int allowed = 0; status != CLADE_OK; allowed++) {
        failing_allocator failing = {.left = allowed};
        const clade_allocator allocator = {fail_allocate, fail_deallocate, &failing};
        const clade_context_settings settings = {.device = "none", .cache_directory = "", .allocator = &allocator};
        clade_context *context = NULL;
        status = clade_context_create(&settings, &context);
        if (status == CLADE_OK) status = use_graphs(context);
        clade_context_destroy(&context);
        assert_int_equal(failing.alive, 0);
        assert_true(status == CLADE_OK || status == CLADE_ERROR_OUT_OF_MEMORY);
        failures += status != CLADE_OK;
    }
    assert_true(failures > 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removing_a_node_leaves_its_input_to_its_users),
        cmocka_unit_test(an_order_that_is_right_does_not_change),
        cmocka_unit_test(any_order_is_mended),
        cmocka_unit_test(a_reader_of_slices_comes_after_their_producers),
        cmocka_unit_test(a_slice_of_a_wider_output_keeps_its_producer),
        cmocka_unit_test(a_cycle_is_an_error),
        cmocka_unit_test(a_clone_shares_nothing_that_changes),
        cmocka_unit_test(every_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
