/* network.h: a small branching network for the tests of plans and sessions, and what it takes to run it. */
#ifndef API_NETWORK_H
#define API_NETWORK_H

#include <clade/clade.h>

enum { NETWORK_CHANNELS = 5, NETWORK_SIDE = 9, NETWORK_CLASSES = 7 };

/* A context on the device under test. */
clade_context *network_context(void);

/* input [N, 5, 9, 9] -> conv, norm, relu -> two branches, concat -> residual add -> pool, linear -> output [N, 7], with values for
 * all parameters. */
clade_graph *network_graph(clade_context *context);
clade_plan *network_plan(const clade_graph *graph, const clade_plan_settings *settings);

/* Fills in [batch, 5, 9, 9] by the rule, the images differing from each other. */
void network_input(float *values, int64_t batch);
/* Runs on host memory. */
clade_status network_run(clade_session *session, float *input, float *output, int64_t batch);

#endif
