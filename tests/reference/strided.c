/* strided.c: operators on boxes of dimensions with strides. */
#include "reference/activation.h"
#include "reference/combine.h"
#include "reference/operators.h"

#include <float.h>
#include <math.h>

/* The index along each dimension of element `i` in row-major order. */
static void unravel(int64_t i, int32_t rank, const int64_t *dims, int64_t *index) {
    for (int32_t d = rank - 1; d >= 0; d--) {
        index[d] = i % dims[d];
        i /= dims[d];
    }
}

static int64_t dot(int32_t rank, const int64_t *index, const int64_t *strides) {
    int64_t sum = 0;
    for (int32_t d = 0; d < rank; d++) sum += index[d] * strides[d];
    return sum;
}

static int64_t count_of(int32_t rank, const int64_t *dims) {
    int64_t count = 1;
    for (int32_t d = 0; d < rank; d++) count *= dims[d];
    return count;
}

void reference_binary(const ops_binary *p, const float *a, const float *b, double *values, double *bounds) {
    int64_t index[OPS_MAX_DIMS];
    for (int64_t i = 0; i < count_of(p->rank, p->dims); i++) {
        unravel(i, p->rank, p->dims, index);
        double x = a[dot(p->rank, index, p->stride_a)], y = b[dot(p->rank, index, p->stride_b)];
        double result = reference_combine(p->kind, p->swap, x, y);
        values[i] = reference_activate(p->activation, result, p->slope);
        bounds[i] =
            reference_activation_bound(p->activation, values[i], reference_combine_bound(p->kind, result), p->slope);
    }
}

void reference_copy(const ops_copy *p, const float *in, double *values, double *bounds) {
    int64_t index[OPS_MAX_DIMS];
    for (int64_t i = 0; i < count_of(p->rank, p->dims); i++) {
        unravel(i, p->rank, p->dims, index);
        bool inside = true;
        for (int32_t d = 0; d < p->rank; d++) {
            index[d] -= p->low[d];
            inside = inside && index[d] >= 0 && index[d] < p->in_dims[d];
        }
        values[i] = inside ? in[p->in_offset + dot(p->rank, index, p->stride_in)] : p->value;
        bounds[i] = 0;
    }
}

void reference_mean(const ops_mean *p, const float *in, double *values, double *bounds) {
    int64_t index[OPS_MAX_DIMS], reduced[OPS_MAX_DIMS], length = count_of(p->reduce_rank, p->reduce_dims);
    for (int64_t i = 0; i < count_of(p->rank, p->dims); i++) {
        unravel(i, p->rank, p->dims, index);
        double sum = 0, magnitude = 0;
        for (int64_t j = 0; j < length; j++) {
            unravel(j, p->reduce_rank, p->reduce_dims, reduced);
            double value = in[dot(p->rank, index, p->stride_in) + dot(p->reduce_rank, reduced, p->reduce_stride)];
            sum += value;
            magnitude += fabs(value);
        }
        values[i] = sum / (double)length;
        bounds[i] = 2 * (double)(length + 1) * FLT_EPSILON * magnitude / (double)length;
    }
}
