/* onnx_pad.c: Pad with a constant, or with elements of the tensor. Zeros around images wait for the convolution or pooling that
 * reads them. */
#include "io/onnx.h"

#include <string.h>

typedef enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP } pad_mode;

typedef struct margins {
    int64_t before[CLADE_MAX_RANK], after[CLADE_MAX_RANK]; /* of the tensor's dimensions, as it is stored */
    pad_mode mode;
    float value;
} margins;

/* The number that is added; absent: 0. */
static clade_status read_value(onnx_import *job, const onnx_node *node, float *value_out) {
    const onnx_constant *constant = NULL;
    if (node->opset < 11) return onnx_attribute_float(job, node, "value", 0, value_out);
    *value_out = 0;
    if (!onnx_input(job, node, 2)) return CLADE_OK;
    FORWARD(onnx_input_constant(job, node, 2, &constant));
    if (constant->count != 1) return onnx_wrong(job, node, "its value must be one number");
    *value_out = (float)onnx_element(constant, 0);
    return CLADE_OK;
}

static clade_status read_mode(onnx_import *job, const onnx_node *node, pad_mode *mode_out) {
    static const char *const names[] = {"constant", "edge", "reflect", "wrap"};
    char name[16];
    FORWARD(onnx_attribute_text(job, node, "mode", names[PAD_CONSTANT], name, sizeof name));
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        *mode_out = (pad_mode)i;
        if (strcmp(name, names[i]) == 0) return CLADE_OK;
    }
    return onnx_unsupported(job, node, "its mode is \"%s\"", name);
}

static clade_status read_margins(onnx_import *job, const onnx_node *node, const onnx_value *value, margins *m) {
    const int32_t rank = onnx_shape(job, value).rank;
    onnx_integers pads, axes = {0};
    bool found = false, has_axes = false;
    FORWARD(read_mode(job, node, &m->mode));
    FORWARD(onnx_list(job, node, "pads", 1, 11, &pads, &found));
    if (node->opset >= 18) FORWARD(onnx_list(job, node, "", 3, 18, &axes, &has_axes));
    const size_t count = has_axes ? axes.count : (size_t)rank;
    if (pads.count != 2 * count || count > (size_t)rank)
        return onnx_wrong(job, node, "it has %zu pads for %zu dimensions", pads.count, count);
    FORWARD(read_value(job, node, &m->value));
    for (size_t i = 0; i < count; i++) {
        int32_t axis = 0;
        FORWARD(onnx_axis(job, node, has_axes ? axes.at[i] : (int64_t)i, rank, &axis));
        if (value->transposed) axis = value->order[axis];
        m->before[axis] = pads.at[i];
        m->after[axis] = pads.at[count + i];
    }
    for (int32_t i = 0; i < rank; i++)
        if (m->before[i] < 0 || m->after[i] < 0 || m->before[i] > INT32_MAX || m->after[i] > INT32_MAX)
            return onnx_unsupported(job, node, "its pads are %lld and %lld: none may be negative",
                                    (long long)m->before[i], (long long)m->after[i]);
    return CLADE_OK;
}

/* Which of `size` elements is seen `distance` before the first: the first, what a mirror there shows, or the last ones again. Behind
 * the last it is the same from the other end. */
static int64_t seen_at(pad_mode mode, int64_t distance, int64_t size) {
    return mode == PAD_EDGE ? 0 : mode == PAD_REFLECT ? distance : size - distance;
}

/* One dimension after the other, each in runs of elements. */
static clade_status pad_by_elements(onnx_import *job, const onnx_node *node, onnx_value *from, const margins *m) {
    FORWARD(onnx_pad_now(job, node, from));
    clade_tensor tensor = from->tensor;
    const clade_shape shape = onnx_tensor_shape(job, tensor);
    int32_t last = 0;
    for (int32_t axis = 0; axis < shape.rank; axis++)
        if (m->before[axis] > 0 || m->after[axis] > 0) last = axis;
    for (int32_t axis = 0; axis < shape.rank; axis++) {
        const int64_t size = shape.dims[axis];
        onnx_runs runs = {0};
        const char *name = NULL;
        if (m->before[axis] == 0 && m->after[axis] == 0) continue;
        if (size == CLADE_BATCH) return onnx_unsupported(job, node, "it pads the batch, which is open");
        if (m->mode != PAD_EDGE && (m->before[axis] >= size || m->after[axis] >= size))
            return onnx_unsupported(job, node, "it repeats more than %lld elements", (long long)size - 1);
        for (int64_t i = m->before[axis]; i > 0 && !runs.full; i--) onnx_add_run(&runs, seen_at(m->mode, i, size), 1);
        onnx_add_run(&runs, 0, size);
        for (int64_t i = 1; i <= m->after[axis] && !runs.full; i++)
            onnx_add_run(&runs, size - 1 - seen_at(m->mode, i, size), 1);
        FORWARD(axis < last ? onnx_part_name(job, node, &name) : onnx_name(job, node, &name));
        FORWARD(onnx_pick(job, node, tensor, axis, &runs, name, &tensor));
    }
    onnx_set_elements(job, node, tensor, from);
    return CLADE_OK;
}

clade_status onnx_build_pad(onnx_import *job, const onnx_node *node) {
    onnx_value *from = onnx_input(job, node, 0), *to = onnx_output(job, node, 0);
    margins m = {.value = 0};
    if (from->state != ONNX_TENSOR) return onnx_unsupported(job, node, "it pads a constant");
    FORWARD(read_margins(job, node, from, &m));
    if (m.mode != PAD_CONSTANT) return pad_by_elements(job, node, from, &m);
    const int32_t rank = onnx_shape(job, from).rank;
    const bool images = rank == 4 && m.before[0] + m.after[0] + m.before[1] + m.after[1] == 0;
    if (images && m.value == 0) {
        const clade_padding padding = {(int32_t)m.before[2], (int32_t)m.before[3], (int32_t)m.after[2],
                                       (int32_t)m.after[3]};
        onnx_set_same(job, node, from);
        to->plain = (clade_tensor){-1};
        if (!to->padded) to->padding = (clade_padding){0};
        to->padded = true;
        return onnx_add_padding(job, node, &to->padding, &padding);
    }
    FORWARD(onnx_pad_now(job, node, from));
    clade_tensor output;
    clade_pad_settings settings = {.value = m.value};
    for (int32_t i = 0; i < rank; i++) {
        settings.before[i] = (int32_t)m.before[i];
        settings.after[i] = (int32_t)m.after[i];
    }
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_pad(job->graph, from->tensor, &settings, &output)));
    onnx_set_elements(job, node, output, from);
    return CLADE_OK;
}
