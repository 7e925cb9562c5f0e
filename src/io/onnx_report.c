/* onnx_report.c: what is wrong with a node, and the list of all that is not supported. */
#include "io/onnx.h"

#include <string.h>

enum { REASON_SIZE = 512, NODES_SHOWN = 3, KINDS_SHOWN = 6 };

/* Nodes of one operator and opset that are refused for one reason. */
struct onnx_refusal {
    const char *op; /* the model's */
    int64_t opset;
    char *reason;
    base_text nodes; /* the first few names */
    size_t count;
};

const char *onnx_node_name(const onnx_node *node) {
    const Onnx__NodeProto *proto = node->proto;
    if (proto->name && *proto->name) return proto->name;
    return proto->n_output ? proto->output[0] : "";
}

static const char *op_of(const onnx_node *node) { return node->proto->op_type ? node->proto->op_type : ""; }

clade_status onnx_wrong(const onnx_import *job, const onnx_node *node, const char *reason, ...) {
    char text[REASON_SIZE];
    va_list arguments;
    va_start(arguments, reason);
    vsnprintf(text, sizeof text, reason, arguments);
    va_end(arguments);
    return io_refuse(job->file, CLADE_ERROR_FORMAT, "its node \"%.200s\" (%.100s-%lld): %s", onnx_node_name(node),
                     op_of(node), (long long)node->opset, text);
}

static onnx_refusal *find_refusal(onnx_import *job, const onnx_node *node, const char *reason) {
    for (size_t i = 0; i < job->refusal_count; i++) {
        onnx_refusal *r = &job->refusals[i];
        if (r->opset == node->opset && strcmp(r->op, op_of(node)) == 0 && strcmp(r->reason, reason) == 0) return r;
    }
    if (!base_grow(job->env, &job->refusals, sizeof *job->refusals, job->refusal_count, &job->refusal_capacity))
        return NULL;
    char *copy = base_copy_string(job->env, reason);
    if (!copy) return NULL;
    onnx_refusal *r = &job->refusals[job->refusal_count++];
    *r = (onnx_refusal){.op = op_of(node), .opset = node->opset, .reason = copy, .nodes = {.env = job->env}};
    return r;
}

/* Reasons differ by their numbers; a hostile model may have as many as nodes. */
enum { MOST_KINDS = 64 };

clade_status onnx_unsupported(onnx_import *job, const onnx_node *node, const char *reason, ...) {
    char text[REASON_SIZE];
    va_list arguments;
    va_start(arguments, reason);
    vsnprintf(text, sizeof text, reason, arguments);
    va_end(arguments);
    base_log(job->env, CLADE_LOG_INFO, "ONNX model \"%s\": node \"%s\" (%s-%lld) is not supported: %s", job->file->path,
             onnx_node_name(node), op_of(node), (long long)node->opset, text);
    job->refused_nodes++;
    if (job->refusal_count >= MOST_KINDS) return CLADE_ERROR_UNSUPPORTED;
    onnx_refusal *r = find_refusal(job, node, text);
    if (!r) return base_fail_memory(job->env, sizeof *r, "a list of what is not supported");
    if (r->count++ < NODES_SHOWN)
        base_text_add(&r->nodes, "%s\"%.80s\"", r->count > 1 ? ", " : "", onnx_node_name(node));
    return CLADE_ERROR_UNSUPPORTED;
}

clade_status onnx_checked(onnx_import *job, const onnx_node *node, clade_status status) {
    if (status == CLADE_OK || status == CLADE_ERROR_OUT_OF_MEMORY || status == CLADE_ERROR_INTERNAL) return status;
    char reason[REASON_SIZE], prefix[REASON_SIZE]; /* of io_refuse, which the list of all refusals has too */
    clade_context_message(job->context, reason, sizeof reason);
    snprintf(prefix, sizeof prefix, "failed to read %s \"%s\": ", job->file->kind, job->file->path);
    const bool twice = strncmp(reason, prefix, strlen(prefix)) == 0;
    return onnx_unsupported(job, node, "%s", twice ? reason + strlen(prefix) : reason);
}

clade_status onnx_report(onnx_import *job) {
    if (job->refused_nodes == 0) return CLADE_OK;
    base_text list = {.env = job->env};
    for (size_t i = 0; i < job->refusal_count && i < KINDS_SHOWN; i++) {
        const onnx_refusal *r = &job->refusals[i];
        base_text_add(&list, "%s%.60s-%lld %s", i ? "; " : "", r->op, (long long)r->opset,
                      r->nodes.data ? r->nodes.data : "");
        if (r->count > NODES_SHOWN) base_text_add(&list, " and %zu more", r->count - NODES_SHOWN);
        base_text_add(&list, ": %.200s", r->reason);
    }
    if (job->refusal_count > KINDS_SHOWN)
        base_text_add(&list, "; and %zu more kinds", job->refusal_count - KINDS_SHOWN);
    const clade_status status =
        base_fail(job->env, CLADE_ERROR_UNSUPPORTED,
                  "failed to read ONNX model \"%s\": %zu of its %zu nodes are not supported: %s", job->file->path,
                  job->refused_nodes, job->node_count, list.data ? list.data : "");
    base_text_free(&list);
    return status;
}

void onnx_report_free(onnx_import *job) {
    for (size_t i = 0; i < job->refusal_count; i++) {
        base_free(job->env, job->refusals[i].reason);
        base_text_free(&job->refusals[i].nodes);
    }
    base_free(job->env, job->refusals);
}
