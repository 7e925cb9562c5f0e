/* npy_header.c: the header of NumPy's array files (NEP 1, numpy.lib.format):
 *
 *   "\x93NUMPY" | major | minor 0 | length: 2 bytes in version 1, 4 in 2 and 3 | a dictionary in Python's syntax
 *
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }      then spaces and a newline
 *
 * The dictionary is read by a small strict parser of its own: each of the three keys exactly once, in any order. */
#include "io/npy.h"

#include <string.h>

enum { MAGIC_SIZE = 6, KEYS = 3 };
static const char magic[] = "\x93NUMPY";

/* The text not yet read. Every take_* leaves it where it was when it fails. */
typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_spaces(cursor *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\t')) text->at++;
}

static bool take_word(cursor *text, const char *word) {
    skip_spaces(text);
    const size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0) return false;
    text->at += length;
    return true;
}

/* A string in either kind of quotes, without escapes, shorter than `size`. */
static bool take_string(cursor *text, char *string, size_t size) {
    skip_spaces(text);
    if (text->at == text->end || (*text->at != '\'' && *text->at != '"')) return false;
    const char *start = text->at + 1;
    const char *stop = memchr(start, *text->at, (size_t)(text->end - start));
    if (!stop || (size_t)(stop - start) >= size || memchr(start, '\\', (size_t)(stop - start))) return false;
    memcpy(string, start, (size_t)(stop - start));
    string[stop - start] = '\0';
    text->at = stop + 1;
    return true;
}

static bool take_number(cursor *text, int64_t *number_out) {
    skip_spaces(text);
    const char *at = text->at;
    int64_t number = 0;
    for (; at < text->end && *at >= '0' && *at <= '9'; at++) {
        if (number > (INT64_MAX - 9) / 10) return false;
        number = number * 10 + (*at - '0');
    }
    if (at == text->at) return false;
    text->at = at;
    *number_out = number;
    return true;
}

/* "()", "(5,)", "(3, 4)" or "(3, 4,)". */
static clade_status take_shape(const io_file *file, cursor *text, clade_shape *shape_out) {
    *shape_out = (clade_shape){0};
    bool comma = true;
    if (!take_word(text, "(")) return io_refuse(file, CLADE_ERROR_FORMAT, "its shape is no tuple");
    while (!take_word(text, ")")) {
        if (!comma) return io_refuse(file, CLADE_ERROR_FORMAT, "its shape lacks a comma");
        if (shape_out->rank == CLADE_MAX_RANK)
            return io_refuse(file, CLADE_ERROR_FORMAT, "it has more than %d dimensions", CLADE_MAX_RANK);
        int64_t *dim = &shape_out->dims[shape_out->rank++];
        if (!take_number(text, dim)) return io_refuse(file, CLADE_ERROR_FORMAT, "its shape holds no valid number");
        if (*dim < 1) return io_refuse(file, CLADE_ERROR_FORMAT, "it has no elements");
        comma = take_word(text, ",");
    }
    if (shape_out->rank == 1 && !comma) return io_refuse(file, CLADE_ERROR_FORMAT, "its shape is no tuple");
    if (shape_out->rank == 0) *shape_out = (clade_shape){.rank = 1, .dims = {1}}; /* a number on its own */
    return CLADE_OK;
}

/* Byte order ('<' little, '=' the host's, '|' none), kind, bytes. */
static clade_status take_type(const io_file *file, cursor *text, npy_header *header) {
    static const struct {
        const char *code;
        clade_type type;
        bool wide;
    } types[] = {{"f4", CLADE_FLOAT32, false},
                 {"f2", CLADE_FLOAT16, false},
                 {"f8", CLADE_FLOAT32, true},
                 {"u1", CLADE_UINT8, false}};
    char description[16];
    if (!take_string(text, description, sizeof description))
        return io_refuse(file, CLADE_ERROR_FORMAT, "its descr is not the name of a simple type");
    const bool ordered = strchr("<>=|", description[0]) != NULL && description[0] != '\0';
    const char *code = description + (ordered ? 1 : 0);
    for (size_t i = 0; i < BASE_COUNT(types); i++) {
        if (strcmp(code, types[i].code) != 0) continue;
        if (description[0] == '>' && types[i].type != CLADE_UINT8)
            return io_refuse(file, CLADE_ERROR_UNSUPPORTED, "its elements are big endian (%s)", description);
        header->type = types[i].type;
        header->wide = types[i].wide;
        return CLADE_OK;
    }
    return io_refuse(file, CLADE_ERROR_UNSUPPORTED, "its elements are %s, not <f8, <f4, <f2 or |u1", description);
}

static clade_status take_order(const io_file *file, cursor *text) {
    if (take_word(text, "False")) return CLADE_OK;
    if (take_word(text, "True")) return io_refuse(file, CLADE_ERROR_UNSUPPORTED, "it is in Fortran order");
    return io_refuse(file, CLADE_ERROR_FORMAT, "its fortran_order is neither True nor False");
}

static clade_status parse_dictionary(const io_file *file, cursor text, npy_header *header) {
    static const char *const keys[KEYS] = {"descr", "fortran_order", "shape"};
    bool seen[KEYS] = {false};
    bool comma = true;
    if (!take_word(&text, "{")) return io_refuse(file, CLADE_ERROR_FORMAT, "its header is no dictionary");
    while (!take_word(&text, "}")) {
        char key[16];
        size_t index = 0;
        if (!comma || !take_string(&text, key, sizeof key) || !take_word(&text, ":"))
            return io_refuse(file, CLADE_ERROR_FORMAT, "its header is no dictionary");
        while (index < KEYS && strcmp(key, keys[index]) != 0) index++;
        if (index == KEYS || seen[index])
            return io_refuse(file, CLADE_ERROR_FORMAT, "its header has the key %s %s", key,
                             index == KEYS ? "that is none of NumPy's" : "twice");
        seen[index] = true;
        if (index == 0)
            FORWARD(take_type(file, &text, header));
        else if (index == 1)
            FORWARD(take_order(file, &text));
        else
            FORWARD(take_shape(file, &text, &header->shape));
        comma = take_word(&text, ",");
    }
    for (size_t i = 0; i < KEYS; i++)
        if (!seen[i]) return io_refuse(file, CLADE_ERROR_FORMAT, "its header lacks %s", keys[i]);
    skip_spaces(&text);
    if (text.at != text.end) return io_refuse(file, CLADE_ERROR_FORMAT, "its header goes on after the dictionary");
    return CLADE_OK;
}

clade_status npy_parse_header(const io_file *file, npy_header *header_out) {
    const uint8_t *bytes = file->data;
    *header_out = (npy_header){0};
    if (file->size < MAGIC_SIZE + 4 || memcmp(bytes, magic, MAGIC_SIZE) != 0)
        return io_refuse(file, CLADE_ERROR_FORMAT, "it is not in NumPy's format");
    const unsigned major = bytes[MAGIC_SIZE], minor = bytes[MAGIC_SIZE + 1];
    if (major < 1 || major > 3 || minor != 0)
        return io_refuse(file, CLADE_ERROR_UNSUPPORTED, "its version is %u.%u, not 1.0, 2.0 or 3.0", major, minor);

    const size_t start = MAGIC_SIZE + 2 + (major == 1 ? 2 : 4);
    uint64_t length = bytes[MAGIC_SIZE + 2] | (uint64_t)bytes[MAGIC_SIZE + 3] << 8;
    if (major > 1 && file->size >= start)
        length |= (uint64_t)bytes[MAGIC_SIZE + 4] << 16 | (uint64_t)bytes[MAGIC_SIZE + 5] << 24;
    if (file->size < start || length > file->size - start)
        return io_refuse(file, CLADE_ERROR_FORMAT, "it ends inside its header");

    header_out->data_offset = start + (size_t)length;
    const char *text = (const char *)bytes + start;
    return parse_dictionary(file, (cursor){text, text + length}, header_out);
}
