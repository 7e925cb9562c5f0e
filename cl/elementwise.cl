/* elementwise.cl: functions of one element and its channel, any layout (see common.cl), in place or not.
 *
 * A plane is what has one set of coefficients: a channel of a plain tensor, a block of channels of a blocked one.
 *
 *     image n:   [plane 0: pixels x block floats][plane 1] .. [plane planes - 1]
 *
 * elementwise_generic: a work-item an element of memory, padding lanes included. elementwise_runs: block is 1 or VECTOR; a work-item
 * takes `count` runs of `run` elements of a plane; the rest of a plane that fills no vector goes through a buffer.
 *
 * Parameters, by -D:
 *     FUNCTION   FUNCTION_ACTIVATION: activate(x)
 *                FUNCTION_AFFINE: activate(x * factor * scale[c] + shift[c] + offset)
 *                FUNCTION_PRELU: x < 0 ? scale[c] * x : x
 *     VECTOR, ACTIVATION
 *
 * Where has_scale or has_shift is 0 the array's argument is any memory, and not read. */

#define FUNCTION_ACTIVATION 0
#define FUNCTION_AFFINE     1
#define FUNCTION_PRELU      2

/* The array's part for the plane that begins with `channel`. */
static inline vec coefficient(const __global float *values, int channel, int block) {
#if VECTOR > 1
    if (block > 1) return vec_load(values + channel);
#endif
    return (vec)(values[channel]);
}

static inline vec factor_of(float uniform, int has_scale, const __global float *scale, int channel, int block) {
    return has_scale ? uniform * coefficient(scale, channel, block) : (vec)(uniform);
}

static inline vec summand_of(float uniform, int has_shift, const __global float *shift, int channel, int block) {
    return has_shift ? uniform + coefficient(shift, channel, block) : (vec)(uniform);
}

/* `real` tells the lanes that are channels from the padding, which becomes zero. */
static inline vec apply(vec x, vec factor, vec summand, float slope, ivec real) {
#if FUNCTION == FUNCTION_AFFINE
    vec y = activate(x * factor + summand, slope);
#elif FUNCTION == FUNCTION_PRELU
    vec y = select(x, factor * x, x < (vec)(0.0f));
#else
    vec y = activate(x, slope);
#endif
    return select((vec)(0.0f), y, real);
}

#if VECTOR == 1
ENTRY void elementwise_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total,
                               int channels, int pixels, int block, int in_stride, int out_stride, float slope,
                               float uniform_factor, float uniform_offset, int has_scale, const __global float *scale,
                               ulong scale_offset, int has_shift, const __global float *shift, ulong shift_offset) {
    int i = get_global_id(0);
    if (i >= total) return;
    int image_elements = (channels + block - 1) / block * block * pixels;
    int n = i / image_elements, element = i % image_elements;
    int channel = element / (pixels * block) * block + element % block;
    bool real = channel < channels;
    float factor = factor_of(uniform_factor, has_scale, scale + scale_offset, real ? channel : 0, 1);
    float summand = summand_of(uniform_offset, has_shift, shift + shift_offset, real ? channel : 0, 1);
    out[out_offset + n * out_stride + element] = apply(in[in_offset + n * in_stride + element], factor, summand, slope, real);
}
#else
ENTRY_OF_ONE
void elementwise_runs(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int count,
                      int runs, int run, int channels, int pixels, int block, int in_stride, int out_stride, float slope,
                      float uniform_factor, float uniform_offset, int has_scale, const __global float *scale,
                      ulong scale_offset, int has_shift, const __global float *shift, ulong shift_offset) {
    int planes = (channels + block - 1) / block, plane_elements = pixels * block;
    int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        int plane = unit / runs % planes, n = unit / runs / planes, channel = plane * block;
        const __global float *source = in + in_offset + n * in_stride + plane * plane_elements;
        __global float *target = out + out_offset + n * out_stride + plane * plane_elements;
        vec factor = factor_of(uniform_factor, has_scale, scale + scale_offset, channel, block);
        vec summand = summand_of(uniform_offset, has_shift, shift + shift_offset, channel, block);
        ivec real = vec_first(block > 1 ? channels - channel : VECTOR);

        int i = unit % runs * run, last = min(i + run, plane_elements);
        for (; i + VECTOR <= last; i += VECTOR) vec_store(apply(vec_load(source + i), factor, summand, slope, real), target + i);
        if (i < last) {
            float rest[VECTOR];
            for (int k = 0; k < VECTOR; k++) rest[k] = i + k < last ? source[i + k] : 0.0f;
            vec_store_private(apply(vec_load_private(rest), factor, summand, slope, real), rest);
            for (int k = 0; i + k < last; k++) target[i + k] = rest[k];
        }
    }
}
#endif
