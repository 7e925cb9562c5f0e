/* normalise.c: the forms that inference needs, so that later passes and the plan meet fewer operators. Always on.
 *
 *   batch_norm(x)                             -> scale(x), y = x * s[c] + t[c] with the derived parameters
 *                                                s = weight / sqrt(running_var + epsilon), t = bias - running_mean * s
 *   mean(x) over rows and columns             -> global average pooling, which works in channel blocks; flattened where the
 *                                                dimensions are dropped
 *   dropout(x), concat(x) of one tensor,
 *   scale(x) by 1                             -> x, for they are the identity on every element
 *   a node whose result nobody reads          -> nothing: a head for training, say, that is no output
 *
 * Running statistics are constants once a network is trained, so a batch norm is affine in x (arXiv:1502.03167, section 3.1). */
#include "pass/pass.h"

static bool normalise_is_identity(const graph_node *node) {
    const clade_scale_settings *scale = &node->attributes.scale;
    switch (node->op) {
    case GRAPH_OP_dropout:
        return true;
    case GRAPH_OP_concat:
        return node->input_count == 1;
    case GRAPH_OP_scale:
        return scale->factor == 1 && scale->offset == 0 && !scale->channel_scale && !scale->channel_shift;
    default:
        return false;
    }
}

static clade_status normalise_batch_norm(clade_graph *graph, graph_node *node) {
    const clade_shape channels = {.rank = 1, .dims = {graph_shape_of(graph, node->output)->dims[1]}};
    clade_tensor scale, shift;
    FORWARD(
        pass_derive(graph, node, "scale", &channels, GRAPH_NORM_SCALE,
                    (clade_tensor[]){node->parameters[GRAPH_WEIGHT], node->parameters[GRAPH_VARIANCE], GRAPH_NO_TENSOR},
                    node->attributes.batch_norm.epsilon, &scale));
    FORWARD(pass_derive(graph, node, "shift", &channels, GRAPH_NORM_SHIFT,
                        (clade_tensor[]){node->parameters[GRAPH_BIAS], node->parameters[GRAPH_MEAN], scale}, 0,
                        &shift));

    node->op = GRAPH_OP_scale;
    node->attributes.scale = (clade_scale_settings){.factor = 1, .channel_scale = true, .channel_shift = true};
    node->parameters[GRAPH_WEIGHT] = scale;
    node->parameters[GRAPH_BIAS] = shift;
    node->parameters[GRAPH_MEAN] = node->parameters[GRAPH_VARIANCE] = GRAPH_NO_TENSOR;
    return CLADE_OK;
}

static bool normalise_is_image_mean(const clade_graph *graph, const graph_node *node) {
    const bool *axes = node->attributes.mean.axes;
    return node->op == GRAPH_OP_mean && graph_shape_of(graph, node->inputs[0])->rank == 4 && !axes[0] && !axes[1] &&
           axes[2] && axes[3];
}

/* Nodes may move: `index` is where the mean is and stays. */
static clade_status normalise_image_mean(clade_graph *graph, size_t index) {
    const graph_attributes pool = {.pool = {.kind = CLADE_POOL_AVERAGE, .global = true}};
    graph_node *node = &graph->nodes[index];
    if (!node->attributes.mean.drop) {
        node->op = GRAPH_OP_pool;
        node->attributes = pool;
        return CLADE_OK;
    }
    const graph_new_node pooling = {
        .op = GRAPH_OP_pool, .inputs = &(clade_tensor){node->inputs[0].id}, .input_count = 1, .attributes = pool};
    clade_tensor pooled;
    FORWARD(graph_add(graph, &pooling, &pooled));
    node = &graph->nodes[index];
    node->op = GRAPH_OP_flatten;
    node->inputs[0] = pooled;
    return CLADE_OK;
}

clade_status pass_normalise(clade_graph *graph, const pass_options *options) {
    (void)options;
    for (size_t i = 0; i < graph->node_count; i++) {
        if (normalise_is_image_mean(graph, &graph->nodes[i])) FORWARD(normalise_image_mean(graph, i));
        graph_node *node = &graph->nodes[i];
        if (node->op == GRAPH_OP_batch_norm) FORWARD(normalise_batch_norm(graph, node));
        if (normalise_is_identity(node)) {
            graph_replace_uses(graph, node->output, node->inputs[0]);
            graph_remove(graph, node);
        }
    }
    return graph_remove_unused(graph);
}
