/* profile.c: `clade profile`: where the time of a network goes, step by step. */
#include "profile.h"

#include "clock.h"
#include "command.h"
#include "format.h"
#include "output.h"

#include <string.h>

enum { DEFAULT_RUNS = 20 };

static void widen(int *width, const char *text) {
    const int length = (int)strlen(text);
    if (length > *width) *width = length;
}

static void print_text(const profile_report *report) {
    int layer_width = 0, kernel_width = 0, shape_width = 0;
    char shape[FORMAT_SIZE], speed[FORMAT_SIZE];
    for (size_t i = 0; i < report->count; i++) {
        const profile_step *step = &report->steps[i];
        widen(&layer_width, step->node.name);
        widen(&kernel_width, step->step.kernel);
        widen(&shape_width, format_shape(&step->output, shape));
    }
    printf("%s on %s, batch %zu, %zu runs\n\n", report->model, report->device.name, report->times.batch,
           report->times.runs);
    printf("%9s  %9s  %7s  %6s  %-*s  %-*s  %-*s  %s\n", "fastest", "median", "GFLOP/s", "share", layer_width, "layer",
           shape_width, "output", kernel_width, "kernel", "why");
    for (size_t i = 0; i < report->count; i++) {
        const profile_step *step = &report->steps[i];
        speed[0] = '\0';
        if (step->gflop > 0) snprintf(speed, sizeof speed, "%.0f", profile_rate(step));
        printf("%9.3f  %9.3f  %7s  %5.1f%%  %-*s  %-*s  %-*s  %s\n", step->fastest, step->median, speed,
               100 * profile_share(report, step), layer_width, step->node.name, shape_width,
               format_shape(&step->output, shape), kernel_width, step->step.kernel, step->step.reason);
    }
    printf("%9.3f  %9.3f  ms, all steps\n", report->steps_fastest, report->steps_median);
    printf("%9.3f  %9.3f  ms, a run from host memory to host memory\n", report->times.fastest, report->times.median);
}

/* ---- The command ---------------------------------------------------------------------------------------------------------- */

static bool start(tool_network *network, profile_report *report, tool_buffers *buffers) {
    double begin = clock_seconds();
    if (!measure_open(network, network->options, network->console)) return false;
    report->times.batch = (size_t)network_batch(network, 1);
    profile_add_phase(report, "open device, build graph, load weights", begin);
    begin = clock_seconds();
    if (!buffers_make(network, report->times.batch, buffers)) return false;
    profile_add_phase(report, "fill inputs", begin);
    begin = clock_seconds();
    if (!network_compile(network, report->times.batch)) return false;
    profile_add_phase(report, "compile plan", begin);
    begin = clock_seconds();
    if (clade_session_create_profiled(network->plan, &network->session) != CLADE_OK) return network_fail(network);
    profile_add_phase(report, "create session", begin);
    return true;
}

typedef void profile_writer(FILE *file, const tool_network *network, const profile_report *report);

/* `path`: NULL when nobody asked. */
static bool open_file(const char *path, output_file *output, tool_console *console) {
    return !path || output_open(output, path, console);
}

static bool write_file(output_file *output, const tool_network *network, const profile_report *report,
                       profile_writer *write) {
    if (!output->stream) return true;
    write(output->stream, network, report);
    return output_commit(output, network->console);
}

static void show(const tool_network *network, const profile_report *report) {
    json_writer json = {.file = stdout};
    if (!network->options->json) {
        print_text(report);
        return;
    }
    profile_write_json(&json, network, report);
    putchar('\n');
}

static int profile_run(const tool_options *options, tool_console *console) {
    profile_report report = {.times = {.runs = options->runs ? (size_t)options->runs : DEFAULT_RUNS}};
    tool_network network = {.options = options, .console = console};
    tool_buffers buffers = {0};
    output_file trace = {0}, html = {0}; /* opened first: what cannot be written is not worth measuring */
    bool good = open_file(options->trace, &trace, console) && open_file(options->html, &html, console) &&
                start(&network, &report, &buffers) && profile_measure(&network, &buffers, &report);
    if (good) show(&network, &report);
    good = good && write_file(&trace, &network, &report, profile_write_trace) &&
           write_file(&html, &network, &report, profile_write_page);
    output_abandon(&trace);
    output_abandon(&html);
    profile_free(&report);
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
                   "weights are random. --trace writes every step of every run for Perfetto,\n"
                   "--html a page with charts and a table that sorts.",
    .least = 1,
    .most = 1,
    .run = profile_run,
};
