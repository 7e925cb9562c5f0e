/* buffers.c: what a network reads and writes when only its time matters. */
#include "buffers.h"

#include <stdlib.h>

static bool make_buffer(const tool_network *network, const char *name, const clade_shape *shape, size_t batch,
                        clade_buffer *buffer_out) {
    const size_t count = shape->dims[0] == CLADE_BATCH ? batch : (size_t)shape->dims[0];
    const size_t image_size = network_image_size(shape);
    float *data = calloc(count, image_size * sizeof *data);
    if (!data) return console_fail(network->console, "failed to make room for '%s': out of host memory", name);
    *buffer_out = (clade_buffer){name, data, count * image_size * sizeof *data};
    return true;
}

bool buffers_make(const tool_network *network, size_t batch, tool_buffers *buffers) {
    const char *name = NULL;
    clade_shape shape;
    buffers->input_count = clade_graph_input_count(network->graph);
    buffers->output_count = clade_graph_output_count(network->graph);
    buffers->inputs = calloc(buffers->input_count, sizeof *buffers->inputs);
    buffers->outputs = calloc(buffers->output_count, sizeof *buffers->outputs);
    if (!buffers->inputs || !buffers->outputs) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < buffers->input_count; i++) {
        clade_buffer *input = &buffers->inputs[i];
        if (!network_input(network, i, &name, &shape) || !make_buffer(network, name, &shape, batch, input))
            return false;
        clade_fill_input(name, input->data, input->size / sizeof(float));
    }
    for (size_t i = 0; i < buffers->output_count; i++)
        if (!network_output(network, i, &name, &shape) ||
            !make_buffer(network, name, &shape, batch, &buffers->outputs[i]))
            return false;
    return true;
}

void buffers_free(tool_buffers *buffers) {
    for (size_t i = 0; buffers->inputs && i < buffers->input_count; i++) free(buffers->inputs[i].data);
    for (size_t i = 0; buffers->outputs && i < buffers->output_count; i++) free(buffers->outputs[i].data);
    free(buffers->inputs);
    free(buffers->outputs);
}
