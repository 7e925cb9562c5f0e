/* pool_gradient.cl: what windows of a pooling hand back to the pixels they have seen, any layout (see common.cl).
 *
 *     dy (out_h x out_w)              dx (in_h x in_w), block of channels for block
 *
 *     window (y, x)        ->         rows y * stride_h - pad_top ..., columns x * stride_w - pad_left ..., clipped to the image:
 *                                     all of dy to the largest pixel, or of an average to each pixel its share
 *
 * pool_gradient_generic: a work-item an element of dx, which asks all windows that see it (VECTOR is 1). pool_gradient_rows: block ==
 * VECTOR; a work-item makes `rows` rows of dx, one block of channels after the other. It goes through the windows that see one of
 * its rows and adds what they hand back to those; rows are cleared just before the first window comes to them. All sums are in
 * the order of the windows.
 *
 * Parameters, by -D:
 *     MAXIMUM            1: maximum, then there is x; 0: average
 *     COUNT_INCLUDE_PAD  1: an average divides by the window's area inside the padded image; 0: by the pixels it covers
 *     VECTOR */

#if MAXIMUM
#define X_PARAMETERS const __global float *of, ulong of_offset, int of_stride,
#else
#define X_PARAMETERS
#endif

/* The first and the last window along an axis that see a pixel. */
static inline int first_window(int pixel, int kernel_size, int stride, int pad) {
    const int behind = pixel + pad - kernel_size;
    return behind < 0 ? 0 : behind / stride + 1;
}

static inline int last_window(int pixel, int stride, int pad, int windows) { return min((pixel + pad) / stride, windows - 1); }

/* What a window's size counts for along one axis: `low` is where it starts, maybe in the padding. */
static inline int extent(int low, int kernel_size, int in_size, int pad_behind) {
#if COUNT_INCLUDE_PAD
    return min(low + kernel_size, in_size + pad_behind) - low;
#else
    return min(low + kernel_size, in_size) - max(low, 0);
#endif
}

/* Which pixel of a window is the largest: of equal ones the first, of NaNs the last, as in PyTorch. Pixels are `pixel` floats apart
 * and counted from the image's first. */
static inline ivec largest(const __global float *image, int pixel, int in_w, int y_first, int height, int x_first, int width) {
    ivec place = (ivec)(y_first * in_w + x_first);
    vec so_far = vec_load(image + (y_first * in_w + x_first) * pixel);
    for (int y = y_first; y < y_first + height; y++)
        for (int x = x_first; x < x_first + width; x++) {
            const vec value = vec_load(image + (y * in_w + x) * pixel);
            const ivec wins = (value > so_far) | (value != value);
            so_far = select(so_far, value, wins);
            place = select(place, (ivec)(y * in_w + x), wins);
        }
    return place;
}

#if VECTOR == 1
ENTRY void pool_gradient_generic(RANGE const __global float *in, ulong in_offset, X_PARAMETERS __global float *out, ulong out_offset,
                                 int total, int channels, int block, int in_h, int in_w, int out_h, int out_w, int kernel_h,
                                 int kernel_w, int stride_h, int stride_w, int pad_top, int pad_left, int pad_bottom,
                                 int pad_right, int in_stride, int out_stride) {
    const int i = get_global_id(0);
    if (i >= total) return;
    const int image_elements = (channels + block - 1) / block * block * in_h * in_w;
    const int n = i / image_elements, element = i % image_elements;
    const int lane = element % block, x = element / block % in_w, y = element / block / in_w % in_h;
    const int b = element / block / in_w / in_h;
    in += in_offset + n * in_stride + b * out_h * out_w * block + lane;
#if MAXIMUM
    of += of_offset + n * of_stride + b * in_h * in_w * block + lane;
#endif

    float sum = 0.0f;
    for (int v = first_window(y, kernel_h, stride_h, pad_top); v <= last_window(y, stride_h, pad_top, out_h); v++)
        for (int u = first_window(x, kernel_w, stride_w, pad_left); u <= last_window(x, stride_w, pad_left, out_w); u++) {
            const int y_low = v * stride_h - pad_top, x_low = u * stride_w - pad_left;
            const float dy = in[(v * out_w + u) * block];
#if MAXIMUM
            const int y_first = max(y_low, 0), x_first = max(x_low, 0);
            const int place = largest(of, block, in_w, y_first, min(y_low + kernel_h, in_h) - y_first, x_first,
                                      min(x_low + kernel_w, in_w) - x_first);
            if (place == y * in_w + x) sum += dy;
#else
            const int area = extent(y_low, kernel_h, in_h, pad_bottom) * extent(x_low, kernel_w, in_w, pad_right);
            sum += dy * (1.0f / (float)area);
#endif
        }
    out[out_offset + n * out_stride + element] = sum;
}
#else

/* A block of channels of an image, and the rows of its dx that are being made. */
typedef struct {
    const __global float *x;
    __global float *dx;
    int in_w, first, last;
} band;

static inline void clear_rows(const band *all, int first, int last) {
    for (int i = first * all->in_w; i < last * all->in_w; i++) vec_store((vec)(0.0f), all->dx + i * VECTOR);
}

/* Rows [first, last) of what a window hands back. Inlined with constants for the sizes, where they are usual ones. */
static inline void hand_back(const band *all, vec dy, int y_first, int height, int first, int last, int x_first, int width) {
#if MAXIMUM
    const ivec place = largest(all->x, VECTOR, all->in_w, y_first, height, x_first, width);
#endif
    for (int y = first; y < last; y++)
        for (int x = x_first; x < x_first + width; x++) {
            const int pixel = y * all->in_w + x;
            vec share = dy;
#if MAXIMUM
            share = select((vec)(0.0f), dy, place == (ivec)(pixel));
#endif
            vec_store(vec_load(all->dx + pixel * VECTOR) + share, all->dx + pixel * VECTOR);
        }
}

ENTRY_OF_ONE
void pool_gradient_rows(RANGE const __global float *in, ulong in_offset, X_PARAMETERS __global float *out, ulong out_offset,
                        int total_rows, int rows, int channels, int in_h, int in_w, int out_h, int out_w, int kernel_h,
                        int kernel_w, int stride_h, int stride_w, int pad_top, int pad_left, int pad_bottom, int pad_right,
                        int in_stride, int out_stride) {
    const int blocks = (channels + VECTOR - 1) / VECTOR, end = min((int)(get_global_id(0) + 1) * rows, total_rows);
    int height;
    for (int row = get_global_id(0) * rows; row < end; row += height) {
        const int y0 = row % in_h, b = row / in_h % blocks, n = row / in_h / blocks;
        height = min(in_h - y0, end - row);
        band all;
        all.dx = out + out_offset + n * out_stride + b * in_h * in_w * VECTOR;
        all.in_w = in_w, all.first = y0, all.last = y0 + height;
#if MAXIMUM
        all.x = of + of_offset + n * of_stride + b * in_h * in_w * VECTOR;
#endif
        int cleared = all.first;
        const int windows = last_window(all.last - 1, stride_h, pad_top, out_h);
        for (int v = first_window(all.first, kernel_h, stride_h, pad_top); v <= windows; v++) {
            const int y_low = v * stride_h - pad_top, y_first = max(y_low, 0), y_last = min(y_low + kernel_h, in_h);
            const int first = max(y_first, all.first), last = min(y_last, all.last);
            if (last > cleared) clear_rows(&all, cleared, last);
            cleared = max(cleared, last);
            const __global float *source = in + in_offset + n * in_stride + (b * out_h + v) * out_w * VECTOR;
            for (int u = 0; u < out_w; u++) {
                const int x_low = u * stride_w - pad_left, x_first = max(x_low, 0), width = min(x_low + kernel_w, in_w) - x_first;
                vec dy = vec_load(source + u * VECTOR);
#if !MAXIMUM
                dy *= 1.0f / (float)(extent(y_low, kernel_h, in_h, pad_bottom) * extent(x_low, kernel_w, in_w, pad_right));
#endif
                if (last - first == 3 && kernel_h == 3 && width == 3)
                    hand_back(&all, dy, first, 3, first, first + 3, x_first, 3);
                else
                    hand_back(&all, dy, y_first, y_last - y_first, first, last, x_first, width);
            }
        }
        clear_rows(&all, cleared, all.last);
    }
}
#endif
