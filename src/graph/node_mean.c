/* node_mean.c: mean over some dimensions. */
#include "graph/graph.h"

clade_mean_settings clade_mean_defaults(void) { return (clade_mean_settings){.drop = false}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_mean_settings *s = &node->attributes.mean;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    *shape_out = (clade_shape){.rank = 0};
    bool any = false;
    for (int32_t d = 0; d < CLADE_MAX_RANK; d++) {
        if (s->axes[d] && (d >= in->rank || in->dims[d] == CLADE_BATCH))
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "axis %d is no dimension to take the mean over", d);
        any = any || s->axes[d];
        if (d < in->rank && !(s->axes[d] && s->drop)) shape_out->dims[shape_out->rank++] = s->axes[d] ? 1 : in->dims[d];
    }
    if (!any || shape_out->rank == 0)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "at least one axis must be named, and one dimension stay");
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_mean_settings *s = &node->attributes.mean;
    (void)graph;
    base_text_add(text, "over axes");
    for (int32_t d = 0; d < CLADE_MAX_RANK; d++)
        if (s->axes[d]) base_text_add(text, " %d", d);
    if (s->drop) base_text_add(text, ", dropped");
}

const graph_op_info graph_mean_info = {"mean", infer, describe, NULL};

clade_status clade_graph_mean(clade_graph *graph, clade_tensor input, const clade_mean_settings *settings,
                              clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "mean", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_mean_settings s = *settings;
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_mean, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.mean = s};
    return graph_add(graph, &node, output_out);
}
