/* profile.c: `clade profile`: where the time of a network goes, step by step. */
#include "clock.h"
#include "command.h"
#include "format.h"
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_RUNS = 20 };

typedef struct profile_step {
    clade_node_info node; /* of the graph as compiled */
    clade_step_info step;
    clade_shape output;
    double fastest, median; /* milliseconds */
    double gflop;           /* a multiply-add counted as two, whatever the kernel does; 0 where there is none */
} profile_step;

typedef struct profile_report {
    size_t count;
    profile_step *steps;
    double steps_fastest, steps_median; /* milliseconds, sums over the steps */
    tool_times times;                   /* of whole runs */
} profile_report;

/* ---- Measuring ------------------------------------------------------------------------------------------------------------ */

static bool start(tool_network *network) {
    if (clade_session_create_profiled(network->plan, &network->session) != CLADE_OK) return network_fail(network);
    return true;
}

/* Times of one run: those of the steps `runs` apart, the whole behind the last. */
static bool run_once(const tool_network *network, const tool_buffers *buffers, const profile_report *report,
                     double *times) {
    const size_t runs = report->times.runs;
    if (!measure_run(network, buffers, &times[report->count * runs])) return false;
    for (size_t i = 0; i < report->count; i++) {
        double seconds = 0;
        if (clade_session_step_time(network->session, i, &seconds) != CLADE_OK) return network_fail(network);
        times[i * runs] = 1e3 * seconds;
    }
    return true;
}

static bool measure(const tool_network *network, const tool_buffers *buffers, profile_report *report) {
    const size_t runs = report->times.runs;
    double *times = calloc((report->count + 1) * runs, sizeof *times);
    if (!times) return console_fail(network->console, "out of host memory");
    bool good = true;
    for (size_t i = 0; good && i < runs; i++) {
        good = run_once(network, buffers, report, times + i);
        console_progress(network->console, "running", i + 1, runs);
    }
    console_clear(network->console);
    for (size_t i = 0; i < report->count; i++) {
        profile_step *step = &report->steps[i];
        step->median = clock_median(times + i * runs, runs);
        step->fastest = times[i * runs];
        report->steps_median += step->median;
        report->steps_fastest += step->fastest;
    }
    report->times.median = clock_median(times + report->count * runs, runs);
    report->times.fastest = times[report->count * runs];
    free(times);
    return good;
}

/* What the plan tells about its steps. A step belongs to a node; of the steps of one node the first has its work. */
static bool describe(const tool_network *network, profile_report *report) {
    const clade_graph *graph = clade_plan_graph(network->plan);
    report->count = clade_plan_step_count(network->plan);
    report->steps = calloc(report->count ? report->count : 1, sizeof *report->steps);
    if (!report->steps) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < report->count; i++) {
        profile_step *step = &report->steps[i];
        clade_tensor_info tensor;
        if (clade_plan_step(network->plan, i, &step->step) != CLADE_OK ||
            clade_graph_node(graph, step->step.node, &step->node) != CLADE_OK ||
            clade_graph_tensor(graph, step->node.output, &tensor) != CLADE_OK)
            return network_fail(network);
        const bool is_first = i == 0 || report->steps[i - 1].step.node != step->step.node;
        step->output = tensor.shape;
        if (is_first) step->gflop = 2e-9 * (double)step->node.multiply_adds * (double)report->times.batch;
    }
    return true;
}

/* ---- Showing -------------------------------------------------------------------------------------------------------------- */

static double rate(const profile_step *step) { return step->fastest > 0 ? 1e3 * step->gflop / step->fastest : 0.0; }

static double share(const profile_report *report, const profile_step *step) {
    return report->steps_fastest > 0 ? step->fastest / report->steps_fastest : 0.0;
}

static void widen(int *width, const char *text) {
    const int length = (int)strlen(text);
    if (length > *width) *width = length;
}

static void print_text(const tool_network *network, const clade_device_info *device, const profile_report *report) {
    int layer_width = 0, kernel_width = 0, shape_width = 0;
    char shape[FORMAT_SIZE], speed[FORMAT_SIZE];
    for (size_t i = 0; i < report->count; i++) {
        const profile_step *step = &report->steps[i];
        widen(&layer_width, step->node.name);
        widen(&kernel_width, step->step.kernel);
        widen(&shape_width, format_shape(&step->output, shape));
    }
    printf("%s on %s, batch %zu, %zu runs\n\n", network->model->name, device->name, report->times.batch,
           report->times.runs);
    printf("%9s  %9s  %7s  %6s  %-*s  %-*s  %-*s  %s\n", "fastest", "median", "GFLOP/s", "share", layer_width, "layer",
           shape_width, "output", kernel_width, "kernel", "why");
    for (size_t i = 0; i < report->count; i++) {
        const profile_step *step = &report->steps[i];
        speed[0] = '\0';
        if (step->gflop > 0) snprintf(speed, sizeof speed, "%.0f", rate(step));
        printf("%9.3f  %9.3f  %7s  %5.1f%%  %-*s  %-*s  %-*s  %s\n", step->fastest, step->median, speed,
               100 * share(report, step), layer_width, step->node.name, shape_width, format_shape(&step->output, shape),
               kernel_width, step->step.kernel, step->step.reason);
    }
    printf("%9.3f  %9.3f  ms, all steps\n", report->steps_fastest, report->steps_median);
    printf("%9.3f  %9.3f  ms, a run from host memory to host memory\n", report->times.fastest, report->times.median);
}

static void json_step(json_writer *json, const profile_report *report, const profile_step *step) {
    json_open(json, NULL, '{');
    json_text(json, "layer", step->node.name);
    json_text(json, "operator", step->node.op);
    json_text(json, "kernel", step->step.kernel);
    json_text(json, "reason", step->step.reason);
    json_open(json, "output", '[');
    for (int32_t i = 0; i < step->output.rank; i++) json_integer(json, NULL, step->output.dims[i]);
    json_close(json, ']');
    json_number(json, "ms_min", step->fastest);
    json_number(json, "ms_median", step->median);
    json_number(json, "gflop", step->gflop);
    json_number(json, "share", share(report, step));
    json_close(json, '}');
}

static void print_json(const tool_network *network, const clade_device_info *device, const profile_report *report) {
    json_writer json = {.file = stdout};
    measure_begin_json(&json, network, device, &report->times);
    json_open(&json, "steps", '[');
    for (size_t i = 0; i < report->count; i++) json_step(&json, report, &report->steps[i]);
    json_close(&json, ']');
    json_close(&json, '}');
    putchar('\n');
}

/* ---- The command ---------------------------------------------------------------------------------------------------------- */

static int profile_run(const tool_options *options, tool_console *console) {
    profile_report report = {.times = {.batch = options->batch ? (size_t)options->batch : 1,
                                       .runs = options->runs ? (size_t)options->runs : DEFAULT_RUNS}};
    tool_network network = {0};
    tool_buffers buffers = {0};
    clade_device_info device;
    bool good = measure_open(&network, options, console) && buffers_make(&network, report.times.batch, &buffers) &&
                network_compile(&network, report.times.batch) && start(&network) && describe(&network, &report) &&
                measure(&network, &buffers, &report);
    if (good && clade_context_device(network.context, &device) != CLADE_OK) good = network_fail(&network);
    if (good) (options->json ? print_json : print_text)(&network, &device, &report);
    free(report.steps);
    buffers_free(&buffers);
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_profile = {
    .name = "profile",
    .bit = COMMAND_PROFILE,
    .arguments = "MODEL",
    .summary = "show where the time of a network goes",
    .description = "Compiles a network and runs it with a clock at every step. Prints for each\n"
                   "step the fastest and the median of its times on the device, the speed (by\n"
                   "the fastest; a multiply-add counted as two, convolutions as if computed\n"
                   "directly), its share of all steps, the layer, the shape of its output, and\n"
                   "the kernel with the reason why it was chosen. Every step is launched for\n"
                   "itself, so a whole run may take longer than with 'clade bench'. Without -w,\n"
                   "weights are random.",
    .least = 1,
    .most = 1,
    .run = profile_run,
};
