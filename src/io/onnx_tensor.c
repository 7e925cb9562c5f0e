/* onnx_tensor.c: a TensorProto as a constant. Floats of 32 and 16 bits stay in the file; doubles are narrowed, integers of
 * all widths become int64. */
#include "io/onnx.h"

#include <string.h>

/* Where the elements are. */
typedef struct elements {
    const uint8_t *data;
    size_t size;
    bool mapped;
} elements;

static clade_status refuse(const onnx_import *job, const char *name, clade_status status, const char *rule) {
    return io_refuse(job->file, status, "its tensor \"%.200s\" %s", name, rule);
}

/* Bytes of an element; 0 for types that are not read. */
static size_t element_size(int32_t type) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT64:
        return 8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
        return 4;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT16:
        return 2;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
        return 1;
    default:
        return 0;
    }
}

static int64_t read_integer(int32_t type, const uint8_t *at) {
    union {
        int64_t i64;
        int32_t i32;
        uint32_t u32;
        int16_t i16;
        uint16_t u16;
        int8_t i8;
        uint8_t u8;
    } value = {0};
    memcpy(&value, at, element_size(type));
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        return value.i32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32:
        return value.u32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT16:
        return value.i16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT16:
        return value.u16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
        return value.i8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
        return value.u8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
        return value.u8 != 0;
    default: /* those of 64 bits; unsigned ones above INT64_MAX wrap, and are no sizes anyway */
        return value.i64;
    }
}

/* ---- Elements as raw bytes ---------------------------------------------------------------------------------------- */
static clade_status read_raw(onnx_import *job, int32_t type, const elements *raw, onnx_constant *constant) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        constant->type = type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT     ? CLADE_FLOAT32
                         : type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ? CLADE_FLOAT16
                                                                          : CLADE_BFLOAT16;
        constant->data = raw->data;
        constant->mapped = raw->mapped;
        return CLADE_OK;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: {
        float *values = NULL;
        FORWARD(onnx_new_reals(job, &constant->shape, constant, &values));
        for (size_t i = 0; i < constant->count; i++) {
            double value = 0;
            memcpy(&value, raw->data + i * sizeof value, sizeof value);
            values[i] = (float)value;
        }
        return CLADE_OK;
    }
    default:
        FORWARD(onnx_new_integers(job, &constant->shape, constant));
        for (size_t i = 0; i < constant->count; i++)
            constant->integers[i] = read_integer(type, raw->data + i * element_size(type));
        return CLADE_OK;
    }
}

/* ---- Elements in fields by type ----------------------------------------------------------------------------------- */
static clade_status read_halves(onnx_import *job, const Onnx__TensorProto *proto, onnx_constant *constant) {
    float *values = NULL;
    FORWARD(onnx_new_reals(job, &constant->shape, constant, &values));
    for (size_t i = 0; i < constant->count; i++) {
        const uint16_t bits = (uint16_t)proto->int32_data[i];
        values[i] = proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ? base_from_half(bits)
                                                                               : base_from_bfloat16(bits);
    }
    return CLADE_OK;
}

static clade_status read_fields(onnx_import *job, const Onnx__TensorProto *proto, const char *name,
                                onnx_constant *constant) {
    const bool wide = proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    const bool unsigned_wide = proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT32 ||
                               proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT64;
    const bool real = proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    const bool real_wide = proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
    const size_t found = wide            ? proto->n_int64_data
                         : unsigned_wide ? proto->n_uint64_data
                         : real          ? proto->n_float_data
                         : real_wide     ? proto->n_double_data
                                         : proto->n_int32_data;
    if (found != constant->count) return refuse(job, name, CLADE_ERROR_FORMAT, "has not as many elements as its shape");
    if (real || real_wide) {
        float *values = NULL;
        FORWARD(onnx_new_reals(job, &constant->shape, constant, &values));
        for (size_t i = 0; i < found; i++) values[i] = real ? proto->float_data[i] : (float)proto->double_data[i];
        return CLADE_OK;
    }
    if (proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ||
        proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16)
        return read_halves(job, proto, constant);
    FORWARD(onnx_new_integers(job, &constant->shape, constant));
    for (size_t i = 0; i < found; i++)
        constant->integers[i] = wide            ? proto->int64_data[i]
                                : unsigned_wide ? (int64_t)proto->uint64_data[i]
                                                : proto->int32_data[i];
    return CLADE_OK;
}

/* ---- Tensors ------------------------------------------------------------------------------------------------------ */
static clade_status read_shape(const onnx_import *job, const Onnx__TensorProto *proto, const char *name,
                               onnx_constant *constant) {
    if (proto->n_dims > CLADE_MAX_RANK)
        return refuse(job, name, CLADE_ERROR_UNSUPPORTED, "has more dimensions than are supported");
    constant->shape.rank = (int32_t)proto->n_dims;
    for (size_t i = 0; i < proto->n_dims; i++) constant->shape.dims[i] = proto->dims[i];
    if (!onnx_count(&constant->shape, &constant->count))
        return refuse(job, name, CLADE_ERROR_FORMAT, "has a negative dimension or too many elements");
    return CLADE_OK;
}

clade_status onnx_read_tensor(onnx_import *job, const Onnx__TensorProto *proto, const char *name, const uint8_t *data,
                              onnx_constant *constant_out) {
    *constant_out = (onnx_constant){0};
    const int32_t type = proto->data_type;
    const size_t size = element_size(type);
    if (size == 0) {
        char rule[64];
        snprintf(rule, sizeof rule, "is of type %d, which is not supported", (int)type);
        return refuse(job, name, CLADE_ERROR_UNSUPPORTED, rule);
    }
    FORWARD(read_shape(job, proto, name, constant_out));
    elements raw = {0};
    if (proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        FORWARD(onnx_external_data(job, proto, name, size * constant_out->count, &raw.data));
        raw.size = size * constant_out->count;
        raw.mapped = true;
    } else if (proto->has_raw_data) {
        onnx_elements place;
        memcpy(&place, proto->raw_data.data, sizeof place); /* onnx_skeleton.c put it there */
        raw = (elements){data + place.offset, (size_t)place.size, job->mapped && data == job->file->data};
    } else {
        return read_fields(job, proto, name, constant_out);
    }
    if (raw.size % size != 0 || raw.size / size != constant_out->count)
        return refuse(job, name, CLADE_ERROR_FORMAT,
                      "has not as many bytes as its shape asks for: it is cut off or damaged");
    return read_raw(job, type, &raw, constant_out);
}
