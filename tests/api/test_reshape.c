/* Reshapes that change the number of images: their tensors have no gaps between images to leave, also between concats, whose
 * inputs otherwise lie with gaps. The oracle is that a reshape moves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <clade/clade.h>

static clade_context *context;

static int open_context(void **state) {
    (void)state;
    return clade_context_create(NULL, &context) == CLADE_OK ? 0 : -1;
}

static int close_context(void **state) {
    (void)state;
    clade_context_destroy(&context);
    return 0;
}

static void run(clade_graph *graph, const float *input, size_t inputs, float *output, size_t outputs) {
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    const clade_buffer in = {.data = (void *)input, .size = inputs * sizeof *input};
    const clade_buffer out = {.data = output, .size = outputs * sizeof *output};
    assert_int_equal(clade_plan_create(graph, NULL, &plan), CLADE_OK);
    assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
    assert_int_equal(clade_run(session, &in, 1, &out, 1), CLADE_OK);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
}

enum { ELEMENTS = 4 * 3 * 2 * 2 };

static void fill(float *values) {
    for (size_t i = 0; i < ELEMENTS; i++) values[i] = (float)i + 1;
}

/* Right from an input to an output, so that elements have to be copied. */
static void test_moves_nothing(void **state) {
    static const clade_shape shapes[] = {{2, {1, 48}}, {2, {48, 1}}, {1, {48}}, {3, {2, 12, 2}}, {4, {6, 2, 2, 2}}};
    (void)state;
    float input[ELEMENTS], output[ELEMENTS];
    fill(input);
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++) {
        clade_graph *graph = NULL;
        clade_tensor x, y;
        assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
        assert_int_equal(clade_graph_input(graph, "x", (clade_shape){4, {4, 3, 2, 2}}, &x), CLADE_OK);
        assert_int_equal(clade_graph_reshape(graph, x, &(clade_reshape_settings){.shape = shapes[k]}, &y), CLADE_OK);
        assert_int_equal(clade_graph_output(graph, y, NULL), CLADE_OK);
        run(graph, input, ELEMENTS, output, ELEMENTS);
        assert_memory_equal(input, output, sizeof input);
    }
}

/* [4, 3, 2, 2] seen as [2, 6, 2, 2], joined with twice itself, and the result seen as [4, 6, 2, 2]. */
static void test_between_concats(void **state) {
    (void)state;
    float input[ELEMENTS], output[2 * ELEMENTS];
    fill(input);
    clade_graph *graph = NULL;
    clade_tensor x, parts[2], y;
    const clade_reshape_settings two = {.shape = {4, {2, 6, 2, 2}}}, four = {.shape = {4, {4, 6, 2, 2}}};
    assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
    assert_int_equal(clade_graph_input(graph, "x", (clade_shape){4, {4, 3, 2, 2}}, &x), CLADE_OK);
    assert_int_equal(clade_graph_activation(graph, x, &(clade_activation_settings){.kind = CLADE_RELU}, &y), CLADE_OK);
    assert_int_equal(clade_graph_reshape(graph, y, &two, &parts[0]), CLADE_OK);
    assert_int_equal(clade_graph_scale(graph, parts[0], &(clade_scale_settings){.factor = 2}, &parts[1]), CLADE_OK);
    assert_int_equal(clade_graph_concat(graph, parts, 2, &(clade_concat_settings){.axis = 1}, &y), CLADE_OK);
    assert_int_equal(clade_graph_reshape(graph, y, &four, &y), CLADE_OK);
    assert_int_equal(clade_graph_output(graph, y, NULL), CLADE_OK);
    run(graph, input, ELEMENTS, output, 2 * ELEMENTS);
    for (size_t image = 0; image < 2; image++)
        for (size_t i = 0; i < 24; i++) {
            assert_true(output[image * 48 + i] == input[image * 24 + i]);
            assert_true(output[image * 48 + 24 + i] == 2 * input[image * 24 + i]);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_moves_nothing), cmocka_unit_test(test_between_concats)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
