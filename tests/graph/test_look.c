/* test_look.c: a node tells the settings it was added with, unless a pass has made it more than they can say. */
#include "graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const void *attributes_of(const clade_graph *graph, size_t index, const char *op) {
    clade_node_info info;
    assert_int_equal(clade_graph_node(graph, index, &info), CLADE_OK);
    assert_string_equal(info.op, op);
    return info.attributes;
}

static void a_node_tells_its_settings_with_the_defaults_filled_in(void **state) {
    (void)state;
    clade_tensor x, y;
    clade_graph *graph = fixture_graph();
    x = fixture_input(graph, "x", (clade_shape){4, {1, 3, 9, 9}});
    const clade_conv2d_settings conv = {.name = "conv", .channels = 5, .kernel = {1, 3}, .padding = {0, 1, 0, 2}};
    assert_int_equal(clade_graph_conv2d(graph, x, &conv, &y), CLADE_OK);
    assert_int_equal(clade_graph_pool(graph, y, &(clade_pool_settings){.kernel = {3, 2}}, &y), CLADE_OK);

    const clade_conv2d_settings *told = attributes_of(graph, 0, "conv2d");
    assert_null(told->name);
    assert_int_equal(told->channels, 5);
    assert_int_equal(told->kernel[1], 3);
    assert_int_equal(told->padding.right, 2);
    assert_int_equal(told->stride[0], 1);
    assert_int_equal(told->groups, 1);
    const clade_pool_settings *pool = attributes_of(graph, 1, "pool");
    assert_int_equal(pool->stride[0], 3);
    assert_int_equal(pool->stride[1], 2);
    clade_graph_destroy(&graph);
}

static void what_a_pass_added_is_not_told_as_settings(void **state) {
    (void)state;
    clade_tensor x, conv, pool, join, sum, reordered;
    clade_graph *graph = fixture_graph();
    x = fixture_input(graph, "x", (clade_shape){4, {1, 4, 9, 9}});
    const clade_conv2d_settings settings = {.channels = 4, .kernel = {1, 1}};
    assert_int_equal(clade_graph_conv2d(graph, x, &settings, &conv), CLADE_OK);
    assert_int_equal(clade_graph_pool(graph, x, &(clade_pool_settings){.kernel = {3, 3}}, &pool), CLADE_OK);
    assert_int_equal(clade_graph_concat(graph, (clade_tensor[]){x, conv}, 2, NULL, &join), CLADE_OK);
    assert_int_equal(clade_graph_binary(graph, x, conv, NULL, &sum), CLADE_OK);
    assert_int_equal(graph_add_reorder(graph, sum, 4, &reordered), CLADE_OK);
    assert_non_null(attributes_of(graph, 2, "concat"));
    assert_non_null(attributes_of(graph, 3, "binary"));
    assert_null(attributes_of(graph, 4, "reorder"));

    assert_int_equal(graph_append_input(graph, &graph->nodes[0], x), CLADE_OK);
    assert_null(attributes_of(graph, 0, "conv2d"));
    graph->nodes[1].pool_activation = CLADE_RELU;
    assert_null(attributes_of(graph, 1, "pool"));
    graph->nodes[2].concat_align = 16;
    assert_null(attributes_of(graph, 2, "concat"));
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_tells_its_settings_with_the_defaults_filled_in),
        cmocka_unit_test(what_a_pass_added_is_not_told_as_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
