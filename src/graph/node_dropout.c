/* node_dropout.c: dropout, the identity in inference. */
#include "graph/graph.h"

clade_dropout_settings clade_dropout_defaults(void) { return (clade_dropout_settings){.rate = 0.5f}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    *shape_out = *graph_shape_of(graph, node->inputs[0]);
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "rate %g", (double)node->attributes.dropout.rate);
}

const graph_op_info graph_dropout_info = {"dropout", infer, describe, NULL};

clade_status clade_graph_dropout(clade_graph *graph, clade_tensor input, const clade_dropout_settings *settings,
                                 clade_tensor *output_out) {
    const clade_dropout_settings defaults = clade_dropout_defaults();
    if (!settings) settings = &defaults;
    FORWARD(graph_check_call(graph, "dropout", &input, 1, settings, settings->reserved, output_out));
    clade_dropout_settings s = *settings;
    if (s.rate == 0.0f) s.rate = defaults.rate;
    if (!(s.rate >= 0.0f && s.rate < 1.0f))
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add dropout \"%s\" with rate %g: it must lie in [0, 1)", s.name ? s.name : "",
                         (double)s.rate);
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_dropout, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.dropout = s};
    return graph_add(graph, &node, output_out);
}
