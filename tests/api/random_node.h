/* random_node.h: one node of any operator, with random settings that fit its input. */
#ifndef TESTS_API_RANDOM_NODE_H
#define TESTS_API_RANDOM_NODE_H

#include <clade/clade.h>

/* Adds a node that reads `x` [batch, channels, height, width], the latter two at least 3; binary operators add their second
 * input too. Drawn from *state, so that failures repeat. */
typedef clade_status (*random_node_add)(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y_out);

typedef struct random_node {
    const char *op;
    random_node_add add;
} random_node;

/* Every operator that callers can add, in the order of ops.inc. */
extern const random_node random_nodes[];
extern const size_t random_node_count;

/* From low to high, both included. */
int32_t random_pick(uint64_t *state, int32_t low, int32_t high);

#endif
