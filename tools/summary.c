/* summary.c: `clade summary`: a network layer by layer, and what it needs. */
#include "census.h"
#include "command.h"
#include "compare.h"
#include "format.h"
#include "json.h"
#include "setting.h"
#include "smallest.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- As text: the table that torchsummary prints, with the work beside it ------------------------------------------- */

enum { COLUMNS = 5, FIRST_NUMBER = 3 };

static table_row layer_row(const census_layer *layer) {
    char shape[FORMAT_SIZE], parameters[FORMAT_SIZE] = "", multiply_adds[FORMAT_SIZE] = "";
    if (layer->parameters) format_count(layer->parameters, parameters);
    if (layer->multiply_adds) format_count(layer->multiply_adds, multiply_adds);
    table_row row;
    snprintf(row.cells[0], TABLE_CELL, "%s", layer->name);
    snprintf(row.cells[1], TABLE_CELL, "%s %s", layer->operator_name, layer->settings);
    snprintf(row.cells[2], TABLE_CELL, "%s", format_shape(&layer->output, shape));
    snprintf(row.cells[3], TABLE_CELL, "%s", parameters);
    snprintf(row.cells[4], TABLE_CELL, "%s", multiply_adds);
    return row;
}

static table_row total_row(const tool_census *census) {
    char parameters[FORMAT_SIZE], multiply_adds[FORMAT_SIZE];
    table_row row = {{"total"}};
    snprintf(row.cells[3], TABLE_CELL, "%s", format_count(census->parameters, parameters));
    snprintf(row.cells[4], TABLE_CELL, "%s", format_count(census->multiply_adds, multiply_adds));
    return row;
}

static bool print_table(const tool_census *census) {
    table_row *rows = calloc(census->layer_count + 2, sizeof *rows);
    if (!rows) return false;
    rows[0] = (table_row){{"layer", "operator", "output", "parameters", "multiply-adds"}};
    for (size_t i = 0; i < census->layer_count; i++) rows[1 + i] = layer_row(&census->layers[i]);
    rows[1 + census->layer_count] = total_row(census);
    table_print(rows, census->layer_count + 2, COLUMNS, FIRST_NUMBER);
    free(rows);
    return true;
}

static bool print_text(const tool_census *census) {
    char text[FORMAT_SIZE];
    printf("%s: %s\n", census->model->name, census->model->title);
    printf("%s\n", census->model->paper);
    printf("input %s\n\n", format_shape(&census->input, text));
    if (!print_table(census)) return false;
    if (census->statistics) printf("\nand %s running means and variances\n", format_count(census->statistics, text));
    printf("\none image in float32\n");
    printf("  input        %s\n", format_bytes(census->bytes_input, text));
    printf("  activations  %s in all layers together\n", format_bytes(census->bytes_activations, text));
    printf("  parameters   %s\n", format_bytes(sizeof(float) * census->parameters, text));
    if (!census->has_memory) return true;
    printf("\nmemory on the device, batch %zu\n", census->batch);
    printf("  weights  %s\n", format_bytes(census->memory.weights, text));
    printf("  arena    %s\n", format_bytes(census->memory.arena, text));
    printf("  peak     %s alive at one time\n", format_bytes(census->memory.peak_live, text));
    return true;
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

static void json_layer(json_writer *json, const census_layer *layer) {
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

static bool print_json(const tool_census *census) {
    json_writer json = {.file = stdout};
    json_open(&json, NULL, '{');
    json_text(&json, "model", census->model->name);
    json_text(&json, "title", census->model->title);
    json_text(&json, "paper", census->model->paper);
    json_shape(&json, "input", &census->input);
    json_open(&json, "layers", '[');
    for (size_t i = 0; i < census->layer_count; i++) json_layer(&json, &census->layers[i]);
    json_close(&json, ']');
    json_integer(&json, "parameters", (int64_t)census->parameters);
    json_integer(&json, "statistics", (int64_t)census->statistics);
    json_integer(&json, "multiply_adds", (int64_t)census->multiply_adds);
    json_integer(&json, "bytes_input", (int64_t)census->bytes_input);
    json_integer(&json, "bytes_activations", (int64_t)census->bytes_activations);
    if (census->has_memory) {
        json_open(&json, "memory", '{');
        json_integer(&json, "batch", (int64_t)census->batch);
        json_integer(&json, "bytes_weights", (int64_t)census->memory.weights);
        json_integer(&json, "bytes_arena", (int64_t)census->memory.arena);
        json_integer(&json, "bytes_peak", (int64_t)census->memory.peak_live);
        json_close(&json, '}');
    } else {
        json_text(&json, "memory", NULL);
    }
    json_close(&json, '}');
    putchar('\n');
    return true;
}

/* ---- The command -------------------------------------------------------------------------------------------------- */

static void list_models(bool as_json) {
    json_writer json = {.file = stdout};
    int width = 0;
    for (size_t i = 0; model_at(i); i++) {
        const int length = (int)strlen(model_at(i)->name);
        if (length > width) width = length;
    }
    if (as_json) json_open(&json, NULL, '[');
    for (size_t i = 0; model_at(i); i++) {
        const clade_model_info *model = model_at(i);
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

static bool list_settings(const tool_options *options, tool_console *console) {
    const char *word = options->arguments[0];
    tool_model model;
    if (!model_read(word, console, &model)) return false;
    if (!model_published(&model))
        return console_fail(console, "failed to list the settings of %s: it is no model", word);
    settings_print(&model, options->json);
    return true;
}

static bool summarise(const tool_options *options, tool_console *console) {
    tool_network network = {0};
    tool_census census = {0};
    bool good = network_open(&network, options, console, census_device(options)) &&
                network_build(&network, options->arguments[0]) && census_take(&network, &census);
    if (good && !(options->json ? print_json : print_text)(&census)) good = console_fail(console, "out of host memory");
    census_free(&census);
    network_close(&network);
    return good;
}

static int summary_run(const tool_options *options, tool_console *console) {
    if (options->list && options->argument_count > 1)
        return command_misuse(&command_summary, console, "--list is for one MODEL, or for none");
    if (options->list && options->argument_count == 1) return list_settings(options, console) ? EXIT_DONE : EXIT_FAILED;
    if (options->list) {
        list_models(options->json);
        return EXIT_DONE;
    }
    if (options->argument_count == 0) return command_misuse(&command_summary, console, "there is no MODEL, nor --list");
    if (options->min_size) return smallest_print(options, console) ? EXIT_DONE : EXIT_FAILED;
    const bool one = options->argument_count == 1 && !options->time;
    return (one ? summarise : compare_print)(options, console) ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_summary = {
    .name = "summary",
    .bit = COMMAND_SUMMARY,
    .arguments = "MODEL... | --list [MODEL]",
    .summary = "show a network layer by layer, compare networks, or list the models",
    .description = "Prints each layer of a network with its output shape, parameters and\n"
                   "multiply-adds (for one image), the totals, and the memory it takes: for one\n"
                   "image in float32 all layers' outputs together, and on the device weights, the\n"
                   "arena of activations, and the most that is alive at one time, which no arena\n"
                   "can go below. Without an OpenCL device, or with -d none, the latter are left\n"
                   "out. Several networks are compared instead, one a line. --list prints the\n"
                   "models, or the settings of one.",
    .most = SIZE_MAX,
    .run = summary_run,
};
