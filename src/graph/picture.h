/* picture.h: what is drawn of a graph, before it is written in any language.
 *
 *   nodes  --picture_boxes-->   boxes, arrows   a layer with the elementwise nodes that follow it alone is one box
 *   names  --picture_blocks-->  blocks          boxes that share the beginning of their names, around where branches join
 *   sizes  --picture_columns--> columns         a long network is folded, so that it fits a page
 *
 * Boxes stand in execution order: an arrow goes from a lower index to a higher one. */
#ifndef GRAPH_PICTURE_H
#define GRAPH_PICTURE_H

#include "graph/graph.h"

typedef enum picture_kind {
    PICTURE_INPUT,  /* a graph input; `id` is the tensor */
    PICTURE_LAYER,  /* a node and those stacked on it; `id` is the first node */
    PICTURE_JOIN,   /* a concat's result that its producers have written in slices; `id` is the tensor */
    PICTURE_OUTPUT, /* `id` is the index of the output */
} picture_kind;

typedef struct picture_box {
    picture_kind kind;
    int32_t id;
    const char *name; /* the graph's */
    int32_t rows;     /* lines of text */
    int32_t block;    /* index into picture::blocks, or -1 */
    int32_t column;
} picture_box;

/* `tensor` goes from one box to another. */
typedef struct picture_arrow {
    int32_t from, to;
    clade_tensor tensor;
} picture_arrow;

/* The first `length` characters of `name` begin the names of its boxes. */
typedef struct picture_block {
    const char *name;
    size_t length;
    int32_t first, last; /* boxes; others may stand between them */
} picture_block;

typedef struct picture {
    const clade_graph *graph;
    base_env *env;
    picture_box *boxes;
    size_t box_count;
    picture_arrow *arrows; /* ordered by where they end */
    size_t arrow_count;
    int32_t *box_of_node, *box_of_tensor; /* of a tensor: inputs and joins, else -1 */
    int32_t *next_in_box;                 /* of a node: the one stacked on it, or -1 */
    picture_block *blocks;
    size_t block_count;
    int32_t column_count;
} picture;

/* Each fails only for lack of memory; picture_free accepts what was made by then. `extra_rows` are added to each layer. */
clade_status picture_boxes(const clade_graph *graph, int32_t extra_rows, picture *picture_out);
clade_status picture_blocks(picture *p);
clade_status picture_columns(picture *p);
void picture_free(picture *p);

#endif
