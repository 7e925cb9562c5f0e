/* node_norm.c: batch normalisation by the batch's own statistics, in the steps that training takes it apart into: norm_statistics,
 * norm_apply, norm_sums, norm_gradient. */
#include "graph/graph.h"

/* The inputs are `wide` of one shape, then `pairs` of [2, C]. */
static clade_status check(const clade_graph *graph, const graph_node *node, size_t wide, size_t pairs) {
    const clade_shape *x = graph_shape_of(graph, node->inputs[0]);
    bool fits = x->rank >= 2 && node->input_count == wide + pairs;
    for (size_t i = 1; fits && i < node->input_count; i++) {
        const clade_shape *shape = graph_shape_of(graph, node->inputs[i]);
        const clade_shape pair = {2, {2, x->dims[1]}};
        fits = base_shape_equal(shape, i < wide ? x : &pair);
    }
    if (fits) return CLADE_OK;
    return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the shapes must be those of one tensor's statistics");
}

static clade_status infer_statistics(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    FORWARD(check(graph, node, 1, 0));
    *shape_out = (clade_shape){2, {2, graph_shape_of(graph, node->inputs[0])->dims[1]}};
    return CLADE_OK;
}

static clade_status infer_apply(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    FORWARD(check(graph, node, 1, 1));
    *shape_out = *graph_shape_of(graph, node->inputs[0]);
    return CLADE_OK;
}

static clade_status infer_sums(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    FORWARD(check(graph, node, 2, 1));
    *shape_out = (clade_shape){2, {2, graph_shape_of(graph, node->inputs[0])->dims[1]}};
    return CLADE_OK;
}

static clade_status infer_gradient(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    FORWARD(check(graph, node, 2, 2));
    *shape_out = *graph_shape_of(graph, node->inputs[0]);
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "epsilon %g", (double)node->attributes.norm_apply.epsilon);
}

static void describe_nothing(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph, (void)node, (void)text;
}

const graph_op_info graph_norm_statistics_info = {"norm_statistics", infer_statistics, describe_nothing, NULL};
const graph_op_info graph_norm_apply_info = {"norm_apply", infer_apply, describe, NULL};
const graph_op_info graph_norm_sums_info = {"norm_sums", infer_sums, describe, NULL};
const graph_op_info graph_norm_gradient_info = {"norm_gradient", infer_gradient, describe, NULL};
