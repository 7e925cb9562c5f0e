/* test_gradients.c: the gradient of every operator, as a plan runs it, against central differences of the interpreter, in double
 * precision: by inputs and parameters; on the graph's own input and behind a convolution (whose results may be blocked); of whole
 * random networks. Where a function has a kink between the two places of a difference, that element says nothing and is left out. */
#include "api/network.h"
#include "api/random_graph.h"
#include "api/random_node.h"
#include "grad/grad.h"
#include "reference/interpreter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a tensor's largest derivative. */
#define TOLERANCE 1e-3
/* Half of a difference's distance. Curvature adds about its square, rounding about 1e-16 over it. */
#define HALF_STEP 0x1p-15f

enum { DERIVATIVES = 4, DERIVATIVES_OF_NETWORKS = 2 }; /* of each tensor, so many are looked at */

static clade_context *context;
static uint64_t state;
static size_t looked_at, left_out, refused; /* derivatives; of these, at kinks; graphs */

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

static int32_t pick(int32_t low, int32_t high) { return random_pick(&state, low, high); }

static const char *message(void) {
    static char text[512];
    clade_context_message(context, text, sizeof text);
    return text;
}

#define REQUIRE(call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != CLADE_OK) fail_msg("%s", message());                                                             \
    } while (0)

/* ---- The function: sum of seeds times outputs ---------------------------------------------------------------------------------------- */

/* A graph in the forms that training takes, whose every input (images, key, parameters) has values. */
typedef struct function {
    clade_graph *graph;
    float **inputs, **seeds; /* seeds: one array an output */
    size_t input_count, output_count;
} function;

static float *random_values(size_t count, float low, float high) {
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) values[i] = low + (high - low) * (float)pick(0, 1 << 20) / (1 << 20);
    return values;
}

static function make_function(const clade_graph *network, int64_t batch) {
    static const float key[4] = {12345, 7, 3, 0};
    function f = {0};
    clade_tensor key_tensor, statistics[128];
    size_t statistics_count = 0;
    REQUIRE(graph_clone(network, &f.graph));
    REQUIRE(graph_set_batch(f.graph, batch));
    const size_t images = f.graph->input_count;
    REQUIRE(clade_graph_input(f.graph, "key", (clade_shape){1, {4}}, &key_tensor));
    REQUIRE(grad_make_trainable(f.graph, key_tensor, statistics, &statistics_count));
    REQUIRE(graph_compact(f.graph));
    f.input_count = f.graph->input_count;
    f.output_count = f.graph->output_count;
    f.inputs = calloc(f.input_count, sizeof *f.inputs);
    f.seeds = calloc(f.output_count, sizeof *f.seeds);
    assert_true(f.inputs && f.seeds);
    for (size_t i = 0; i < f.input_count; i++)
        f.inputs[i] = random_values(interpreter_elements(f.graph, f.graph->inputs[i]), -1.5f, 1.5f);
    memcpy(f.inputs[images], key, sizeof key);
    for (size_t i = 0; i < f.output_count; i++)
        f.seeds[i] = random_values(interpreter_elements(f.graph, f.graph->outputs[i].tensor), -1, 1);
    return f;
}

static void free_function(function *f) {
    for (size_t i = 0; i < f->input_count; i++) free(f->inputs[i]);
    for (size_t i = 0; i < f->output_count; i++) free(f->seeds[i]);
    free(f->inputs);
    free(f->seeds);
    clade_graph_destroy(&f->graph);
}

static double evaluate(const function *f) {
    double **values = interpreter_run(f->graph, (const float *const *)f->inputs), sum = 0;
    for (size_t i = 0; i < f->output_count; i++) {
        const clade_tensor output = f->graph->outputs[i].tensor;
        for (size_t k = 0; k < interpreter_elements(f->graph, output); k++)
            sum += (double)f->seeds[i][k] * values[output.id][k];
    }
    interpreter_free(f->graph, values);
    return sum;
}

/* The derivative by one element; NaN where the slopes to both sides differ, so that there is none. */
static double difference(const function *f, size_t input, size_t element) {
    float *x = &f->inputs[input][element];
    const float middle = *x;
    const double at = evaluate(f);
    *x = middle + HALF_STEP;
    const double above = evaluate(f), up = (double)*x - (double)middle;
    *x = middle - HALF_STEP;
    const double below = evaluate(f), down = (double)middle - (double)*x;
    *x = middle;
    const double right = (above - at) / up, left = (at - below) / down, slope = (above - below) / (up + down);
    return fabs(right - left) > 1e-3 * (fabs(slope) + 1) ? NAN : slope;
}

/* ---- The gradient, on the device --------------------------------------------------------------------------------------------------------- */

static void run(const clade_graph *graph, const clade_plan_settings *settings, const clade_buffer *inputs,
                size_t input_count, const clade_buffer *outputs, size_t output_count) {
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    REQUIRE(clade_plan_create(graph, settings, &plan));
    REQUIRE(clade_session_create(plan, &session));
    REQUIRE(clade_run(session, inputs, input_count, outputs, output_count));
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
}

/* The gradients by all inputs but the key, one array each, or NULL where there is none. The array itself is NULL when an operator refuses. */
static float **differentiate(const function *f, const clade_plan_settings *settings) {
    clade_graph *graph = NULL;
    REQUIRE(graph_clone(f->graph, &graph));
    clade_tensor *seeds = calloc(f->output_count, sizeof *seeds), *of = calloc(f->output_count, sizeof *of);
    clade_tensor *gradients = calloc(f->input_count, sizeof *gradients);
    float **results = calloc(f->input_count, sizeof *results);
    clade_buffer *inputs = calloc(f->input_count + f->output_count, sizeof *inputs);
    clade_buffer *outputs = calloc(f->input_count, sizeof *outputs);
    assert_true(seeds && of && gradients && results && inputs && outputs);
    for (size_t i = 0; i < f->output_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "seed %zu", i);
        of[i] = graph->outputs[i].tensor;
        REQUIRE(clade_graph_input(graph, name, *graph_shape_of(graph, of[i]), &seeds[i]));
    }
    const clade_status status =
        grad_backward(graph, of, seeds, f->output_count, graph->inputs, f->input_count, gradients);
    if (status != CLADE_OK) assert_non_null(strstr(message(), "exponent")); /* by which there is none */
    if (status != CLADE_OK) refused++;
    size_t count = 0;
    for (size_t i = 0; i < f->input_count; i++) {
        if (status != CLADE_OK || !graph_is_tensor(gradients[i])) continue;
        char name[32];
        const size_t elements = interpreter_elements(graph, graph->inputs[i]);
        assert_int_equal(interpreter_elements(graph, gradients[i]), elements);
        snprintf(name, sizeof name, "gradient %zu", i);
        REQUIRE(clade_graph_output(graph, gradients[i], name));
        results[i] = calloc(elements, sizeof **results);
        outputs[count++] = (clade_buffer){NULL, results[i], elements * sizeof(float)};
    }
    for (size_t i = 0; i < f->input_count + f->output_count; i++)
        inputs[i] = (clade_buffer){NULL, i < f->input_count ? f->inputs[i] : f->seeds[i - f->input_count],
                                   interpreter_elements(graph, graph->inputs[i]) * sizeof(float)};
    for (size_t i = 0; i < count; i++) outputs[i].name = graph->outputs[f->output_count + i].name;
    if (status == CLADE_OK) run(graph, settings, inputs, f->input_count + f->output_count, outputs, count);
    clade_graph_destroy(&graph);
    free(seeds);
    free(of);
    free(gradients);
    free(inputs);
    free(outputs);
    if (status == CLADE_OK) return results;
    free(results);
    return NULL;
}

/* ---- Both -------------------------------------------------------------------------------------------------------------------------------- */

static void show(const clade_graph *graph) {
    for (size_t i = 0; i < graph->node_count; i++) {
        char shape[BASE_SHAPE_TEXT];
        fprintf(stderr, "  %s %s %s\n", graph->nodes[i].name, graph->nodes[i].words,
                base_shape_text(graph_shape_of(graph, graph->nodes[i].output), shape, sizeof shape));
    }
}

static double largest_of(const function *f, size_t input, const float *gradient) {
    const size_t count = interpreter_elements(f->graph, f->graph->inputs[input]);
    double largest = 0;
    for (size_t i = 0; gradient && i < count; i++) largest = fmax(largest, fabs((double)gradient[i]));
    return largest;
}

/* `least`: of what size a derivative is taken for at least, which one that is a sum of larger ones that cancel out needs, as by a bias
 * before a batch norm. */
static void compare_tensor(const function *f, size_t input, const float *gradient, double least, size_t most) {
    const char *name = graph_tensor_of(f->graph, f->graph->inputs[input])->name;
    const size_t count = interpreter_elements(f->graph, f->graph->inputs[input]);
    const double largest = fmax(least, largest_of(f, input, gradient));
    for (size_t i = 0; i < most && i < count; i++) {
        const size_t element = count <= most ? i : (size_t)pick(0, (int32_t)count - 1);
        const double expected = difference(f, input, element), got = gradient ? (double)gradient[element] : 0;
        looked_at++;
        left_out += isnan(expected);
        if (isnan(expected) || fabs(got - expected) <= TOLERANCE * largest) continue;
        show(f->graph);
        fail_msg("the derivative by element %zu of %s is %g, by differences %g; the largest is %g", element, name, got,
                 expected, largest);
    }
}

static void check(clade_graph *network, int64_t batch, double share, size_t most) {
    const clade_plan_settings settings = {.disabled_passes = CLADE_PASS_FOLD | CLADE_PASS_COMMUTE | CLADE_PASS_ALIGN |
                                                             CLADE_PASS_MERGE | CLADE_PASS_NETWORK,
                                          .channel_block = pick(0, 3) == 0 ? 1 : 0};
    REQUIRE(clade_graph_fill_parameters(network));
    function f = make_function(network, batch);
    float **gradients = differentiate(&f, &settings);
    double least = 1;
    for (size_t i = 0; gradients && i < f.input_count; i++) least = fmax(least, largest_of(&f, i, gradients[i]));
    for (size_t i = 0; gradients && i < f.input_count; i++) {
        const bool is_key = strcmp(graph_tensor_of(f.graph, f.graph->inputs[i])->name, "key") == 0;
        if (!is_key) compare_tensor(&f, i, gradients[i], share * least, most);
        free(gradients[i]);
    }
    free(gradients);
    free_function(&f);
}

static clade_tensor convolve(clade_graph *graph, clade_tensor x, int32_t channels) {
    clade_tensor y;
    REQUIRE(clade_graph_conv2d(graph, x, &(clade_conv2d_settings){.channels = channels, .kernel = {1, 1}}, &y));
    return y;
}

static void check_node(const random_node *node, bool behind_convolution) {
    clade_graph *graph = NULL;
    clade_tensor x, y;
    REQUIRE(clade_graph_create(context, &graph));
    REQUIRE(clade_graph_input(graph, "x", (clade_shape){4, {CLADE_BATCH, pick(1, 20), pick(3, 7), pick(3, 7)}}, &x));
    if (behind_convolution) x = convolve(graph, x, pick(0, 1) ? 16 : pick(1, 20));
    REQUIRE(node->add(graph, x, &state, &y));
    REQUIRE(clade_graph_output(graph, y, "y"));
    check(graph, 2, 1e-2, DERIVATIVES);
    clade_graph_destroy(&graph);
}

static int cases(int otherwise) {
    const char *asked = getenv("CLADE_TEST_CASES");
    return asked ? atoi(asked) / 50 + 1 : otherwise;
}

static void every_operator_has_the_gradient_of_its_definition(void **unused) {
    (void)unused;
    looked_at = left_out = refused = 0;
    for (size_t i = 0; i < random_node_count; i++)
        for (int k = 0; k < 2 * cases(3); k++) {
            state = 1000 * i + (uint64_t)k;
            check_node(&random_nodes[i], k % 2 == 1);
        }
    print_message("%zu derivatives, %zu of them left out; %zu graphs refused\n", looked_at, left_out, refused);
    assert_true(left_out * 10 < looked_at);
}

static void networks_have_the_gradient_of_the_whole(void **unused) {
    (void)unused;
    looked_at = left_out = refused = 0;
    for (int k = 0; k < cases(3); k++) {
        state = (uint64_t)k;
        clade_graph *graph = random_graph(context, (uint64_t)k, 10);
        assert_non_null(graph);
        /* within 1e-4 of the largest derivative of all, as results are when networks run */
        check(graph, 5, 0.1, DERIVATIVES_OF_NETWORKS);
        clade_graph_destroy(&graph);
    }
    print_message("%zu derivatives, %zu of them left out; %zu graphs refused\n", looked_at, left_out, refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_has_the_gradient_of_its_definition),
        cmocka_unit_test(networks_have_the_gradient_of_the_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
