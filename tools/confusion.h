/* confusion.h: how often images of each class are taken for each class. */
#ifndef TOOLS_CONFUSION_H
#define TOOLS_CONFUSION_H

#include "console.h"
#include "json.h"

#include <clade/data.h>

typedef struct tool_confusion {
    size_t classes;
    uint64_t *counts; /* [class of the image][class it was taken for] */
} tool_confusion;

/* False after a message. */
bool confusion_open(tool_confusion *confusion, size_t classes, tool_console *console);
void confusion_close(tool_confusion *confusion);

void confusion_add(tool_confusion *confusion, size_t label, size_t found);

/* Prints a table: a row for each class of images, a column for each class they were taken for. The set has the names. */
void confusion_print(const tool_confusion *confusion, const clade_dataset *set);
/* An array of such rows. */
void confusion_print_json(const tool_confusion *confusion, json_writer *json, const char *key);
/* Writes it as comma-separated values (RFC 4180), names in the first row and column. False after a message. */
bool confusion_write(const tool_confusion *confusion, const clade_dataset *set, const char *path,
                     tool_console *console);

#endif
