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
 * Parameters, by -D:
 *     BETA_QUARTERS  2, 3, 4: beta is 0.5, 0.75 or 1, by square roots; 0: by pow
 *     VECTOR */

static inline vec normalise(vec x, vec base, float beta) {
#if BETA_QUARTERS == 2
    return x / sqrt(base);
#elif BETA_QUARTERS == 3
    vec root = sqrt(base);
    return x / (root * sqrt(root));
#elif BETA_QUARTERS == 4
    return x / base;
#else
    return x / pow(base, (vec)(beta));
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
    float sum = 0.0f;
    for (int c = max(channel - before, 0); c <= min(channel + behind, channels - 1); c++) {
        float x = in[(c / block * pixels + pixel) * block + c % block];
        sum += x * x;
    }
    out[element] = normalise(in[element], k + scale * sum, beta);
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
            vec x = vec_load(pixel), square = x * x, sum = square;
            vec below = b > 0 ? vec_load(pixel - block_elements) : (vec)(0.0f);
            vec above = b + 1 < blocks ? vec_load(pixel + block_elements) : (vec)(0.0f);
            below *= below;
            above *= above;
            vec moved = square;
            for (int i = 0; i < before; i++) {
                moved = move_up(below, moved);
                below = move_up(below, below);
                sum += moved;
            }
            moved = square;
            for (int i = 0; i < behind; i++) {
                moved = move_down(moved, above);
                above = move_down(above, above);
                sum += moved;
            }
            vec_store(select((vec)(0.0f), normalise(x, k + scale * sum, beta), real), out + p * VECTOR);
        }
    }
}
#endif
