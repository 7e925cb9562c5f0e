/* onnx_arithmetic.c: Add, Sub, Mul, Div, Sum, Mean, Neg and Pow, of tensors with each other or with constants. A constant is a number
 * for all elements or one for each channel, which makes a scale: it goes into the layer before it when the graph is compiled. */
#include "io/onnx.h"

#include <string.h>

static bool is_op(const onnx_node *node, const char *name) { return strcmp(node->proto->op_type, name) == 0; }

/* ---- Broadcasting ------------------------------------------------------------------------------------------------- */

/* Along which dimension of a shape a constant runs that is broadcast to it from the end; -1: several, or not at all. */
static int32_t only_axis(const clade_shape *constant, const clade_shape *shape) {
    int32_t axis = -1;
    if (constant->rank > shape->rank) return -1;
    for (int32_t i = 0; i < constant->rank; i++) {
        const int32_t d = i + shape->rank - constant->rank;
        if (constant->dims[i] == 1) continue;
        if (axis >= 0 || constant->dims[i] != shape->dims[d]) return -1;
        axis = d;
    }
    return axis;
}

int32_t onnx_constant_axis(const onnx_import *job, const onnx_value *value, const onnx_constant *constant) {
    const clade_shape seen = onnx_shape(job, value);
    const int32_t axis = only_axis(&constant->shape, &seen);
    return axis >= 0 && value->transposed ? value->order[axis] : axis;
}

/* Before opset 7 the second operand said with `axis` where its dimensions belong. */
static clade_status place_constant(onnx_import *job, const onnx_node *node, const clade_shape *seen,
                                   onnx_constant *constant) {
    int64_t wanted = 0;
    int32_t axis = 0;
    if (node->opset >= 7 || !onnx_attribute(node, "axis")) return CLADE_OK;
    FORWARD(onnx_attribute_int(job, node, "axis", 0, &wanted));
    FORWARD(onnx_axis(job, node, wanted, seen->rank, &axis));
    if (axis + constant->shape.rank > seen->rank) return onnx_wrong(job, node, "its axis leaves no room for input 1");
    for (int32_t i = axis + constant->shape.rank; i < seen->rank; i++) constant->shape.dims[i - axis] = 1;
    constant->shape.rank = seen->rank - axis;
    return CLADE_OK;
}

/* ---- With a constant ---------------------------------------------------------------------------------------------- */

/* sign x + c, or x c, each for all elements or for each channel. */
typedef struct affine {
    bool product;
    float sign;
    onnx_constant constant;
} affine;

static clade_status map_constant(onnx_import *job, onnx_constant *constant, bool negate, bool invert) {
    float *values = NULL;
    const onnx_constant from = *constant;
    if (!negate && !invert && !from.integer) return CLADE_OK;
    FORWARD(onnx_new_reals(job, &from.shape, constant, &values));
    for (size_t i = 0; i < from.count; i++) {
        const double value = negate ? -onnx_element(&from, i) : onnx_element(&from, i);
        values[i] = (float)(invert ? 1 / value : value);
    }
    return CLADE_OK;
}

static clade_status add_affine(onnx_import *job, const onnx_node *node, onnx_value *value, const affine *a) {
    double uniform = 0;
    clade_tensor tensor;
    const bool all = onnx_is_uniform(&a->constant, &uniform) && a->constant.count == 1;
    clade_scale_settings settings = {.factor = a->sign};
    if (a->constant.shape.rank > onnx_shape(job, value).rank)
        return onnx_unsupported(job, node, "its constant has more dimensions than its tensor");
    if (all && a->product && uniform == 0) return onnx_unsupported(job, node, "it multiplies with zero");
    if (all && a->product) settings.factor = (float)uniform;
    if (all && !a->product) settings.offset = (float)uniform;
    if (!all && onnx_constant_axis(job, value, &a->constant) != 1)
        return onnx_unsupported(job, node, "its constant must be one number for all elements, or one for each channel");
    settings.channel_scale = !all && a->product;
    settings.channel_shift = !all && !a->product;
    FORWARD(onnx_pad_now(job, node, value));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_scale(job->graph, value->tensor, &settings, &tensor)));
    if (!all)
        FORWARD(onnx_checked(job, node,
                             onnx_set_parameter(job, settings.name, a->product ? "weight" : "bias", &a->constant,
                                                (clade_shape){1, {(int64_t)a->constant.count}})));
    onnx_set_elements(job, node, tensor, value);
    return CLADE_OK;
}

static clade_status with_constant(onnx_import *job, const onnx_node *node, onnx_value *value,
                                  const onnx_constant *constant, bool constant_first) {
    const bool product = is_op(node, "Mul") || is_op(node, "Div");
    const bool subtract = is_op(node, "Sub"), divide = is_op(node, "Div");
    affine a = {product, subtract && constant_first ? -1.0f : 1.0f, *constant};
    const clade_shape seen = onnx_shape(job, value);
    if (divide && constant_first) return onnx_unsupported(job, node, "it divides a constant by a tensor");
    if (constant->open) return onnx_unsupported(job, node, "its constant depends on the open batch");
    FORWARD(place_constant(job, node, &seen, &a.constant));
    FORWARD(map_constant(job, &a.constant, subtract && !constant_first, divide));
    return add_affine(job, node, value, &a);
}

/* ---- Of two tensors ----------------------------------------------------------------------------------------------- */
static bool same_order(const onnx_value *a, const onnx_value *b, int32_t rank) {
    return a->transposed == b->transposed &&
           (!a->transposed || memcmp(a->order, b->order, (size_t)rank * sizeof *a->order) == 0);
}

/* Both operands as they are stored, when their transposes are the same, else as they are meant. */
static clade_status read_operands(onnx_import *job, const onnx_node *node, onnx_value *a, onnx_value *b,
                                  clade_tensor operands_out[2], bool *stored_out) {
    FORWARD(onnx_pad_now(job, node, a));
    FORWARD(onnx_pad_now(job, node, b));
    const int32_t rank = onnx_shape(job, a).rank;
    *stored_out = rank == onnx_shape(job, b).rank && same_order(a, b, rank);
    operands_out[0] = a->tensor;
    operands_out[1] = b->tensor;
    if (*stored_out) return CLADE_OK;
    FORWARD(onnx_materialise(job, node, a, &operands_out[0]));
    return onnx_materialise(job, node, b, &operands_out[1]);
}

static clade_status scale_part(onnx_import *job, const onnx_node *node, clade_tensor input, float factor, bool last,
                               clade_tensor *output_out) {
    clade_scale_settings settings = {.factor = factor};
    FORWARD(last ? onnx_name(job, node, &settings.name) : onnx_part_name(job, node, &settings.name));
    return onnx_checked(job, node, clade_graph_scale(job->graph, input, &settings, output_out));
}

static clade_status of_two(onnx_import *job, const onnx_node *node, onnx_value *a, onnx_value *b) {
    clade_tensor operands[2], tensor;
    bool stored = false;
    clade_binary_settings settings = {.kind = is_op(node, "Mul") ? CLADE_MULTIPLY : CLADE_ADD};
    if (is_op(node, "Div")) return onnx_unsupported(job, node, "it divides by a tensor");
    if (node->opset < 7 && onnx_attribute(node, "axis"))
        return onnx_unsupported(job, node, "its attribute axis is supported only for constants");
    FORWARD(read_operands(job, node, a, b, operands, &stored));
    if (is_op(node, "Sub")) FORWARD(scale_part(job, node, operands[1], -1, false, &operands[1]));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, operands[0], operands[1], &settings, &tensor)));
    static const onnx_value plain = {.transposed = false};
    onnx_set_elements(job, node, tensor, stored ? a : &plain);
    return CLADE_OK;
}

clade_status onnx_build_arithmetic(onnx_import *job, const onnx_node *node) {
    onnx_value *a = onnx_input(job, node, 0), *b = onnx_input(job, node, 1);
    if (!a || !b) return onnx_wrong(job, node, "it must have two inputs");
    if (a->state == ONNX_CONSTANT) return with_constant(job, node, b, &a->constant, true);
    if (b->state == ONNX_CONSTANT) return with_constant(job, node, a, &b->constant, false);
    return of_two(job, node, a, b);
}

/* ---- Of one, and of many ------------------------------------------------------------------------------------------ */
clade_status onnx_build_neg(onnx_import *job, const onnx_node *node) {
    clade_tensor tensor;
    FORWARD(onnx_input_elements(job, node, 0, &tensor));
    FORWARD(scale_part(job, node, tensor, -1, true, &tensor));
    onnx_set_elements(job, node, tensor, onnx_input(job, node, 0));
    return CLADE_OK;
}

/* Powers of 1 and 2. */
clade_status onnx_build_pow(onnx_import *job, const onnx_node *node) {
    const onnx_constant *exponent = NULL;
    clade_tensor tensor;
    double value = 0;
    clade_binary_settings settings = {.kind = CLADE_MULTIPLY};
    FORWARD(onnx_input_constant(job, node, 1, &exponent));
    if (!onnx_is_uniform(exponent, &value) || exponent->count != 1 || (value != 1 && value != 2))
        return onnx_unsupported(job, node, "its exponent is %g, only 1 and 2 are supported", value);
    if (value == 1) return onnx_build_identity(job, node);
    FORWARD(onnx_input_elements(job, node, 0, &tensor));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, tensor, tensor, &settings, &tensor)));
    onnx_set_elements(job, node, tensor, onnx_input(job, node, 0));
    return CLADE_OK;
}

/* Sum and Mean of any number of tensors. */
clade_status onnx_build_sum(onnx_import *job, const onnx_node *node) {
    const size_t count = node->proto->n_input;
    const bool mean = is_op(node, "Mean");
    if (count == 1) return onnx_build_identity(job, node);
    if (count == 2 && !mean) return onnx_build_arithmetic(job, node);
    clade_tensor sum, next;
    FORWARD(onnx_input_tensor(job, node, 0, &sum));
    for (size_t i = 1; i < count; i++) {
        clade_binary_settings settings = {.kind = CLADE_ADD};
        FORWARD(onnx_input_tensor(job, node, i, &next));
        FORWARD(i + 1 < count || mean ? onnx_part_name(job, node, &settings.name)
                                      : onnx_name(job, node, &settings.name));
        FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, sum, next, &settings, &sum)));
    }
    if (mean) FORWARD(scale_part(job, node, sum, 1.0f / (float)count, true, &sum));
    onnx_set_tensor(job, node, 0, sum);
    return CLADE_OK;
}
