/* onnx_import.c: from the messages of a model to a graph. */
#include "io/onnx.h"

#include <string.h>

/* ---- Reading what a value needs ----------------------------------------------------------------------------------- */
static clade_status read_initializer(onnx_import *job, onnx_value *value) {
    FORWARD(onnx_read_tensor(job, value->initializer, value->name, value->elements, &value->constant));
    value->state = ONNX_CONSTANT;
    return CLADE_OK;
}

/* Sees to it that all inputs of a node are there; *usable_out is false behind a node that was refused. */
static clade_status prepare_inputs(onnx_import *job, const onnx_node *node, bool *usable_out, bool *constant_out) {
    *usable_out = true;
    *constant_out = true;
    for (size_t i = 0; i < (node->lrn ? 1 : node->proto->n_input); i++) {
        onnx_value *value = onnx_input(job, node, i);
        if (!value) continue;
        if (value->state == ONNX_UNKNOWN) FORWARD(read_initializer(job, value));
        if (value->state == ONNX_REFUSED) *usable_out = false;
        if (value->state != ONNX_CONSTANT) *constant_out = false;
    }
    return CLADE_OK;
}

static void refuse_outputs(onnx_import *job, const onnx_node *node) {
    for (size_t i = 0; i < node->proto->n_output; i++) {
        onnx_value *value = onnx_output(job, node, i);
        if (value) value->state = ONNX_REFUSED;
    }
}

/* ---- Checking a node by itself ------------------------------------------------------------------------------------ */
static bool is_known_attribute(const onnx_operator *op, const char *name) {
    const size_t length = strlen(name);
    if (length == 0) return false; /* is found everywhere, and nothing comes behind it */
    for (const char *at = op->attributes; (at = strstr(at, name)); at += length)
        if ((at == op->attributes || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return false;
}

static clade_status check_operator(onnx_import *job, onnx_node *node) {
    const Onnx__NodeProto *proto = node->proto;
    bool other = false;
    if (proto->domain && *proto->domain && strcmp(proto->domain, "ai.onnx") != 0)
        return onnx_unsupported(job, node, "operators of the domain \"%.100s\" are not supported", proto->domain);
    node->op = onnx_find_operator(proto->op_type ? proto->op_type : "", node->opset, &other);
    if (!node->op)
        return onnx_unsupported(
            job, node, other ? "this operator is not supported in this opset" : "this operator is not supported");
    if (proto->n_input < node->op->least_inputs || proto->n_input > node->op->most_inputs)
        return onnx_wrong(job, node, "it has %zu inputs, but must have %zu to %zu", proto->n_input,
                          node->op->least_inputs, node->op->most_inputs);
    for (size_t i = 0; i < node->op->least_inputs; i++)
        if (!*proto->input[i]) return onnx_wrong(job, node, "its input %zu is left out", i);
    for (size_t i = 0; i < proto->n_attribute; i++) {
        const char *name = proto->attribute[i]->name ? proto->attribute[i]->name : "";
        if (!is_known_attribute(node->op, name))
            return onnx_unsupported(job, node, "its attribute \"%.100s\" is not supported", name);
    }
    for (size_t i = node->op->outputs; i < proto->n_output; i++)
        if (onnx_wants_output(job, node, i))
            return onnx_unsupported(job, node, "its output %zu, \"%.100s\", is not supported", i, proto->output[i]);
    return CLADE_OK;
}

/* ---- Building ----------------------------------------------------------------------------------------------------- */
static clade_status build_node(onnx_import *job, onnx_node *node) {
    bool usable = true, constant = true;
    FORWARD(check_operator(job, node));
    FORWARD(prepare_inputs(job, node, &usable, &constant));
    if (!usable) {
        refuse_outputs(job, node);
        return CLADE_OK;
    }
    if (node->lrn) return onnx_build_lrn_spelt_out(job, node);
    if (constant && node->op->fold) return node->op->fold(job, node);
    if (node->op->build) return node->op->build(job, node);
    return onnx_unsupported(job, node, "it is supported only for constants, and shapes are such");
}

/* What is not supported is noted, be it the node or a constant that it reads; anything else ends the import. */
static clade_status build_nodes(onnx_import *job) {
    for (size_t i = 0; i < job->node_count; i++) {
        onnx_node *node = &job->nodes[i];
        if (!node->needed) continue;
        const size_t noted = job->refused_nodes;
        base_hush(job->env);
        clade_status status = build_node(job, node);
        if (status == CLADE_ERROR_UNSUPPORTED && job->refused_nodes == noted) status = onnx_checked(job, node, status);
        base_speak(job->env, status == CLADE_ERROR_UNSUPPORTED ? CLADE_OK : status); /* those are for onnx_report */
        if (status != CLADE_OK && status != CLADE_ERROR_UNSUPPORTED) return status;
        if (status != CLADE_OK) refuse_outputs(job, node);
    }
    return CLADE_OK;
}

/* A model's output as a tensor of the graph. The node that is made for what was put off is the last to have a say. */
static clade_status add_output(onnx_import *job, const char *name) {
    onnx_value *value = onnx_find_value(job, name);
    if (value->state != ONNX_TENSOR)
        return io_refuse(job->file, CLADE_ERROR_UNSUPPORTED, "its output \"%.200s\" is a constant", name);
    clade_tensor tensor;
    const onnx_node *node = value->maker < 0 ? NULL : &job->nodes[value->maker];
    FORWARD(onnx_materialise(job, node, value, &tensor));
    return clade_graph_output(job->graph, tensor, name);
}

clade_status onnx_build(onnx_import *job) {
    FORWARD(build_nodes(job));
    FORWARD(onnx_report(job));
    for (size_t i = 0; i < job->model->n_output; i++) FORWARD(add_output(job, job->model->output[i]->name));
    return onnx_report(job);
}
