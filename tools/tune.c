/* tune.c: `clade tune`: measures kernels, keeps the fastest, and tells what changed. */
#include "clock.h"
#include "command.h"
#include "measure.h"

#include <stdio.h>
#include <string.h>

typedef struct tune_report {
    tool_console *console;
    bool has_header;
} tune_report;

static void show_progress(void *user, const char *what, size_t done, size_t total) {
    char doing[64];
    snprintf(doing, sizeof doing, "measuring %s", what);
    console_progress(((tune_report *)user)->console, doing, done, total);
}

/* One line for each problem that takes another kernel than before. */
static void print_result(void *user, const clade_tune_result *result) {
    tune_report *report = user;
    if (strcmp(result->before, result->after) == 0) return;
    console_clear(report->console);
    if (!report->has_header) printf("%-92s %6s %-26s %9s  %-26s %9s\n", "problem", "layers", "from", "us", "to", "us");
    report->has_header = true;
    printf("%-92s %6zu %-26s %9.1f  %-26s %9.1f\n", result->problem, result->layers, result->before,
           1e6 * result->seconds_before, result->after, 1e6 * result->seconds_after);
}

static bool tune(tool_network *network) {
    const clade_plan_settings plan = network_settings(network, network_batch(network, 1));
    tune_report report = {.console = network->console};
    clade_tune_summary summary;
    clade_tune_settings settings = clade_tune_defaults();
    settings.plan = &plan;
    if (network->options->level) settings.level = network->options->level;
    settings.progress = show_progress;
    settings.result = print_result;
    settings.user = &report;
    const double start = clock_seconds();
    const clade_status status = clade_tune(network->graph, &settings, &summary);
    console_clear(network->console);
    if (status != CLADE_OK) return network_fail(network);
    printf("%s: %zu of %zu problems take another kernel; ", network->model->name, summary.changed, summary.problems);
    if (summary.seconds_after > 0.0)
        printf("a run %.2f ms before, %.2f ms after, %.2f times as fast; ", 1e3 * summary.seconds_before,
               1e3 * summary.seconds_after, summary.seconds_before / summary.seconds_after);
    printf("tuned in %.1f s\n", clock_seconds() - start);
    return true;
}

static bool write_text(void *user, const char *text, size_t length) { return fwrite(text, 1, length, user) == length; }

static bool export_rows(tool_network *network) {
    const clade_plan_settings plan = network_settings(network, network_batch(network, 1));
    if (clade_tune_export(network->graph, &plan, write_text, stdout) != CLADE_OK) return network_fail(network);
    return true;
}

static int tune_run(const tool_options *options, tool_console *console) {
    tool_network network = {0};
    const bool good = measure_open(&network, options, console) && (options->export_rows ? export_rows : tune)(&network);
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_tune = {
    .name = "tune",
    .bit = COMMAND_TUNE,
    .arguments = "MODEL",
    .summary = "measure kernels and keep the fastest for later runs",
    .description = "Measures the device, then the kernels that each convolution of a network could\n"
                   "take, then a few whole networks made of the quickest, and keeps the choice in\n"
                   "the cache: from then on every process takes it, for all networks with layers\n"
                   "of the same sizes. Nothing else should run meanwhile. Prints what changed:\n"
                   "times in microseconds of a layer by itself, its weights not in the caches.",
    .least = 1,
    .most = 1,
    .run = tune_run,
};
