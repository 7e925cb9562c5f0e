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

typedef struct coefficients {
    vec factor, summand;
    float slope;
} coefficients;

/* Of the plane that begins with `channel`. */
static inline vec coefficient(const __global float *values, int channel, int block) {
#if VECTOR > 1
    if (block > 1) return vec_load(values + channel);
#endif
    return (vec)(values[channel]);
}

static inline coefficients coefficients_of(int channel, int block, float slope, float factor, float offset,
                                           int has_scale, const __global float *scale, int has_shift,
                                           const __global float *shift) {
    coefficients c = {(vec)(factor), (vec)(offset), slope};
    if (has_scale) c.factor *= coefficient(scale, channel, block);
    if (has_shift) c.summand += coefficient(shift, channel, block);
    return c;
}

/* `real` tells the lanes that are channels from the padding, which becomes zero. */
static inline vec apply(vec x, coefficients c, ivec real) {
#if FUNCTION == FUNCTION_AFFINE
    vec y = activate(x * c.factor + c.summand, c.slope);
#elif FUNCTION == FUNCTION_PRELU
    vec y = select(x, c.factor * x, x < (vec)(0.0f));
#else
    vec y = activate(x, c.slope);
#endif
    return select((vec)(0.0f), y, real);
}

#if VECTOR == 1
__kernel void elementwise_generic(const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total,
                                  int channels, int pixels, int block, int in_stride, int out_stride, float slope, float factor,
                                  float offset, int has_scale, const __global float *scale, ulong scale_offset, int has_shift,
                                  const __global float *shift, ulong shift_offset) {
    int i = get_global_id(0);
    if (i >= total) return;
    int image_elements = (channels + block - 1) / block * block * pixels;
    int n = i / image_elements, element = i % image_elements;
    int channel = element / (pixels * block) * block + element % block;
    bool real = channel < channels;
    coefficients c = coefficients_of(real ? channel : 0, 1, slope, factor, offset, has_scale, scale + scale_offset, has_shift,
                                     shift + shift_offset);
    out[out_offset + n * out_stride + element] = apply(in[in_offset + n * in_stride + element], c, real);
}
#else
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void elementwise_runs(const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int count,
                               int runs, int run, int channels, int pixels, int block, int in_stride, int out_stride, float slope,
                               float factor, float offset, int has_scale, const __global float *scale, ulong scale_offset,
                               int has_shift, const __global float *shift, ulong shift_offset) {
    int planes = (channels + block - 1) / block, plane_elements = pixels * block;
    int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        int plane = unit / runs % planes, n = unit / runs / planes, channel = plane * block;
        const __global float *source = in + in_offset + n * in_stride + plane * plane_elements;
        __global float *target = out + out_offset + n * out_stride + plane * plane_elements;
        coefficients c = coefficients_of(channel, block, slope, factor, offset, has_scale, scale + scale_offset, has_shift,
                                         shift + shift_offset);
        ivec real = vec_first(block > 1 ? channels - channel : VECTOR);

        int i = unit % runs * run, last = min(i + run, plane_elements);
        for (; i + VECTOR <= last; i += VECTOR) vec_store(apply(vec_load(source + i), c, real), target + i);
        if (i < last) {
            float rest[VECTOR];
            for (int k = 0; k < VECTOR; k++) rest[k] = i + k < last ? source[i + k] : 0.0f;
            vec_store_private(apply(vec_load_private(rest), c, real), rest);
            for (int k = 0; i + k < last; k++) target[i + k] = rest[k];
        }
    }
}
#endif
