/* conv2d_weights_winograd.cl: the gradient of a 3 x 3 convolution's weight with fewer products, on CPUs, between blocks of one vector.
 *
 * Tiles of 4 x 4 pixels of dy are filters for the 6 x 6 pixels of x that they met: by F(3 x 3, 4 x 4), POINTS products for each pair of
 * channels instead of 144. Sums over all tiles are taken before the results are transformed, which is so done once:
 *
 *     1 x, 2 dy   transformed                                                   -> values [chunk][point][block][place][VECTOR]
 *     then        conv2d_weights.cl: a 1 x 1 convolution's gradient, its pixels the places, its images the chunks, its groups the points
 *     3 finish    shares of the images added, sums transformed, and put in the weight's own order, [out_c][in_c][3][3]
 *
 * Tiles are counted over all images, row by row, and cut into chunks of `places`; places behind the last tile hold zeros.
 *
 *     1, 2        global id 0: block of channels; 1: chunk
 *     3           global id 0: unit; 1: tile of blocks of output channels
 *
 * Parameters, by -D: VECTOR and
 *     STAGE           1, 2 or 3
 *     LANES, BLOCKS   the tile of conv2d_weights.cl; 3 */

#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

#define TILE   3 /* m of F(m, r): taps of the kernel */
#define KERNEL 4 /* r: pixels of dy, from one tile to the next */
#define STRIDE 1
#define SIDE   6
#define POINTS 36

/* ---- Written by scripts/winograd.py: from here ---- */
#if TILE == 3 && KERNEL == 4 && STRIDE == 1 /* points 0, +-5/8, +-5/4, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = d[4 * step] + 0.610351562f * d[0 * step] - 1.953125f * d[2 * step];
    even = d[4 * step] - 1.5625f * d[2 * step];
    odd = -0.9765625f * d[1 * step] + 0.625f * d[3 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = d[4 * step] - 0.390625f * d[2 * step];
    odd = -0.48828125f * d[1 * step] + 1.25f * d[3 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    v[5 * v_step] = d[5 * step] + 0.610351562f * d[1 * step] - 1.953125f * d[3 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[1 * step] + v[2 * step], difference0 = v[1 * step] - v[2 * step];
    const vec sum1 = v[3 * step] + v[4 * step], difference1 = v[3 * step] - v[4 * step];
    y[0 * y_step] = sum0 + sum1 + v[0 * step];
    y[1 * y_step] = 0.625f * difference0 + 1.25f * difference1;
    y[2 * y_step] = v[5 * step] + 0.390625f * sum0 + 1.5625f * sum1;
}
static inline void transform_gradient(const vec *g, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = 1.6384f * g[0 * step];
    even = -1.09226667f * g[0 * step] - 0.426666667f * g[2 * step];
    odd = -0.682666667f * g[1 * step] - 0.266666667f * g[3 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = 0.273066667f * g[0 * step] + 0.426666667f * g[2 * step];
    odd = 0.341333333f * g[1 * step] + 0.533333333f * g[3 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    v[5 * v_step] = g[3 * step];
}
#endif
/* ---- to here ---- */

#if STAGE < 3
#if STAGE == 1
#define SPAN SIDE
#define transform transform_input
#else
#define SPAN KERNEL
#define transform transform_gradient
#endif

/* shape: of x or dy, n, c, h, w, block, batch_stride. tiles: rows and columns of an image, all, places of a chunk. pad_top, pad_left: 0
 * for dy. */
ENTRY_OF_ONE
void winograd_values(RANGE const __global float *in, ulong in_offset, __global float *values, ulong values_offset, long8 shape,
                     long8 tiles, int pad_top, int pad_left) {
    const int height = shape.s2, width = shape.s3, batch_stride = shape.s5;
    const int rows = tiles.s0, columns = tiles.s1, count = tiles.s2, places = tiles.s3;
    const int block = get_global_id(0), blocks = get_global_size(0), chunk = get_global_id(1);
    const size_t step = (size_t)blocks * places * VECTOR; /* from one point to the next */
    __global float *target = values + values_offset + chunk * POINTS * step + (size_t)block * places * VECTOR;
    for (int i = 0; i < places; i++, target += VECTOR) {
        const int tile = chunk * places + i;
        if (tile >= count) {
            for (int k = 0; k < POINTS; k++) vec_store((vec)(0.0f), target + k * step);
            continue;
        }
        const int n = tile / columns / rows, y = tile / columns % rows * KERNEL - pad_top, x = tile % columns * KERNEL - pad_left;
        const __global float *plane = in + in_offset + n * batch_stride + (size_t)block * height * width * VECTOR;
        const bool inside = y >= 0 && x >= 0 && y + SPAN <= height && x + SPAN <= width;
        vec lines[SPAN * SIDE], pixels[SPAN], column[SIDE];
        ROLLED for (int j = 0; j < SPAN; j++) {
            UNROLL for (int k = 0; k < SPAN; k++) {
                const bool there = inside || (y + j >= 0 && y + j < height && x + k >= 0 && x + k < width);
                pixels[k] = there ? vec_load(plane + ((y + j) * width + x + k) * VECTOR) : (vec)(0.0f);
            }
            transform(pixels, 1, lines + j * SIDE, 1);
        }
        ROLLED for (int j = 0; j < SIDE; j++) {
            transform(lines + j, SIDE, column, 1);
            UNROLL for (int k = 0; k < SIDE; k++) vec_store(column[k], target + (k * SIDE + j) * step);
        }
    }
}

#else

ENTRY_OF_ONE
void winograd_weights_finish(RANGE const __global float *sums, ulong sums_offset, __global float *out, ulong out_offset, int shares,
                             int in_channels, int out_channels) {
    const int unit = get_global_id(0), units = get_global_size(0), tile = get_global_id(1), tiles = get_global_size(1);
    const int point_step = tiles * units * LANES * BLOCKS * VECTOR, share_step = POINTS * point_step;
    sums += sums_offset + (size_t)(tile * units + unit) * LANES * BLOCKS * VECTOR;
    for (int l = 0; l < min(LANES, in_channels - unit * LANES); l++)
        for (int b = 0; b < BLOCKS; b++) {
            const __global float *source = sums + (l * BLOCKS + b) * VECTOR;
            vec points[POINTS], lines[TILE * SIDE], results[TILE];
            ROLLED for (int k = 0; k < POINTS; k++) {
                points[k] = vec_load(source + (size_t)k * point_step);
                for (int s = 1; s < shares; s++) points[k] += vec_load(source + (size_t)s * share_step + (size_t)k * point_step);
            }
            ROLLED for (int j = 0; j < SIDE; j++) transform_output(points + j, SIDE, lines + j, SIDE);
            const int first = (tile * BLOCKS + b) * VECTOR, lanes = min(VECTOR, out_channels - first);
            __global float *target = out + out_offset + ((size_t)first * in_channels + unit * LANES + l) * TILE * TILE;
            ROLLED for (int j = 0; j < TILE; j++) {
                transform_output(lines + j * SIDE, 1, results, 1);
                UNROLL for (int k = 0; k < TILE; k++) {
                    float all[VECTOR];
                    vec_store_private(results[k], all);
                    for (int o = 0; o < lanes; o++) target[(size_t)o * in_channels * TILE * TILE + j * TILE + k] = all[o];
                }
            }
        }
}
#endif
