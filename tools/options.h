/* options.h: the command line, read in one place for all commands. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include "console.h"

#include <clade/clade.h>

/* NAME=FILE of -i and -o, NAME=SHAPE of --shape. */
typedef struct tool_binding {
    char *name;
    const char *value;
} tool_binding;

typedef struct tool_bindings {
    tool_binding *items;
    size_t count;
} tool_bindings;

/* What the user asked for. Zero or NULL: not given. */
typedef struct tool_options {
    /* where and how to compute */
    const char *device;
    const char *cache; /* "": none */
    uint64_t threads;
    uint64_t memory_limit;
    uint64_t batch;
    const char *kernels;
    uint32_t disabled_passes;
    uint64_t block;
    clade_type weight_type;

    /* what to compute */
    const char *weights;
    const char *labels;
    const char *data;
    bool skip_damaged;
    const char *images;
    tool_bindings inputs, outputs;
    tool_bindings shapes;
    bool external_data;
    uint64_t top;
    uint64_t limit;
    uint64_t runs;
    clade_tuning level; /* CLADE_TUNING_DEFAULT: not given */
    bool export_rows;

    /* how to train; numbers that are not given are 0 */
    const char *test_data;
    uint64_t epochs;
    uint64_t seed;
    uint64_t crop_padding;
    bool flip;
    const char *optimizer, *schedule, *initializer;
    double rate, momentum, weight_decay, label_smoothing, clip_norm, average;
    const char *log;

    /* what to show */
    const char *output;
    const char *trace;
    const char *html;
    bool confusion;
    const char *csv;
    bool compiled;
    bool list;
    bool min_size;
    bool time;
    bool json;
    bool help;
    bool version;
    bool quiet;
    unsigned verbosity;

    char **arguments; /* what is no option */
    size_t argument_count;
} tool_options;

typedef struct tool_command tool_command;

/* Reads the options that `command` takes; argv[0] is the command's name. False after a message about wrong use; free the
 * options in either case. */
bool options_parse(const tool_command *command, int argc, char **argv, tool_options *options_out,
                   tool_console *console);
void options_free(tool_options *options);

/* Prints the options of a command, one a line. */
void options_print(const tool_command *command);

#endif
