/* pass.h: graph -> graph rewrites on a clone that belongs to a plan. One pass a file, one row in table.c, run in that order.
 * A pass leaves nodes in execution order and the graph's outputs as they were, by name, shape and value. */
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

/* Runs every pass that is not disabled. */
clade_status pass_run(clade_graph *graph, const pass_options *options);

#endif
