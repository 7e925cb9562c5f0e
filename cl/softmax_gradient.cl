/* softmax_gradient.cl: the gradient of softmax over the middle of [outer][length][inner], dx in the place of dy or not.
 *
 *     dx = y * (dy - sum of dy * y)        or with LOGARITHM, y being log(softmax),  dx = dy - exp(y) * sum of dy
 *
 * softmax_gradient_generic: a work-item an (outer, inner) (VECTOR is 1). softmax_gradient_rows: inner is 1; a work-item takes `rows`
 * rows, one after the other.
 *
 * Parameters, by -D: LOGARITHM, VECTOR */

static inline vec term(vec dy, vec y) {
#if LOGARITHM
    return dy;
#else
    return dy * y;
#endif
}

static inline vec gradient(vec dy, vec y, float sum) {
#if LOGARITHM
    return dy - exp(y) * sum;
#else
    return y * (dy - sum);
#endif
}

#if VECTOR == 1
ENTRY void softmax_gradient_generic(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                                    __global float *out, ulong out_offset, int total, int length, int inner, int in_stride,
                                    int of_stride, int out_stride) {
    const int i = get_global_id(0);
    if (i >= total) return;
    const int row = i / inner, at = i % inner;
    const __global float *dy = in + in_offset + row * in_stride + at, *y = of + of_offset + row * of_stride + at;
    __global float *dx = out + out_offset + row * out_stride + at;
    float sum = 0.0f;
    for (int l = 0; l < length; l++) sum += term(dy[l * inner], y[l * inner]);
    for (int l = 0; l < length; l++) dx[l * inner] = gradient(dy[l * inner], y[l * inner], sum);
}
#else

/* The next vector of a row, zeros behind its end. */
static inline vec next(const __global float *row, int i, int length) {
    if (i + VECTOR <= length) return vec_load(row + i);
    float rest[VECTOR];
    for (int k = 0; k < VECTOR; k++) rest[k] = i + k < length ? row[i + k] : 0.0f;
    return vec_load_private(rest);
}

ENTRY_OF_ONE
void softmax_gradient_rows(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                           __global float *out, ulong out_offset, int total, int rows, int length, int in_stride,
                           int of_stride, int out_stride) {
    const int first = get_global_id(0) * rows, last = min(first + rows, total);
    for (int row = first; row < last; row++) {
        const __global float *dy = in + in_offset + row * in_stride, *y = of + of_offset + row * of_stride;
        __global float *dx = out + out_offset + row * out_stride;
        float lanes[VECTOR];

        vec sums = (vec)(0.0f);
        for (int i = 0; i < length; i += VECTOR) sums += term(next(dy, i, length), next(y, i, length));
        vec_store_private(sums, lanes);
        float sum = lanes[0];
        for (int k = 1; k < VECTOR; k++) sum += lanes[k];

        int i = 0;
        for (; i + VECTOR <= length; i += VECTOR) vec_store(gradient(vec_load(dy + i), vec_load(y + i), sum), dx + i);
        if (i < length) {
            vec_store_private(gradient(next(dy, i, length), next(y, i, length), sum), lanes);
            for (int k = 0; i + k < length; k++) dx[i + k] = lanes[k];
        }
    }
}
#endif
