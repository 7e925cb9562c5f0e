/* windows.c: pooling, normalisation and softmax: operators with kernels of their own for the way back. */
#include "grad/grad.h"

clade_status grad_pool(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_tensor x = node->inputs[0];
    const clade_shape *shape = graph_shape_of(b->graph, x);
    const graph_attributes attributes = {
        .pool_gradient = {.pool = node->attributes.pool, .size = {shape->dims[2], shape->dims[3]}}};
    const bool is_maximum = node->attributes.pool.kind == CLADE_POOL_MAX;
    return grad_give(b, x, GRAPH_OP_pool_gradient, &attributes, (clade_tensor[]){dy, x}, is_maximum ? 2 : 1);
}

clade_status grad_lrn(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const graph_attributes attributes = {.lrn_gradient = node->attributes.lrn};
    return grad_give(b, node->inputs[0], GRAPH_OP_lrn_gradient, &attributes, (clade_tensor[]){dy, node->inputs[0]}, 2);
}

clade_status grad_softmax(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const graph_attributes attributes = {.softmax_gradient = node->attributes.softmax};
    return grad_give(b, node->inputs[0], GRAPH_OP_softmax_gradient, &attributes, (clade_tensor[]){dy, node->output}, 2);
}

/* A row of [2, C] as a parameter's gradient. */
static clade_status give_row(grad_builder *b, clade_tensor parameter, clade_tensor sums, int64_t row) {
    const clade_shape shape = *graph_shape_of(b->graph, parameter);
    const graph_attributes slice = {.slice = {.start = {row, 0}, .end = {row + 1, shape.dims[0]}, .step = {1, 1}}};
    clade_tensor gradient;
    FORWARD(grad_add(b, GRAPH_OP_slice, &slice, NULL, sums, GRAPH_NO_TENSOR, &gradient));
    FORWARD(grad_reshape(b, gradient, &shape, &gradient));
    return grad_give_tensor(b, parameter, gradient);
}

clade_status grad_norm_apply(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const graph_attributes attributes = {.norm_gradient = node->attributes.norm_apply};
    const clade_tensor x = node->inputs[0], statistics = node->inputs[1];
    const clade_tensor weight = node->parameters[GRAPH_WEIGHT], bias = node->parameters[GRAPH_BIAS];
    clade_tensor sums, dx;
    FORWARD(grad_add_many(b, GRAPH_OP_norm_sums, &attributes, NULL, (clade_tensor[]){dy, x, statistics}, 3, &sums));
    if (grad_is_needed(b, weight)) FORWARD(give_row(b, weight, sums, 0));
    if (grad_is_needed(b, bias)) FORWARD(give_row(b, bias, sums, 1));
    if (!grad_is_needed(b, x)) return CLADE_OK;
    FORWARD(
        grad_add_many(b, GRAPH_OP_norm_gradient, &attributes, NULL, (clade_tensor[]){dy, x, statistics, sums}, 4, &dx));
    graph_producer(b->graph, dx)->parameters[GRAPH_WEIGHT] = weight;
    return grad_give_tensor(b, x, dx);
}
