/* elementwise.c: what works on elements for themselves: activation, scale, binary, dropout_training. */
#include "grad/grad.h"

/* dy times what the derivative is made of: exp is its own, that of log 1 / x, that of erf 2 / sqrt(pi) exp(-x^2). */
static clade_status give_transcendental(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_activation kind = node->attributes.activation.kind;
    const clade_tensor x = node->inputs[0];
    const graph_attributes multiply = {.binary = {.kind = CLADE_MULTIPLY}}, divide = {.binary = {.kind = CLADE_DIVIDE}};
    clade_tensor slope = node->output;
    if (kind == CLADE_LOG) return grad_give(b, x, GRAPH_OP_binary, &divide, (clade_tensor[]){dy, x}, 2);
    if (kind == CLADE_ERF) {
        const graph_attributes minus = {.scale = {.factor = -1}}, exponential = {.activation = {.kind = CLADE_EXP}},
                               share = {.scale = {.factor = 1.12837917f}};
        FORWARD(grad_add(b, GRAPH_OP_binary, &multiply, NULL, x, x, &slope));
        FORWARD(grad_add(b, GRAPH_OP_scale, &minus, NULL, slope, GRAPH_NO_TENSOR, &slope));
        FORWARD(grad_add(b, GRAPH_OP_activation, &exponential, NULL, slope, GRAPH_NO_TENSOR, &slope));
        FORWARD(grad_add(b, GRAPH_OP_scale, &share, NULL, slope, GRAPH_NO_TENSOR, &slope));
    }
    return grad_give(b, x, GRAPH_OP_binary, &multiply, (clade_tensor[]){dy, slope}, 2);
}

static bool is_transcendental(clade_activation kind) {
    return kind == CLADE_EXP || kind == CLADE_LOG || kind == CLADE_ERF;
}

clade_status grad_activation(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const graph_attributes attributes = {.activation_gradient = node->attributes.activation};
    const clade_tensor x = node->inputs[0], slope = node->parameters[GRAPH_WEIGHT];
    if (is_transcendental(node->attributes.activation.kind)) return give_transcendental(b, node, dy);
    if (node->attributes.activation.kind != CLADE_PRELU) {
        const bool by_input =
            node->attributes.activation.slope < 0; /* of a leaky relu, whose result then does not tell x's sign */
        return grad_give(b, x, GRAPH_OP_activation_gradient, &attributes,
                         (clade_tensor[]){dy, by_input ? x : node->output}, 2);
    }
    if (grad_is_needed(b, slope)) { /* y is min(x, 0) with a slope of 1 for what is negative, and of 0 for the rest */
        const graph_attributes negate = {.scale = {.factor = -1}}, rectify = {.activation = {.kind = CLADE_RELU}};
        clade_tensor below = x, sum;
        FORWARD(grad_add(b, GRAPH_OP_scale, &negate, NULL, below, GRAPH_NO_TENSOR, &below));
        FORWARD(grad_add(b, GRAPH_OP_activation, &rectify, NULL, below, GRAPH_NO_TENSOR, &below));
        FORWARD(grad_add(b, GRAPH_OP_scale, &negate, NULL, below, GRAPH_NO_TENSOR, &below));
        FORWARD(grad_add(b, GRAPH_OP_channel_sum, NULL, NULL, dy, below, &sum));
        if (node->attributes.activation.shared_slope) {
            const graph_attributes mean = {.mean = {.axes = {true}}},
                                   count = {.scale = {.factor = (float)graph_shape_of(b->graph, sum)->dims[0]}};
            FORWARD(grad_add(b, GRAPH_OP_mean, &mean, NULL, sum, GRAPH_NO_TENSOR, &sum));
            FORWARD(grad_add(b, GRAPH_OP_scale, &count, NULL, sum, GRAPH_NO_TENSOR, &sum));
        }
        FORWARD(grad_give_tensor(b, slope, sum));
    }
    if (!grad_is_needed(b, x)) return CLADE_OK;
    clade_tensor dx;
    FORWARD(grad_add(b, GRAPH_OP_activation_gradient, &attributes, NULL, dy, x, &dx));
    graph_producer(b->graph, dx)->parameters[GRAPH_WEIGHT] = slope;
    return grad_give_tensor(b, x, dx);
}

/* y = x * factor * weight[c] + bias[c] + offset */
clade_status grad_scale(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_scale_settings *s = &node->attributes.scale;
    const clade_tensor x = node->inputs[0], weight = node->parameters[GRAPH_WEIGHT],
                       bias = node->parameters[GRAPH_BIAS];
    if (grad_is_needed(b, bias)) FORWARD(grad_give(b, bias, GRAPH_OP_channel_sum, NULL, &dy, 1));
    if (s->factor != 1.0f) {
        const graph_attributes factor = {.scale = {.factor = s->factor}};
        FORWARD(grad_add(b, GRAPH_OP_scale, &factor, NULL, dy, GRAPH_NO_TENSOR, &dy));
    }
    if (grad_is_needed(b, weight))
        FORWARD(grad_give(b, weight, GRAPH_OP_channel_sum, NULL, (clade_tensor[]){dy, x}, 2));
    if (!grad_is_needed(b, x)) return CLADE_OK;
    if (graph_is_tensor(weight)) {
        const graph_attributes channels = {.scale = {.factor = 1, .channel_scale = true}};
        FORWARD(grad_add(b, GRAPH_OP_scale, &channels, NULL, dy, GRAPH_NO_TENSOR, &dy));
        graph_producer(b->graph, dy)->parameters[GRAPH_WEIGHT] = weight;
    }
    return grad_give_tensor(b, x, dy);
}

/* The sum of a tensor over what an operand of this shape was broadcast to. */
static clade_status give_reduced(grad_builder *b, clade_tensor of, clade_tensor gradient) {
    const clade_shape whole = *graph_shape_of(b->graph, gradient), shape = *graph_shape_of(b->graph, of);
    graph_attributes mean = {.mean = {.drop = false}};
    double count = 1;
    for (int32_t i = 0; i < whole.rank; i++) {
        const int32_t d = i - (whole.rank - shape.rank);
        mean.mean.axes[i] = (d < 0 || shape.dims[d] == 1) && whole.dims[i] > 1;
        if (mean.mean.axes[i]) count *= (double)whole.dims[i];
    }
    if (count > 1) {
        const graph_attributes times = {.scale = {.factor = (float)count}};
        FORWARD(grad_add(b, GRAPH_OP_mean, &mean, NULL, gradient, GRAPH_NO_TENSOR, &gradient));
        FORWARD(grad_add(b, GRAPH_OP_scale, &times, NULL, gradient, GRAPH_NO_TENSOR, &gradient));
    }
    FORWARD(grad_reshape(b, gradient, &shape, &gradient));
    return grad_give_tensor(b, of, gradient);
}

/* One side of a binary operator: a tensor or a constant. */
typedef struct operand {
    clade_tensor tensor;   /* or none, and then */
    clade_tensor constant; /* a parameter that is not learnt */
} operand;

static operand tensor_operand(clade_tensor tensor) { return (operand){tensor, GRAPH_NO_TENSOR}; }

static clade_status combine(grad_builder *b, clade_binary_kind kind, operand left, operand right,
                            clade_tensor *output_out) {
    graph_attributes binary = {.binary = {.kind = kind, .swap = graph_is_tensor(left.constant)}};
    const clade_tensor constant = binary.binary.swap ? left.constant : right.constant;
    if (!graph_is_tensor(constant))
        return grad_add(b, GRAPH_OP_binary, &binary, NULL, left.tensor, right.tensor, output_out);
    binary.binary.constant = *graph_shape_of(b->graph, constant);
    FORWARD(grad_add(b, GRAPH_OP_binary, &binary, NULL, binary.binary.swap ? right.tensor : left.tensor,
                     GRAPH_NO_TENSOR, output_out));
    graph_producer(b->graph, *output_out)->parameters[GRAPH_WEIGHT] = constant;
    return CLADE_OK;
}

static clade_status negate(grad_builder *b, clade_tensor *tensor) {
    const graph_attributes minus = {.scale = {.factor = -1}};
    return grad_add(b, GRAPH_OP_scale, &minus, NULL, *tensor, GRAPH_NO_TENSOR, tensor);
}

/* dy where `larger` is larger than `smaller`, else 0. */
static clade_status where_larger(grad_builder *b, clade_tensor dy, operand larger, operand smaller,
                                 clade_tensor *output_out) {
    const graph_attributes relu = {.activation_gradient = {.kind = CLADE_RELU}};
    clade_tensor excess;
    FORWARD(combine(b, CLADE_SUBTRACT, larger, smaller, &excess));
    return grad_add(b, GRAPH_OP_activation_gradient, &relu, NULL, dy, excess, output_out);
}

/* The gradient of a maximum or minimum by its right side, dy where that is the one, or by its left side, which gets what is left of dy:
 * all of it where both are equal (PyTorch gives each a half). */
static clade_status differentiate_choice(grad_builder *b, clade_binary_kind kind, clade_tensor dy, operand left,
                                         operand right, bool is_left, clade_tensor *gradient_out) {
    const graph_attributes minus = {.binary = {.kind = CLADE_SUBTRACT}};
    const bool is_maximum = kind == CLADE_MAXIMUM;
    FORWARD(where_larger(b, dy, is_maximum ? right : left, is_maximum ? left : right, gradient_out));
    return is_left ? grad_add(b, GRAPH_OP_binary, &minus, NULL, dy, *gradient_out, gradient_out) : CLADE_OK;
}

/* An operand less 1. */
static clade_status one_less(grad_builder *b, operand of, operand *less_out) {
    *less_out = (operand){GRAPH_NO_TENSOR, GRAPH_NO_TENSOR};
    if (graph_is_tensor(of.tensor)) {
        const graph_attributes minus = {.scale = {.factor = 1, .offset = -1}};
        return grad_add(b, GRAPH_OP_scale, &minus, NULL, of.tensor, GRAPH_NO_TENSOR, &less_out->tensor);
    }
    char *name = base_format(b->graph->env, "%s less 1", graph_tensor_of(b->graph, of.constant)->name);
    if (!name) return base_fail_memory(b->graph->env, 32, "the name of a constant");
    const clade_shape shape = *graph_shape_of(b->graph, of.constant);
    const clade_tensor sources[3] = {of.constant, GRAPH_NO_TENSOR, GRAPH_NO_TENSOR};
    const clade_status status =
        graph_derive(b->graph, name, &shape, GRAPH_ADD_CONSTANT, sources, -1, &less_out->constant);
    base_free(b->graph->env, name);
    return status;
}

/* dy * exponent * base ^ (exponent - 1) */
static clade_status differentiate_power(grad_builder *b, clade_tensor dy, operand base, operand exponent,
                                        clade_tensor *gradient_out) {
    operand less;
    clade_tensor power;
    FORWARD(one_less(b, exponent, &less));
    FORWARD(combine(b, CLADE_POWER, base, less, &power));
    FORWARD(combine(b, CLADE_MULTIPLY, tensor_operand(power), exponent, &power));
    return combine(b, CLADE_MULTIPLY, tensor_operand(dy), tensor_operand(power), gradient_out);
}

/* The gradient by one side, own, of two; it has the result's shape still. */
static clade_status differentiate_side(grad_builder *b, clade_binary_kind kind, clade_tensor dy, operand own,
                                       operand other, bool is_left, clade_tensor *gradient_out) {
    clade_tensor ratio;
    *gradient_out = dy;
    switch (kind) {
    case CLADE_ADD:
        return CLADE_OK;
    case CLADE_SUBTRACT:
        return is_left ? CLADE_OK : negate(b, gradient_out);
    case CLADE_MULTIPLY:
        return combine(b, CLADE_MULTIPLY, tensor_operand(dy), other, gradient_out);
    case CLADE_DIVIDE:
        if (is_left) return combine(b, CLADE_DIVIDE, tensor_operand(dy), other, gradient_out);
        FORWARD(combine(b, CLADE_DIVIDE, other, own, &ratio)); /* of other / own it is - dy / own * other / own */
        FORWARD(combine(b, CLADE_DIVIDE, tensor_operand(dy), own, gradient_out));
        FORWARD(combine(b, CLADE_MULTIPLY, tensor_operand(*gradient_out), tensor_operand(ratio), gradient_out));
        return negate(b, gradient_out);
    case CLADE_MAXIMUM:
    case CLADE_MINIMUM:
        return differentiate_choice(b, kind, dy, is_left ? own : other, is_left ? other : own, is_left, gradient_out);
    case CLADE_POWER:
        if (is_left) return differentiate_power(b, dy, own, other, gradient_out);
        return base_fail(b->graph->env, CLADE_ERROR_UNSUPPORTED,
                         "failed to train through the exponent of a power: only the base has a gradient");
    }
    return CLADE_OK;
}

clade_status grad_binary(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_binary_settings *s = &node->attributes.binary;
    const bool has_constant = s->constant.rank > 0;
    const operand sides[2] = {tensor_operand(node->inputs[0]),
                              has_constant ? (operand){GRAPH_NO_TENSOR, node->parameters[GRAPH_WEIGHT]}
                                           : tensor_operand(node->inputs[1])};
    FORWARD(grad_before_activation(b, node, s->activation, s->slope, dy, &dy));
    for (int i = 0; i < 2; i++) {
        clade_tensor gradient;
        if (!grad_is_needed(b, sides[i].tensor)) continue;
        FORWARD(differentiate_side(b, s->kind, dy, sides[i], sides[1 - i], (i == 0) != s->swap, &gradient));
        FORWARD(give_reduced(b, sides[i].tensor, gradient));
    }
    return CLADE_OK;
}

clade_status grad_dropout_training(grad_builder *b, const graph_node *node, clade_tensor dy) {
    return grad_give(b, node->inputs[0], GRAPH_OP_dropout_training, &node->attributes,
                     (clade_tensor[]){dy, node->inputs[1]}, 2);
}
