/* onnx_operators.c: the operators that are read. What changed between opsets, each function knows; what an operator gained in an
 * attribute is allowed in earlier opsets too. */
#include "io/onnx.h"

#include <string.h>

enum { FIRST = 1, OLDEST = 6, NEWEST = CLADE_ONNX_NEWEST_OPSET, MANY = 1 << 15 };

#define WINDOW "auto_pad dilations kernel_shape pads strides "
#define LEGACY "consumed_inputs is_test "

static const onnx_operator operators[] = {
    /* Those from FIRST on mean the same since they are there; from OLDEST on all operators infer and broadcast as today. */
    /* name, opsets, attributes, inputs, outputs, for tensors, for constants */
    {"Abs", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_activation, onnx_fold_unary},
    {"Add", OLDEST, NEWEST, LEGACY "axis broadcast", 2, 2, 1, onnx_build_arithmetic, onnx_fold_arithmetic},
    {"And", OLDEST, NEWEST, "", 2, 2, 1, NULL, onnx_fold_arithmetic},
    {"AveragePool", FIRST, NEWEST, WINDOW "ceil_mode count_include_pad", 1, 1, 1, onnx_build_pool, NULL},
    {"BatchNormalization", OLDEST, NEWEST, LEGACY "epsilon momentum spatial training_mode", 5, 5, 1,
     onnx_build_batch_norm, NULL},
    {"Cast", 6, NEWEST, "to saturate", 1, 1, 1, onnx_build_cast, onnx_fold_cast},
    {"Ceil", OLDEST, NEWEST, "", 1, 1, 1, NULL, onnx_fold_unary},
    {"Celu", 12, NEWEST, "alpha", 1, 1, 1, onnx_build_smooth, NULL},
    {"Clip", 6, NEWEST, "min max", 1, 3, 1, onnx_build_clip, NULL},
    {"Concat", 4, NEWEST, "axis", 1, MANY, 1, onnx_build_concat, onnx_fold_concat},
    {"Constant", FIRST, NEWEST, "value value_int value_ints value_float value_floats", 0, 0, 1, NULL,
     onnx_fold_constant},
    {"ConstantOfShape", 9, NEWEST, "value", 1, 1, 1, NULL, onnx_fold_constant_of_shape},
    {"Conv", FIRST, NEWEST, WINDOW "group", 2, 3, 1, onnx_build_conv, NULL},
    {"Div", OLDEST, NEWEST, LEGACY "axis broadcast", 2, 2, 1, onnx_build_arithmetic, onnx_fold_arithmetic},
    {"Dropout", OLDEST, NEWEST, LEGACY "ratio seed", 1, 3, 1, onnx_build_dropout, onnx_fold_identity},
    {"Elu", OLDEST, NEWEST, LEGACY "alpha", 1, 1, 1, onnx_build_smooth, NULL},
    {"Equal", OLDEST, NEWEST, "", 2, 2, 1, NULL, onnx_fold_arithmetic},
    {"Erf", 9, NEWEST, "", 1, 1, 1, onnx_build_activation, NULL},
    {"Exp", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_activation, onnx_fold_unary},
    {"Expand", 8, NEWEST, "", 2, 2, 1, onnx_build_expand, onnx_fold_expand},
    {"Flatten", FIRST, NEWEST, "axis", 1, 1, 1, onnx_build_flatten, onnx_fold_flatten},
    {"Floor", OLDEST, NEWEST, "", 1, 1, 1, NULL, onnx_fold_unary},
    {"Gather", FIRST, NEWEST, "axis", 2, 2, 1, onnx_build_gather, onnx_fold_gather},
    {"Gelu", 20, NEWEST, "approximate", 1, 1, 1, onnx_build_smooth, NULL},
    {"Gemm", OLDEST, NEWEST, "alpha beta broadcast transA transB", 2, 3, 1, onnx_build_gemm, NULL},
    {"GlobalAveragePool", FIRST, NEWEST, "", 1, 1, 1, onnx_build_global_pool, NULL},
    {"GlobalMaxPool", FIRST, NEWEST, "", 1, 1, 1, onnx_build_global_pool, NULL},
    {"Greater", OLDEST, NEWEST, "", 2, 2, 1, NULL, onnx_fold_arithmetic},
    {"HardSigmoid", OLDEST, NEWEST, LEGACY "alpha beta", 1, 1, 1, onnx_build_hard_sigmoid, NULL},
    {"HardSwish", 14, NEWEST, "", 1, 1, 1, onnx_build_hard_sigmoid, NULL},
    {"Identity", OLDEST, NEWEST, "", 1, 1, 1, onnx_build_identity, onnx_fold_identity},
    {"LRN", FIRST, NEWEST, "alpha beta bias size", 1, 1, 1, onnx_build_lrn, NULL},
    {"LeakyRelu", OLDEST, NEWEST, LEGACY "alpha", 1, 1, 1, onnx_build_activation, NULL},
    {"Less", OLDEST, NEWEST, "", 2, 2, 1, NULL, onnx_fold_arithmetic},
    {"Log", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_activation, onnx_fold_unary},
    {"LogSoftmax", FIRST, NEWEST, "axis", 1, 1, 1, onnx_build_softmax, NULL},
    {"MatMul", OLDEST, NEWEST, "", 2, 2, 1, onnx_build_matmul, NULL},
    {"Max", OLDEST, NEWEST, LEGACY, 1, MANY, 1, onnx_build_many, onnx_fold_arithmetic},
    {"MaxPool", FIRST, NEWEST, WINDOW "ceil_mode storage_order", 1, 1, 1, onnx_build_pool, NULL},
    {"Mean", OLDEST, NEWEST, "", 1, MANY, 1, onnx_build_many, NULL},
    {"Min", OLDEST, NEWEST, LEGACY, 1, MANY, 1, onnx_build_many, onnx_fold_arithmetic},
    {"Mish", 18, NEWEST, "", 1, 1, 1, onnx_build_smooth, NULL},
    {"Mod", 10, NEWEST, "fmod", 2, 2, 1, NULL, onnx_fold_arithmetic},
    {"Mul", OLDEST, NEWEST, LEGACY "axis broadcast", 2, 2, 1, onnx_build_arithmetic, onnx_fold_arithmetic},
    {"Neg", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_neg, onnx_fold_unary},
    {"Not", OLDEST, NEWEST, "", 1, 1, 1, NULL, onnx_fold_unary},
    {"Or", OLDEST, NEWEST, "", 2, 2, 1, NULL, onnx_fold_arithmetic},
    {"PRelu", OLDEST, NEWEST, LEGACY, 2, 2, 1, onnx_build_prelu, NULL},
    {"Pad", OLDEST, NEWEST, "mode pads value", 1, 4, 1, onnx_build_pad, NULL},
    {"Pow", OLDEST, NEWEST, "axis broadcast", 2, 2, 1, onnx_build_pow, onnx_fold_arithmetic},
    {"Range", 11, NEWEST, "", 3, 3, 1, NULL, onnx_fold_range},
    {"Reciprocal", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_root, onnx_fold_unary},
    {"ReduceMean", OLDEST, NEWEST, "axes keepdims noop_with_empty_axes", 1, 2, 1, onnx_build_mean, NULL},
    {"Relu", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_activation, NULL},
    {"Reshape", 5, NEWEST, "allowzero", 2, 2, 1, onnx_build_reshape, onnx_fold_reshape},
    {"Selu", OLDEST, NEWEST, LEGACY "alpha gamma", 1, 1, 1, onnx_build_smooth, NULL},
    {"Shape", FIRST, NEWEST, "start end", 1, 1, 1, onnx_shape_of, onnx_shape_of},
    {"Sigmoid", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_activation, NULL},
    {"Size", FIRST, NEWEST, "", 1, 1, 1, onnx_shape_of, onnx_shape_of},
    {"Slice", FIRST, NEWEST, "axes ends starts", 1, 5, 1, onnx_build_slice, onnx_fold_slice},
    {"Softmax", FIRST, NEWEST, "axis", 1, 1, 1, onnx_build_softmax, NULL},
    {"Softplus", FIRST, NEWEST, "", 1, 1, 1, onnx_build_smooth, NULL},
    {"Softsign", FIRST, NEWEST, "", 1, 1, 1, onnx_build_smooth, NULL},
    {"Split", 2, NEWEST, "axis split num_outputs", 1, 2, MANY, onnx_build_split, NULL},
    {"Sqrt", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_root, onnx_fold_unary},
    {"Squeeze", FIRST, NEWEST, "axes", 1, 2, 1, onnx_build_squeeze, onnx_fold_squeeze},
    {"Sub", OLDEST, NEWEST, LEGACY "axis broadcast", 2, 2, 1, onnx_build_arithmetic, onnx_fold_arithmetic},
    {"Sum", OLDEST, NEWEST, "", 1, MANY, 1, onnx_build_many, onnx_fold_arithmetic},
    {"Tanh", OLDEST, NEWEST, LEGACY, 1, 1, 1, onnx_build_activation, NULL},
    {"Transpose", FIRST, NEWEST, "perm", 1, 1, 1, onnx_build_transpose, onnx_fold_transpose},
    {"Unsqueeze", FIRST, NEWEST, "axes", 1, 2, 1, onnx_build_squeeze, onnx_fold_squeeze},
    {"Where", 9, NEWEST, "", 3, 3, 1, NULL, onnx_fold_where},
};

const onnx_operator *onnx_find_operator(const char *name, int64_t opset, bool *other_out) {
    *other_out = false;
    for (size_t i = 0; i < BASE_COUNT(operators); i++) {
        if (strcmp(operators[i].name, name) != 0) continue;
        if (opset >= operators[i].since && opset <= operators[i].until) return &operators[i];
        *other_out = true;
    }
    return NULL;
}
