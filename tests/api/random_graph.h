/* random_graph.h: seeded random branching networks, through the public API alone. */
#ifndef TESTS_API_RANDOM_GRAPH_H
#define TESTS_API_RANDOM_GRAPH_H

#include <clade/clade.h>

/* SplitMix64 (Steele, Lea, Flood 2014): a number in [0, bound). */
int32_t random_below(uint64_t *state, int32_t bound);

/* About `nodes` nodes of every operator there is, on images of up to 12x12 with an open batch, with parameters filled in. Results
 * that nobody reads are outputs, and so are a few that others read. NULL when the API refused something. */
clade_graph *random_graph(clade_context *context, uint64_t seed, int nodes);

#endif
