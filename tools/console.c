/* console.c: everything on stderr goes through here, so that messages and the progress line do not run into each other. */
#include "console.h"

#include "clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 32 };
static const double SECONDS_BETWEEN_DRAWINGS = 0.1;

void console_open(tool_console *console, bool quiet) {
    *console = (tool_console){.shows_progress = !quiet && isatty(STDERR_FILENO)};
}

void console_clear(tool_console *console) {
    if (!console->line_shown) return;
    fputs("\r\033[K", stderr); /* carriage return, erase to the end of the line */
    console->line_shown = false;
}

void console_progress(tool_console *console, const char *doing, uint64_t done, uint64_t total) {
    if (!console->shows_progress) return;
    const double now = clock_seconds();
    if (console->line_shown && now - console->line_time < SECONDS_BETWEEN_DRAWINGS && done < total) return;
    console_clear(console);
    if (total == 0) {
        fprintf(stderr, "%s ...", doing);
    } else {
        const int filled = (int)((double)done / (double)total * BAR_WIDTH);
        char bar[BAR_WIDTH + 1];
        for (int i = 0; i < BAR_WIDTH; i++) bar[i] = i < filled ? '#' : ' ';
        bar[BAR_WIDTH] = '\0';
        fprintf(stderr, "%s [%s] %llu/%llu", doing, bar, (unsigned long long)done, (unsigned long long)total);
    }
    fflush(stderr);
    console->line_shown = true;
    console->line_time = now;
}

/* A message and the end of its line. It may quote names out of files: of control characters, which could make a terminal show
 * anything, only those stay that lay out a build log. */
static void print_line(const char *start, const char *message) {
    fputs(start, stderr);
    for (const char *c = message; *c; c++) {
        const bool plain = ((unsigned char)*c >= ' ' && *c != 0x7f) || *c == '\n' || *c == '\t';
        fputc(plain ? *c : '?', stderr);
    }
    fputc('\n', stderr);
}

bool console_fail(tool_console *console, const char *format, ...) {
    char message[CONSOLE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (strcmp(message, console->last) != 0) {
        console_clear(console);
        print_line("clade: ", message);
        memcpy(console->last, message, sizeof message);
    }
    return false;
}

void console_warn(tool_console *console, const char *format, ...) {
    char message[CONSOLE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    console_clear(console);
    print_line("clade: warning: ", message);
}

bool console_fail_library(tool_console *console, const clade_context *context) {
    char message[CONSOLE_MESSAGE_SIZE];
    clade_context_message(context, message, sizeof message);
    return console_fail(console, "%s", message);
}

void console_log(void *user, clade_log_level level, const char *message) {
    tool_console *target = user;
    switch (level) {
    case CLADE_LOG_ERROR:
        console_clear(target);
        print_line("clade: ", message); /* whole: build logs are longer than a message */
        snprintf(target->last, sizeof target->last, "%s", message);
        break;
    case CLADE_LOG_WARNING:
        console_clear(target);
        print_line("clade: warning: ", message);
        break;
    default:
        console_clear(target);
        print_line("clade: ", message);
    }
}
