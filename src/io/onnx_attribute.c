/* onnx_attribute.c: attributes of nodes. IR versions before 2 left `type` out, so what there is counts. */
#include "io/onnx.h"

#include <string.h>

const Onnx__AttributeProto *onnx_attribute(const onnx_node *node, const char *name) {
    for (size_t i = 0; i < node->proto->n_attribute; i++) {
        const Onnx__AttributeProto *attribute = node->proto->attribute[i];
        if (attribute->name && strcmp(attribute->name, name) == 0) return attribute;
    }
    return NULL;
}

static clade_status wrong_type(const onnx_import *job, const onnx_node *node, const char *name, const char *expected) {
    return onnx_wrong(job, node, "its attribute %s must be %s", name, expected);
}

clade_status onnx_attribute_int(const onnx_import *job, const onnx_node *node, const char *name, int64_t fallback,
                                int64_t *value_out) {
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    *value_out = attribute ? attribute->i : fallback;
    return !attribute || attribute->has_i ? CLADE_OK : wrong_type(job, node, name, "an integer");
}

clade_status onnx_attribute_float(const onnx_import *job, const onnx_node *node, const char *name, float fallback,
                                  float *value_out) {
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    *value_out = attribute ? attribute->f : fallback;
    return !attribute || attribute->has_f ? CLADE_OK : wrong_type(job, node, name, "a float");
}

clade_status onnx_attribute_ints(const onnx_import *job, const onnx_node *node, const char *name,
                                 onnx_integers *integers_out) {
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    *integers_out = (onnx_integers){0};
    if (!attribute) return CLADE_OK;
    if (attribute->has_i || attribute->has_f || attribute->has_s || attribute->t || attribute->n_floats ||
        attribute->n_strings || attribute->n_ints > BASE_COUNT(integers_out->at))
        return wrong_type(job, node, name, "a short list of integers");
    integers_out->count = attribute->n_ints;
    for (size_t i = 0; i < attribute->n_ints; i++) integers_out->at[i] = attribute->ints[i];
    return CLADE_OK;
}

clade_status onnx_attribute_text(const onnx_import *job, const onnx_node *node, const char *name, const char *fallback,
                                 char *text_out, size_t size) {
    const Onnx__AttributeProto *attribute = onnx_attribute(node, name);
    if (attribute && (!attribute->has_s || attribute->s.len >= size))
        return wrong_type(job, node, name, "a short text");
    if (!attribute)
        snprintf(text_out, size, "%s", fallback);
    else
        snprintf(text_out, size, "%.*s", (int)attribute->s.len, (const char *)attribute->s.data);
    return CLADE_OK;
}

clade_status onnx_list(onnx_import *job, const onnx_node *node, const char *name, size_t input, int64_t since,
                       onnx_integers *integers_out, bool *found_out) {
    if (node->opset < since) {
        *found_out = onnx_attribute(node, name) != NULL;
        return onnx_attribute_ints(job, node, name, integers_out);
    }
    *integers_out = (onnx_integers){0};
    *found_out = onnx_input(job, node, input) != NULL;
    return *found_out ? onnx_input_integers(job, node, input, integers_out) : CLADE_OK;
}

clade_status onnx_axis(const onnx_import *job, const onnx_node *node, int64_t axis, int32_t rank, int32_t *axis_out) {
    if (axis < -rank || axis >= rank)
        return onnx_wrong(job, node, "its axis %lld is none of a tensor of rank %d", (long long)axis, rank);
    *axis_out = (int32_t)(axis < 0 ? axis + rank : axis);
    return CLADE_OK;
}
