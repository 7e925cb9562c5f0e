/* Gradients of poolings: every candidate against the reference, and the reference against differences. */
#include "ops/harness.h"
#include "reference/gradients.h"
#include "reference/numeric_gradient.h"
#include "reference/operators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_pool_gradient *p = &problem->pool_gradient;
    harness_draw_pool(random, &p->pool);
    const ops_tensor *in = &p->pool.in;
    p->out = harness_tensor(random, in->n, in->c, in->h, in->w, in->block);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_pool_gradient(&problem->pool_gradient, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    harness_describe_pool(&problem->pool_gradient.pool, text, size);
}

/* With windows full of equal values. */
static void test_random_problems_match_the_reference(void **state) {
    harness_check(
        *state,
        &(harness_operator){
            .kind = OPS_POOL_GRADIENT, .draw = draw, .reference = reference, .describe = describe, .grid = 0.5f});
}

/* ---- The reference ------------------------------------------------------------------------------------------------------------- */

static void pool(const void *problem, const float *x, double *y) {
    const ops_pool *p = problem;
    double *bounds = malloc((size_t)p->out.n * (size_t)p->out.c * (size_t)p->out.h * (size_t)p->out.w * sizeof *bounds);
    reference_pool(p, x, NULL, y, bounds);
    free(bounds);
}

static void test_the_reference_is_the_derivative(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        harness_random random = {.state = seed};
        ops_pool_gradient p = {0};
        harness_draw_pool(&random, &p.pool);
        p.pool.in.n = p.pool.out.n = p.pool.in.c = p.pool.out.c = 1;
        const int64_t pixels = p.pool.in.h * p.pool.in.w, windows = p.pool.out.h * p.pool.out.w;
        float *x = malloc((size_t)pixels * sizeof *x), *dy = malloc((size_t)windows * sizeof *dy);
        double *numeric = malloc((size_t)pixels * sizeof *numeric), *values = malloc((size_t)pixels * sizeof *values),
               *bounds = malloc((size_t)pixels * sizeof *bounds);
        numeric_inputs(x, pixels, seed);
        for (int64_t i = 0; i < windows; i++) dy[i] = harness_float(&random, -1, 1);
        numeric_gradient(pool, &p.pool, x, pixels, dy, windows, numeric);
        reference_pool_gradient(&p, dy, x, values, bounds);
        for (int64_t i = 0; i < pixels; i++) assert_float_equal(values[i], numeric[i], 1e-6f);
        free(x);
        free(dy);
        free(numeric);
        free(values);
        free(bounds);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_the_reference_is_the_derivative),
    };
    return cmocka_run_group_tests_name("ops.pool_gradient", tests, harness_open, harness_close);
}
