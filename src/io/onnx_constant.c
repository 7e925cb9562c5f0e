/* onnx_constant.c: constants of a model, made and looked at. */
#include "io/onnx.h"

bool onnx_count(const clade_shape *shape, size_t *count_out) {
    uint64_t count = 1;
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0 || !base_multiply(count, (uint64_t)shape->dims[i], &count)) return false;
    *count_out = (size_t)count;
    return count <= INT64_MAX / 64; /* leaves room for bytes */
}

clade_status onnx_new_integers(onnx_import *job, const clade_shape *shape, onnx_constant *constant_out) {
    onnx_constant made = {.integer = true, .shape = *shape};
    void *memory = NULL;
    if (!onnx_count(shape, &made.count) || made.count > ONNX_MOST_INTEGERS)
        return io_refuse(job->file, CLADE_ERROR_UNSUPPORTED, "a constant of integers has more than %d elements",
                         ONNX_MOST_INTEGERS);
    FORWARD(onnx_scratch_allocate(job, made.count * sizeof *made.integers, &memory));
    made.integers = memory;
    for (size_t i = 0; i < made.count; i++) made.integers[i] = 0;
    *constant_out = made;
    return CLADE_OK;
}

clade_status onnx_new_reals(onnx_import *job, const clade_shape *shape, onnx_constant *constant_out,
                            float **values_out) {
    onnx_constant made = {.shape = *shape, .type = CLADE_FLOAT32};
    void *memory = NULL;
    if (!onnx_count(shape, &made.count))
        return io_refuse(job->file, CLADE_ERROR_UNSUPPORTED, "a constant is too large");
    FORWARD(onnx_store_allocate(job, made.count * sizeof **values_out, &memory));
    made.data = *values_out = memory;
    *constant_out = made;
    return CLADE_OK;
}

double onnx_element(const onnx_constant *constant, size_t i) {
    if (constant->integer) return (double)constant->integers[i];
    if (!constant->data) return (double)constant->fill;
    float value = 0;
    base_widen(constant->type, (const uint8_t *)constant->data + i * base_type_size(constant->type), &value, 1);
    return (double)value;
}

bool onnx_is_uniform(const onnx_constant *constant, double *value_out) {
    if (constant->count == 0 || constant->open != 0) return false;
    *value_out = onnx_element(constant, 0);
    if (!constant->integer && !constant->data) return true;
    for (size_t i = 1; i < constant->count; i++)
        if (onnx_element(constant, i) != *value_out) return false;
    return true;
}

bool onnx_is_real(int64_t type) {
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT || type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16 || type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
}

clade_status onnx_move(onnx_import *job, const onnx_node *node, const onnx_constant *from, const clade_shape *shape,
                       size_t (*source)(const void *user, size_t i), const void *user) {
    onnx_constant to = *from;
    to.shape = *shape;
    if (!onnx_count(shape, &to.count)) return onnx_wrong(job, node, "its result is too large");
    if (from->open != 0 && to.count > ONNX_OPEN_BITS)
        return onnx_unsupported(job, node, "it makes %zu elements of the open batch: set one", to.count);
    if (from->integer) {
        FORWARD(onnx_new_integers(job, shape, &to));
        for (size_t i = 0; i < to.count; i++) {
            const size_t j = source(user, i);
            to.integers[i] = from->integers[j];
            if (from->open != 0) to.open |= (from->open >> j & 1) << i;
        }
    } else if (from->data) {
        float *values = NULL;
        FORWARD(onnx_new_reals(job, shape, &to, &values));
        for (size_t i = 0; i < to.count; i++) values[i] = (float)onnx_element(from, source(user, i));
    }
    onnx_set_constant(job, node, 0, &to);
    return CLADE_OK;
}
