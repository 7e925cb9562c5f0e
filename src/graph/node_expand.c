/* node_expand.c: a tensor repeated along its dimensions of 1. */
#include "graph/graph.h"

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]), *wanted = &node->attributes.expand.shape;
    bool fits = in->rank == wanted->rank;
    for (int32_t i = 0; fits && i < in->rank; i++) fits = in->dims[i] == 1 || in->dims[i] == wanted->dims[i];
    if (!fits) return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "only dimensions of 1 can be repeated");
    *shape_out = *wanted;
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    char shape[BASE_SHAPE_TEXT];
    (void)graph;
    base_text_add(text, "to %s", base_shape_text(&node->attributes.expand.shape, shape, sizeof shape));
}

const graph_op_info graph_expand_info = {"expand", infer, describe, NULL};
