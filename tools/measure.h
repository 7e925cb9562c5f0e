/* measure.h: what the commands that take the time of a network share. */
#ifndef TOOLS_MEASURE_H
#define TOOLS_MEASURE_H

#include "buffers.h"
#include "json.h"

/* Times of whole runs, in milliseconds, by the clock on the wall. */
typedef struct tool_times {
    size_t batch, runs;
    double fastest, median;
} tool_times;

/* Opens the device, builds the model and loads the weights that the options name; without -w they are random, since times do not
 * depend on them. */
bool measure_open(tool_network *network, const tool_options *options, tool_console *console);
/* Runs the session once. */
bool measure_run(const tool_network *network, const tool_buffers *buffers, double *milliseconds_out);
/* Opens the document's object and writes the fields that come first in all of them. */
void measure_begin_json(json_writer *json, const tool_network *network, const clade_device_info *device,
                        const tool_times *times);

#endif
