/* conv2d.c: which candidates conv2d has, and what they share. */
#include "ops/candidates.h"
#include "ops/conv2d.h"

const ops_candidate ops_conv2d_candidates[] = {
    {"direct", ops_conv2d_direct_applicable, ops_conv2d_direct_cost, ops_conv2d_direct_make},
    {"grouped", ops_conv2d_grouped_applicable, ops_conv2d_grouped_cost, ops_conv2d_grouped_make},
    {"direct_planar", ops_conv2d_planar_applicable, ops_conv2d_direct_cost, ops_conv2d_direct_make},
#define WINOGRAD(name, ...) {#name, ops_conv2d_##name##_applicable, ops_conv2d_##name##_cost, ops_conv2d_##name##_make},
#include "ops/conv2d_winograd.inc"
#undef WINOGRAD
    {"gemm", ops_conv2d_gemm_applicable, ops_conv2d_gemm_cost, ops_conv2d_gemm_make},
    {"generic", ops_always_applicable, ops_conv2d_generic_cost, ops_conv2d_generic_make},
};
const size_t ops_conv2d_candidate_count = BASE_COUNT(ops_conv2d_candidates);

static bool is_narrow(int64_t in_channels, int64_t out_channels, int64_t groups, int64_t block) {
    const int64_t group = in_channels / groups;
    return groups > 1 && in_channels == out_channels && group < block && block % group == 0;
}

static bool is_wide(int64_t in_channels, int64_t out_channels, int64_t groups, int64_t block) {
    return groups == 1 || (in_channels / groups % block == 0 && out_channels / groups % block == 0);
}

bool ops_conv2d_is_narrow(const ops_conv2d *p) { return is_narrow(p->in.c, p->out.c, p->groups, p->out.block); }
bool ops_conv2d_is_wide(const ops_conv2d *p) { return is_wide(p->in.c, p->out.c, p->groups, p->out.block); }

bool ops_groups_suit_blocks(int64_t in_channels, int64_t out_channels, int64_t groups, int64_t block) {
    return is_narrow(in_channels, out_channels, groups, block) || is_wide(in_channels, out_channels, groups, block);
}

ops_weight_shape ops_conv2d_weight(const ops_conv2d *p) {
    return (ops_weight_shape){.outs = p->out.c,
                              .ins = p->in.c / p->groups,
                              .taps = (int64_t)p->kernel_h * p->kernel_w,
                              .groups = p->groups,
                              .turned = p->weight_turned};
}

double ops_conv2d_flops(const ops_conv2d *p) {
    double outputs = (double)p->out.n * p->out.c * p->out.h * p->out.w;
    return 2.0 * outputs * ((double)p->in.c / p->groups) * p->kernel_h * p->kernel_w;
}

bool ops_conv2d_is_pointwise(const ops_conv2d *p) {
    return p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->pad_top == 0 &&
           p->pad_left == 0 && p->in.h == p->out.h &&
           p->in.w == p->out.w; /* no padding at the bottom and the right either */
}

void ops_conv2d_add_shape(ops_launch *launch, const ops_tensor *t) {
    int64_t shape[] = {t->n, t->c, t->h, t->w, t->block, t->batch_stride};
    ops_add_longs(launch, shape, BASE_COUNT(shape));
}

void ops_conv2d_add_window(ops_launch *launch, const ops_conv2d *p) {
    int64_t window[] = {p->kernel_h,   p->kernel_w,   p->stride_h, p->stride_w,
                        p->dilation_h, p->dilation_w, p->pad_top,  p->pad_left};
    ops_add_longs(launch, window, BASE_COUNT(window));
}

void ops_conv2d_add_sizes(ops_launch *launch, const ops_conv2d *p) {
    ops_conv2d_add_shape(launch, &p->in);
    ops_conv2d_add_shape(launch, &p->out);
    ops_conv2d_add_window(launch, p);
}

void ops_conv2d_add_arguments(ops_recipe *recipe, ops_launch *launch, const ops_conv2d *p, int32_t weight,
                              int32_t bias_block) {
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_CONSTANT, weight);
    ops_conv2d_add_finish(recipe, launch, p, bias_block);
}

void ops_conv2d_add_finish(ops_recipe *recipe, ops_launch *launch, const ops_conv2d *p, int32_t bias_block) {
    ops_define(launch, "HAS_BIAS", p->has_bias);
    ops_define(launch, "HAS_RESIDUAL", p->has_residual);
    if (p->has_bias) ops_add_operand(launch, OPS_CONSTANT, ops_add_channels(recipe, OPS_BIAS, p->out.c, bias_block));
    if (p->has_residual) {
        ops_add_operand(launch, OPS_INPUT, 1);
        ops_add_int(launch, p->residual.batch_stride);
    }
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_conv2d_add_sizes(launch, p);
    ops_add_int(launch, p->linear_channels);
    ops_add_activation(launch, p->activation, p->slope);
}
