/* onnx_pool.c: MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool. A maximum with dilation, which the library's pooling has not, is
 * one of slices, along rows and then along columns. */
#include "io/onnx.h"

#include <math.h>
#include <string.h>

static clade_pool_kind kind_of(const onnx_node *node) {
    return strstr(node->proto->op_type, "Average") ? CLADE_POOL_AVERAGE : CLADE_POOL_MAX;
}

/* Averages count the zeros of a padding that went before; a maximum does not mind rows of minus infinity only, and what rounds
 * its size up rounds that of the padded image. */
static bool takes_padding(const clade_pool_settings *settings, const clade_padding *before) {
    const clade_padding *own = &settings->padding;
    const bool unpadded = own->top == 0 && own->left == 0 && own->bottom == 0 && own->right == 0;
    const bool fits = before->top < settings->kernel[0] && before->bottom < settings->kernel[0] &&
                      before->left < settings->kernel[1] && before->right < settings->kernel[1];
    return settings->kind == CLADE_POOL_AVERAGE && unpadded && fits && !settings->ceil_mode;
}

static clade_status read_settings(onnx_import *job, const onnx_node *node, const clade_shape *images, bool row,
                                  clade_pool_settings *settings_out, int32_t dilation_out[2]) {
    static const int64_t unknown[2] = {0, 0};
    onnx_window window;
    int64_t ceil_mode = 0, counts = 0;
    FORWARD(onnx_read_window(job, node, images, row, unknown, &window));
    FORWARD(onnx_attribute_int(job, node, "ceil_mode", 0, &ceil_mode));
    FORWARD(onnx_attribute_int(job, node, "count_include_pad", 0, &counts));
    memcpy(dilation_out, window.dilation, sizeof window.dilation);
    *settings_out = (clade_pool_settings){.kind = kind_of(node),
                                          .kernel = {window.kernel[0], window.kernel[1]},
                                          .stride = {window.stride[0], window.stride[1]},
                                          .padding = window.padding,
                                          .ceil_mode = ceil_mode != 0,
                                          .count_include_pad = counts != 0};
    return CLADE_OK;
}

/* ---- With dilation ------------------------------------------------------------------------------------------------ */

/* Along one spatial dimension: how far the image is padded, and how many windows there are. A last window that a size rounded up
 * asks for begins within the image or the padding before it. */
typedef struct dilated {
    int64_t before, after, windows;
} dilated;

static dilated measure(const clade_pool_settings *s, int axis, int32_t dilation, int64_t size) {
    const int64_t before = axis == 0 ? s->padding.top : s->padding.left;
    const int64_t after = axis == 0 ? s->padding.bottom : s->padding.right;
    const int64_t extent = (int64_t)(s->kernel[axis] - 1) * dilation + 1, room = size + before + after - extent;
    dilated d = {before, after, room < 0 ? 0 : room / s->stride[axis] + 1};
    if (!s->ceil_mode || room <= 0 || room % s->stride[axis] == 0) return d;
    if (d.windows * s->stride[axis] >= size + before) return d;
    d.after += d.windows++ * s->stride[axis] - room;
    return d;
}

static clade_status slice_along(onnx_import *job, const onnx_node *node, const char *name, int32_t axis, int64_t start,
                                int64_t end, int64_t step, clade_tensor from, clade_tensor *slice_out) {
    clade_slice_settings settings = {.name = name};
    settings.start[axis] = start;
    settings.end[axis] = end;
    settings.step[axis] = step;
    return onnx_checked(job, node, clade_graph_slice(job->graph, from, &settings, slice_out));
}

/* Of `size` elements along a dimension the largest of each and one further on. */
static clade_status larger_of_two(onnx_import *job, const onnx_node *node, int32_t axis, int64_t size, int64_t distance,
                                  clade_tensor *images) {
    const char *names[2] = {NULL, NULL};
    clade_binary_settings larger = {.kind = CLADE_MAXIMUM};
    clade_tensor first, second;
    FORWARD(onnx_part_name(job, node, &names[0]));
    FORWARD(onnx_part_name(job, node, &names[1]));
    FORWARD(onnx_part_name(job, node, &larger.name));
    FORWARD(slice_along(job, node, names[0], axis, 0, size - distance, 1, *images, &first));
    FORWARD(slice_along(job, node, names[1], axis, distance, size, 1, *images, &second));
    return onnx_checked(job, node, clade_graph_binary(job->graph, first, second, &larger, images));
}

/* Windows twice as wide come of two that lie beside each other; the last two may overlap. */
static clade_status largest_along(onnx_import *job, const onnx_node *node, int axis, const clade_pool_settings *s,
                                  int32_t dilation, const dilated *d, clade_tensor *images) {
    const char *name = NULL;
    int64_t size = onnx_tensor_shape(job, *images).dims[2 + axis];
    for (int64_t width = 1; width < s->kernel[axis];) {
        const int64_t more = base_min(width, s->kernel[axis] - width);
        FORWARD(larger_of_two(job, node, 2 + axis, size, more * dilation, images));
        size -= more * dilation;
        width += more;
    }
    FORWARD(axis == 1 ? onnx_name(job, node, &name) : onnx_part_name(job, node, &name));
    return slice_along(job, node, name, 2 + axis, 0, (d->windows - 1) * s->stride[axis] + 1, s->stride[axis], *images,
                       images);
}

static clade_status dilated_maximum(onnx_import *job, const onnx_node *node, clade_tensor images, bool row,
                                    const clade_pool_settings *s, const int32_t dilation[2]) {
    const clade_shape shape = onnx_tensor_shape(job, images);
    if (s->kind != CLADE_POOL_MAX) return onnx_unsupported(job, node, "it is an average with dilations");
    const dilated down = measure(s, 0, dilation[0], shape.dims[2]), across = measure(s, 1, dilation[1], shape.dims[3]);
    if (down.windows < 1 || across.windows < 1) return onnx_wrong(job, node, "its window does not fit its input");
    if (down.after > INT32_MAX || across.after > INT32_MAX)
        return onnx_unsupported(job, node, "its padding is too large");
    clade_pad_settings pad = {.before = {0, 0, (int32_t)down.before, (int32_t)across.before},
                              .after = {0, 0, (int32_t)down.after, (int32_t)across.after},
                              .value = -INFINITY};
    FORWARD(onnx_part_name(job, node, &pad.name));
    FORWARD(onnx_checked(job, node, clade_graph_pad(job->graph, images, &pad, &images)));
    FORWARD(largest_along(job, node, 0, s, dilation[0], &down, &images));
    FORWARD(largest_along(job, node, 1, s, dilation[1], &across, &images));
    return onnx_set_images(job, node, images, row);
}

/* ---- Operators ---------------------------------------------------------------------------------------------------- */
clade_status onnx_build_pool(onnx_import *job, const onnx_node *node) {
    clade_tensor images, output;
    clade_padding before;
    clade_pool_settings settings;
    int32_t dilation[2];
    bool row = false;
    FORWARD(onnx_input_images(job, node, 0, &before, &images, &row));
    const clade_shape seen = onnx_padded_shape(job, images, &before);
    FORWARD(read_settings(job, node, &seen, row, &settings, dilation));
    if (dilation[0] != 1 || dilation[1] != 1) {
        FORWARD(onnx_input_images(job, node, 0, NULL, &images, &row));
        return dilated_maximum(job, node, images, row, &settings, dilation);
    }
    if (takes_padding(&settings, &before)) {
        settings.padding = before;
        settings.count_include_pad = true;
    } else {
        FORWARD(onnx_input_images(job, node, 0, NULL, &images, &row));
    }
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_pool(job->graph, images, &settings, &output)));
    return onnx_set_images(job, node, output, row);
}

clade_status onnx_build_global_pool(onnx_import *job, const onnx_node *node) {
    clade_tensor images, output;
    bool row = false;
    FORWARD(onnx_input_images(job, node, 0, NULL, &images, &row));
    clade_pool_settings settings = {.kind = kind_of(node), .global = true};
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_pool(job->graph, images, &settings, &output)));
    return onnx_set_images(job, node, output, row);
}
