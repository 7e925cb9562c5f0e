/* onnx_window.c: the windows of convolutions and poolings, and where they are laid. */
#include "io/onnx.h"

#include <string.h>

/* A list with one number for each spatial dimension; absent: `fallback` for each. A row's window is one row high. */
static clade_status read_pair(onnx_import *job, const onnx_node *node, const char *name, bool row, int32_t fallback,
                              int32_t pair_out[2]) {
    onnx_integers found;
    FORWARD(onnx_attribute_ints(job, node, name, &found));
    const size_t expected = row ? 1 : 2;
    pair_out[0] = row ? 1 : fallback;
    pair_out[1] = fallback;
    if (found.count == 0 && fallback > 0) return CLADE_OK;
    if (found.count != expected) return onnx_wrong(job, node, "its attribute %s must have %zu numbers", name, expected);
    for (size_t i = 0; i < found.count; i++) {
        if (found.at[i] < 1 || found.at[i] > INT32_MAX)
            return onnx_wrong(job, node, "its attribute %s has %lld: it must be 1 or more", name,
                              (long long)found.at[i]);
        pair_out[2 - expected + i] = (int32_t)found.at[i];
    }
    return CLADE_OK;
}

static clade_status read_pads(onnx_import *job, const onnx_node *node, bool row, clade_padding *padding_out) {
    onnx_integers pads;
    FORWARD(onnx_attribute_ints(job, node, "pads", &pads));
    *padding_out = (clade_padding){0};
    if (pads.count == 0) return CLADE_OK;
    if (pads.count != (row ? 2 : 4))
        return onnx_wrong(job, node, "its attribute pads must have %d numbers", row ? 2 : 4);
    for (size_t i = 0; i < pads.count; i++)
        if (pads.at[i] < 0 || pads.at[i] > INT32_MAX)
            return onnx_unsupported(job, node, "its attribute pads has %lld: it must be 0 or more",
                                    (long long)pads.at[i]);
    const int64_t *p = pads.at;
    *padding_out = row ? (clade_padding){0, (int32_t)p[0], 0, (int32_t)p[1]}
                       : (clade_padding){(int32_t)p[0], (int32_t)p[1], (int32_t)p[2], (int32_t)p[3]};
    return CLADE_OK;
}

/* Zeros around `size` pixels so that there are as many windows as strides; one more behind or before where they are odd. */
static void pad_same(int64_t size, const onnx_window *w, int axis, bool upper, int32_t *before_out,
                     int32_t *after_out) {
    const int64_t extent = (int64_t)(w->kernel[axis] - 1) * w->dilation[axis] + 1;
    const int64_t total = base_max((base_divide_up(size, w->stride[axis]) - 1) * w->stride[axis] + extent - size, 0);
    const int64_t less = base_min(total / 2, INT32_MAX), more = base_min(total - total / 2, INT32_MAX);
    *before_out = (int32_t)(upper ? less : more);
    *after_out = (int32_t)(upper ? more : less);
}

clade_status onnx_read_window(onnx_import *job, const onnx_node *node, const clade_shape *images, bool row,
                              const int64_t kernel[2], onnx_window *window_out) {
    onnx_window *w = window_out;
    const bool known = kernel[1] > 0;
    if (known && (kernel[0] > INT32_MAX || kernel[1] > INT32_MAX || kernel[0] < 1))
        return onnx_wrong(job, node, "its weights have a window of %lldx%lld", (long long)kernel[0],
                          (long long)kernel[1]);
    FORWARD(read_pair(job, node, "kernel_shape", row, known ? (int32_t)kernel[1] : 0, w->kernel));
    if (known && !onnx_attribute(node, "kernel_shape")) w->kernel[0] = (int32_t)kernel[0];
    if (known && (w->kernel[0] != kernel[0] || w->kernel[1] != kernel[1]))
        return onnx_wrong(job, node, "its kernel_shape is not that of its weights");
    FORWARD(read_pair(job, node, "strides", row, 1, w->stride));
    FORWARD(read_pair(job, node, "dilations", row, 1, w->dilation));
    FORWARD(read_pads(job, node, row, &w->padding));

    char mode[16];
    FORWARD(onnx_attribute_text(job, node, "auto_pad", "NOTSET", mode, sizeof mode));
    if (strcmp(mode, "NOTSET") == 0 || !*mode) return CLADE_OK;
    w->padding = (clade_padding){0};
    if (strcmp(mode, "VALID") == 0) return CLADE_OK;
    const bool upper = strcmp(mode, "SAME_UPPER") == 0;
    if (!upper && strcmp(mode, "SAME_LOWER") != 0) return onnx_wrong(job, node, "its auto_pad is \"%s\"", mode);
    pad_same(images->dims[2], w, 0, upper, &w->padding.top, &w->padding.bottom);
    pad_same(images->dims[3], w, 1, upper, &w->padding.left, &w->padding.right);
    return CLADE_OK;
}
