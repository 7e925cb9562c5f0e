/* onnx_bytes.c: see onnx_bytes.h. */
#include "onnx_bytes.h"

#include <assert.h>
#include <string.h>

enum { VARINT = 0, BYTES = 2, WORD = 5 };

static void put(bytes *to, const void *data, size_t size) {
    assert(size <= sizeof to->data - to->size);
    memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_varint(bytes *to, uint64_t value) {
    do {
        const uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        put(to, &byte, 1);
        value >>= 7;
    } while (value);
}

void bytes_int(bytes *to, unsigned field, int64_t value) {
    put_varint(to, field << 3 | VARINT);
    put_varint(to, (uint64_t)value);
}

void bytes_raw(bytes *to, unsigned field, const void *data, size_t size) {
    put_varint(to, field << 3 | BYTES);
    put_varint(to, size);
    put(to, data, size);
}

void bytes_text(bytes *to, unsigned field, const char *text) { bytes_raw(to, field, text, strlen(text)); }
void bytes_message(bytes *to, unsigned field, const bytes *message) {
    bytes_raw(to, field, message->data, message->size);
}

static void put_names(bytes *node, unsigned field, const char *names) {
    while (*names) {
        const size_t length = strcspn(names, " ");
        bytes_raw(node, field, names, length == 1 && *names == '-' ? 0 : length);
        names += length + (names[length] == ' ');
    }
}

void graph_node(bytes *graph, const char *op, const char *name, const char *inputs, const char *outputs,
                const bytes *attributes) {
    bytes node = {.size = 0};
    put_names(&node, 1, inputs);
    put_names(&node, 2, outputs);
    bytes_text(&node, 3, name);
    bytes_text(&node, 4, op);
    if (attributes) put(&node, attributes->data, attributes->size);
    bytes_message(graph, 1, &node);
}

void graph_input(bytes *graph, const char *name, int type, const int64_t *dims, size_t rank) {
    bytes shape = {.size = 0}, tensor = {.size = 0}, any = {.size = 0}, info = {.size = 0};
    for (size_t i = 0; i < rank; i++) {
        bytes dim = {.size = 0};
        if (dims[i])
            bytes_int(&dim, 1, dims[i]);
        else
            bytes_text(&dim, 2, i ? "size" : "batch");
        bytes_message(&shape, 1, &dim);
    }
    bytes_int(&tensor, 1, type);
    bytes_message(&tensor, 2, &shape);
    bytes_message(&any, 1, &tensor);
    bytes_text(&info, 1, name);
    bytes_message(&info, 2, &any);
    bytes_message(graph, 11, &info);
}

void graph_output(bytes *graph, const char *name) {
    bytes info = {.size = 0};
    bytes_text(&info, 1, name);
    bytes_message(graph, 12, &info);
}

void graph_initializer(bytes *graph, const char *name, int type, const int64_t *dims, size_t rank, const void *data,
                       size_t size) {
    bytes tensor = {.size = 0};
    for (size_t i = 0; i < rank; i++) bytes_int(&tensor, 1, dims[i]);
    bytes_int(&tensor, 2, type);
    bytes_text(&tensor, 8, name);
    bytes_raw(&tensor, 9, data, size);
    bytes_message(graph, 5, &tensor);
}

void attribute_int(bytes *attributes, const char *name, int64_t value) {
    bytes attribute = {.size = 0};
    bytes_text(&attribute, 1, name);
    bytes_int(&attribute, 3, value);
    bytes_message(attributes, 5, &attribute);
}

void attribute_ints(bytes *attributes, const char *name, const int64_t *values, size_t count) {
    bytes attribute = {.size = 0};
    bytes_text(&attribute, 1, name);
    for (size_t i = 0; i < count; i++) bytes_int(&attribute, 8, values[i]);
    bytes_message(attributes, 5, &attribute);
}

void attribute_float(bytes *attributes, const char *name, float value) {
    bytes attribute = {.size = 0};
    bytes_text(&attribute, 1, name);
    put_varint(&attribute, 2 << 3 | WORD);
    put(&attribute, &value, sizeof value);
    bytes_message(attributes, 5, &attribute);
}

void attribute_text(bytes *attributes, const char *name, const char *value) {
    bytes attribute = {.size = 0};
    bytes_text(&attribute, 1, name);
    bytes_text(&attribute, 4, value);
    bytes_message(attributes, 5, &attribute);
}

void model_finish(bytes *model, const bytes *graph, int64_t opset) {
    bytes set = {.size = 0};
    bytes_int(&set, 2, opset);
    *model = (bytes){.size = 0};
    bytes_int(model, 1, 8);
    bytes_message(model, 7, graph);
    bytes_message(model, 8, &set);
}
