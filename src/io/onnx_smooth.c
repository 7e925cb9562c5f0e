/* onnx_smooth.c: activations of exponentials and the error function, as a few operators of the library each. */
#include "io/onnx.h"

#include <string.h>

static bool is_op(const onnx_node *node, const char *name) { return strcmp(node->proto->op_type, name) == 0; }

/* ---- Steps: each names its node, the last one as the output ------------------------------------------------------- */
static clade_status apply(onnx_import *job, const onnx_node *node, clade_activation kind, clade_tensor x,
                          clade_tensor *y_out) {
    clade_activation_settings settings = {.kind = kind, .slope = -1}; /* leaky with -1: the magnitude */
    FORWARD(onnx_part_name(job, node, &settings.name));
    return onnx_checked(job, node, clade_graph_activation(job->graph, x, &settings, y_out));
}

/* x * factor + offset */
static clade_status scale(onnx_import *job, const onnx_node *node, float factor, float offset, clade_tensor x,
                          clade_tensor *y_out) {
    clade_scale_settings settings = {.factor = factor, .offset = offset};
    FORWARD(onnx_part_name(job, node, &settings.name));
    return onnx_checked(job, node, clade_graph_scale(job->graph, x, &settings, y_out));
}

static clade_status combine(onnx_import *job, const onnx_node *node, clade_binary_kind kind, clade_tensor a,
                            clade_tensor b, bool last, clade_tensor *y_out) {
    clade_binary_settings settings = {.kind = kind};
    FORWARD(last ? onnx_name(job, node, &settings.name) : onnx_part_name(job, node, &settings.name));
    return onnx_checked(job, node, clade_graph_binary(job->graph, a, b, &settings, y_out));
}

/* ---- Functions ---------------------------------------------------------------------------------------------------- */

/* gamma relu(x) + alpha (exp(min(x, 0) / beta) - 1) */
static clade_status exponential_unit(onnx_import *job, const onnx_node *node, float gamma, float alpha, float beta,
                                     clade_tensor x, clade_tensor *y_out) {
    clade_tensor above, below;
    FORWARD(apply(job, node, CLADE_RELU, x, &above));
    if (gamma != 1) FORWARD(scale(job, node, gamma, 0, above, &above));
    FORWARD(scale(job, node, -1, 0, x, &below));
    FORWARD(apply(job, node, CLADE_RELU, below, &below));
    FORWARD(scale(job, node, -1 / beta, 0, below, &below));
    FORWARD(apply(job, node, CLADE_EXP, below, &below));
    FORWARD(scale(job, node, alpha, -alpha, below, &below));
    return combine(job, node, CLADE_ADD, above, below, true, y_out);
}

static clade_status elu(onnx_import *job, const onnx_node *node, clade_tensor x, clade_tensor *y_out) {
    const bool selu = is_op(node, "Selu"), celu = is_op(node, "Celu");
    float alpha = 0, gamma = 1;
    FORWARD(onnx_attribute_float(job, node, "alpha", selu ? 1.67326319f : 1.0f, &alpha));
    if (selu) FORWARD(onnx_attribute_float(job, node, "gamma", 1.05070102f, &gamma));
    if (alpha == 0 || gamma == 0)
        return onnx_unsupported(job, node, "its alpha is %g, its gamma %g: neither may be 0", (double)alpha,
                                (double)gamma);
    return exponential_unit(job, node, gamma, gamma * alpha, celu ? alpha : 1, x, y_out);
}

/* log(1 + exp(x)) = relu(x) + log(1 + exp(-|x|)), which does not overflow */
static clade_status softplus(onnx_import *job, const onnx_node *node, bool last, clade_tensor x, clade_tensor *y_out) {
    clade_tensor above, rest;
    FORWARD(apply(job, node, CLADE_RELU, x, &above));
    FORWARD(apply(job, node, CLADE_LEAKY_RELU, x, &rest));
    FORWARD(scale(job, node, -1, 0, rest, &rest));
    FORWARD(apply(job, node, CLADE_EXP, rest, &rest));
    FORWARD(scale(job, node, 1, 1, rest, &rest));
    FORWARD(apply(job, node, CLADE_LOG, rest, &rest));
    return combine(job, node, CLADE_ADD, above, rest, last, y_out);
}

/* x tanh(softplus(x)) (Misra, arXiv:1908.08681) */
static clade_status mish(onnx_import *job, const onnx_node *node, clade_tensor x, clade_tensor *y_out) {
    clade_tensor gate;
    FORWARD(softplus(job, node, false, x, &gate));
    FORWARD(apply(job, node, CLADE_TANH, gate, &gate));
    return combine(job, node, CLADE_MULTIPLY, x, gate, true, y_out);
}

/* x / (1 + |x|) */
static clade_status softsign(onnx_import *job, const onnx_node *node, clade_tensor x, clade_tensor *y_out) {
    clade_tensor size;
    FORWARD(apply(job, node, CLADE_LEAKY_RELU, x, &size));
    FORWARD(scale(job, node, 1, 1, size, &size));
    return combine(job, node, CLADE_DIVIDE, x, size, true, y_out);
}

/* x (1 + erf(x / sqrt 2)) / 2, or with tanh(sqrt(2 / pi) (x + 0.044715 x^3)) in erf's place (Hendrycks and Gimpel,
 * arXiv:1606.08415) */
static clade_status gelu(onnx_import *job, const onnx_node *node, clade_tensor x, clade_tensor *y_out) {
    const float root = 0.7978845608f;
    char kind[8];
    clade_tensor gate;
    FORWARD(onnx_attribute_text(job, node, "approximate", "none", kind, sizeof kind));
    if (strcmp(kind, "tanh") == 0) {
        FORWARD(combine(job, node, CLADE_MULTIPLY, x, x, false, &gate));
        FORWARD(scale(job, node, 0.044715f * root, root, gate, &gate));
        FORWARD(combine(job, node, CLADE_MULTIPLY, gate, x, false, &gate));
        FORWARD(apply(job, node, CLADE_TANH, gate, &gate));
    } else if (strcmp(kind, "none") == 0) {
        FORWARD(scale(job, node, 0.7071067812f, 0, x, &gate));
        FORWARD(apply(job, node, CLADE_ERF, gate, &gate));
    } else {
        return onnx_unsupported(job, node, "its approximation is \"%s\"", kind);
    }
    FORWARD(scale(job, node, 0.5f, 0.5f, gate, &gate));
    return combine(job, node, CLADE_MULTIPLY, x, gate, true, y_out);
}

clade_status onnx_build_smooth(onnx_import *job, const onnx_node *node) {
    clade_tensor x, y;
    FORWARD(onnx_input_elements(job, node, 0, &x));
    if (is_op(node, "Softplus"))
        FORWARD(softplus(job, node, true, x, &y));
    else if (is_op(node, "Mish"))
        FORWARD(mish(job, node, x, &y));
    else if (is_op(node, "Softsign"))
        FORWARD(softsign(job, node, x, &y));
    else if (is_op(node, "Gelu"))
        FORWARD(gelu(job, node, x, &y));
    else
        FORWARD(elu(job, node, x, &y));
    onnx_set_elements(job, node, y, onnx_input(job, node, 0));
    return CLADE_OK;
}
