/* onnx_conv.c: Conv. */
#include "io/onnx.h"

static clade_status read_settings(onnx_import *job, const onnx_node *node, const clade_shape *images, bool row,
                                  const onnx_constant *weight, clade_conv2d_settings *settings_out) {
    const int32_t spatial = row ? 1 : 2;
    if (weight->shape.rank != 2 + spatial)
        return onnx_wrong(job, node, "its weights have rank %d, its input has %d", weight->shape.rank, 2 + spatial);
    const int64_t *dims = weight->shape.dims;
    const int64_t kernel[2] = {row ? 1 : dims[2], dims[1 + spatial]};
    onnx_window window;
    int64_t groups = 1;
    FORWARD(onnx_read_window(job, node, images, row, kernel, &window));
    FORWARD(onnx_attribute_int(job, node, "group", 1, &groups));
    if (groups < 1 || groups > INT32_MAX || dims[0] < 1 || dims[0] > INT32_MAX || dims[1] < 1 ||
        images->dims[1] % groups != 0 || images->dims[1] / groups != dims[1])
        return onnx_wrong(job, node, "%lld groups of %lld input channels do not go with weights for %lld",
                          (long long)groups, (long long)images->dims[1], (long long)dims[1]);
    *settings_out = (clade_conv2d_settings){.channels = (int32_t)dims[0],
                                            .kernel = {window.kernel[0], window.kernel[1]},
                                            .stride = {window.stride[0], window.stride[1]},
                                            .dilation = {window.dilation[0], window.dilation[1]},
                                            .padding = window.padding,
                                            .groups = (int32_t)groups};
    return CLADE_OK;
}

clade_status onnx_build_conv(onnx_import *job, const onnx_node *node) {
    const onnx_constant *weight = NULL, *bias = NULL;
    clade_tensor images, output;
    clade_padding before;
    clade_shape seen;
    clade_conv2d_settings settings;
    bool row = false;
    FORWARD(onnx_input_constant(job, node, 1, &weight));
    if (onnx_input(job, node, 2)) FORWARD(onnx_input_constant(job, node, 2, &bias));
    FORWARD(onnx_input_images(job, node, 0, &before, &images, &row));
    seen = onnx_padded_shape(job, images, &before);
    FORWARD(read_settings(job, node, &seen, row, weight, &settings));
    FORWARD(onnx_add_padding(job, node, &settings.padding, &before));
    if (bias && (bias->shape.rank != 1 || bias->count != (size_t)settings.channels))
        return onnx_wrong(job, node, "its bias must have %d elements", settings.channels);
    settings.no_bias = !bias;
    FORWARD(onnx_name_by_weight(job, node, 1, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_conv2d(job->graph, images, &settings, &output)));
    const clade_shape shape = {4, {settings.channels, weight->shape.dims[1], settings.kernel[0], settings.kernel[1]}};
    FORWARD(onnx_checked(job, node, onnx_set_parameter(job, settings.name, "weight", weight, shape)));
    if (bias) FORWARD(onnx_checked(job, node, onnx_set_parameter(job, settings.name, "bias", bias, bias->shape)));
    return onnx_set_images(job, node, output, row);
}
