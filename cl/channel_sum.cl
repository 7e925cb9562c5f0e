/* channel_sum.cl: sums over images and pixels for each channel, of a or of a * b, any layout (see common.cl).
 *
 *     all pixels   [image 0: pixel 0 .. pixels - 1][image 1: ..] ..        in parts, a work-item each
 *     sums         [part][channel]                                         with one part the output itself, else
 *     output       [channel]                                               their sums, from the first part to the last
 *
 * channel_sum_generic: part p takes pixels p, p + parts, .. of one channel (VECTOR is 1). channel_sum_blocks: a part is `part` pixels in a
 * row, of VECTOR channels side by side; where no block of them is left, they are the last VECTOR. It sums runs of RUN pixels by
 * four sums each, so that no sum is a long one. channel_sum_join, with -D JOIN: a work-item a channel.
 *
 * Parameters, by -D:
 *     HAS_FACTOR          0 or 1: whether there is b
 *     ONLY_NOT_POSITIVE   1: where b is above 0 the product counts as 0
 *     BLOCKED             1: blocks of VECTOR channels, with padding lanes; 0: channels side by side
 *     VECTOR, JOIN */

#define RUN 256

#if HAS_FACTOR
#define FACTOR_PARAMETERS const __global float *factor, ulong factor_offset,
#else
#define FACTOR_PARAMETERS
#endif

#ifdef JOIN
ENTRY void channel_sum_join(RANGE const __global float *sums, ulong sums_offset, __global float *out, ulong out_offset, int channels,
                            int parts) {
    const int c = get_global_id(0);
    if (c >= channels) return;
    float sum = 0.0f;
    for (int p = 0; p < parts; p++) sum += sums[sums_offset + p * channels + c];
    out[out_offset + c] = sum;
}
#else

#if HAS_FACTOR
static inline vec product(vec a, vec b) {
#if ONLY_NOT_POSITIVE
    return select(a * b, (vec)(0.0f), b > (vec)(0.0f));
#else
    return a * b;
#endif
}
#endif

#if VECTOR == 1
ENTRY void channel_sum_generic(RANGE const __global float *in, ulong in_offset, FACTOR_PARAMETERS __global float *sums,
                               ulong sums_offset, int channels, int parts, int images, int pixels, int block, int in_stride,
                               int factor_stride) {
    const int part = get_global_id(0) % parts, c = get_global_id(0) / parts;
    if (c >= channels) return;
    const int start = c / block * pixels * block + c % block;
    in += in_offset + start;
#if HAS_FACTOR
    factor += factor_offset + start;
#endif
    float sum = 0.0f;
    for (int i = part; i < images * pixels; i += parts) {
        const int n = i / pixels, pixel = i % pixels * block;
#if HAS_FACTOR
        sum += product(in[n * in_stride + pixel], factor[n * factor_stride + pixel]);
#else
        sum += in[n * in_stride + pixel];
#endif
    }
    sums[sums_offset + part * channels + c] = sum;
}
#else

ENTRY_OF_ONE
void channel_sum_blocks(RANGE const __global float *in, ulong in_offset, FACTOR_PARAMETERS __global float *sums, ulong sums_offset,
                        int channels, int parts, int part, int all_pixels, int pixels, int block_step, int in_stride, int in_step,
                        int factor_stride, int factor_step) {
    const int p = get_global_id(0) % parts, b = get_global_id(0) / parts, channel = b * VECTOR;
#if BLOCKED
    const int again = 0; /* the block has padding lanes */
#else
    const int again = max(channel + VECTOR - channels, 0);
#endif
    in += in_offset + b * block_step - again;
#if HAS_FACTOR
    factor += factor_offset + b * block_step - again;
#endif

    vec total = (vec)(0.0f);
    const int last = min((p + 1) * part, all_pixels);
    for (int i = p * part, count; i < last; i += count) {
        const int n = i / pixels, pixel = i % pixels;
        count = min(min(pixels - pixel, last - i), RUN);
        const __global float *a = in + n * in_stride + pixel * in_step;
#if HAS_FACTOR
        const __global float *b = factor + n * factor_stride + pixel * factor_step;
#define TERM(k) product(vec_load(a + (k) * in_step), vec_load(b + (k) * factor_step))
#else
#define TERM(k) vec_load(a + (k) * in_step)
#endif
        vec sums4[4] = {(vec)(0.0f), (vec)(0.0f), (vec)(0.0f), (vec)(0.0f)};
        int k = 0;
        for (; k + 4 <= count; k += 4) {
#pragma unroll
            for (int j = 0; j < 4; j++) sums4[j] += TERM(k + j);
        }
        for (; k < count; k++) sums4[0] += TERM(k);
        total += (sums4[0] + sums4[1]) + (sums4[2] + sums4[3]);
    }

    float lanes[VECTOR];
    vec_store_private(total, lanes);
    sums += sums_offset + p * channels + channel - again;
    for (int k = again; k < min(VECTOR, channels - channel + again); k++) sums[k] = lanes[k];
}
#endif
#endif
