/* node_binary.c: elementwise operators of two tensors, or of a tensor and a parameter, with broadcasting. */
#include "graph/graph.h"

clade_binary_settings clade_binary_defaults(void) { return (clade_binary_settings){.kind = CLADE_ADD, .slope = 0.01f}; }

/* Dimension `d` of the result, counted from its front, as seen by an operand that may have fewer dimensions. */
static int64_t aligned_dimension(const clade_shape *shape, int32_t d, int32_t rank) {
    const int32_t own = d - (rank - shape->rank);
    return own < 0 ? 1 : shape->dims[own];
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *a = graph_shape_of(graph, node->inputs[0]), *constant = &node->attributes.binary.constant;
    const clade_shape *b = constant->rank > 0 ? constant : graph_shape_of(graph, node->inputs[1]);
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
    static const char *const words[] = {"add", "multiply", "subtract", "divide", "maximum", "minimum", "power"};
    const clade_binary_settings *s = &node->attributes.binary;
    (void)graph;
    base_text_add(text, "%s%s", words[s->kind], s->swap ? ", swapped" : "");
    if (s->constant.rank > 0) base_text_add(text, ", weight");
    graph_describe_activation(text, node->attributes.binary.activation);
}

const graph_op_info graph_binary_info = {"binary", infer, describe, NULL};

/* A shape of numbers: the batch is no matter of a parameter. */
static clade_status check_constant(const clade_graph *graph, const clade_binary_settings *s) {
    const clade_shape *shape = &s->constant;
    bool good = shape->rank >= 0 && shape->rank <= CLADE_MAX_RANK;
    for (int32_t i = 0; good && i < shape->rank; i++) good = shape->dims[i] > 0;
    if (good) return CLADE_OK;
    return base_fail(graph->env, CLADE_ERROR_SHAPE,
                     "failed to add binary \"%s\": the shape of its constant must have positive dimensions, %d at most",
                     s->name ? s->name : "", CLADE_MAX_RANK);
}

clade_status clade_graph_binary(clade_graph *graph, clade_tensor a, clade_tensor b,
                                const clade_binary_settings *settings, clade_tensor *output_out) {
    const clade_tensor inputs[2] = {a, b};
    const size_t count = settings && settings->constant.rank > 0 ? 1 : 2;
    const clade_binary_settings defaults = clade_binary_defaults();
    if (!settings) settings = &defaults;
    FORWARD(graph_check_call(graph, "binary", inputs, count, settings, settings->reserved, output_out));
    clade_binary_settings s = *settings;
    if ((unsigned)s.kind > CLADE_POWER)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add binary \"%s\" of kind %d: it must be one of clade_binary_kind",
                         s.name ? s.name : "", (int)s.kind);
    FORWARD(graph_check_activation(graph, "binary", s.name, s.activation));
    FORWARD(check_constant(graph, &s));
    if (s.slope == 0.0f) s.slope = defaults.slope;
    s.name = NULL;
    const graph_new_node node = {.op = GRAPH_OP_binary,
                                 .name = settings->name,
                                 .inputs = inputs,
                                 .input_count = count,
                                 .attributes.binary = s,
                                 .parameters[GRAPH_WEIGHT] = s.constant};
    return graph_add(graph, &node, output_out);
}
