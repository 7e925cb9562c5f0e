/* profile_measure.c: runs a network with a clock at every step. */
#include "clock.h"
#include "profile.h"

#include <stdlib.h>

void profile_add_phase(profile_report *report, const char *name, double begin) {
    report->phases[report->phase_count++] = (profile_phase){.name = name, .begin = begin, .end = clock_seconds()};
}

/* ---- What the plan tells about its steps --------------------------------------------------------------------------------------- */

static uint64_t elements_of(const clade_graph *graph, clade_tensor tensor) {
    clade_tensor_info info;
    uint64_t elements = 1;
    if (clade_graph_tensor(graph, tensor, &info) != CLADE_OK) return 0;
    for (int32_t i = 0; i < info.shape.rank; i++) elements *= (uint64_t)info.shape.dims[i];
    return elements;
}

static uint64_t bytes_of(const tool_network *network, const clade_graph *graph, const clade_node_info *node) {
    const uint64_t weight_size = network->options->weight_type == CLADE_FLOAT32 ? 4 : 2;
    uint64_t bytes = 4 * elements_of(graph, node->output);
    for (size_t i = 0; i < node->input_count; i++) bytes += 4 * elements_of(graph, node->inputs[i]);
    for (size_t i = 0; i < node->parameter_count; i++) bytes += weight_size * elements_of(graph, node->parameters[i]);
    return bytes;
}

/* A step belongs to a node; of the steps of one node the first has its work. */
static bool describe_step(const tool_network *network, const clade_graph *graph, profile_report *report, size_t index) {
    profile_step *step = &report->steps[index];
    clade_tensor_info tensor;
    if (clade_plan_step(network->plan, index, &step->step) != CLADE_OK ||
        clade_graph_node(graph, step->step.node, &step->node) != CLADE_OK ||
        clade_graph_tensor(graph, step->node.output, &tensor) != CLADE_OK)
        return network_fail(network);
    step->output = tensor.shape;
    if (index > 0 && report->steps[index - 1].step.node == step->step.node) return true;
    step->gflop = 2e-9 * (double)step->node.multiply_adds * (double)report->times.batch;
    step->bytes = bytes_of(network, graph, &step->node);
    return true;
}

static bool describe(const tool_network *network, profile_report *report) {
    report->count = clade_plan_step_count(network->plan);
    report->steps = calloc(report->count ? report->count : 1, sizeof *report->steps);
    if (!report->steps) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < report->count; i++)
        if (!describe_step(network, clade_plan_graph(network->plan), report, i)) return false;
    report->model = network->model->name;
    if (clade_plan_memory_use(network->plan, &report->memory) != CLADE_OK ||
        clade_context_device(network->context, &report->device) != CLADE_OK)
        return network_fail(network);
    return true;
}

/* ---- Times -------------------------------------------------------------------------------------------------------------------- */

static bool run_once(const tool_network *network, const tool_buffers *buffers, profile_report *report, size_t run) {
    profile_phase *phase = &report->runs[run];
    double milliseconds;
    phase->begin = clock_seconds();
    if (!measure_run(network, buffers, &milliseconds)) return false;
    phase->end = phase->begin + 1e-3 * milliseconds;
    for (size_t i = 0; i < report->count; i++)
        if (clade_session_step_span(network->session, i, &report->spans[run * report->count + i]) != CLADE_OK)
            return network_fail(network);
    console_progress(network->console, "running", run + 1, report->times.runs);
    return true;
}

/* Fastest and median of each step and of the whole; `times` has room for all runs. */
static void summarise(profile_report *report, double *times) {
    const size_t runs = report->times.runs;
    for (size_t i = 0; i < report->count; i++) {
        profile_step *step = &report->steps[i];
        for (size_t run = 0; run < runs; run++) times[run] = 1e3 * report->spans[run * report->count + i].busy;
        step->median = clock_median(times, runs);
        step->fastest = times[0];
        report->steps_median += step->median;
        report->steps_fastest += step->fastest;
    }
    for (size_t run = 0; run < runs; run++) times[run] = 1e3 * (report->runs[run].end - report->runs[run].begin);
    report->times.median = clock_median(times, runs);
    report->times.fastest = times[0];
}

bool profile_measure(const tool_network *network, const tool_buffers *buffers, profile_report *report) {
    if (!describe(network, report)) return false;
    const size_t runs = report->times.runs;
    double *times = calloc(runs, sizeof *times);
    report->runs = calloc(runs, sizeof *report->runs);
    report->spans = calloc(runs * report->count + 1, sizeof *report->spans);
    bool good = times && report->runs && report->spans;
    if (!good) console_fail(network->console, "out of host memory");
    for (size_t run = 0; good && run < runs; run++) good = run_once(network, buffers, report, run);
    console_clear(network->console);
    if (good) summarise(report, times);
    free(times);
    return good;
}

void profile_free(profile_report *report) {
    free(report->steps);
    free(report->runs);
    free(report->spans);
}

double profile_rate(const profile_step *step) { return step->fastest > 0 ? 1e3 * step->gflop / step->fastest : 0.0; }

double profile_share(const profile_report *report, const profile_step *step) {
    return report->steps_fastest > 0 ? step->fastest / report->steps_fastest : 0.0;
}
