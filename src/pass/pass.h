/* pass.h: graph -> graph rewrites on a clone that belongs to a plan. One pass a file, one row in table.c, run in that order.
 * The graph's outputs stay as they were, by name, shape and value. */
#ifndef PASS_PASS_H
#define PASS_PASS_H

#include "graph/graph.h"

typedef struct pass_options {
    uint32_t disabled;     /* clade_pass bits */
    int32_t channel_block; /* the block for channel-blocked layouts; 1: none */
} pass_options;

typedef struct pass_row {
    const char *name;
    uint32_t bit; /* clade_pass, or 0: cannot be switched off */
    clade_status (*run)(clade_graph *graph, const pass_options *options);
} pass_row;

extern const pass_row pass_table[];
extern const size_t pass_count;

/* Runs every pass that is not disabled; after each, dead nodes are dropped and the rest put into execution order. */
clade_status pass_run(clade_graph *graph, const pass_options *options);

/* The rows of the table. Each is given a graph without dead nodes and in execution order, and
 * may leave it otherwise to pass_run. */
clade_status pass_normalise(clade_graph *graph, const pass_options *options);
clade_status pass_fold(clade_graph *graph, const pass_options *options);
clade_status pass_fuse(clade_graph *graph, const pass_options *options);
clade_status pass_commute(clade_graph *graph, const pass_options *options);
clade_status pass_align(clade_graph *graph, const pass_options *options);
clade_status pass_layout(clade_graph *graph, const pass_options *options);
clade_status pass_concat(clade_graph *graph, const pass_options *options);
clade_status pass_merge(clade_graph *graph, const pass_options *options);
clade_status pass_outputs(clade_graph *graph, const pass_options *options);

/* True when a tensor cannot be a slice of a wider one, which leaves gaps between its images: a softmax along rows or columns
 * counts images and channels as one index, a reshape to another number of images the elements of all. */
bool pass_must_be_dense(const clade_graph *graph, clade_tensor tensor);
/* Whether the pass layout will put a node's result into blocks, once those before it have their `block`. */
bool pass_makes_blocks(const clade_graph *graph, const graph_node *node, int32_t block);
/* True when every slice of a concat along the channels begins at a multiple of `block`: the last may be of any width. */
bool pass_slices_align(const clade_graph *graph, const graph_node *concat, int32_t block);

/* Adds a derived parameter called "OWNER.ROLE". */
clade_status pass_derive(clade_graph *graph, const graph_node *owner, const char *role, const clade_shape *shape,
                         graph_derivation derivation, const clade_tensor sources[3], double constant,
                         clade_tensor *parameter_out);

#endif
