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

/* Element i of `raw_data`, which is little endian like all hosts that the project runs on, or of the field for its type. */
static float element(const Onnx__TensorProto *proto, size_t i) {
    const uint8_t *raw = proto->raw_data.data;
    float single = 0;
    double twice = 0;
    uint16_t half = 0;
    switch (proto->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        if (!proto->has_raw_data) return proto->float_data[i];
        memcpy(&single, raw + 4 * i, sizeof single);
        return single;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        if (!proto->has_raw_data) return (float)proto->double_data[i];
        memcpy(&twice, raw + 8 * i, sizeof twice);
        return (float)twice;
    default:
        if (!proto->has_raw_data) return base_from_half((uint16_t)proto->int32_data[i]);
        memcpy(&half, raw + 2 * i, sizeof half);
        return base_from_half(half);
    }
}

static bool is_complete(const Onnx__TensorProto *proto, size_t count) {
    const bool wide = proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
    const bool half = proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16;
    if (proto->has_raw_data) return proto->raw_data.len == count * (wide ? 8 : half ? 2 : 4);
    return count == (wide ? proto->n_double_data : half ? proto->n_int32_data : proto->n_float_data);
}

bool tensor_read(const char *path, tensor *tensor_out) {
    *tensor_out = (tensor){.count = 1};
    tensor_out->file = tensor_load(path, &tensor_out->size);
    if (!tensor_out->file) return false;
    Onnx__TensorProto *proto = onnx__tensor_proto__unpack(NULL, tensor_out->size, tensor_out->file);
    tensor_out->proto = proto;
    if (!proto || !proto->has_data_type) {
        tensor_clear(tensor_out);
        return false;
    }
    for (size_t i = 0; i < proto->n_dims; i++) tensor_out->count *= (size_t)proto->dims[i];
    tensor_out->is_real = (proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT ||
                           proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE ||
                           proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16) &&
                          is_complete(proto, tensor_out->count);
    if (!tensor_out->is_real) return true;
    tensor_out->values = calloc(tensor_out->count + 1, sizeof *tensor_out->values);
    if (!tensor_out->values) abort();
    for (size_t i = 0; i < tensor_out->count; i++) tensor_out->values[i] = element(proto, i);
    return true;
}

void tensor_clear(tensor *gone) {
    if (gone->proto) onnx__tensor_proto__free_unpacked(gone->proto, NULL);
    free(gone->values);
    free(gone->file);
    *gone = (tensor){0};
}
