/* onnx_linear.c: Gemm and MatMul with constant weights, as fully connected layers. Weights that are stored [inputs, features] are
 * transposed into memory of their own; those that are stored as the layer wants them stay in the file. */
#include "io/onnx.h"

/* `weight` of [rows, columns] as [columns, rows], or as it is, times a factor. */
static clade_status prepare_weight(onnx_import *job, const onnx_constant *weight, bool transpose, float factor,
                                   onnx_constant *weight_out) {
    const size_t columns = (size_t)weight->shape.dims[weight->shape.rank - 1], rows = weight->count / columns;
    *weight_out = *weight;
    if (transpose) weight_out->shape = (clade_shape){2, {(int64_t)columns, (int64_t)rows}};
    weight_out->fill *= factor;
    if (!weight->data || (!transpose && factor == 1.0f)) return CLADE_OK;
    float *values = NULL;
    FORWARD(onnx_new_reals(job, &weight_out->shape, weight_out, &values));
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            values[transpose ? c * rows + r : r * columns + c] =
                (float)(onnx_element(weight, r * columns + c) * (double)factor);
    return CLADE_OK;
}

/* Whether C of a Gemm is one number for each feature, or one for all. */
static bool is_bias(const onnx_constant *c, int32_t features) {
    const int64_t last = c->shape.rank > 0 ? c->shape.dims[c->shape.rank - 1] : 1;
    return !c->integer && c->count == (size_t)last && (last == features || last == 1);
}

/* Such a C as one number for each feature, times beta. */
static clade_status prepare_bias(onnx_import *job, const onnx_constant *c, int32_t features, float beta,
                                 onnx_constant *bias_out) {
    float *values = NULL;
    const clade_shape shape = {1, {features}};
    if (c->count == (size_t)features && beta == 1.0f) {
        *bias_out = *c;
        bias_out->shape = shape;
        return CLADE_OK;
    }
    FORWARD(onnx_new_reals(job, &shape, bias_out, &values));
    for (int32_t i = 0; i < features; i++)
        values[i] = (float)((double)beta * onnx_element(c, c->count == 1 ? 0 : (size_t)i));
    return CLADE_OK;
}

static clade_status add_linear(onnx_import *job, const onnx_node *node, clade_tensor input, const onnx_constant *weight,
                               const onnx_constant *bias, const char *name, clade_tensor *output_out) {
    const clade_linear_settings settings = {.name = name, .features = (int32_t)weight->shape.dims[0], .no_bias = !bias};
    FORWARD(onnx_checked(job, node, clade_graph_linear(job->graph, input, &settings, output_out)));
    FORWARD(onnx_checked(job, node, onnx_set_parameter(job, name, "weight", weight, weight->shape)));
    if (bias) FORWARD(onnx_checked(job, node, onnx_set_parameter(job, name, "bias", bias, bias->shape)));
    return CLADE_OK;
}

/* Weights of [features, inputs], or with `transposed` [inputs, features], for rows of that many inputs. */
static clade_status check_weight(onnx_import *job, const onnx_node *node, const onnx_constant *weight, bool transposed,
                                 int64_t inputs) {
    if (weight->integer || weight->shape.rank != 2)
        return onnx_unsupported(job, node, "its weights must be a matrix of real numbers");
    const int64_t rows = weight->shape.dims[0], columns = weight->shape.dims[1];
    if ((transposed ? rows : columns) != inputs || rows < 1 || columns < 1 || rows > INT32_MAX || columns > INT32_MAX)
        return onnx_wrong(job, node, "weights of %lldx%lld do not go with %lld inputs", (long long)rows,
                          (long long)columns, (long long)inputs);
    return CLADE_OK;
}

/* Adds C of a Gemm, where it is no bias, times beta. */
static clade_status add_c(onnx_import *job, const onnx_node *node, float beta, clade_tensor *sum) {
    const onnx_value *value = onnx_input(job, node, 2);
    clade_tensor c;
    clade_scale_settings scale = {.factor = beta};
    clade_binary_settings binary = {.kind = CLADE_ADD};
    if (beta == 0) return CLADE_OK;
    if (value->state == ONNX_CONSTANT) {
        onnx_constant times_beta;
        if (value->constant.count == 0 || value->constant.integer)
            return onnx_unsupported(job, node, "its input C must be real numbers");
        FORWARD(prepare_weight(job, &value->constant, false, beta, &times_beta));
        FORWARD(onnx_name(job, node, &binary.name));
        return onnx_add_binary_constant(job, node, binary, *sum, &times_beta, sum);
    }
    FORWARD(onnx_input_tensor(job, node, 2, &c));
    if (beta != 1) {
        FORWARD(onnx_part_name(job, node, &scale.name));
        FORWARD(onnx_checked(job, node, clade_graph_scale(job->graph, c, &scale, &c)));
    }
    FORWARD(onnx_name(job, node, &binary.name));
    return onnx_checked(job, node, clade_graph_binary(job->graph, *sum, c, &binary, sum));
}

clade_status onnx_build_gemm(onnx_import *job, const onnx_node *node) {
    float alpha = 1, beta = 1;
    int64_t transpose_a = 0, transpose_b = 0;
    const onnx_constant *b = NULL, *c = NULL;
    FORWARD(onnx_attribute_float(job, node, "alpha", 1, &alpha));
    FORWARD(onnx_attribute_float(job, node, "beta", 1, &beta));
    FORWARD(onnx_attribute_int(job, node, "transA", 0, &transpose_a));
    FORWARD(onnx_attribute_int(job, node, "transB", 0, &transpose_b));
    FORWARD(onnx_input_constant(job, node, 1, &b));
    const onnx_value *addend = onnx_input(job, node, 2);

    clade_tensor input, output;
    FORWARD(onnx_input_tensor(job, node, 0, &input));
    const clade_shape shape = onnx_tensor_shape(job, input);
    if (shape.rank != 2) return onnx_wrong(job, node, "its input A has rank %d, 2 is needed", shape.rank);
    if (transpose_a) {
        clade_transpose_settings settings = {.order = {1, 0}};
        FORWARD(onnx_part_name(job, node, &settings.name));
        FORWARD(onnx_checked(job, node, clade_graph_transpose(job->graph, input, &settings, &input)));
    }
    const char *name = NULL;
    onnx_constant weight, bias;
    FORWARD(check_weight(job, node, b, !transpose_b, shape.dims[transpose_a ? 0 : 1]));
    FORWARD(prepare_weight(job, b, !transpose_b, alpha, &weight));
    const int32_t features = (int32_t)weight.shape.dims[0];
    if (addend && addend->state == ONNX_CONSTANT && is_bias(&addend->constant, features)) c = &addend->constant;
    if (c) FORWARD(prepare_bias(job, c, features, beta, &bias));
    FORWARD(onnx_name_by_weight(job, node, 1, &name));
    FORWARD(add_linear(job, node, input, &weight, c ? &bias : NULL, name, &output));
    if (addend && !c) FORWARD(add_c(job, node, beta, &output));
    onnx_set_tensor(job, node, 0, output);
    return CLADE_OK;
}

/* [..., inputs] x [inputs, features]: what stands before the inputs becomes one dimension for the layer. */
clade_status onnx_build_matmul(onnx_import *job, const onnx_node *node) {
    const onnx_constant *b = NULL;
    onnx_constant weight;
    clade_tensor input, output;
    const char *name = NULL;
    FORWARD(onnx_input_constant(job, node, 1, &b));
    FORWARD(onnx_input_tensor(job, node, 0, &input));
    const clade_shape shape = onnx_tensor_shape(job, input);
    if (shape.rank < 2) return onnx_unsupported(job, node, "its input has rank %d, at least 2 is needed", shape.rank);
    FORWARD(check_weight(job, node, b, true, shape.dims[shape.rank - 1]));
    FORWARD(prepare_weight(job, b, true, 1, &weight));

    clade_shape rows = {2, {1, shape.dims[shape.rank - 1]}}, result = shape;
    for (int32_t i = 0; i < shape.rank - 1; i++) rows.dims[0] *= shape.dims[i]; /* an open batch leaves it negative */
    if (shape.rank > 2) {
        if (rows.dims[0] < 1)
            return onnx_unsupported(job, node, "a product of rank %d needs a batch that is not open: set one",
                                    shape.rank);
        FORWARD(onnx_part_name(job, node, &name));
        FORWARD(onnx_reshape(job, node, input, rows, name, &input));
    }
    FORWARD(onnx_name(job, node, &name));
    FORWARD(add_linear(job, node, input, &weight, NULL, name, &output));
    if (shape.rank > 2) {
        result.dims[shape.rank - 1] = weight.shape.dims[0];
        FORWARD(onnx_name(job, node, &name));
        FORWARD(onnx_reshape(job, node, output, result, name, &output));
    }
    onnx_set_tensor(job, node, 0, output);
    return CLADE_OK;
}
