/* node_flatten.c: everything behind the batch becomes one dimension. */
#include "graph/graph.h"

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank < 2) return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 2 or more");
    *shape_out = (clade_shape){2, {in->dims[0], 1}};
    for (int32_t i = 1; i < in->rank; i++) shape_out->dims[1] *= in->dims[i];
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph, (void)node, (void)text;
}

const graph_op_info graph_flatten_info = {"flatten", infer, describe, NULL};

clade_status clade_graph_flatten(clade_graph *graph, clade_tensor input, const char *name, clade_tensor *output_out) {
    const graph_no_settings settings = {0};
    FORWARD(graph_check_call(graph, "flatten", &input, 1, &settings, NULL, output_out));
    const graph_new_node node = {.op = GRAPH_OP_flatten, .name = name, .inputs = &input, .input_count = 1};
    return graph_add(graph, &node, output_out);
}
