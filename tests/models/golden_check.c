#include "models/golden_check.h"

#include "base/base.h"

#include <clade/models.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* The project's bound for float32, of the largest value. */
static const double tolerance = 1e-4;

static void expect_ok(const clade_context *context, clade_status status) {
    if (status == CLADE_OK) return;
    char message[512];
    clade_context_message(context, message, sizeof message);
    fail_msg("%s: %s", clade_status_name(status), message);
}

static size_t elements_of(const clade_shape *shape) {
    int64_t elements = 0;
    assert_true(base_shape_elements(shape, &elements));
    return (size_t)elements;
}

/* ---- One run ----------------------------------------------------------------------------------------------------------- */

/* Buffers for every output of a graph. */
typedef struct results {
    clade_buffer *buffers;
    size_t count;
} results;

static void add_result(results *r, const char *name, size_t elements) {
    float *values = malloc(elements * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < elements; i++) values[i] = NAN; /* what is not written will not compare */
    r->buffers[r->count++] = (clade_buffer){name, values, elements * sizeof *values};
}

static void free_results(results *r) {
    for (size_t i = 0; i < r->count; i++) free(r->buffers[i].data);
    free(r->buffers);
}

/* Gives the graph the rule's weights; with `blocks` each block of the golden result is one more output. */
static void prepare(const clade_context *context, clade_graph *graph, const golden *g, bool blocks) {
    for (size_t i = 0; blocks && i < g->block_count; i++) {
        clade_tensor tensor = {-1};
        expect_ok(context, clade_graph_find_tensor(graph, g->blocks[i].name, &tensor));
        expect_ok(context, clade_graph_output(graph, tensor, NULL));
    }
    expect_ok(context, clade_graph_fill_parameters(graph));
}

static results run(clade_context *context, const clade_graph *graph, const golden *g, bool blocks,
                   const clade_plan_settings *settings) {
    results r = {calloc(g->block_count + 1, sizeof *r.buffers), 0};
    assert_non_null(r.buffers);
    add_result(&r, "output", g->output_count);
    for (size_t i = 0; blocks && i < g->block_count; i++)
        add_result(&r, g->blocks[i].name, elements_of(&g->blocks[i].shape));

    const size_t pixels = elements_of(&g->input);
    float *image = malloc(pixels * sizeof *image);
    assert_non_null(image);
    clade_fill_input("input", image, pixels);

    clade_plan *plan = NULL;
    clade_session *session = NULL;
    expect_ok(context, clade_plan_create(graph, settings, &plan));
    expect_ok(context, clade_session_create(plan, &session));
    const clade_buffer input = {"input", image, pixels * sizeof *image};
    expect_ok(context, clade_run(session, &input, 1, r.buffers, r.count));
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    free(image);
    return r;
}

/* ---- Comparison -------------------------------------------------------------------------------------------------------- */

static void expect_near(const char *tensor, const char *what, double found, double expected, double bound) {
    if (fabs(found - expected) <= bound) return; /* false for NaN */
    fail_msg("%s: %s is %.9g instead of %.9g: off by %.3g, allowed are %.3g", tensor, what, found, expected,
             fabs(found - expected), bound);
}

static void compare_block(const golden_block *block, const float *values) {
    const size_t count = elements_of(&block->shape);
    double sum = 0.0, squares = 0.0, largest = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        largest = fmax(largest, fabs((double)values[i]));
    }
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) squares += (values[i] - mean) * (values[i] - mean);

    const double bound = tolerance * block->largest;
    expect_near(block->name, "the mean", mean, block->mean, bound);
    expect_near(block->name, "the deviation", sqrt(squares / (double)count), block->deviation, bound);
    expect_near(block->name, "the largest magnitude", largest, block->largest, bound);
    for (size_t i = 0; i < GOLDEN_EDGE; i++) {
        char what[32];
        snprintf(what, sizeof what, "value %zu", i);
        expect_near(block->name, what, values[i], block->first[i], bound);
        snprintf(what, sizeof what, "value %zu", count - GOLDEN_EDGE + i);
        expect_near(block->name, what, values[count - GOLDEN_EDGE + i], block->last[i], bound);
    }
}

static void compare_output(const golden *g, const float *logits, double limit) {
    double largest = 0.0;
    for (size_t i = 0; i < g->output_count; i++) largest = fmax(largest, fabs(g->output[i]));
    for (size_t i = 0; i < g->output_count; i++) {
        char what[32];
        snprintf(what, sizeof what, "class %zu", i);
        expect_near("output", what, logits[i], g->output[i], limit * largest);
    }
}

/* Measured with GoogLeNet, Inception-v3 and Inception-v4: at most 8e-4 with float16 and 7e-3 with bfloat16. */
static double narrow_tolerance(const clade_plan_settings *settings) {
    return settings->weights == CLADE_FLOAT16 ? 2e-3 : 2e-2;
}

void golden_check_graph(clade_context *context, const char *name, clade_graph *graph, bool blocks,
                        const clade_plan_settings *settings) {
    golden g;
    golden_read(name, &g);
    prepare(context, graph, &g, blocks);
    results r = run(context, graph, &g, blocks, settings);
    for (size_t i = 1; i < r.count; i++)
        compare_block(&g.blocks[i - 1], r.buffers[i].data); /* the first wrong one tells */
    compare_output(&g, r.buffers[0].data, settings->weights == CLADE_FLOAT32 ? tolerance : narrow_tolerance(settings));
    free_results(&r);
    golden_clear(&g);
}

void golden_check(clade_context *context, const char *model, bool blocks, const clade_plan_settings *settings) {
    clade_graph *graph = NULL;
    expect_ok(context, clade_model_create(context, model, NULL, &graph));
    golden_check_graph(context, model, graph, blocks, settings);
    clade_graph_destroy(&graph);
}
