/* activation_gradient.cl: dx = dy * f'(x), any layout (see common.cl), dx in the place of dy or not. `of` is y = f(x), or x itself
 * for ACTIVATION_PRELU.
 *
 * A plane is what has one slope, or one vector of them: a channel of a plain tensor, a block of channels of a blocked one; where there
 * are no slopes, an image, or all images where they lie side by side. What is an element and what a padding lane makes no
 * difference: dy is 0 there, and so is dx.
 *
 * activation_gradient_generic: a work-item an element of memory (VECTOR is 1). activation_gradient_runs: block is 1 or VECTOR; a
 * work-item takes `count` runs of `run` elements of a plane; the rest of a plane that fills no vector goes through a buffer.
 *
 *     slopes   [channels rounded up to the block]
 *
 * Parameters, by -D: VECTOR, ACTIVATION (common.cl, or ACTIVATION_PRELU): f */

#define ACTIVATION_PRELU 6

#if ACTIVATION == ACTIVATION_PRELU
#define SLOPE_PARAMETERS const __global float *slopes, ulong slopes_offset,
#else
#define SLOPE_PARAMETERS
#endif

/* Comparisons are such that a NaN of y lets dy pass, but for the leaky kinds' slope. */
static inline vec gradient(vec dy, vec of, vec slope) {
#if ACTIVATION == ACTIVATION_RELU
    return select(dy, (vec)(0.0f), of <= (vec)(0.0f));
#elif ACTIVATION == ACTIVATION_RELU6
    return select(dy, (vec)(0.0f), (of <= (vec)(0.0f)) | (of >= (vec)(6.0f)));
#elif ACTIVATION == ACTIVATION_LEAKY_RELU || ACTIVATION == ACTIVATION_PRELU
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
                                       __global float *out, ulong out_offset, SLOPE_PARAMETERS int total, int channels,
                                       int elements, int block, int in_stride, int of_stride, int out_stride, float slope) {
    const int i = get_global_id(0);
    if (i >= total) return;
    const int image_elements = (channels + block - 1) / block * elements, n = i / image_elements, element = i % image_elements;
#if ACTIVATION == ACTIVATION_PRELU
    slope = slopes[slopes_offset + element / elements * block + element % block];
#endif
    out[out_offset + n * out_stride + element] =
        gradient(in[in_offset + n * in_stride + element], of[of_offset + n * of_stride + element], slope);
}
#else

/* The first `count` elements of an array, zeros behind. */
static inline vec load_first(const __global float *source, int count) {
    float first[VECTOR];
    for (int k = 0; k < VECTOR; k++) first[k] = k < count ? source[k] : 0.0f;
    return vec_load_private(first);
}

ENTRY_OF_ONE
void activation_gradient_runs(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                              __global float *out, ulong out_offset, SLOPE_PARAMETERS int total, int count, int runs, int run,
                              int channels, int elements, int block, int in_stride, int of_stride, int out_stride,
                              float slope) {
    const int planes = (channels + block - 1) / block;
    const int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        const int plane = unit / runs % planes, n = unit / runs / planes;
        const __global float *dy = in + in_offset + n * in_stride + plane * elements;
        const __global float *y = of + of_offset + n * of_stride + plane * elements;
        __global float *dx = out + out_offset + n * out_stride + plane * elements;
        vec factor = (vec)(slope);
#if ACTIVATION == ACTIVATION_PRELU
        factor = block > 1 ? vec_load(slopes + slopes_offset + plane * VECTOR) : (vec)(slopes[slopes_offset + plane]);
#endif
        int i = unit % runs * run;
        const int last = min(i + run, elements);
        for (; i + VECTOR <= last; i += VECTOR) vec_store(gradient(vec_load(dy + i), vec_load(y + i), factor), dx + i);
        if (i < last) {
            float rest[VECTOR];
            vec_store_private(gradient(load_first(dy + i, last - i), load_first(y + i, last - i), factor), rest);
            for (int k = 0; i + k < last; k++) dx[i + k] = rest[k];
        }
    }
}
#endif
