/* shape.c: checked arithmetic and shapes. */
#include "base/base.h"

#include <stdio.h>

bool base_multiply(uint64_t a, uint64_t b, uint64_t *result_out) {
    if (b != 0 && a > UINT64_MAX / b) return false;
    *result_out = a * b;
    return true;
}

bool base_add(uint64_t a, uint64_t b, uint64_t *result_out) {
    if (a > UINT64_MAX - b) return false;
    *result_out = a + b;
    return true;
}

bool base_shape_elements(const clade_shape *shape, int64_t *elements_out) {
    if (shape->rank < 1 || shape->rank > CLADE_MAX_RANK) return false;
    uint64_t elements = 1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 1) return false;
        if (!base_multiply(elements, (uint64_t)shape->dims[i], &elements) || elements > INT64_MAX) return false;
    }
    *elements_out = (int64_t)elements;
    return true;
}

bool base_shape_equal(const clade_shape *a, const clade_shape *b) {
    if (a->rank != b->rank) return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i]) return false;
    return true;
}

char *base_shape_text(const clade_shape *shape, char *buffer, size_t size) {
    size_t length = 0;
    const int32_t rank = shape->rank < 0 ? 0 : (int32_t)base_min(shape->rank, CLADE_MAX_RANK);
    for (int32_t i = 0; i <= rank && length < size; i++) {
        const char *separator = i == 0 ? "[" : ", ";
        int added = 0;
        if (i == rank)
            added = snprintf(buffer + length, size - length, rank ? "]" : "[]");
        else if (i == 0 && shape->dims[i] == CLADE_BATCH)
            added = snprintf(buffer + length, size - length, "%sN", separator);
        else
            added = snprintf(buffer + length, size - length, "%s%lld", separator, (long long)shape->dims[i]);
        if (added < 0) break;
        length += (size_t)added;
    }
    return buffer;
}
