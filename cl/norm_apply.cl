/* norm_apply.cl: batch norm by statistics that were summed before (norm_sums.cl), and its data gradient, element by element,
 * any layout (see common.cl), in place over input 0 or not.
 *
 * Planes as in elementwise.cl. norm_apply_generic: a work-item an element of memory, padding lanes included (VECTOR is 1).
 * norm_apply_runs: block is 1 or VECTOR; a work-item takes `count` runs of `run` elements of a plane.
 *
 * Parameters, by -D:
 *     FUNCTION  FUNCTION_APPLY: in is x;   out = activate((x - mean) * weight / s + bias), s = sqrt(variance + epsilon)
 *               FUNCTION_GRADIENT: in is dy; out = weight / s * (dy - sum of dy / M - (x - mean) / s * sum of dy xhat / M)
 *     VECTOR, ACTIVATION
 *
 * `of` (x of the gradient), `sums`, `weight` and `bias` are any memory, and not read, where they are not asked for. */

#define FUNCTION_APPLY    0
#define FUNCTION_GRADIENT 1

/* What the elements of a plane share. */
typedef struct {
    vec mean, factor;
    vec summand; /* of the gradient: mean of dy */
    vec pull;    /* of the gradient: mean of dy * xhat, divided by s */
} coefficients;

/* Of the plane that begins with `channel`: a number for all lanes, or one each, with zeros behind the last channel. */
static inline vec coefficient(const __global float *values, int channel, int channels, int block) {
#if VECTOR > 1
    if (block > 1 && channel + VECTOR <= channels) return vec_load(values + channel);
    if (block > 1) {
        float lanes[VECTOR];
        for (int k = 0; k < VECTOR; k++) lanes[k] = channel + k < channels ? values[channel + k] : 0.0f;
        return vec_load_private(lanes);
    }
#endif
    return (vec)(values[channel]);
}

/* `statistics` are mean and variance, `sums` those of dy * xhat and of dy; [2, channels]. */
static inline coefficients coefficients_of(const __global float *statistics, const __global float *sums, int has_weight,
                                           const __global float *weight, int has_bias, const __global float *bias, int channel,
                                           int channels, int block, float epsilon, float elements) {
    coefficients c;
    const vec inverse = (vec)(1.0f) / sqrt(coefficient(statistics + channels, channel, channels, block) + epsilon);
    c.mean = coefficient(statistics, channel, channels, block);
    c.factor = inverse;
    if (has_weight) c.factor *= coefficient(weight, channel, channels, block);
#if FUNCTION == FUNCTION_GRADIENT
    c.summand = coefficient(sums + channels, channel, channels, block) / elements;
    c.pull = inverse * coefficient(sums, channel, channels, block) / elements;
#else
    c.summand = has_bias ? coefficient(bias, channel, channels, block) : (vec)(0.0f);
#endif
    return c;
}

static inline vec apply(vec in, vec of, const coefficients *c, float slope) {
#if FUNCTION == FUNCTION_GRADIENT
    return c->factor * (in - c->summand - (of - c->mean) * c->pull);
#else
    return activate((in - c->mean) * c->factor + c->summand, slope);
#endif
}

/* Another operand's element, where there is one. */
#if FUNCTION == FUNCTION_GRADIENT
#define OF(value)        (value)
#define OF_SCALAR(value) (value)
#else
#define OF(value)        (vec)(0.0f)
#define OF_SCALAR(value) 0.0f
#endif

#if VECTOR == 1
ENTRY void norm_apply_generic(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                              const __global float *statistics, ulong statistics_offset, const __global float *sums,
                              ulong sums_offset, const __global float *weight, ulong weight_offset, const __global float *bias,
                              ulong bias_offset, __global float *out, ulong out_offset, int total, int channels, int pixels,
                              int block, int in_stride, int of_stride, int out_stride, float epsilon, float elements, float slope,
                              int has_weight, int has_bias) {
    const int i = get_global_id(0);
    if (i >= total) return;
    const int image_elements = (channels + block - 1) / block * block * pixels;
    const int n = i / image_elements, at = i % image_elements, channel = at / (pixels * block) * block + at % block;
    out += out_offset + n * out_stride;
    if (channel >= channels) {
        out[at] = 0.0f;
        return;
    }
    const coefficients c = coefficients_of(statistics + statistics_offset, sums + sums_offset, has_weight,
                                           weight + weight_offset, has_bias, bias + bias_offset, channel, channels,
                                           1, epsilon, elements);
    out[at] = apply(in[in_offset + n * in_stride + at], OF(of[of_offset + n * of_stride + at]), &c, slope);
}
#else
ENTRY_OF_ONE
void norm_apply_runs(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                     const __global float *statistics, ulong statistics_offset, const __global float *sums, ulong sums_offset,
                     const __global float *weight, ulong weight_offset, const __global float *bias, ulong bias_offset,
                     __global float *out, ulong out_offset, int total, int count, int runs, int run, int channels, int pixels,
                     int block, int in_stride, int of_stride, int out_stride, float epsilon, float elements, float slope,
                     int has_weight, int has_bias) {
    const int planes = (channels + block - 1) / block, plane_elements = pixels * block;
    const int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        const int plane = unit / runs % planes, n = unit / runs / planes, channel = plane * block;
        const __global float *source = in + in_offset + n * in_stride + plane * plane_elements;
        const __global float *other = of + of_offset + n * of_stride + plane * plane_elements;
        __global float *target = out + out_offset + n * out_stride + plane * plane_elements;
        const coefficients c = coefficients_of(statistics + statistics_offset, sums + sums_offset, has_weight,
                                               weight + weight_offset, has_bias, bias + bias_offset, channel, channels,
                                               block, epsilon, elements);
        const ivec real = vec_first(block > 1 ? channels - channel : VECTOR);

        int i = unit % runs * run;
        const int last = min(i + run, plane_elements);
        for (; i + VECTOR <= last; i += VECTOR) {
            const vec y = apply(vec_load(source + i), OF(vec_load(other + i)), &c, slope);
            vec_store(select((vec)(0.0f), y, real), target + i);
        }
        if (i < last) { /* plain tensors only */
            float rest[VECTOR], others[VECTOR];
            for (int k = 0; k < VECTOR; k++) {
                rest[k] = i + k < last ? source[i + k] : 0.0f;
                others[k] = OF_SCALAR(i + k < last ? other[i + k] : 0.0f);
            }
            vec_store_private(apply(vec_load_private(rest), vec_load_private(others), &c, slope), rest);
            for (int k = 0; i + k < last; k++) target[i + k] = rest[k];
        }
    }
}
#endif
