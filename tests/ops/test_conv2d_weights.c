/* test_conv2d_weights.c: the gradient of a convolution's weight, every candidate against double precision. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Few widths: for a plain x each is a program to compile, and so is each number of blocks. */
static const int32_t kernels[][2] = {{1, 1}, {1, 1}, {3, 3}, {3, 3}, {3, 3}, {5, 5}, {1, 7}, {7, 1}, {2, 3}, {7, 7}};

/* One axis: draws stride, dilation and padding for an output size, and gives the input size. */
static int32_t draw_axis(harness_random *random, int32_t out, int32_t kernel, int32_t *stride, int32_t *dilation,
                         int32_t *pad) {
    *stride = harness_chance(random, 0.7) ? 1 : harness_between(random, 2, 3);
    *dilation = harness_chance(random, 0.8) ? 1 : 2;
    int32_t reach = (kernel - 1) * *dilation + 1, span = (out - 1) * *stride + reach;
    int32_t most = harness_chance(random, 0.2)   ? reach + 2 /* also taps that meet nothing but padding */
                   : harness_chance(random, 0.4) ? 0
                                                 : kernel / 2;
    *pad = harness_between(random, 0, most);
    int32_t behind = harness_between(random, 0, most), slack = harness_between(random, 0, *stride - 1);
    while (span + slack - *pad - behind < 1) *pad > behind ? (*pad)-- : behind--;
    return span + slack - *pad - behind;
}

static void draw_channels(harness_random *random, ops_conv2d_weights *p, int32_t *in_block, int32_t *out_block) {
    *out_block = harness_chance(random, 0.5) ? 16 : harness_block(random);
    *in_block = harness_chance(random, 0.7) ? *out_block : *out_block == 16 ? 1 : harness_block(random);
    p->groups = harness_chance(random, 0.8) ? 1 : harness_between(random, 2, 3);
    p->in.c = p->groups * (*in_block == 1 && harness_chance(random, 0.7) ? harness_between(random, 1, 4)
                                                                         : harness_between(random, 1, 36));
    p->out.c = p->groups * (harness_between(random, 1, 4) * 8 + harness_between(random, -1, 1));
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_conv2d_weights *p = &problem->conv2d_weights;
    int32_t n = harness_chance(random, 0.4) ? 1 : harness_between(random, 2, 5), in_block, out_block;
    const int32_t *kernel = kernels[harness_between(random, 0, (int32_t)BASE_COUNT(kernels) - 1)];
    *p = (ops_conv2d_weights){.kernel_h = kernel[0], .kernel_w = kernel[1]};
    draw_channels(random, p, &in_block, &out_block);
    int32_t out_h = harness_between(random, 1, 6), out_w = harness_between(random, 1, 18);
    /* more rows, or more images, than go by at once */
    if (harness_chance(random, 0.15)) out_w = harness_between(random, 40, 60);
    if (harness_chance(random, 0.1))
        out_h = 1, out_w = harness_between(random, 12, 18), n = harness_between(random, 90, 120);
    int32_t in_h = draw_axis(random, out_h, p->kernel_h, &p->stride_h, &p->dilation_h, &p->pad_top);
    int32_t in_w = draw_axis(random, out_w, p->kernel_w, &p->stride_w, &p->dilation_w, &p->pad_left);
    p->in = harness_tensor(random, n, p->in.c, in_h, in_w, in_block);
    p->out = harness_tensor(random, n, p->out.c, out_h, out_w, out_block);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_conv2d_weights(&problem->conv2d_weights, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    snprintf(text, size, "kernel %dx%d stride %d,%d dilation %d,%d pad %d,%d groups %d", p->kernel_h, p->kernel_w,
             p->stride_h, p->stride_w, p->dilation_h, p->dilation_w, p->pad_top, p->pad_left, p->groups);
}

static void every_candidate_agrees_with_double_precision(void **state) {
    harness_check(*state, &(harness_operator){
                              .kind = OPS_CONV2D_WEIGHTS, .draw = draw, .reference = reference, .describe = describe});
}

/* By Winograd's transform. */
static void draw_3x3(harness_random *random, ops_problem *problem) {
    ops_conv2d_weights *p = &problem->conv2d_weights;
    const int32_t block = harness_chance(random, 0.6) ? 16 : 8, n = harness_between(random, 1, 3);
    const int32_t out_h = harness_between(random, 1, 9),
                  out_w = harness_between(random, 1, harness_chance(random, 0.2) ? 90 : 9);
    *p = (ops_conv2d_weights){
        .kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .groups = 1};
    p->pad_top = harness_between(random, 0, 2);
    p->pad_left = harness_between(random, 0, 2);
    int32_t in_h = out_h + 2 - p->pad_top - harness_between(random, 0, 1),
            in_w = out_w + 2 - p->pad_left - harness_between(random, 0, 1);
    p->in = harness_tensor(random, n, harness_between(random, 1, 40), (int32_t)base_max(in_h, 1),
                           (int32_t)base_max(in_w, 1), block);
    p->out = harness_tensor(random, n, harness_between(random, 1, 50), out_h, out_w, block);
}

static void transforms_agree_with_double_precision(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_CONV2D_WEIGHTS,
                                              .draw = draw_3x3,
                                              .reference = reference,
                                              .describe = describe,
                                              .approximate = true});
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_candidate_agrees_with_double_precision),
                                       cmocka_unit_test(transforms_agree_with_double_precision)};
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
