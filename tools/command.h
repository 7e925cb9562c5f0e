/* command.h: what a command of the tool is. Each has a file of its own; main.c lists them. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include "options.h"

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_MISUSE = 2 /* the command line makes no sense */
};

/* Commands as bits, by which options.c says who takes what. */
enum {
    COMMAND_DEVICES = 1 << 0,
    COMMAND_CLASSIFY = 1 << 1,
    COMMAND_EVAL = 1 << 2,
    COMMAND_RUN = 1 << 3,
    COMMAND_SUMMARY = 1 << 4,
    COMMAND_GRAPH = 1 << 5,
    COMMAND_BENCH = 1 << 6,
    COMMAND_PROFILE = 1 << 7,
    COMMAND_TUNE = 1 << 8,
    COMMAND_CONVERT = 1 << 9,
    COMMAND_VERIFY = 1 << 10,
    COMMAND_HELP = 1 << 11,
    COMMAND_TRAIN = 1 << 12,
    COMMAND_ALL = (1 << 13) - 1
};

struct tool_command {
    const char *name;
    unsigned bit;
    const char *arguments;   /* e.g. "MODEL [-o FILE]" */
    const char *summary;     /* one line */
    const char *description; /* what it does, for `clade help NAME` */
    size_t least, most;      /* how many arguments that are no options */
    int (*run)(const tool_options *options, tool_console *console);
};

extern const tool_command command_devices, command_classify, command_eval, command_run, command_summary, command_graph,
    command_bench, command_profile, command_tune, command_verify, command_convert, command_train, command_help;

/* Prints "clade: MESSAGE" and where to read more; returns EXIT_MISUSE. */
int command_misuse(const tool_command *command, tool_console *console, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
