/* compare.c: several networks side by side: parameters, work, memory and, when asked for, time. */
#include "compare.h"

#include "census.h"
#include "clock.h"
#include "format.h"
#include "json.h"
#include "measure.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

/* Of a network on the options' device. */
typedef struct comparison {
    const char *name;
    uint64_t parameters, multiply_adds, bytes_activations;
    bool has_arena, has_time;
    uint64_t bytes_arena;
    double milliseconds; /* the median of the timed runs */
} comparison;

enum { TIMED_RUNS = 20 };

static bool time_network(tool_network *network, size_t batch, comparison *c) {
    double times[TIMED_RUNS];
    tool_buffers buffers = {0};
    clade_plan_destroy(&network->plan); /* which was for looking only */
    bool good = network_load(network, "random") && buffers_make(network, batch, &buffers) &&
                network_compile(network, batch) && network_start(network) && measure_run(network, &buffers, &times[0]);
    for (size_t i = 0; good && i < TIMED_RUNS; i++) {
        good = measure_run(network, &buffers, &times[i]);
        console_progress(network->console, c->name, i + 1, TIMED_RUNS);
    }
    console_clear(network->console);
    buffers_free(&buffers);
    if (!good) return false;
    c->milliseconds = clock_median(times, TIMED_RUNS);
    c->has_time = true;
    return true;
}

static bool look_at(const tool_options *options, tool_console *console, const char *name, comparison *c) {
    tool_network network = {0};
    tool_census census = {0};
    bool good = network_open(&network, options, console, options->time ? NULL : census_device(options)) &&
                network_build(&network, name) && census_take(&network, &census);
    *c = (comparison){.name = name,
                      .parameters = census.parameters,
                      .multiply_adds = census.multiply_adds,
                      .bytes_activations = census.bytes_activations,
                      .has_arena = census.has_memory,
                      .bytes_arena = census.memory.arena};
    if (good && options->time) good = time_network(&network, census.batch, c);
    census_free(&census);
    network_close(&network);
    return good;
}

static table_row row_of(const comparison *c) {
    table_row row = {{""}};
    char text[FORMAT_SIZE];
    snprintf(row.cells[0], TABLE_CELL, "%s", c->name);
    snprintf(row.cells[1], TABLE_CELL, "%s", format_count(c->parameters, text));
    snprintf(row.cells[2], TABLE_CELL, "%s", format_count(c->multiply_adds, text));
    snprintf(row.cells[3], TABLE_CELL, "%s", format_bytes(c->bytes_activations, text));
    if (c->has_arena) snprintf(row.cells[4], TABLE_CELL, "%s", format_bytes(c->bytes_arena, text));
    if (c->has_time) snprintf(row.cells[5], TABLE_CELL, "%.2f ms", c->milliseconds);
    return row;
}

static bool print_text(const comparison *all, size_t count) {
    table_row *rows = calloc(count + 1, sizeof *rows);
    if (!rows) return false;
    rows[0] = (table_row){{"model", "parameters", "multiply-adds", "activations", "arena", "time"}};
    for (size_t i = 0; i < count; i++) rows[1 + i] = row_of(&all[i]);
    table_print(rows, count + 1, all[0].has_time ? 6 : all[0].has_arena ? 5 : 4, 1);
    free(rows);
    return true;
}

static bool print_json(const comparison *all, size_t count) {
    json_writer json = {.file = stdout};
    json_open(&json, NULL, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(&json, NULL, '{');
        json_text(&json, "model", all[i].name);
        json_integer(&json, "parameters", (int64_t)all[i].parameters);
        json_integer(&json, "multiply_adds", (int64_t)all[i].multiply_adds);
        json_integer(&json, "bytes_activations", (int64_t)all[i].bytes_activations);
        if (all[i].has_arena) json_integer(&json, "bytes_arena", (int64_t)all[i].bytes_arena);
        if (all[i].has_time) json_number(&json, "ms_median", all[i].milliseconds);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    putchar('\n');
    return true;
}

bool compare_print(const tool_options *options, tool_console *console) {
    comparison *all = calloc(options->argument_count, sizeof *all);
    bool good = all != NULL;
    for (size_t i = 0; good && i < options->argument_count; i++)
        good = look_at(options, console, options->arguments[i], &all[i]);
    if (good) good = (options->json ? print_json : print_text)(all, options->argument_count);
    free(all);
    return good;
}
