/* test_operators.c: every operator of the public API, as a plan runs it, against the interpreter: on the graph's own input, behind
 * a convolution (whose results may be blocked), on a slice of a concat, and into a slice of one; with batches of 1 to 3.
 * Kernels have tests of their own (tests/ops); this is about what lies between the API and them. */
#include "api/network.h"
#include "reference/interpreter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static clade_context *context;
static uint64_t state;

static int set_up(void **unused) {
    (void)unused;
    context = network_context();
    return 0;
}

static int tear_down(void **unused) {
    (void)unused;
    clade_context_destroy(&context);
    return 0;
}

/* From low to high, both included; a linear congruential generator (Knuth's MMIX constants) so that failures repeat. */
static int32_t pick(int32_t low, int32_t high) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (int32_t)((state >> 33) % (uint64_t)(high - low + 1));
}

typedef clade_status (*add_node)(clade_graph *graph, clade_tensor input, clade_tensor *output_out);

static const clade_shape *shape_of(const clade_graph *graph, clade_tensor tensor) {
    return graph_shape_of(graph, tensor);
}
static int32_t dimension(const clade_graph *graph, clade_tensor tensor, int32_t d) {
    return (int32_t)shape_of(graph, tensor)->dims[d];
}

/* ---- One node of each kind, with random settings that fit its input ------------------------------------------------------ */

static clade_status add_conv2d(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const int32_t channels = dimension(graph, x, 1), grouped = pick(0, 3) == 0 ? channels : 1;
    const clade_conv2d_settings s = {.channels = grouped * pick(1, grouped > 1 ? 2 : 40),
                                     .kernel = {pick(1, 3), pick(1, 7)},
                                     .stride = {pick(1, 2), pick(1, 3)},
                                     .dilation = {pick(1, 2), 1},
                                     .padding = {pick(0, 3), pick(0, 3), pick(2, 3), pick(3, 4)},
                                     .groups = grouped,
                                     .no_bias = pick(0, 1),
                                     .activation = (clade_activation)pick(CLADE_ACTIVATION_NONE, CLADE_TANH)};
    return clade_graph_conv2d(graph, x, &s, y);
}

static clade_status add_pool(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    clade_pool_settings s = {.kind = (clade_pool_kind)pick(0, 1), .global = pick(0, 4) == 0};
    if (!s.global)
        s = (clade_pool_settings){.kind = s.kind,
                                  .kernel = {pick(2, 3), pick(2, 3)},
                                  .stride = {pick(1, 3), pick(1, 3)},
                                  .padding = {pick(0, 1), pick(0, 1), pick(0, 1), pick(0, 1)},
                                  .ceil_mode = pick(0, 1),
                                  .count_include_pad = pick(0, 1)};
    return clade_graph_pool(graph, x, &s, y);
}

static clade_status add_linear(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_linear_settings s = {
        .features = pick(1, 40), .no_bias = pick(0, 1), .activation = (clade_activation)pick(0, 5)};
    return clade_graph_linear(graph, x, &s, y);
}

static clade_status add_batch_norm(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_batch_norm_settings s = {.epsilon = 1e-3f, .no_scale = pick(0, 1), .no_shift = pick(0, 1)};
    return clade_graph_batch_norm(graph, x, &s, y);
}

static clade_status add_lrn(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_lrn_settings s = {.size = pick(1, 7), .alpha = 0.5f, .beta = pick(0, 1) ? 0.75f : 0.6f, .k = 2};
    return clade_graph_lrn(graph, x, &s, y);
}

static clade_status add_concat(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_tensor parts[3] = {x, x, x};
    return clade_graph_concat(graph, parts, (size_t)pick(1, 3), &(clade_concat_settings){.axis = pick(1, 3)}, y);
}

static clade_status add_binary(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    clade_tensor other = x;
    const clade_binary_settings s = {.kind = (clade_binary_kind)pick(0, 1), .activation = (clade_activation)pick(0, 5)};
    switch (pick(0, 2)) { /* the same shape, one value a channel, one a pixel */
    case 0: {
        const clade_status status = clade_graph_scale(graph, x, &(clade_scale_settings){.factor = 0.5f}, &other);
        if (status != CLADE_OK) return status;
        break;
    }
    case 1: {
        const clade_status status = clade_graph_pool(graph, x, &(clade_pool_settings){.global = true}, &other);
        if (status != CLADE_OK) return status;
        break;
    }
    default: {
        const clade_mean_settings mean = {.axes = {0, 1}};
        const clade_status status = clade_graph_mean(graph, x, &mean, &other);
        if (status != CLADE_OK) return status;
        break;
    }
    }
    return pick(0, 1) ? clade_graph_binary(graph, x, other, &s, y) : clade_graph_binary(graph, other, x, &s, y);
}

static clade_status add_scale(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_scale_settings s = {
        .factor = -1.5f, .offset = 0.25f, .channel_scale = pick(0, 1), .channel_shift = pick(0, 1)};
    return clade_graph_scale(graph, x, &s, y);
}

static clade_status add_activation(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_activation_settings s = {
        .kind = (clade_activation)pick(CLADE_RELU, CLADE_PRELU), .slope = 0.2f, .shared_slope = pick(0, 1)};
    return clade_graph_activation(graph, x, &s, y);
}

static clade_status add_softmax(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_softmax_settings s = {.axis = pick(1, 3), .logarithm = pick(0, 1)};
    return clade_graph_softmax(graph, x, &s, y);
}

static clade_status add_dropout(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    return clade_graph_dropout(graph, x, NULL, y);
}

static clade_status add_flatten(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    return clade_graph_flatten(graph, x, NULL, y);
}

static clade_status add_reshape(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_shape shapes[] = {{3, {0, 0, -1}}, {2, {0, -1}}, {5, {0, 1, -1, dimension(graph, x, 2), 1}}};
    return clade_graph_reshape(graph, x, &(clade_reshape_settings){.shape = shapes[pick(0, 2)]}, y);
}

static clade_status add_pad(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    const clade_pad_settings s = {
        .before = {0, pick(0, 2), pick(0, 2), pick(0, 2)}, .after = {0, pick(0, 2), pick(0, 2), 1}, .value = -3.5f};
    return clade_graph_pad(graph, x, &s, y);
}

static clade_status add_transpose(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    static const int32_t orders[][CLADE_MAX_RANK] = {{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 1, 3, 2}, {0, 3, 2, 1}};
    clade_transpose_settings s = {0};
    const int32_t *order = orders[pick(0, 3)];
    for (int i = 0; i < CLADE_MAX_RANK; i++) s.order[i] = order[i];
    return clade_graph_transpose(graph, x, &s, y);
}

static clade_status add_slice(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    clade_slice_settings s = {0};
    for (int32_t d = 1; d < 4; d++) {
        const int32_t size = dimension(graph, x, d);
        s.start[d] = pick(0, size - 1) - (pick(0, 1) ? size : 0);
        s.step[d] = pick(1, 3);
    }
    return clade_graph_slice(graph, x, &s, y);
}

static clade_status add_mean(clade_graph *graph, clade_tensor x, clade_tensor *y) {
    clade_mean_settings s = {.drop = pick(0, 1)};
    s.axes[pick(1, 3)] = s.axes[pick(1, 3)] = true;
    return clade_graph_mean(graph, x, &s, y);
}

/* ---- Around the node --------------------------------------------------------------------------------------------------------- */

static const char *const places[] = {"on the input", "behind a convolution", "on a slice", "into a slice"};
enum { ON_INPUT, BEHIND_CONVOLUTION, ON_SLICE, INTO_SLICE, PLACES };

static clade_tensor convolve(clade_graph *graph, clade_tensor x, int32_t channels) {
    clade_tensor y;
    const clade_conv2d_settings s = {.channels = channels, .kernel = {1, 1}};
    assert_int_equal(clade_graph_conv2d(graph, x, &s, &y), CLADE_OK);
    return y;
}

static clade_tensor join(clade_graph *graph, clade_tensor a, clade_tensor b) {
    const clade_tensor parts[2] = {a, b};
    clade_tensor y;
    assert_int_equal(clade_graph_concat(graph, parts, 2, NULL, &y), CLADE_OK);
    return y;
}

/* The node's input: of `batch` images with 1 to 40 channels. */
static clade_tensor make_input(clade_graph *graph, int place, int64_t batch) {
    const int32_t channels = pick(0, 1) ? pick(1, 40) : 16 * pick(1, 2);
    const clade_shape shape = {4, {batch, pick(1, 20), pick(3, 9), pick(3, 9)}};
    clade_tensor x;
    assert_int_equal(clade_graph_input(graph, "x", shape, &x), CLADE_OK);
    if (place == ON_INPUT) return x;
    const clade_tensor wide = convolve(graph, x, channels);
    if (place != ON_SLICE) return wide;
    const clade_tensor whole = join(graph, wide, convolve(graph, x, 7));
    assert_int_equal(clade_graph_output(graph, whole, "whole"), CLADE_OK);
    return wide;
}

/* Its result, alone or beside something of the same shape. */
static void use_result(clade_graph *graph, int place, clade_tensor y) {
    if (place == INTO_SLICE && shape_of(graph, y)->rank > 1) {
        clade_tensor twin;
        assert_int_equal(clade_graph_scale(graph, y, &(clade_scale_settings){.factor = -1}, &twin), CLADE_OK);
        y = join(graph, y, twin);
    }
    assert_int_equal(clade_graph_output(graph, y, "y"), CLADE_OK);
}

static void compare(const clade_graph *graph, const char *name, const float *got, const double *expected,
                    size_t count) {
    double largest = 1e-3, worst = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < count; i++) {
        const double error = fabs(got[i] - expected[i]);
        if (!(error <= worst)) worst = error; /* NaN too */
    }
    if (worst <= 1e-5 * largest) return;
    for (size_t i = 0; i < graph->node_count; i++)
        fprintf(stderr, "  %s %s\n", graph->nodes[i].name, graph->nodes[i].words);
    fail_msg("output %s is off by %g, its largest element being %g", name, worst, largest);
}

static void run_and_compare(const clade_graph *graph, const clade_plan_settings *settings) {
    const size_t count = interpreter_elements(graph, graph->inputs[0]);
    float *input = calloc(count, sizeof *input);
    assert_non_null(input);
    clade_fill_input("x", input, count);
    double **expected = interpreter_run(graph, (const float *const[]){input});
    clade_plan *plan = network_plan(graph, settings);
    clade_session *session = NULL;
    assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
    clade_buffer outputs[2] = {{0}};
    for (size_t i = 0; i < graph->output_count; i++) {
        const size_t size = interpreter_elements(graph, graph->outputs[i].tensor) * sizeof(float);
        outputs[i] = (clade_buffer){graph->outputs[i].name, malloc(size), size};
    }
    const clade_buffer in = {"x", input, count * sizeof(float)};
    assert_int_equal(clade_run(session, &in, 1, outputs, graph->output_count), CLADE_OK);
    for (size_t i = 0; i < graph->output_count; i++) {
        compare(graph, outputs[i].name, outputs[i].data, expected[graph->outputs[i].tensor.id],
                outputs[i].size / sizeof(float));
        free(outputs[i].data);
    }
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    interpreter_free(graph, expected);
    free(input);
}

static void check(add_node add, uint64_t seed) {
    const char *asked = getenv("CLADE_TEST_CASES");
    const int cases = asked ? atoi(asked) / 10 + PLACES : 32;
    for (int i = 0; i < cases; i++) {
        state = seed * 1000003u + (uint64_t)i;
        const int place = i % PLACES;
        clade_graph *graph = NULL;
        clade_tensor y;
        assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
        const clade_tensor x = make_input(graph, place, pick(1, 3));
        if (add(graph, x, &y) != CLADE_OK) fail_msg("case %d of seed %llu: refused", i, (unsigned long long)seed);
        use_result(graph, place, y);
        assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
        uint32_t disabled = pick(0, 1) ? 0 : (uint32_t)pick(0, 511);
        if (i % 8) disabled |= CLADE_PASS_NETWORK; /* for which each case would be compiled as one program of its own */
        if (asked) fprintf(stderr, "case %d, %s, passes off %x\n", i, places[place], disabled);
        run_and_compare(graph, &(clade_plan_settings){.disabled_passes = disabled});
        clade_graph_destroy(&graph);
    }
}

#define TEST(op, seed)                                                                                                 \
    static void op##_runs_as_it_is_defined(void **unused) {                                                            \
        (void)unused;                                                                                                  \
        check(add_##op, seed);                                                                                         \
    }
TEST(conv2d, 1)
TEST(pool, 2)
TEST(linear, 3)
TEST(batch_norm, 4)
TEST(lrn, 5)
TEST(concat, 6)
TEST(binary, 7)
TEST(scale, 8)
TEST(activation, 9)
TEST(softmax, 10)
TEST(dropout, 11)
TEST(flatten, 12)
TEST(reshape, 13)
TEST(pad, 14)
TEST(transpose, 15)
TEST(slice, 16)
TEST(mean, 17)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv2d_runs_as_it_is_defined),     cmocka_unit_test(pool_runs_as_it_is_defined),
        cmocka_unit_test(linear_runs_as_it_is_defined),     cmocka_unit_test(batch_norm_runs_as_it_is_defined),
        cmocka_unit_test(lrn_runs_as_it_is_defined),        cmocka_unit_test(concat_runs_as_it_is_defined),
        cmocka_unit_test(binary_runs_as_it_is_defined),     cmocka_unit_test(scale_runs_as_it_is_defined),
        cmocka_unit_test(activation_runs_as_it_is_defined), cmocka_unit_test(softmax_runs_as_it_is_defined),
        cmocka_unit_test(dropout_runs_as_it_is_defined),    cmocka_unit_test(flatten_runs_as_it_is_defined),
        cmocka_unit_test(reshape_runs_as_it_is_defined),    cmocka_unit_test(pad_runs_as_it_is_defined),
        cmocka_unit_test(transpose_runs_as_it_is_defined),  cmocka_unit_test(slice_runs_as_it_is_defined),
        cmocka_unit_test(mean_runs_as_it_is_defined),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
