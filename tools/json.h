/* json.h: writes JSON on one line. The tool only writes small objects of its own making, so that a page of code does what a
 * library would be linked for; reading JSON would be another matter. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct json_writer {
    FILE *file;
    bool needs_comma;
    bool in_html; /* inside a script element: no text may end it */
} json_writer;

/* `key` is NULL inside an array and for the value that is the whole document. `bracket` is '{' or '['. */
void json_open(json_writer *json, const char *key, char bracket);
/* `bracket` is '}' or ']'. */
void json_close(json_writer *json, char bracket);

void json_text(json_writer *json, const char *key,
               const char *value); /* NULL: null; bytes that are no UTF-8 become U+FFFD */
void json_integer(json_writer *json, const char *key, int64_t value);
void json_number(json_writer *json, const char *key, double value); /* null unless finite: JSON has no other numbers */
/* With so many digits behind the point, where their number matters more than how large the value is. */
void json_fixed(json_writer *json, const char *key, double value, int digits);
void json_boolean(json_writer *json, const char *key, bool value);

#endif
