/* dot.c: a graph in Graphviz's language. Nodes are boxes with their operator and settings, edges carry shapes; inputs and
 * outputs are ovals. In a plan's graph a slice of a concat's memory is a dashed edge from the slice to the whole. */
#include "graph/graph.h"

#include <string.h>

/* Text inside double quotes: quotes and backslashes are escaped. */
static void add_quoted(base_text *text, const char *string) {
    for (const char *c = string; *c; c++)
        if (*c == '"' || *c == '\\')
            base_text_add(text, "\\%c", *c);
        else
            base_text_add(text, "%c", (unsigned char)*c < ' ' ? ' ' : *c);
}

/* The dot name of what makes a tensor: a node, a graph input, or a concat's result made of slices. */
static void add_source(const clade_graph *graph, clade_tensor tensor, base_text *text) {
    const int32_t producer = graph_tensor_of(graph, tensor)->producer;
    base_text_add(text, producer >= 0 ? "n%d" : "t%d", producer >= 0 ? producer : tensor.id);
}

static void add_edge(const clade_graph *graph, clade_tensor tensor, const char *target, int32_t number,
                     base_text *text) {
    char shape[BASE_SHAPE_TEXT];
    const graph_tensor *from = graph_tensor_of(graph, tensor);
    base_text_add(text, "  ");
    add_source(graph, tensor, text);
    base_text_add(text, " -> %s%d [label=\"%s", target, number, base_shape_text(&from->shape, shape, sizeof shape));
    if (from->block > 1) base_text_add(text, " c%d", from->block);
    base_text_add(text, "\"];\n");
}

static void add_node(const clade_graph *graph, size_t index, base_text *text) {
    const graph_node *node = &graph->nodes[index];
    base_text_add(text, "  n%zu [label=\"", index);
    add_quoted(text, node->name);
    base_text_add(text, "\\n%s", graph_op_table[node->op]->name);
    if (*node->words) {
        base_text_add(text, " ");
        add_quoted(text, node->words);
    }
    base_text_add(text, "\"];\n");
    for (size_t k = 0; k < node->input_count; k++) add_edge(graph, node->inputs[k], "n", (int32_t)index, text);
}

/* Inputs, and results of concats that passes have taken apart into slices. */
static void add_tensor(const clade_graph *graph, size_t index, base_text *text) {
    const graph_tensor *tensor = &graph->tensors[index];
    if (tensor->dead || tensor->kind == CLADE_TENSOR_PARAMETER) return;
    if (tensor->producer < 0) {
        base_text_add(text, "  t%zu [shape=%s label=\"", index, tensor->kind == CLADE_TENSOR_INPUT ? "oval" : "folder");
        add_quoted(text, tensor->name);
        base_text_add(text, "\"];\n");
    }
    if (!graph_is_tensor(tensor->parent)) return;
    base_text_add(text, "  ");
    add_source(graph, (clade_tensor){(int32_t)index}, text);
    base_text_add(text, " -> ");
    add_source(graph, tensor->parent, text);
    base_text_add(text, " [style=dashed label=\"from channel %lld\"];\n", (long long)tensor->parent_channel);
}

clade_status clade_graph_write_dot(const clade_graph *graph, clade_write_callback write, void *user) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!write) return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to write a graph: write is NULL");
    base_text text = {.env = graph->env};
    base_text_add(&text, "digraph clade {\n  node [shape=box fontname=\"sans-serif\" fontsize=10];\n"
                         "  edge [fontname=\"sans-serif\" fontsize=8];\n");
    for (size_t i = 0; i < graph->tensor_count; i++) add_tensor(graph, i, &text);
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].dead) add_node(graph, i, &text);
    for (size_t i = 0; i < graph->output_count; i++) {
        base_text_add(&text, "  o%zu [shape=oval label=\"", i);
        add_quoted(&text, graph->outputs[i].name);
        base_text_add(&text, "\"];\n");
        add_edge(graph, graph->outputs[i].tensor, "o", (int32_t)i, &text);
    }
    base_text_add(&text, "}\n");
    clade_status status = CLADE_OK;
    if (text.failed)
        status = base_fail_memory(graph->env, text.length, "a graph's text");
    else if (!write(user, text.data, text.length))
        status = base_fail(graph->env, CLADE_ERROR_IO, "failed to write a graph of %zu nodes: the receiver stopped",
                           graph->node_count);
    base_text_free(&text);
    return status;
}
