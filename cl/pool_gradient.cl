/* pool_gradient.cl: what windows of a pooling hand back to the pixels they have seen, any layout (see common.cl).
 *
 *     dy (out_h x out_w)              dx (in_h x in_w), block of channels for block
 *
 *     window (y, x)        ->         rows y * stride_h - pad_top ..., columns x * stride_w - pad_left ..., clipped to the image:
 *                                     all of dy to the largest pixel, or of an average to each pixel its share
 *
 * pool_gradient_generic: a work-item an element of dx, which asks all windows that see it (VECTOR is 1). The others: block ==
 * VECTOR; a work-item makes `rows` rows of dx, one block of channels after the other.
 *
 * pool_gradient_maximum goes through the windows that see one of its rows and adds what they hand back to those; rows are cleared just
 * before the first window comes to them. Of small windows (SMALL x SMALL, STRIDE columns apart) a row is made in registers:
 *
 *     window u      [a b c]                  maxima of columns a, b, c; then pixel by pixel: has it the maximum of the three? The first
 *     window u + 1    [b c d]                that has takes all of dy, the others nothing. What is taken is kept until no further
 *                                            window sees the column.
 *
 * pool_gradient_average goes through the rows of dx.
 *
 * Parameters, by -D:
 *     MAXIMUM            1: maximum, then there is x; 0: average
 *     COUNT_INCLUDE_PAD  1: an average divides by the window's area inside the padded image; 0: by the pixels it covers
 *     SMALL, STRIDE      of windows that are small, else not defined
 *     COLUMNS            windows of a row that are kept for an average: more than see one pixel
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
#elif MAXIMUM

/* A block of channels of an image, and the rows of its dx that are being made. */
typedef struct {
    const __global float *x;
    __global float *dx;
    int in_h, in_w, first, last;
} band;

static inline void clear_rows(const band *all, int first, int last) {
    for (int i = first * all->in_w; i < last * all->in_w; i++) vec_store((vec)(0.0f), all->dx + i * VECTOR);
}

static inline void add_to(const band *all, int y, int x, vec share) {
    __global float *pixel = all->dx + (y * all->in_w + x) * VECTOR;
    vec_store(vec_load(pixel) + share, pixel);
}

/* What any window hands back to rows of the band, one pixel after the other. */
static inline void hand_back(const band *all, vec dy, int y_low, int kernel_h, int x_low, int kernel_w) {
    const int y_first = max(y_low, 0), y_last = min(y_low + kernel_h, all->in_h);
    const int x_first = max(x_low, 0), x_last = min(x_low + kernel_w, all->in_w);
    const ivec place = largest(all->x, VECTOR, all->in_w, y_first, y_last - y_first, x_first, x_last - x_first);
    for (int y = max(y_first, all->first); y < min(y_last, all->last); y++)
        for (int x = x_first; x < x_last; x++)
            add_to(all, y, x, select((vec)(0.0f), dy, place == (ivec)(y * all->in_w + x)));
}

#ifdef SMALL
/* A row of windows that registers hold. Pixels outside the image are taken for the nearest ones inside, each next to itself: so none
 * changes a maximum, or is the first to have it. */
static inline void hand_back_row(const band *all, const __global float *dy, int windows, int y_low, int x_low) {
    const __global float *rows[SMALL];
    __global float *dx_rows[SMALL];
    bool is_mine[SMALL];
    long at[SMALL];                                      /* of columns in their row */
    vec peaks[SMALL], checks[SMALL], sums[SMALL][SMALL]; /* of columns, and what is handed back to each pixel */
#pragma unroll
    for (int i = 0; i < SMALL; i++) {
        const int y = clamp(y_low + i, 0, all->in_h - 1);
        rows[i] = all->x + y * all->in_w * VECTOR;
        dx_rows[i] = all->dx + y * all->in_w * VECTOR;
        is_mine[i] = y >= all->first && y < all->last;
    }
    for (int u = 0; u < windows; u++, x_low += STRIDE) {
#pragma unroll
        for (int j = 0; j < SMALL; j++) {
            if (j < SMALL - STRIDE && u > 0) continue;
            at[j] = clamp(x_low + j, 0, all->in_w - 1) * VECTOR;
#pragma unroll
            for (int i = 0; i < SMALL; i++) {
                const vec x = vec_load(rows[i] + at[j]);
                peaks[j] = i > 0 ? select(peaks[j], x, x > peaks[j]) : x;
                checks[j] = i > 0 ? checks[j] + x : x;
                sums[i][j] = (vec)(0.0f);
            }
        }
        vec peak = peaks[0], check = checks[0];
#pragma unroll
        for (int j = 1; j < SMALL; j++) {
            peak = select(peak, peaks[j], peaks[j] > peak);
            check += checks[j];
        }
        vec rest = vec_load(dy + u * VECTOR);
        if (vec_any(check != check)) { /* maybe a NaN */
            hand_back(all, rest, y_low, SMALL, x_low, SMALL);
        } else {
#pragma unroll
            for (int i = 0; i < SMALL; i++)
#pragma unroll
                for (int j = 0; j < SMALL; j++) {
                    const ivec has = vec_load(rows[i] + at[j]) == peak;
                    sums[i][j] += select((vec)(0.0f), rest, has);
                    rest = select(rest, (vec)(0.0f), has);
                }
        }
        /* columns that no further window sees, and those that the next one does */
#pragma unroll
        for (int j = 0; j < SMALL; j++) {
            const bool is_done = j < STRIDE || u + 1 == windows;
#pragma unroll
            for (int i = 0; i < SMALL; i++) {
                if (is_done && is_mine[i]) vec_store(vec_load(dx_rows[i] + at[j]) + sums[i][j], dx_rows[i] + at[j]);
                if (j >= STRIDE) sums[i][j - STRIDE] = sums[i][j];
            }
            if (j >= STRIDE) peaks[j - STRIDE] = peaks[j], checks[j - STRIDE] = checks[j], at[j - STRIDE] = at[j];
        }
    }
}
#endif

ENTRY_OF_ONE
void pool_gradient_maximum(RANGE const __global float *in, ulong in_offset, X_PARAMETERS __global float *out, ulong out_offset,
                           int total_rows, int rows, int channels, int in_h, int in_w, int out_h, int out_w, int kernel_h,
                           int kernel_w, int stride_h, int stride_w, int pad_top, int pad_left, int pad_bottom, int pad_right,
                           int in_stride, int out_stride) {
    const int blocks = (channels + VECTOR - 1) / VECTOR, end = min((int)(get_global_id(0) + 1) * rows, total_rows);
    int height;
    for (int row = get_global_id(0) * rows; row < end; row += height) {
        const int y0 = row % in_h, b = row / in_h % blocks, n = row / in_h / blocks;
        height = min(in_h - y0, end - row);
        band all;
        all.x = of + of_offset + n * of_stride + b * in_h * in_w * VECTOR;
        all.dx = out + out_offset + n * out_stride + b * in_h * in_w * VECTOR;
        all.in_h = in_h, all.in_w = in_w, all.first = y0, all.last = y0 + height;

        int cleared = all.first;
        const int windows = last_window(all.last - 1, stride_h, pad_top, out_h);
        for (int v = first_window(all.first, kernel_h, stride_h, pad_top); v <= windows; v++) {
            const int y_low = v * stride_h - pad_top, last = min(y_low + kernel_h, all.last);
            if (last > cleared) clear_rows(&all, cleared, last);
            cleared = max(cleared, last);
            const __global float *dy = in + in_offset + n * in_stride + (b * out_h + v) * out_w * VECTOR;
#ifdef SMALL
            hand_back_row(&all, dy, out_w, y_low, -pad_left);
#else
            for (int u = 0; u < out_w; u++)
                hand_back(&all, vec_load(dy + u * VECTOR), y_low, kernel_h, u * stride_w - pad_left, kernel_w);
#endif
        }
        clear_rows(&all, cleared, all.last);
    }
}
#else

/* Rows of dx are sums of columns: what all windows that see the row hand back to a pixel of it, kept for the rows that the same
 * windows see. A row that more than COLUMNS windows see is made in parts. */
ENTRY_OF_ONE
void pool_gradient_average(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset,
                           int total_rows, int rows, int channels, int in_h, int in_w, int out_h, int out_w, int kernel_h,
                           int kernel_w, int stride_h, int stride_w, int pad_top, int pad_left, int pad_bottom, int pad_right,
                           int in_stride, int out_stride) {
    const int blocks = (channels + VECTOR - 1) / VECTOR, part = COLUMNS - (kernel_w + stride_w - 1) / stride_w;
    const int first_row = get_global_id(0) * rows, end = min(first_row + rows, total_rows);
    for (int start = 0; start < in_w; start += part) {
        const int stop = min(start + part, in_w), u_first = first_window(start, kernel_w, stride_w, pad_left);
        const int windows = last_window(stop - 1, stride_w, pad_left, out_w) - u_first + 1;
        const int x_low = u_first * stride_w - pad_left; /* of the first of them */
        vec columns[COLUMNS];
        float shares[COLUMNS];
        for (int u = 0; u < windows; u++) shares[u] = 1.0f / (float)extent(x_low + u * stride_w, kernel_w, in_w, pad_right);
        int v_first = 0, v_last = -1; /* the rows of windows that the columns are made of */
        for (int row = first_row; row < end; row++) {
            const int y = row % in_h, b = row / in_h % blocks, n = row / in_h / blocks;
            const int first = first_window(y, kernel_h, stride_h, pad_top), last = last_window(y, stride_h, pad_top, out_h);
            if (row == first_row || y == 0 || v_first != first || v_last != last) {
                v_first = first, v_last = last;
                for (int u = 0; u < windows; u++) columns[u] = (vec)(0.0f);
                for (int v = first; v <= last; v++) {
                    const float share = 1.0f / (float)extent(v * stride_h - pad_top, kernel_h, in_h, pad_bottom);
                    const __global float *dy =
                        in + in_offset + n * in_stride + ((b * out_h + v) * out_w + u_first) * VECTOR;
                    for (int u = 0; u < windows; u++) columns[u] += vec_load(dy + u * VECTOR) * (share * shares[u]);
                }
            }
            __global float *dx = out + out_offset + n * out_stride + (b * in_h + y) * in_w * VECTOR;
            /* windows [low, high] see pixel x and all behind it up to where one comes or goes */
            for (int x = start, low = 0, high = -1, next; x < stop; x = next) {
                while (high + 1 < windows && x_low + (high + 1) * stride_w <= x) high++;
                while (low <= high && x_low + low * stride_w + kernel_w <= x) low++;
                next = stop;
                if (high + 1 < windows) next = min(next, x_low + (high + 1) * stride_w);
                if (low <= high) next = min(next, x_low + low * stride_w + kernel_w);
                vec sum = low <= high ? columns[low] : (vec)(0.0f);
                for (int u = low + 1; u <= high; u++) sum += columns[u];
                for (int i = x; i < next; i++) vec_store(sum, dx + i * VECTOR);
            }
        }
    }
}
#endif
