/* onnx_node.c: nodes and values as operators see them. */
#include "io/onnx.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *name, const void *value) {
    return strcmp(name, ((const onnx_value *)value)->name);
}

onnx_value *onnx_find_value(const onnx_import *job, const char *name) {
    return bsearch(name, job->values, job->value_count, sizeof *job->values, compare_names);
}

/* ---- Inputs ------------------------------------------------------------------------------------------------------- */
onnx_value *onnx_input(const onnx_import *job, const onnx_node *node, size_t index) {
    if (index >= node->proto->n_input || !*node->proto->input[index]) return NULL;
    return onnx_find_value(job, node->proto->input[index]); /* onnx_import.c has seen to it that there is one */
}

clade_shape onnx_tensor_shape(const onnx_import *job, clade_tensor tensor) {
    clade_tensor_info info = {0};
    (void)clade_graph_tensor(job->graph, tensor, &info); /* of this graph, so it has one */
    return info.shape;
}

clade_shape onnx_shape(const onnx_import *job, const onnx_value *value) {
    if (value->state == ONNX_CONSTANT) return value->constant.shape;
    const clade_padding none = {0};
    const clade_shape own = onnx_padded_shape(job, value->tensor, value->padded ? &value->padding : &none);
    clade_shape seen = own;
    for (int32_t i = 0; value->transposed && i < own.rank; i++) seen.dims[i] = own.dims[value->order[i]];
    return seen;
}

clade_status onnx_input_tensor(onnx_import *job, const onnx_node *node, size_t index, clade_tensor *tensor_out) {
    onnx_value *value = onnx_input(job, node, index);
    if (!value) return onnx_wrong(job, node, "its input %zu is left out", index);
    if (value->state == ONNX_CONSTANT)
        return onnx_unsupported(job, node, "its input %zu is a constant, which is supported only elsewhere", index);
    return onnx_materialise(job, node, value, tensor_out);
}

clade_status onnx_input_constant(onnx_import *job, const onnx_node *node, size_t index,
                                 const onnx_constant **constant_out) {
    const onnx_value *value = onnx_input(job, node, index);
    if (!value) return onnx_wrong(job, node, "its input %zu is left out", index);
    if (value->state != ONNX_CONSTANT)
        return onnx_unsupported(job, node, "its input %zu must be a constant: an initializer, or made of such", index);
    *constant_out = &value->constant;
    return CLADE_OK;
}

clade_status onnx_input_integers(onnx_import *job, const onnx_node *node, size_t index, onnx_integers *integers_out) {
    const onnx_constant *constant = NULL;
    FORWARD(onnx_input_constant(job, node, index, &constant));
    if (!constant->integer || constant->count > BASE_COUNT(integers_out->at))
        return onnx_wrong(job, node, "its input %zu must be a short list of integers", index);
    if (constant->open != 0)
        return onnx_unsupported(job, node, "its input %zu depends on the batch, which is open: set one", index);
    *integers_out = (onnx_integers){.count = constant->count};
    for (size_t i = 0; i < constant->count; i++) integers_out->at[i] = constant->integers[i];
    return CLADE_OK;
}

/* ---- Outputs ------------------------------------------------------------------------------------------------------ */
onnx_value *onnx_output(const onnx_import *job, const onnx_node *node, size_t index) {
    if (index >= node->proto->n_output || !*node->proto->output[index]) return NULL;
    return onnx_find_value(job, node->proto->output[index]);
}

void onnx_set_tensor(onnx_import *job, const onnx_node *node, size_t index, clade_tensor tensor) {
    onnx_value *value = onnx_output(job, node, index);
    if (!value) return;
    value->state = ONNX_TENSOR;
    value->tensor = tensor;
}

void onnx_set_constant(onnx_import *job, const onnx_node *node, size_t index, const onnx_constant *constant) {
    onnx_value *value = onnx_output(job, node, index);
    if (!value) return;
    value->state = ONNX_CONSTANT;
    value->constant = *constant;
}

/* ---- Names -------------------------------------------------------------------------------------------------------- */

/* True when no other value that may become a tensor has that name, nor one that a parameter of a node of that name would have. */
static bool is_free(const onnx_import *job, const char *name, const onnx_value *own) {
    static const char *const suffixes[] = {"", ".weight", ".bias", ".running_mean", ".running_var"};
    for (size_t i = 0; i < BASE_COUNT(suffixes); i++) {
        char *full = base_format(job->env, "%s%s", name, suffixes[i]);
        const onnx_value *taken = full ? onnx_find_value(job, full) : NULL;
        base_free(job->env, full);
        if (taken && taken != own && !taken->initializer && taken->state != ONNX_CONSTANT) return false;
    }
    return true;
}

static clade_status keep_name(onnx_import *job, const char *name, const char **name_out) {
    void *memory = NULL;
    const size_t size = strlen(name) + 1;
    FORWARD(onnx_scratch_allocate(job, size, &memory));
    *name_out = memcpy(memory, name, size);
    return CLADE_OK;
}

static clade_status make_name(onnx_import *job, const onnx_value *value, const char **name_out) {
    for (;;) {
        char *made = base_format(job->env, "%s~%zu", value->name, ++job->made_names);
        if (!made) return base_fail_memory(job->env, strlen(value->name), "a name");
        const clade_status status = is_free(job, made, NULL) ? keep_name(job, made, name_out) : CLADE_ERROR_DUPLICATE;
        base_free(job->env, made);
        if (status != CLADE_ERROR_DUPLICATE) return status;
    }
}

clade_status onnx_name_after(onnx_import *job, onnx_value *value, const char **name_out) {
    if (value->named || !is_free(job, value->name, value)) return make_name(job, value, name_out);
    value->named = true;
    *name_out = value->name;
    return CLADE_OK;
}

clade_status onnx_part_name(onnx_import *job, const onnx_node *node, const char **name_out) {
    return make_name(job, onnx_output(job, node, 0), name_out);
}

clade_status onnx_name(onnx_import *job, const onnx_node *node, const char **name_out) {
    return onnx_name_after(job, onnx_output(job, node, 0), name_out);
}

clade_status onnx_name_by_weight(onnx_import *job, const onnx_node *node, size_t weight, const char **name_out) {
    static const char suffix[] = ".weight";
    onnx_value *value = onnx_input(job, node, weight);
    const size_t length = value ? strlen(value->name) : 0, tail = strlen(suffix);
    if (!value || value->named || value->state != ONNX_CONSTANT || length <= tail ||
        strcmp(value->name + length - tail, suffix) != 0)
        return onnx_name(job, node, name_out);
    char *stem = base_format(job->env, "%.*s", (int)(length - tail), value->name);
    if (!stem) return base_fail_memory(job->env, length, "a name");
    /* What is made behind the layer, an activation say, has to find another name: parameters are looked for by theirs. */
    onnx_value *same = onnx_find_value(job, stem);
    const bool behind = same && same->state == ONNX_UNKNOWN && !same->named;
    const bool use = is_free(job, stem, behind ? same : NULL);
    if (use && behind) same->named = true;
    const clade_status status = use ? keep_name(job, stem, name_out) : onnx_name(job, node, name_out);
    base_free(job->env, stem);
    value->named = true;
    return status;
}

/* ---- Parameters --------------------------------------------------------------------------------------------------- */
clade_status onnx_set_parameter(onnx_import *job, const char *node, const char *suffix, const onnx_constant *constant,
                                clade_shape shape) {
    char *name = base_format(job->env, "%s.%s", node, suffix);
    if (!name) return base_fail_memory(job->env, strlen(node), "a parameter's name");
    const clade_array value = {constant->type, shape, (void *)(uintptr_t)constant->data}; /* is only read */
    clade_status status = CLADE_OK;
    if (constant->integer)
        status = base_fail(job->env, CLADE_ERROR_UNSUPPORTED, "failed to set parameter \"%s\": it has integers", name);
    else if (!constant->data)
        status = clade_graph_fill_parameter(job->graph, name, constant->fill);
    else if (constant->mapped)
        status = clade_graph_borrow_pages(job->graph, name, &value, io_give_back);
    else
        status = clade_graph_borrow_parameter(job->graph, name, &value);
    base_free(job->env, name);
    return status;
}
