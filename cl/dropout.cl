/* dropout.cl: x * keep / (1 - rate), any layout (see common.cl), in place or not.
 *
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11) makes four words of a key and a counter:
 *
 *     key      seed low, seed high
 *     counter  element / 4, stream, step low, step high      element: (n * channels + c) * pixels + pixel, in any layout
 *
 * and word element % 4 says whether the element is kept. Four elements share a counter; each makes the words anew, since in blocked
 * layouts they lie far apart.
 *
 * dropout_generic: a work-item an element of memory, padding lanes included (VECTOR is 1). dropout_runs: block is 1 or VECTOR; a
 * work-item takes `count` runs of `run` elements of an image.
 *
 * Parameters, by -D: VECTOR */

#if VECTOR == 1
typedef uint words;
#else
#define TYPED_(name, count) name##count
#define TYPED(name, count) TYPED_(name, count)
typedef TYPED(uint, VECTOR) words;
#endif

/* The words of ten rounds that `which` picks, 0 to 3. Multipliers and steps of the key as in the paper. */
static inline words philox_word(words counter, uint stream, uint2 step, uint2 key, words which) {
    words a = counter, b = (words)(stream), c = (words)(step.s0), d = (words)(step.s1);
    for (int round = 0; round < 10; round++) {
        const words high_a = mul_hi((words)(0xD2511F53u), a), low_a = 0xD2511F53u * a;
        const words high_c = mul_hi((words)(0xCD9E8D57u), c), low_c = 0xCD9E8D57u * c;
        a = high_c ^ b ^ key.s0;
        b = low_c;
        c = high_a ^ d ^ key.s1;
        d = low_a;
        key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
    }
#if VECTOR == 1
    return which == 0 ? a : which == 1 ? b : which == 2 ? c : d;
#else
    return select(select(a, b, which == 1u), select(c, d, which == 3u), which >= 2u);
#endif
}

/* What the elements are multiplied with. */
static inline vec factors_of(words element, uint stream, const __global float *key, uint threshold, float scale) {
    const uint2 seed = (uint2)((uint)key[0], (uint)key[1]), step = (uint2)((uint)key[2], (uint)key[3]);
    const words word = philox_word(element >> 2, stream, step, seed, element & 3);
#if VECTOR == 1
    return word >= threshold ? scale : 0.0f;
#else
    return select((vec)(0.0f), (vec)(scale), word >= threshold);
#endif
}

#if VECTOR == 1
ENTRY void dropout_generic(RANGE const __global float *in, ulong in_offset, const __global float *key, ulong key_offset,
                           __global float *out, ulong out_offset, int total, int channels, int pixels, int block, int in_stride,
                           int out_stride, uint stream, uint threshold, float scale) {
    int i = get_global_id(0);
    if (i >= total) return;
    int image_elements = (channels + block - 1) / block * block * pixels;
    int n = i / image_elements, at = i % image_elements;
    int pixel = at / block % pixels, channel = at / (pixels * block) * block + at % block;
    uint element = ((uint)n * channels + channel) * pixels + pixel;
    float factor = channel < channels ? factors_of(element, stream, key + key_offset, threshold, scale) : 0.0f;
    out[out_offset + n * out_stride + at] = in[in_offset + n * in_stride + at] * factor;
}
#else

/* 0, 1, 2, ... */
static inline words lanes(void) {
#if VECTOR == 4
    return (words)(0, 1, 2, 3);
#elif VECTOR == 8
    return (words)(0, 1, 2, 3, 4, 5, 6, 7);
#else
    return (words)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
}

ENTRY_OF_ONE
void dropout_runs(RANGE const __global float *in, ulong in_offset, const __global float *key, ulong key_offset,
                  __global float *out, ulong out_offset, int total, int count, int runs, int run, int channels, int pixels,
                  int block, int in_stride, int out_stride, uint stream, uint threshold, float scale) {
    int image_elements = (channels + block - 1) / block * block * pixels;
    int begin = get_global_id(0) * count, end = min(begin + count, total);
    key += key_offset;
    for (int unit = begin; unit < end; unit++) {
        int n = unit / runs, i = unit % runs * run, last = min(i + run, image_elements);
        const __global float *source = in + in_offset + n * in_stride;
        __global float *target = out + out_offset + n * out_stride;
        uint first = (uint)n * channels * pixels;
        for (; i + VECTOR <= last; i += VECTOR) {
            /* of padding lanes: some numbers, and products with zeros */
            words element = block == 1 ? first + i + lanes()
                                       : first + (i / (pixels * VECTOR) * VECTOR + lanes()) * pixels + i / VECTOR % pixels;
            vec_store(vec_load(source + i) * factors_of(element, stream, key, threshold, scale), target + i);
        }
        if (i < last) { /* plain tensors only */
            float rest[VECTOR];
            vec_store_private(factors_of(first + i + lanes(), stream, key, threshold, scale), rest);
            for (int k = 0; i + k < last; k++) target[i + k] = source[i + k] * rest[k];
        }
    }
}
#endif
