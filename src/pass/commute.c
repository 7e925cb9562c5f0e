/* commute.c: average pooling with a 1x1 convolution behind it goes behind the convolution, which leaves it fewer channels.
 *
 *   x [1024] --> average --> [1024] --> 1x1 (W, b, activation) --> y [128]
 *
 *   becomes      x [1024] --> 1x1 (W) --> [128] --> average (b, activation) --> y [128]
 *
 * An average is a sum over the pixels p of a window, divided by a number d that depends on the window's place alone, and the
 * convolution is a sum over the channels c of one pixel. So the two sums may change places:
 *
 *   sum_c W[o, c] (1/d sum_p x[c, p])  =  1/d sum_p (sum_c W[o, c] x[c, p])
 *
 * whether d counts pixels of the padding or not, for they are zeros before the convolution and after it. That is why the bias
 * comes last: a convolution with a bias would make something of those zeros. The activation follows the bias.
 *
 * The convolution then reads what its siblings in an Inception block read, and the pass merge makes one of them.
 *
 * Valid when nobody else sees the pooling's result, and the convolution reads single pixels, adds no residual and has no groups.
 * Done where that saves work: the convolution makes fewer channels than it reads, and pooling makes no fewer pixels. */
#include "pass/pass.h"

static bool commute_is_pointwise(const graph_node *node) {
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    const clade_padding *pad = &s->padding;
    return node->op == GRAPH_OP_conv2d && node->input_count == 1 && s->groups == 1 && s->kernel[0] == 1 &&
           s->kernel[1] == 1 && s->stride[0] == 1 && s->stride[1] == 1 &&
           (pad->top | pad->left | pad->bottom | pad->right) == 0;
}

static int64_t commute_pixels(const clade_graph *graph, clade_tensor tensor) {
    const clade_shape *shape = graph_shape_of(graph, tensor);
    return shape->dims[2] * shape->dims[3];
}

/* The convolution behind an average pooling that may go before it, or NULL. */
static graph_node *commute_partner(const clade_graph *graph, const graph_node *pool) {
    if (pool->op != GRAPH_OP_pool || pool->attributes.pool.kind != CLADE_POOL_AVERAGE) return NULL;
    if (graph_is_tensor(pool->parameters[GRAPH_BIAS]) || pool->pool_activation != CLADE_ACTIVATION_NONE) return NULL;
    graph_node *conv = graph_single_user(graph, pool->output);
    const bool fits = conv && commute_is_pointwise(conv) &&
                      graph_shape_of(graph, conv->output)->dims[1] < graph_shape_of(graph, pool->output)->dims[1] &&
                      commute_pixels(graph, pool->inputs[0]) <= commute_pixels(graph, pool->output);
    return fits ? conv : NULL;
}

/* The nodes change places and keep their outputs: who read the convolution's result reads the pooling's. */
static void commute(clade_graph *graph, graph_node *pool, graph_node *conv) {
    graph_tensor *pooled = graph_tensor_of(graph, pool->output), *convolved = graph_tensor_of(graph, conv->output);
    graph_replace_uses(graph, conv->output, pool->output);
    conv->inputs[0] = pool->inputs[0];
    pool->inputs[0] = conv->output;
    pooled->shape = convolved->shape;
    convolved->shape = *graph_shape_of(graph, conv->inputs[0]);
    convolved->shape.dims[1] = pooled->shape.dims[1];

    clade_conv2d_settings *settings = &conv->attributes.conv2d;
    pool->parameters[GRAPH_BIAS] = conv->parameters[GRAPH_BIAS];
    pool->pool_activation = settings->activation;
    pool->pool_slope = settings->slope;
    conv->parameters[GRAPH_BIAS] = GRAPH_NO_TENSOR;
    settings->no_bias = true;
    settings->activation = CLADE_ACTIVATION_NONE;
}

clade_status pass_commute(clade_graph *graph, const pass_options *options) {
    (void)options;
    for (size_t i = 0; i < graph->node_count; i++) {
        graph_node *pool = &graph->nodes[i], *conv = commute_partner(graph, pool);
        if (conv) commute(graph, pool, conv);
    }
    return CLADE_OK;
}
