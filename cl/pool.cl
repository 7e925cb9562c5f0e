/* pool.cl: two-dimensional maximum and average pooling, any layout (see common.cl), then bias and activation where there are such.
 *
 *   output row y, image n, channel block b                input rows y * stride_h - pad_top ..., clipped to the image
 *     [pixel 0][pixel 1] .. [pixel out_w - 1]       <-      [pixel x * stride_w - pad_left] .. kernel_w of them, clipped
 *
 * pool_generic: a work-item an output element (VECTOR is 1). pool_rows: block == VECTOR; a work-item makes `rows` output rows, one
 * after the other, PIXELS outputs at a time where no window meets the image's left or right edge.
 *
 *     bias     [channels rounded up to the block]
 *
 * Parameters, by -D: ACTIVATION (common.cl) and
 *     HAS_BIAS           0 or 1: whether that operand is there
 *     MAXIMUM            1: maximum, NaN wins as in PyTorch; 0: average
 *     COUNT_INCLUDE_PAD  1: an average divides by the window's area inside the padded image; 0: by the pixels it covers
 *     VECTOR, PIXELS */

#if MAXIMUM
#define POOL_START (-INFINITY)
#else
#define POOL_START 0.0f
#endif

static inline vec pool_join(vec sum, vec x) {
#if MAXIMUM
    return select(sum, x, (x > sum) | (x != x));
#else
    return sum + x;
#endif
}

/* One output: pixels [y_first, y_last) x [x_first, x_last), `pixel` floats apart, rows in_w pixels apart. */
static inline vec pool_window(const __global float *image, int pixel, int in_w, int y_first, int y_last, int x_first, int x_last) {
    vec sum = (vec)(POOL_START);
    for (int y = y_first; y < y_last; y++)
        for (int x = x_first; x < x_last; x++) sum = pool_join(sum, vec_load(image + (y * in_w + x) * pixel));
    return sum;
}

/* What a window's size counts for along one axis: `low` is where it starts, maybe in the padding. */
static inline int pool_extent(int low, int kernel_size, int in_size, int pad_behind) {
#if COUNT_INCLUDE_PAD
    return min(low + kernel_size, in_size + pad_behind) - low;
#else
    return min(low + kernel_size, in_size) - max(low, 0);
#endif
}

/* What becomes of a window's sum or maximum; zero in the padding lanes. */
static inline vec pool_finish(vec sum, int area, vec bias, float slope, ivec channels) {
#if !MAXIMUM
    sum = sum / (float)area;
#endif
#if HAS_BIAS
    sum += bias;
#endif
    return select((vec)(0.0f), activate(sum, slope), channels);
}

#if VECTOR == 1
ENTRY void pool_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int channels,
                        int block, int in_h, int in_w, int out_h, int out_w, int kernel_h, int kernel_w, int stride_h,
                        int stride_w, int pad_top, int pad_left, int pad_bottom, int pad_right, int in_stride, int out_stride,
#if HAS_BIAS
                        const __global float *bias, ulong bias_offset,
#endif
                        float slope) {
    int i = get_global_id(0);
    if (i >= total) return;
    int image_elements = (channels + block - 1) / block * block * out_h * out_w;
    int n = i / image_elements, element = i % image_elements;
    int lane = element % block, x = element / block % out_w, y = element / block / out_w % out_h;
    int b = element / block / out_w / out_h;

    int y_low = y * stride_h - pad_top, x_low = x * stride_w - pad_left;
    in += in_offset + n * in_stride + b * in_h * in_w * block + lane;
    float sum = pool_window(in, block, in_w, max(y_low, 0), min(y_low + kernel_h, in_h), max(x_low, 0), min(x_low + kernel_w, in_w));
    int area = pool_extent(y_low, kernel_h, in_h, pad_bottom) * pool_extent(x_low, kernel_w, in_w, pad_right);
    float base = 0.0f;
#if HAS_BIAS
    base = bias[bias_offset + b * block + lane];
#endif
    out[out_offset + n * out_stride + element] = pool_finish(sum, area, base, slope, b * block + lane < channels);
}
#else
ENTRY_OF_ONE
void pool_rows(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total_rows, int rows,
               int channels, int in_h, int in_w, int out_h, int out_w, int kernel_h, int kernel_w, int stride_h,
               int stride_w, int pad_top, int pad_left, int pad_bottom, int pad_right, int in_stride, int out_stride,
#if HAS_BIAS
               const __global float *bias, ulong bias_offset,
#endif
               float slope) {
    int blocks = (channels + VECTOR - 1) / VECTOR;
    /* outputs [inner_first, inner_last) have windows that lie inside the image's width */
    int inner_first = (pad_left + stride_w - 1) / stride_w;
    int inner_last = in_w + pad_left < kernel_w ? 0 : min(out_w, (in_w + pad_left - kernel_w) / stride_w + 1);

    int first = get_global_id(0) * rows, last = min(first + rows, total_rows);
    for (int row = first; row < last; row++) {
        int y = row % out_h, b = row / out_h % blocks, n = row / out_h / blocks;
        const __global float *image = in + in_offset + n * in_stride + b * in_h * in_w * VECTOR;
        __global float *target = out + out_offset + n * out_stride + (b * out_h + y) * out_w * VECTOR;
        int y_low = y * stride_h - pad_top;
        int y_first = max(y_low, 0), y_last = min(y_low + kernel_h, in_h);
        int height = pool_extent(y_low, kernel_h, in_h, pad_bottom);
        ivec lanes = vec_first(channels - b * VECTOR);
        vec base = (vec)(0.0f);
#if HAS_BIAS
        base = vec_load(bias + bias_offset + b * VECTOR);
#endif

        for (int x = 0; x < out_w;) {
            int x_low = x * stride_w - pad_left;
            if (x >= inner_first && x + PIXELS <= inner_last) {
                vec sums[PIXELS];
#pragma unroll
                for (int p = 0; p < PIXELS; p++) sums[p] = (vec)(POOL_START);
                for (int source_y = y_first; source_y < y_last; source_y++) {
                    const __global float *source = image + (source_y * in_w + x_low) * VECTOR;
                    for (int k = 0; k < kernel_w; k++, source += VECTOR)
#pragma unroll
                        for (int p = 0; p < PIXELS; p++) sums[p] = pool_join(sums[p], vec_load(source + p * stride_w * VECTOR));
                }
#pragma unroll
                for (int p = 0; p < PIXELS; p++)
                    vec_store(pool_finish(sums[p], height * kernel_w, base, slope, lanes), target + (x + p) * VECTOR);
                x += PIXELS;
            } else {
                vec sum = pool_window(image, VECTOR, in_w, y_first, y_last, max(x_low, 0), min(x_low + kernel_w, in_w));
                int area = height * pool_extent(x_low, kernel_w, in_w, pad_right);
                vec_store(pool_finish(sum, area, base, slope, lanes), target + x * VECTOR);
                x++;
            }
        }
    }
}
#endif
