/* update.cl: an optimiser's step over flat buffers of parameters, gradients and what is kept of earlier steps; and the length of
 * all gradients together, to clip it.
 *
 *     element i:  values[i], gradients[i], first[i], second[i], average[i], and decays[i / 16]
 *
 * update: work-item w does elements [w * run, w * run + run).
 * update_squares: work-item w sums the squares of `count` vectors, from w * first on, `step` elements apart, into partial[w].
 * update_scale: one work-item; what all gradients are multiplied with.
 *
 * `total` and `run` are multiples of VECTOR. Buffers that a kind has no use for are any memory, and not touched. No clipping loses
 * a NaN.
 *
 * Parameters, by -D:
 *     KIND         a clade_optimizer_kind's number
 *     HAS_MOMENTUM, HAS_DECAY, HAS_AVERAGE, CLIPS_VALUES, CLIPS_NORM   0 or 1
 *     VECTOR */

#define KIND_SGD                0
#define KIND_MOMENTUM           1
#define KIND_NESTEROV           2
#define KIND_RMSPROP            3
#define KIND_RMSPROP_TENSORFLOW 4
#define KIND_ADAM               5
#define KIND_ADAMW              6

#define HAS_SQUARES (KIND >= KIND_RMSPROP)

/* Elements whose weights decay alike. */
#define UNIT 16

#if VECTOR == 1
#define ENTRY_OF_RUN ENTRY
#else
#define ENTRY_OF_RUN ENTRY_OF_ONE
#endif

static inline vec clipped(vec gradient, float limit) {
#if CLIPS_VALUES
    gradient = gradient < (vec)(-limit) ? (vec)(-limit) : gradient;
    gradient = gradient > (vec)(limit) ? (vec)(limit) : gradient;
#endif
    return gradient;
}

/* ---- One step -------------------------------------------------------------------------------------------------------------- */

/* What is the same for all elements. With Adam `rate` and `square_scale` have the corrections for the first steps in them:
 * lr / (1 - b^t) and 1 / sqrt(1 - d^t). */
typedef struct {
    float rate, momentum, square_decay, square_scale, epsilon;
} step_settings;

/* Changes m and v; gives what is taken off the value. */
static inline vec descent(vec g, vec *m, vec *v, const step_settings *s) {
#if HAS_SQUARES
    *v = s->square_decay * *v + (1.0f - s->square_decay) * g * g;
#endif
#if KIND == KIND_SGD
    return s->rate * g;
#elif KIND == KIND_MOMENTUM
    *m = s->momentum * *m + g;
    return s->rate * *m;
#elif KIND == KIND_NESTEROV
    *m = s->momentum * *m + g;
    return s->rate * (g + s->momentum * *m);
#elif KIND == KIND_RMSPROP
    vec scaled = g / (sqrt(*v) + s->epsilon);
#if HAS_MOMENTUM
    scaled = *m = s->momentum * *m + scaled;
#endif
    return s->rate * scaled;
#elif KIND == KIND_RMSPROP_TENSORFLOW
    *m = s->momentum * *m + s->rate * g / sqrt(*v + s->epsilon);
    return *m;
#else
    *m = s->momentum * *m + (1.0f - s->momentum) * g;
    return s->rate * *m / (sqrt(*v) * s->square_scale + s->epsilon);
#endif
}

ENTRY_OF_RUN
void update(__global float *values, const __global float *gradients, __global float *first, __global float *second,
            __global float *average, const __global float *decays, const __global float *scale, int total, int run, int is_first,
            float rate, float plain_rate, float momentum, float square_decay, float square_scale, float epsilon, float limit,
            float average_decay) {
    const step_settings settings = {rate, momentum, square_decay, square_scale, epsilon};
    const int begin = get_global_id(0) * run, end = min(begin + run, total);
    for (int i = begin; i < end; i += VECTOR) {
        vec p = vec_load(values + i), g = clipped(vec_load(gradients + i), limit), m = (vec)(0.0f), v = (vec)(0.0f);
#if CLIPS_NORM
        g *= scale[0];
#endif
#if HAS_DECAY && KIND == KIND_ADAMW
        p -= plain_rate * decays[i / UNIT] * p;
#elif HAS_DECAY
        g += decays[i / UNIT] * p;
#endif
#if HAS_MOMENTUM
        if (!is_first) m = vec_load(first + i);
#endif
#if HAS_SQUARES
        v = (vec)(KIND == KIND_RMSPROP_TENSORFLOW ? 1.0f : 0.0f);
        if (!is_first) v = vec_load(second + i);
#endif
        p -= descent(g, &m, &v, &settings);
        vec_store(p, values + i);
#if HAS_MOMENTUM
        vec_store(m, first + i);
#endif
#if HAS_SQUARES
        vec_store(v, second + i);
#endif
#if HAS_AVERAGE
        const vec old = is_first ? p : vec_load(average + i);
        vec_store(old + (1.0f - average_decay) * (p - old), average + i);
#endif
    }
}

/* ---- The length of all gradients -------------------------------------------------------------------------------------------- */

/* Vectors whose squares are summed one by one, before they are added to the others. */
#define CHUNK 128

ENTRY_OF_RUN
void update_squares(const __global float *gradients, __global float *partial, int parts, int first, int step, int count, int total,
                    float limit) {
    const int part = get_global_id(0);
    if (part >= parts) return;
    vec sums = (vec)(0.0f);
    for (int k = 0; k < count; k += CHUNK) {
        vec chunk = (vec)(0.0f);
        for (int i = k; i < min(k + CHUNK, count); i++) {
            const int at = part * first + i * step;
            if (at >= total) break;
            const vec g = clipped(vec_load(gradients + at), limit);
            chunk += g * g;
        }
        sums += chunk;
    }
    float lanes[VECTOR], sum = 0.0f;
    vec_store_private(sums, lanes);
    for (int k = 0; k < VECTOR; k++) sum += lanes[k];
    partial[part] = sum;
}

/* Sums with what each sum has lost (Kahan 1965). As PyTorch's clip_grad_norm_, 1e-6 keeps the quotient finite. */
ENTRY void update_scale(const __global float *partial, __global float *scale, int parts, float longest) {
    if (get_global_id(0) > 0) return;
    float sum = 0.0f, lost = 0.0f;
    for (int i = 0; i < parts; i++) {
        const float term = partial[i] - lost, next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    const float factor = longest / (sqrt(sum) + 1e-6f);
    scale[0] = factor > 1.0f ? 1.0f : factor;
}
