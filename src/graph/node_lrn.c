/* node_lrn.c: local response normalisation across channels. */
#include "graph/graph.h"

#include <math.h>

clade_lrn_settings clade_lrn_defaults(void) {
    return (clade_lrn_settings){.size = 5, .alpha = 1e-4f, .beta = 0.75f, .k = 1.0f};
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank != 4) return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 4");
    *shape_out = *in;
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_lrn_settings *s = &node->attributes.lrn;
    (void)graph;
    base_text_add(text, "size %d, alpha %g, beta %g, k %g", s->size, (double)s->alpha, (double)s->beta, (double)s->k);
}

const graph_op_info graph_lrn_info = {"lrn", infer, describe, NULL};

clade_status clade_graph_lrn(clade_graph *graph, clade_tensor input, const clade_lrn_settings *settings,
                             clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "lrn", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    const clade_lrn_settings defaults = clade_lrn_defaults();
    clade_lrn_settings s = *settings;
    if (s.size == 0) s.size = defaults.size;
    if (s.alpha == 0.0f) s.alpha = defaults.alpha;
    if (s.beta == 0.0f) s.beta = defaults.beta;
    if (s.k == 0.0f) s.k = defaults.k;
    if (s.size < 1 || !isfinite(s.alpha) || !isfinite(s.beta) || !isfinite(s.k))
        return base_fail(
            graph->env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to add lrn \"%s\" with size %d, alpha %g, beta %g, k %g: the size must be at least 1, the "
            "others finite",
            s.name ? s.name : "", s.size, (double)s.alpha, (double)s.beta, (double)s.k);
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_lrn, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.lrn = s};
    return graph_add(graph, &node, output_out);
}
