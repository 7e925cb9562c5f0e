/* node_scale.c: a factor and an offset, of all elements and of each channel. */
#include "graph/graph.h"

clade_scale_settings clade_scale_defaults(void) { return (clade_scale_settings){.factor = 1.0f}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_scale_settings *s = &node->attributes.scale;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank < 2 && (s->channel_scale || s->channel_shift))
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 2 or more to have channels");
    *shape_out = *in;
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_scale_settings *s = &node->attributes.scale;
    (void)graph;
    base_text_add(text, "x %g", (double)s->factor);
    if (s->channel_scale) base_text_add(text, " x weight");
    if (s->channel_shift) base_text_add(text, " + bias");
    if (s->offset != 0.0f) base_text_add(text, " + %g", (double)s->offset);
}

const graph_op_info graph_scale_info = {"scale", infer, describe, NULL};

clade_status clade_graph_scale(clade_graph *graph, clade_tensor input, const clade_scale_settings *settings,
                               clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "scale", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_scale_settings s = *settings;
    if (s.factor == 0.0f) s.factor = clade_scale_defaults().factor;
    s.name = NULL;
    const clade_shape channels = {1, {graph_shape_of(graph, input)->dims[1]}};
    graph_new_node node = {
        .op = GRAPH_OP_scale, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.scale = s};
    if (s.channel_scale) node.parameters[GRAPH_WEIGHT] = channels;
    if (s.channel_shift) node.parameters[GRAPH_BIAS] = channels;
    return graph_add(graph, &node, output_out);
}
