/* test_refusals.c: bad nodes are refused with a message that names them, and leave the graph as it was. */
#include "graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <limits.h>
#include <math.h>

static clade_graph *graph;
static clade_tensor image, vector;

static int set_up(void **state) {
    (void)state;
    graph = fixture_graph();
    image = fixture_input(graph, "image", (clade_shape){4, {CLADE_BATCH, 6, 8, 8}});
    vector = fixture_input(graph, "vector", (clade_shape){2, {CLADE_BATCH, 10}});
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    clade_graph_destroy(&graph);
    return 0;
}

/* The call failed as expected, said why, gave no tensor and added nothing. */
#define ASSERT_REFUSED(call, expected, part)                                                                           \
    do {                                                                                                               \
        clade_tensor out = {0};                                                                                        \
        const size_t nodes = graph->node_count, tensors = graph->tensor_count;                                         \
        assert_int_equal(call, expected);                                                                              \
        fixture_assert_message(graph, part);                                                                           \
        assert_int_equal(out.id, -1);                                                                                  \
        assert_int_equal(graph->node_count, nodes);                                                                    \
        assert_int_equal(graph->tensor_count, tensors);                                                                \
    } while (0)

static void bad_inputs(void **state) {
    (void)state;
    const clade_shape zero = {4, {1, 3, 0, 8}}, open_inside = {2, {3, CLADE_BATCH}}, flat = {0, {0}}, deep = {7, {1}};
    const clade_shape huge = {4, {1, INT32_MAX, INT32_MAX, INT32_MAX}}, wide = {1, {INT64_MAX}};
    ASSERT_REFUSED(clade_graph_input(graph, "a", zero, &out), CLADE_ERROR_SHAPE, "[1, 3, 0, 8]");
    ASSERT_REFUSED(clade_graph_input(graph, "a", open_inside, &out), CLADE_ERROR_SHAPE, "\"a\"");
    ASSERT_REFUSED(clade_graph_input(graph, "a", flat, &out), CLADE_ERROR_SHAPE, "rank 0");
    ASSERT_REFUSED(clade_graph_input(graph, "a", deep, &out), CLADE_ERROR_SHAPE, "rank 7");
    ASSERT_REFUSED(clade_graph_input(graph, "a", huge, &out), CLADE_ERROR_SHAPE, "overflow");
    ASSERT_REFUSED(clade_graph_input(graph, "a", wide, &out), CLADE_ERROR_SHAPE, "\"a\"");
    ASSERT_REFUSED(clade_graph_input(graph, "image", (clade_shape){1, {1}}, &out), CLADE_ERROR_DUPLICATE, "taken");
    ASSERT_REFUSED(clade_graph_input(graph, NULL, (clade_shape){1, {1}}, &out), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
}

static void bad_arguments(void **state) {
    (void)state;
    const clade_conv2d_settings conv = {.name = "c", .channels = 4, .kernel = {3, 3}};
    clade_conv2d_settings later = conv;
    later.reserved[2] = 1;
    ASSERT_REFUSED(clade_graph_conv2d(graph, (clade_tensor){99}, &conv, &out), CLADE_ERROR_INVALID_ARGUMENT, "99");
    ASSERT_REFUSED(clade_graph_conv2d(graph, (clade_tensor){-1}, &conv, &out), CLADE_ERROR_INVALID_ARGUMENT, "-1");
    ASSERT_REFUSED(clade_graph_conv2d(graph, image, NULL, &out), CLADE_ERROR_INVALID_ARGUMENT, "settings");
    ASSERT_REFUSED(clade_graph_conv2d(graph, image, &later, &out), CLADE_ERROR_INVALID_ARGUMENT, "reserved");
    assert_int_equal(clade_graph_conv2d(graph, image, &conv, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    clade_tensor y;
    assert_int_equal(clade_graph_conv2d(NULL, image, &conv, &y), CLADE_ERROR_INVALID_ARGUMENT);
    ASSERT_REFUSED(clade_graph_concat(graph, &image, 0, NULL, &out), CLADE_ERROR_INVALID_ARGUMENT, "no inputs");
    clade_graph *none = graph;
    assert_int_equal(clade_graph_create(NULL, &none), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(none);
}

static void parameters_are_no_activations(void **state) {
    (void)state;
    clade_tensor y, weight;
    const clade_conv2d_settings conv = {.name = "c", .channels = 4, .kernel = {1, 1}};
    assert_int_equal(clade_graph_conv2d(graph, image, &conv, &y), CLADE_OK);
    assert_int_equal(clade_graph_find_tensor(graph, "c.weight", &weight), CLADE_OK);
    ASSERT_REFUSED(clade_graph_flatten(graph, weight, NULL, &out), CLADE_ERROR_INVALID_ARGUMENT, "c.weight");
    assert_int_equal(clade_graph_output(graph, weight, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    ASSERT_REFUSED(clade_graph_conv2d(graph, image, &conv, &out), CLADE_ERROR_DUPLICATE, "\"c\"");
    /* the node's name is free, its parameter's is not */
    assert_int_equal(clade_graph_input(graph, "d.weight", (clade_shape){1, {1}}, &y), CLADE_OK);
    const clade_conv2d_settings clash = {.name = "d", .channels = 4, .kernel = {1, 1}};
    ASSERT_REFUSED(clade_graph_conv2d(graph, image, &clash, &out), CLADE_ERROR_DUPLICATE, "d.weight");
}

static void bad_convolutions(void **state) {
    (void)state;
    const struct {
        clade_conv2d_settings settings;
        clade_status status;
        const char *part;
    } rows[] = {
        {{.name = "c", .kernel = {3, 3}}, CLADE_ERROR_SHAPE, "0 channels"},
        {{.name = "c", .channels = 4}, CLADE_ERROR_SHAPE, "kernel 0x0"},
        {{.name = "c", .channels = 4, .kernel = {3, -1}}, CLADE_ERROR_SHAPE, "kernel 3x-1"},
        {{.name = "c", .channels = 4, .kernel = {3, 3}, .stride = {-1, 1}}, CLADE_ERROR_SHAPE, "stride -1x1"},
        {{.name = "c", .channels = 4, .kernel = {3, 3}, .dilation = {1, -2}}, CLADE_ERROR_SHAPE, "dilation 1x-2"},
        {{.name = "c", .channels = 4, .kernel = {3, 3}, .padding = {0, -1, 0, 0}}, CLADE_ERROR_SHAPE, "negative"},
        {{.name = "c", .channels = 4, .kernel = {3, 3}, .groups = 4}, CLADE_ERROR_SHAPE, "groups 4"},
        {{.name = "c", .channels = 4, .kernel = {9, 3}}, CLADE_ERROR_SHAPE, "fit the padded input"},
        {{.name = "c", .channels = 4, .kernel = {3, 3}, .dilation = {INT32_MAX, 1}}, CLADE_ERROR_SHAPE, "fit"},
        {{.name = "c", .channels = INT32_MAX, .kernel = {INT32_MAX, INT32_MAX}}, CLADE_ERROR_SHAPE, "fit"},
        {{.name = "c",
          .channels = INT32_MAX,
          .kernel = {3, 3},
          .padding = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}},
         CLADE_ERROR_SHAPE,
         "too large"},
        {{.name = "c", .channels = 4, .kernel = {3, 3}, .activation = CLADE_PRELU},
         CLADE_ERROR_INVALID_ARGUMENT,
         "prelu"},
        {{.name = "c", .channels = 4, .kernel = {3, 3}, .activation = (clade_activation)77},
         CLADE_ERROR_INVALID_ARGUMENT,
         "77"},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        ASSERT_REFUSED(clade_graph_conv2d(graph, image, &rows[i].settings, &out), rows[i].status, rows[i].part);
        fixture_assert_message(graph, "\"c\"");
    }
    const clade_conv2d_settings good = {.name = "c", .channels = 4, .kernel = {1, 1}};
    ASSERT_REFUSED(clade_graph_conv2d(graph, vector, &good, &out), CLADE_ERROR_SHAPE, "[N, 10]");
}

static void bad_pooling(void **state) {
    (void)state;
    const clade_pool_settings rows[] = {
        {.kernel = {0, 2}},
        {.kernel = {2, 2}, .stride = {1, -1}},
        {.kernel = {2, 2}, .padding = {2, 0, 0, 0}},
        {.kernel = {2, 2}, .padding = {0, 0, 0, -1}},
        {.kernel = {9, 9}},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        ASSERT_REFUSED(clade_graph_pool(graph, image, &rows[i], &out), CLADE_ERROR_SHAPE, "kernel");
    const clade_pool_settings global = {.global = true, .kernel = {2, 2}}, kind = {.kind = 5, .kernel = {2, 2}};
    ASSERT_REFUSED(clade_graph_pool(graph, image, &global, &out), CLADE_ERROR_INVALID_ARGUMENT, "global");
    ASSERT_REFUSED(clade_graph_pool(graph, image, &kind, &out), CLADE_ERROR_INVALID_ARGUMENT, "kind 5");
    ASSERT_REFUSED(clade_graph_pool(graph, vector, &rows[0], &out), CLADE_ERROR_SHAPE, "kernel");
}

static void other_bad_nodes(void **state) {
    (void)state;
    const clade_tensor mixed[2] = {image, vector};
    ASSERT_REFUSED(clade_graph_concat(graph, mixed, 2, NULL, &out), CLADE_ERROR_SHAPE, "input 1 [N, 10]");
    ASSERT_REFUSED(clade_graph_concat(graph, &image, 1, &(clade_concat_settings){.axis = 4}, &out), CLADE_ERROR_SHAPE,
                   "axis 4");
    ASSERT_REFUSED(clade_graph_concat(graph, &image, 1, &(clade_concat_settings){.axis = -5}, &out), CLADE_ERROR_SHAPE,
                   "axis -1");
    ASSERT_REFUSED(clade_graph_concat(graph, &image, 1, &(clade_concat_settings){.along_batch = true}, &out),
                   CLADE_ERROR_SHAPE, "open batch");
    ASSERT_REFUSED(clade_graph_binary(graph, image, vector, NULL, &out), CLADE_ERROR_SHAPE, "dimension");
    const clade_binary_settings kind = {.kind = 7}, empty = {.constant = {2, {3, 0}}}, open = {.constant = {1, {-1}}},
                                deep = {.constant = {9, {1}}}, other = {.constant = {1, {7}}};
    ASSERT_REFUSED(clade_graph_binary(graph, image, image, &kind, &out), CLADE_ERROR_INVALID_ARGUMENT, "kind 7");
    ASSERT_REFUSED(clade_graph_binary(graph, image, image, &empty, &out), CLADE_ERROR_SHAPE, "constant");
    ASSERT_REFUSED(clade_graph_binary(graph, image, image, &open, &out), CLADE_ERROR_SHAPE, "constant");
    ASSERT_REFUSED(clade_graph_binary(graph, image, image, &deep, &out), CLADE_ERROR_SHAPE, "constant");
    ASSERT_REFUSED(clade_graph_binary(graph, image, image, &other, &out), CLADE_ERROR_SHAPE, "dimension 3");
    ASSERT_REFUSED(clade_graph_linear(graph, vector, &(clade_linear_settings){.features = 0}, &out), CLADE_ERROR_SHAPE,
                   "0 features");
    ASSERT_REFUSED(clade_graph_batch_norm(graph, image, &(clade_batch_norm_settings){.epsilon = NAN}, &out),
                   CLADE_ERROR_INVALID_ARGUMENT, "epsilon");
    ASSERT_REFUSED(clade_graph_batch_norm(graph, image, &(clade_batch_norm_settings){.epsilon = -1}, &out),
                   CLADE_ERROR_INVALID_ARGUMENT, "-1");
    ASSERT_REFUSED(clade_graph_lrn(graph, image, &(clade_lrn_settings){.size = -3}, &out), CLADE_ERROR_INVALID_ARGUMENT,
                   "-3");
    ASSERT_REFUSED(clade_graph_lrn(graph, vector, &(clade_lrn_settings){.size = 3}, &out), CLADE_ERROR_SHAPE, "rank 4");
    ASSERT_REFUSED(clade_graph_softmax(graph, vector, &(clade_softmax_settings){.axis = 2}, &out), CLADE_ERROR_SHAPE,
                   "axis 2");
    ASSERT_REFUSED(clade_graph_dropout(graph, vector, &(clade_dropout_settings){.rate = 1.0f}, &out),
                   CLADE_ERROR_INVALID_ARGUMENT, "rate 1");
    ASSERT_REFUSED(clade_graph_activation(graph, vector, &(clade_activation_settings){0}, &out),
                   CLADE_ERROR_INVALID_ARGUMENT, "kind 0");
    ASSERT_REFUSED(clade_graph_reshape(graph, image, &(clade_reshape_settings){.shape = {2, {0, 100}}}, &out),
                   CLADE_ERROR_SHAPE, "same number");
    ASSERT_REFUSED(clade_graph_reshape(graph, image, &(clade_reshape_settings){.shape = {3, {0, -1, -1}}}, &out),
                   CLADE_ERROR_SHAPE, "only one");
    ASSERT_REFUSED(clade_graph_reshape(graph, image, &(clade_reshape_settings){.shape = {2, {1, -1}}}, &out),
                   CLADE_ERROR_SHAPE, "batch is open");
    ASSERT_REFUSED(clade_graph_reshape(graph, image, &(clade_reshape_settings){.shape = {9, {0}}}, &out),
                   CLADE_ERROR_SHAPE, "rank 9");
    ASSERT_REFUSED(clade_graph_pad(graph, image, &(clade_pad_settings){.before = {0, -1}}, &out), CLADE_ERROR_SHAPE,
                   "negative");
    ASSERT_REFUSED(clade_graph_pad(graph, image, &(clade_pad_settings){.after = {1}}, &out), CLADE_ERROR_SHAPE,
                   "dimension 0");
    ASSERT_REFUSED(clade_graph_transpose(graph, image, &(clade_transpose_settings){.order = {0, 1, 1, 2}}, &out),
                   CLADE_ERROR_SHAPE, "once");
    ASSERT_REFUSED(clade_graph_transpose(graph, image, &(clade_transpose_settings){.order = {1, 0, 2, 3}}, &out),
                   CLADE_ERROR_SHAPE, "open batch");
    ASSERT_REFUSED(clade_graph_slice(graph, image, &(clade_slice_settings){.start = {0, 6}}, &out), CLADE_ERROR_SHAPE,
                   "dimension 1");
    ASSERT_REFUSED(clade_graph_slice(graph, image, &(clade_slice_settings){.end = {0, 7}}, &out), CLADE_ERROR_SHAPE,
                   "dimension 1");
    ASSERT_REFUSED(clade_graph_slice(graph, image, &(clade_slice_settings){.step = {0, -1}}, &out), CLADE_ERROR_SHAPE,
                   "step -1");
    ASSERT_REFUSED(clade_graph_slice(graph, image, &(clade_slice_settings){.start = {0, INT64_MIN}}, &out),
                   CLADE_ERROR_SHAPE, "dimension 1");
    ASSERT_REFUSED(clade_graph_mean(graph, image, &(clade_mean_settings){0}, &out), CLADE_ERROR_SHAPE, "at least one");
    ASSERT_REFUSED(clade_graph_mean(graph, vector, &(clade_mean_settings){.axes = {0, 0, 1}}, &out), CLADE_ERROR_SHAPE,
                   "axis 2");
}

static void bad_outputs(void **state) {
    (void)state;
    assert_int_equal(clade_graph_output(graph, (clade_tensor){50}, "y"), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_graph_output(graph, image, "y"), CLADE_OK);
    assert_int_equal(clade_graph_output(graph, vector, "y"), CLADE_ERROR_DUPLICATE);
    fixture_assert_message(graph, "\"y\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_inputs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_arguments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parameters_are_no_activations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_convolutions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_pooling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_bad_nodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_outputs, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
