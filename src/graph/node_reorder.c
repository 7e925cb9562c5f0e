/* node_reorder.c: the same tensor in another layout; only passes make it. */
#include "graph/graph.h"

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    *shape_out = *graph_shape_of(graph, node->inputs[0]);
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    base_text_add(text, "block %d -> %d", graph_tensor_of(graph, node->inputs[0])->block,
                  graph_tensor_of(graph, node->output)->block);
}

const graph_op_info graph_reorder_info = {"reorder", infer, describe, NULL};

clade_status graph_add_reorder(clade_graph *graph, clade_tensor source, int32_t block, clade_tensor *output_out) {
    const graph_new_node node = {.op = GRAPH_OP_reorder, .inputs = &source, .input_count = 1};
    FORWARD(graph_add(graph, &node, output_out));
    graph_tensor_of(graph, *output_out)->block = block;
    return CLADE_OK;
}
