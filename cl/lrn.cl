/* lrn.cl: local response normalisation across channels, any layout (see common.cl).
 *
 *     y[c] = x[c] / (k + scale * sum of x[i]^2)^beta, i from c - before to c + behind within the channels; scale is alpha / size
 *
 * lrn_generic: a work-item an element of memory (VECTOR is 1). lrn_runs: block == VECTOR, before and behind at most VECTOR; a
 * work-item takes a run of `run` pixels through all blocks, so that the two neighbours of a block come from the nearest cache:
 *
 *     block b - 1   [.. .. .. x^2]                        the sum for block b: the squares of three blocks side by side, moved by
 *     block b       [x^2 x^2 x^2 x^2]   -> one run ->     one lane for each step of the window
 *     block b + 1   [x^2 .. .. ..]
 *
 * The gradient, with -D GRADIENT: window' being the channels in whose window c is, from c - behind to c + before, and base what is
 * taken to the power,
 *
 *     dx[c] = dy[c] base[c]^-beta - 2 beta scale x[c] * sum of dy[j] x[j] base[j]^(-beta - 1), j from window'
 *
 * lrn_gradient_generic: a work-item an element of memory. lrn_gradient_runs: as lrn_runs, but through all blocks with KEPT pixels at
 * a time, whose terms of that sum are kept for the two blocks that follow.
 *
 * Parameters, by -D:
 *     BETA_QUARTERS  2, 3, 4: beta is 0.5, 0.75 or 1, by square roots; 0: by powers
 *     VECTOR, GRADIENT, KEPT */

#if BETA_QUARTERS == 0 && VECTOR > 1
#define TYPED_(name, count) name##count
#define TYPED(name, count) TYPED_(name, count)
#define AS_FLOATS TYPED(as_float, VECTOR)
#define AS_INTS   TYPED(as_int, VECTOR)
#define TO_FLOATS TYPED(convert_float, VECTOR)
#define TO_INTS   TYPED(convert_int, VECTOR)

/* base^-beta for normal numbers above 0, within a few units in the last place: pow() is no vector function everywhere.
 *
 *     base = m 2^e, m from sqrt(1/2) to sqrt(2)        log2 base = e + 2 / ln 2 atanh((m - 1) / (m + 1))
 *     -beta log2 base = n + r, n whole                 base^-beta = 2^n exp(r ln 2)
 *
 * atanh and exp by their power series. The whole part of beta e is taken off before anything small is added to it. */
static inline vec inverse_power(vec base, float beta) {
    const ivec bits = AS_INTS(base);
    const ivec e = (bits - (ivec)(as_int(0.70710678f))) >> 23;
    const vec m = AS_FLOATS(bits - (e << 23));
    const vec s = (m - 1.0f) / (m + 1.0f), q = s * s;
    const vec log_m = 2.88539008f * s * (1.0f + q * (1.0f / 3 + q * (1.0f / 5 + q * (1.0f / 7 + q * (1.0f / 9)))));

    const vec high = -beta * TO_FLOATS(e), low = fma((vec)(-beta), TO_FLOATS(e), -high);
    const vec whole = rint(high);
    const vec part = (high - whole) + (low - beta * log_m), n = rint(part);
    const vec u = 0.693147181f * (part - n);
    const vec exp_u = 1.0f + u * (1.0f + u * (1.0f / 2 + u * (1.0f / 6 + u * (1.0f / 24 + u * (1.0f / 120 + u * (1.0f / 720 + u * (1.0f / 5040)))))));

    /* By two factors, each a normal number, though the result may be none. */
    const ivec exponent = TO_INTS(clamp(whole + n, -252.0f, 252.0f)), lower = exponent >> 1;
    return exp_u * AS_FLOATS((lower + 127) << 23) * AS_FLOATS((exponent - lower + 127) << 23);
}
#endif

#if VECTOR == 1
/* At a pixel of the channel's plane. */
static inline float sum_of_squares(const __global float *in, int pixel, int pixels, int channel, int channels, int block, int before,
                                   int behind) {
    float sum = 0.0f;
    for (int c = max(channel - before, 0); c <= min(channel + behind, channels - 1); c++) {
        const float x = in[(c / block * pixels + pixel) * block + c % block];
        sum += x * x;
    }
    return sum;
}
#else

/* Lanes moved up by one, the last of `below` coming in; and down by one, the first of `above` coming in. */
static inline vec move_up(vec below, vec x) {
#if VECTOR == 4
    return (vec)(below.s3, x.s012);
#elif VECTOR == 8
    return (vec)(below.s7, x.s0123, x.s456);
#else
    return (vec)(below.sf, x.s01234567, x.s89ab, x.scde);
#endif
}

static inline vec move_down(vec x, vec above) {
#if VECTOR == 4
    return (vec)(x.s123, above.s0);
#elif VECTOR == 8
    return (vec)(x.s1234, x.s567, above.s0);
#else
    return (vec)(x.s12345678, x.s9abc, x.sdef, above.s0);
#endif
}

/* For each lane of x the sum over those from `before` in front of it to `behind` after it. */
static inline vec window_sum(vec below, vec x, vec above, int before, int behind) {
    vec sum = x, moved = x;
    for (int i = 0; i < before; i++) {
        moved = move_up(below, moved);
        below = move_up(below, below);
        sum += moved;
    }
    moved = x;
    for (int i = 0; i < behind; i++) {
        moved = move_down(moved, above);
        above = move_down(above, above);
        sum += moved;
    }
    return sum;
}

/* At a pixel of block b. */
static inline vec sum_of_squares(const __global float *pixel, int b, int blocks, int block_elements, int before, int behind) {
    const vec x = vec_load(pixel), below = b > 0 ? vec_load(pixel - block_elements) : (vec)(0.0f);
    const vec above = b + 1 < blocks ? vec_load(pixel + block_elements) : (vec)(0.0f);
    return window_sum(below * below, x * x, above * above, before, behind);
}
#endif

#ifndef GRADIENT
static inline vec normalise(vec x, vec base, float beta) {
#if BETA_QUARTERS == 2
    return x / sqrt(base);
#elif BETA_QUARTERS == 3
    vec root = sqrt(base);
    return x / (root * sqrt(root));
#elif BETA_QUARTERS == 4
    return x / base;
#elif VECTOR == 1
    return x / pow(base, beta);
#else
    if (vec_any(!(base >= FLT_MIN && base <= FLT_MAX))) return x / pow(base, (vec)(beta));
    return x * inverse_power(base, beta);
#endif
}

#if VECTOR == 1
ENTRY void lrn_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int channels,
                       int pixels, int block, int in_stride, int out_stride, int before, int behind, float scale, float beta,
                       float k) {
    int i = get_global_id(0);
    if (i >= total) return;
    int image_elements = (channels + block - 1) / block * block * pixels;
    int n = i / image_elements, element = i % image_elements;
    int pixel = element / block % pixels, channel = element / (pixels * block) * block + element % block;
    in += in_offset + n * in_stride;
    out += out_offset + n * out_stride;
    if (channel >= channels) {
        out[element] = 0.0f;
        return;
    }
    const float sum = sum_of_squares(in, pixel, pixels, channel, channels, block, before, behind);
    out[element] = normalise(in[element], k + scale * sum, beta);
}
#else
ENTRY_OF_ONE
void lrn_runs(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int runs, int run,
              int channels, int pixels, int in_stride, int out_stride, int before, int behind, float scale, float beta,
              float k) {
    int n = get_global_id(0) / runs, first = get_global_id(0) % runs * run, last = min(first + run, pixels);
    int blocks = (channels + VECTOR - 1) / VECTOR, block_elements = pixels * VECTOR;
    in += in_offset + n * in_stride;
    out += out_offset + n * out_stride;
    for (int b = 0; b < blocks; b++, in += block_elements, out += block_elements) {
        ivec real = vec_first(channels - b * VECTOR);
        for (int p = first; p < last; p++) {
            const __global float *pixel = in + p * VECTOR;
            const vec x = vec_load(pixel), sum = sum_of_squares(pixel, b, blocks, block_elements, before, behind);
            vec_store(select((vec)(0.0f), normalise(x, k + scale * sum, beta), real), out + p * VECTOR);
        }
    }
}
#endif
#else

/* base^-beta */
static inline vec factor_of(vec base, float beta) {
#if BETA_QUARTERS == 2
    return (vec)(1.0f) / sqrt(base);
#elif BETA_QUARTERS == 3
    const vec root = sqrt(base);
    return (vec)(1.0f) / (root * sqrt(root));
#elif BETA_QUARTERS == 4
    return (vec)(1.0f) / base;
#elif VECTOR == 1
    return pow(base, -beta);
#else
    if (vec_any(!(base >= FLT_MIN && base <= FLT_MAX))) return pow(base, (vec)(-beta));
    return inverse_power(base, beta);
#endif
}

#if VECTOR == 1
ENTRY void lrn_gradient_generic(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                                __global float *out, ulong out_offset, int total, int channels, int pixels, int block,
                                int in_stride, int of_stride, int out_stride, int before, int behind, float scale, float beta,
                                float k) {
    const int i = get_global_id(0);
    if (i >= total) return;
    const int image_elements = (channels + block - 1) / block * block * pixels;
    const int n = i / image_elements, element = i % image_elements;
    const int pixel = element / block % pixels, channel = element / (pixels * block) * block + element % block;
    in += in_offset + n * in_stride;
    of += of_offset + n * of_stride;
    out += out_offset + n * out_stride;
    if (channel >= channels) {
        out[element] = 0.0f;
        return;
    }
    float sum = 0.0f, own = 0.0f;
    for (int c = max(channel - behind, 0); c <= min(channel + before, channels - 1); c++) {
        const int at = (c / block * pixels + pixel) * block + c % block;
        const float base = k + scale * sum_of_squares(of, pixel, pixels, c, channels, block, before, behind);
        const float scaled = in[at] * factor_of(base, beta);
        sum += scaled * (of[at] / base);
        if (c == channel) own = scaled;
    }
    out[element] = own - 2.0f * beta * scale * of[element] * sum;
}
#else

ENTRY_OF_ONE
void lrn_gradient_runs(RANGE const __global float *in, ulong in_offset, const __global float *of, ulong of_offset,
                       __global float *out, ulong out_offset, int runs, int run, int channels, int pixels, int in_stride,
                       int of_stride, int out_stride, int before, int behind, float scale, float beta, float k) {
    const int n = get_global_id(0) / runs, begin = get_global_id(0) % runs * run, end = min(begin + run, pixels);
    const int blocks = (channels + VECTOR - 1) / VECTOR, block_elements = pixels * VECTOR;
    in += in_offset + n * in_stride;
    of += of_offset + n * of_stride;
    out += out_offset + n * out_stride;
    vec scaled[2][KEPT], terms[3][KEPT]; /* of block b: dy base^-beta in scaled[b % 2], the sum's terms in terms[b % 3] */
    for (int first = begin; first < end; first += KEPT) {
        const int count = min(end - first, KEPT);
        for (int p = 0; p < count; p++) terms[2][p] = (vec)(0.0f); /* in front of the first block */
        for (int b = 0; b <= blocks; b++) {
            const int start = b * block_elements + first * VECTOR;
            vec *here = terms[b % 3], *below = terms[(b + 1) % 3], *middle = terms[(b + 2) % 3];
            const ivec real = vec_first(channels - b * VECTOR);
            for (int p = 0; p < count; p++) {
                here[p] = (vec)(0.0f); /* behind the last block */
                if (b == blocks) continue;
                const __global float *pixel = of + start + p * VECTOR;
                const vec base = k + scale * sum_of_squares(pixel, b, blocks, block_elements, before, behind);
                const vec own = vec_load(in + start + p * VECTOR) * factor_of(base, beta);
                scaled[b % 2][p] = own;
                here[p] = select((vec)(0.0f), own * (vec_load(pixel) / base), real);
            }
            if (b == 0) continue;
            const vec *own = scaled[(b - 1) % 2];
            const ivec written = vec_first(channels - (b - 1) * VECTOR);
            for (int p = 0; p < count; p++) {
                const int at = start - block_elements + p * VECTOR;
                const vec sum = window_sum(below[p], middle[p], here[p], behind, before);
                const vec dx = own[p] - 2.0f * beta * scale * vec_load(of + at) * sum;
                vec_store(select((vec)(0.0f), dx, written), out + at);
            }
        }
    }
}
#endif
#endif
