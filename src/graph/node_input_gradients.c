/* node_input_gradients.c: the gradients of layers by their inputs, as far as no other operator computes them: spread, pool_gradient,
 * lrn_gradient, activation_gradient, softmax_gradient. */
#include "graph/graph.h"

/* A gradient has its input's shape; here that of dy too, and of what else the node reads. */
static clade_status infer_same(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *dy = graph_shape_of(graph, node->inputs[0]);
    if (node->input_count != 2 || !base_shape_equal(dy, graph_shape_of(graph, node->inputs[1])))
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "there must be two inputs of one shape");
    *shape_out = *dy;
    return CLADE_OK;
}

/* ---- spread ------------------------------------------------------------------------------------------------------------------ */

static clade_status infer_spread(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const graph_spread_settings *s = &node->attributes.spread;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank != 4 || s->size[0] <= (in->dims[2] - 1) * s->stride[0] ||
        s->size[1] <= (in->dims[3] - 1) * s->stride[1])
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                            "%lldx%lld pixels must hold those of the input, %dx%d apart", (long long)s->size[0],
                            (long long)s->size[1], s->stride[0], s->stride[1]);
    *shape_out = (clade_shape){4, {in->dims[0], in->dims[1], s->size[0], s->size[1]}};
    return CLADE_OK;
}

static void describe_spread(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "%dx%d apart", node->attributes.spread.stride[0], node->attributes.spread.stride[1]);
}

const graph_op_info graph_spread_info = {"spread", infer_spread, describe_spread, NULL};

/* ---- pool_gradient ----------------------------------------------------------------------------------------------------------- */

static clade_status infer_pool(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const graph_pool_gradient_settings *s = &node->attributes.pool_gradient;
    const clade_shape *dy = graph_shape_of(graph, node->inputs[0]);
    const size_t inputs = s->pool.kind == CLADE_POOL_MAX ? 2 : 1;
    if (dy->rank != 4 || node->input_count != inputs)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "there must be %zu inputs, images", inputs);
    *shape_out = (clade_shape){4, {dy->dims[0], dy->dims[1], s->size[0], s->size[1]}};
    if (inputs == 2 && !base_shape_equal(shape_out, graph_shape_of(graph, node->inputs[1])))
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the second must have the result's shape");
    return CLADE_OK;
}

static void describe_pool(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_pool_settings *s = &node->attributes.pool_gradient.pool;
    (void)graph;
    base_text_add(text, "%s", s->kind == CLADE_POOL_MAX ? "max" : "average");
    if (s->global)
        base_text_add(text, ", global");
    else
        base_text_add(text, " %dx%d / %dx%d", s->kernel[0], s->kernel[1], s->stride[0], s->stride[1]);
}

const graph_op_info graph_pool_gradient_info = {"pool_gradient", infer_pool, describe_pool, NULL};

/* ---- lrn_gradient, activation_gradient, softmax_gradient ------------------------------------------------------------------------ */

static void describe_lrn(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "size %d", node->attributes.lrn_gradient.size);
}

static void describe_activation(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "%s", graph_activation_name(node->attributes.activation_gradient.kind));
}

static void describe_softmax(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_softmax_settings *s = &node->attributes.softmax_gradient;
    (void)graph;
    base_text_add(text, "%s, axis %d", s->logarithm ? "logarithm" : "softmax", s->axis);
}

const graph_op_info graph_lrn_gradient_info = {"lrn_gradient", infer_same, describe_lrn, NULL};
const graph_op_info graph_activation_gradient_info = {"activation_gradient", infer_same, describe_activation, NULL};
const graph_op_info graph_softmax_gradient_info = {"softmax_gradient", infer_same, describe_softmax, NULL};
