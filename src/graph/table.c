/* table.c: the operators by number. */
#include "graph/graph.h"

const graph_op_info *const graph_op_table[GRAPH_OP_COUNT] = {
#define OP(name, settings) [GRAPH_OP_##name] = &graph_##name##_info,
#include "graph/ops.inc"
};
