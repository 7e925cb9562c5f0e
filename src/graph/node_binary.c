/* node_binary.c: elementwise operators of two tensors, with broadcasting. */
#include "graph/graph.h"

clade_binary_settings clade_binary_defaults(void) { return (clade_binary_settings){.kind = CLADE_ADD, .slope = 0.01f}; }

/* Dimension `d` of the result, counted from its front, as seen by an operand that may have fewer dimensions. */
static int64_t aligned_dimension(const clade_shape *shape, int32_t d, int32_t rank) {
    const int32_t own = d - (rank - shape->rank);
    return own < 0 ? 1 : shape->dims[own];
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *a = graph_shape_of(graph, node->inputs[0]), *b = graph_shape_of(graph, node->inputs[1]);
    const int32_t rank = a->rank > b->rank ? a->rank : b->rank;
    *shape_out = (clade_shape){.rank = rank};
    for (int32_t d = 0; d < rank; d++) {
        const int64_t from_a = aligned_dimension(a, d, rank), from_b = aligned_dimension(b, d, rank);
        if (from_a != from_b && from_a != 1 && from_b != 1)
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "dimension %d must be equal, or 1 in one of them", d);
        shape_out->dims[d] = from_a == 1 ? from_b : from_a;
        if (d > 0 && shape_out->dims[d] == CLADE_BATCH)
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "an open batch must stay the first dimension");
    }
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "%s", node->attributes.binary.kind == CLADE_ADD ? "add" : "multiply");
    graph_describe_activation(text, node->attributes.binary.activation);
}

const graph_op_info graph_binary_info = {"binary", infer, describe, NULL};

clade_status clade_graph_binary(clade_graph *graph, clade_tensor a, clade_tensor b,
                                const clade_binary_settings *settings, clade_tensor *output_out) {
    const clade_tensor inputs[2] = {a, b};
    const clade_binary_settings defaults = clade_binary_defaults();
    if (!settings) settings = &defaults;
    FORWARD(graph_check_call(graph, "binary", inputs, 2, settings, settings->reserved, output_out));
    clade_binary_settings s = *settings;
    if (s.kind != CLADE_ADD && s.kind != CLADE_MULTIPLY)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add binary \"%s\" of kind %d: it must be one of clade_binary_kind",
                         s.name ? s.name : "", (int)s.kind);
    FORWARD(graph_check_activation(graph, "binary", s.name, s.activation));
    if (s.slope == 0.0f) s.slope = defaults.slope;
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_binary, .name = settings->name, .inputs = inputs, .input_count = 2, .attributes.binary = s};
    return graph_add(graph, &node, output_out);
}
