/* Sums over channels: every candidate against the reference, and the reference against differences: it is the gradient of biases,
 * scales and slopes. */
#include "ops/harness.h"
#include "reference/gradients.h"
#include "reference/numeric_gradient.h"
#include "reference/operators.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Often rows of a matrix, whose channels lie side by side, and sometimes more pixels than one part takes. */
static void draw(harness_random *random, ops_problem *problem) {
    ops_channel_sum *p = &problem->channel_sum;
    const bool is_matrix = harness_chance(random, 0.4), is_large = harness_chance(random, 0.1);
    const int32_t n = harness_between(random, 1, is_matrix ? 300 : 4), c = harness_between(random, 1, 50);
    const int32_t h = is_matrix ? 1 : harness_between(random, 1, is_large ? 60 : 12);
    const int32_t w = is_matrix ? 1 : harness_between(random, 1, is_large ? 60 : 12);
    p->in = harness_tensor(random, n, c, h, w, harness_block(random));
    p->has_factor = harness_chance(random, 0.5);
    if (p->has_factor) p->factor = harness_tensor(random, n, c, h, w, p->in.block);
    p->only_not_positive = p->has_factor && harness_chance(random, 0.3);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_channel_sum(&problem->channel_sum, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_channel_sum *p = &problem->channel_sum;
    snprintf(text, size, "%s%s", p->has_factor ? "of a product" : "", p->only_not_positive ? ", not positive" : "");
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(
        *state,
        &(harness_operator){
            .kind = OPS_CHANNEL_SUM, .draw = draw, .reference = reference, .describe = describe, .grid = 0.25f});
}

/* However many units share the work, the order of the sums is one: a device of another size gives the same bits. */
static void test_the_number_of_units_changes_no_bit(void **state) {
    enum { CHANNELS = 20, SIZE = 40, IMAGES = 3, COUNT = IMAGES * CHANNELS * SIZE * SIZE };
    harness *h = *state;
    const rt_device real = h->device;
    ops_problem problem = {.kind = OPS_CHANNEL_SUM};
    ops_tensor *in = &problem.channel_sum.in;
    *in = (ops_tensor){.n = IMAGES,
                       .c = CHANNELS,
                       .h = SIZE,
                       .w = SIZE,
                       .block = ops_suits_vectors(&real) ? (int32_t)real.float_width : 1};
    in->batch_stride = ops_image_elements(in);
    harness_random random = {.state = 3};
    float *values = malloc(COUNT * sizeof *values), first[CHANNELS], sums[CHANNELS];
    for (int i = 0; i < COUNT; i++) values[i] = harness_float(&random, -1, 1);
    const uint32_t units[] = {1, 2, 7, 64};
    for (size_t i = 0; i < BASE_COUNT(units); i++) {
        h->device.compute_units = units[i];
        const harness_run_settings settings = {.problem = &problem, .inputs = {values}};
        if (!harness_run(h, &settings, i ? sums : first)) fail_msg("%s", h->fault);
        if (i) assert_memory_equal(sums, first, sizeof first);
    }
    h->device = real;
    free(values);
}

/* ---- The reference ------------------------------------------------------------------------------------------------------------- */

enum { IMAGES = 2, CHANNELS = 3, SIZE = 4, COUNT = IMAGES * CHANNELS * SIZE * SIZE };

typedef struct layer {
    ops_tensor tensor;
    float x[COUNT];
    double bounds[COUNT];
} layer;

static void shifted(const void *problem, const float *shift, double *y) {
    layer *l = (layer *)problem;
    reference_affine(&(ops_affine){.in = l->tensor, .out = l->tensor, .factor = 1, .has_shift = true}, l->x, NULL,
                     shift, y, l->bounds);
}

static void scaled(const void *problem, const float *scale, double *y) {
    layer *l = (layer *)problem;
    reference_affine(&(ops_affine){.in = l->tensor, .out = l->tensor, .factor = 1, .has_scale = true}, l->x, scale,
                     NULL, y, l->bounds);
}

static void leaked(const void *problem, const float *slopes, double *y) {
    layer *l = (layer *)problem;
    reference_activation(&(ops_activation){.in = l->tensor, .out = l->tensor, .kind = CLADE_PRELU}, l->x, slopes, y,
                         l->bounds);
}

static void test_the_reference_is_the_derivative_by_biases_scales_and_slopes(void **state) {
    (void)state;
    layer l = {.tensor = {.n = IMAGES, .c = CHANNELS, .h = SIZE, .w = SIZE, .block = 1}};
    l.tensor.batch_stride = ops_image_elements(&l.tensor);
    float dy[COUNT], parameters[CHANNELS];
    double numeric[CHANNELS], sums[CHANNELS], bounds[CHANNELS];
    numeric_inputs(l.x, COUNT, 1);
    numeric_inputs(dy, COUNT, 2);
    numeric_inputs(parameters, CHANNELS, 3);
    const numeric_function functions[] = {shifted, scaled, leaked};
    for (size_t i = 0; i < BASE_COUNT(functions); i++) {
        const ops_channel_sum p = {
            .in = l.tensor, .has_factor = i > 0, .factor = l.tensor, .only_not_positive = i == 2};
        numeric_gradient(functions[i], &l, parameters, CHANNELS, dy, COUNT, numeric);
        reference_channel_sum(&p, dy, l.x, sums, bounds);
        for (int c = 0; c < CHANNELS; c++) assert_float_equal(sums[c], numeric[c], 1e-6f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_the_number_of_units_changes_no_bit),
        cmocka_unit_test(test_the_reference_is_the_derivative_by_biases_scales_and_slopes),
    };
    return cmocka_run_group_tests_name("ops.channel_sum", tests, harness_open, harness_close);
}
