/* layers.c: conv2d and linear, whose gradients are sums of products too.
 *
 *   dx      = conv2d(dy, pixels spread by the stride, weight turned)
 *   dweight = conv2d_weights(dy, x)
 *   dbias   = channel_sum(dy) */
#include "grad/grad.h"

/* ---- Parameters ---------------------------------------------------------------------------------------------------------------- */

static clade_status give_parameters(grad_builder *b, const graph_node *node, clade_tensor dy, graph_op weights,
                                    const graph_attributes *attributes) {
    const clade_tensor weight = node->parameters[GRAPH_WEIGHT], bias = node->parameters[GRAPH_BIAS];
    if (grad_is_needed(b, weight))
        FORWARD(grad_give(b, weight, weights, attributes, (clade_tensor[]){dy, node->inputs[0]}, 2));
    if (grad_is_needed(b, bias)) FORWARD(grad_give(b, bias, GRAPH_OP_channel_sum, NULL, &dy, 1));
    return CLADE_OK;
}

/* Makes the layer that `layer` is compute with the weight of `node`, turned. */
static void turn(grad_builder *b, clade_tensor layer, const graph_node *node) {
    graph_node *made = graph_producer(b->graph, layer);
    made->weight_turned = true;
    made->parameters[GRAPH_WEIGHT] = node->parameters[GRAPH_WEIGHT];
}

/* ---- conv2d -------------------------------------------------------------------------------------------------------------------- */

/* One axis. Pixel i of x is in window o at kernel element k where o * stride + k * dilation - pad = i. With dy's pixels `stride` apart,
 * u[o * stride] = dy[o], its gradient is the sum of weight[k] u[i + pad - k * dilation]: a convolution of u with the kernel
 * reversed. Its first window begins reach - pad before u; windows that saw padding only are cropped from u. */
typedef struct axis {
    int64_t size;          /* of u */
    int64_t front, back;   /* cropped from u */
    int64_t before, after; /* padding of what is left */
} axis;

static axis axis_of(int64_t in, int64_t out, int32_t kernel, int32_t dilation, int32_t stride, int32_t pad) {
    const int64_t size = (out - 1) * stride + 1, reach = (int64_t)dilation * (kernel - 1);
    return (axis){.size = size,
                  .front = base_max(0, pad - reach),
                  .back = base_max(0, size - in - pad),
                  .before = base_max(0, reach - pad),
                  .after = base_max(0, in + pad - size)};
}

static clade_status spread(grad_builder *b, const clade_conv2d_settings *s, const axis axes[2], clade_tensor *u) {
    if (s->stride[0] == 1 && s->stride[1] == 1) return CLADE_OK;
    const graph_attributes apart = {
        .spread = {.stride = {s->stride[0], s->stride[1]}, .size = {axes[0].size, axes[1].size}}};
    return grad_add(b, GRAPH_OP_spread, &apart, NULL, *u, GRAPH_NO_TENSOR, u);
}

static clade_status crop(grad_builder *b, const axis axes[2], clade_tensor *u) {
    if (axes[0].front + axes[0].back + axes[1].front + axes[1].back == 0) return CLADE_OK;
    graph_attributes slice = {.slice = {.step = {1, 1, 1, 1}}};
    const clade_shape *shape = graph_shape_of(b->graph, *u);
    for (int i = 0; i < 4; i++) slice.slice.end[i] = shape->dims[i];
    for (int i = 0; i < 2; i++) {
        slice.slice.start[2 + i] = axes[i].front;
        slice.slice.end[2 + i] -= axes[i].back;
    }
    return grad_add(b, GRAPH_OP_slice, &slice, NULL, *u, GRAPH_NO_TENSOR, u);
}

static clade_status give_input(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_tensor x = node->inputs[0];
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    const clade_shape in = *graph_shape_of(b->graph, x), out = *graph_shape_of(b->graph, node->output);
    const int32_t pads[2] = {s->padding.top, s->padding.left};
    axis axes[2];
    for (int i = 0; i < 2; i++) {
        axes[i] = axis_of(in.dims[2 + i], out.dims[2 + i], s->kernel[i], s->dilation[i], s->stride[i], pads[i]);
        if (axes[i].front + axes[i].back >= axes[i].size) return CLADE_OK; /* no window sees a pixel of x */
    }
    graph_attributes conv = {.conv2d = *s};
    conv.conv2d.channels = (int32_t)in.dims[1];
    conv.conv2d.stride[0] = conv.conv2d.stride[1] = 1;
    conv.conv2d.padding = (clade_padding){.top = (int32_t)axes[0].before,
                                          .left = (int32_t)axes[1].before,
                                          .bottom = (int32_t)axes[0].after,
                                          .right = (int32_t)axes[1].after};
    conv.conv2d.no_bias = true;
    conv.conv2d.activation = CLADE_ACTIVATION_NONE;
    clade_tensor u = dy, dx;
    FORWARD(spread(b, s, axes, &u));
    FORWARD(crop(b, axes, &u));
    FORWARD(grad_add(b, GRAPH_OP_conv2d, &conv, NULL, u, GRAPH_NO_TENSOR, &dx));
    turn(b, dx, node);
    return grad_give_tensor(b, x, dx);
}

clade_status grad_conv2d(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    const graph_attributes weights = {.conv2d_weights = *s};
    FORWARD(grad_before_activation(b, node, s->activation, s->slope, dy, &dy));
    FORWARD(give_parameters(b, node, dy, GRAPH_OP_conv2d_weights, &weights));
    return grad_is_needed(b, node->inputs[0]) ? give_input(b, node, dy) : CLADE_OK;
}

/* ---- linear -------------------------------------------------------------------------------------------------------------------- */

clade_status grad_linear(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_linear_settings *s = &node->attributes.linear;
    const clade_tensor x = node->inputs[0];
    FORWARD(grad_before_activation(b, node, s->activation, s->slope, dy, &dy));
    FORWARD(give_parameters(b, node, dy, GRAPH_OP_linear_weights, NULL));
    if (!grad_is_needed(b, x)) return CLADE_OK;
    const clade_shape in = *graph_shape_of(b->graph, x);
    graph_attributes linear = {.linear = {.features = 1, .no_bias = true}};
    for (int32_t i = 1; i < in.rank; i++) linear.linear.features *= (int32_t)in.dims[i];
    clade_tensor dx;
    FORWARD(grad_add(b, GRAPH_OP_linear, &linear, NULL, dy, GRAPH_NO_TENSOR, &dx));
    turn(b, dx, node);
    FORWARD(grad_reshape(b, dx, &in, &dx));
    return grad_give_tensor(b, x, dx);
}
