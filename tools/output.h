/* output.h: a file that appears whole under its name or not at all. */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include "console.h"

#include <stdio.h>

typedef struct output_file {
    char *path;      /* as the caller wrote it, but links followed */
    char *temporary; /* beside it */
    FILE *stream;
} output_file;

/* Opens a temporary file beside `path`. False after a message. */
bool output_open(output_file *output, const char *path, tool_console *console);
/* Gives the file its name. False after a message. Closes the output in either case. */
bool output_commit(output_file *output, tool_console *console);
/* Removes the temporary file, unless it was committed. */
void output_abandon(output_file *output);

#endif
