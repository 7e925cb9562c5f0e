/* node_batch_norm.c: batch normalisation with running statistics. */
#include "graph/graph.h"

#include <math.h>

clade_batch_norm_settings clade_batch_norm_defaults(void) { return (clade_batch_norm_settings){.epsilon = 1e-5f}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank < 2) return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 2 or more");
    *shape_out = *in;
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "epsilon %g", (double)node->attributes.batch_norm.epsilon);
}

const graph_op_info graph_batch_norm_info = {"batch_norm", infer, describe, NULL};

clade_status clade_graph_batch_norm(clade_graph *graph, clade_tensor input, const clade_batch_norm_settings *settings,
                                    clade_tensor *output_out) {
    FORWARD(
        graph_check_call(graph, "batch_norm", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_batch_norm_settings s = *settings;
    if (s.epsilon == 0.0f) s.epsilon = clade_batch_norm_defaults().epsilon;
    if (!(s.epsilon > 0.0f) || !isfinite(s.epsilon))
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add batch_norm \"%s\" with epsilon %g: it must be positive and finite",
                         s.name ? s.name : "", (double)s.epsilon);
    s.name = NULL;
    const clade_shape channels = {1, {graph_shape_of(graph, input)->dims[1]}};
    graph_new_node node = {.op = GRAPH_OP_batch_norm,
                           .name = settings->name,
                           .inputs = &input,
                           .input_count = 1,
                           .attributes.batch_norm = s};
    if (!s.no_scale) node.parameters[GRAPH_WEIGHT] = channels;
    if (!s.no_shift) node.parameters[GRAPH_BIAS] = channels;
    node.parameters[GRAPH_MEAN] = channels;
    node.parameters[GRAPH_VARIANCE] = channels;
    return graph_add(graph, &node, output_out);
}
