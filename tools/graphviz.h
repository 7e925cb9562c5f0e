/* graphviz.h: a pipe to Graphviz's `dot`. */
#ifndef TOOLS_GRAPHVIZ_H
#define TOOLS_GRAPHVIZ_H

#include "console.h"

#include <stdio.h>
#include <sys/types.h>

typedef struct graphviz_pipe {
    FILE *stream;     /* write the graph here */
    const char *path; /* of the picture, for messages */
    pid_t process;
} graphviz_pipe;

/* Starts `dot`, which writes the picture ("svg", "png") to the file `target`, called `path` in messages. False after a message. */
bool graphviz_open(graphviz_pipe *graphviz, const char *path, const char *format, int target, tool_console *console);
/* Ends the input and waits for the picture. False after a message. */
bool graphviz_close(graphviz_pipe *graphviz, tool_console *console);

#endif
