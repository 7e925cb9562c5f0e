/* fuse.c: activations and residual adds go into the last step of the layer before them, so that its result is written once and
 * not read and written again.
 *
 *   conv2d, linear or binary -> activation -> y       becomes      conv2d, linear or binary with activation -> y
 *
 *        x -> conv2d --+                                            x -> conv2d --> y
 *                      add (activation) -> y          becomes            ^ with activation
 *        other --------+                                        other ---+ inputs[1]
 *
 * Valid when nobody else sees the layer's bare output: it has one use, and no activation (and for an add no residual) stands in
 * between. What stands alone only stays a node: PReLU, which brings parameters of its own, exp and the like. An add that broadcasts stays, for the residual has the shape
 * of the sum.
 *
 * No cycle can arise: the convolution's result was read by the add alone, so `other` cannot follow from it. The convolution may
 * stand before `other`, though; pass_run sorts the nodes afterwards. Of two convolutions the later one takes the add, so that
 * the order stays as it was. */
#include "pass/pass.h"

/* Where a node keeps the activation it applies last, or NULL. */
static clade_activation *fuse_activation_field(graph_node *node, float **slope_out) {
    switch (node->op) {
    case GRAPH_OP_conv2d:
        *slope_out = &node->attributes.conv2d.slope;
        return &node->attributes.conv2d.activation;
    case GRAPH_OP_linear:
        *slope_out = &node->attributes.linear.slope;
        return &node->attributes.linear.activation;
    case GRAPH_OP_binary:
        *slope_out = &node->attributes.binary.slope;
        return &node->attributes.binary.activation;
    default:
        return NULL;
    }
}

static void fuse_activation(clade_graph *graph, graph_node *node) {
    graph_node *layer = graph_producer(graph, node->inputs[0]);
    if (node->attributes.activation.kind >= CLADE_PRELU) return;
    if (!layer || graph_single_user(graph, layer->output) != node) return;
    float *slope = NULL;
    clade_activation *activation = fuse_activation_field(layer, &slope);
    if (!activation || *activation != CLADE_ACTIVATION_NONE) return;

    *activation = node->attributes.activation.kind;
    *slope = node->attributes.activation.slope;
    graph_replace_uses(graph, node->output, layer->output);
    graph_remove(graph, node);
}

/* The convolution behind one side of an add, when it can take the add in. */
static graph_node *fuse_convolution(const clade_graph *graph, const graph_node *add, size_t side) {
    graph_node *conv = graph_producer(graph, add->inputs[side]);
    bool fits = conv && conv->op == GRAPH_OP_conv2d && conv->input_count == 1 &&
                conv->attributes.conv2d.activation == CLADE_ACTIVATION_NONE &&
                graph_single_user(graph, conv->output) == add;
    return fits ? conv : NULL;
}

static clade_status fuse_add(clade_graph *graph, graph_node *add) {
    if (add->attributes.binary.kind != CLADE_ADD || add->input_count < 2 || add->inputs[0].id == add->inputs[1].id)
        return CLADE_OK;
    if (!base_shape_equal(graph_shape_of(graph, add->inputs[0]), graph_shape_of(graph, add->inputs[1])))
        return CLADE_OK;

    graph_node *first = fuse_convolution(graph, add, 0), *second = fuse_convolution(graph, add, 1);
    if (!first && !second) return CLADE_OK;
    size_t side = !first || (second && second > first) ? 1 : 0;
    graph_node *conv = side == 0 ? first : second;

    FORWARD(graph_append_input(graph, conv, add->inputs[1 - side]));
    conv->attributes.conv2d.activation = add->attributes.binary.activation;
    conv->attributes.conv2d.slope = add->attributes.binary.slope;
    graph_replace_uses(graph, add->output, conv->output);
    graph_remove(graph, add);
    return CLADE_OK;
}

clade_status pass_fuse(clade_graph *graph, const pass_options *options) {
    (void)options;
    for (size_t i = 0; i < graph->node_count; i++) {
        graph_node *node = &graph->nodes[i];
        if (node->op == GRAPH_OP_binary) FORWARD(fuse_add(graph, node));
        if (node->op == GRAPH_OP_activation) fuse_activation(graph, node);
    }
    return CLADE_OK;
}
