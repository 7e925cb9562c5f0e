/* compact.c: drops what is dead or unused, and puts nodes into execution order.
 *
 * The order is that of a depth-first walk that starts from the nodes in the order they stand: an order that is right already
 * does not change. A node comes after the producers of its inputs and, where an input's memory is made of slices (concat
 * without copies), after the producers of those. The walk keeps its own stack: graphs may be deep.
 *
 * What nodes read is needed, what they make, and the slices of it that make up other tensors. */
#include "graph/graph.h"

#include <string.h>

typedef enum mark { UNSEEN, ON_STACK, DONE } mark;

typedef struct sorter {
    const clade_graph *graph;
    int32_t *first_slice, *next_slice; /* tensors whose parent a tensor is, as a list */
    unsigned char *marks;              /* of nodes */
    int32_t *stack;
    size_t depth;
    int32_t *order; /* result: node ids */
    size_t count;
} sorter;

/* A node that makes `tensor` or a slice of it and is not done yet, or -1. Slices nest at most as deep as concats do. */
static int32_t pending_producer(const sorter *s, int32_t tensor) {
    const int32_t producer = s->graph->tensors[tensor].producer;
    if (producer >= 0 && !s->graph->nodes[producer].dead && s->marks[producer] != DONE) return producer;
    for (int32_t slice = s->first_slice[tensor]; slice >= 0; slice = s->next_slice[slice]) {
        const int32_t pending = pending_producer(s, slice);
        if (pending >= 0) return pending;
    }
    return GRAPH_NO_ID;
}

static int32_t pending_input(const sorter *s, const graph_node *node) {
    for (size_t k = 0; k < node->input_count; k++) {
        const int32_t pending = pending_producer(s, node->inputs[k].id);
        if (pending >= 0) return pending;
    }
    return GRAPH_NO_ID;
}

static clade_status sort_nodes(sorter *s) {
    for (size_t root = 0; root < s->graph->node_count; root++) {
        if (s->graph->nodes[root].dead || s->marks[root] == DONE) continue;
        s->stack[s->depth++] = (int32_t)root;
        s->marks[root] = ON_STACK;
        while (s->depth > 0) {
            const int32_t id = s->stack[s->depth - 1];
            const int32_t pending = pending_input(s, &s->graph->nodes[id]);
            if (pending < 0) {
                s->marks[id] = DONE;
                s->order[s->count++] = id;
                s->depth--;
            } else if (s->marks[pending] == ON_STACK) {
                return base_fail(s->graph->env, CLADE_ERROR_INTERNAL,
                                 "failed to order the graph: node \"%s\" depends on itself",
                                 s->graph->nodes[pending].name);
            } else {
                s->marks[pending] = ON_STACK;
                s->stack[s->depth++] = pending;
            }
        }
    }
    return CLADE_OK;
}

/* Marks a parameter and what it is derived from. */
static void need_parameter(const clade_graph *graph, clade_tensor parameter, unsigned char *needed) {
    if (!graph_is_tensor(parameter) || needed[parameter.id]) return;
    needed[parameter.id] = 1;
    for (int i = 0; i < 3; i++) need_parameter(graph, graph_tensor_of(graph, parameter)->sources[i], needed);
}

static void need_activation(const clade_graph *graph, clade_tensor tensor, unsigned char *needed) {
    for (; graph_is_tensor(tensor); tensor = graph_tensor_of(graph, tensor)->parent) needed[tensor.id] = 1;
}

static bool is_made(const clade_graph *graph, const graph_tensor *tensor) {
    return !tensor->dead && tensor->producer >= 0 && !graph->nodes[tensor->producer].dead;
}

static void mark_needed(const clade_graph *graph, unsigned char *needed) {
    for (size_t i = 0; i < graph->tensor_count; i++)
        if (is_made(graph, &graph->tensors[i])) need_activation(graph, (clade_tensor){(int32_t)i}, needed);
    for (size_t i = 0; i < graph->input_count; i++) need_activation(graph, graph->inputs[i], needed);
    for (size_t i = 0; i < graph->output_count; i++) need_activation(graph, graph->outputs[i].tensor, needed);
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        if (node->dead) continue;
        for (size_t k = 0; k < node->input_count; k++) need_activation(graph, node->inputs[k], needed);
        for (int k = 0; k < GRAPH_MAX_PARAMETERS; k++) need_parameter(graph, node->parameters[k], needed);
    }
}

/* Moves the needed tensors together. new_ids holds 1 for those on entry, their new numbers on return. */
static void move_tensors(clade_graph *graph, int32_t *new_ids, const unsigned char *needed) {
    size_t kept = 0;
    for (size_t i = 0; i < graph->tensor_count; i++) {
        graph_tensor tensor = graph->tensors[i];
        new_ids[i] = needed[i] ? (int32_t)kept : GRAPH_NO_ID;
        if (needed[i]) {
            graph->tensors[kept++] = tensor;
        } else {
            base_free(graph->env, tensor.name);
            graph_value_release(graph->env, &tensor.value);
        }
    }
    graph->tensor_count = kept;
    base_names_clear(&graph->names);
    for (size_t i = 0; i < kept; i++) /* there is room: before, there were no fewer */
        (void)base_names_add(graph->env, &graph->names, graph->tensors[i].name, (int32_t)i);
}

static void renumber(clade_tensor *tensor, const int32_t *new_ids) {
    if (graph_is_tensor(*tensor)) tensor->id = new_ids[tensor->id];
}

static void renumber_all(clade_graph *graph, const int32_t *new_ids, const int32_t *new_node_ids) {
    for (size_t i = 0; i < graph->tensor_count; i++) {
        graph_tensor *tensor = &graph->tensors[i];
        renumber(&tensor->parent, new_ids);
        for (int k = 0; k < 3; k++) renumber(&tensor->sources[k], new_ids);
        if (tensor->producer >= 0) tensor->producer = new_node_ids[tensor->producer];
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        graph_node *node = &graph->nodes[i];
        for (size_t k = 0; k < node->input_count; k++) renumber(&node->inputs[k], new_ids);
        for (int k = 0; k < GRAPH_MAX_PARAMETERS; k++) renumber(&node->parameters[k], new_ids);
        renumber(&node->output, new_ids);
    }
    for (size_t i = 0; i < graph->input_count; i++) renumber(&graph->inputs[i], new_ids);
    for (size_t i = 0; i < graph->output_count; i++) renumber(&graph->outputs[i].tensor, new_ids);
}

/* Takes the nodes over in their new order; `nodes` has room for them. new_ids receives their new numbers. */
static void move_nodes(clade_graph *graph, graph_node *nodes, const int32_t *order, size_t count, int32_t *new_ids) {
    for (size_t i = 0; i < graph->node_count; i++) new_ids[i] = GRAPH_NO_ID;
    for (size_t i = 0; i < count; i++) {
        nodes[i] = graph->nodes[order[i]];
        new_ids[order[i]] = (int32_t)i;
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        graph_node *node = &graph->nodes[i];
        if (!node->dead) continue;
        base_free(graph->env, node->name);
        base_free(graph->env, node->inputs);
        base_free(graph->env, node->words);
    }
    base_free(graph->env, graph->nodes);
    graph->nodes = nodes;
    graph->node_capacity = graph->node_count;
    graph->node_count = count;
}

clade_status graph_compact(clade_graph *graph) {
    base_env *env = graph->env;
    const size_t nodes = graph->node_count, tensors = graph->tensor_count;
    sorter s = {.graph = graph};
    s.first_slice = base_allocate_zero(env, tensors, sizeof *s.first_slice);
    s.next_slice = base_allocate_zero(env, tensors, sizeof *s.next_slice);
    s.marks = base_allocate_zero(env, nodes, sizeof *s.marks);
    s.stack = base_allocate_zero(env, nodes, sizeof *s.stack);
    s.order = base_allocate_zero(env, nodes, sizeof *s.order);
    unsigned char *needed = base_allocate_zero(env, tensors, sizeof *needed);
    int32_t *new_ids = base_allocate_zero(env, tensors, sizeof *new_ids);
    int32_t *new_node_ids = base_allocate_zero(env, nodes, sizeof *new_node_ids);
    graph_node *sorted = base_allocate_zero(env, nodes, sizeof *sorted);
    clade_status status = CLADE_OK;
    if (!s.first_slice || !s.next_slice || !s.marks || !s.stack || !s.order || !needed || !new_ids || !new_node_ids ||
        !sorted) {
        status = base_fail_memory(env, nodes * sizeof *sorted, "ordering a graph");
        goto done;
    }
    for (size_t i = 0; i < tensors; i++) s.first_slice[i] = s.next_slice[i] = GRAPH_NO_ID;
    for (size_t i = 0; i < tensors; i++) {
        const clade_tensor parent = graph->tensors[i].parent;
        if (graph->tensors[i].dead || !graph_is_tensor(parent)) continue;
        s.next_slice[i] = s.first_slice[parent.id];
        s.first_slice[parent.id] = (int32_t)i;
    }
    if ((status = sort_nodes(&s)) != CLADE_OK) goto done;
    mark_needed(graph, needed);
    move_nodes(graph, sorted, s.order, s.count, new_node_ids);
    sorted = NULL;
    move_tensors(graph, new_ids, needed);
    renumber_all(graph, new_ids, new_node_ids);
    for (size_t i = 0; status == CLADE_OK && i < graph->node_count; i++)
        status = graph_describe(graph, &graph->nodes[i]);
done:
    base_free(env, s.first_slice);
    base_free(env, s.next_slice);
    base_free(env, s.marks);
    base_free(env, s.stack);
    base_free(env, s.order);
    base_free(env, needed);
    base_free(env, new_ids);
    base_free(env, new_node_ids);
    base_free(env, sorted);
    return status;
}
