/* softmax.cl: softmax or its logarithm over the middle of [outer][length][inner].
 *
 *     x [outer * in_stride + l * inner + i]     largest = max x, sum = sum of exp(x - largest)
 *     y = exp(x - largest) / sum                or with LOGARITHM x - largest - log(sum)
 *
 * A NaN leaves the maximum alone but not the sum, and infinity minus infinity is one: both make the whole row NaN, as in the formula.
 *
 * softmax_generic: a work-item an (outer, inner) (VECTOR is 1). softmax_rows: inner is 1; a work-item takes `rows` rows, one after
 * the other.
 *
 * Parameters, by -D: LOGARITHM, VECTOR */

#if VECTOR == 1
ENTRY void softmax_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int length,
                           int inner, int in_stride, int out_stride) {
    int i = get_global_id(0);
    if (i >= total) return;
    in += in_offset + i / inner * in_stride + i % inner;
    out += out_offset + i / inner * out_stride + i % inner;

    float largest = -INFINITY, sum = 0.0f;
    for (int l = 0; l < length; l++) largest = fmax(largest, in[l * inner]);
    for (int l = 0; l < length; l++) sum += exp(in[l * inner] - largest);
#if LOGARITHM
    float logarithm = log(sum);
    for (int l = 0; l < length; l++) out[l * inner] = in[l * inner] - largest - logarithm;
#else
    for (int l = 0; l < length; l++) out[l * inner] = exp(in[l * inner] - largest) / sum;
#endif
}
#else

/* The next vector of a row; behind its end, what changes neither maximum nor sum. */
static inline vec next(const __global float *row, int i, int length) {
    if (i + VECTOR <= length) return vec_load(row + i);
    float rest[VECTOR];
    for (int k = 0; k < VECTOR; k++) rest[k] = i + k < length ? row[i + k] : -INFINITY;
    return vec_load_private(rest);
}

static inline void store(vec y, __global float *row, int i, int length) {
    if (i + VECTOR <= length) {
        vec_store(y, row + i);
        return;
    }
    float rest[VECTOR];
    vec_store_private(y, rest);
    for (int k = 0; i + k < length; k++) row[i + k] = rest[k];
}

ENTRY_OF_ONE
void softmax_rows(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int rows,
                  int length, int in_stride, int out_stride) {
    int first = get_global_id(0) * rows, last = min(first + rows, total);
    for (int r = first; r < last; r++) {
        const __global float *source = in + in_offset + r * in_stride;
        __global float *target = out + out_offset + r * out_stride;
        float lanes[VECTOR];

        vec peaks = (vec)(-INFINITY);
        for (int i = 0; i < length; i += VECTOR) peaks = fmax(peaks, next(source, i, length));
        vec_store_private(peaks, lanes);
        float largest = lanes[0];
        for (int k = 1; k < VECTOR; k++) largest = fmax(largest, lanes[k]);

        vec sums = (vec)(0.0f);
        for (int i = 0; i < length; i += VECTOR) {
            vec y = exp(next(source, i, length) - largest);
            sums += y;
#if !LOGARITHM
            store(y, target, i, length);
#endif
        }
        vec_store_private(sums, lanes);
        float sum = lanes[0];
        for (int k = 1; k < VECTOR; k++) sum += lanes[k];

#if LOGARITHM
        float logarithm = log(sum);
        for (int i = 0; i < length; i += VECTOR) store(next(source, i, length) - largest - logarithm, target, i, length);
#else
        for (int i = 0; i < length; i += VECTOR) store(next(target, i, length) / sum, target, i, length);
#endif
    }
}
#endif
