/* node_dropout_training.c: dropout as it is while a network is trained. The key, four numbers, says which step of which training it is, so
 * that a step drops the same elements when it is done again. */
#include "graph/graph.h"

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape key = {1, {4}};
    if (node->input_count != 2 || !base_shape_equal(graph_shape_of(graph, node->inputs[1]), &key))
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the second must be a key of 4 numbers");
    *shape_out = *graph_shape_of(graph, node->inputs[0]);
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "rate %g", (double)node->attributes.dropout_training.rate);
}

const graph_op_info graph_dropout_training_info = {"dropout_training", infer, describe, NULL};
