/* test_conv2d_grouped.c: convolution in groups between blocked tensors against double precision, and which kernel it gets. */
#include "ops/harness.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- Random problems ------------------------------------------------------------------------------------------------------------ */

/* Stride, block and what follows the sums go with the width of the groups: each combination is a program to compile. */
typedef struct variety {
    int32_t group, block, stride;
    bool has_bias, has_residual;
    clade_activation activation;
    clade_type weights;
} variety;
static const variety varieties[] = {
    {1, 16, 1, true, false, CLADE_RELU6, CLADE_FLOAT32},  {1, 16, 2, true, true, CLADE_RELU, CLADE_FLOAT16},
    {1, 8, 1, false, true, CLADE_TANH, CLADE_FLOAT32},    {1, 4, 3, false, false, CLADE_ACTIVATION_NONE, CLADE_FLOAT32},
    {2, 4, 1, true, false, CLADE_RELU, CLADE_BFLOAT16},   {4, 16, 1, true, false, CLADE_RELU, CLADE_FLOAT32},
    {4, 8, 2, true, false, CLADE_SIGMOID, CLADE_FLOAT32}, {8, 16, 2, false, true, CLADE_LEAKY_RELU, CLADE_FLOAT32},
    {8, 8, 1, true, false, CLADE_RELU, CLADE_FLOAT32},    {8, 4, 2, true, true, CLADE_RELU, CLADE_FLOAT32},
};

/* Narrower than a tile, a tile, a tile and its edges, one pixel more. */
static const int32_t widths[] = {1, 3, 7, 9, 10, 15, 23};

/* Padding before and behind, also more than the kernel can see; gives the input size. */
static int32_t draw_axis(harness_random *random, int32_t out, int32_t kernel, int32_t stride, int32_t dilation,
                         int32_t *pad) {
    const int32_t reach = (kernel - 1) * dilation + 1, span = (out - 1) * stride + reach;
    const int32_t most = harness_chance(random, 0.2) ? reach + 2 : reach / 2;
    int32_t behind = harness_between(random, 0, most);
    *pad = harness_between(random, 0, most);
    while (span - *pad - behind < 1) *pad > behind ? (*pad)-- : behind--;
    return span - *pad - behind + harness_between(random, 0, stride - 1);
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_conv2d *p = &problem->conv2d;
    const variety *v = &varieties[harness_between(random, 0, (int32_t)BASE_COUNT(varieties) - 1)];
    const int32_t n = harness_chance(random, 0.6) ? 1 : 3;
    const int32_t groups = harness_between(random, 2, (int32_t)base_max(3 * v->block / v->group, 3)),
                  channels = groups * v->group;
    *p = (ops_conv2d){.kernel_h = harness_between(random, 1, 5),
                      .kernel_w = harness_between(random, 1, 5),
                      .stride_h = harness_between(random, 1, 3),
                      .stride_w = v->stride,
                      .dilation_h = harness_chance(random, 0.8) ? 1 : 2,
                      .dilation_w = harness_chance(random, 0.8) ? 1 : 3,
                      .groups = groups,
                      .has_bias = v->has_bias,
                      .has_residual = v->has_residual,
                      .activation = v->activation,
                      .slope = 0.25f,
                      .weights = v->weights};
    const int32_t out_h = harness_between(random, 1, 5);
    const int32_t out_w = widths[harness_between(random, 0, (int32_t)BASE_COUNT(widths) - 1)];
    const int32_t in_h = draw_axis(random, out_h, p->kernel_h, p->stride_h, p->dilation_h, &p->pad_top);
    const int32_t in_w = draw_axis(random, out_w, p->kernel_w, p->stride_w, p->dilation_w, &p->pad_left);
    p->in = harness_tensor(random, n, channels, in_h, in_w, v->block);
    p->out = harness_tensor(random, n, channels, out_h, out_w, v->block);
    if (p->has_residual) p->residual = harness_tensor(random, n, channels, out_h, out_w, v->block);
    if (harness_chance(random, 0.3)) p->linear_channels = harness_between(random, 0, channels / v->block) * v->block;
}

/* NaN and infinity among the inputs are part of it: they reach the channels of their own group and no others. */
static void every_candidate_agrees_with_double_precision(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_CONV2D,
                                              .draw = draw,
                                              .reference = harness_reference_conv2d,
                                              .describe = harness_describe_conv2d});
}

/* ---- Choice ----------------------------------------------------------------------------------------------------------------------- */

static const char *chosen(int32_t in_c, int32_t out_c, int32_t groups, int32_t block, const rt_device *device) {
    static ops_recipe recipe;
    ops_problem problem = {.kind = OPS_CONV2D,
                           .conv2d = {.in = {.n = 1, .c = in_c, .h = 28, .w = 28, .block = block},
                                      .out = {.n = 1, .c = out_c, .h = 28, .w = 28, .block = block},
                                      .kernel_h = 3,
                                      .kernel_w = 3,
                                      .stride_h = 1,
                                      .stride_w = 1,
                                      .dilation_h = 1,
                                      .dilation_w = 1,
                                      .pad_top = 1,
                                      .pad_left = 1,
                                      .groups = groups}};
    problem.conv2d.in.batch_stride = ops_image_elements(&problem.conv2d.in);
    problem.conv2d.out.batch_stride = ops_image_elements(&problem.conv2d.out);
    assert_int_equal(ops_select(NULL, &problem, device, NULL, &recipe), CLADE_OK);
    return recipe.candidate;
}

static void groups_get_the_kernel_that_suits_their_width(void **state) {
    (void)state;
    rt_device cpu = {.type = CLADE_DEVICE_CPU,
                     .compute_units = 8,
                     .clock_mhz = 3000,
                     .float_width = 8,
                     .global_memory = 1u << 30,
                     .largest_allocation = 1u << 28,
                     .max_work_group = 4096,
                     .max_work_items = {4096, 4096, 4096}};
    assert_string_equal(chosen(32, 32, 32, 8, &cpu), "conv2d.grouped"); /* depthwise */
    assert_string_equal(chosen(20, 20, 20, 8, &cpu), "conv2d.grouped"); /* with padding lanes */
    assert_string_equal(chosen(64, 64, 16, 8, &cpu), "conv2d.grouped"); /* 4 channels each */
    assert_string_equal(chosen(64, 64, 8, 8, &cpu), "conv2d.direct");   /* a block each */
    assert_string_equal(chosen(64, 96, 2, 8, &cpu), "conv2d.direct");   /* 4 blocks, 6 blocks */
    assert_string_equal(chosen(24, 24, 8, 8, &cpu), "conv2d.generic");  /* 3 channels: some lie across blocks */
    assert_string_equal(chosen(16, 32, 16, 8, &cpu), "conv2d.generic"); /* two outputs for each input */
    assert_string_equal(chosen(32, 32, 32, 1, &cpu), "conv2d.generic"); /* plain */
    cpu.type = CLADE_DEVICE_GPU;
    assert_string_equal(chosen(32, 32, 32, 8, &cpu), "conv2d.generic");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_candidate_agrees_with_double_precision),
        cmocka_unit_test(groups_get_the_kernel_that_suits_their_width),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
