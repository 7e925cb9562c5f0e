/* node_transpose.c: dimensions in another order. */
#include "graph/graph.h"

clade_transpose_settings clade_transpose_defaults(void) {
    return (clade_transpose_settings){.order = {0, 1, 2, 3, 4, 5}};
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const int32_t *order = node->attributes.transpose.order;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    bool seen[CLADE_MAX_RANK] = {false};
    *shape_out = (clade_shape){.rank = in->rank};
    for (int32_t i = 0; i < in->rank; i++) {
        if (order[i] < 0 || order[i] >= in->rank || seen[order[i]])
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the order must name each of %d dimensions once",
                                in->rank);
        seen[order[i]] = true;
        shape_out->dims[i] = in->dims[order[i]];
    }
    if (in->dims[0] == CLADE_BATCH && order[0] != 0)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "an open batch must stay the first dimension");
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const int32_t rank = graph_shape_of(graph, node->inputs[0])->rank;
    for (int32_t i = 0; i < rank; i++)
        base_text_add(text, "%s%d", i ? ", " : "order ", node->attributes.transpose.order[i]);
}

const graph_op_info graph_transpose_info = {"transpose", infer, describe, NULL};

clade_status clade_graph_transpose(clade_graph *graph, clade_tensor input, const clade_transpose_settings *settings,
                                   clade_tensor *output_out) {
    FORWARD(
        graph_check_call(graph, "transpose", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_transpose_settings s = *settings;
    s.name = NULL;
    const graph_new_node node = {.op = GRAPH_OP_transpose,
                                 .name = settings->name,
                                 .inputs = &input,
                                 .input_count = 1,
                                 .attributes.transpose = s};
    return graph_add(graph, &node, output_out);
}
