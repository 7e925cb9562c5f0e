/* conv2d_weights.c: which candidates the gradient of a convolution's weight has, and what they share. */
#include "ops/conv2d_weights.h"
#include "ops/candidates.h"

const ops_candidate ops_conv2d_weights_candidates[] = {
    {"blocked", ops_conv2d_weights_blocked_applicable, ops_conv2d_weights_tiles_cost, ops_conv2d_weights_tiles_make},
    {"planar", ops_conv2d_weights_planar_applicable, ops_conv2d_weights_tiles_cost, ops_conv2d_weights_tiles_make},
    {"winograd", ops_conv2d_weights_winograd_applicable, ops_conv2d_weights_winograd_cost,
     ops_conv2d_weights_winograd_make},
    {"generic", ops_always_applicable, ops_conv2d_weights_generic_cost, ops_conv2d_weights_generic_make},
};
const size_t ops_conv2d_weights_candidate_count = BASE_COUNT(ops_conv2d_weights_candidates);

ops_conv2d ops_conv2d_weights_forward(const ops_conv2d_weights *p) {
    return (ops_conv2d){.in = p->in,
                        .out = p->out,
                        .kernel_h = p->kernel_h,
                        .kernel_w = p->kernel_w,
                        .stride_h = p->stride_h,
                        .stride_w = p->stride_w,
                        .dilation_h = p->dilation_h,
                        .dilation_w = p->dilation_w,
                        .pad_top = p->pad_top,
                        .pad_left = p->pad_left,
                        .groups = p->groups};
}

int64_t ops_conv2d_weights_elements(const ops_conv2d_weights *p) {
    return (int64_t)p->out.c * (p->in.c / p->groups) * p->kernel_h * p->kernel_w;
}
