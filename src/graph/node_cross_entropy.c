/* node_cross_entropy.c: the loss of a classifier, each image's for itself, and its gradient by the logits. */
#include "graph/graph.h"

static clade_status check(const clade_graph *graph, const graph_node *node) {
    const clade_shape *logits = graph_shape_of(graph, node->inputs[0]),
                      *labels = graph_shape_of(graph, node->inputs[1]);
    if (logits->rank != 2 || labels->rank != 1 || labels->dims[0] != logits->dims[0])
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                            "there must be a row of logits and one label for each image");
    return CLADE_OK;
}

static clade_status infer_loss(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    FORWARD(check(graph, node));
    *shape_out = *graph_shape_of(graph, node->inputs[1]);
    return CLADE_OK;
}

static clade_status infer_gradient(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    FORWARD(check(graph, node));
    *shape_out = *graph_shape_of(graph, node->inputs[0]);
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "smoothing %g", (double)node->attributes.cross_entropy.smoothing);
}

const graph_op_info graph_cross_entropy_info = {"cross_entropy", infer_loss, describe, NULL};
const graph_op_info graph_cross_entropy_gradient_info = {"cross_entropy_gradient", infer_gradient, describe, NULL};
