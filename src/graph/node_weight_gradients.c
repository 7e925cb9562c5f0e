/* node_weight_gradients.c: the gradients of parameters, sums over images and pixels: conv2d_weights, linear_weights, channel_sum. */
#include "graph/graph.h"

static void describe_nothing(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph, (void)node, (void)text;
}

/* ---- conv2d_weights ---------------------------------------------------------------------------------------------------------- */

static clade_status infer_conv2d(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_conv2d_settings *s = &node->attributes.conv2d_weights;
    const clade_shape *dy = graph_shape_of(graph, node->inputs[0]), *x = graph_shape_of(graph, node->inputs[1]);
    if (dy->rank != 4 || x->rank != 4 || dy->dims[0] != x->dims[0] || dy->dims[1] != s->channels)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                            "they must be images of one batch, the first with %d channels", s->channels);
    *shape_out = (clade_shape){4, {s->channels, x->dims[1] / s->groups, s->kernel[0], s->kernel[1]}};
    return CLADE_OK;
}

static void describe_conv2d(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "%dx%d", node->attributes.conv2d_weights.kernel[0], node->attributes.conv2d_weights.kernel[1]);
}

/* As many as forward: each product of then is one of a derivative and the input it was made with. */
static uint64_t multiply_adds_conv2d(const clade_graph *graph, const graph_node *node) {
    const clade_shape *dy = graph_shape_of(graph, node->inputs[0]), *weight = graph_shape_of(graph, node->output);
    return (uint64_t)(weight->dims[0] * weight->dims[1] * weight->dims[2] * weight->dims[3]) *
           (uint64_t)(dy->dims[2] * dy->dims[3]);
}

const graph_op_info graph_conv2d_weights_info = {"conv2d_weights", infer_conv2d, describe_conv2d, multiply_adds_conv2d};

/* ---- linear_weights ---------------------------------------------------------------------------------------------------------- */

static clade_status infer_linear(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *dy = graph_shape_of(graph, node->inputs[0]), *x = graph_shape_of(graph, node->inputs[1]);
    if (dy->rank != 2 || x->rank < 2 || dy->dims[0] != x->dims[0])
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "they must be rows of one batch");
    *shape_out = (clade_shape){2, {dy->dims[1], 1}};
    for (int32_t i = 1; i < x->rank; i++) shape_out->dims[1] *= x->dims[i];
    return CLADE_OK;
}

static uint64_t multiply_adds_linear(const clade_graph *graph, const graph_node *node) {
    const clade_shape *weight = graph_shape_of(graph, node->output);
    return (uint64_t)(weight->dims[0] * weight->dims[1]);
}

const graph_op_info graph_linear_weights_info = {"linear_weights", infer_linear, describe_nothing,
                                                 multiply_adds_linear};

/* ---- channel_sum ------------------------------------------------------------------------------------------------------------- */

static clade_status infer_channel_sum(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *a = graph_shape_of(graph, node->inputs[0]);
    if (a->rank < 2 || (node->input_count > 1 && !base_shape_equal(a, graph_shape_of(graph, node->inputs[1]))))
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the inputs must have channels, and equal shapes");
    *shape_out = (clade_shape){1, {a->dims[1]}};
    return CLADE_OK;
}

const graph_op_info graph_channel_sum_info = {"channel_sum", infer_channel_sum, describe_nothing, NULL};
