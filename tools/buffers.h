/* buffers.h: every input of a network filled by clade_fill_input, and room for every output. */
#ifndef TOOLS_BUFFERS_H
#define TOOLS_BUFFERS_H

#include "network.h"

typedef struct tool_buffers {
    clade_buffer *inputs, *outputs;
    size_t input_count, output_count;
} tool_buffers;

/* For `batch` images a run. Prints why it failed; buffers_free frees what was made all the same. */
bool buffers_make(const tool_network *network, size_t batch, tool_buffers *buffers);
void buffers_free(tool_buffers *buffers);

#endif
