/* test_shapes.c: the shape of every operator's result, against the formulas written down once more, or counted out. */
#include "graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Counts where a kernel fits, instead of computing it. */
static int64_t count_positions(int64_t size, int64_t before, int64_t after, int64_t kernel, int64_t dilation,
                               int64_t stride) {
    int64_t count = 0;
    for (int64_t start = -before; start + dilation * (kernel - 1) < size + after; start += stride) count++;
    return count;
}

static void convolution_counts_the_places_where_the_kernel_fits(void **state) {
    (void)state;
    for (int32_t size = 1; size <= 9; size++)
        for (int32_t kernel = 1; kernel <= 4; kernel++)
            for (int32_t stride = 1; stride <= 3; stride++)
                for (int32_t dilation = 1; dilation <= 2; dilation++)
                    for (int32_t pad = 0; pad <= 3; pad++) {
                        clade_graph *graph = fixture_graph();
                        const clade_tensor x = fixture_input(graph, "x", (clade_shape){4, {2, 6, size, 40}});
                        const clade_conv2d_settings s = {.channels = 9,
                                                         .kernel = {kernel, 3},
                                                         .stride = {stride, 2},
                                                         .dilation = {dilation, 1},
                                                         .padding = {pad, 1, 1, 0},
                                                         .groups = 3};
                        clade_tensor y;
                        const int64_t expected = count_positions(size, pad, 1, kernel, dilation, stride);
                        const clade_status status = clade_graph_conv2d(graph, x, &s, &y);
                        assert_int_equal(status, expected > 0 ? CLADE_OK : CLADE_ERROR_SHAPE);
                        if (expected > 0)
                            fixture_assert_shape(
                                graph, y, (clade_shape){4, {2, 9, expected, count_positions(40, 1, 0, 3, 1, 2)}});
                        clade_graph_destroy(&graph);
                    }
}

/* Windows that begin inside the input or the padding before it; rounding down drops those that reach behind the padding. */
static int64_t count_windows(int64_t size, int64_t before, int64_t after, int64_t kernel, int64_t stride,
                             bool round_up) {
    int64_t count = 0;
    for (int64_t start = -before; start < size; start += stride) {
        const bool inside = start + kernel <= size + after;
        if (!inside && !round_up) break;
        count++;
        if (!inside) break; /* one window may reach over */
        if (start + kernel == size + after) break;
    }
    return count;
}

static void pooling_rounds_as_torch_does(void **state) {
    (void)state;
    for (int32_t size = 1; size <= 12; size++)
        for (int32_t kernel = 1; kernel <= 4; kernel++)
            for (int32_t stride = 1; stride <= 5; stride++)
                for (int32_t pad = 0; pad < kernel; pad++)
                    for (int ceil_mode = 0; ceil_mode < 2; ceil_mode++) {
                        if (size + 2 * pad < kernel) continue;
                        clade_graph *graph = fixture_graph();
                        const clade_tensor x = fixture_input(graph, "x", (clade_shape){4, {1, 3, size, size}});
                        const clade_pool_settings s = {.kernel = {kernel, kernel},
                                                       .stride = {stride, stride},
                                                       .padding = {pad, pad, pad, pad},
                                                       .ceil_mode = ceil_mode};
                        clade_tensor y;
                        assert_int_equal(clade_graph_pool(graph, x, &s, &y), CLADE_OK);
                        const int64_t expected = count_windows(size, pad, pad, kernel, stride, ceil_mode);
                        fixture_assert_shape(graph, y, (clade_shape){4, {1, 3, expected, expected}});
                        clade_graph_destroy(&graph);
                    }
}

static void other_operators_shape_their_results(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    const clade_tensor x = fixture_input(graph, "x", (clade_shape){4, {CLADE_BATCH, 6, 5, 4}});
    const clade_tensor row = fixture_input(graph, "row", (clade_shape){2, {3, 1}});
    const clade_tensor column = fixture_input(graph, "column", (clade_shape){3, {2, 1, 4}});
    clade_tensor y;

    assert_int_equal(clade_graph_pool(graph, x, &(clade_pool_settings){.global = true}, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 6, 1, 1}});
    assert_int_equal(clade_graph_linear(graph, x, &(clade_linear_settings){.name = "fc", .features = 7}, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){2, {CLADE_BATCH, 7}});
    clade_tensor weight;
    assert_int_equal(clade_graph_find_tensor(graph, "fc.weight", &weight), CLADE_OK);
    fixture_assert_shape(graph, weight, (clade_shape){2, {7, 120}});
    const clade_tensor twice[2] = {x, x};
    assert_int_equal(clade_graph_concat(graph, twice, 2, NULL, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 12, 5, 4}});
    assert_int_equal(clade_graph_concat(graph, twice, 2, &(clade_concat_settings){.axis = -1}, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 6, 5, 8}});
    assert_int_equal(clade_graph_binary(graph, row, column, NULL, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){3, {2, 3, 4}});
    assert_int_equal(clade_graph_flatten(graph, x, NULL, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){2, {CLADE_BATCH, 120}});
    assert_int_equal(clade_graph_reshape(graph, x, &(clade_reshape_settings){.shape = {4, {0, 2, -1, 4}}}, &y),
                     CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 2, 15, 4}});
    assert_int_equal(clade_graph_pad(graph, x, &(clade_pad_settings){.before = {0, 1, 2}, .after = {0, 0, 3, 4}}, &y),
                     CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 7, 10, 8}});
    assert_int_equal(clade_graph_transpose(graph, x, &(clade_transpose_settings){.order = {0, 2, 3, 1}}, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 5, 4, 6}});
    const clade_slice_settings slice = {.start = {0, 1, -3, 0}, .end = {0, 5, -1, 0}, .step = {0, 2, 1, 3}};
    assert_int_equal(clade_graph_slice(graph, x, &slice, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 2, 2, 2}});
    assert_int_equal(clade_graph_mean(graph, x, &(clade_mean_settings){.axes = {0, 0, 1, 1}}, &y), CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){4, {CLADE_BATCH, 6, 1, 1}});
    assert_int_equal(clade_graph_mean(graph, x, &(clade_mean_settings){.axes = {0, 0, 1, 1}, .drop = true}, &y),
                     CLADE_OK);
    fixture_assert_shape(graph, y, (clade_shape){2, {CLADE_BATCH, 6}});
    clade_graph_destroy(&graph);
}

static void filling_in_the_batch_reaches_every_tensor(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph(), *clone = NULL;
    clade_tensor y = fixture_input(graph, "x", (clade_shape){4, {CLADE_BATCH, 3, 8, 8}});
    assert_int_equal(clade_graph_conv2d(graph, y, &(clade_conv2d_settings){.channels = 4, .kernel = {3, 3}}, &y),
                     CLADE_OK);
    assert_int_equal(clade_graph_flatten(graph, y, NULL, &y), CLADE_OK);
    assert_int_equal(clade_graph_linear(graph, y, &(clade_linear_settings){.features = 10}, &y), CLADE_OK);
    assert_int_equal(graph_clone(graph, &clone), CLADE_OK);
    assert_int_equal(graph_set_batch(clone, 5), CLADE_OK);
    fixture_assert_shape(clone, y, (clade_shape){2, {5, 10}});
    fixture_assert_shape(graph, y, (clade_shape){2, {CLADE_BATCH, 10}}); /* the original is as it was */
    clade_graph_destroy(&clone);
    clade_graph_destroy(&graph);
}

static void multiply_adds_are_counted(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    clade_tensor y = fixture_input(graph, "x", (clade_shape){4, {CLADE_BATCH, 6, 5, 5}});
    clade_node_info info;
    const clade_conv2d_settings conv = {.channels = 4, .kernel = {3, 3}, .groups = 2};
    assert_int_equal(clade_graph_conv2d(graph, y, &conv, &y), CLADE_OK);
    assert_int_equal(clade_graph_node(graph, 0, &info), CLADE_OK);
    assert_int_equal(info.multiply_adds, 4 * 3 * 3 * (3 * 3 * 3)); /* outputs times products each */
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_counts_the_places_where_the_kernel_fits),
        cmocka_unit_test(pooling_rounds_as_torch_does),
        cmocka_unit_test(other_operators_shape_their_results),
        cmocka_unit_test(filling_in_the_batch_reaches_every_tensor),
        cmocka_unit_test(multiply_adds_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
