/* lower.h: what the lowering of layers (lower.c) and that of their gradients (lower_training.c) share. */
#ifndef PLAN_LOWER_H
#define PLAN_LOWER_H

#include "plan/plan.h"

typedef struct lowering {
    const clade_graph *graph;
    const plan_storage *storage;
    const graph_node *node;
    plan_task *task;
} lowering;

/* Images of channels of rows of pixels; what has fewer dimensions gets ones, what has more is one long row. */
ops_tensor lower_view_of(const lowering *l, clade_tensor tensor);
static inline ops_tensor lower_input(const lowering *l, size_t i) { return lower_view_of(l, l->node->inputs[i]); }
static inline ops_tensor lower_output(const lowering *l) { return lower_view_of(l, l->node->output); }
/* Strides, in elements, of a tensor in NCHW. */
void lower_plain_strides(const lowering *l, clade_tensor tensor, int64_t *strides);
/* Those of an operand along the result's dimensions; 0 where it is broadcast. */
void lower_broadcast_strides(const lowering *l, clade_tensor tensor, const clade_shape *out, int64_t *strides);
/* A copy of a whole tensor of the given shape, strides to be set. */
ops_copy *lower_start_copy(lowering *l, const clade_shape *shape);
/* A pooling between these two, without bias and activation. */
ops_pool lower_pool_of(const clade_pool_settings *settings, ops_tensor in, ops_tensor out);

/* A softmax of input 0, and how far the outer elements of another of its tensors lie apart; `run` elements belong to one. */
ops_softmax lower_softmax_of(const lowering *l, const clade_softmax_settings *settings);
int64_t lower_softmax_stride(const lowering *l, clade_tensor tensor, int32_t axis, int64_t run);

/* The operators that only training has. */
void lower_conv2d_weights(lowering *l);
void lower_linear_weights(lowering *l);
void lower_channel_sum(lowering *l);
void lower_spread(lowering *l);
void lower_pool_gradient(lowering *l);
void lower_lrn_gradient(lowering *l);
void lower_activation_gradient(lowering *l);
void lower_softmax_gradient(lowering *l);
void lower_cross_entropy(lowering *l);
void lower_cross_entropy_gradient(lowering *l);
void lower_norm_statistics(lowering *l);
void lower_norm_apply(lowering *l);
void lower_norm_sums(lowering *l);
void lower_norm_gradient(lowering *l);
void lower_dropout_training(lowering *l);
void lower_expand(lowering *l);

#endif
