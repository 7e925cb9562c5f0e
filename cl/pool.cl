/* pool.cl: two-dimensional maximum and average pooling, any layout (see common.cl), then bias and activation where there are such.
 *
 *   output row y, image n, channel block b                input rows y * stride_h - pad_top ..., clipped to the image
 *     [pixel 0][pixel 1] .. [pixel out_w - 1]       <-      [pixel x * stride_w - pad_left] .. kernel_w of them, clipped
 *
 * pool_generic: a work-item an output element (VECTOR is 1). pool_rows: block == VECTOR; a work-item makes `rows` output rows, one
 * after the other, each in two steps, since neighbouring windows share columns:
 *
 *     columns   the sum or maximum of the window's rows, for each column of the image that the row's windows cover
 *     outputs   the sum or maximum of kernel_w columns
 *
 * 3x3 then takes 6 loads and 4 sums for an output instead of 9 and 8. A row whose windows cover more than COLUMNS is made in parts.
 *
 *     bias     [channels rounded up to the block]
 *
 * Parameters, by -D: ACTIVATION (common.cl) and
 *     HAS_BIAS           0 or 1: whether that operand is there
 *     MAXIMUM            1: maximum, NaN wins as in PyTorch; 0: average
 *     COUNT_INCLUDE_PAD  1: an average divides by the window's area inside the padded image; 0: by the pixels it covers
 *     VECTOR, COLUMNS    the latter at least kernel_w */

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
    sum *= 1.0f / (float)area;
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
/* What all outputs of a row share. */
typedef struct {
    const __global float *image; /* of the block of channels */
    __global float *target;      /* the row's first output */
    int in_w, stride_w, pad_left, pad_right;
    int height; /* of the window, as an average counts it */
    vec bias;
    float slope;
    ivec lanes; /* those that are channels, not padding */
} pool_row;

static inline void pool_store(const pool_row *r, int x, vec sum, int kernel_w) {
    const int area = r->height * pool_extent(x * r->stride_w - r->pad_left, kernel_w, r->in_w, r->pad_right);
    vec_store(pool_finish(sum, area, r->bias, r->slope, r->lanes), r->target + x * VECTOR);
}

/* Outputs [first, last) of a row, whose windows cover at most COLUMNS: rows [y_first, y_first + covered_h). Inlined with constants
 * for the sizes, where they are usual ones. */
static inline void pool_part(const pool_row *r, int first, int last, int y_first, int covered_h, int kernel_w) {
    vec columns[COLUMNS];
    const int start = first * r->stride_w - r->pad_left, low = max(start, 0);
    const int high = min((last - 1) * r->stride_w - r->pad_left + kernel_w, r->in_w);
    const __global float *source = r->image + (y_first * r->in_w + low) * VECTOR;
    for (int c = 0; c < high - low; c++, source += VECTOR) {
        columns[c] = vec_load(source);
        for (int i = 1; i < covered_h; i++) columns[c] = pool_join(columns[c], vec_load(source + i * r->in_w * VECTOR));
    }
    for (int x = first; x < last; x++) {
        const int at = start + (x - first) * r->stride_w, from = max(at, 0), to = min(at + kernel_w, r->in_w);
        const vec *column = columns + (from - low);
        vec sum = column[0];
        if (to - from == kernel_w)
            for (int k = 1; k < kernel_w; k++) sum = pool_join(sum, column[k]);
        else
            for (int k = 1; k < to - from; k++) sum = pool_join(sum, column[k]);
        pool_store(r, x, sum, kernel_w);
    }
}

ENTRY_OF_ONE
void pool_rows(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total_rows, int rows,
               int channels, int in_h, int in_w, int out_h, int out_w, int kernel_h, int kernel_w, int stride_h,
               int stride_w, int pad_top, int pad_left, int pad_bottom, int pad_right, int in_stride, int out_stride,
#if HAS_BIAS
               const __global float *bias, ulong bias_offset,
#endif
               float slope) {
    const int blocks = (channels + VECTOR - 1) / VECTOR, part = (COLUMNS - kernel_w) / stride_w + 1;
    const int first = get_global_id(0) * rows, last = min(first + rows, total_rows);
    for (int row = first; row < last; row++) {
        const int y = row % out_h, b = row / out_h % blocks, n = row / out_h / blocks;
        const int y_low = y * stride_h - pad_top, y_first = max(y_low, 0), covered_h = min(y_low + kernel_h, in_h) - y_first;
        pool_row r;
        r.image = in + in_offset + n * in_stride + b * in_h * in_w * VECTOR;
        r.target = out + out_offset + n * out_stride + (b * out_h + y) * out_w * VECTOR;
        r.in_w = in_w, r.stride_w = stride_w, r.pad_left = pad_left, r.pad_right = pad_right;
        r.height = pool_extent(y_low, kernel_h, in_h, pad_bottom);
        r.bias = (vec)(0.0f);
#if HAS_BIAS
        r.bias = vec_load(bias + bias_offset + b * VECTOR);
#endif
        r.slope = slope;
        r.lanes = vec_first(channels - b * VECTOR);
        for (int x = 0; x < out_w; x += part) {
            const int end = min(x + part, out_w);
            if (covered_h == 3 && kernel_w == 3)
                pool_part(&r, x, end, y_first, 3, 3);
            else
                pool_part(&r, x, end, y_first, covered_h, kernel_w);
        }
    }
}
#endif
