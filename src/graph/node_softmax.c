/* node_softmax.c: softmax and its logarithm. */
#include "graph/graph.h"

clade_softmax_settings clade_softmax_defaults(void) { return (clade_softmax_settings){.axis = 1}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    const int32_t axis = node->attributes.softmax.axis;
    if (axis < 1 || axis >= in->rank)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "axis %d must lie between 1 and the rank", axis);
    *shape_out = *in;
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "axis %d%s", node->attributes.softmax.axis, node->attributes.softmax.logarithm ? ", log" : "");
}

const graph_op_info graph_softmax_info = {"softmax", infer, describe, NULL};

clade_status clade_graph_softmax(clade_graph *graph, clade_tensor input, const clade_softmax_settings *settings,
                                 clade_tensor *output_out) {
    const clade_softmax_settings defaults = clade_softmax_defaults();
    if (!settings) settings = &defaults;
    FORWARD(graph_check_call(graph, "softmax", &input, 1, settings, settings->reserved, output_out));
    clade_softmax_settings s = *settings;
    if (s.axis == 0) s.axis = defaults.axis;
    if (s.axis < 0) s.axis += graph_shape_of(graph, input)->rank;
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_softmax, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.softmax = s};
    return graph_add(graph, &node, output_out);
}
