/* text.c: strings in the environment's memory, text that grows, hashing. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

char *base_copy_string(base_env *env, const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = base_allocate(env, size);
    if (copy) memcpy(copy, text, size);
    return copy;
}

char *base_format(base_env *env, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) return NULL;
    char *text = base_allocate(env, (size_t)length + 1);
    if (!text) return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

/* Room for `extra` more characters and the terminator. */
static bool reserve(base_text *text, size_t extra) {
    if (text->length + extra < text->capacity) return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity <= text->length + extra) capacity *= 2;
    char *grown = base_allocate(text->env, capacity);
    if (!grown) return false;
    if (text->data) memcpy(grown, text->data, text->length + 1);
    base_free(text->env, text->data);
    text->data = grown;
    text->capacity = capacity;
    return true;
}

void base_text_add(base_text *text, const char *format, ...) {
    if (text->failed) return;
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !reserve(text, (size_t)length)) {
        text->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void base_text_free(base_text *text) {
    base_free(text->env, text->data);
    *text = (base_text){.env = text->env};
}

/* No overlong forms, surrogates, or values above U+10FFFF. The terminator continues no character. */
size_t base_utf8_length(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < 0x80) return 1;
    if (c[0] < 0xC2 || c[0] > 0xF4) return 0;
    const size_t length = c[0] >= 0xF0 ? 4 : c[0] >= 0xE0 ? 3 : 2;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xC0) != 0x80) return 0;
    if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xF0 && c[1] < 0x90)) return 0; /* overlong */
    if ((c[0] == 0xED && c[1] > 0x9F) || (c[0] == 0xF4 && c[1] > 0x8F)) return 0; /* surrogate, too large */
    return length;
}

/* FNV-1a as its authors publish it: http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t base_hash(const char *text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}
