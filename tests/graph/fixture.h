/* fixture.h: what the graph room's tests share: a graph without a device, and assertions about tensors and messages. */
#ifndef GRAPH_FIXTURE_H
#define GRAPH_FIXTURE_H

#include "graph/graph.h"

clade_graph *fixture_graph(void);
clade_tensor fixture_input(clade_graph *graph, const char *name, clade_shape shape);
void fixture_assert_shape(const clade_graph *graph, clade_tensor tensor, clade_shape expected);
/* The last message on this thread contains `part`. */
void fixture_assert_message(const clade_graph *graph, const char *part);

#endif
