/* look.c: looking at a graph through the public API. */
#include "graph/graph.h"

clade_context *clade_graph_context(const clade_graph *graph) { return graph ? graph->context : NULL; }

size_t clade_graph_node_count(const clade_graph *graph) { return graph ? graph->node_count : 0; }
size_t clade_graph_input_count(const clade_graph *graph) { return graph ? graph->input_count : 0; }
size_t clade_graph_output_count(const clade_graph *graph) { return graph ? graph->output_count : 0; }

/* Parameters that carry or await values; derived ones are the compiler's own. */
static bool is_parameter(const graph_tensor *tensor) {
    return tensor->kind == CLADE_TENSOR_PARAMETER && tensor->derivation == GRAPH_GIVEN && !tensor->dead;
}

size_t clade_graph_parameter_count(const clade_graph *graph) {
    size_t count = 0;
    for (size_t i = 0; graph && i < graph->tensor_count; i++) count += is_parameter(&graph->tensors[i]);
    return count;
}

/* The commonest refusals of this file. */
static clade_status check_index(const clade_graph *graph, const char *what, size_t index, size_t count,
                                const void *out) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!out)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to describe %s: the result is NULL", what);
    if (index >= count)
        return base_fail(graph->env, CLADE_ERROR_NOT_FOUND, "failed to describe %s %zu: the graph has %zu", what, index,
                         count);
    return CLADE_OK;
}

/* Whether the settings say all about a node, as they do in the caller's graphs. */
static bool is_as_added(const graph_node *node) {
    const bool many = node->op == GRAPH_OP_concat || node->op == GRAPH_OP_binary;
    const bool biased_pool = node->op == GRAPH_OP_pool && graph_is_tensor(node->parameters[GRAPH_BIAS]);
    return node->op != GRAPH_OP_reorder && (many || node->input_count == 1) && !biased_pool &&
           node->pool_activation == CLADE_ACTIVATION_NONE && node->linear_channels == 0 && node->concat_align == 0;
}

clade_status clade_graph_node(const clade_graph *graph, size_t index, clade_node_info *info_out) {
    FORWARD(check_index(graph, "node", index, clade_graph_node_count(graph), info_out));
    const graph_node *node = &graph->nodes[index];
    const graph_op_info *op = graph_op_table[node->op];
    *info_out = (clade_node_info){.name = node->name,
                                  .op = op->name,
                                  .settings = node->words,
                                  .inputs = node->inputs,
                                  .input_count = node->input_count,
                                  .output = node->output,
                                  .attributes = is_as_added(node) ? &node->attributes : NULL,
                                  .multiply_adds = op->multiply_adds ? op->multiply_adds(graph, node) : 0};
    for (int i = 0; i < GRAPH_MAX_PARAMETERS; i++)
        if (graph_is_tensor(node->parameters[i]))
            info_out->parameters[info_out->parameter_count++] = node->parameters[i];
    return CLADE_OK;
}

clade_status clade_graph_input_at(const clade_graph *graph, size_t index, clade_tensor *tensor_out) {
    FORWARD(check_index(graph, "input", index, clade_graph_input_count(graph), tensor_out));
    *tensor_out = graph->inputs[index];
    return CLADE_OK;
}

clade_status clade_graph_output_at(const clade_graph *graph, size_t index, clade_tensor *tensor_out,
                                   const char **name_out) {
    FORWARD(check_index(graph, "output", index, clade_graph_output_count(graph), tensor_out));
    *tensor_out = graph->outputs[index].tensor;
    if (name_out) *name_out = graph->outputs[index].name;
    return CLADE_OK;
}

clade_status clade_graph_parameter_at(const clade_graph *graph, size_t index, clade_tensor *tensor_out) {
    FORWARD(check_index(graph, "parameter", index, clade_graph_parameter_count(graph), tensor_out));
    for (size_t i = 0;; i++) {
        if (!is_parameter(&graph->tensors[i])) continue;
        if (index-- > 0) continue;
        *tensor_out = (clade_tensor){(int32_t)i};
        return CLADE_OK;
    }
}

clade_status clade_graph_tensor(const clade_graph *graph, clade_tensor tensor, clade_tensor_info *info_out) {
    const size_t index = tensor.id < 0 ? SIZE_MAX : (size_t)tensor.id;
    FORWARD(check_index(graph, "tensor", index, graph ? graph->tensor_count : 0, info_out));
    const graph_tensor *found = graph_tensor_of(graph, tensor);
    *info_out = (clade_tensor_info){.name = found->name,
                                    .kind = found->kind,
                                    .shape = found->shape,
                                    .has_value = found->value != NULL,
                                    .block = found->block,
                                    .parent = found->parent,
                                    .parent_channel = found->parent_channel};
    return CLADE_OK;
}

clade_status clade_graph_find_tensor(const clade_graph *graph, const char *name, clade_tensor *tensor_out) {
    if (tensor_out) *tensor_out = GRAPH_NO_TENSOR;
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!name || !tensor_out)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to find a tensor: name or tensor_out is NULL");
    tensor_out->id = base_names_find(&graph->names, name);
    if (graph_is_tensor(*tensor_out)) return CLADE_OK;
    return base_fail(graph->env, CLADE_ERROR_NOT_FOUND, "failed to find tensor \"%s\": the graph has none of that name",
                     name);
}
