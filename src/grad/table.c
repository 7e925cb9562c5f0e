/* table.c: which rule makes the gradient of which operator. What has none here is either the work of passes, or of src/grad itself. */
#include "grad/grad.h"

const grad_rule grad_table[GRAPH_OP_COUNT] = {
    [GRAPH_OP_conv2d] = grad_conv2d,
    [GRAPH_OP_linear] = grad_linear,
    [GRAPH_OP_pool] = grad_pool,
    [GRAPH_OP_lrn] = grad_lrn,
    [GRAPH_OP_norm_apply] = grad_norm_apply,
    [GRAPH_OP_binary] = grad_binary,
    [GRAPH_OP_scale] = grad_scale,
    [GRAPH_OP_activation] = grad_activation,
    [GRAPH_OP_softmax] = grad_softmax,
    [GRAPH_OP_dropout_training] = grad_dropout_training,
    [GRAPH_OP_concat] = grad_concat,
    [GRAPH_OP_flatten] = grad_view,
    [GRAPH_OP_reshape] = grad_view,
    [GRAPH_OP_pad] = grad_pad,
    [GRAPH_OP_transpose] = grad_transpose,
    [GRAPH_OP_slice] = grad_slice,
    [GRAPH_OP_mean] = grad_mean,
};
