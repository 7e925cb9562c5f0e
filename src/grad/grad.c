/* grad.c: the walk backwards through a network, and what the rules share. */
#include "grad/grad.h"

#include <string.h>

/* ---- Help for rules ------------------------------------------------------------------------------------------------------------ */

bool grad_is_needed(const grad_builder *b, clade_tensor tensor) {
    return graph_is_tensor(tensor) && (size_t)tensor.id < b->tensor_count && b->needed[tensor.id];
}

clade_status grad_add_many(grad_builder *b, graph_op op, const graph_attributes *attributes, const char *name,
                           const clade_tensor *inputs, size_t count, clade_tensor *output_out) {
    graph_new_node node = {.op = op, .name = name, .inputs = inputs, .input_count = count};
    if (attributes) node.attributes = *attributes;
    FORWARD(graph_add(b->graph, &node, output_out));
    return CLADE_OK;
}

clade_status grad_add(grad_builder *b, graph_op op, const graph_attributes *attributes, const char *name,
                      clade_tensor first, clade_tensor second, clade_tensor *output_out) {
    const clade_tensor inputs[2] = {first, second};
    return grad_add_many(b, op, attributes, name, inputs, graph_is_tensor(second) ? 2 : 1, output_out);
}

/* "OF gradient", or NULL, which has a name made up, when that is taken: by the first of several that are added up. */
static clade_status name_of_gradient(const grad_builder *b, clade_tensor of, char **name_out) {
    char *name = base_format(b->graph->env, "%s gradient", graph_tensor_of(b->graph, of)->name);
    if (!name) return base_fail_memory(b->graph->env, 32, "the name of a gradient");
    clade_tensor same = GRAPH_NO_TENSOR;
    for (size_t i = b->tensor_count; i < b->graph->tensor_count && !graph_is_tensor(same); i++)
        if (strcmp(b->graph->tensors[i].name, name) == 0) same.id = (int32_t)i;
    if (graph_is_tensor(same)) {
        base_free(b->graph->env, name);
        name = NULL;
    }
    *name_out = name;
    return CLADE_OK;
}

clade_status grad_give_tensor(grad_builder *b, clade_tensor of, clade_tensor gradient) {
    clade_tensor *known = &b->gradients[of.id];
    if (!graph_is_tensor(*known)) {
        *known = gradient;
        return CLADE_OK;
    }
    const graph_attributes add = {.binary = {.kind = CLADE_ADD}};
    return grad_add(b, GRAPH_OP_binary, &add, NULL, *known, gradient, known);
}

clade_status grad_give(grad_builder *b, clade_tensor of, graph_op op, const graph_attributes *attributes,
                       const clade_tensor *inputs, size_t count) {
    char *name = NULL;
    clade_tensor gradient;
    FORWARD(name_of_gradient(b, of, &name));
    const clade_status status = grad_add_many(b, op, attributes, name, inputs, count, &gradient);
    base_free(b->graph->env, name);
    FORWARD(status);
    return grad_give_tensor(b, of, gradient);
}

clade_status grad_reshape(grad_builder *b, clade_tensor tensor, const clade_shape *shape, clade_tensor *output_out) {
    *output_out = tensor;
    if (base_shape_equal(graph_shape_of(b->graph, tensor), shape)) return CLADE_OK;
    const graph_attributes reshape = {.reshape = {.shape = *shape}};
    return grad_add(b, GRAPH_OP_reshape, &reshape, NULL, tensor, GRAPH_NO_TENSOR, output_out);
}

clade_status grad_before_activation(grad_builder *b, const graph_node *node, clade_activation activation, float slope,
                                    clade_tensor dy, clade_tensor *before_out) {
    *before_out = dy;
    if (activation == CLADE_ACTIVATION_NONE) return CLADE_OK;
    if (activation == CLADE_LEAKY_RELU && slope < 0) /* what it gave does not tell on which side of 0 it was */
        return base_fail(
            b->graph->env, CLADE_ERROR_UNSUPPORTED,
            "failed to train through \"%s\": of a leaky relu whose slope is negative, %g, only a node of its own has a "
            "gradient",
            node->name, (double)slope);
    const graph_attributes attributes = {.activation_gradient = {.kind = activation, .slope = slope}};
    return grad_add(b, GRAPH_OP_activation_gradient, &attributes, NULL, dy, node->output, before_out);
}

/* ---- The walk ------------------------------------------------------------------------------------------------------------------ */

/* A node's result depends on what is wanted when one of its operands does. */
static bool depends(const grad_builder *b, const graph_node *node) {
    for (size_t i = 0; i < node->input_count; i++)
        if (b->needed[node->inputs[i].id]) return true;
    for (int k = 0; k < GRAPH_MAX_PARAMETERS; k++)
        if (graph_is_tensor(node->parameters[k]) && b->needed[node->parameters[k].id]) return true;
    return false;
}

static clade_status walk(grad_builder *b, size_t node_count) {
    for (size_t i = node_count; i-- > 0;) {
        const graph_node node = b->graph->nodes[i];
        const clade_tensor dy = b->gradients[node.output.id];
        if (node.dead || !graph_is_tensor(dy) || !b->needed[node.output.id]) continue;
        const grad_rule rule = grad_table[node.op];
        if (!rule)
            return base_fail(b->graph->env, CLADE_ERROR_UNSUPPORTED,
                             "failed to train through %s \"%s\": it has no gradient", graph_op_table[node.op]->name,
                             node.name);
        FORWARD(rule(b, &node, dy));
    }
    return CLADE_OK;
}

clade_status grad_backward(clade_graph *graph, const clade_tensor *of, const clade_tensor *seeds, size_t count,
                           const clade_tensor *wanted, size_t wanted_count, clade_tensor *gradients_out) {
    base_env *env = graph->env;
    const size_t nodes = graph->node_count;
    grad_builder b = {.graph = graph, .tensor_count = graph->tensor_count};
    b.needed = base_allocate_zero(env, b.tensor_count, sizeof *b.needed);
    b.gradients = base_allocate_zero(env, b.tensor_count, sizeof *b.gradients);
    clade_status status = CLADE_OK;
    if (!b.needed || !b.gradients) {
        status = base_fail_memory(env, b.tensor_count * sizeof *b.gradients, "the gradients of a graph");
        goto done;
    }
    for (size_t i = 0; i < b.tensor_count; i++) b.gradients[i] = GRAPH_NO_TENSOR;
    for (size_t i = 0; i < wanted_count; i++) b.needed[wanted[i].id] = 1;
    for (size_t i = 0; i < nodes; i++)
        if (!graph->nodes[i].dead && depends(&b, &graph->nodes[i])) b.needed[graph->nodes[i].output.id] = 1;
    for (size_t i = 0; status == CLADE_OK && i < count; i++)
        if (b.needed[of[i].id]) status = grad_give_tensor(&b, of[i], seeds[i]);
    if (status == CLADE_OK) status = walk(&b, nodes);
    for (size_t i = 0; i < wanted_count; i++) gradients_out[i] = b.gradients[wanted[i].id];
done:
    base_free(env, b.needed);
    base_free(env, b.gradients);
    return status;
}
