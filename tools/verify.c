/* verify.c: `clade verify`: whether this device and its driver compute what they should. */
#include "command.h"
#include "json.h"
#include "network.h"

#include <stdio.h>

static const char default_model[] = "googlenet";

typedef struct verify_report {
    tool_console *console;
    json_writer *json; /* NULL: text */
    bool has_header;
} verify_report;

static void show_progress(void *user, const char *what, size_t done, size_t total) {
    char doing[64];
    snprintf(doing, sizeof doing, "checking %s", what);
    console_progress(((verify_report *)user)->console, doing, done, total);
}

static const char *verdict_of(const clade_verify_result *result) {
    return result->status != CLADE_OK ? "FAILED" : result->right ? "right" : "WRONG";
}

static void print_text(verify_report *report, const clade_verify_result *result) {
    if (!report->has_header)
        printf("%-7s %9s %9s %6s  %-28s  %s\n", "", "error", "allowed", "layers", "kernel (* taken)", "layer");
    report->has_header = true;
    printf("%-7s %9.1e %9.0e %6zu  %-27s%s  %s\n", verdict_of(result), (double)result->error, (double)result->tolerance,
           result->layers, result->kernel, result->taken ? "*" : " ", result->layer);
    if (result->status != CLADE_OK) printf("        %s\n", result->message);
}

static void print_json(json_writer *json, const clade_verify_result *result) {
    json_open(json, NULL, '{');
    json_text(json, "layer", result->layer);
    json_integer(json, "layers", (int64_t)result->layers);
    json_text(json, "kernel", result->kernel);
    json_text(json, "variant", result->variant);
    json_boolean(json, "taken", result->taken);
    json_boolean(json, "right", result->right);
    json_number(json, "error", (double)result->error);
    json_number(json, "tolerance", (double)result->tolerance);
    json_text(json, "failure", result->status == CLADE_OK ? NULL : result->message);
    json_close(json, '}');
}

static void show_result(void *user, const clade_verify_result *result) {
    verify_report *report = user;
    console_clear(report->console);
    if (report->json)
        print_json(report->json, result);
    else
        print_text(report, result);
}

static void open_json(json_writer *json, const tool_network *network, const clade_device_info *device) {
    json_open(json, NULL, '{');
    json_text(json, "model", network->model->name);
    json_text(json, "device", device->name);
    json_open(json, "results", '[');
}

static void close_json(json_writer *json, const clade_verify_summary *summary) {
    json_close(json, ']');
    json_integer(json, "problems", (int64_t)summary->problems);
    json_integer(json, "kernels", (int64_t)summary->kernels);
    json_integer(json, "wrong", (int64_t)summary->wrong);
    json_integer(json, "failed", (int64_t)summary->failed);
    json_close(json, '}');
}

/* `sound_out`: nothing is wrong. */
static bool verify(tool_network *network, json_writer *json, bool *sound_out) {
    const clade_plan_settings plan = network_settings(network, network_batch(network, 1));
    verify_report report = {.console = network->console, .json = network->options->json ? json : NULL};
    clade_verify_settings settings = clade_verify_defaults();
    clade_verify_summary summary;
    clade_device_info device;
    settings.plan = &plan;
    settings.progress = show_progress;
    settings.result = show_result;
    settings.user = &report;
    if (clade_context_device(network->context, &device) != CLADE_OK) return network_fail(network);
    if (report.json) open_json(json, network, &device);
    const clade_status status = clade_verify(network->graph, &settings, &summary);
    console_clear(network->console);
    if (status != CLADE_OK) network_fail(network);
    if (report.json)
        close_json(json, &summary);
    else if (status == CLADE_OK)
        printf("%s on %s: %zu kernels on %zu problems, %zu wrong, %zu failed\n", network->model->name, device.name,
               summary.kernels, summary.problems, summary.wrong, summary.failed);
    *sound_out = summary.wrong == 0 && summary.failed == 0;
    return status == CLADE_OK;
}

static bool verify_model(const tool_options *options, tool_console *console, const char *model, json_writer *json) {
    tool_network network = {0};
    bool sound = false;
    const bool good = network_open(&network, options, console, NULL) && network_build(&network, model) &&
                      verify(&network, json, &sound);
    network_close(&network);
    return good && sound;
}

/* What is wrong with one model does not keep the others from being verified. */
static int verify_run(const tool_options *options, tool_console *console) {
    json_writer json = {.file = stdout};
    const bool several = options->argument_count > 1;
    bool sound = true;
    if (options->json && several) json_open(&json, NULL, '[');
    if (options->argument_count == 0) sound = verify_model(options, console, default_model, &json);
    for (size_t i = 0; i < options->argument_count; i++) {
        if (i > 0 && !options->json) putchar('\n');
        if (!verify_model(options, console, options->arguments[i], &json)) sound = false;
    }
    if (options->json && several) json_close(&json, ']');
    if (options->json) putchar('\n');
    return sound ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_verify = {
    .name = "verify",
    .bit = COMMAND_VERIFY,
    .arguments = "[MODEL...]",
    .summary = "check every kernel on this device",
    .description = "Runs every kernel that each layer of a network (googlenet) could take, at the\n"
                   "layer's own size and with random operands, and compares its results with those\n"
                   "of the operator's generic kernel. The error is the largest difference as a\n"
                   "share of the largest result. A star marks the kernel that is taken. Then the\n"
                   "whole network: in one launch against step by step, where the device takes it\n"
                   "so ('network'), and against generic kernels without any pass ('plan'). The exit\n"
                   "code is 1 when something is wrong or cannot run; wrong kernels are remembered\n"
                   "in the cache, and not taken any more. No weights are needed.",
    .most = SIZE_MAX,
    .run = verify_run,
};
