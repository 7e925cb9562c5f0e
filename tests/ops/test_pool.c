/* Pooling: every candidate against the reference, and two properties that need none. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What follows: mostly nothing, else as behind a convolution. A sigmoid would make something of padding lanes. Few, since each is
 * a program to compile. */
static void draw_finish(harness_random *random, ops_pool *p) {
    if (harness_chance(random, 0.5)) return;
    p->has_bias = harness_chance(random, 0.7);
    p->activation = p->has_bias ? CLADE_LEAKY_RELU : CLADE_SIGMOID;
    p->slope = 0.25f;
}

static void draw(harness_random *random, ops_problem *problem) {
    harness_draw_pool(random, &problem->pool);
    draw_finish(random, &problem->pool);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    reference_pool(&problem->pool, inputs[0], parameters[OPS_BIAS], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    harness_describe_pool(&problem->pool, text, size);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state,
                  &(harness_operator){.kind = OPS_POOL, .draw = draw, .reference = reference, .describe = describe});
}

/* 3x3 / 1 over a plane of the layout that the device prefers. */
static ops_problem plane_problem(const harness *h, clade_pool_kind kind, int32_t height, int32_t width) {
    int32_t block = (int32_t)h->device.float_width;
    ops_tensor in = {.n = 1, .c = 1, .h = height, .w = width, .block = block};
    ops_tensor out = {.n = 1, .c = 1, .h = height - 2, .w = width - 2, .block = block};
    in.batch_stride = ops_image_elements(&in);
    out.batch_stride = ops_image_elements(&out);
    return (ops_problem){
        .kind = OPS_POOL,
        .pool = {.in = in, .out = out, .kind = kind, .kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1}};
}

static void run(harness *h, const ops_problem *problem, const float *in, float *out) {
    harness_run_settings settings = {.problem = problem, .inputs = {in}};
    if (!harness_run(h, &settings, out)) fail_msg("%s", h->fault);
}

enum {
    HEIGHT = 9,
    WIDTH = 23,
    OUT_HEIGHT = HEIGHT - 2,
    OUT_WIDTH = WIDTH - 2,
    IN = HEIGHT * WIDTH,
    OUT = OUT_HEIGHT * OUT_WIDTH
};

static void test_a_shifted_image_gives_a_shifted_result(void **state) {
    harness *h = *state;
    harness_random random = {.state = 7};
    float image[HEIGHT][WIDTH], shifted[HEIGHT][WIDTH], out[OUT_HEIGHT][OUT_WIDTH], moved[OUT_HEIGHT][OUT_WIDTH];
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) image[y][x] = harness_float(&random, -1, 1);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) shifted[y][x] = image[(y + 1) % HEIGHT][(x + 1) % WIDTH];
    ops_problem problem = plane_problem(h, CLADE_POOL_MAX, HEIGHT, WIDTH);
    run(h, &problem, image[0], out[0]);
    run(h, &problem, shifted[0], moved[0]);
    for (int y = 0; y + 1 < OUT_HEIGHT; y++)
        for (int x = 0; x + 1 < OUT_WIDTH; x++) assert_float_equal(moved[y][x], out[y + 1][x + 1], 0);
}

static void test_averages_are_linear(void **state) {
    harness *h = *state;
    harness_random random = {.state = 8};
    float a[IN], b[IN], sum[IN], out_a[OUT], out_b[OUT], out_sum[OUT];
    for (int i = 0; i < IN; i++) {
        a[i] = harness_float(&random, -1, 1);
        b[i] = harness_float(&random, -1, 1);
        sum[i] = 3 * a[i] - 2 * b[i];
    }
    ops_problem problem = plane_problem(h, CLADE_POOL_AVERAGE, HEIGHT, WIDTH);
    run(h, &problem, a, out_a);
    run(h, &problem, b, out_b);
    run(h, &problem, sum, out_sum);
    for (int i = 0; i < OUT; i++) assert_float_equal(out_sum[i], 3 * out_a[i] - 2 * out_b[i], 1e-5f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_a_shifted_image_gives_a_shifted_result),
        cmocka_unit_test(test_averages_are_linear),
    };
    return cmocka_run_group_tests_name("ops.pool", tests, harness_open, harness_close);
}
