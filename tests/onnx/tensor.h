/* tensor.h: the arrays that come with ONNX's test cases, as numbers. */
#ifndef TESTS_ONNX_TENSOR_H
#define TESTS_ONNX_TENSOR_H

#include <onnx/onnx.pb-c.h>

#include <stdbool.h>

/* A file in memory; NULL when there is none. The caller frees. */
uint8_t *tensor_load(const char *path, size_t *size_out);

typedef struct tensor {
    uint8_t *file; /* a serialised TensorProto */
    size_t size;
    Onnx__TensorProto *proto;
    size_t count;   /* of elements */
    bool is_real;   /* float, double, float16 or bfloat16 */
    bool is_number; /* or an integer or a truth value */
    float *values;  /* of numbers */
} tensor;

/* Reads a case's input or output. False when there is no such file, or it holds something else than a tensor of numbers. */
bool tensor_read(const char *path, tensor *tensor_out);
/* The same of a file in memory, which becomes the tensor's. */
bool tensor_parse(uint8_t *file, size_t size, tensor *tensor_out);
void tensor_clear(tensor *gone);

#endif
