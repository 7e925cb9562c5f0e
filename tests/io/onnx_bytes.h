/* onnx_bytes.h: ONNX models made by hand, field by field (https://protobuf.dev/programming-guides/encoding), so that they may be wrong. */
#ifndef TESTS_IO_ONNX_BYTES_H
#define TESTS_IO_ONNX_BYTES_H

#include <stddef.h>
#include <stdint.h>

typedef struct bytes {
    uint8_t data[1 << 16];
    size_t size;
} bytes;

void bytes_int(bytes *to, unsigned field, int64_t value);
void bytes_text(bytes *to, unsigned field, const char *text);
void bytes_raw(bytes *to, unsigned field, const void *data, size_t size);
void bytes_message(bytes *to, unsigned field, const bytes *message);

/* Fields of an ONNX graph. Lists of names are separated by spaces; "-" is an empty name. */
void graph_node(bytes *graph, const char *op, const char *name, const char *inputs, const char *outputs,
                const bytes *attributes);
/* Types are those of TensorProto: 1 float, 7 int64, 10 float16, 11 double. A dimension of 0 is open. */
void graph_input(bytes *graph, const char *name, int type, const int64_t *dims, size_t rank);
void graph_output(bytes *graph, const char *name);
void graph_initializer(bytes *graph, const char *name, int type, const int64_t *dims, size_t rank, const void *data,
                       size_t size);
/* Into the `attributes` of graph_node. */
void attribute_int(bytes *attributes, const char *name, int64_t value);
void attribute_ints(bytes *attributes, const char *name, const int64_t *values, size_t count);
void attribute_float(bytes *attributes, const char *name, float value);
void attribute_text(bytes *attributes, const char *name, const char *value);

/* A whole model: IR version 8 and an opset. */
void model_finish(bytes *model, const bytes *graph, int64_t opset);

#endif
