/* summary.c: `clade summary`: a network layer by layer, and what it needs. */
#include "command.h"
#include "format.h"
#include "json.h"
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct summary_layer {
    const char *name, *operator_name;
    char *settings; /* the graph's own text lives only until the next question */
    clade_shape output;
    uint64_t parameters; /* trainable */
    uint64_t statistics; /* running means and variances: part of a checkpoint, but not trained */
    uint64_t multiply_adds;
} summary_layer;

typedef struct summary_report {
    const clade_model_info *model;
    clade_shape input;
    summary_layer *layers;
    size_t layer_count;
    uint64_t parameters, statistics, multiply_adds;
    size_t batch; /* of the memory's figures */
    bool has_memory;
    clade_plan_memory memory;
} summary_report;

static bool is_statistic(const char *name) {
    const char *last = strrchr(name, '.');
    return last && (strcmp(last, ".running_mean") == 0 || strcmp(last, ".running_var") == 0);
}

static uint64_t count_elements(const clade_shape *shape) {
    return (uint64_t)shape->dims[0] * network_image_size(shape);
}

static bool describe_layer(const tool_network *network, size_t index, summary_layer *layer) {
    clade_node_info node;
    clade_tensor_info tensor;
    if (clade_graph_node(network->graph, index, &node) != CLADE_OK) return network_fail(network);
    if (clade_graph_tensor(network->graph, node.output, &tensor) != CLADE_OK) return network_fail(network);
    *layer = (struct summary_layer){.name = node.name,
                                    .operator_name = node.op,
                                    .settings = strdup(node.settings),
                                    .output = tensor.shape,
                                    .multiply_adds = node.multiply_adds};
    if (!layer->settings) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < node.parameter_count; i++) {
        if (clade_graph_tensor(network->graph, node.parameters[i], &tensor) != CLADE_OK) return network_fail(network);
        *(is_statistic(tensor.name) ? &layer->statistics : &layer->parameters) += count_elements(&tensor.shape);
    }
    return true;
}

static bool describe_layers(const tool_network *network, summary_report *report) {
    const char *name = NULL;
    report->model = network->model;
    if (!network_input(network, 0, &name, &report->input)) return false;
    report->layer_count = clade_graph_node_count(network->graph);
    report->layers = calloc(report->layer_count, sizeof *report->layers);
    if (!report->layers) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < report->layer_count; i++) {
        const summary_layer *layer = &report->layers[i];
        if (!describe_layer(network, i, &report->layers[i])) return false;
        report->parameters += layer->parameters;
        report->statistics += layer->statistics;
        report->multiply_adds += layer->multiply_adds;
    }
    return true;
}

static void free_report(summary_report *report) {
    for (size_t i = 0; report->layers && i < report->layer_count; i++) free(report->layers[i].settings);
    free(report->layers);
}

static bool plan_memory(tool_network *network, summary_report *report) {
    if (!network_plan(network, report->batch)) return false;
    if (clade_plan_memory_use(network->plan, &report->memory) != CLADE_OK) return network_fail(network);
    report->has_memory = true;
    return true;
}

/* ---- As text: the column widths come from what is in them --------------------------------------------------------- */

enum { COLUMNS = 5, CELL_SIZE = 256 };

typedef struct summary_row {
    char cells[COLUMNS][CELL_SIZE];
} summary_row;

static summary_row layer_row(const summary_layer *layer) {
    char shape[FORMAT_SIZE], parameters[FORMAT_SIZE] = "", multiply_adds[FORMAT_SIZE] = "";
    if (layer->parameters) format_count(layer->parameters, parameters);
    if (layer->multiply_adds) format_count(layer->multiply_adds, multiply_adds);
    summary_row row;
    snprintf(row.cells[0], CELL_SIZE, "%s", layer->name);
    snprintf(row.cells[1], CELL_SIZE, "%s %s", layer->operator_name, layer->settings);
    snprintf(row.cells[2], CELL_SIZE, "%s", format_shape(&layer->output, shape));
    snprintf(row.cells[3], CELL_SIZE, "%s", parameters);
    snprintf(row.cells[4], CELL_SIZE, "%s", multiply_adds);
    return row;
}

static summary_row total_row(const summary_report *report) {
    char parameters[FORMAT_SIZE], multiply_adds[FORMAT_SIZE];
    summary_row row = {{"total"}};
    snprintf(row.cells[3], CELL_SIZE, "%s", format_count(report->parameters, parameters));
    snprintf(row.cells[4], CELL_SIZE, "%s", format_count(report->multiply_adds, multiply_adds));
    return row;
}

static void widen(int widths[COLUMNS], const summary_row *row) {
    for (int i = 0; i < COLUMNS; i++) {
        const int length = (int)strlen(row->cells[i]);
        if (length > widths[i]) widths[i] = length;
    }
}

static void print_row(const int widths[COLUMNS], const summary_row *row) {
    printf("%-*s  %-*s  %-*s  %*s  %*s\n", widths[0], row->cells[0], widths[1], row->cells[1], widths[2], row->cells[2],
           widths[3], row->cells[3], widths[4], row->cells[4]);
}

static void print_table(const summary_report *report) {
    static const summary_row head = {{"layer", "operator", "output", "parameters", "multiply-adds"}};
    const summary_row total = total_row(report);
    int widths[COLUMNS] = {0};
    widen(widths, &head);
    widen(widths, &total);
    for (size_t i = 0; i < report->layer_count; i++) {
        const summary_row row = layer_row(&report->layers[i]);
        widen(widths, &row);
    }
    print_row(widths, &head);
    for (size_t i = 0; i < report->layer_count; i++) {
        const summary_row row = layer_row(&report->layers[i]);
        print_row(widths, &row);
    }
    print_row(widths, &total);
}

static void print_text(const summary_report *report) {
    char text[FORMAT_SIZE];
    printf("%s: %s\n", report->model->name, report->model->title);
    printf("%s\n", report->model->paper);
    printf("input %s\n\n", format_shape(&report->input, text));
    print_table(report);
    if (report->statistics) printf("\nand %s running means and variances\n", format_count(report->statistics, text));
    if (!report->has_memory) return;
    printf("\nmemory on the device, batch %zu\n", report->batch);
    printf("  weights  %s\n", format_bytes(report->memory.weights, text));
    printf("  arena    %s\n", format_bytes(report->memory.arena, text));
    printf("  peak     %s alive at one time\n", format_bytes(report->memory.peak_live, text));
}

/* ---- As JSON ------------------------------------------------------------------------------------------------------ */

static void json_shape(json_writer *json, const char *key, const clade_shape *shape) {
    json_open(json, key, '[');
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] == CLADE_BATCH)
            json_text(json, NULL, "N");
        else
            json_integer(json, NULL, shape->dims[i]);
    json_close(json, ']');
}

static void json_layer(json_writer *json, const summary_layer *layer) {
    json_open(json, NULL, '{');
    json_text(json, "name", layer->name);
    json_text(json, "operator", layer->operator_name);
    json_text(json, "settings", layer->settings);
    json_shape(json, "output", &layer->output);
    json_integer(json, "parameters", (int64_t)layer->parameters);
    json_integer(json, "statistics", (int64_t)layer->statistics);
    json_integer(json, "multiply_adds", (int64_t)layer->multiply_adds);
    json_close(json, '}');
}

static void print_json(const summary_report *report) {
    json_writer json = {.file = stdout};
    json_open(&json, NULL, '{');
    json_text(&json, "model", report->model->name);
    json_text(&json, "title", report->model->title);
    json_text(&json, "paper", report->model->paper);
    json_shape(&json, "input", &report->input);
    json_open(&json, "layers", '[');
    for (size_t i = 0; i < report->layer_count; i++) json_layer(&json, &report->layers[i]);
    json_close(&json, ']');
    json_integer(&json, "parameters", (int64_t)report->parameters);
    json_integer(&json, "statistics", (int64_t)report->statistics);
    json_integer(&json, "multiply_adds", (int64_t)report->multiply_adds);
    if (report->has_memory) {
        json_open(&json, "memory", '{');
        json_integer(&json, "batch", (int64_t)report->batch);
        json_integer(&json, "bytes_weights", (int64_t)report->memory.weights);
        json_integer(&json, "bytes_arena", (int64_t)report->memory.arena);
        json_integer(&json, "bytes_peak", (int64_t)report->memory.peak_live);
        json_close(&json, '}');
    } else {
        json_text(&json, "memory", NULL);
    }
    json_close(&json, '}');
    putchar('\n');
}

/* ---- The command -------------------------------------------------------------------------------------------------- */

static void list_models(bool as_json) {
    json_writer json = {.file = stdout};
    int width = 0;
    for (size_t i = 0; i < clade_model_count(); i++) {
        const int length = (int)strlen(clade_model_at(i)->name);
        if (length > width) width = length;
    }
    if (as_json) json_open(&json, NULL, '[');
    for (size_t i = 0; i < clade_model_count(); i++) {
        const clade_model_info *model = clade_model_at(i);
        if (as_json) {
            json_open(&json, NULL, '{');
            json_text(&json, "name", model->name);
            json_text(&json, "title", model->title);
            json_text(&json, "paper", model->paper);
            json_text(&json, "names", model->names);
            json_close(&json, '}');
        } else {
            printf("%-*s  %s\n", width, model->name, model->title);
        }
    }
    if (!as_json) return;
    json_close(&json, ']');
    putchar('\n');
}

static bool stop_at_first(void *user, const clade_device_info *info) {
    (void)user;
    (void)info;
    return false;
}

/* The device for the memory's figures: NULL for that of the options, "none" on a machine without any. A device that was
 * asked for must be there; without one the figures just stay away. */
static const char *choose_device(const tool_options *options) {
    const char *wanted = getenv("CLADE_DEVICE");
    if (options->device || (wanted && *wanted)) return NULL;
    return clade_devices(stop_at_first, NULL) == CLADE_OK ? NULL : "none";
}

static bool has_device(const tool_network *network) {
    clade_device_info device;
    return clade_context_device(network->context, &device) == CLADE_OK && device.type != CLADE_DEVICE_NONE;
}

static int summary_run(const tool_options *options, tool_console *console) {
    if (options->list) {
        list_models(options->json);
        return EXIT_DONE;
    }
    if (options->argument_count == 0) return command_misuse(&command_summary, console, "there is no MODEL, nor --list");

    tool_network network = {0};
    summary_report report = {.batch = options->batch ? (size_t)options->batch : 1};
    bool good = network_open(&network, options, console, choose_device(options)) &&
                network_build(&network, options->arguments[0]) && describe_layers(&network, &report);
    if (good && has_device(&network)) good = plan_memory(&network, &report);
    if (good) (options->json ? print_json : print_text)(&report);
    free_report(&report);
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_summary = {
    .name = "summary",
    .bit = COMMAND_SUMMARY,
    .arguments = "MODEL | --list",
    .summary = "show a network layer by layer, or list the models",
    .description = "Prints each layer of a network with its output shape, parameters and\n"
                   "multiply-adds (for one image), the totals, and the memory it takes on the\n"
                   "device: weights, the arena of activations, and the most that is alive at one\n"
                   "time, which no arena can go below. Without an OpenCL device, or with -d\n"
                   "none, the memory is left out.",
    .most = 1,
    .run = summary_run,
};
