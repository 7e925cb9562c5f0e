/* Whole networks against their golden results: weights and input from the rule of docs/goldens.md, every block and all
 * logits compared with what PyTorch computed in float64 (tests/data/goldens). The same must come out however the graph is
 * compiled. The bound is the project's for float32: 1e-4 of the largest value. */
#include "models/context.h"
#include "models/golden.h"

#include "base/base.h"

#include <clade/models.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

/* Builds the model with the rule's weights; with `blocks` each block of the golden result is one more output. */
static clade_graph *build(clade_context *context, const char *model, const golden *g, bool blocks) {
    clade_graph *graph = NULL;
    expect_ok(context, clade_model_create(context, model, NULL, &graph));
    for (size_t i = 0; blocks && i < g->block_count; i++) {
        clade_tensor tensor = {-1};
        expect_ok(context, clade_graph_find_tensor(graph, g->blocks[i].name, &tensor));
        expect_ok(context, clade_graph_output(graph, tensor, NULL));
    }
    expect_ok(context, clade_graph_fill_parameters(graph));
    return graph;
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

static void check(clade_context *context, const char *model, bool blocks, const clade_plan_settings *settings) {
    golden g;
    golden_read(model, &g);
    clade_graph *graph = build(context, model, &g, blocks);
    results r = run(context, graph, &g, blocks, settings);
    for (size_t i = 1; i < r.count; i++)
        compare_block(&g.blocks[i - 1], r.buffers[i].data); /* the first wrong one tells */
    compare_output(&g, r.buffers[0].data, settings->weights == CLADE_FLOAT32 ? tolerance : narrow_tolerance(settings));
    free_results(&r);
    clade_graph_destroy(&graph);
    golden_clear(&g);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------------- */

static const clade_plan_settings as_chosen = {0};
static const clade_plan_settings without_passes = {
    .disabled_passes = CLADE_PASS_FOLD | CLADE_PASS_FUSE | CLADE_PASS_CONCAT | CLADE_PASS_LAYOUT | CLADE_PASS_IN_PLACE |
                       CLADE_PASS_REUSE | CLADE_PASS_MERGE | CLADE_PASS_COMMUTE | CLADE_PASS_ALIGN |
                       CLADE_PASS_NETWORK};
static const clade_plan_settings in_nchw = {.channel_block = 1};

static void lenet_in_every_way(void **state) {
    check(*state, "lenet", true, &as_chosen);
    check(*state, "lenet", true, &without_passes);
    check(*state, "lenet", true, &in_nchw);
    check(*state, "lenet", false, &as_chosen);
}

static void googlenet_d2l_in_every_way(void **state) {
    check(*state, "googlenet_d2l", true, &as_chosen);
    check(*state, "googlenet_d2l", true, &without_passes);
    check(*state, "googlenet_d2l", true, &in_nchw);
    check(*state, "googlenet_d2l", false, &as_chosen);
}

static void googlenet_in_every_way(void **state) {
    check(*state, "googlenet", true, &as_chosen);
    check(*state, "googlenet", true, &without_passes);
    check(*state, "googlenet", false, &as_chosen);
}

static void googlenet_with_weights_in_half_the_bytes(void **state) {
    check(*state, "googlenet", false, &(clade_plan_settings){.weights = CLADE_FLOAT16});
    check(*state, "googlenet", false, &(clade_plan_settings){.weights = CLADE_BFLOAT16});
}

static void inception_v3_with_and_without_its_blocks(void **state) {
    check(*state, "inception_v3", true, &as_chosen);
    check(*state, "inception_v3", false, &as_chosen);
}

static void inception_resnet_v2_with_and_without_its_blocks(void **state) {
    check(*state, "inception_resnet_v2", true, &as_chosen);
    check(*state, "inception_resnet_v2", false, &as_chosen);
}

static void inception_v4_with_and_without_its_blocks(void **state) {
    check(*state, "inception_v4", true, &as_chosen);
    check(*state, "inception_v4", false, &as_chosen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet_in_every_way),
        cmocka_unit_test(googlenet_d2l_in_every_way),
        cmocka_unit_test(googlenet_in_every_way),
        cmocka_unit_test(googlenet_with_weights_in_half_the_bytes),
        cmocka_unit_test(inception_v3_with_and_without_its_blocks),
        cmocka_unit_test(inception_v4_with_and_without_its_blocks),
        cmocka_unit_test(inception_resnet_v2_with_and_without_its_blocks),
    };
    return cmocka_run_group_tests_name("models.goldens", tests, context_open, context_close);
}
