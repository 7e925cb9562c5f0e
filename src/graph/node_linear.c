/* node_linear.c: fully connected layer. */
#include "graph/graph.h"

clade_linear_settings clade_linear_defaults(void) { return (clade_linear_settings){.slope = 0.01f}; }

/* Elements of one image. Shapes in a graph never overflow. */
static int64_t inputs_of(const clade_shape *shape) {
    int64_t elements = 1;
    for (int32_t i = 1; i < shape->rank; i++) elements *= shape->dims[i];
    return elements;
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank < 2) return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 2 or more");
    if (inputs_of(in) > INT32_MAX)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "an image must have at most %d elements", INT32_MAX);
    *shape_out = (clade_shape){2, {in->dims[0], node->attributes.linear.features}};
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    base_text_add(text, "%lld -> %d", (long long)inputs_of(graph_shape_of(graph, node->inputs[0])),
                  node->attributes.linear.features);
    graph_describe_activation(text, node->attributes.linear.activation);
}

static uint64_t multiply_adds(const clade_graph *graph, const graph_node *node) {
    return (uint64_t)inputs_of(graph_shape_of(graph, node->inputs[0])) * (uint64_t)node->attributes.linear.features;
}

const graph_op_info graph_linear_info = {"linear", infer, describe, multiply_adds};

clade_status clade_graph_linear(clade_graph *graph, clade_tensor input, const clade_linear_settings *settings,
                                clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "linear", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_linear_settings s = *settings;
    if (s.features < 1)
        return base_fail(graph->env, CLADE_ERROR_SHAPE,
                         "failed to add linear \"%s\" with %d features: there must be at least 1", s.name ? s.name : "",
                         s.features);
    FORWARD(graph_check_activation(graph, "linear", s.name, s.activation));
    if (s.slope == 0.0f) s.slope = clade_linear_defaults().slope;
    s.name = NULL;
    graph_new_node node = {
        .op = GRAPH_OP_linear, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.linear = s};
    node.parameters[GRAPH_WEIGHT] = (clade_shape){2, {s.features, inputs_of(graph_shape_of(graph, input))}};
    if (!s.no_bias) node.parameters[GRAPH_BIAS] = (clade_shape){1, {s.features}};
    return graph_add(graph, &node, output_out);
}
