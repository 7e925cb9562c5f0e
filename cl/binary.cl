/* binary.cl: out = activate(a op b) over a box of dimensions; an operand's stride of 0 broadcasts. In place or not.
 *
 * binary_generic: a work-item an element (VECTOR is 1). binary_runs: along the last dimension the output is dense, and a and b have a
 * step each: dense (1), one number (0), or one vector again and again (2), as a gate for each channel has for the pixels of a
 * block. A work-item takes `count` runs of `run` elements:
 *
 *     row 0   [run 0][run 1] .. [rest]          row: an index of all dimensions but the last
 *     row 1   [run 0][run 1] .. [rest]
 *
 * Parameters, by -D:
 *     KIND      a clade_binary_kind's number
 *     SWAP      1: b op a
 *     RANK      of the box; binary_generic only
 *     VECTOR, ACTIVATION */

#define KIND_ADD      0
#define KIND_MULTIPLY 1
#define KIND_SUBTRACT 2
#define KIND_DIVIDE   3
#define KIND_MAXIMUM  4
#define KIND_MINIMUM  5

/* Of numbers and of vectors. A maximum with NaN is NaN. */
#if KIND == KIND_ADD
#define APPLY(x, y) ((x) + (y))
#elif KIND == KIND_MULTIPLY
#define APPLY(x, y) ((x) * (y))
#elif KIND == KIND_SUBTRACT
#define APPLY(x, y) ((x) - (y))
#elif KIND == KIND_DIVIDE
#define APPLY(x, y) ((x) / (y))
#elif KIND == KIND_MAXIMUM
#define APPLY(x, y) select((x), (y), ((y) > (x)) | ((y) != (y)))
#elif KIND == KIND_MINIMUM
#define APPLY(x, y) select((x), (y), ((y) < (x)) | ((y) != (y)))
#else
#define APPLY(x, y) pow((x), (y))
#endif

#if SWAP
#define COMBINE(a, b) APPLY(b, a)
#else
#define COMBINE(a, b) APPLY(a, b)
#endif

#if VECTOR == 1
ENTRY void binary_generic(RANGE const __global float *a, ulong a_offset, const __global float *b, ulong b_offset, __global float *out,
                          ulong out_offset, int total, long8 dims, long8 a_strides, long8 b_strides, long8 out_strides,
                          float slope) {
    int i = get_global_id(0);
    if (i >= total) return;
    float x = a[a_offset + box_offset(i, RANK, dims, a_strides)], y = b[b_offset + box_offset(i, RANK, dims, b_strides)];
    out[out_offset + box_offset(i, RANK, dims, out_strides)] = activate(COMBINE(x, y), slope);
}
#else

#define STEP_SAME   0
#define STEP_REPEAT 2

static inline vec operand(const __global float *source, int i, int step) {
    if (step == STEP_SAME) return (vec)(*source);
    return vec_load(step == STEP_REPEAT ? source : source + i);
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
            vec_store(activate(COMBINE(operand(x, i, a_step), operand(y, i, b_step)), slope), target + i);
        for (; i < last; i++) /* what repeats vectors has no rest */
            target[i] = activate_scalar(COMBINE(x[i * a_step], y[i * b_step]), slope);
    }
}
#endif
