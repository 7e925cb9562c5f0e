/* Operators of two tensors, or of a tensor and a constant: every candidate against the reference over boxes with broadcasts, gaps and permuted strides. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Dense row-major strides, sometimes with a gap behind the rows of a dimension. Returns the elements spanned. */
static int64_t dense_strides(harness_random *random, int32_t rank, const int64_t *dims, int64_t *strides) {
    int64_t step = 1;
    for (int32_t d = rank - 1; d >= 0; d--) {
        strides[d] = step;
        step *= dims[d];
        if (harness_chance(random, 0.2)) step += harness_between(random, 1, 5);
    }
    return step;
}

/* An operand that some dimensions do not move. */
static void broadcast(harness_random *random, int32_t rank, int64_t *dims, int64_t *strides) {
    bool still[OPS_MAX_DIMS];
    int64_t step = 1;
    for (int32_t d = 0; d < rank; d++) still[d] = harness_chance(random, 0.3);
    for (int32_t d = rank - 1; d >= 0; d--) {
        strides[d] = still[d] ? 0 : step;
        if (!still[d]) step *= dims[d];
    }
}

/* A tensor in blocks of channels and a number for each of them: [images, blocks, pixels, lanes]. */
static void gate(harness_random *random, ops_binary *p) {
    const int64_t lanes = harness_block(random), pixels = harness_between(random, 1, 60), blocks = p->dims[0];
    const int64_t whole[4] = {blocks * pixels * lanes, pixels * lanes, lanes, 1},
                  one[4] = {blocks * lanes, lanes, 0, 1};
    const int64_t dims[4] = {harness_between(random, 1, 3), blocks, pixels, lanes};
    const bool first = harness_chance(random, 0.3);
    p->rank = 4;
    for (int32_t d = 0; d < 4; d++) {
        p->dims[d] = dims[d];
        p->stride_out[d] = whole[d];
        p->stride_a[d] = first ? one[d] : whole[d];
        p->stride_b[d] = first ? whole[d] : one[d];
    }
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_binary *p = &problem->binary;
    p->kind = (clade_binary_kind)harness_between(random, CLADE_ADD, CLADE_POWER);
    p->constant = harness_chance(random, 0.25);
    p->swap = p->kind != CLADE_ADD && p->kind != CLADE_MULTIPLY && harness_chance(random, 0.25);
    p->rank = harness_between(random, 1, 5);
    for (int32_t d = 0; d < p->rank; d++) p->dims[d] = harness_chance(random, 0.2) ? 1 : harness_between(random, 1, 9);
    if (harness_chance(random, 0.5)) p->dims[p->rank - 1] = harness_between(random, 10, 100);
    dense_strides(random, p->rank, p->dims, p->stride_out);
    bool same = harness_chance(random, 0.4);
    for (int32_t d = 0; d < p->rank; d++) p->stride_a[d] = p->stride_out[d];
    if (!same && harness_chance(random, 0.5)) broadcast(random, p->rank, p->dims, p->stride_a);
    if (!same && harness_chance(random, 0.5)) dense_strides(random, p->rank, p->dims, p->stride_a);
    if (harness_chance(random, 0.5))
        broadcast(random, p->rank, p->dims, p->stride_b);
    else
        dense_strides(random, p->rank, p->dims, p->stride_b);
    if (harness_chance(random, 0.15)) gate(random, p);
    /* few activations: each is one more program for each rank; other tests have them all */
    static const clade_activation activations[] = {CLADE_ACTIVATION_NONE, CLADE_RELU, CLADE_LEAKY_RELU};
    if (p->kind <= CLADE_MULTIPLY) p->activation = activations[harness_between(random, 0, 2)];
    p->slope = harness_float(random, -2, 2);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    const float *b = problem->binary.constant ? parameters[OPS_WEIGHT] : inputs[1];
    reference_binary(&problem->binary, inputs[0], b, expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_binary *p = &problem->binary;
    size_t length = (size_t)snprintf(text, size, "kind %d%s%s activation %d;", (int)p->kind, p->swap ? " swapped" : "",
                                     p->constant ? " with a constant" : "", (int)p->activation);
    for (int32_t d = 0; d < p->rank && length < size; d++)
        length += (size_t)snprintf(text + length, size - length, " %lld (%lld, %lld -> %lld)", (long long)p->dims[d],
                                   (long long)p->stride_a[d], (long long)p->stride_b[d], (long long)p->stride_out[d]);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state,
                  &(harness_operator){
                      .kind = OPS_BINARY, .draw = draw, .reference = reference, .describe = describe, .range = 3});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_match_the_reference)};
    return cmocka_run_group_tests_name("ops.binary", tests, harness_open, harness_close);
}
