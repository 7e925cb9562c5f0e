/* profile_json.c: a profile as one JSON object, for other programs and for the page. */
#include "profile.h"

static void write_step(json_writer *json, const profile_report *report, const profile_step *step) {
    json_open(json, NULL, '{');
    json_text(json, "layer", step->node.name);
    json_text(json, "operator", step->node.op);
    json_text(json, "settings", step->node.settings);
    json_text(json, "kernel", step->step.kernel);
    json_text(json, "reason", step->step.reason);
    json_open(json, "output", '[');
    for (int32_t i = 0; i < step->output.rank; i++) json_integer(json, NULL, step->output.dims[i]);
    json_close(json, ']');
    json_number(json, "ms_min", step->fastest);
    json_number(json, "ms_median", step->median);
    json_number(json, "gflop", step->gflop);
    json_integer(json, "bytes", (int64_t)step->bytes);
    json_number(json, "share", profile_share(report, step));
    json_close(json, '}');
}

/* Facts about the device that nobody has measured are null. */
static void write_fact(json_writer *json, const char *key, double value) {
    if (value > 0)
        json_number(json, key, value);
    else
        json_text(json, key, NULL);
}

void profile_write_json(json_writer *json, const tool_network *network, const profile_report *report) {
    measure_begin_json(json, network, &report->device, &report->times);
    write_fact(json, "peak_gflops", 1e-9 * report->device.peak);
    write_fact(json, "bandwidth_gbytes", 1e-9 * report->device.bandwidth);
    json_integer(json, "bytes_weights", (int64_t)report->memory.weights);
    json_integer(json, "bytes_arena", (int64_t)report->memory.arena);
    json_open(json, "steps", '[');
    for (size_t i = 0; i < report->count; i++) write_step(json, report, &report->steps[i]);
    json_close(json, ']');
    json_close(json, '}');
}
