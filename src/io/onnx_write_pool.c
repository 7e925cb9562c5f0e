/* onnx_write_pool.c: poolings in ONNX.
 *
 * Where the output size is rounded up, the last window may reach behind the padded input. ONNX's implementations differ in
 * whether they drop a window that lies there as a whole, as Clade and PyTorch do, and in what they divide by when padding counts.
 * In these cases padding of the needed size and a size rounded down leave no choice. */
#include "io/onnx_write.h"

/* The window along both axes as ONNX is told it. */
typedef struct onnx_window {
    int32_t pads[4]; /* top, left, bottom, right */
    bool round_up, count_padding;
} onnx_window;

/* How far the last window along an axis reaches behind the padded input. Negative when it does not reach its end, which
 * with ceil_mode happens only where a window was dropped. */
static int32_t reach(const onnx_source *source, const clade_pool_settings *s, int axis) {
    const int64_t before = axis == 0 ? s->padding.top : s->padding.left;
    const int64_t after = axis == 0 ? s->padding.bottom : s->padding.right;
    const int64_t end = (source->out.dims[2 + axis] - 1) * s->stride[axis] + s->kernel[axis];
    return (int32_t)(end - (before + source->in.dims[2 + axis] + after));
}

/* Zeros that count as much as the image's own pixels. *value is what is padded, then the result. */
static clade_status put_zeros_around(onnx_writer *writer, const onnx_source *source, const clade_padding *padding,
                                     const char **value) {
    const int64_t pads[8] = {0, 0, padding->top, padding->left, 0, 0, padding->bottom, padding->right};
    const char *const inputs[] = {*value, onnx_make_name(writer, source->name, "pads")};
    FORWARD(onnx_put_integers(writer, inputs[1], pads, BASE_COUNT(pads)));
    const onnx_new_node node = {.op = "Pad",
                                .name = onnx_make_name(writer, source->name, "pad"),
                                .inputs = inputs,
                                .input_count = 2,
                                .output = *value = onnx_make_name(writer, source->name, "padded")};
    return onnx_put_node(writer, &node);
}

static clade_status put_window(onnx_writer *writer, const onnx_source *source, const clade_pool_settings *s,
                               onnx_window *window, const char **value) {
    const clade_padding *padding = &s->padding;
    const bool padded = padding->top + padding->left + padding->bottom + padding->right > 0;
    const int32_t down = reach(source, s, 0), across = reach(source, s, 1);
    *window = (onnx_window){.pads = {padding->top, padding->left, padding->bottom, padding->right}};
    window->count_padding = s->kind == CLADE_POOL_AVERAGE && s->count_include_pad && padded;
    if (!s->ceil_mode || (down <= 0 && across <= 0)) return CLADE_OK; /* the size rounded down is the same */
    window->round_up = down >= 0 && across >= 0 && !window->count_padding;
    if (window->round_up) return CLADE_OK;

    if (window->count_padding) {
        FORWARD(put_zeros_around(writer, source, padding, value));
        *window = (onnx_window){.count_padding = false};
    }
    if (down > 0) window->pads[2] += down;
    if (across > 0) window->pads[3] += across;
    return CLADE_OK;
}

clade_status onnx_put_pool(onnx_writer *writer, const onnx_source *source) {
    const clade_pool_settings *s = source->settings;
    const bool average = s->kind == CLADE_POOL_AVERAGE;
    const char *value = source->inputs[0];
    onnx_new_node node = {.name = source->name, .inputs = &value, .input_count = 1, .output = source->output};
    if (s->global) {
        node.op = average ? "GlobalAveragePool" : "GlobalMaxPool";
        return onnx_put_node(writer, &node);
    }
    onnx_window window;
    FORWARD(put_window(writer, source, s, &window, &value));
    node.op = average ? "AveragePool" : "MaxPool";
    onnx_add_integer(&node, "ceil_mode", window.round_up);
    if (average) onnx_add_integer(&node, "count_include_pad", window.count_padding);
    onnx_add_integers(&node, "kernel_shape", s->kernel, 2);
    onnx_add_integers(&node, "pads", window.pads, 4);
    onnx_add_integers(&node, "strides", s->stride, 2);
    return onnx_put_node(writer, &node);
}
