/* onnx_put_off.c: transposes and paddings that wait, on values, for somebody who needs them done. Models made from networks
 * in NHWC order have a transpose before and one behind each convolution: between elementwise operators, concats and means the two
 * meet and cancel. A padding goes into the convolution or pooling that reads it. */
#include "io/onnx.h"

#include <string.h>

/* True when the dimensions that are not 1 keep their order: then no element moves. */
static bool moves_nothing(const clade_shape *shape, const int32_t *order) {
    int32_t last = -1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dims[order[i]] == 1) continue;
        if (order[i] < last) return false;
        last = order[i];
    }
    return true;
}

clade_status onnx_pad_now(onnx_import *job, const onnx_node *node, onnx_value *value) {
    if (!value->padded) return CLADE_OK;
    const char *name = NULL;
    FORWARD(onnx_name_after(job, value, &name));
    const clade_padding *p = &value->padding;
    const clade_pad_settings settings = {
        .name = name, .before = {0, 0, p->top, p->left}, .after = {0, 0, p->bottom, p->right}};
    FORWARD(onnx_checked(job, node, clade_graph_pad(job->graph, value->tensor, &settings, &value->tensor)));
    value->padded = false;
    return CLADE_OK;
}

static clade_status transpose_now(onnx_import *job, const onnx_node *node, onnx_value *value) {
    const char *name = NULL;
    const clade_shape own = onnx_tensor_shape(job, value->tensor);
    FORWARD(onnx_name_after(job, value, &name));
    if (moves_nothing(&own, value->order))
        return onnx_reshape(job, node, value->tensor, onnx_shape(job, value), name, &value->plain);
    clade_transpose_settings settings = {.name = name};
    memcpy(settings.order, value->order, sizeof settings.order);
    return onnx_checked(job, node, clade_graph_transpose(job->graph, value->tensor, &settings, &value->plain));
}

clade_status onnx_materialise(onnx_import *job, const onnx_node *node, onnx_value *value, clade_tensor *tensor_out) {
    FORWARD(onnx_pad_now(job, node, value));
    *tensor_out = value->tensor;
    if (!value->transposed) return CLADE_OK;
    if (value->plain.id < 0) FORWARD(transpose_now(job, node, value));
    *tensor_out = value->plain;
    return CLADE_OK;
}

clade_status onnx_reshape(onnx_import *job, const onnx_node *node, clade_tensor input, clade_shape shape,
                          const char *name, clade_tensor *output_out) {
    const clade_shape found = onnx_tensor_shape(job, input);
    *output_out = input;
    if (base_shape_equal(&found, &shape)) return CLADE_OK;
    if (found.dims[0] == CLADE_BATCH && shape.dims[0] == CLADE_BATCH) shape.dims[0] = 0; /* stays as it is */
    const clade_reshape_settings settings = {.name = name, .shape = shape};
    return onnx_checked(job, node, clade_graph_reshape(job->graph, input, &settings, output_out));
}

/* ---- Paddings ----------------------------------------------------------------------------------------------------- */
clade_shape onnx_padded_shape(const onnx_import *job, clade_tensor images, const clade_padding *padding) {
    clade_shape shape = onnx_tensor_shape(job, images);
    if (shape.rank != 4) return shape; /* only images are padded */
    shape.dims[2] += (int64_t)padding->top + padding->bottom;
    shape.dims[3] += (int64_t)padding->left + padding->right;
    return shape;
}

clade_status onnx_add_padding(onnx_import *job, const onnx_node *node, clade_padding *padding,
                              const clade_padding *more) {
    const int64_t sums[4] = {(int64_t)padding->top + more->top, (int64_t)padding->left + more->left,
                             (int64_t)padding->bottom + more->bottom, (int64_t)padding->right + more->right};
    for (int i = 0; i < 4; i++)
        if (sums[i] > INT32_MAX)
            return onnx_unsupported(job, node, "a padding of %lld is too large", (long long)sums[i]);
    *padding = (clade_padding){(int32_t)sums[0], (int32_t)sums[1], (int32_t)sums[2], (int32_t)sums[3]};
    return CLADE_OK;
}

/* ---- Elements ----------------------------------------------------------------------------------------------------- */
clade_status onnx_input_elements(onnx_import *job, const onnx_node *node, size_t index, clade_tensor *tensor_out) {
    onnx_value *value = onnx_input(job, node, index);
    if (!value || value->state != ONNX_TENSOR)
        return onnx_input_tensor(job, node, index, tensor_out); /* says why not */
    FORWARD(onnx_pad_now(job, node, value));
    *tensor_out = value->tensor;
    return CLADE_OK;
}

void onnx_set_elements(onnx_import *job, const onnx_node *node, clade_tensor tensor, const onnx_value *like) {
    onnx_value *output = onnx_output(job, node, 0);
    onnx_set_tensor(job, node, 0, tensor);
    output->transposed = like->transposed;
    memcpy(output->order, like->order, sizeof output->order);
}

void onnx_set_same(onnx_import *job, const onnx_node *node, const onnx_value *value) {
    onnx_value *output = onnx_output(job, node, 0);
    output->state = value->state;
    output->constant = value->constant;
    output->tensor = value->tensor;
    output->plain = value->plain;
    output->padded = value->padded;
    output->padding = value->padding;
    output->transposed = value->transposed;
    memcpy(output->order, value->order, sizeof output->order);
}

/* ---- Images ------------------------------------------------------------------------------------------------------- */
clade_status onnx_input_images(onnx_import *job, const onnx_node *node, size_t index, clade_padding *padding_out,
                               clade_tensor *images_out, bool *row_out) {
    onnx_value *value = onnx_input(job, node, index);
    *row_out = false;
    if (padding_out) *padding_out = (clade_padding){0};
    if (value && value->state == ONNX_TENSOR && value->padded && !value->transposed && padding_out) {
        *padding_out = value->padding;
        *images_out = value->tensor;
        return CLADE_OK;
    }
    FORWARD(onnx_input_tensor(job, node, index, images_out));
    clade_shape shape = onnx_tensor_shape(job, *images_out);
    if (shape.rank == 4) return CLADE_OK;
    if (shape.rank != 3) return onnx_unsupported(job, node, "its input has rank %d, 3 and 4 are supported", shape.rank);
    *row_out = true;
    const char *name = NULL;
    FORWARD(onnx_name_after(job, value, &name));
    shape = (clade_shape){4, {shape.dims[0], shape.dims[1], 1, shape.dims[2]}};
    return onnx_reshape(job, node, *images_out, shape, name, images_out);
}

clade_status onnx_set_images(onnx_import *job, const onnx_node *node, clade_tensor images, bool row) {
    if (row) {
        const char *name = NULL;
        const clade_shape shape = onnx_tensor_shape(job, images);
        FORWARD(onnx_name(job, node, &name));
        FORWARD(onnx_reshape(job, node, images, (clade_shape){3, {shape.dims[0], shape.dims[1], shape.dims[3]}}, name,
                             &images));
    }
    onnx_set_tensor(job, node, 0, images);
    return CLADE_OK;
}
