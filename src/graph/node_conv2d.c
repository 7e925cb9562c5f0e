/* node_conv2d.c: two-dimensional convolution. */
#include "graph/graph.h"

clade_conv2d_settings clade_conv2d_defaults(void) {
    return (clade_conv2d_settings){.stride = {1, 1}, .dilation = {1, 1}, .groups = 1, .slope = 0.01f};
}

/* Size along one axis; 0 when the kernel does not fit. */
static int64_t output_size(int64_t size, int64_t before, int64_t after, int64_t kernel, int64_t dilation,
                           int64_t stride) {
    const int64_t room = size + before + after - (dilation * (kernel - 1) + 1);
    return room < 0 ? 0 : room / stride + 1;
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank != 4) return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 4");
    if (in->dims[1] % s->groups != 0 || s->channels % s->groups != 0)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "groups %d must divide %lld input and %d output channels",
                            s->groups, (long long)in->dims[1], s->channels);
    const clade_padding *pad = &s->padding;
    const int64_t height = output_size(in->dims[2], pad->top, pad->bottom, s->kernel[0], s->dilation[0], s->stride[0]);
    const int64_t width = output_size(in->dims[3], pad->left, pad->right, s->kernel[1], s->dilation[1], s->stride[1]);
    if (height < 1 || width < 1)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                            "kernel %dx%d with dilation %dx%d must fit the padded input (padding %d, %d, %d, %d)",
                            s->kernel[0], s->kernel[1], s->dilation[0], s->dilation[1], pad->top, pad->left,
                            pad->bottom, pad->right);
    *shape_out = (clade_shape){4, {in->dims[0], s->channels, height, width}};
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    const clade_padding *pad = &s->padding;
    (void)graph;
    base_text_add(text, "%dx%d", s->kernel[0], s->kernel[1]);
    if (s->stride[0] != s->stride[1])
        base_text_add(text, " / %dx%d", s->stride[0], s->stride[1]);
    else if (s->stride[0] != 1)
        base_text_add(text, " / %d", s->stride[0]);
    if (s->dilation[0] != 1 || s->dilation[1] != 1)
        base_text_add(text, ", dilation %dx%d", s->dilation[0], s->dilation[1]);
    if (pad->top == pad->left && pad->left == pad->bottom && pad->bottom == pad->right) {
        if (pad->top != 0) base_text_add(text, ", pad %d", pad->top);
    } else if (pad->top == pad->bottom && pad->left == pad->right) {
        base_text_add(text, ", pad %dx%d", pad->top, pad->left);
    } else {
        base_text_add(text, ", pad %d,%d,%d,%d", pad->top, pad->left, pad->bottom, pad->right);
    }
    if (s->groups != 1) base_text_add(text, ", groups %d", s->groups);
    if (node->input_count > 1) base_text_add(text, ", + residual");
    graph_describe_activation(text, s->activation);
    if (node->linear_channels > 0) base_text_add(text, " from channel %d", node->linear_channels);
}

static uint64_t multiply_adds(const clade_graph *graph, const graph_node *node) {
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]), *out = graph_shape_of(graph, node->output);
    return (uint64_t)(out->dims[1] * out->dims[2] * out->dims[3]) *
           (uint64_t)(in->dims[1] / s->groups * s->kernel[0] * s->kernel[1]);
}

const graph_op_info graph_conv2d_info = {"conv2d", infer, describe, multiply_adds};

/* Rules that need no input; bounded so that output_size cannot overflow. */
static clade_status check(const clade_graph *graph, const clade_conv2d_settings *s) {
    const char *name = s->name ? s->name : "";
    if (s->channels < 1)
        return base_fail(graph->env, CLADE_ERROR_SHAPE,
                         "failed to add conv2d \"%s\" with %d channels: there must be at least 1", name, s->channels);
    if (s->kernel[0] < 1 || s->kernel[1] < 1 || s->stride[0] < 1 || s->stride[1] < 1 || s->dilation[0] < 1 ||
        s->dilation[1] < 1 || s->groups < 1)
        return base_fail(
            graph->env, CLADE_ERROR_SHAPE,
            "failed to add conv2d \"%s\" with kernel %dx%d, stride %dx%d, dilation %dx%d, groups %d: each must "
            "be at least 1",
            name, s->kernel[0], s->kernel[1], s->stride[0], s->stride[1], s->dilation[0], s->dilation[1], s->groups);
    const clade_padding *pad = &s->padding;
    if (pad->top < 0 || pad->left < 0 || pad->bottom < 0 || pad->right < 0)
        return base_fail(graph->env, CLADE_ERROR_SHAPE,
                         "failed to add conv2d \"%s\" with padding %d, %d, %d, %d: none may be negative", name,
                         pad->top, pad->left, pad->bottom, pad->right);
    return graph_check_activation(graph, "conv2d", s->name, s->activation);
}

clade_status clade_graph_conv2d(clade_graph *graph, clade_tensor input, const clade_conv2d_settings *settings,
                                clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "conv2d", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_conv2d_settings s = *settings;
    for (int i = 0; i < 2; i++) {
        if (s.stride[i] == 0) s.stride[i] = 1;
        if (s.dilation[i] == 0) s.dilation[i] = 1;
    }
    if (s.groups == 0) s.groups = 1;
    if (s.slope == 0.0f) s.slope = clade_conv2d_defaults().slope;
    FORWARD(check(graph, &s));
    s.name = NULL;
    const clade_shape *in = graph_shape_of(graph, input);
    graph_new_node node = {
        .op = GRAPH_OP_conv2d, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.conv2d = s};
    node.parameters[GRAPH_WEIGHT] = (clade_shape){4, {s.channels, in->dims[1] / s.groups, s.kernel[0], s.kernel[1]}};
    if (!s.no_bias) node.parameters[GRAPH_BIAS] = (clade_shape){1, {s.channels}};
    return graph_add(graph, &node, output_out);
}
