/* dot.c: a picture of a graph in Graphviz's language. Layers are boxes, coloured by what they do, with the name on top and a line for
 * each node; arrows carry the shapes. In a plan's graph a grey box is a concat that costs nothing, as its inputs are written to
 * their places in it, and each layer says which kernel computes it. */
#include "graph/picture.h"

#include <stdio.h>
#include <string.h>

/* The longest line of a box, and the longest name that is drawn at all: names come from files. */
enum { LINE_LENGTH = 34, NAME_LENGTH = 160 };

static const char *colour_of(graph_op op) {
    switch (op) {
    case GRAPH_OP_conv2d:
        return "#cfe2ff";
    case GRAPH_OP_linear:
        return "#ded3ff";
    case GRAPH_OP_pool:
    case GRAPH_OP_mean:
        return "#cdeccf";
    case GRAPH_OP_batch_norm:
    case GRAPH_OP_lrn:
    case GRAPH_OP_scale:
        return "#fff0bf";
    case GRAPH_OP_activation:
    case GRAPH_OP_softmax:
        return "#ffdcc4";
    case GRAPH_OP_concat:
        return "#e2e2e2";
    case GRAPH_OP_binary:
        return "#c5eeea";
    case GRAPH_OP_reorder:
        return "#ffc9d6";
    default:
        return "#f4f4f4"; /* the same values, seen otherwise */
    }
}

/* ---- Text -------------------------------------------------------------------------------------------------------------------- */

/* Text inside an HTML-like label or a quoted string: what has a meaning there becomes an entity, and what is no text a '?'. */
static void add_escaped(base_text *text, const char *string, size_t length) {
    for (size_t i = 0; i < length && string[i];) {
        const size_t bytes = base_utf8_length(string + i);
        const unsigned char c = (unsigned char)string[i];
        if (bytes == 0 || c < ' ' || c == 0x7f)
            base_text_add(text, "?");
        else if (strchr("&<>\"\\", c))
            base_text_add(text, "&#%d;", c);
        else
            base_text_add(text, "%.*s", (int)bytes, string + i);
        i += bytes ? bytes : 1;
    }
}

/* A name over as many lines as it takes, broken where merged layers are joined; without the path that its block has in its title. */
static void add_name(const picture *p, const picture_box *box, base_text *text) {
    const picture_block *block = box->block >= 0 ? &p->blocks[box->block] : NULL;
    const char *part = box->name, *end = part + strlen(part);
    size_t line = 0, drawn = 0;
    while (part < end && drawn < NAME_LENGTH) {
        const char *next = strstr(part, " + ");
        size_t length = (size_t)((next ? next : end) - part);
        if (block && length > block->length + 1 && strncmp(part, block->name, block->length) == 0) {
            part += block->length + 1;
            length -= block->length + 1;
        }
        if (line > 0 && line + length > LINE_LENGTH) {
            base_text_add(text, "<br/>");
            line = 0;
        }
        add_escaped(text, part, length < NAME_LENGTH ? length : NAME_LENGTH);
        if (length > NAME_LENGTH) base_text_add(text, "...");
        if (next) base_text_add(text, " + ");
        line += length + 3;
        drawn += length;
        part = next ? next + 3 : end;
    }
    if (part < end) base_text_add(text, "...");
}

/* An image's shape without the batch, "64x56x56 c16". */
static void add_shape(const clade_graph *graph, clade_tensor id, base_text *text) {
    char shape[BASE_SHAPE_TEXT];
    const graph_tensor *tensor = graph_tensor_of(graph, id);
    const int64_t batch = graph->input_count > 0 ? graph_shape_of(graph, graph->inputs[0])->dims[0] : 0;
    if (tensor->shape.rank > 1 && tensor->shape.dims[0] == batch)
        for (int32_t i = 1; i < tensor->shape.rank; i++)
            base_text_add(text, i > 1 ? "x%lld" : "%lld", (long long)tensor->shape.dims[i]);
    else
        base_text_add(text, "%s", base_shape_text(&tensor->shape, shape, sizeof shape));
    if (tensor->block > 1) base_text_add(text, " c%d", tensor->block);
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------------------- */

/* What a weight has taken in, or NULL: weights that merging and aligning derive come from one that has. */
static const char *folded_into(const clade_graph *graph, clade_tensor weight) {
    while (graph_is_tensor(weight)) {
        const graph_tensor *tensor = graph_tensor_of(graph, weight);
        if (tensor->derivation == GRAPH_GIVEN) return NULL;
        if (tensor->derivation == GRAPH_SCALE_ROWS)
            return graph_tensor_of(graph, tensor->sources[1])->derivation == GRAPH_NORM_SCALE ? "batch norm folded"
                                                                                              : "scale folded";
        weight = graph_is_tensor(tensor->sources[0]) ? tensor->sources[0] : tensor->sources[1];
    }
    return NULL;
}

static void add_node_row(const graph_node *node, base_text *text) {
    base_text_add(text, "<tr><td bgcolor=\"%s\">", colour_of(node->op));
    if (node->op != GRAPH_OP_activation || !*node->words) base_text_add(text, "%s ", graph_op_table[node->op]->name);
    add_escaped(text, node->words, NAME_LENGTH);
    base_text_add(text, "</td></tr>");
}

static void add_layer(const picture *p, const picture_box *box, const graph_notes *notes, base_text *text) {
    const graph_node *first = &p->graph->nodes[box->id];
    base_text_add(text, "<tr><td bgcolor=\"%s\"><b>", colour_of(first->op));
    add_name(p, box, text);
    base_text_add(text, "</b></td></tr>");
    for (int32_t i = box->id; i >= 0; i = p->next_in_box[i]) add_node_row(&p->graph->nodes[i], text);
    const char *note = notes ? notes->of_nodes[box->id] : NULL;
    const char *folded = folded_into(p->graph, first->parameters[GRAPH_WEIGHT]);
    if (!note && !folded) return;
    base_text_add(text, "<tr><td bgcolor=\"%s\"><font point-size=\"8\" color=\"#444444\">", colour_of(first->op));
    if (note) add_escaped(text, note, NAME_LENGTH);
    if (folded) base_text_add(text, "%s%s", note ? ", " : "", folded);
    base_text_add(text, "</font></td></tr>");
}

static void add_box(const picture *p, size_t index, const graph_notes *notes, base_text *text) {
    const picture_box *box = &p->boxes[index];
    base_text_add(text, "  b%zu [tooltip=\"", index);
    add_escaped(text, box->name, NAME_LENGTH);
    if (box->kind == PICTURE_INPUT || box->kind == PICTURE_OUTPUT) {
        base_text_add(text, "\" shape=box style=\"rounded,filled\" fillcolor=white label=<<b>");
        add_name(p, box, text);
        base_text_add(text, "</b>>];\n");
        return;
    }
    base_text_add(text, "\" label=<<table border=\"1\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"3\">");
    if (box->kind == PICTURE_LAYER) {
        add_layer(p, box, notes, text);
    } else {
        base_text_add(text, "<tr><td bgcolor=\"%s\"><b>", colour_of(GRAPH_OP_concat));
        add_name(p, box, text);
        base_text_add(text, "</b></td></tr><tr><td bgcolor=\"%s\">concat of slices, no copy</td></tr>",
                      colour_of(GRAPH_OP_concat));
    }
    base_text_add(text, "</table>>];\n");
}

/* ---- Arrows ------------------------------------------------------------------------------------------------------------------ */

/* Which channels of what it lies in: a slice that a layer reads, or that is written to its place in a concat's result. */
static void add_channels(const clade_graph *graph, const graph_tensor *slice, base_text *text) {
    const clade_shape *shape = &slice->shape;
    const long long first = (long long)slice->parent_channel, count = shape->rank > 1 ? (long long)shape->dims[1] : 0;
    base_text_add(text, "\\nch %lld-%lld of %lld", first, first + count - 1,
                  (long long)graph_shape_of(graph, slice->parent)->dims[1]);
}

static void add_arrow(const picture *p, const picture_arrow *arrow, base_text *text) {
    const picture_box *from = &p->boxes[arrow->from], *to = &p->boxes[arrow->to];
    const graph_tensor *tensor = graph_tensor_of(p->graph, arrow->tensor);
    const bool is_written = to->kind == PICTURE_JOIN && to->id == tensor->parent.id;
    const bool is_read = graph_is_tensor(tensor->parent) && graph_tensor_of(p->graph, tensor->parent)->producer >= 0 &&
                         graph_tensor_of(p->graph, tensor->parent)->producer == tensor->producer;
    if (from->column == to->column)
        base_text_add(text, "  b%d -> b%d [label=\"", arrow->from, arrow->to);
    else
        base_text_add(text, "  \">%d\" -> b%d [label=\"", to->column, arrow->to);
    add_shape(p->graph, arrow->tensor, text);
    if (is_written || is_read) add_channels(p->graph, tensor, text);
    base_text_add(text, "\"");
    if (is_written) base_text_add(text, " style=dashed");
    base_text_add(text, "];\n");
}

/* What a column reads of an earlier one, which is one box's, goes into a numbered circle and comes out of another of that number: arrows
 * across the page would run through all that lies between. */
static void add_folds(const picture *p, base_text *text) {
    int32_t drawn = 0;
    for (size_t i = 0; i < p->arrow_count; i++) {
        const int32_t from = p->arrows[i].from, column = p->boxes[p->arrows[i].to].column;
        if (p->boxes[from].column == column || column == drawn) continue;
        for (const char *end = "<>"; *end; end++)
            base_text_add(text,
                          "  \"%c%d\" [shape=circle width=0.3 fixedsize=true style=filled fillcolor=\"#555555\" "
                          "fontcolor=white label=<<b>%d</b>>];\n",
                          *end, column, column);
        base_text_add(text, "  b%d -> \"<%d\";\n", from, column);
        drawn = column;
    }
    /* columns from left to right: unseen arrows between what stands at their heads */
    if (drawn > 0) base_text_add(text, "  { rank=same; edge [style=invis weight=0]; b0");
    for (int32_t i = 1; i <= drawn; i++) base_text_add(text, " -> \">%d\"", i);
    if (drawn > 0) base_text_add(text, "; }\n");
}

/* ---- All together -------------------------------------------------------------------------------------------------------------- */

static void add_block(const picture *p, size_t index, const graph_notes *notes, base_text *text) {
    const picture_block *block = &p->blocks[index];
    base_text_add(text, "  subgraph cluster_%zu {\n  label=<<b>", index);
    add_escaped(text, block->name, block->length < NAME_LENGTH ? block->length : NAME_LENGTH);
    base_text_add(text, "</b>>; style=\"rounded,filled\"; fillcolor=\"#fafafa\"; color=\"#b0b0b0\";\n");
    for (int32_t i = block->first; i <= block->last; i++)
        if (p->boxes[i].block == (int32_t)index) add_box(p, (size_t)i, notes, text);
    base_text_add(text, "  }\n");
}

static void write_picture(const picture *p, const graph_notes *notes, base_text *text) {
    base_text_add(text, "digraph clade {\n"
                        "  graph [fontname=\"Helvetica,Arial,sans-serif\" fontsize=11 charset=\"UTF-8\" ranksep=0.25 "
                        "nodesep=0.3 bgcolor=white];\n"
                        "  node [shape=plain fontname=\"Helvetica,Arial,sans-serif\" fontsize=10];\n"
                        "  edge [fontname=\"Helvetica,Arial,sans-serif\" fontsize=8 arrowsize=0.6];\n");
    if (notes && notes->caption) {
        base_text_add(text, "  labelloc=t; label=<");
        add_escaped(text, notes->caption, strlen(notes->caption));
        base_text_add(text, "<br/> >;\n");
    }
    for (size_t i = 0; i < p->box_count; i++)
        if (p->boxes[i].block < 0) add_box(p, i, notes, text);
    for (size_t i = 0; i < p->block_count; i++)
        if (p->blocks[i].last >= 0) add_block(p, i, notes, text);
    add_folds(p, text);
    for (size_t i = 0; i < p->arrow_count; i++) add_arrow(p, &p->arrows[i], text);
    base_text_add(text, "}\n");
}

static clade_status draw(const clade_graph *graph, const graph_notes *notes, base_text *text) {
    picture p;
    clade_status status = picture_boxes(graph, notes ? 1 : 0, &p);
    if (status == CLADE_OK) status = picture_blocks(&p);
    if (status == CLADE_OK) status = picture_columns(&p);
    if (status == CLADE_OK) write_picture(&p, notes, text);
    picture_free(&p);
    if (status == CLADE_OK && text->failed) status = base_fail_memory(graph->env, text->length, "a graph's text");
    return status;
}

clade_status graph_write_dot(const clade_graph *graph, const graph_notes *notes, clade_write_callback write,
                             void *user) {
    if (!write) return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to write a graph: write is NULL");
    base_text text = {.env = graph->env};
    clade_status status = draw(graph, notes, &text);
    if (status == CLADE_OK && !write(user, text.data, text.length))
        status = base_fail(graph->env, CLADE_ERROR_IO, "failed to write a graph of %zu nodes: the receiver stopped",
                           graph->node_count);
    base_text_free(&text);
    return status;
}

clade_status clade_graph_write_dot(const clade_graph *graph, clade_write_callback write, void *user) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    return graph_write_dot(graph, NULL, write, user);
}
