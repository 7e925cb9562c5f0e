/* binary.cl: out = activate(a op b) over a box of dimensions; an operand's stride of 0 broadcasts. In place or not.
 *
 * binary_generic: a work-item an element (VECTOR is 1). binary_runs: along the last dimension the output is dense, and a and b are
 * dense or constant (a_step and b_step, 1 or 0); a work-item takes `count` runs of `run` elements:
 *
 *     row 0   [run 0][run 1] .. [rest]          row: an index of all dimensions but the last
 *     row 1   [run 0][run 1] .. [rest]
 *
 * Parameters, by -D:
 *     MULTIPLY  1: product; 0: sum
 *     RANK      of the box; binary_generic only
 *     VECTOR, ACTIVATION */

static inline vec combine(vec a, vec b, float slope) {
#if MULTIPLY
    return activate(a * b, slope);
#else
    return activate(a + b, slope);
#endif
}

#if VECTOR == 1
ENTRY void binary_generic(RANGE const __global float *a, ulong a_offset, const __global float *b, ulong b_offset, __global float *out,
                          ulong out_offset, int total, long8 dims, long8 a_strides, long8 b_strides, long8 out_strides,
                          float slope) {
    int i = get_global_id(0);
    if (i >= total) return;
    float x = a[a_offset + box_offset(i, RANK, dims, a_strides)], y = b[b_offset + box_offset(i, RANK, dims, b_strides)];
    out[out_offset + box_offset(i, RANK, dims, out_strides)] = combine(x, y, slope);
}
#else

static inline float combine_scalar(float a, float b, float slope) {
#if MULTIPLY
    return activate_scalar(a * b, slope);
#else
    return activate_scalar(a + b, slope);
#endif
}

static inline vec operand(const __global float *source, int i, int step) {
    return step ? vec_load(source + i) : (vec)(*source);
}

ENTRY_OF_ONE
void binary_runs(RANGE const __global float *a, ulong a_offset, const __global float *b, ulong b_offset, __global float *out,
                 ulong out_offset, int total, int count, int runs, int run, int length, int a_step, int b_step, int rank,
                 long8 dims, long8 a_strides, long8 b_strides, long8 out_strides, float slope) {
    int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        int row = unit / runs, first = unit % runs * run, last = min(first + run, length);
        const __global float *x = a + a_offset + box_offset(row, rank - 1, dims, a_strides);
        const __global float *y = b + b_offset + box_offset(row, rank - 1, dims, b_strides);
        __global float *target = out + out_offset + box_offset(row, rank - 1, dims, out_strides);
        int i = first;
        for (; i + VECTOR <= last; i += VECTOR)
            vec_store(combine(operand(x, i, a_step), operand(y, i, b_step), slope), target + i);
        for (; i < last; i++) target[i] = combine_scalar(x[i * a_step], y[i * b_step], slope);
    }
}
#endif
