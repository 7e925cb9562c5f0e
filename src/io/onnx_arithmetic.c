/* onnx_arithmetic.c: Add, Sub, Mul, Div, Pow, Max, Min, Sum and Mean, of tensors with each other or with constants. A number for all
 * elements or one for each channel, added or multiplied, makes a scale: it goes into the layer before it when the graph is
 * compiled. */
#include "io/onnx.h"

#include <string.h>

static bool is_op(const onnx_node *node, const char *name) { return strcmp(node->proto->op_type, name) == 0; }

static clade_binary_kind kind_of(const onnx_node *node) {
    static const struct {
        const char *op;
        clade_binary_kind kind;
    } kinds[] = {{"Mul", CLADE_MULTIPLY}, {"Sub", CLADE_SUBTRACT}, {"Div", CLADE_DIVIDE},
                 {"Pow", CLADE_POWER},    {"Max", CLADE_MAXIMUM},  {"Min", CLADE_MINIMUM}};
    for (size_t i = 0; i < BASE_COUNT(kinds); i++)
        if (is_op(node, kinds[i].op)) return kinds[i].kind;
    return CLADE_ADD; /* Add, Sum, Mean */
}

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
static clade_status to_reals(onnx_import *job, const onnx_constant *from, bool negate, bool invert,
                             onnx_constant *reals_out) {
    float *values = NULL;
    *reals_out = *from;
    if (!negate && !invert && !from->integer) return CLADE_OK;
    FORWARD(onnx_new_reals(job, &from->shape, reals_out, &values));
    for (size_t i = 0; i < from->count; i++) {
        const double value = negate ? -onnx_element(from, i) : onnx_element(from, i);
        values[i] = (float)(invert ? 1 / value : value);
    }
    return CLADE_OK;
}

clade_status onnx_add_binary_constant(onnx_import *job, const onnx_node *node, clade_binary_settings settings,
                                      clade_tensor input, const onnx_constant *constant, clade_tensor *output_out) {
    onnx_constant reals;
    FORWARD(to_reals(job, constant, false, false, &reals));
    if (reals.shape.rank == 0) reals.shape = (clade_shape){1, {1}};
    settings.constant = reals.shape;
    FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, input, input, &settings, output_out)));
    return onnx_checked(job, node, onnx_set_parameter(job, settings.name, "weight", &reals, reals.shape));
}

/* Any operator with a constant of any shape; of a number for all elements a transpose may stay put off. */
static clade_status combine(onnx_import *job, const onnx_node *node, onnx_value *value, const onnx_constant *constant,
                            bool constant_first) {
    static const onnx_value plain = {.transposed = false};
    clade_binary_settings settings = {.kind = kind_of(node), .swap = constant_first};
    clade_tensor input, output;
    const bool same = constant->count == 1 && constant->shape.rank <= onnx_shape(job, value).rank;
    FORWARD(onnx_pad_now(job, node, value));
    input = value->tensor;
    if (!same) FORWARD(onnx_materialise(job, node, value, &input));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_add_binary_constant(job, node, settings, input, constant, &output));
    onnx_set_elements(job, node, output, same ? value : &plain);
    return CLADE_OK;
}

/* sign x + c, or x c, each for all elements or for each channel. */
typedef struct affine {
    bool product;
    float sign;
    onnx_constant constant;
} affine;

static bool is_affine(const onnx_import *job, const onnx_node *node, const onnx_value *value,
                      const onnx_constant *constant, bool constant_first) {
    const clade_binary_kind kind = kind_of(node);
    const bool product = kind == CLADE_MULTIPLY || (kind == CLADE_DIVIDE && !constant_first);
    if (!product && kind != CLADE_ADD && kind != CLADE_SUBTRACT) return false;
    if (constant->shape.rank > onnx_shape(job, value).rank) return false;
    if (constant->count == 1)
        return !product || onnx_element(constant, 0) != 0; /* a factor of 0 stands for none in settings */
    return onnx_constant_axis(job, value, constant) == 1;
}

static clade_status add_affine(onnx_import *job, const onnx_node *node, onnx_value *value, const affine *a) {
    clade_tensor tensor;
    const bool all = a->constant.count == 1;
    const float number = all ? (float)onnx_element(&a->constant, 0) : 0;
    clade_scale_settings settings = {.factor = all && a->product ? number : a->sign,
                                     .offset = all && !a->product ? number : 0,
                                     .channel_scale = !all && a->product,
                                     .channel_shift = !all && !a->product};
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
    const clade_binary_kind kind = kind_of(node);
    const bool product = kind == CLADE_MULTIPLY || kind == CLADE_DIVIDE, subtract = kind == CLADE_SUBTRACT;
    affine a = {product, subtract && constant_first ? -1.0f : 1.0f, *constant};
    const clade_shape seen = onnx_shape(job, value);
    if (constant->open) return onnx_unsupported(job, node, "its constant depends on the open batch");
    if (constant->count == 0) return onnx_unsupported(job, node, "its constant has no elements");
    if (constant->integer && (kind != CLADE_POWER || constant_first)) /* an exponent may be of another type */
        return onnx_unsupported(job, node, "its inputs have different types");
    FORWARD(place_constant(job, node, &seen, &a.constant));
    if (!is_affine(job, node, value, &a.constant, constant_first))
        return combine(job, node, value, &a.constant, constant_first);
    const onnx_constant placed = a.constant;
    FORWARD(to_reals(job, &placed, subtract && !constant_first, kind == CLADE_DIVIDE, &a.constant));
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

static clade_status of_two(onnx_import *job, const onnx_node *node, onnx_value *a, onnx_value *b) {
    static const onnx_value plain = {.transposed = false};
    clade_tensor operands[2], tensor;
    bool stored = false;
    clade_binary_settings settings = {.kind = kind_of(node)};
    if (node->opset < 7 && onnx_attribute(node, "axis"))
        return onnx_unsupported(job, node, "its attribute axis is supported only for constants");
    FORWARD(read_operands(job, node, a, b, operands, &stored));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, operands[0], operands[1], &settings, &tensor)));
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

/* ---- Powers ------------------------------------------------------------------------------------------------------- */
clade_status onnx_build_pow(onnx_import *job, const onnx_node *node) {
    const onnx_value *exponent = onnx_input(job, node, 1);
    const bool number = exponent->state == ONNX_CONSTANT && exponent->constant.count == 1 && !exponent->constant.open;
    const double value = number ? onnx_element(&exponent->constant, 0) : 0;
    clade_binary_settings settings = {.kind = CLADE_MULTIPLY};
    clade_tensor tensor;
    if (value == 1) return onnx_build_identity(job, node);
    if (value != 2) return onnx_build_arithmetic(job, node);
    FORWARD(onnx_input_elements(job, node, 0, &tensor));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_binary(job->graph, tensor, tensor, &settings, &tensor)));
    onnx_set_elements(job, node, tensor, onnx_input(job, node, 0));
    return CLADE_OK;
}

/* Square roots and reciprocals, as an operator with a number. */
clade_status onnx_build_root(onnx_import *job, const onnx_node *node) {
    const bool root = is_op(node, "Sqrt");
    const onnx_constant number = {.type = CLADE_FLOAT32, .count = 1, .fill = root ? 0.5f : 1.0f};
    clade_binary_settings settings = {.kind = root ? CLADE_POWER : CLADE_DIVIDE, .swap = !root};
    clade_tensor tensor;
    FORWARD(onnx_input_elements(job, node, 0, &tensor));
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_add_binary_constant(job, node, settings, tensor, &number, &tensor));
    onnx_set_elements(job, node, tensor, onnx_input(job, node, 0));
    return CLADE_OK;
}

/* ---- Of one, and of many ------------------------------------------------------------------------------------------ */
static clade_status scale_by(onnx_import *job, const onnx_node *node, clade_tensor input, float factor,
                             clade_tensor *output_out) {
    clade_scale_settings settings = {.factor = factor};
    FORWARD(onnx_name(job, node, &settings.name));
    return onnx_checked(job, node, clade_graph_scale(job->graph, input, &settings, output_out));
}

clade_status onnx_build_neg(onnx_import *job, const onnx_node *node) {
    clade_tensor tensor;
    FORWARD(onnx_input_elements(job, node, 0, &tensor));
    FORWARD(scale_by(job, node, tensor, -1, &tensor));
    onnx_set_elements(job, node, tensor, onnx_input(job, node, 0));
    return CLADE_OK;
}

/* One more operand of many. */
static clade_status take_in(onnx_import *job, const onnx_node *node, size_t index, const char *name,
                            clade_tensor *total) {
    const onnx_value *value = onnx_input(job, node, index);
    const clade_binary_settings settings = {.name = name, .kind = kind_of(node)};
    clade_tensor next;
    if (value && value->state == ONNX_CONSTANT && value->constant.count > 0 && !value->constant.open)
        return onnx_add_binary_constant(job, node, settings, *total, &value->constant, total);
    FORWARD(onnx_input_tensor(job, node, index, &next));
    return onnx_checked(job, node, clade_graph_binary(job->graph, *total, next, &settings, total));
}

/* Sum, Mean, Max and Min of any number of tensors and constants, beginning with the first tensor. */
clade_status onnx_build_many(onnx_import *job, const onnx_node *node) {
    const size_t count = node->proto->n_input;
    const bool mean = is_op(node, "Mean");
    if (count == 1) return onnx_build_identity(job, node);
    if (count == 2 && !mean) return onnx_build_arithmetic(job, node);
    clade_tensor total;
    size_t first = 0, left = count - 1;
    while (onnx_input(job, node, first) && onnx_input(job, node, first)->state == ONNX_CONSTANT) first++;
    FORWARD(onnx_input_tensor(job, node, first, &total));
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        if (i == first) continue;
        FORWARD(--left > 0 || mean ? onnx_part_name(job, node, &name) : onnx_name(job, node, &name));
        FORWARD(take_in(job, node, i, name, &total));
    }
    if (mean) FORWARD(scale_by(job, node, total, 1.0f / (float)count, &total));
    onnx_set_tensor(job, node, 0, total);
    return CLADE_OK;
}
