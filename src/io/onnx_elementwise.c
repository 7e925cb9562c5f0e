/* onnx_elementwise.c: functions of one tensor, element by element; and those that do nothing in inference. */
#include "io/onnx.h"

#include <math.h>
#include <string.h>

/* ---- Parts -------------------------------------------------------------------------------------------------------- */
static clade_status add_activation(onnx_import *job, const onnx_node *node, clade_tensor input, clade_activation kind,
                                   float slope, const char *name, clade_tensor *output_out) {
    const clade_activation_settings settings = {.name = name, .kind = kind, .slope = slope};
    return onnx_checked(job, node, clade_graph_activation(job->graph, input, &settings, output_out));
}

/* The node's function is one activation. */
static clade_status become(onnx_import *job, const onnx_node *node, clade_activation kind, float slope) {
    const char *name = NULL;
    clade_tensor tensor;
    FORWARD(onnx_input_elements(job, node, 0, &tensor));
    FORWARD(onnx_name(job, node, &name));
    FORWARD(add_activation(job, node, tensor, kind, slope, name, &tensor));
    onnx_set_elements(job, node, tensor, onnx_input(job, node, 0));
    return CLADE_OK;
}

/* ---- Activations -------------------------------------------------------------------------------------------------- */
clade_status onnx_build_activation(onnx_import *job, const onnx_node *node) {
    static const struct {
        const char *op;
        clade_activation kind;
        float slope; /* a leaky relu of -1 is the magnitude */
    } kinds[] = {{"Relu", CLADE_RELU, 0},       {"Sigmoid", CLADE_SIGMOID, 0}, {"Tanh", CLADE_TANH, 0},
                 {"Abs", CLADE_LEAKY_RELU, -1}, {"Exp", CLADE_EXP, 0},         {"Log", CLADE_LOG, 0},
                 {"Erf", CLADE_ERF, 0}};
    for (size_t i = 0; i < BASE_COUNT(kinds); i++)
        if (strcmp(node->proto->op_type, kinds[i].op) == 0) return become(job, node, kinds[i].kind, kinds[i].slope);
    float slope = 0; /* LeakyRelu */
    FORWARD(onnx_attribute_float(job, node, "alpha", 0.01f, &slope));
    return become(job, node, slope == 0 ? CLADE_RELU : CLADE_LEAKY_RELU, slope);
}

/* relu(x) + slope * the smaller of x and 0, for slopes of any shape. */
static clade_status prelu_of_parts(onnx_import *job, const onnx_node *node, const onnx_constant *slope) {
    static const onnx_constant zero = {.type = CLADE_FLOAT32, .count = 1};
    clade_binary_settings least = {.kind = CLADE_MINIMUM}, product = {.kind = CLADE_MULTIPLY},
                          sum = {.kind = CLADE_ADD};
    const char *name = NULL;
    clade_tensor x, above, below;
    FORWARD(onnx_input_tensor(job, node, 0, &x));
    FORWARD(onnx_part_name(job, node, &name));
    FORWARD(add_activation(job, node, x, CLADE_RELU, 0, name, &above));
    FORWARD(onnx_part_name(job, node, &least.name));
    FORWARD(onnx_add_binary_constant(job, node, least, x, &zero, &below));
    FORWARD(onnx_part_name(job, node, &product.name));
    FORWARD(onnx_add_binary_constant(job, node, product, below, slope, &below));
    FORWARD(onnx_name(job, node, &sum.name));
    FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, above, below, &sum, &x)));
    onnx_set_tensor(job, node, 0, x);
    return CLADE_OK;
}

clade_status onnx_build_prelu(onnx_import *job, const onnx_node *node) {
    const onnx_value *value = onnx_input(job, node, 0);
    const onnx_constant *slope = NULL;
    clade_tensor tensor;
    FORWARD(onnx_input_constant(job, node, 1, &slope));
    FORWARD(onnx_input_elements(job, node, 0, &tensor));
    clade_activation_settings settings = {.kind = CLADE_PRELU, .shared_slope = slope->count == 1};
    const bool by_channel =
        node->opset < 7 && slope->shape.rank == 1 && !value->transposed; /* from 7 on they are broadcast */
    if (!settings.shared_slope && !by_channel && onnx_constant_axis(job, value, slope) != 1)
        return prelu_of_parts(job, node, slope);
    const clade_shape shape = {1, {(int64_t)slope->count}};
    FORWARD(onnx_name_by_weight(job, node, 1, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_activation(job->graph, tensor, &settings, &tensor)));
    FORWARD(onnx_checked(job, node, onnx_set_parameter(job, settings.name, "weight", slope, shape)));
    onnx_set_elements(job, node, tensor, value);
    return CLADE_OK;
}

/* A bound of a Clip: an attribute before opset 11, then an input. */
static clade_status read_bound(onnx_import *job, const onnx_node *node, const char *name, size_t input, float fallback,
                               float *bound_out) {
    const onnx_constant *constant = NULL;
    if (node->opset < 11) return onnx_attribute_float(job, node, name, fallback, bound_out);
    *bound_out = fallback;
    if (!onnx_input(job, node, input)) return CLADE_OK;
    FORWARD(onnx_input_constant(job, node, input, &constant));
    if (constant->count != 1) return onnx_wrong(job, node, "its %s must be one number", name);
    *bound_out = (float)onnx_element(constant, 0);
    return CLADE_OK;
}

/* The larger of x and low, then the smaller of that and high, as far as there are bounds. */
static clade_status clip(onnx_import *job, const onnx_node *node, float low, float high) {
    const bool below = low > -INFINITY, above = high < INFINITY;
    const onnx_constant bounds[2] = {{.type = CLADE_FLOAT32, .count = 1, .fill = low},
                                     {.type = CLADE_FLOAT32, .count = 1, .fill = high}};
    clade_binary_settings settings = {.kind = CLADE_MAXIMUM};
    clade_tensor x;
    FORWARD(onnx_input_elements(job, node, 0, &x));
    if (below) {
        FORWARD(above ? onnx_part_name(job, node, &settings.name) : onnx_name(job, node, &settings.name));
        FORWARD(onnx_add_binary_constant(job, node, settings, x, &bounds[0], &x));
    }
    if (above) {
        settings.kind = CLADE_MINIMUM;
        FORWARD(onnx_name(job, node, &settings.name));
        FORWARD(onnx_add_binary_constant(job, node, settings, x, &bounds[1], &x));
    }
    onnx_set_elements(job, node, x, onnx_input(job, node, 0));
    return CLADE_OK;
}

clade_status onnx_build_clip(onnx_import *job, const onnx_node *node) {
    float low = 0, high = 0;
    FORWARD(read_bound(job, node, "min", 1, -INFINITY, &low));
    FORWARD(read_bound(job, node, "max", 2, INFINITY, &high));
    if (low <= -3.402823e38f) low = -INFINITY;
    if (high >= 3.402823e38f) high = INFINITY;
    if (isinf(low) && isinf(high)) return onnx_build_identity(job, node);
    if (low == 0 && isinf(high)) return become(job, node, CLADE_RELU, 0);
    if (low == 0 && high == 6) return become(job, node, CLADE_RELU6, 0);
    return clip(job, node, low, high);
}

/* max(0, min(1, alpha x + beta)) = relu6(6 alpha x + 6 beta) / 6; HardSwish is x times that of 1/6 and 1/2. */
clade_status onnx_build_hard_sigmoid(onnx_import *job, const onnx_node *node) {
    const bool swish = strcmp(node->proto->op_type, "HardSwish") == 0;
    float alpha = 1.0f / 6, beta = 0.5f;
    clade_tensor input, gate;
    if (!swish) FORWARD(onnx_attribute_float(job, node, "alpha", 0.2f, &alpha));
    if (!swish) FORWARD(onnx_attribute_float(job, node, "beta", 0.5f, &beta));
    if (alpha == 0) return onnx_unsupported(job, node, "its alpha is 0");
    FORWARD(onnx_input_elements(job, node, 0, &input));

    clade_scale_settings before = {.factor = swish ? 1.0f : 6 * alpha, .offset = 6 * beta};
    clade_scale_settings after = {.factor = 1.0f / 6};
    clade_binary_settings product = {.kind = CLADE_MULTIPLY};
    const char *name = NULL;
    FORWARD(onnx_part_name(job, node, &before.name));
    FORWARD(onnx_checked(job, node, clade_graph_scale(job->graph, input, &before, &gate)));
    FORWARD(onnx_part_name(job, node, &name));
    FORWARD(add_activation(job, node, gate, CLADE_RELU6, 0, name, &gate));
    FORWARD(swish ? onnx_part_name(job, node, &after.name) : onnx_name(job, node, &after.name));
    FORWARD(onnx_checked(job, node, clade_graph_scale(job->graph, gate, &after, &gate)));
    if (swish) {
        FORWARD(onnx_name(job, node, &product.name));
        FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, input, gate, &product, &gate)));
    }
    onnx_set_elements(job, node, gate, onnx_input(job, node, 0));
    return CLADE_OK;
}

/* ---- Nothing ------------------------------------------------------------------------------------------------------ */
clade_status onnx_build_identity(onnx_import *job, const onnx_node *node) {
    onnx_set_same(job, node, onnx_input(job, node, 0));
    return CLADE_OK;
}

clade_status onnx_fold_identity(onnx_import *job, const onnx_node *node) { return onnx_build_identity(job, node); }

/* The identity in inference; whether a node is to be trained is an input from opset 12 on. */
clade_status onnx_build_dropout(onnx_import *job, const onnx_node *node) {
    const onnx_constant *training = NULL;
    if (onnx_input(job, node, 2)) FORWARD(onnx_input_constant(job, node, 2, &training));
    if (training && training->count > 0 && onnx_element(training, 0) != 0)
        return onnx_unsupported(job, node, "it is to be trained");
    return onnx_build_identity(job, node);
}

/* Between floating point types, which are all the same here. */
clade_status onnx_build_cast(onnx_import *job, const onnx_node *node) {
    int64_t to = 0;
    FORWARD(onnx_attribute_int(job, node, "to", 0, &to));
    if (!onnx_is_real(to)) return onnx_unsupported(job, node, "it makes integers (type %lld)", (long long)to);
    return onnx_build_identity(job, node);
}
