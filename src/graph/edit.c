/* edit.c: what passes do to a graph: clone it, replace, remove and derive, and put it in order again. */
#include "graph/graph.h"
#include "rt/context.h"

#include <string.h>

/* ---- Clone ---------------------------------------------------------------------------------------------------------- */

static clade_status clone_tensors(const clade_graph *graph, clade_graph *clone) {
    clone->tensors = base_allocate_zero(clone->env, graph->tensor_count, sizeof *clone->tensors);
    if (!clone->tensors) return base_fail_memory(clone->env, graph->tensor_count * sizeof *clone->tensors, "a clone");
    clone->tensor_capacity = graph->tensor_count;
    for (size_t i = 0; i < graph->tensor_count; i++) {
        graph_tensor copy = graph->tensors[i];
        if (!(copy.name = base_copy_string(clone->env, copy.name)))
            return base_fail_memory(clone->env, strlen(graph->tensors[i].name), "a clone's names");
        if (copy.value) atomic_fetch_add(&copy.value->references, 1);
        const int32_t id = (int32_t)clone->tensor_count;
        clone->tensors[clone->tensor_count++] = copy;
        if (!copy.dead && !base_names_add(clone->env, &clone->names, copy.name, id))
            return base_fail_memory(clone->env, graph->names.capacity * sizeof *graph->names.slots, "a clone's names");
    }
    return CLADE_OK;
}

static clade_status clone_nodes(const clade_graph *graph, clade_graph *clone) {
    clone->nodes = base_allocate_zero(clone->env, graph->node_count, sizeof *clone->nodes);
    if (!clone->nodes) return base_fail_memory(clone->env, graph->node_count * sizeof *clone->nodes, "a clone");
    clone->node_capacity = graph->node_count;
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        graph_node *copy = &clone->nodes[clone->node_count++]; /* counted at once, so that destroy sees what it owns */
        *copy = *node;
        copy->name = base_copy_string(clone->env, node->name);
        copy->words = base_copy_string(clone->env, node->words);
        copy->inputs = base_allocate_zero(clone->env, node->input_count, sizeof *node->inputs);
        if (!copy->name || !copy->words || !copy->inputs) return base_fail_memory(clone->env, sizeof *node, "a clone");
        memcpy(copy->inputs, node->inputs, node->input_count * sizeof *node->inputs);
    }
    return CLADE_OK;
}

static clade_status clone_interface(const clade_graph *graph, clade_graph *clone) {
    base_env *env = clone->env;
    clone->inputs = base_allocate_zero(env, graph->input_count, sizeof *clone->inputs);
    clone->outputs = base_allocate_zero(env, graph->output_count, sizeof *clone->outputs);
    clone->attachments = base_allocate_zero(env, graph->attachment_count, sizeof *clone->attachments);
    if (!clone->inputs || !clone->outputs || !clone->attachments)
        return base_fail_memory(env, graph->output_count * sizeof *clone->outputs, "a clone");
    if (graph->input_count) memcpy(clone->inputs, graph->inputs, graph->input_count * sizeof *clone->inputs);
    clone->input_count = clone->input_capacity = graph->input_count;
    clone->output_capacity = graph->output_count;
    for (size_t i = 0; i < graph->output_count; i++) {
        char *name = base_copy_string(env, graph->outputs[i].name);
        if (!name) return base_fail_memory(env, strlen(graph->outputs[i].name), "a clone's names");
        clone->outputs[clone->output_count++] = (graph_output){.name = name, .tensor = graph->outputs[i].tensor};
    }
    clone->attachment_capacity = graph->attachment_count;
    for (size_t i = 0; i < graph->attachment_count; i++) {
        atomic_fetch_add(&graph->attachments[i]->references, 1);
        clone->attachments[clone->attachment_count++] = graph->attachments[i];
    }
    return CLADE_OK;
}

clade_status graph_clone(const clade_graph *graph, clade_graph **clone_out) {
    *clone_out = NULL;
    clade_graph *clone = NULL;
    FORWARD(clade_graph_create(graph->context, &clone));
    clade_status status = clone_tensors(graph, clone);
    if (status == CLADE_OK) status = clone_nodes(graph, clone);
    if (status == CLADE_OK) status = clone_interface(graph, clone);
    if (status != CLADE_OK) clade_graph_destroy(&clone);
    *clone_out = clone;
    return status;
}

clade_status graph_set_batch(clade_graph *graph, int64_t batch) {
    for (size_t i = 0; i < graph->input_count; i++) {
        clade_shape *shape = &graph_tensor_of(graph, graph->inputs[i])->shape;
        if (shape->dims[0] == CLADE_BATCH) shape->dims[0] = batch;
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        clade_shape shape;
        int64_t elements = 0;
        FORWARD(graph_op_table[node->op]->infer(graph, node, &shape));
        if (!base_shape_elements(&shape, &elements) || elements > INT64_MAX / 64)
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "with a batch of %lld its result would be too large",
                                (long long)batch);
        graph_tensor_of(graph, node->output)->shape = shape;
    }
    return CLADE_OK;
}

/* ---- Uses ------------------------------------------------------------------------------------------------------------ */

void graph_replace_uses(clade_graph *graph, clade_tensor from, clade_tensor to) {
    for (size_t i = 0; i < graph->node_count; i++) {
        graph_node *node = &graph->nodes[i];
        for (size_t k = 0; !node->dead && k < node->input_count; k++)
            if (node->inputs[k].id == from.id) node->inputs[k] = to;
    }
    for (size_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i].tensor.id == from.id) graph->outputs[i].tensor = to;
}

graph_node *graph_single_user(const clade_graph *graph, clade_tensor tensor) {
    graph_node *user = NULL;
    for (size_t i = 0; i < graph->node_count; i++) {
        graph_node *node = &graph->nodes[i];
        for (size_t k = 0; !node->dead && k < node->input_count; k++) {
            if (node->inputs[k].id != tensor.id) continue;
            if (user) return NULL;
            user = node;
        }
    }
    return graph_is_output(graph, tensor) ? NULL : user;
}

bool graph_is_output(const clade_graph *graph, clade_tensor tensor) {
    for (size_t i = 0; i < graph->output_count; i++)
        if (graph->outputs[i].tensor.id == tensor.id) return true;
    return false;
}

bool graph_has_given_parameters(const clade_graph *graph, const graph_node *node) {
    for (int k = 0; k < GRAPH_MAX_PARAMETERS; k++) {
        const clade_tensor parameter = node->parameters[k];
        if (graph_is_tensor(parameter)) return graph_tensor_of(graph, parameter)->kind != CLADE_TENSOR_PARAMETER;
    }
    return false;
}

graph_node *graph_producer(const clade_graph *graph, clade_tensor tensor) {
    const int32_t producer = graph_tensor_of(graph, tensor)->producer;
    return producer < 0 ? NULL : &graph->nodes[producer];
}

/* ---- Nodes and parameters ---------------------------------------------------------------------------------------------- */

void graph_remove(clade_graph *graph, graph_node *node) {
    graph_tensor *output = graph_tensor_of(graph, node->output);
    node->dead = output->dead = true;
    base_names_remove(&graph->names, output->name, node->output.id);
}

/* Backwards, so that what only an unused node reads is unused in its turn. */
clade_status graph_remove_unused(clade_graph *graph) {
    size_t *uses = base_allocate_zero(graph->env, graph->tensor_count, sizeof *uses);
    if (!uses) return base_fail_memory(graph->env, graph->tensor_count * sizeof *uses, "counting uses");
    for (size_t i = 0; i < graph->output_count; i++) uses[graph->outputs[i].tensor.id]++;
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        for (size_t k = 0; !node->dead && k < node->input_count; k++) uses[node->inputs[k].id]++;
    }
    for (size_t i = graph->node_count; i-- > 0;) {
        graph_node *node = &graph->nodes[i];
        if (node->dead || uses[node->output.id] > 0) continue;
        graph_remove(graph, node);
        for (size_t k = 0; k < node->input_count; k++) uses[node->inputs[k].id]--;
    }
    base_free(graph->env, uses);
    return CLADE_OK;
}

clade_status graph_derive(clade_graph *graph, const char *name, const clade_shape *shape, graph_derivation derivation,
                          const clade_tensor sources[3], double constant, clade_tensor *parameter_out) {
    FORWARD(graph_add_tensor(graph, name, CLADE_TENSOR_PARAMETER, shape, GRAPH_NO_ID, parameter_out));
    graph_tensor *tensor = graph_tensor_of(graph, *parameter_out);
    tensor->derivation = derivation;
    memcpy(tensor->sources, sources, sizeof tensor->sources);
    tensor->constant = constant;
    return CLADE_OK;
}

clade_status graph_append_input(clade_graph *graph, graph_node *node, clade_tensor input) {
    const size_t count = node->input_count;
    clade_tensor *inputs = base_allocate_zero(graph->env, count + 1, sizeof *inputs);
    if (!inputs) return base_fail_memory(graph->env, (count + 1) * sizeof *inputs, "a node's inputs");
    memcpy(inputs, node->inputs, count * sizeof *inputs);
    inputs[count] = input;
    base_free(graph->env, node->inputs);
    node->inputs = inputs;
    node->input_count = count + 1;
    return CLADE_OK;
}
