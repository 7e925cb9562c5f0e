/* node_pool.c: maximum and average pooling. */
#include "graph/graph.h"

clade_pool_settings clade_pool_defaults(void) { return (clade_pool_settings){.kind = CLADE_POOL_MAX}; }

/* Windows along one axis. Rounding up may add one that would start behind the input and its leading padding, where there
 * is nothing to pool: it is taken away again (as PyTorch and ONNX do). 0 when no window fits. */
static int64_t output_size(int64_t size, int64_t before, int64_t after, int64_t kernel, int64_t stride, bool round_up) {
    const int64_t room = size + before + after - kernel;
    if (room < 0) return 0;
    int64_t windows = (round_up ? base_divide_up(room, stride) : room / stride) + 1;
    if (round_up && (windows - 1) * stride >= size + before) windows--;
    return windows;
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_pool_settings *s = &node->attributes.pool;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    if (in->rank != 4) return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "the input must have rank 4");
    int64_t height = 1, width = 1;
    if (!s->global) {
        const clade_padding *pad = &s->padding;
        height = output_size(in->dims[2], pad->top, pad->bottom, s->kernel[0], s->stride[0], s->ceil_mode);
        width = output_size(in->dims[3], pad->left, pad->right, s->kernel[1], s->stride[1], s->ceil_mode);
    }
    if (height < 1 || width < 1)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                            "kernel %dx%d must fit the padded input (padding %d, %d, %d, %d)", s->kernel[0],
                            s->kernel[1], s->padding.top, s->padding.left, s->padding.bottom, s->padding.right);
    *shape_out = (clade_shape){4, {in->dims[0], in->dims[1], height, width}};
    return CLADE_OK;
}

static void describe_window(const clade_pool_settings *s, const char *kind, base_text *text) {
    base_text_add(text, "%s %dx%d / %d", kind, s->kernel[0], s->kernel[1], s->stride[0]);
    if (s->stride[1] != s->stride[0]) base_text_add(text, "x%d", s->stride[1]);
    const clade_padding *pad = &s->padding;
    if (pad->top == pad->left && pad->left == pad->bottom && pad->bottom == pad->right) {
        if (pad->top != 0) base_text_add(text, ", pad %d", pad->top);
    } else {
        base_text_add(text, ", pad %d,%d,%d,%d", pad->top, pad->left, pad->bottom, pad->right);
    }
    if (s->ceil_mode) base_text_add(text, ", ceil");
    if (s->kind == CLADE_POOL_AVERAGE && s->count_include_pad) base_text_add(text, ", counts padding");
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_pool_settings *s = &node->attributes.pool;
    const char *kind = s->kind == CLADE_POOL_MAX ? "max" : "average";
    (void)graph;
    if (s->global)
        base_text_add(text, "%s, global", kind);
    else
        describe_window(s, kind, text);
    if (graph_is_tensor(node->parameters[GRAPH_BIAS])) base_text_add(text, ", + bias");
    graph_describe_activation(text, node->pool_activation);
}

const graph_op_info graph_pool_info = {"pool", infer, describe, NULL};

static clade_status check(const clade_graph *graph, const clade_pool_settings *s) {
    const char *name = s->name ? s->name : "";
    const clade_padding *pad = &s->padding;
    if (s->kind != CLADE_POOL_MAX && s->kind != CLADE_POOL_AVERAGE)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add pool \"%s\" of kind %d: it must be one of clade_pool_kind", name, (int)s->kind);
    if (s->global) {
        const int32_t sum =
            s->kernel[0] | s->kernel[1] | s->stride[0] | s->stride[1] | pad->top | pad->left | pad->bottom | pad->right;
        if (sum == 0 && !s->ceil_mode) return CLADE_OK;
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add pool \"%s\": a global pooling has no kernel, stride, padding or ceil mode",
                         name);
    }
    if (s->kernel[0] < 1 || s->kernel[1] < 1 || s->stride[0] < 1 || s->stride[1] < 1)
        return base_fail(graph->env, CLADE_ERROR_SHAPE,
                         "failed to add pool \"%s\" with kernel %dx%d, stride %dx%d: each must be at least 1", name,
                         s->kernel[0], s->kernel[1], s->stride[0], s->stride[1]);
    if (pad->top < 0 || pad->left < 0 || pad->bottom < 0 || pad->right < 0 || pad->top >= s->kernel[0] ||
        pad->bottom >= s->kernel[0] || pad->left >= s->kernel[1] || pad->right >= s->kernel[1])
        return base_fail(
            graph->env, CLADE_ERROR_SHAPE,
            "failed to add pool \"%s\" with kernel %dx%d and padding %d, %d, %d, %d: padding must be at least 0 "
            "and smaller than the kernel",
            name, s->kernel[0], s->kernel[1], pad->top, pad->left, pad->bottom, pad->right);
    return CLADE_OK;
}

clade_status clade_graph_pool(clade_graph *graph, clade_tensor input, const clade_pool_settings *settings,
                              clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "pool", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_pool_settings s = *settings;
    if (!s.global)
        for (int i = 0; i < 2; i++)
            if (s.stride[i] == 0) s.stride[i] = s.kernel[i];
    FORWARD(check(graph, &s));
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_pool, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.pool = s};
    return graph_add(graph, &node, output_out);
}
