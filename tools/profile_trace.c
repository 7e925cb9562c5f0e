/* profile_trace.c: a profile as trace events, for Perfetto (ui.perfetto.dev) and chrome://tracing.
 *
 * The format: "Trace Event Format", Google, 2016: events of phase X have a begin and a length in microseconds on the track of a
 * process and a thread; those of phase M name tracks. The host is one track and the device's queue another. Nanoseconds are
 * written out, since events of a track that seemed to overlap would be drawn inside each other. */
#include "profile.h"

enum { PROCESS = 1, HOST = 1, QUEUE = 2, NANOSECOND_DIGITS = 3 };

static void open_event(json_writer *json, const char *name, const char *phase, int track) {
    json_open(json, NULL, '{');
    json_text(json, "name", name);
    json_text(json, "ph", phase);
    json_integer(json, "pid", PROCESS);
    json_integer(json, "tid", track);
}

static void name_track(json_writer *json, const char *what, int track, const char *name) {
    open_event(json, what, "M", track);
    json_open(json, "args", '{');
    json_text(json, "name", name);
    json_close(json, '}');
    json_close(json, '}');
}

/* From `begin` to `end`, in seconds; leaves the event open for its arguments. */
static void open_slice(json_writer *json, const char *name, const char *category, int track, double begin, double end) {
    open_event(json, name, "X", track);
    json_text(json, "cat", category);
    json_fixed(json, "ts", 1e6 * begin, NANOSECOND_DIGITS);
    json_fixed(json, "dur", 1e6 * (end - begin), NANOSECOND_DIGITS);
}

static void write_step(json_writer *json, const profile_report *report, size_t run, size_t index, double origin) {
    const profile_step *step = &report->steps[index];
    const clade_step_span *span = &report->spans[run * report->count + index];
    const double start = report->runs[run].begin - origin;
    open_slice(json, step->node.name, step->node.op, QUEUE, start + span->begin, start + span->end);
    json_open(json, "args", '{');
    json_text(json, "kernel", step->step.kernel);
    json_text(json, "reason", step->step.reason);
    json_text(json, "settings", step->node.settings);
    json_integer(json, "run", (int64_t)run + 1);
    if (step->gflop > 0 && span->busy > 0) json_number(json, "gflops", step->gflop / span->busy);
    json_close(json, '}');
    json_close(json, '}');
}

static void write_events(json_writer *json, const profile_report *report) {
    const double origin = report->phases[0].begin;
    name_track(json, "process_name", HOST, report->model);
    name_track(json, "thread_name", HOST, "host");
    name_track(json, "thread_name", QUEUE, report->device.name);
    for (size_t i = 0; i < report->phase_count; i++) {
        const profile_phase *phase = &report->phases[i];
        open_slice(json, phase->name, "start", HOST, phase->begin - origin, phase->end - origin);
        json_close(json, '}');
    }
    for (size_t run = 0; run < report->times.runs; run++) {
        open_slice(json, "run", "run", HOST, report->runs[run].begin - origin, report->runs[run].end - origin);
        json_close(json, '}');
        for (size_t i = 0; i < report->count; i++) write_step(json, report, run, i, origin);
    }
}

void profile_write_trace(FILE *file, const tool_network *network, const profile_report *report) {
    json_writer json = {.file = file};
    json_open(&json, NULL, '{');
    json_text(&json, "displayTimeUnit", "ms");
    json_open(&json, "otherData", '{');
    json_text(&json, "version", clade_version());
    json_text(&json, "model", network->model->name);
    json_text(&json, "device", report->device.name);
    json_integer(&json, "batch", (int64_t)report->times.batch);
    json_close(&json, '}');
    json_open(&json, "traceEvents", '[');
    write_events(&json, report);
    json_close(&json, ']');
    json_close(&json, '}');
    fputc('\n', file);
}
