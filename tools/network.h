/* network.h: from the command line to a network that runs: context, model, weights, plan, session. Each step prints why it
 * failed; network_close frees whatever was reached. */
#ifndef TOOLS_NETWORK_H
#define TOOLS_NETWORK_H

#include "model.h"
#include "options.h"

#include <clade/io.h>

typedef struct tool_network {
    const tool_options *options;
    tool_console *console;
    clade_context *context;
    tool_model chosen;
    const clade_model_info *model; /* that of `chosen` */
    clade_graph *graph;
    bool shipped; /* its weights came with the project */
    clade_plan *plan;
    clade_session *session;
} tool_network;

/* Opens `device`; NULL: the one of the options. */
bool network_open(tool_network *network, const tool_options *options, tool_console *console, const char *device);
/* Builds what the word MODEL stands for, or reads a model file with its weights. */
bool network_build(tool_network *network, const char *model);
/* Images a run: those of --batch, else those that a model file is made for, else `otherwise`. */
uint64_t network_batch(const tool_network *network, uint64_t otherwise);
/* Loads weights: a file, "random", or NULL for those that come with the project, or are in the model file. */
bool network_load(tool_network *network, const char *weights);
/* What the options say about compiling for `batch` images a run. */
clade_plan_settings network_settings(const tool_network *network, uint64_t batch);
/* Compiles for `batch` images a run. */
bool network_compile(tool_network *network, uint64_t batch);
/* Chooses kernels and plans memory for `batch` images a run, but compiles nothing and needs no weights. */
bool network_plan(tool_network *network, uint64_t batch);
/* Makes the session. */
bool network_start(tool_network *network);
void network_close(tool_network *network);

/* Prints what the library says about its last failure; returns false. */
bool network_fail(const tool_network *network);

/* Gives input or output `index` of the graph: what a run calls it, and its shape with the batch still open. */
bool network_input(const tool_network *network, size_t index, const char **name_out, clade_shape *shape_out);
bool network_output(const tool_network *network, size_t index, const char **name_out, clade_shape *shape_out);

/* Elements of one image in a tensor of that shape: the product of all dimensions but the first. */
size_t network_image_size(const clade_shape *shape);

#endif
