/* onnx_names.c: the names of a model: values by name, nodes in order, and which of them its outputs need. */
#include "io/onnx.h"

#include <stdlib.h>
#include <string.h>

/* More than any network of layers has; bounds the time, which grows with the square. */
enum { MOST_NODES = 1 << 15, MOST_VALUES = 1 << 18 };

/* Sorted by name; an input, which an initializer of its name gives a default, comes first. */
static int compare_values(const void *a, const void *b) {
    const onnx_value *left = a, *right = b;
    const int order = strcmp(left->name, right->name);
    if (order != 0) return order;
    if (left->maker != right->maker) return left->maker < right->maker ? -1 : 1;
    return (left->initializer != NULL) - (right->initializer != NULL);
}

static void add_value(onnx_import *job, const char *name, int64_t maker, const Onnx__TensorProto *initializer) {
    if (!name || !*name) return; /* an output that nobody wants; others are refused where they are looked for */
    job->values[job->value_count++] = (onnx_value){.name = name,
                                                   .maker = maker,
                                                   .initializer = initializer,
                                                   .elements = job->file->data,
                                                   .tensor = {-1},
                                                   .plain = {-1}};
}

/* Makes one value of an input and its default; any other name that stands twice is an error. */
static clade_status merge_values(onnx_import *job) {
    size_t kept = 0;
    for (size_t i = 0; i < job->value_count; i++) {
        onnx_value *last = kept ? &job->values[kept - 1] : NULL;
        if (!last || strcmp(last->name, job->values[i].name) != 0) {
            job->values[kept++] = job->values[i];
            continue;
        }
        if (last->maker >= 0 || job->values[i].maker >= 0 || last->initializer || !job->values[i].initializer)
            return io_refuse(job->file, CLADE_ERROR_FORMAT, "the name \"%.200s\" is given to two values", last->name);
        last->initializer = job->values[i].initializer;
    }
    job->value_count = kept;
    return CLADE_OK;
}

/* Names are shown to people: what would move the cursor of a terminal is in none that a program means. */
static clade_status check_name(const onnx_import *job, const char *name) {
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return io_refuse(job->file, CLADE_ERROR_FORMAT,
                             "a name in it, \"%.200s\", has the control character %d behind %zu others", name, *c,
                             (size_t)(c - name));
    return CLADE_OK;
}

static clade_status collect_values(onnx_import *job) {
    const Onnx__GraphProto *model = job->model;
    size_t count = model->n_input + model->n_initializer;
    for (size_t i = 0; i < model->n_node; i++) count += model->node[i]->n_output;
    if (count > MOST_VALUES)
        return io_refuse(job->file, CLADE_ERROR_FORMAT, "it has %zu values, at most %d are accepted", count,
                         MOST_VALUES);
    job->values = base_allocate_zero(job->env, count, sizeof *job->values);
    if (!job->values) return base_fail_memory(job->env, count * sizeof *job->values, "an ONNX model");
    for (size_t i = 0; i < model->n_input; i++) add_value(job, model->input[i]->name, -1, NULL);
    for (size_t i = 0; i < model->n_initializer; i++)
        add_value(job, model->initializer[i]->name, -1, model->initializer[i]);
    for (size_t i = 0; i < model->n_node; i++)
        for (size_t j = 0; j < model->node[i]->n_output; j++)
            add_value(job, model->node[i]->output[j], (int64_t)i, NULL);
    for (size_t i = 0; i < job->value_count; i++) FORWARD(check_name(job, job->values[i].name));
    qsort(job->values, job->value_count, sizeof *job->values, compare_values);
    return merge_values(job);
}

/* Nodes must come after those that make their inputs, so there can be no cycles. */
static clade_status check_inputs(onnx_import *job, size_t index) {
    const onnx_node *node = &job->nodes[index];
    for (size_t i = 0; i < node->proto->n_input; i++) {
        const char *name = node->proto->input[i];
        const onnx_value *value = onnx_find_value(job, name);
        if (!*name) continue;
        if (!value)
            return onnx_wrong(job, node, "its input \"%.200s\" is made by no node, and no input or initializer", name);
        if (value->maker >= (int64_t)index)
            return onnx_wrong(
                job, node,
                "its input \"%.200s\" is made by itself or a later node, \"%.100s\": nodes must be in order, "
                "without cycles",
                name, onnx_node_name(&job->nodes[value->maker]));
    }
    return CLADE_OK;
}

static clade_status collect_nodes(onnx_import *job) {
    const size_t count = job->model->n_node;
    if (count > MOST_NODES)
        return io_refuse(job->file, CLADE_ERROR_FORMAT, "it has %zu nodes, at most %d are accepted", count, MOST_NODES);
    job->nodes = base_allocate_zero(job->env, count, sizeof *job->nodes);
    if (!job->nodes) return base_fail_memory(job->env, count * sizeof *job->nodes, "an ONNX model");
    job->node_count = count;
    for (size_t i = 0; i < count; i++) job->nodes[i] = (onnx_node){.proto = job->model->node[i], .opset = job->opset};
    for (size_t i = 0; i < count; i++) FORWARD(check_inputs(job, i));
    return CLADE_OK;
}

static void need(onnx_import *job, const char *name) {
    onnx_value *value = onnx_find_value(job, name);
    if (!value) return;
    value->needed = true;
    if (value->maker >= 0) job->nodes[value->maker].needed = true;
}

clade_status onnx_collect(onnx_import *job) {
    FORWARD(collect_values(job));
    return collect_nodes(job);
}

clade_status onnx_mark_needed(onnx_import *job) {
    const Onnx__GraphProto *model = job->model;
    if (model->n_output == 0) return io_refuse(job->file, CLADE_ERROR_FORMAT, "it has no outputs");
    for (size_t i = 0; i < model->n_output; i++) {
        const char *name = model->output[i]->name;
        if (!name || !onnx_find_value(job, name))
            return io_refuse(job->file, CLADE_ERROR_FORMAT, "its output \"%.200s\" is made by no node",
                             name ? name : "");
        need(job, name);
    }
    for (size_t i = job->node_count; i-- > 0;) {
        const onnx_node *node = &job->nodes[i];
        for (size_t j = 0; node->needed && j < (node->lrn ? 1 : node->proto->n_input); j++)
            need(job, node->proto->input[j]);
    }
    return CLADE_OK;
}

bool onnx_wants_output(const onnx_import *job, const onnx_node *node, size_t index) {
    const onnx_value *value = onnx_output(job, node, index);
    return value && value->needed;
}
