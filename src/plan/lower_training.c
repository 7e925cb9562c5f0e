/* lower_training.c: the problems of the operators that only training has (graph/training.h). dy is input 0. */
#include "plan/lower.h"

/* ---- Parameters' gradients ------------------------------------------------------------------------------------------------------------- */

void lower_conv2d_weights(lowering *l) {
    const clade_conv2d_settings *s = &l->node->attributes.conv2d_weights;
    l->task->problem.kind = OPS_CONV2D_WEIGHTS;
    l->task->problem.conv2d_weights = (ops_conv2d_weights){.in = lower_input(l, 1),
                                                           .out = lower_input(l, 0),
                                                           .kernel_h = s->kernel[0],
                                                           .kernel_w = s->kernel[1],
                                                           .stride_h = s->stride[0],
                                                           .stride_w = s->stride[1],
                                                           .dilation_h = s->dilation[0],
                                                           .dilation_w = s->dilation[1],
                                                           .pad_top = s->padding.top,
                                                           .pad_left = s->padding.left,
                                                           .groups = s->groups};
}

void lower_linear_weights(lowering *l) {
    const ops_tensor dy = lower_input(l, 0), x = lower_input(l, 1);
    l->task->problem.kind = OPS_LINEAR_WEIGHTS;
    l->task->problem.linear_weights = (ops_linear_weights){.rows = x.n,
                                                           .inputs = x.c * x.h * x.w,
                                                           .features = dy.c,
                                                           .in_stride = x.batch_stride,
                                                           .out_stride = dy.batch_stride};
}

void lower_channel_sum(lowering *l) {
    l->task->problem.kind = OPS_CHANNEL_SUM;
    ops_channel_sum *p = &l->task->problem.channel_sum;
    *p = (ops_channel_sum){.in = lower_input(l, 0), .has_factor = l->node->input_count > 1};
    if (p->has_factor) p->factor = lower_input(l, 1);
}

/* ---- Inputs' gradients ----------------------------------------------------------------------------------------------------------------- */

void lower_spread(lowering *l) {
    const graph_spread_settings *s = &l->node->attributes.spread;
    l->task->problem.kind = OPS_SPREAD;
    l->task->problem.spread = (ops_spread){
        .in = lower_input(l, 0), .out = lower_output(l), .stride_h = s->stride[0], .stride_w = s->stride[1]};
}

/* An average needs nothing of x but its shape, which is that of dx. */
void lower_pool_gradient(lowering *l) {
    const clade_pool_settings *s = &l->node->attributes.pool_gradient.pool;
    const ops_tensor dx = lower_output(l), x = s->kind == CLADE_POOL_MAX ? lower_input(l, 1) : dx;
    l->task->problem.kind = OPS_POOL_GRADIENT;
    l->task->problem.pool_gradient = (ops_pool_gradient){.pool = lower_pool_of(s, x, lower_input(l, 0)), .out = dx};
}

void lower_lrn_gradient(lowering *l) {
    const clade_lrn_settings *s = &l->node->attributes.lrn_gradient;
    l->task->problem.kind = OPS_LRN_GRADIENT;
    l->task->problem.lrn_gradient = (ops_lrn_gradient){.lrn = {.in = lower_input(l, 1),
                                                               .out = lower_input(l, 0),
                                                               .size = s->size,
                                                               .alpha = s->alpha,
                                                               .beta = s->beta,
                                                               .k = s->k},
                                                       .out = lower_output(l)};
}

void lower_activation_gradient(lowering *l) {
    const clade_activation_settings *s = &l->node->attributes.activation_gradient;
    l->task->problem.kind = OPS_ACTIVATION_GRADIENT;
    l->task->problem.activation_gradient = (ops_activation_gradient){.in = lower_input(l, 0),
                                                                     .out = lower_output(l),
                                                                     .of = lower_input(l, 1),
                                                                     .kind = s->kind,
                                                                     .slope = s->slope,
                                                                     .shared_slope = s->shared_slope};
}

void lower_softmax_gradient(lowering *l) {
    l->task->problem.kind = OPS_SOFTMAX_GRADIENT;
    ops_softmax_gradient *p = &l->task->problem.softmax_gradient;
    p->softmax = lower_softmax_of(l, &l->node->attributes.softmax_gradient);
    p->of_stride = lower_softmax_stride(l, l->node->inputs[1], l->node->attributes.softmax_gradient.axis,
                                        p->softmax.length * p->softmax.inner);
}

/* ---- Losses ------------------------------------------------------------------------------------------------------------------------------ */

static ops_cross_entropy cross_entropy_of(const lowering *l, float smoothing) {
    const ops_tensor logits = lower_input(l, 0);
    return (ops_cross_entropy){
        .rows = logits.n, .classes = logits.c, .stride_logits = logits.batch_stride, .smoothing = smoothing};
}

void lower_cross_entropy(lowering *l) {
    l->task->problem.kind = OPS_CROSS_ENTROPY;
    l->task->problem.cross_entropy = cross_entropy_of(l, l->node->attributes.cross_entropy.smoothing);
}

void lower_cross_entropy_gradient(lowering *l) {
    const graph_cross_entropy_settings *s = &l->node->attributes.cross_entropy_gradient;
    l->task->problem.kind = OPS_CROSS_ENTROPY_GRADIENT;
    l->task->problem.cross_entropy_gradient =
        (ops_cross_entropy_gradient){.cross_entropy = cross_entropy_of(l, s->smoothing), .factor = s->factor};
}

/* ---- Batch norm -------------------------------------------------------------------------------------------------------------------------- */

void lower_norm_statistics(lowering *l) {
    l->task->problem.kind = OPS_NORM_STATISTICS;
    l->task->problem.norm_statistics = (ops_norm_statistics){.in = lower_input(l, 0)};
}

void lower_norm_apply(lowering *l) {
    const clade_batch_norm_settings *s = &l->node->attributes.norm_apply;
    l->task->problem.kind = OPS_NORM_APPLY;
    l->task->problem.norm_apply = (ops_norm_apply){.in = lower_input(l, 0),
                                                   .out = lower_output(l),
                                                   .epsilon = s->epsilon,
                                                   .has_scale = !s->no_scale,
                                                   .has_shift = !s->no_shift};
}

void lower_norm_sums(lowering *l) {
    l->task->problem.kind = OPS_NORM_SUMS;
    l->task->problem.norm_sums = (ops_norm_sums){
        .in = lower_input(l, 0), .of = lower_input(l, 1), .epsilon = l->node->attributes.norm_sums.epsilon};
}

void lower_norm_gradient(lowering *l) {
    const clade_batch_norm_settings *s = &l->node->attributes.norm_gradient;
    l->task->problem.kind = OPS_NORM_GRADIENT;
    l->task->problem.norm_gradient = (ops_norm_gradient){.in = lower_input(l, 0),
                                                         .of = lower_input(l, 1),
                                                         .out = lower_output(l),
                                                         .epsilon = s->epsilon,
                                                         .has_scale = !s->no_scale};
}

/* ---- Others ------------------------------------------------------------------------------------------------------------------------------ */

void lower_dropout_training(lowering *l) {
    const graph_dropout_training_settings *s = &l->node->attributes.dropout_training;
    l->task->problem.kind = OPS_DROPOUT;
    l->task->problem.dropout =
        (ops_dropout){.in = lower_input(l, 0), .out = lower_output(l), .rate = s->rate, .stream = (uint32_t)s->stream};
}

void lower_expand(lowering *l) {
    const clade_shape *shape = graph_shape_of(l->graph, l->node->output);
    ops_copy *p = lower_start_copy(l, shape);
    lower_broadcast_strides(l, l->node->inputs[0], shape, p->stride_in);
    lower_plain_strides(l, l->node->output, p->stride_out);
}
