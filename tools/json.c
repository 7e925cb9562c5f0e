/* json.c: commas, keys, numbers and escapes as RFC 8259 has them. */
#include "json.h"

#include <inttypes.h>
#include <math.h>

/* Bytes of the UTF-8 sequence at `text` (RFC 3629), 0 when there is none: no overlong forms, surrogates, or values above
 * U+10FFFF. The text is terminated, and the terminator continues no sequence. */
static int utf8_length(const unsigned char *text) {
    if (text[0] < 0x80) return 1;
    const int length = text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
    if (text[0] < 0xC2 || text[0] > 0xF4) return 0;
    for (int i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xF0 && text[1] < 0x90)) return 0; /* overlong */
    if ((text[0] == 0xED && text[1] > 0x9F) || (text[0] == 0xF4 && text[1] > 0x8F)) return 0; /* surrogate, too large */
    return length;
}

static void write_string(const json_writer *json, const char *value) {
    FILE *file = json->file;
    fputc('"', file);
    for (const unsigned char *at = (const unsigned char *)value; *at;) {
        const int length = utf8_length(at);
        if (length == 0)
            fputs("\\ufffd", file);
        else if (*at == '"' || *at == '\\')
            fprintf(file, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7F || (json->in_html && (*at == '<' || *at == '>' || *at == '&')))
            fprintf(file, "\\u%04x", *at);
        else
            fwrite(at, 1, (size_t)length, file);
        at += length ? length : 1;
    }
    fputc('"', file);
}

static void begin_value(json_writer *json, const char *key) {
    if (json->needs_comma) fputs(", ", json->file);
    json->needs_comma = true;
    if (!key) return;
    write_string(json, key);
    fputs(": ", json->file);
}

void json_open(json_writer *json, const char *key, char bracket) {
    begin_value(json, key);
    fputc(bracket, json->file);
    json->needs_comma = false;
}

void json_close(json_writer *json, char bracket) {
    fputc(bracket, json->file);
    json->needs_comma = true;
}

void json_text(json_writer *json, const char *key, const char *value) {
    begin_value(json, key);
    if (value)
        write_string(json, value);
    else
        fputs("null", json->file);
}

void json_integer(json_writer *json, const char *key, int64_t value) {
    begin_value(json, key);
    fprintf(json->file, "%" PRId64, value);
}

void json_number(json_writer *json, const char *key, double value) {
    begin_value(json, key);
    if (isfinite(value))
        fprintf(json->file, "%.9g", value);
    else
        fputs("null", json->file);
}

void json_fixed(json_writer *json, const char *key, double value, int digits) {
    begin_value(json, key);
    if (isfinite(value))
        fprintf(json->file, "%.*f", digits, value);
    else
        fputs("null", json->file);
}

void json_boolean(json_writer *json, const char *key, bool value) {
    begin_value(json, key);
    fputs(value ? "true" : "false", json->file);
}
