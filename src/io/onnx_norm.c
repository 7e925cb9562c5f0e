/* onnx_norm.c: BatchNormalization, LRN, Softmax and LogSoftmax. */
#include "io/onnx.h"

#include <string.h>

/* ---- BatchNormalization ------------------------------------------------------------------------------------------- */
clade_status onnx_build_batch_norm(onnx_import *job, const onnx_node *node) {
    static const char *const suffixes[] = {"weight", "bias", "running_mean", "running_var"};
    clade_batch_norm_settings settings = {0};
    const onnx_constant *parameters[4];
    int64_t spatial = 1, training = 0;
    clade_tensor input, output;
    FORWARD(onnx_attribute_float(job, node, "epsilon", 1e-5f, &settings.epsilon));
    FORWARD(onnx_attribute_int(job, node, "spatial", 1, &spatial));
    FORWARD(onnx_attribute_int(job, node, "training_mode", 0, &training));
    if (spatial != 1) return onnx_unsupported(job, node, "its attribute spatial is %lld", (long long)spatial);
    if (training != 0) return onnx_unsupported(job, node, "it is to be trained");
    if (!(settings.epsilon > 0))
        return onnx_unsupported(job, node, "its epsilon is %g: it must be positive", (double)settings.epsilon);
    for (size_t i = 0; i < 4; i++) FORWARD(onnx_input_constant(job, node, 1 + i, &parameters[i]));
    FORWARD(onnx_input_tensor(job, node, 0, &input));
    FORWARD(onnx_name_by_weight(job, node, 1, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_batch_norm(job->graph, input, &settings, &output)));
    const clade_shape channels = {1, {onnx_tensor_shape(job, input).dims[1]}};
    for (size_t i = 0; i < 4; i++) {
        if (parameters[i]->count != (size_t)channels.dims[0])
            return onnx_wrong(job, node, "its input %zu must have %lld elements", 1 + i, (long long)channels.dims[0]);
        FORWARD(onnx_checked(job, node, onnx_set_parameter(job, settings.name, suffixes[i], parameters[i], channels)));
    }
    onnx_set_tensor(job, node, 0, output);
    return CLADE_OK;
}

/* ---- LRN ---------------------------------------------------------------------------------------------------------- */
static clade_status add_lrn(onnx_import *job, const onnx_node *node, clade_lrn_settings settings) {
    clade_tensor input, output;
    bool row = false;
    FORWARD(onnx_input_images(job, node, 0, NULL, &input, &row));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_lrn(job->graph, input, &settings, &output)));
    return onnx_set_images(job, node, output, row);
}

clade_status onnx_build_lrn_spelt_out(onnx_import *job, const onnx_node *node) {
    return add_lrn(job, node, *node->lrn);
}

clade_status onnx_build_lrn(onnx_import *job, const onnx_node *node) {
    clade_lrn_settings settings = {0};
    int64_t size = 0;
    FORWARD(onnx_attribute_int(job, node, "size", 0, &size));
    FORWARD(onnx_attribute_float(job, node, "alpha", 1e-4f, &settings.alpha));
    FORWARD(onnx_attribute_float(job, node, "beta", 0.75f, &settings.beta));
    FORWARD(onnx_attribute_float(job, node, "bias", 1.0f, &settings.k));
    if (size < 1 || size > INT32_MAX) return onnx_wrong(job, node, "its size is %lld", (long long)size);
    if (settings.alpha == 0 || settings.beta == 0 || settings.k == 0)
        return onnx_unsupported(job, node, "its alpha is %g, beta %g, bias %g: none may be 0", (double)settings.alpha,
                                (double)settings.beta, (double)settings.k);
    settings.size = (int32_t)size;
    return add_lrn(job, node, settings);
}

/* ---- Softmax ------------------------------------------------------------------------------------------------------ */

/* Before opset 13 everything from the axis on counts as one dimension, and everything before it as another. */
static clade_shape coerced(const clade_shape *shape, int32_t axis) {
    clade_shape two = {2, {1, 1}};
    for (int32_t i = 0; i < shape->rank; i++) two.dims[i < axis ? 0 : 1] *= shape->dims[i];
    return two;
}

/* A softmax along `axis` of a tensor; along the first, where there is no open batch, behind a dimension of 1. */
static clade_status add_softmax(onnx_import *job, const onnx_node *node, clade_tensor input, int32_t axis,
                                clade_tensor *output_out) {
    clade_softmax_settings settings = {.logarithm = strcmp(node->proto->op_type, "LogSoftmax") == 0, .axis = axis};
    const clade_shape shape = onnx_tensor_shape(job, input);
    const char *name = NULL;
    if (axis == 0) {
        clade_shape wrapped = {shape.rank + 1, {1}};
        if (shape.dims[0] == CLADE_BATCH || shape.rank == CLADE_MAX_RANK)
            return onnx_unsupported(job, node, "its axis is the batch");
        memcpy(wrapped.dims + 1, shape.dims, (size_t)shape.rank * sizeof *shape.dims);
        FORWARD(onnx_part_name(job, node, &name));
        FORWARD(onnx_reshape(job, node, input, wrapped, name, &input));
        settings.axis = 1;
    }
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_softmax(job->graph, input, &settings, output_out)));
    if (axis == 0) {
        FORWARD(onnx_name(job, node, &name));
        FORWARD(onnx_reshape(job, node, *output_out, shape, name, output_out));
    }
    return CLADE_OK;
}

clade_status onnx_build_softmax(onnx_import *job, const onnx_node *node) {
    const onnx_value *value = onnx_input(job, node, 0);
    const clade_shape seen = onnx_shape(job, value);
    int64_t wanted = 0;
    int32_t axis = 0;
    clade_tensor input, output;
    FORWARD(onnx_attribute_int(job, node, "axis", node->opset < 13 ? 1 : -1, &wanted));
    FORWARD(onnx_axis(job, node, wanted, seen.rank, &axis));
    const clade_shape two = coerced(&seen, axis);
    if (node->opset < 13 && two.dims[1] != seen.dims[axis]) {
        const char *name = NULL;
        if (seen.dims[0] == CLADE_BATCH && axis != 1) return onnx_unsupported(job, node, "its axis is %d", axis);
        FORWARD(onnx_input_tensor(job, node, 0, &input));
        FORWARD(onnx_part_name(job, node, &name));
        FORWARD(onnx_reshape(job, node, input, two, name, &input));
        FORWARD(add_softmax(job, node, input, 1, &output));
        FORWARD(onnx_name(job, node, &name));
        FORWARD(onnx_reshape(job, node, output, seen, name, &output));
        onnx_set_tensor(job, node, 0, output);
        return CLADE_OK;
    }
    FORWARD(onnx_input_elements(job, node, 0, &input));
    FORWARD(add_softmax(job, node, input, value->transposed ? value->order[axis] : axis, &output));
    onnx_set_elements(job, node, output, value);
    return CLADE_OK;
}
