/* harness_pool.c: random poolings, for the tests of poolings and of their gradients. */
#include "ops/harness.h"

#include <stdio.h>

/* The output size as clade.h gives it. */
static int32_t pooled(int32_t size, int32_t kernel, int32_t stride, int32_t before, int32_t behind, bool round_up) {
    int32_t room = size + before + behind - kernel;
    int32_t out = room / stride + 1 + (round_up && room % stride ? 1 : 0);
    return (out - 1) * stride >= size + before ? out - 1 : out;
}

static void draw_axis(harness_random *random, int32_t size, bool global, int32_t *kernel, int32_t *stride,
                      int32_t *before, int32_t *behind) {
    *kernel = global ? size : harness_between(random, 1, 7);
    *stride = global ? 1 : harness_between(random, 1, 4);
    *before = global ? 0 : harness_between(random, 0, *kernel - 1);
    *behind = global ? 0 : harness_between(random, 0, *kernel - 1);
    if (*kernel > size + *before + *behind) *kernel = size, *before = *behind = 0;
}

/* Windows that kernels may know: 2x2/2, 3x3/2, 3x3/1. */
static void draw_usual(harness_random *random, ops_pool *p) {
    p->kernel_h = p->kernel_w = harness_between(random, 2, 3);
    p->stride_h = p->stride_w = p->kernel_h == 2 ? 2 : harness_between(random, 1, 2);
    int32_t *pads[] = {&p->pad_top, &p->pad_left, &p->pad_bottom, &p->pad_right};
    for (size_t i = 0; i < BASE_COUNT(pads); i++) *pads[i] = harness_between(random, 0, p->kernel_h - 1);
}

void harness_draw_pool(harness_random *random, ops_pool *p) {
    int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 37), block = harness_block(random);
    int32_t h = harness_between(random, 1, 20), w = harness_between(random, 1, 20);
    if (harness_chance(random, 0.1))
        h = 2, w = harness_between(random, 120, 300); /* more than "rows" of pooling makes at a time */
    bool global = harness_chance(random, 0.15), round_up = harness_chance(random, 0.5);
    const bool is_usual = !global && h > 2 && w > 2 && harness_chance(random, 0.4);
    if (is_usual) draw_usual(random, p);
    if (!is_usual) draw_axis(random, h, global, &p->kernel_h, &p->stride_h, &p->pad_top, &p->pad_bottom);
    if (!is_usual) draw_axis(random, w, global, &p->kernel_w, &p->stride_w, &p->pad_left, &p->pad_right);
    p->kind = harness_chance(random, 0.5) ? CLADE_POOL_MAX : CLADE_POOL_AVERAGE;
    p->count_include_pad = harness_chance(random, 0.5);
    int32_t out_h = pooled(h, p->kernel_h, p->stride_h, p->pad_top, p->pad_bottom, round_up);
    int32_t out_w = pooled(w, p->kernel_w, p->stride_w, p->pad_left, p->pad_right, round_up);
    p->in = harness_tensor(random, n, c, h, w, block);
    p->out = harness_tensor(random, n, c, out_h, out_w, block);
}

void harness_describe_pool(const ops_pool *p, char *text, size_t size) {
    snprintf(text, size, "%s %dx%d / %dx%d pad %d %d %d %d%s bias %d activation %d",
             p->kind == CLADE_POOL_MAX ? "max" : "average", p->kernel_h, p->kernel_w, p->stride_h, p->stride_w,
             p->pad_top, p->pad_left, p->pad_bottom, p->pad_right, p->count_include_pad ? " counted" : "", p->has_bias,
             p->activation);
}
