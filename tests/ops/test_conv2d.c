/* test_conv2d.c: every candidate of conv2d against double precision and against what convolution must obey. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Random problems ------------------------------------------------------------------------------------------------------------ */

/* What follows the sums. */
typedef struct finish {
    bool has_bias, has_residual;
    clade_activation activation;
} finish;

/* Each finish of a tile is a program to compile: blocked outputs have a usual one for each block, and others for one shape. */
static const finish finishes[] = {
    {true, false, CLADE_RELU},  {true, true, CLADE_SIGMOID}, {false, false, CLADE_ACTIVATION_NONE},
    {false, true, CLADE_RELU6}, {true, false, CLADE_TANH},   {false, false, CLADE_LEAKY_RELU},
};
static const finish *usual_finish(int32_t block) { return &finishes[block == 16 ? 0 : block == 8 ? 1 : 2]; }

/* Widths about the tiles'. */
static const int32_t widths[] = {1, 2, 6, 7, 8, 9, 13, 14, 15, 17, 29};
static const int32_t kernels[][2] = {{1, 1}, {1, 1}, {3, 3}, {3, 3}, {1, 7}, {7, 1},
                                     {1, 3}, {3, 1}, {5, 5}, {2, 2}, {4, 11}};

/* One axis: draws stride, dilation and padding for an output size, and gives the input size. */
static int32_t draw_axis(harness_random *random, int32_t out, int32_t kernel, int32_t *stride, int32_t *dilation,
                         int32_t *pad) {
    *stride = harness_chance(random, 0.7) ? 1 : harness_between(random, 2, 3); /* also larger than the kernel */
    *dilation = harness_chance(random, 0.8) ? 1 : 2;
    int32_t reach = (kernel - 1) * *dilation + 1, span = (out - 1) * *stride + reach;
    int32_t most = harness_chance(random, 0.2) ? reach + 2 : kernel / 2; /* also more than the kernel can see */
    *pad = harness_between(random, 0, most);
    int32_t behind = harness_between(random, 0, most), slack = harness_between(random, 0, *stride - 1);
    while (span + slack - *pad - behind < 1) *pad > behind ? (*pad)-- : behind--;
    return span + slack - *pad - behind;
}

static void draw_channels(harness_random *random, ops_conv2d *p, int32_t *in_block, int32_t *out_block) {
    double layout = harness_float(random, 0.0f, 1.0f);
    *out_block = layout < 0.2 ? 1 : layout < 0.4 ? 4 : layout < 0.6 ? 8 : 16;
    *in_block = harness_chance(random, 0.75) ? *out_block : harness_chance(random, 0.7) ? 1 : harness_block(random);
    p->in.c = harness_chance(random, 0.3) ? harness_between(random, 1, 4) : harness_between(random, 1, 40);
    p->out.c = harness_between(random, 1, 3) * *out_block + harness_between(random, -1, 1);
    if (p->out.c < 1) p->out.c = 1;
    p->groups = 1;
    if (harness_chance(random, 0.8)) return;
    p->groups = harness_between(random, 2, 3);
    p->in.c = p->groups * harness_between(random, 1, 10);
    p->out.c = p->groups * harness_between(random, 1, 10);
}

static void draw_finish(harness_random *random, ops_conv2d *p, int32_t out_block) {
    const finish *drawn = &finishes[harness_between(random, 0, (int32_t)BASE_COUNT(finishes) - 1)];
    if (out_block > 1 && harness_chance(random, 0.85)) {
        drawn = usual_finish(out_block);
    } else if (out_block > 1) {
        p->out.w = 7;
        p->out.h = 3;
        p->out.c = 2 * out_block - 1;
        p->groups = 1;
    }
    p->has_bias = drawn->has_bias;
    p->has_residual = drawn->has_residual;
    p->activation = drawn->activation;
    p->slope = 0.25f;
}

static void draw(harness_random *random, ops_problem *problem) {
    ops_conv2d *p = &problem->conv2d;
    int32_t n = harness_chance(random, 0.6) ? 1 : 3, in_block, out_block;
    const int32_t *kernel = kernels[harness_between(random, 0, (int32_t)BASE_COUNT(kernels) - 1)];
    p->kernel_h = kernel[0];
    p->kernel_w = kernel[1];
    p->out.h = harness_between(random, 1, 5);
    p->out.w = widths[harness_between(random, 0, (int32_t)BASE_COUNT(widths) - 1)];
    draw_channels(random, p, &in_block, &out_block);
    draw_finish(random, p, out_block);
    p->in.h = draw_axis(random, p->out.h, p->kernel_h, &p->stride_h, &p->dilation_h, &p->pad_top);
    p->in.w = draw_axis(random, p->out.w, p->kernel_w, &p->stride_w, &p->dilation_w, &p->pad_left);
    p->in = harness_tensor(random, n, p->in.c, p->in.h, p->in.w, in_block);
    p->out = harness_tensor(random, n, p->out.c, p->out.h, p->out.w, out_block);
    if (p->has_residual) p->residual = harness_tensor(random, n, p->out.c, p->out.h, p->out.w, out_block);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    reference_conv2d(&problem->conv2d, inputs[0], parameters[OPS_WEIGHT], parameters[OPS_BIAS], inputs[1],
                     expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_conv2d *p = &problem->conv2d;
    snprintf(text, size,
             "kernel %dx%d stride %d,%d dilation %d,%d pad %d,%d groups %d bias %d residual %d activation %d",
             p->kernel_h, p->kernel_w, p->stride_h, p->stride_w, p->dilation_h, p->dilation_w, p->pad_top, p->pad_left,
             p->groups, p->has_bias, p->has_residual, p->activation);
}

static void every_candidate_agrees_with_double_precision(void **state) {
    harness_check(*state,
                  &(harness_operator){.kind = OPS_CONV2D, .draw = draw, .reference = reference, .describe = describe});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_candidate_agrees_with_double_precision),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
