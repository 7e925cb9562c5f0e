/* node_activation.c: an elementwise function on its own. */
#include "graph/graph.h"

clade_activation_settings clade_activation_defaults(void) { return (clade_activation_settings){.slope = 0.01f}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_activation_settings *s = &node->attributes.activation;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (s->kind == CLADE_PRELU && !s->shared_slope && in->rank < 2)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 2 or more to have channels");
    *shape_out = *in;
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "%s", graph_activation_name(node->attributes.activation.kind));
}

const graph_op_info graph_activation_info = {"activation", infer, describe, NULL};

clade_status clade_graph_activation(clade_graph *graph, clade_tensor input, const clade_activation_settings *settings,
                                    clade_tensor *output_out) {
    FORWARD(
        graph_check_call(graph, "activation", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_activation_settings s = *settings;
    if ((unsigned)s.kind > CLADE_ERF || s.kind == CLADE_ACTIVATION_NONE)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add activation \"%s\" of kind %d: it must be one of clade_activation, and not none",
                         s.name ? s.name : "", (int)s.kind);
    if (s.slope == 0.0f) s.slope = clade_activation_defaults().slope;
    s.name = NULL;
    graph_new_node node = {.op = GRAPH_OP_activation,
                           .name = settings->name,
                           .inputs = &input,
                           .input_count = 1,
                           .attributes.activation = s};
    if (s.kind == CLADE_PRELU)
        node.parameters[GRAPH_WEIGHT] = (clade_shape){1, {s.shared_slope ? 1 : graph_shape_of(graph, input)->dims[1]}};
    return graph_add(graph, &node, output_out);
}
