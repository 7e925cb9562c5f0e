/* console.h: what the tool says on stderr: failures, the library's log, and a progress line on terminals. */
#ifndef TOOLS_CONSOLE_H
#define TOOLS_CONSOLE_H

#include <clade/clade.h>

enum { CONSOLE_MESSAGE_SIZE = 1024 };

typedef struct tool_console {
    bool shows_progress;             /* stderr is a terminal, and the user did not ask for quiet */
    bool line_shown;                 /* a progress line stands on the terminal */
    double line_time;                /* when it was last drawn */
    char last[CONSOLE_MESSAGE_SIZE]; /* the last failure printed: the library logs it before it returns it */
} tool_console;

void console_open(tool_console *console, bool quiet);

/* Prints "clade: MESSAGE" and returns false, so that `return console_fail(...)` is how a function fails. A message that the
 * log has just printed is not printed twice. */
bool console_fail(tool_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
void console_warn(tool_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails with what the library says about the last call on this context. */
bool console_fail_library(tool_console *console, const clade_context *context);

/* clade_log_callback; `user` is the console. */
void console_log(void *user, clade_log_level level, const char *message);

/* Draws "DOING [####    ] done/total", or "DOING ..." when total is 0, on terminals and not too often. */
void console_progress(tool_console *console, const char *doing, uint64_t done, uint64_t total);
/* Wipes the progress line. */
void console_clear(tool_console *console);

#endif
