/* onnx_write_operator.c: a node of a Clade graph as the ONNX nodes that do the same. */
#include "io/onnx_write.h"

#include <string.h>

/* ---- Activations -------------------------------------------------------------------------------------------------- */
static const char *const activation_ops[] = {
    [CLADE_RELU] = "Relu",       [CLADE_RELU6] = "Clip", [CLADE_LEAKY_RELU] = "LeakyRelu",
    [CLADE_SIGMOID] = "Sigmoid", [CLADE_TANH] = "Tanh",  [CLADE_PRELU] = "PRelu",
    [CLADE_EXP] = "Exp",         [CLADE_LOG] = "Log",    [CLADE_ERF] = "Erf"};

/* `slopes` belongs to CLADE_PRELU. */
static clade_status put_activation(onnx_writer *writer, const onnx_source *source, const char *name, const char *input,
                                   clade_activation kind, float slope, const char *slopes) {
    const char *inputs[3] = {input};
    onnx_new_node node = {
        .op = activation_ops[kind], .name = name, .inputs = inputs, .input_count = 1, .output = source->output};
    if (kind == CLADE_LEAKY_RELU) onnx_add_float(&node, "alpha", slope);
    if (kind == CLADE_PRELU) inputs[node.input_count++] = slopes;
    if (kind == CLADE_RELU6) {
        inputs[1] = onnx_make_name(writer, source->name, "least");
        inputs[2] = onnx_make_name(writer, source->name, "most");
        node.input_count = 3;
        FORWARD(onnx_put_scalar(writer, inputs[1], 0.0f));
        FORWARD(onnx_put_scalar(writer, inputs[2], 6.0f));
    }
    return onnx_put_node(writer, &node);
}

/* A node whose result goes through an activation. */
static clade_status put_activated(onnx_writer *writer, const onnx_source *source, onnx_new_node *node,
                                  clade_activation kind, float slope) {
    node->output = source->output;
    if (kind == CLADE_ACTIVATION_NONE) return onnx_put_node(writer, node);
    node->output = onnx_make_name(writer, source->name, "sum");
    FORWARD(onnx_put_node(writer, node));
    const char *name = onnx_make_name(writer, source->name, "activation");
    return put_activation(writer, source, name, node->output, kind, slope, NULL);
}

static clade_status put_activation_alone(onnx_writer *writer, const onnx_source *source) {
    const clade_activation_settings *s = source->settings;
    return put_activation(writer, source, source->name, source->inputs[0], s->kind, s->slope, source->parameters[0]);
}

/* ---- Layers with weights ------------------------------------------------------------------------------------------ */
static clade_status put_conv2d(onnx_writer *writer, const onnx_source *source) {
    const clade_conv2d_settings *s = source->settings;
    const char *const inputs[] = {source->inputs[0], source->parameters[0], source->parameters[1]};
    const int32_t pads[] = {s->padding.top, s->padding.left, s->padding.bottom, s->padding.right};
    onnx_new_node node = {.op = "Conv", .name = source->name, .inputs = inputs, .input_count = s->no_bias ? 2 : 3};
    onnx_add_integers(&node, "dilations", s->dilation, 2);
    onnx_add_integer(&node, "group", s->groups);
    onnx_add_integers(&node, "kernel_shape", s->kernel, 2);
    onnx_add_integers(&node, "pads", pads, 4);
    onnx_add_integers(&node, "strides", s->stride, 2);
    return put_activated(writer, source, &node, s->activation, s->slope);
}

/* Gemm takes matrices only. */
static clade_status put_linear(onnx_writer *writer, const onnx_source *source) {
    const clade_linear_settings *s = source->settings;
    const char *inputs[] = {source->inputs[0], source->parameters[0], source->parameters[1]};
    if (source->in.rank != 2) {
        inputs[0] = onnx_make_name(writer, source->name, "flat");
        onnx_new_node flatten = {.op = "Flatten",
                                 .name = onnx_make_name(writer, source->name, "flatten"),
                                 .inputs = source->inputs,
                                 .input_count = 1,
                                 .output = inputs[0]};
        onnx_add_integer(&flatten, "axis", 1);
        FORWARD(onnx_put_node(writer, &flatten));
    }
    onnx_new_node node = {.op = "Gemm", .name = source->name, .inputs = inputs, .input_count = s->no_bias ? 2 : 3};
    onnx_add_integer(&node, "transB", 1);
    return put_activated(writer, source, &node, s->activation, s->slope);
}

static clade_status put_batch_norm(onnx_writer *writer, const onnx_source *source) {
    const clade_batch_norm_settings *s = source->settings;
    const int64_t channels = source->in.dims[1];
    const char *const *parameter = source->parameters, *inputs[5] = {source->inputs[0]};
    if (s->no_scale) {
        inputs[1] = onnx_make_name(writer, source->name, "ones");
        FORWARD(onnx_put_repeated(writer, inputs[1], 1.0f, channels));
    } else {
        inputs[1] = *parameter++;
    }
    if (s->no_shift) {
        inputs[2] = onnx_make_name(writer, source->name, "zeros");
        FORWARD(onnx_put_repeated(writer, inputs[2], 0.0f, channels));
    } else {
        inputs[2] = *parameter++;
    }
    inputs[3] = *parameter++;
    inputs[4] = *parameter;
    onnx_new_node node = {
        .op = "BatchNormalization", .name = source->name, .inputs = inputs, .input_count = 5, .output = source->output};
    onnx_add_float(&node, "epsilon", s->epsilon);
    return onnx_put_node(writer, &node);
}

/* x * factor * weight + bias + offset: as many steps as there are operands, the last of which makes the output. */
static clade_status put_scale(onnx_writer *writer, const onnx_source *source) {
    const clade_scale_settings *s = source->settings;
    const char *const weight = s->channel_scale ? source->parameters[0] : NULL;
    const char *const bias = s->channel_shift ? source->parameters[s->channel_scale ? 1 : 0] : NULL;
    const char *factor = NULL, *offset = NULL;
    if (s->factor != 1.0f) {
        factor = onnx_make_name(writer, source->name, "factor");
        FORWARD(onnx_put_scalar(writer, factor, s->factor));
    }
    if (s->offset != 0.0f) {
        offset = onnx_make_name(writer, source->name, "offset");
        FORWARD(onnx_put_scalar(writer, offset, s->offset));
    }
    const struct {
        const char *op, *operand, *role;
    } steps[] = {{"Mul", factor, "times_factor"},
                 {"Mul", weight, "times_weight"},
                 {"Add", bias, "plus_bias"},
                 {"Add", offset, "plus_offset"}};
    size_t left = 0;
    for (size_t i = 0; i < BASE_COUNT(steps); i++) left += steps[i].operand != NULL;

    const char *inputs[2] = {source->inputs[0]};
    onnx_new_node node = {.op = "Identity", .name = source->name, .inputs = inputs, .input_count = 1};
    node.output = source->output;
    if (left == 0) return onnx_put_node(writer, &node);
    for (size_t i = 0; i < BASE_COUNT(steps); i++) {
        if (!steps[i].operand) continue;
        inputs[1] = steps[i].operand;
        node.op = steps[i].op;
        node.input_count = 2;
        node.name = node.output = --left > 0 ? onnx_make_name(writer, source->name, steps[i].role) : source->name;
        FORWARD(onnx_put_node(writer, &node));
        inputs[0] = node.output;
    }
    return CLADE_OK;
}

/* ---- Layers without ----------------------------------------------------------------------------------------------- */
static clade_status put_lrn(onnx_writer *writer, const onnx_source *source) {
    const clade_lrn_settings *s = source->settings;
    onnx_new_node node = {.op = "LRN", .name = source->name, .inputs = source->inputs, .input_count = 1};
    node.output = source->output;
    onnx_add_float(&node, "alpha", s->alpha);
    onnx_add_float(&node, "beta", s->beta);
    onnx_add_float(&node, "bias", s->k);
    onnx_add_integer(&node, "size", s->size);
    return onnx_put_node(writer, &node);
}

static clade_status put_concat(onnx_writer *writer, const onnx_source *source) {
    const clade_concat_settings *s = source->settings;
    onnx_new_node node = {
        .op = "Concat", .name = source->name, .inputs = source->inputs, .input_count = source->input_count};
    node.output = source->output;
    onnx_add_integer(&node, "axis", s->axis);
    return onnx_put_node(writer, &node);
}

static clade_status put_binary(onnx_writer *writer, const onnx_source *source) {
    static const char *const ops[] = {"Add", "Mul", "Sub", "Div", "Max", "Min", "Pow"};
    const clade_binary_settings *s = source->settings;
    const char *const a = source->inputs[0], *const b =
                                                 s->constant.rank > 0 ? source->parameters[0] : source->inputs[1];
    const char *const inputs[2] = {s->swap ? b : a, s->swap ? a : b};
    onnx_new_node node = {.op = ops[s->kind], .name = source->name, .inputs = inputs, .input_count = 2};
    return put_activated(writer, source, &node, s->activation, s->slope);
}

static clade_status put_softmax(onnx_writer *writer, const onnx_source *source) {
    const clade_softmax_settings *s = source->settings;
    onnx_new_node node = {.op = s->logarithm ? "LogSoftmax" : "Softmax",
                          .name = source->name,
                          .inputs = source->inputs,
                          .input_count = 1,
                          .output = source->output};
    onnx_add_integer(&node, "axis", s->axis);
    return onnx_put_node(writer, &node);
}

static clade_status put_dropout(onnx_writer *writer, const onnx_source *source) {
    const clade_dropout_settings *s = source->settings;
    const char *const inputs[] = {source->inputs[0], onnx_make_name(writer, source->name, "rate")};
    FORWARD(onnx_put_scalar(writer, inputs[1], s->rate));
    const onnx_new_node node = {
        .op = "Dropout", .name = source->name, .inputs = inputs, .input_count = 2, .output = source->output};
    return onnx_put_node(writer, &node);
}

/* ---- The same elements elsewhere ---------------------------------------------------------------------------------- */
static clade_status put_flatten(onnx_writer *writer, const onnx_source *source) {
    onnx_new_node node = {.op = "Flatten", .name = source->name, .inputs = source->inputs, .input_count = 1};
    node.output = source->output;
    onnx_add_integer(&node, "axis", 1);
    return onnx_put_node(writer, &node);
}

static clade_status put_reshape(onnx_writer *writer, const onnx_source *source) {
    const clade_reshape_settings *s = source->settings;
    const char *const inputs[] = {source->inputs[0], onnx_make_name(writer, source->name, "shape")};
    FORWARD(onnx_put_integers(writer, inputs[1], s->shape.dims, (size_t)s->shape.rank));
    const onnx_new_node node = {
        .op = "Reshape", .name = source->name, .inputs = inputs, .input_count = 2, .output = source->output};
    return onnx_put_node(writer, &node);
}

static clade_status put_pad(onnx_writer *writer, const onnx_source *source) {
    const clade_pad_settings *s = source->settings;
    const size_t rank = (size_t)source->in.rank;
    int64_t pads[2 * CLADE_MAX_RANK];
    for (size_t i = 0; i < rank; i++) {
        pads[i] = s->before[i];
        pads[rank + i] = s->after[i];
    }
    const char *const inputs[] = {source->inputs[0], onnx_make_name(writer, source->name, "pads"),
                                  onnx_make_name(writer, source->name, "value")};
    FORWARD(onnx_put_integers(writer, inputs[1], pads, 2 * rank));
    FORWARD(onnx_put_scalar(writer, inputs[2], s->value));
    const onnx_new_node node = {
        .op = "Pad", .name = source->name, .inputs = inputs, .input_count = 3, .output = source->output};
    return onnx_put_node(writer, &node);
}

static clade_status put_transpose(onnx_writer *writer, const onnx_source *source) {
    const clade_transpose_settings *s = source->settings;
    onnx_new_node node = {.op = "Transpose", .name = source->name, .inputs = source->inputs, .input_count = 1};
    node.output = source->output;
    onnx_add_integers(&node, "perm", s->order, (size_t)source->in.rank);
    return onnx_put_node(writer, &node);
}

/* Starts and ends count from the end when negative in both; "to the end" is 0 here and anything large there. */
static clade_status put_slice(onnx_writer *writer, const onnx_source *source) {
    const clade_slice_settings *s = source->settings;
    const size_t rank = (size_t)source->in.rank;
    int64_t ends[CLADE_MAX_RANK], axes[CLADE_MAX_RANK], steps[CLADE_MAX_RANK];
    for (size_t i = 0; i < rank; i++) {
        ends[i] = s->end[i] == 0 ? INT64_MAX : s->end[i];
        axes[i] = (int64_t)i;
        steps[i] = s->step[i] == 0 ? 1 : s->step[i];
    }
    const char *const inputs[] = {
        source->inputs[0], onnx_make_name(writer, source->name, "starts"), onnx_make_name(writer, source->name, "ends"),
        onnx_make_name(writer, source->name, "axes"), onnx_make_name(writer, source->name, "steps")};
    FORWARD(onnx_put_integers(writer, inputs[1], s->start, rank));
    FORWARD(onnx_put_integers(writer, inputs[2], ends, rank));
    FORWARD(onnx_put_integers(writer, inputs[3], axes, rank));
    FORWARD(onnx_put_integers(writer, inputs[4], steps, rank));
    const onnx_new_node node = {
        .op = "Slice", .name = source->name, .inputs = inputs, .input_count = 5, .output = source->output};
    return onnx_put_node(writer, &node);
}

static clade_status put_mean(onnx_writer *writer, const onnx_source *source) {
    const clade_mean_settings *s = source->settings;
    int32_t axes[CLADE_MAX_RANK];
    size_t count = 0;
    for (int32_t i = 0; i < source->in.rank; i++)
        if (s->axes[i]) axes[count++] = i;
    onnx_new_node node = {.op = "ReduceMean", .name = source->name, .inputs = source->inputs, .input_count = 1};
    node.output = source->output;
    onnx_add_integers(&node, "axes", axes, count);
    onnx_add_integer(&node, "keepdims", s->drop ? 0 : 1);
    return onnx_put_node(writer, &node);
}

/* ---- All of them -------------------------------------------------------------------------------------------------- */
static const struct {
    const char *op;
    clade_status (*put)(onnx_writer *writer, const onnx_source *source);
} forms[] = {
    {"conv2d", put_conv2d},         {"pool", onnx_put_pool},  {"linear", put_linear},
    {"batch_norm", put_batch_norm}, {"lrn", put_lrn},         {"concat", put_concat},
    {"binary", put_binary},         {"scale", put_scale},     {"activation", put_activation_alone},
    {"softmax", put_softmax},       {"dropout", put_dropout}, {"flatten", put_flatten},
    {"reshape", put_reshape},       {"pad", put_pad},         {"transpose", put_transpose},
    {"slice", put_slice},           {"mean", put_mean},
};

static clade_status refuse(const onnx_writer *writer, const clade_node_info *node) {
    return io_writer_refuse(&writer->file, CLADE_ERROR_UNSUPPORTED, "node \"%s\", a %s%s, has no form in ONNX",
                            node->name, node->op, node->attributes ? "" : " that the compiler made or changed");
}

/* Parameters of channels are broadcast along dimension 1 by ONNX's elementwise operators only if ones follow. */
static clade_shape stored_shape(const clade_node_info *node, const clade_shape *shape, int32_t rank) {
    clade_shape stored = *shape;
    const bool elementwise = strcmp(node->op, "scale") == 0 || strcmp(node->op, "activation") == 0;
    if (elementwise && shape->dims[0] > 1)
        while (stored.rank < rank - 1) stored.dims[stored.rank++] = 1;
    return stored;
}

static clade_status put_parameters(onnx_writer *writer, const clade_node_info *node, onnx_source *source) {
    for (size_t i = 0; i < node->parameter_count; i++) {
        clade_tensor_info parameter;
        FORWARD(clade_graph_tensor(writer->graph, node->parameters[i], &parameter));
        const clade_shape stored = stored_shape(node, &parameter.shape, source->in.rank);
        FORWARD(onnx_put_parameter(writer, &parameter, &stored));
        source->parameters[i] = parameter.name;
    }
    return CLADE_OK;
}

static bool is_compiled(const clade_tensor_info *tensor) { return tensor->block > 1 || tensor->parent.id >= 0; }

/* The inputs' names go to `names`. Tensors of a plan's graph, which may be made by no node of their own, are refused. */
static clade_status find_tensors(const onnx_writer *writer, const clade_node_info *node, const char **names,
                                 onnx_source *source) {
    clade_tensor_info info;
    for (size_t i = 0; i < node->input_count; i++) {
        FORWARD(clade_graph_tensor(writer->graph, node->inputs[i], &info));
        if (is_compiled(&info)) return refuse(writer, node);
        names[i] = info.name;
        if (i == 0) source->in = info.shape;
    }
    FORWARD(clade_graph_tensor(writer->graph, node->output, &info));
    if (is_compiled(&info)) return refuse(writer, node);
    source->output = info.name;
    source->out = info.shape;
    return CLADE_OK;
}

clade_status onnx_put_operator(onnx_writer *writer, size_t index) {
    clade_node_info node;
    FORWARD(clade_graph_node(writer->graph, index, &node));
    size_t form = 0;
    while (form < BASE_COUNT(forms) && strcmp(forms[form].op, node.op) != 0) form++;
    if (form == BASE_COUNT(forms) || !node.attributes) return refuse(writer, &node);

    const char **names = base_allocate_zero(writer->file.env, node.input_count, sizeof *names);
    if (!names) return base_fail_memory(writer->file.env, node.input_count * sizeof *names, "the names of inputs");
    onnx_source source = {
        .name = node.name, .settings = node.attributes, .inputs = names, .input_count = node.input_count};
    clade_status status = find_tensors(writer, &node, names, &source);
    if (status == CLADE_OK) status = put_parameters(writer, &node, &source);
    if (status == CLADE_OK) status = forms[form].put(writer, &source);
    base_free(writer->file.env, names);
    return status;
}
