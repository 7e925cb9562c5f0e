/* census.h: what a network has, layer by layer and altogether: shapes, parameters, work and memory. */
#ifndef TOOLS_CENSUS_H
#define TOOLS_CENSUS_H

#include "network.h"

typedef struct census_layer {
    const char *name, *operator_name;
    char *settings; /* the graph's own text lives only until the next question */
    clade_shape output;
    uint64_t parameters; /* trainable */
    uint64_t statistics; /* running means and variances: part of a checkpoint, but not trained */
    uint64_t multiply_adds;
} census_layer;

/* Valid as long as the network. Bytes are those of float32. */
typedef struct tool_census {
    const clade_model_info *model;
    clade_shape input;
    census_layer *layers;
    size_t layer_count;
    uint64_t parameters, statistics, multiply_adds;
    uint64_t bytes_input, bytes_activations; /* of one image: of all the layers' outputs, each by itself */
    size_t batch;                            /* of the memory's figures */
    bool has_memory;
    clade_plan_memory memory;
} tool_census;

/* The device for the memory's figures: NULL for that of the options, "none" on a machine without any. A device that was
 * asked for must be there; without one the figures just stay away. */
const char *census_device(const tool_options *options);
/* Counts a network that has been built; where there is a device, plans it for the options' batch too. Prints why it failed; census_free
 * frees what was made all the same. */
bool census_take(tool_network *network, tool_census *census);
void census_free(tool_census *census);

#endif
