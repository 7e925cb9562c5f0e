/* fold.c: a scale goes into the weights of the layer before it.
 *
 *   x -> conv2d or linear (W, b) -> scale (factor, s, t, offset) -> y      becomes      x -> conv2d or linear (W', b') -> y
 *
 *   y[o] = (W[o] . x + b[o]) * f[o] + t[o] + offset,   f[o] = factor * s[o]
 *        = W'[o] . x + b'[o]    with   W'[o] = W[o] * f[o],   b'[o] = b[o] * f[o] + t[o] + offset
 *
 * Valid when nobody else sees the layer's bare output: the scale is its only use, and the layer adds no residual and applies no
 * activation in between. Scales in a row fold one after another, because the first leaves the layer bare before the second.
 * A scale in front of a convolution stays: its shift would have to vanish in the zero padding. The new parameters are derived,
 * so that a graph without values can be folded too. */
#include "pass/pass.h"

/* The layer that takes the scale in, or NULL. */
static graph_node *fold_target(const clade_graph *graph, const graph_node *scale) {
    graph_node *layer = graph_producer(graph, scale->inputs[0]);
    bool fits = layer && graph_single_user(graph, layer->output) == scale && layer->input_count == 1 &&
                ((layer->op == GRAPH_OP_conv2d && layer->attributes.conv2d.activation == CLADE_ACTIVATION_NONE) ||
                 (layer->op == GRAPH_OP_linear && layer->attributes.linear.activation == CLADE_ACTIVATION_NONE));
    return fits ? layer : NULL;
}

/* f as a row of its own; no tensor when it is 1 everywhere. */
static clade_status fold_factor(clade_graph *graph, const graph_node *scale, const clade_shape *rows,
                                clade_tensor *factor_out) {
    *factor_out = scale->parameters[GRAPH_WEIGHT];
    if (scale->attributes.scale.factor == 1) return CLADE_OK;
    return pass_derive(graph, scale, "factor", rows, GRAPH_SCALE_BY_CONSTANT,
                       (clade_tensor[]){scale->parameters[GRAPH_WEIGHT], GRAPH_NO_TENSOR, GRAPH_NO_TENSOR},
                       scale->attributes.scale.factor, factor_out);
}

/* t + offset; no tensor when it is 0 everywhere. */
static clade_status fold_shift(clade_graph *graph, const graph_node *scale, const clade_shape *rows,
                               clade_tensor *shift_out) {
    *shift_out = scale->parameters[GRAPH_BIAS];
    if (scale->attributes.scale.offset == 0) return CLADE_OK;
    return pass_derive(graph, scale, "offset", rows, GRAPH_ADD_CONSTANT,
                       (clade_tensor[]){scale->parameters[GRAPH_BIAS], GRAPH_NO_TENSOR, GRAPH_NO_TENSOR},
                       scale->attributes.scale.offset, shift_out);
}

static clade_status fold_into(clade_graph *graph, graph_node *layer, const graph_node *scale) {
    clade_tensor weight = layer->parameters[GRAPH_WEIGHT], bias = layer->parameters[GRAPH_BIAS], factor, shift;
    const clade_shape weight_shape = *graph_shape_of(graph, weight);
    const clade_shape rows = {.rank = 1, .dims = {weight_shape.dims[0]}};

    FORWARD(fold_factor(graph, scale, &rows, &factor));
    FORWARD(fold_shift(graph, scale, &rows, &shift));
    if (graph_is_tensor(factor))
        FORWARD(pass_derive(graph, scale, "folded_weight", &weight_shape, GRAPH_SCALE_ROWS,
                            (clade_tensor[]){weight, factor, GRAPH_NO_TENSOR}, 0, &weight));
    if (!graph_is_tensor(bias))
        bias = shift;
    else if (graph_is_tensor(factor) || graph_is_tensor(shift))
        FORWARD(pass_derive(graph, scale, "folded_bias", &rows, GRAPH_MULTIPLY_ADD,
                            (clade_tensor[]){bias, factor, shift}, 0, &bias));

    layer->parameters[GRAPH_WEIGHT] = weight;
    layer->parameters[GRAPH_BIAS] = bias;
    if (layer->op == GRAPH_OP_conv2d)
        layer->attributes.conv2d.no_bias = !graph_is_tensor(bias);
    else
        layer->attributes.linear.no_bias = !graph_is_tensor(bias);
    return CLADE_OK;
}

clade_status pass_fold(clade_graph *graph, const pass_options *options) {
    (void)options;
    for (size_t i = 0; i < graph->node_count; i++) {
        graph_node *scale = &graph->nodes[i];
        if (scale->op != GRAPH_OP_scale) continue;
        graph_node *layer = fold_target(graph, scale);
        if (!layer) continue;
        FORWARD(fold_into(graph, layer, scale));
        graph_replace_uses(graph, scale->output, layer->output);
        graph_remove(graph, scale);
    }
    return CLADE_OK;
}
