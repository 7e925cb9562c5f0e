/* Pixels further apart: every candidate puts each where it belongs and zeros everywhere else; the harness knows the layouts. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Also rows and columns behind the last pixel, as the input of a convolution has that its windows do not fill. */
static int32_t draw_axis(harness_random *random, int32_t in, int32_t *stride) {
    *stride = harness_between(random, 1, 3);
    return (in - 1) * *stride + 1 + harness_between(random, 0, 3);
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_spread *p = &problem->spread;
    int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 40);
    int32_t h = harness_between(random, 1, 9), w = harness_between(random, 1, 9);
    int32_t from = harness_block(random), to = harness_chance(random, 0.7) ? from : harness_block(random);
    int32_t out_h = draw_axis(random, h, &p->stride_h), out_w = draw_axis(random, w, &p->stride_w);
    p->in = harness_tensor(random, n, c, h, w, from);
    p->out = harness_tensor(random, n, c, out_h, out_w, to);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_spread(&problem->spread, inputs[0], expected->values, expected->bounds);
}

static void every_pixel_lands_where_it_belongs(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_SPREAD, .draw = draw, .reference = reference});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_pixel_lands_where_it_belongs)};
    return cmocka_run_group_tests_name("ops.spread", tests, harness_open, harness_close);
}
