/* tensor.c: see tensor.h. */
#include "onnx/tensor.h"

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t *tensor_load(const char *path, size_t *size_out) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    uint8_t *data = NULL;
    size_t size = 0, room = 0;
    do {
        room = room ? 2 * room : 4096;
        data = realloc(data, room);
        if (!data) abort();
        size += fread(data + size, 1, room - size, file);
    } while (size == room);
    fclose(file);
    *size_out = size;
    return data;
}

/* ---- Elements ------------------------------------------------------------------------------------------------------- */

/* Where elements of a type are, in `raw_data` and else. */
typedef enum field { FLOATS, DOUBLES, INTEGERS, LONGS } field;

typedef struct type {
    int32_t number;
    size_t bytes; /* of an element of raw_data */
    field field;
    bool real;
} type;

static const type types[] = {
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, 4, FLOATS, true},
    {ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, 8, DOUBLES, true},
    {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, 2, INTEGERS, true},
    {ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16, 2, INTEGERS, true},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 8, LONGS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT32, 4, INTEGERS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT8, 1, INTEGERS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT8, 1, INTEGERS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT64, 8, LONGS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT32, 4, LONGS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__INT16, 2, INTEGERS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__UINT16, 2, INTEGERS, false},
    {ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, 1, INTEGERS, false},
};

static const type *find_type(const Onnx__TensorProto *proto) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].number == proto->data_type) return &types[i];
    return NULL;
}

static size_t elements_in(const Onnx__TensorProto *proto, const type *t) {
    if (proto->has_raw_data) return proto->raw_data.len / t->bytes;
    const size_t counts[] = {proto->n_float_data, proto->n_double_data, proto->n_int32_data, proto->n_int64_data};
    return counts[t->field];
}

/* Element i of `raw_data`, which is little endian like all hosts that the project runs on. */
static float raw_element(const Onnx__TensorProto *proto, const type *t, size_t i) {
    union {
        float single;
        double twice;
        uint16_t half;
        int64_t i64;
        int32_t i32;
        uint32_t u32;
        int16_t i16;
        uint16_t u16;
        int8_t i8;
        uint8_t u8;
    } at = {0};
    memcpy(&at, proto->raw_data.data + t->bytes * i, t->bytes);
    switch (t->number) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        return at.single;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        return (float)at.twice;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
        return base_from_half(at.half);
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        return base_from_bfloat16(at.half);
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64: /* none passes 2^63 */
        return (float)at.i64;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
        return (float)at.u32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        return (float)at.i32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
        return at.i16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT16:
        return at.u16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
        return at.i8;
    default:
        return at.u8;
    }
}

static float element(const Onnx__TensorProto *proto, const type *t, size_t i) {
    if (proto->has_raw_data) return raw_element(proto, t, i);
    if (t->field == FLOATS) return proto->float_data[i];
    if (t->field == DOUBLES) return (float)proto->double_data[i];
    if (t->field == LONGS) return (float)proto->int64_data[i];
    if (!t->real) return (float)proto->int32_data[i];
    const uint16_t half = (uint16_t)proto->int32_data[i];
    return t->number == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ? base_from_half(half) : base_from_bfloat16(half);
}

/* ---- Tensors -------------------------------------------------------------------------------------------------------- */
bool tensor_parse(uint8_t *file, size_t size, tensor *tensor_out) {
    *tensor_out = (tensor){.file = file, .size = size, .count = 1};
    Onnx__TensorProto *proto = onnx__tensor_proto__unpack(NULL, size, file);
    tensor_out->proto = proto;
    if (!proto || !proto->has_data_type) {
        tensor_clear(tensor_out);
        return false;
    }
    for (size_t i = 0; i < proto->n_dims; i++) tensor_out->count *= (size_t)proto->dims[i];
    const type *t = find_type(proto);
    tensor_out->is_number = t && elements_in(proto, t) == tensor_out->count;
    tensor_out->is_real = tensor_out->is_number && t->real;
    if (!tensor_out->is_number) return true;
    tensor_out->values = calloc(tensor_out->count + 1, sizeof *tensor_out->values);
    if (!tensor_out->values) abort();
    for (size_t i = 0; i < tensor_out->count; i++) tensor_out->values[i] = element(proto, t, i);
    return true;
}

bool tensor_read(const char *path, tensor *tensor_out) {
    size_t size = 0;
    uint8_t *file = tensor_load(path, &size);
    *tensor_out = (tensor){.file = NULL};
    return file && tensor_parse(file, size, tensor_out);
}

void tensor_clear(tensor *gone) {
    if (gone->proto) onnx__tensor_proto__free_unpacked(gone->proto, NULL);
    free(gone->values);
    free(gone->file);
    *gone = (tensor){0};
}
