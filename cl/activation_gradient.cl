/* activation_gradient.cl: dx = dy * f'(x), any layout (see common.cl), dx in the place of dy or not. `of` is y = f(x).
 *
 * What is an element and what a padding lane makes no difference: dy is 0 there, and so is dx. Rows are images, or all of them
 * where they lie side by side.
 *
 * activation_gradient_generic: a work-item an element of memory (VECTOR is 1). activation_gradient_runs: a work-item takes `count`
 * runs of `run` elements of a row; the rest of a row that fills no vector goes through a buffer.
 *
 * Parameters, by -D: VECTOR, ACTIVATION (common.cl): f */

/* Comparisons are such that a NaN of y lets dy pass, but for the leaky kind's slope. */
static inline vec gradient(vec dy, vec of, float slope) {
#if ACTIVATION == ACTIVATION_RELU
    return select(dy, (vec)(0.0f), of <= (vec)(0.0f));
#elif ACTIVATION == ACTIVATION_RELU6
    return select(dy, (vec)(0.0f), (of <= (vec)(0.0f)) | (of >= (vec)(6.0f)));
#elif ACTIVATION == ACTIVATION_LEAKY_RELU
    return select(slope * dy, dy, of > (vec)(0.0f));
#elif ACTIVATION == ACTIVATION_SIGMOID
    return dy * (of * ((vec)(1.0f) - of));
#elif ACTIVATION == ACTIVATION_TANH
    return dy * ((vec)(1.0f) - of * of);
#else
    return dy;
#endif
}

#if VECTOR == 1
ENTRY void activation_gradient_generic(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                                       __global float *out, ulong out_offset, int total, int length, int in_stride,
                                       int of_stride, int out_stride, float slope) {
    const int i = get_global_id(0);
    if (i >= total) return;
    const int row = i / length, element = i % length;
    out[out_offset + row * out_stride + element] =
        gradient(in[in_offset + row * in_stride + element], of[of_offset + row * of_stride + element], slope);
}
#else
ENTRY_OF_ONE
void activation_gradient_runs(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                              __global float *out, ulong out_offset, int total, int count, int runs, int run, int length,
                              int in_stride, int of_stride, int out_stride, float slope) {
    const int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        const int row = unit / runs;
        const __global float *dy = in + in_offset + row * in_stride, *y = of + of_offset + row * of_stride;
        __global float *dx = out + out_offset + row * out_stride;

        int i = unit % runs * run;
        const int last = min(i + run, length);
        for (; i + VECTOR <= last; i += VECTOR) vec_store(gradient(vec_load(dy + i), vec_load(y + i), slope), dx + i);
        if (i < last) {
            float rest[VECTOR], of_rest[VECTOR];
            for (int k = 0; k < VECTOR; k++) {
                rest[k] = i + k < last ? dy[i + k] : 0.0f;
                of_rest[k] = i + k < last ? y[i + k] : 0.0f;
            }
            vec_store_private(gradient(vec_load_private(rest), vec_load_private(of_rest), slope), rest);
            for (int k = 0; i + k < last; k++) dx[i + k] = rest[k];
        }
    }
}
#endif
