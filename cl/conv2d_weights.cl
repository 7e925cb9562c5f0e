/* conv2d_weights.cl: the gradient of a convolution's weight on CPUs, from dy in blocks of one vector.
 *
 * Sums of LANES weights by BLOCKS blocks of output channels are kept in registers while pixels go by: at each, BLOCKS vectors of dy
 * meet LANES numbers of x. What the lanes are is METHOD's:
 *
 *   CHANNELS   of x in blocks too: neighbouring channels, under one tap. A unit is LANES channels, and has kernel_h * kernel_w taps.
 *   TAPS       of plain x: the taps of ROWS rows of the kernel, one or all, LANES = ROWS * kernel_w. A unit is a channel, and
 *              has kernel_h / ROWS taps.
 *
 * A work-item has a share of the images, of the tiles of blocks and of the units. It goes through its images in chunks that stay in the
 * first-level cache: a few rows of one image, or a few small images. All tiles, units and taps of the share have their sums over
 * the chunk taken from 0 and added to what chunks before gave, so that rounding does not grow with the number of pixels.
 *
 *     global id 0   share of the units        1   share of the tiles        2   share of the images
 *
 *     sums   [share of the images][tile][unit][tap][LANES][BLOCKS][VECTOR]
 *
 * conv2d_weights_finish adds the shares of the images and puts the weights in their own order, [out_c][in_c / groups][kernel_h][kernel_w]:
 * a work-item some units (global id 0) of a tile (1).
 *
 * Parameters, by -D: VECTOR and
 *     METHOD          0 CHANNELS, 1 TAPS
 *     LANES, BLOCKS   the tile
 *     PADDED          1 where windows may reach beyond the image
 *     ROWS            TAPS: rows of the kernel in a tile, which is 1 where PADDED; else 1
 *     FINISH          1: conv2d_weights_finish is there, else conv2d_weights */

#define CHANNELS 0
#define TAPS     1

#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

#define TILE (LANES * BLOCKS * VECTOR) /* floats of one tap's sums */

#if !FINISH
#define COLUMNS (LANES / ROWS)

/* Adds what `count` pixels of a row give: dy's a vector apart, x's `step` floats, its lanes `lane_step` and rows of them `row_step`. */
static inline void add_pixels(vec sums[LANES][BLOCKS], const __global float *dy, const int *block, const __global float *x,
                              int step, int lane_step, int row_step, int count) {
    ROLLED for (int p = 0; p < count; p++) {
        vec gradient[BLOCKS];
        UNROLL for (int b = 0; b < BLOCKS; b++) gradient[b] = vec_load(dy + block[b]);
        UNROLL for (int l = 0; l < LANES; l++) {
            vec value = (vec)(x[l / COLUMNS * row_step + l % COLUMNS * lane_step]);
            UNROLL for (int b = 0; b < BLOCKS; b++) sums[l][b] = value * gradient[b] + sums[l][b];
        }
        dy += VECTOR;
        x += step;
    }
}

#if METHOD == TAPS && PADDED
/* The same for pixels near an edge, of whose taps some see nothing: x + l * lane_step is in the row where that is 0 .. width - 1 from
 * `row` on. */
static inline void add_edge(vec sums[LANES][BLOCKS], const __global float *dy, const int *block, const __global float *row,
                            int first, int width, int step, int lane_step, int count) {
    ROLLED for (int p = 0; p < count; p++) {
        UNROLL for (int l = 0; l < LANES; l++) {
            const int at = first + p * step + l * lane_step;
            if (at < 0 || at >= width) continue;
            vec value = (vec)(row[at]);
            UNROLL for (int b = 0; b < BLOCKS; b++) sums[l][b] = value * vec_load(dy + p * VECTOR + block[b]) + sums[l][b];
        }
    }
}
#endif

/* Quotients rounded up and down, of a number that may be negative. */
static inline int divide_up(int a, int b) { return a > 0 ? (a + b - 1) / b : -(-a / b); }
static inline int divide_down(int a, int b) { return a >= 0 ? a / b : -divide_up(-a, b); }

/* in_shape and out_shape, of x and dy: n, c, h, w, block, batch_stride. window: kernel, stride, dilation (h, w each), pad_top,
 * pad_left. shares: images, tiles and units of a share, images and rows of a chunk, tiles of a group, units of a group. */
ENTRY_OF_ONE
void conv2d_weights(RANGE const __global float *dy, ulong dy_offset, const __global float *x, ulong x_offset,
                    __global float *sums, ulong sums_offset, long8 in_shape, long8 out_shape, long8 window, long8 shares) {
    const int in_h = in_shape.s2, in_w = in_shape.s3, in_batch_stride = in_shape.s5;
    const int images = out_shape.s0, out_c = out_shape.s1, out_h = out_shape.s2, out_w = out_shape.s3;
    const int out_batch_stride = out_shape.s5;
    const int kernel_h = window.s0 / ROWS, kernel_w = METHOD == TAPS ? 1 : window.s1, stride_h = window.s2, stride_w = window.s3;
    const int dilation_h = window.s4, dilation_w = window.s5, pad_top = window.s6, pad_left = window.s7;
    const int chunk_images = shares.s3, chunk_rows = shares.s4, group_tiles = shares.s5, units = shares.s6;

    const int blocks = (out_c + VECTOR - 1) / VECTOR, tiles = (blocks + BLOCKS - 1) / BLOCKS;
    const int first_image = get_global_id(2) * shares.s0, last_image = min(first_image + (int)shares.s0, images);
    const int first_tile = get_global_id(1) * shares.s1, last_tile = min(first_tile + (int)shares.s1, tiles);
    const int first_unit = get_global_id(0) * shares.s2, last_unit = min(first_unit + (int)shares.s2, units);
    sums += sums_offset + (size_t)get_global_id(2) * tiles * units * kernel_h * kernel_w * TILE;
    dy += dy_offset;
    x += x_offset;

    for (int n0 = first_image; n0 < last_image; n0 += chunk_images)
    for (int y0 = 0; y0 < out_h; y0 += chunk_rows)
    for (int tile = first_tile; tile < last_tile; tile++)
    for (int unit = first_unit; unit < last_unit; unit++)
    for (int kh = 0; kh < kernel_h; kh++)
    for (int kw = 0; kw < kernel_w; kw++) {
        const int n1 = min(n0 + chunk_images, last_image), y1 = min(y0 + chunk_rows, out_h);
        int block[BLOCKS]; /* where the tile's blocks begin; those behind the last are the last once more */
        UNROLL for (int b = 0; b < BLOCKS; b++) block[b] = (min(tile * BLOCKS + b, blocks - 1)) * out_h * out_w * VECTOR;
#if METHOD == CHANNELS
        const int channel = (tile / group_tiles * units + unit) * LANES;
        const __global float *plane = x + channel / VECTOR * in_h * in_w * VECTOR + channel % VECTOR;
        const int reach = kw * dilation_w;
#else
        const __global float *plane = x + (tile / group_tiles * units + unit) * in_h * in_w;
        const int reach = (COLUMNS - 1) * dilation_w;
#endif
        /* the pixels of a row whose taps all see the image */
        const int low = METHOD == CHANNELS ? divide_up(pad_left - reach, stride_w) : divide_up(pad_left, stride_w);
        const int x0 = min(max(low, 0), out_w), x1 = max(x0, min(divide_down(in_w - 1 + pad_left - reach, stride_w) + 1, out_w));

        vec sum[LANES][BLOCKS];
        UNROLL for (int l = 0; l < LANES; l++) UNROLL for (int b = 0; b < BLOCKS; b++) sum[l][b] = (vec)(0.0f);
        for (int n = n0; n < n1; n++)
            for (int y = y0; y < y1; y++) {
                const int source_y = y * stride_h - pad_top + kh * dilation_h;
                if (PADDED && (source_y < 0 || source_y >= in_h)) continue;
                const __global float *gradient = dy + n * out_batch_stride + y * out_w * VECTOR;
#if METHOD == CHANNELS
                const __global float *row = plane + n * in_batch_stride + source_y * in_w * VECTOR;
                add_pixels(sum, gradient + x0 * VECTOR, block, row + (x0 * stride_w - pad_left + reach) * VECTOR,
                           stride_w * VECTOR, 1, 0, x1 - x0);
#else
                const __global float *row = plane + n * in_batch_stride + source_y * in_w;
#if PADDED
                add_edge(sum, gradient, block, row, -pad_left, in_w, stride_w, dilation_w, x0);
                add_edge(sum, gradient + x1 * VECTOR, block, row, x1 * stride_w - pad_left, in_w, stride_w, dilation_w,
                         out_w - x1);
#endif
                add_pixels(sum, gradient + x0 * VECTOR, block, row + x0 * stride_w - pad_left, stride_w, dilation_w,
                           dilation_h * in_w, x1 - x0);
#endif
            }

        __global float *target = sums + (size_t)(((tile * units + unit) * kernel_h + kh) * kernel_w + kw) * TILE;
        const bool is_first = n0 == first_image && y0 == 0;
        UNROLL for (int l = 0; l < LANES; l++) UNROLL for (int b = 0; b < BLOCKS; b++) {
            __global float *place = target + (l * BLOCKS + b) * VECTOR;
            if (!is_first) sum[l][b] += vec_load(place);
            vec_store(sum[l][b], place);
        }
    }
}

#else

/* taps: of a unit. in_channels: of a group. */
ENTRY_OF_ONE
void conv2d_weights_finish(RANGE const __global float *sums, ulong sums_offset, __global float *out, ulong out_offset, int shares,
                           int tiles, int units, int taps, int in_channels, int out_channels, int unit_share) {
    const int tile = get_global_id(1), share = tiles * units * taps * TILE;
    const int first_unit = get_global_id(0) * unit_share, last_unit = min(first_unit + unit_share, units);
    const int first = tile * BLOCKS * VECTOR, count = min(BLOCKS * VECTOR, out_channels - first);
    const int filter = in_channels * taps * (METHOD == TAPS ? LANES : 1); /* weights of an out channel */
    sums += sums_offset + (size_t)tile * units * taps * TILE;
    out += out_offset + (size_t)first * filter;
    for (int o = 0; o < count; o++, out += filter)
        for (int unit = first_unit; unit < last_unit; unit++) {
#if METHOD == CHANNELS
            const int lanes = min(LANES, in_channels - unit * LANES), lane_step = taps, tap_step = 1;
#else
            const int lanes = LANES, lane_step = 1, tap_step = LANES;
#endif
            __global float *target = out + unit * LANES * taps;
            for (int l = 0; l < lanes; l++)
                for (int tap = 0; tap < taps; tap++) {
                    const __global float *source = sums + ((unit * taps + tap) * LANES + l) * BLOCKS * VECTOR + o;
                    float sum = *source;
                    for (int s = 1; s < shares; s++) sum += source[(size_t)s * share];
                    target[l * lane_step + tap * tap_step] = sum;
                }
        }
}
#endif
