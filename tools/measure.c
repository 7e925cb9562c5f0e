/* measure.c: what the commands that take the time of a network share. */
#include "measure.h"

#include "clock.h"

bool measure_open(tool_network *network, const tool_options *options, tool_console *console) {
    return network_open(network, options, console, NULL) && network_build(network, options->arguments[0]) &&
           network_load(network, options->weights ? options->weights : "random");
}

bool measure_run(const tool_network *network, const tool_buffers *buffers, double *milliseconds_out) {
    const double before = clock_seconds();
    if (clade_run(network->session, buffers->inputs, buffers->input_count, buffers->outputs, buffers->output_count) !=
        CLADE_OK)
        return network_fail(network);
    *milliseconds_out = 1e3 * (clock_seconds() - before);
    return true;
}

void measure_begin_json(json_writer *json, const tool_network *network, const clade_device_info *device,
                        const tool_times *times) {
    json_open(json, NULL, '{');
    json_text(json, "model", network->model->name);
    json_text(json, "device", device->name);
    json_integer(json, "batch", (int64_t)times->batch);
    json_integer(json, "runs", (int64_t)times->runs);
    json_number(json, "ms_min", times->fastest);
    json_number(json, "ms_median", times->median);
}
