/* Copies of boxes: transposes, slices, pads and parts of a concat, every candidate against the reference. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void row_major(int32_t rank, const int64_t *dims, int64_t *strides) {
    int64_t step = 1;
    for (int32_t d = rank - 1; d >= 0; d--) {
        strides[d] = step;
        step *= dims[d];
    }
}

/* Pads some dimensions, leaves out the source's end or begins inside it in others. */
static void pad_and_cut(harness_random *random, ops_copy *p) {
    for (int32_t d = 0; d < p->rank; d++) {
        if (harness_chance(random, 0.3)) {
            p->low[d] = harness_between(random, 0, 3);
            p->dims[d] += p->low[d] + harness_between(random, 0, 3);
        } else if (harness_chance(random, 0.3)) {
            int64_t cut = harness_between(random, 0, (int32_t)p->in_dims[d] - 1);
            p->in_offset += cut * p->stride_in[d];
            p->in_dims[d] -= cut;
            p->dims[d] = harness_between(random, 1, (int32_t)p->in_dims[d]);
        }
    }
}

/* Every second (or third) element. */
static void step_over(harness_random *random, ops_copy *p) {
    for (int32_t d = 0; d < p->rank; d++) {
        if (p->low[d] || !harness_chance(random, 0.3)) continue;
        int64_t step = harness_between(random, 2, 3);
        p->stride_in[d] *= step;
        p->in_dims[d] = p->dims[d] = (p->dims[d] + step - 1) / step;
    }
}

static void swap(ops_copy *p, int32_t d, int32_t other) {
    int64_t dim = p->in_dims[d], stride = p->stride_in[d];
    p->in_dims[d] = p->in_dims[other], p->stride_in[d] = p->stride_in[other];
    p->in_dims[other] = dim, p->stride_in[other] = stride;
}

static void shuffle(harness_random *random, ops_copy *p) {
    for (int32_t d = p->rank - 1; d > 0; d--) swap(p, d, harness_between(random, 0, d));
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_copy *p = &problem->copy;
    p->rank = harness_between(random, 1, 5);
    for (int32_t d = 0; d < p->rank; d++)
        p->in_dims[d] = harness_chance(random, 0.2) ? 1 : harness_between(random, 1, 8);
    if (harness_chance(random, 0.6)) p->in_dims[p->rank - 1] = harness_between(random, 10, 100);
    const bool is_matrix = p->rank > 1 && harness_chance(random, 0.3); /* with tiles to transpose */
    if (is_matrix) p->in_dims[p->rank - 2] = harness_between(random, 10, 40);
    row_major(p->rank, p->in_dims, p->stride_in);
    if (is_matrix)
        swap(p, p->rank - 1, harness_between(random, 0, p->rank - 2));
    else if (harness_chance(random, 0.3))
        shuffle(random, p);
    for (int32_t d = 0; d < p->rank; d++) p->dims[d] = p->in_dims[d];
    p->in_offset = harness_between(random, 0, 5);
    p->out_offset = harness_between(random, 0, 5);
    if (harness_chance(random, is_matrix ? 0.2 : 0.6)) pad_and_cut(random, p);
    if (harness_chance(random, 0.2)) step_over(random, p);
    p->value = harness_chance(random, 0.5) ? 0.0f : harness_float(random, -9, 9);

    /* the output is a part of something larger, as in a concat */
    int64_t whole[OPS_MAX_DIMS];
    for (int32_t d = 0; d < p->rank; d++) whole[d] = p->dims[d] + (harness_chance(random, 0.2) ? 3 : 0);
    row_major(p->rank, whole, p->stride_out);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_copy(&problem->copy, inputs[0], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_copy *p = &problem->copy;
    size_t length =
        (size_t)snprintf(text, size, "from %lld to %lld", (long long)p->in_offset, (long long)p->out_offset);
    for (int32_t d = 0; d < p->rank && length < size; d++)
        length += (size_t)snprintf(text + length, size - length, " %lld of %lld at %lld (%lld -> %lld)",
                                   (long long)p->in_dims[d], (long long)p->dims[d], (long long)p->low[d],
                                   (long long)p->stride_in[d], (long long)p->stride_out[d]);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state,
                  &(harness_operator){.kind = OPS_COPY, .draw = draw, .reference = reference, .describe = describe});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_match_the_reference)};
    return cmocka_run_group_tests_name("ops.copy", tests, harness_open, harness_close);
}
