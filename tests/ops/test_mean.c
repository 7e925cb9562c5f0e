/* Means over any set of dimensions against the reference. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_mean *p = &problem->mean;
    int32_t rank = harness_between(random, 1, 5);
    int64_t step = 1, out_step = 1;
    /* from the innermost dimension out; each one is either kept or reduced */
    for (int32_t d = 0; d < rank; d++) {
        int64_t size = harness_chance(random, 0.2) ? 1 : harness_between(random, 1, 9);
        if (harness_chance(random, 0.5)) {
            p->reduce_dims[p->reduce_rank] = size;
            p->reduce_stride[p->reduce_rank++] = step;
        } else {
            p->dims[p->rank] = size;
            p->stride_in[p->rank] = step;
            p->stride_out[p->rank++] = out_step;
            out_step *= size;
        }
        step *= size;
        if (harness_chance(random, 0.1)) step += 3;
    }
    if (p->rank == 0) p->dims[p->rank] = 1, p->stride_in[p->rank] = 1, p->stride_out[p->rank++] = 1;
    if (p->reduce_rank == 0) p->reduce_dims[p->reduce_rank] = 1, p->reduce_stride[p->reduce_rank++] = 1;
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_mean(&problem->mean, inputs[0], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_mean *p = &problem->mean;
    size_t length = 0;
    for (int32_t d = 0; d < p->rank && length < size; d++)
        length += (size_t)snprintf(text + length, size - length, " %lld (%lld -> %lld)", (long long)p->dims[d],
                                   (long long)p->stride_in[d], (long long)p->stride_out[d]);
    for (int32_t d = 0; d < p->reduce_rank && length < size; d++)
        length += (size_t)snprintf(text + length, size - length, " over %lld (%lld)", (long long)p->reduce_dims[d],
                                   (long long)p->reduce_stride[d]);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state,
                  &(harness_operator){.kind = OPS_MEAN, .draw = draw, .reference = reference, .describe = describe});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems_match_the_reference)};
    return cmocka_run_group_tests_name("ops.mean", tests, harness_open, harness_close);
}
