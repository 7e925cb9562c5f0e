/* First values: their distribution, that they follow from name, element and seed alone, and what has to be refused. */
#include <clade/train.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OUT = 48, IN = 32, KERNEL = 3, WEIGHTS = OUT * IN * KERNEL * KERNEL };

static int set_up(void **state) {
    clade_context *context = NULL;
    const clade_status status = clade_context_create(&(clade_context_settings){.device = "none"}, &context);
    *state = context;
    return status == CLADE_OK ? 0 : -1;
}

static int tear_down(void **state) {
    clade_context *context = *state;
    clade_context_destroy(&context);
    return 0;
}

static void check(const clade_context *context, clade_status status) {
    char message[512];
    clade_context_message(context, message, sizeof message);
    if (status != CLADE_OK) fail_msg("%s", message);
}

static clade_tensor add_conv(clade_context *context, clade_graph *graph, clade_tensor x, const char *name) {
    clade_tensor y;
    const clade_conv2d_settings settings = {.name = name, .channels = OUT, .kernel = {KERNEL, KERNEL}};
    check(context, clade_graph_conv2d(graph, x, &settings, &y));
    return y;
}

/* Convolutions of one input by these names. */
static clade_graph *convolutions(clade_context *context, const char *const *names, size_t count) {
    clade_graph *graph = NULL;
    clade_tensor x;
    check(context, clade_graph_create(context, &graph));
    check(context, clade_graph_input(graph, "x", (clade_shape){4, {1, IN, 8, 8}}, &x));
    for (size_t i = 0; i < count; i++) add_conv(context, graph, x, names[i]);
    return graph;
}

static void read_weights(clade_context *context, const clade_graph *graph, const char *name, float *values) {
    check(context, clade_graph_get_parameter(graph, name, values));
}

/* ---- Distributions ------------------------------------------------------------------------------------------------------------------- */

typedef struct moments {
    double mean, deviation, largest, within; /* the share within one deviation */
} moments;

static moments moments_of(const float *values, size_t count) {
    moments m = {0};
    for (size_t i = 0; i < count; i++) m.mean += (double)values[i] / (double)count;
    for (size_t i = 0; i < count; i++) m.deviation += pow(values[i] - m.mean, 2) / (double)count;
    m.deviation = sqrt(m.deviation);
    for (size_t i = 0; i < count; i++) {
        m.largest = fmax(m.largest, fabs((double)values[i]));
        m.within += (fabs((double)values[i]) < m.deviation) / (double)count;
    }
    return m;
}

/* Neighbours and values far apart have nothing to do with one another. */
static double correlation(const float *values, size_t count, size_t apart, double deviation) {
    double sum = 0;
    for (size_t i = 0; i + apart < count; i++) sum += (double)values[i] * values[i + apart];
    return sum / (double)(count - apart) / (deviation * deviation);
}

/* Within 4 standard errors each. `within` and `largest` (in deviations; 0: any) tell the distributions apart. */
static void assert_drawn(clade_context *context, const clade_initializer_settings *settings, double deviation,
                         double within, double largest) {
    static float values[WEIGHTS];
    const char *const name = "conv";
    clade_graph *graph = convolutions(context, &name, 1);
    check(context, clade_graph_initialize(graph, settings));
    read_weights(context, graph, "conv.weight", values);
    const moments m = moments_of(values, WEIGHTS);
    const double error = 4 / sqrt(WEIGHTS);
    assert_true(fabs(m.mean) <= error * deviation);
    assert_true(fabs(m.deviation / deviation - 1) <= error);
    assert_true(fabs(m.within - within) <= error / 2);
    if (largest > 0) assert_true(m.largest <= largest * deviation && m.largest >= 0.99 * largest * deviation);
    for (size_t apart = 1; apart < 2000; apart += 111)
        assert_true(fabs(correlation(values, WEIGHTS, apart, deviation)) <= error);
    clade_graph_destroy(&graph);
}

static void test_weights_are_distributed_as_the_papers_say(void **state) {
    const double in = IN * 9, out = OUT * 9, uniform = 1 / sqrt(3), normal = 0.6826895;
    assert_drawn(*state, NULL, sqrt(2 / (in + out)), uniform, sqrt(3));
    for (uint64_t seed = 0; seed < 3; seed++) {
        clade_initializer_settings s = {.kind = CLADE_INITIALIZER_XAVIER_NORMAL, .seed = seed};
        assert_drawn(*state, &s, sqrt(2 / (in + out)), normal, 0);
        s.kind = CLADE_INITIALIZER_HE_UNIFORM;
        assert_drawn(*state, &s, sqrt(2 / in), uniform, sqrt(3));
        s.kind = CLADE_INITIALIZER_HE_NORMAL;
        assert_drawn(*state, &s, sqrt(2 / in), normal, 0);
        s.fan_out = true;
        assert_drawn(*state, &s, sqrt(2 / out), normal, 0);
        /* a normal distribution cut at 2 has a deviation of 0.8796257, and 0.6505 of it lie within that */
        s.kind = CLADE_INITIALIZER_TRUNCATED_NORMAL;
        assert_drawn(*state, &s, 0.08796257, 0.6505, 2 / 0.8796257);
        s.deviation = 0.02f;
        assert_drawn(*state, &s, 0.017592514, 0.6505, 2 / 0.8796257);
    }
}

/* ---- What they follow from ------------------------------------------------------------------------------------------------------------- */

static void test_values_follow_from_name_and_seed_alone(void **state) {
    static float first[WEIGHTS], second[WEIGHTS];
    const char *const forward[] = {"a", "b"}, *const backward[] = {"c", "b", "a"};
    for (clade_initializer kind = 0; clade_initializer_name(kind); kind++) {
        clade_initializer_settings settings = {.kind = kind, .seed = 5};
        clade_graph *one = convolutions(*state, forward, 2), *other = convolutions(*state, backward, 3);
        check(*state, clade_graph_initialize(one, &settings));
        check(*state, clade_graph_initialize(other, &settings));
        read_weights(*state, one, "a.weight", first);
        read_weights(*state, other, "a.weight", second);
        assert_memory_equal(first, second, sizeof first);
        read_weights(*state, one, "b.weight", second);
        assert_memory_not_equal(first, second, sizeof first);
        settings.seed = 6;
        check(*state, clade_graph_initialize(other, &settings));
        read_weights(*state, other, "a.weight", second);
        assert_memory_not_equal(first, second, sizeof first);
        assert_memory_not_equal(first + 1, second, sizeof first - sizeof *first); /* nor moved along */
        clade_graph_destroy(&one);
        clade_graph_destroy(&other);
    }
}

static void assert_all(clade_context *context, const clade_graph *graph, const char *name, size_t count,
                       float expected) {
    float values[OUT];
    read_weights(context, graph, name, values);
    for (size_t i = 0; i < count; i++) assert_true(values[i] == expected);
}

static void test_other_parameters_begin_neutral(void **state) {
    clade_graph *graph = NULL;
    clade_tensor x;
    check(*state, clade_graph_create(*state, &graph));
    check(*state, clade_graph_input(graph, "x", (clade_shape){4, {1, IN, 8, 8}}, &x));
    x = add_conv(*state, graph, x, "conv");
    check(*state, clade_graph_batch_norm(graph, x, &(clade_batch_norm_settings){.name = "norm"}, &x));
    check(*state, clade_graph_scale(graph, x, &(clade_scale_settings){.name = "scale", .channel_scale = true}, &x));
    check(*state,
          clade_graph_activation(graph, x, &(clade_activation_settings){.name = "prelu", .kind = CLADE_PRELU}, &x));
    const clade_binary_settings sum = {.name = "sum", .kind = CLADE_ADD, .constant = {1, {1}}};
    const clade_binary_settings kept = {.name = "kept", .kind = CLADE_MULTIPLY, .constant = {1, {1}}};
    const clade_binary_settings product = {.name = "product", .kind = CLADE_MULTIPLY, .constant = {1, {1}}};
    check(*state, clade_graph_binary(graph, x, x, &sum, &x));
    check(*state, clade_graph_binary(graph, x, x, &kept, &x));
    check(*state, clade_graph_binary(graph, x, x, &product, &x));
    check(*state, clade_graph_fill_parameter(graph, "kept.weight", 7));
    check(*state, clade_graph_initialize(graph, NULL));
    assert_all(*state, graph, "conv.bias", OUT, 0);
    assert_all(*state, graph, "norm.weight", OUT, 1);
    assert_all(*state, graph, "norm.bias", OUT, 0);
    assert_all(*state, graph, "norm.running_mean", OUT, 0);
    assert_all(*state, graph, "norm.running_var", OUT, 1);
    assert_all(*state, graph, "scale.weight", OUT, 1);
    assert_all(*state, graph, "prelu.weight", OUT, 0.25f);
    assert_all(*state, graph, "sum.weight", 1, 0);
    assert_all(*state, graph, "kept.weight", 1, 7);
    assert_all(*state, graph, "product.weight", 1, 1);
    clade_graph_destroy(&graph);
}

static void test_bad_settings_are_refused(void **state) {
    const char *const name = "conv";
    clade_graph *graph = convolutions(*state, &name, 1);
    const clade_initializer_settings bad[] = {
        {.kind = (clade_initializer)5}, {.deviation = -1}, {.deviation = NAN}, {.reserved = {1}}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(clade_graph_initialize(graph, &bad[i]), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_graph_initialize(NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_string_equal(clade_initializer_name(CLADE_INITIALIZER_HE_NORMAL), "he-normal");
    assert_null(clade_initializer_name((clade_initializer)5));
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_are_distributed_as_the_papers_say),
        cmocka_unit_test(test_values_follow_from_name_and_seed_alone),
        cmocka_unit_test(test_other_parameters_begin_neutral),
        cmocka_unit_test(test_bad_settings_are_refused),
    };
    return cmocka_run_group_tests_name("train.initialize", tests, set_up, tear_down);
}
