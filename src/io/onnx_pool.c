/* onnx_pool.c: MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool. */
#include "io/onnx.h"

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
                                  clade_pool_settings *settings_out) {
    static const int64_t unknown[2] = {0, 0};
    onnx_window window;
    int64_t ceil_mode = 0, counts = 0;
    FORWARD(onnx_read_window(job, node, images, row, unknown, &window));
    FORWARD(onnx_attribute_int(job, node, "ceil_mode", 0, &ceil_mode));
    FORWARD(onnx_attribute_int(job, node, "count_include_pad", 0, &counts));
    if (window.dilation[0] != 1 || window.dilation[1] != 1)
        return onnx_unsupported(job, node, "its dilations are %dx%d, only 1 is supported", window.dilation[0],
                                window.dilation[1]);
    *settings_out = (clade_pool_settings){.kind = kind_of(node),
                                          .kernel = {window.kernel[0], window.kernel[1]},
                                          .stride = {window.stride[0], window.stride[1]},
                                          .padding = window.padding,
                                          .ceil_mode = ceil_mode != 0,
                                          .count_include_pad = counts != 0};
    return CLADE_OK;
}

clade_status onnx_build_pool(onnx_import *job, const onnx_node *node) {
    clade_tensor images, output;
    clade_padding before;
    clade_pool_settings settings;
    bool row = false;
    FORWARD(onnx_input_images(job, node, 0, &before, &images, &row));
    const clade_shape seen = onnx_padded_shape(job, images, &before);
    FORWARD(read_settings(job, node, &seen, row, &settings));
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
