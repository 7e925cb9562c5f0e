/* test_parameters.c: values given, derived and filled in. The rule's numbers were computed with Python's own integers. */
#include "graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>

static clade_array array_of(clade_type type, clade_shape shape, void *data) { return (clade_array){type, shape, data}; }

/* A graph with a conv2d "c" of 2 channels in and 3 out, 1x1. */
static clade_graph *small_graph(void) {
    clade_graph *graph = fixture_graph();
    clade_tensor y = fixture_input(graph, "x", (clade_shape){4, {1, 2, 4, 4}});
    const clade_conv2d_settings conv = {.name = "c", .channels = 3, .kernel = {1, 1}};
    assert_int_equal(clade_graph_conv2d(graph, y, &conv, &y), CLADE_OK);
    return graph;
}

static void values_come_back_widened(void **state) {
    (void)state;
    clade_graph *graph = small_graph();
    const uint16_t halves[3] = {0x3c00, 0xc000, 0x3555}; /* 1, -2, about a third */
    float back[3];
    const clade_array value = array_of(CLADE_FLOAT16, (clade_shape){1, {3}}, (void *)halves);
    assert_int_equal(clade_graph_get_parameter(graph, "c.bias", back), CLADE_ERROR_MISSING_WEIGHTS);
    assert_int_equal(clade_graph_set_parameter(graph, "c.bias", &value), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "c.bias", back), CLADE_OK);
    assert_true(back[0] == 1.0f && back[1] == -2.0f && back[2] == 1365.0f / 4096.0f);
    clade_graph_destroy(&graph);
}

static void bad_values_are_refused(void **state) {
    (void)state;
    clade_graph *graph = small_graph();
    float data[6] = {0};
    const clade_array wrong = array_of(CLADE_FLOAT32, (clade_shape){1, {4}}, data);
    const clade_array bytes = array_of(CLADE_UINT8, (clade_shape){1, {3}}, data);
    const clade_array empty = array_of(CLADE_FLOAT32, (clade_shape){1, {3}}, NULL);
    assert_int_equal(clade_graph_set_parameter(graph, "c.bias", &wrong), CLADE_ERROR_SHAPE);
    fixture_assert_message(graph, "expected shape [3], found [4]");
    assert_int_equal(clade_graph_set_parameter(graph, "c.bias", &bytes), CLADE_ERROR_UNSUPPORTED);
    assert_int_equal(clade_graph_set_parameter(graph, "c.bias", &empty), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_graph_set_parameter(graph, "d.bias", &wrong), CLADE_ERROR_NOT_FOUND);
    fixture_assert_message(graph, "d.bias");
    assert_int_equal(graph_check_values(graph), CLADE_ERROR_MISSING_WEIGHTS);
    fixture_assert_message(graph, "c.weight, c.bias");
    clade_graph_destroy(&graph);
}

static void borrowed_values_are_read_where_they_lie(void **state) {
    (void)state;
    clade_graph *graph = small_graph();
    float data[3] = {1, 2, 3}, back[3];
    const clade_array value = array_of(CLADE_FLOAT32, (clade_shape){1, {3}}, data);
    assert_int_equal(clade_graph_borrow_parameter(graph, "c.bias", &value), CLADE_OK);
    data[1] = 7;
    assert_int_equal(clade_graph_get_parameter(graph, "c.bias", back), CLADE_OK);
    assert_true(back[1] == 7.0f);
    clade_graph_destroy(&graph);
}

static const void *done_data;
static size_t done_size;
static int done_count;
static void note_done(const void *data, size_t size) {
    done_data = data;
    done_size = size;
    done_count++;
}

static void borrowed_pages_are_given_back_after_each_reading(void **state) {
    (void)state;
    clade_graph *graph = small_graph(), *clone = NULL;
    uint16_t halves[3] = {0x3c00, 0xc000, 0x3800};
    float back[3];
    const clade_array value = array_of(CLADE_FLOAT16, (clade_shape){1, {3}}, halves);
    done_count = 0;
    assert_int_equal(clade_graph_borrow_pages(graph, "c.bias", &value, note_done), CLADE_OK);
    assert_int_equal(graph_clone(graph, &clone), CLADE_OK);
    assert_int_equal(done_count, 0); /* nobody has read them yet */
    assert_int_equal(clade_graph_get_parameter(graph, "c.bias", back), CLADE_OK);
    assert_true(back[0] == 1.0f && back[1] == -2.0f && back[2] == 0.5f);
    assert_int_equal(clade_graph_get_parameter(clone, "c.bias", back), CLADE_OK);
    assert_int_equal(done_count, 2);
    assert_ptr_equal(done_data, halves);
    assert_int_equal(done_size, sizeof halves);
    clade_graph_destroy(&clone);
    clade_graph_destroy(&graph);
}

static int releases;
static void count_release(void *object) { releases += *(int *)object; }

static void what_is_attached_goes_with_the_last_copy(void **state) {
    (void)state;
    int one = 1;
    releases = 0;
    clade_graph *graph = small_graph(), *clone = NULL;
    assert_int_equal(clade_graph_attach(graph, &one, count_release), CLADE_OK);
    assert_int_equal(graph_clone(graph, &clone), CLADE_OK);
    clade_graph_destroy(&graph);
    assert_int_equal(releases, 0);
    clade_graph_destroy(&clone);
    assert_int_equal(releases, 1);
    assert_int_equal(clade_graph_attach(NULL, &one, count_release), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(releases, 2); /* released at once when it could not be attached */
}

/* y = (x - mean) / sqrt(var + eps) * gamma + beta as scale and shift, in double. */
static void derived_values_follow_their_formulas(void **state) {
    (void)state;
    clade_graph *graph = fixture_graph();
    clade_tensor y = fixture_input(graph, "x", (clade_shape){4, {1, 5, 2, 2}}), scale, shift, rows, sums;
    const clade_conv2d_settings conv = {.name = "c", .channels = 5, .kernel = {2, 1}};
    assert_int_equal(clade_graph_conv2d(graph, y, &conv, &y), CLADE_OK);
    assert_int_equal(clade_graph_batch_norm(graph, y, &(clade_batch_norm_settings){.name = "n", .epsilon = 1e-3f}, &y),
                     CLADE_OK);
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    const clade_tensor *norm = graph->nodes[1].parameters, *layer = graph->nodes[0].parameters;
    const clade_shape channels = {1, {5}};
    const double epsilon = (double)1e-3f;
    assert_int_equal(graph_derive(graph, "scale", &channels, GRAPH_NORM_SCALE,
                                  (clade_tensor[3]){norm[GRAPH_WEIGHT], norm[GRAPH_VARIANCE], GRAPH_NO_TENSOR}, epsilon,
                                  &scale),
                     CLADE_OK);
    assert_int_equal(graph_derive(graph, "shift", &channels, GRAPH_NORM_SHIFT,
                                  (clade_tensor[3]){norm[GRAPH_BIAS], norm[GRAPH_MEAN], scale}, 0, &shift),
                     CLADE_OK);
    assert_int_equal(graph_derive(graph, "rows", graph_shape_of(graph, layer[GRAPH_WEIGHT]), GRAPH_SCALE_ROWS,
                                  (clade_tensor[3]){layer[GRAPH_WEIGHT], scale, GRAPH_NO_TENSOR}, 0, &rows),
                     CLADE_OK);
    assert_int_equal(graph_derive(graph, "sums", &channels, GRAPH_MULTIPLY_ADD,
                                  (clade_tensor[3]){GRAPH_NO_TENSOR, scale, shift}, 0, &sums),
                     CLADE_OK);
    float gamma[5], beta[5], mean[5], variance[5], weight[50], got_scale[5], got_shift[5], got_rows[50], got_sums[5];
    assert_int_equal(clade_graph_get_parameter(graph, "n.weight", gamma), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "n.bias", beta), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "n.running_mean", mean), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "n.running_var", variance), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "c.weight", weight), CLADE_OK);
    assert_int_equal(graph_evaluate(graph, scale, got_scale), CLADE_OK);
    assert_int_equal(graph_evaluate(graph, shift, got_shift), CLADE_OK);
    assert_int_equal(graph_evaluate(graph, rows, got_rows), CLADE_OK);
    assert_int_equal(graph_evaluate(graph, sums, got_sums), CLADE_OK);
    for (int c = 0; c < 5; c++) {
        const double factor = gamma[c] / sqrt(variance[c] + epsilon), offset = beta[c] - mean[c] * factor;
        assert_true(fabs(got_scale[c] - factor) < 1e-6);
        assert_true(fabs(got_shift[c] - offset) < 1e-6);
        assert_true(fabs(got_sums[c] - offset) < 1e-6);
        for (int i = 0; i < 10; i++) assert_true(fabs(got_rows[10 * c + i] - weight[10 * c + i] * factor) < 1e-6);
    }
    clade_graph_destroy(&graph);
}

static void the_rule_gives_the_published_numbers(void **state) {
    (void)state;
    float x[3];
    clade_fill_input("input", x, 3);
    assert_true(x[0] == -0x1.5e0f180000000p+0f);
    assert_true(x[1] == 0x1.093a9c0000000p-1f);
    assert_true(x[2] == -0x1.01f7280000000p+0f);
    clade_graph *graph = small_graph();
    float weight[6], bias[3];
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "c.weight", weight), CLADE_OK);
    assert_int_equal(clade_graph_get_parameter(graph, "c.bias", bias), CLADE_OK);
    assert_true(weight[0] == 0x1.0f39b60000000p+0f);
    assert_true(weight[5] == -0x1.0dc15a0000000p-2f);
    assert_true(bias[2] == -0x1.5371a40000000p-4f);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_widened),
        cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(borrowed_values_are_read_where_they_lie),
        cmocka_unit_test(borrowed_pages_are_given_back_after_each_reading),
        cmocka_unit_test(what_is_attached_goes_with_the_last_copy),
        cmocka_unit_test(derived_values_follow_their_formulas),
        cmocka_unit_test(the_rule_gives_the_published_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
