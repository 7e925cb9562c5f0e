/* picture_boxes.c: nodes, inputs, outputs and joins as boxes, and the tensors between them as arrows. */
#include "graph/picture.h"

#include <string.h>

/* Tensors as lists: those that a node makes, and how many slices make up a tensor. */
typedef struct slices {
    int32_t *first_made; /* of a node */
    int32_t *next_made;  /* of a tensor */
    int32_t *missing;    /* of a tensor: slices whose writers have no box yet */
    int32_t *uses;       /* of a tensor: nodes that read it, and outputs */
} slices;

static clade_status list_slices(const clade_graph *graph, slices *s) {
    for (size_t i = 0; i < graph->node_count; i++) s->first_made[i] = GRAPH_NO_ID;
    for (size_t i = graph->tensor_count; i-- > 0;) {
        const graph_tensor *tensor = &graph->tensors[i];
        s->next_made[i] = GRAPH_NO_ID;
        if (tensor->dead || tensor->kind == CLADE_TENSOR_PARAMETER) continue;
        if (graph_is_tensor(tensor->parent)) s->missing[tensor->parent.id]++;
        if (tensor->producer < 0) continue;
        s->next_made[i] = s->first_made[tensor->producer];
        s->first_made[tensor->producer] = (int32_t)i;
    }
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t k = 0; !graph->nodes[i].dead && k < graph->nodes[i].input_count; k++)
            s->uses[graph->nodes[i].inputs[k].id]++;
    for (size_t i = 0; i < graph->output_count; i++) s->uses[graph->outputs[i].tensor.id]++;
    return CLADE_OK;
}

/* ---- Boxes ----------------------------------------------------------------------------------------------------------------- */

static int32_t add_box(picture *p, picture_kind kind, size_t id, const char *name, int32_t rows) {
    p->boxes[p->box_count] = (picture_box){.kind = kind, .id = (int32_t)id, .name = name, .rows = rows, .block = -1};
    return (int32_t)p->box_count++;
}

static bool is_elementwise(graph_op op) {
    return op == GRAPH_OP_batch_norm || op == GRAPH_OP_scale || op == GRAPH_OP_activation || op == GRAPH_OP_dropout;
}

/* "conv1" of "conv1.conv": what models call all of a chain, and its last node. */
static bool is_path_of(const char *name, const char *layer) {
    const size_t length = strlen(name);
    return strncmp(layer, name, length) == 0 && (layer[length] == '.' || layer[length] == '/');
}

/* The box that a node is stacked on: that of the only node it reads, of which it is the only reader; or -1. */
static int32_t box_below(const picture *p, const slices *s, const graph_node *node) {
    if (!is_elementwise(node->op) || node->input_count != 1) return -1;
    const graph_tensor *read = graph_tensor_of(p->graph, node->inputs[0]);
    const bool is_whole = read->producer >= 0 && p->graph->nodes[read->producer].output.id == node->inputs[0].id;
    return is_whole && s->uses[node->inputs[0].id] == 1 ? p->box_of_node[read->producer] : -1;
}

/* Tensors that are complete now that a box stands for a slice of theirs; those that somebody reads get boxes. */
static void add_joins(picture *p, const slices *s, int32_t tensor) {
    clade_tensor at = p->graph->tensors[tensor].parent;
    while (graph_is_tensor(at) && --s->missing[at.id] == 0) {
        const graph_tensor *whole = graph_tensor_of(p->graph, at);
        if (whole->producer >= 0) return; /* slices of what one node writes: no join */
        if (s->uses[at.id] > 0 || graph_is_tensor(whole->parent))
            p->box_of_tensor[at.id] = add_box(p, PICTURE_JOIN, (size_t)at.id, whole->name, 2);
        at = whole->parent;
    }
}

static void add_boxes(picture *p, const slices *s, int32_t extra_rows) {
    const clade_graph *graph = p->graph;
    for (size_t i = 0; i < graph->input_count; i++) {
        const size_t id = (size_t)graph->inputs[i].id;
        p->box_of_tensor[id] = add_box(p, PICTURE_INPUT, id, graph->tensors[id].name, 1);
        add_joins(p, s, (int32_t)id);
    }
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        if (node->dead) continue;
        int32_t box = box_below(p, s, node);
        if (box >= 0) {
            p->next_in_box[graph_tensor_of(graph, node->inputs[0])->producer] = (int32_t)i;
            if (is_path_of(node->name, p->boxes[box].name)) p->boxes[box].name = node->name;
            p->boxes[box].rows++;
        } else {
            box = add_box(p, PICTURE_LAYER, i, node->name, 2 + extra_rows);
        }
        p->box_of_node[i] = box;
        for (int32_t made = s->first_made[i]; made >= 0; made = s->next_made[made]) add_joins(p, s, made);
    }
    for (size_t i = 0; i < graph->output_count; i++) add_box(p, PICTURE_OUTPUT, i, graph->outputs[i].name, 1);
}

/* ---- Arrows ---------------------------------------------------------------------------------------------------------------- */

/* Where a tensor comes from. */
static int32_t source_of(const picture *p, clade_tensor tensor) {
    const int32_t producer = graph_tensor_of(p->graph, tensor)->producer;
    return producer >= 0 ? p->box_of_node[producer] : p->box_of_tensor[tensor.id];
}

static void add_arrow(picture *p, clade_tensor tensor, int32_t to) {
    const int32_t from = source_of(p, tensor);
    if (from >= 0 && from != to) p->arrows[p->arrow_count++] = (picture_arrow){from, to, tensor};
}

static void add_arrows(picture *p) {
    const clade_graph *graph = p->graph;
    for (size_t i = 0; i < graph->node_count; i++)
        for (size_t k = 0; !graph->nodes[i].dead && k < graph->nodes[i].input_count; k++)
            add_arrow(p, graph->nodes[i].inputs[k], p->box_of_node[i]);
    for (size_t i = 0; i < graph->tensor_count; i++) {
        const graph_tensor *slice = &graph->tensors[i];
        if (slice->dead || slice->kind == CLADE_TENSOR_PARAMETER || !graph_is_tensor(slice->parent)) continue;
        const int32_t join = p->box_of_tensor[slice->parent.id];
        if (join >= 0) add_arrow(p, (clade_tensor){(int32_t)i}, join);
    }
    for (size_t i = 0; i < p->box_count; i++)
        if (p->boxes[i].kind == PICTURE_OUTPUT) add_arrow(p, graph->outputs[p->boxes[i].id].tensor, (int32_t)i);
}

/* By counting: arrows that end in one box keep their order. */
static clade_status sort_arrows(picture *p) {
    size_t *starts = base_allocate_zero(p->env, p->box_count + 1, sizeof *starts);
    picture_arrow *sorted = base_allocate_zero(p->env, p->arrow_count + 1, sizeof *sorted);
    if (starts && sorted) {
        for (size_t i = 0; i < p->arrow_count; i++) starts[p->arrows[i].to + 1]++;
        for (size_t i = 0; i < p->box_count; i++) starts[i + 1] += starts[i];
        for (size_t i = 0; i < p->arrow_count; i++) sorted[starts[p->arrows[i].to]++] = p->arrows[i];
        base_free(p->env, p->arrows);
        p->arrows = sorted;
        sorted = NULL;
    }
    const bool good = starts && !sorted;
    base_free(p->env, sorted);
    base_free(p->env, starts);
    return good ? CLADE_OK : base_fail_memory(p->env, p->arrow_count * sizeof *p->arrows, "a picture");
}

/* ---- All together ------------------------------------------------------------------------------------------------------------ */

static int32_t *allocate_ids(picture *p, size_t count) {
    int32_t *ids = base_allocate_zero(p->env, count + 1, sizeof *ids);
    for (size_t i = 0; ids && i < count; i++) ids[i] = -1;
    return ids;
}

static clade_status allocate(picture *p, slices *s) {
    const clade_graph *graph = p->graph;
    const size_t nodes = graph->node_count, tensors = graph->tensor_count;
    size_t arrows = tensors + graph->output_count + 1;
    for (size_t i = 0; i < nodes; i++) arrows += graph->nodes[i].input_count;
    p->boxes = base_allocate_zero(p->env, nodes + tensors + graph->output_count + 1, sizeof *p->boxes);
    p->arrows = base_allocate_zero(p->env, arrows, sizeof *p->arrows);
    p->box_of_node = allocate_ids(p, nodes);
    p->next_in_box = allocate_ids(p, nodes);
    p->box_of_tensor = allocate_ids(p, tensors);
    s->first_made = allocate_ids(p, nodes);
    s->next_made = allocate_ids(p, tensors);
    s->missing = base_allocate_zero(p->env, tensors + 1, sizeof *s->missing);
    s->uses = base_allocate_zero(p->env, tensors + 1, sizeof *s->uses);
    const bool good = p->boxes && p->arrows && p->box_of_node && p->next_in_box && p->box_of_tensor && s->first_made &&
                      s->next_made && s->missing && s->uses;
    return good ? CLADE_OK : base_fail_memory(p->env, arrows * sizeof *p->arrows, "a picture");
}

clade_status picture_boxes(const clade_graph *graph, int32_t extra_rows, picture *picture_out) {
    picture *p = picture_out;
    slices s = {0};
    *p = (picture){.graph = graph, .env = graph->env, .column_count = 1};
    clade_status status = allocate(p, &s);
    if (status == CLADE_OK) status = list_slices(graph, &s);
    if (status == CLADE_OK) {
        add_boxes(p, &s, extra_rows);
        add_arrows(p);
        status = sort_arrows(p);
    }
    base_free(p->env, s.first_made);
    base_free(p->env, s.next_made);
    base_free(p->env, s.missing);
    base_free(p->env, s.uses);
    return status;
}

void picture_free(picture *p) {
    base_free(p->env, p->boxes);
    base_free(p->env, p->arrows);
    base_free(p->env, p->box_of_node);
    base_free(p->env, p->box_of_tensor);
    base_free(p->env, p->next_in_box);
    base_free(p->env, p->blocks);
    *p = (picture){0};
}
