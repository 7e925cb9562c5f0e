/* conv2d_winograd.cl: convolution with fewer products, on CPUs whose vector is one block of channels.
 *
 * The output is cut into tiles: TILE x TILE pixels for square kernels, TILE pixels in a row or a column for kernels of one row or
 * column. A tile is made from its inputs by POINTS products for each pair of channels (scripts/winograd.py has the formulas):
 *
 *     inputs --transform_input--> POINTS values --products with weights, summed over input channels--> POINTS sums
 *            --transform_output--> pixels --bias, residual, activation--> output
 *
 * For each of the POINTS, the sums of many tiles are a matrix product, tiles x input channels by input channels x output channels.
 * A work-item makes PIXELS tiles by a part of the output channels. Tiles are counted over all images, row by row.
 *
 *     global id 0   group of tiles, ceil(tiles / PIXELS); tiles behind the last are computed from zeros, and not stored
 *     global id 1   part of the tiles of blocks
 *
 *     values   [point][input block][PIXELS][VECTOR], the work-item's own, in local memory: which stays in the core's cache
 *     weight   [tile of blocks][point][input channel][BLOCKS][VECTOR], transformed, read from front to back, as WEIGHTS says
 *     bias     [blocks rounded up to BLOCKS][VECTOR]
 *
 * That takes local memory for the values of all input channels, and reads all weights of the part for each group of tiles. In three
 * stages, kernels of their own, values and sums go through a workspace instead, laid out as those of a work-item above, group after
 * group:
 *
 *     1 inputs     global id 0: group of tiles; 1: input block            -> values
 *     2 products   global id 0: group of tiles; 1: tile of blocks * POINTS + point, so that neighbours read the same weights  -> sums
 *     3 results    global id 0: group of tiles; 1: tile of blocks
 *
 *     sums     [group][tile of blocks][point][BLOCKS][PIXELS][VECTOR]
 *
 * FOLD is for first layers, which read a plain image of few channels with stride 2. Four neighbours of each channel are seen as one
 * pixel of four channels: a kernel of 2 r x 2 r with stride 2 over C channels is one of r x r with stride 1 over 4 C. So
 *
 *     pixel (y, x) channel c   ->   pixel (y / 2, x / 2) channel (c * 2 + y % 2) * 2 + x % 2        counted from the tile's corner
 *
 * The products of one point, PIXELS tiles and BLOCKS blocks of output channels are summed up in registers, as in conv2d_direct.cl.
 *
 * Parameters, by -D: VECTOR, ACTIVATION (common.cl) and
 *     STAGE            0: all in one kernel, conv2d_winograd; 1 to 3: one of the three, winograd_inputs, .._products, .._results
 *     TILE, KERNEL, STRIDE   m, r and the stride of F(m, r, stride)
 *     FOLD             0, or floats that a folded pixel takes
 *     SQUARE           1: kernels of KERNEL x KERNEL; 0: of 1 x KERNEL and KERNEL x 1
 *     PIXELS, BLOCKS   the tile of the matrix product
 *     HAS_BIAS, HAS_RESIDUAL   0 or 1: whether those two operands are there */

#ifndef STAGE
#define STAGE 0
#endif
#if STAGE == 0
#define VALUES __local
#define SUMS   __private
typedef vec stored;
#else
#define VALUES __global
#define SUMS   __global
typedef vec stored __attribute__((aligned(4))); /* where in the workspace it may */
#endif

#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

#if STRIDE == 1
#define SIDE (TILE + KERNEL - 1) /* inputs of a tile along an axis, and products */
#else
#define SIDE (2 * TILE + 1)
#endif
#if SQUARE
#define LINES  SIDE /* columns of inputs */
#define ROWS   TILE /* rows of results */
#else
#define LINES  1
#define ROWS   1
#endif
#define POINTS (SIDE * LINES)
#if FOLD
#define SOURCE const __private float
#define WINDOW 2 /* pixels from one result's inputs to the next one's */
#else
#define SOURCE const __global float
#define WINDOW STRIDE
#endif

/* ---- Written by scripts/winograd.py: from here ---- */
#if TILE == 2 && KERNEL == 3 && STRIDE == 1 /* points 0, +-1, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = d[2 * step] - d[0 * step];
    even = d[2 * step];
    odd = d[1 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    v[3 * v_step] = d[3 * step] - d[1 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[1 * step] + v[2 * step], difference0 = v[1 * step] - v[2 * step];
    y[0 * y_step] = sum0 + v[0 * step];
    y[1 * y_step] = difference0 + v[3 * step];
}
#elif TILE == 4 && KERNEL == 3 && STRIDE == 1 /* points 0, +-5/8, +-5/4, infinity */
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
    y[2 * y_step] = 0.390625f * sum0 + 1.5625f * sum1;
    y[3 * y_step] = v[5 * step] + 0.244140625f * difference0 + 1.953125f * difference1;
}
#elif TILE == 4 && KERNEL == 4 && STRIDE == 1 /* points +-1/4, +-1, +-2, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    even = d[5 * step] + 4.0f * d[1 * step] - 5.0f * d[3 * step];
    odd = d[0 * step] - 1.25f * d[2 * step] + 0.25f * d[4 * step];
    v[0 * v_step] = even + odd;
    v[1 * v_step] = even - odd;
    even = d[5 * step] + 0.25f * d[1 * step] - 4.0625f * d[3 * step];
    odd = d[4 * step] + 0.25f * d[0 * step] - 4.0625f * d[2 * step];
    v[2 * v_step] = even + odd;
    v[3 * v_step] = even - odd;
    even = d[5 * step] + 0.0625f * d[1 * step] - 1.0625f * d[3 * step];
    odd = 0.125f * d[0 * step] - 2.125f * d[2 * step] + 2.0f * d[4 * step];
    v[4 * v_step] = even + odd;
    v[5 * v_step] = even - odd;
    v[6 * v_step] = d[6 * step] - 0.25f * d[0 * step] + 4.3125f * d[2 * step] - 5.0625f * d[4 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[0 * step] + v[1 * step], difference0 = v[0 * step] - v[1 * step];
    const vec sum1 = v[2 * step] + v[3 * step], difference1 = v[2 * step] - v[3 * step];
    const vec sum2 = v[4 * step] + v[5 * step], difference2 = v[4 * step] - v[5 * step];
    y[0 * y_step] = sum0 + sum1 + sum2;
    y[1 * y_step] = difference1 + 0.25f * difference0 + 2.0f * difference2;
    y[2 * y_step] = sum1 + 0.0625f * sum0 + 4.0f * sum2;
    y[3 * y_step] = difference1 + v[6 * step] + 0.015625f * difference0 + 8.0f * difference2;
}
#elif TILE == 2 && KERNEL == 5 && STRIDE == 1 /* points 0, +-3/4, +-3/2, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = d[4 * step] + 1.265625f * d[0 * step] - 2.8125f * d[2 * step];
    even = d[4 * step] - 2.25f * d[2 * step];
    odd = -1.6875f * d[1 * step] + 0.75f * d[3 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = d[4 * step] - 0.5625f * d[2 * step];
    odd = -0.84375f * d[1 * step] + 1.5f * d[3 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    v[5 * v_step] = d[5 * step] + 1.265625f * d[1 * step] - 2.8125f * d[3 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[1 * step] + v[2 * step], difference0 = v[1 * step] - v[2 * step];
    const vec sum1 = v[3 * step] + v[4 * step], difference1 = v[3 * step] - v[4 * step];
    y[0 * y_step] = sum0 + sum1 + v[0 * step];
    y[1 * y_step] = v[5 * step] + 0.75f * difference0 + 1.5f * difference1;
}
#elif TILE == 4 && KERNEL == 7 && STRIDE == 1 /* points 0, +-3/8, +-7/8, +-5/4, +-5/2, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = d[8 * step] + 1.05142593f * d[0 * step] - 9.6912384f * d[2 * step] + 16.9533691f * d[4 * step] - 8.71875f * d[6 * step];
    even = d[8 * step] - 7.47680664f * d[2 * step] + 15.7470703f * d[4 * step] - 8.578125f * d[6 * step];
    odd = -2.80380249f * d[1 * step] + 5.90515137f * d[3 * step] - 3.21679688f * d[5 * step] + 0.375f * d[7 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = d[8 * step] - 1.37329102f * d[2 * step] + 10.8642578f * d[4 * step] - 7.953125f * d[6 * step];
    odd = -1.20162964f * d[1 * step] + 9.50622559f * d[3 * step] - 6.95898438f * d[5 * step] + 0.875f * d[7 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    even = d[8 * step] - 0.672912598f * d[2 * step] + 5.77172852f * d[4 * step] - 7.15625f * d[6 * step];
    odd = -0.841140747f * d[1 * step] + 7.21466064f * d[3 * step] - 8.9453125f * d[5 * step] + 1.25f * d[7 * step];
    v[5 * v_step] = even + odd;
    v[6 * v_step] = even - odd;
    even = d[8 * step] - 0.168228149f * d[2 * step] + 1.52368164f * d[4 * step] - 2.46875f * d[6 * step];
    odd = -0.420570374f * d[1 * step] + 3.8092041f * d[3 * step] - 6.171875f * d[5 * step] + 2.5f * d[7 * step];
    v[7 * v_step] = even + odd;
    v[8 * v_step] = even - odd;
    v[9 * v_step] = d[9 * step] + 1.05142593f * d[1 * step] - 9.6912384f * d[3 * step] + 16.9533691f * d[5 * step] - 8.71875f * d[7 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[1 * step] + v[2 * step], difference0 = v[1 * step] - v[2 * step];
    const vec sum1 = v[3 * step] + v[4 * step], difference1 = v[3 * step] - v[4 * step];
    const vec sum2 = v[5 * step] + v[6 * step], difference2 = v[5 * step] - v[6 * step];
    const vec sum3 = v[7 * step] + v[8 * step], difference3 = v[7 * step] - v[8 * step];
    y[0 * y_step] = sum0 + sum1 + sum2 + sum3 + v[0 * step];
    y[1 * y_step] = 0.375f * difference0 + 0.875f * difference1 + 1.25f * difference2 + 2.5f * difference3;
    y[2 * y_step] = 0.140625f * sum0 + 0.765625f * sum1 + 1.5625f * sum2 + 6.25f * sum3;
    y[3 * y_step] = v[9 * step] + 0.052734375f * difference0 + 0.669921875f * difference1 + 1.953125f * difference2 + 15.625f * difference3;
}
#elif TILE == 6 && KERNEL == 7 && STRIDE == 1 /* points 0, +-3/8, +-5/8, +-1, +-3/2, +-5/2, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = d[10 * step] - 0.772476196f * d[0 * step] + 8.71009827f * d[2 * step] - 26.5706787f * d[4 * step] + 27.6643066f * d[6 * step] - 10.03125f * d[8 * step];
    even = d[10 * step] + 5.49316406f * d[2 * step] - 22.8759766f * d[4 * step] + 26.2734375f * d[6 * step] - 9.890625f * d[8 * step];
    odd = 2.05993652f * d[1 * step] - 8.57849121f * d[3 * step] + 9.85253906f * d[5 * step] - 3.70898438f * d[7 * step] + 0.375f * d[9 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    even = d[10 * step] + 1.97753906f * d[2 * step] - 17.2353516f * d[4 * step] + 23.8984375f * d[6 * step] - 9.640625f * d[8 * step];
    odd = 1.23596191f * d[1 * step] - 10.7720947f * d[3 * step] + 14.9365234f * d[5 * step] - 6.02539062f * d[7 * step] + 0.625f * d[9 * step];
    v[3 * v_step] = even + odd;
    v[4 * v_step] = even - odd;
    even = d[10 * step] + 0.772476196f * d[2 * step] - 7.93762207f * d[4 * step] + 18.6330566f * d[6 * step] - 9.03125f * d[8 * step];
    odd = d[9 * step] + 0.772476196f * d[1 * step] - 7.93762207f * d[3 * step] + 18.6330566f * d[5 * step] - 9.03125f * d[7 * step];
    v[5 * v_step] = even + odd;
    v[6 * v_step] = even - odd;
    even = d[10 * step] + 0.343322754f * d[2 * step] - 3.71856689f * d[4 * step] + 10.1564941f * d[6 * step] - 7.78125f * d[8 * step];
    odd = 0.514984131f * d[1 * step] - 5.57785034f * d[3 * step] + 15.2347412f * d[5 * step] - 11.671875f * d[7 * step] + 1.5f * d[9 * step];
    v[7 * v_step] = even + odd;
    v[8 * v_step] = even - odd;
    even = d[10 * step] + 0.123596191f * d[2 * step] - 1.37384033f * d[4 * step] + 4.03149414f * d[6 * step] - 3.78125f * d[8 * step];
    odd = 0.308990479f * d[1 * step] - 3.43460083f * d[3 * step] + 10.0787354f * d[5 * step] - 9.453125f * d[7 * step] + 2.5f * d[9 * step];
    v[9 * v_step] = even + odd;
    v[10 * v_step] = even - odd;
    v[11 * v_step] = d[11 * step] - 0.772476196f * d[1 * step] + 8.71009827f * d[3 * step] - 26.5706787f * d[5 * step] + 27.6643066f * d[7 * step] - 10.03125f * d[9 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[1 * step] + v[2 * step], difference0 = v[1 * step] - v[2 * step];
    const vec sum1 = v[3 * step] + v[4 * step], difference1 = v[3 * step] - v[4 * step];
    const vec sum2 = v[5 * step] + v[6 * step], difference2 = v[5 * step] - v[6 * step];
    const vec sum3 = v[7 * step] + v[8 * step], difference3 = v[7 * step] - v[8 * step];
    const vec sum4 = v[9 * step] + v[10 * step], difference4 = v[9 * step] - v[10 * step];
    y[0 * y_step] = sum0 + sum1 + sum2 + sum3 + sum4 + v[0 * step];
    y[1 * y_step] = difference2 + 0.375f * difference0 + 0.625f * difference1 + 1.5f * difference3 + 2.5f * difference4;
    y[2 * y_step] = sum2 + 0.140625f * sum0 + 0.390625f * sum1 + 2.25f * sum3 + 6.25f * sum4;
    y[3 * y_step] = difference2 + 0.052734375f * difference0 + 0.244140625f * difference1 + 3.375f * difference3 + 15.625f * difference4;
    y[4 * y_step] = sum2 + 0.0197753906f * sum0 + 0.152587891f * sum1 + 5.0625f * sum3 + 39.0625f * sum4;
    y[5 * y_step] = difference2 + v[11 * step] + 0.00741577148f * difference0 + 0.0953674316f * difference1 + 7.59375f * difference3 + 97.65625f * difference4;
}
#elif TILE == 2 && KERNEL == 3 && STRIDE == 2 /* points +-1, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    even = d[2 * step];
    odd = d[0 * step];
    v[0 * v_step] = even + odd;
    v[1 * v_step] = even - odd;
    v[2 * v_step] = d[4 * step] - d[0 * step];
    v[3 * v_step] = d[1 * step];
    v[4 * v_step] = d[3 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[0 * step] + v[1 * step], difference0 = v[0 * step] - v[1 * step];
    y[0 * y_step] = sum0 + v[3 * step];
    y[1 * y_step] = difference0 + v[2 * step] + v[4 * step];
}
#elif TILE == 3 && KERNEL == 3 && STRIDE == 2 /* points 0, +-1, infinity */
static inline void transform_input(const vec *d, int step, vec *v, int v_step) {
    vec even, odd;
    v[0 * v_step] = d[4 * step] - d[0 * step];
    even = d[4 * step];
    odd = d[2 * step];
    v[1 * v_step] = even + odd;
    v[2 * v_step] = even - odd;
    v[3 * v_step] = d[6 * step] - d[2 * step];
    v[4 * v_step] = d[1 * step];
    v[5 * v_step] = d[3 * step];
    v[6 * v_step] = d[5 * step];
}
static inline void transform_output(const vec *v, int step, vec *y, int y_step) {
    const vec sum0 = v[1 * step] + v[2 * step], difference0 = v[1 * step] - v[2 * step];
    y[0 * y_step] = sum0 + v[0 * step] + v[4 * step];
    y[1 * y_step] = difference0 + v[5 * step];
    y[2 * y_step] = sum0 + v[3 * step] + v[6 * step];
}
#endif
/* ---- to here ---- */

typedef struct {
    int in_c, in_h, in_w, in_batch_stride;
    int out_c, out_h, out_w, out_batch_stride;
    int pad_top, pad_left;
    int down, across;  /* 1 where a tile has more than a pixel */
    int rows, columns; /* of tiles, in an image */
    int count;         /* of tiles, in all images */
} geometry;

/* The output pixel at which a tile begins. */
typedef struct {
    int n, y, x;
} place;

static inline place place_of(const geometry *g, int tile) {
    const int row = tile / g->columns, column = tile % g->columns;
    place p;
    p.n = row / g->rows;
    p.y = row % g->rows * (g->down ? TILE : 1);
    p.x = column * (g->across ? TILE : 1);
    return p;
}

/* ---- Inputs ------------------------------------------------------------------------------------------------------------- */

#if FOLD
/* The SIDE x SIDE folded pixels of a tile, FOLD floats each, from the plain image's pixel (y, x) on, zeros beyond its edges. */
static inline void fold(const geometry *g, const __global float *image, int y, int x, float patch[SIDE * SIDE * FOLD]) {
    for (int i = 0; i < SIDE * SIDE * FOLD; i++) patch[i] = 0.0f;
    for (int c = 0; c < g->in_c / 4; c++, image += g->in_h * g->in_w) {
        for (int i = 0; i < 2 * SIDE; i++) {
            const int at_y = y + i;
            if (at_y < 0 || at_y >= g->in_h) continue;
            const __global float *row = image + at_y * g->in_w + x;
            float *target = patch + i / 2 * SIDE * FOLD + (c * 2 + i % 2) * 2;
            if (x >= 0 && x + 2 * SIDE <= g->in_w) {
                UNROLL for (int j = 0; j < SIDE; j++) vstore2(vload2(j, row), 0, target + j * FOLD);
            } else {
                for (int j = max(0, -x); j < min(2 * SIDE, g->in_w - x); j++) target[j / 2 * FOLD + j % 2] = row[j];
            }
        }
    }
}

/* SIDE folded pixels from (y, x) of the patch on, one step further each. `plane`: a block of their channels. */
static inline void read_line(const geometry *g, SOURCE *plane, int y, int x, int step_y, int step_x, vec inputs[SIDE]) {
    UNROLL for (int i = 0; i < SIDE; i++)
        inputs[i] = vec_load_private(plane + ((y + i * step_y) * SIDE + x + i * step_x) * FOLD);
}
#else
/* SIDE pixels from (y, x) on, one step further each, zeros beyond the image's edges. `plane`: one block of channels of an image. */
static inline void read_line(const geometry *g, SOURCE *plane, int y, int x, int step_y, int step_x,
                             vec inputs[SIDE]) {
    const int last_y = y + (SIDE - 1) * step_y, last_x = x + (SIDE - 1) * step_x;
    if (y >= 0 && x >= 0 && last_y < g->in_h && last_x < g->in_w) {
        UNROLL for (int i = 0; i < SIDE; i++)
            inputs[i] = vec_load(plane + ((y + i * step_y) * g->in_w + x + i * step_x) * VECTOR);
    } else {
        UNROLL for (int i = 0; i < SIDE; i++) {
            const int at_y = y + i * step_y, at_x = x + i * step_x;
            const bool inside = at_y >= 0 && at_y < g->in_h && at_x >= 0 && at_x < g->in_w;
            inputs[i] = inside ? vec_load(plane + (at_y * g->in_w + at_x) * VECTOR) : (vec)(0.0f);
        }
    }
}

#endif

/* Reads the inputs of the tile that begins at (y, x), transforms them and stores them `step` vectors apart. */
static inline void read_tile(const geometry *g, SOURCE *plane, int y, int x, VALUES stored *values, int step) {
    vec inputs[SIDE], columns[POINTS];
#if SQUARE
    ROLLED for (int j = 0; j < LINES; j++) {
        read_line(g, plane, y, x + j, 1, 0, inputs);
        transform_input(inputs, 1, columns + j, LINES);
    }
    ROLLED for (int i = 0; i < SIDE; i++) {
        vec row[SIDE];
        transform_input(columns + i * SIDE, 1, row, 1);
        UNROLL for (int j = 0; j < SIDE; j++) values[(i * SIDE + j) * step] = row[j];
    }
#else
    read_line(g, plane, y, x, g->down, g->across, inputs);
    transform_input(inputs, 1, columns, 1);
    UNROLL for (int i = 0; i < SIDE; i++) values[i * step] = columns[i];
#endif
}

#if STAGE == 0
/* The same for all input channels of the tile, blocks PIXELS vectors apart. */
static inline void read_channels(const geometry *g, const __global float *image, int y, int x, __local vec *values, int step) {
    const int blocks = step / PIXELS;
#if FOLD
    float patch[SIDE * SIDE * FOLD];
    fold(g, image, y, x, patch);
    for (int b = 0; b < blocks; b++) read_tile(g, patch + b * VECTOR, 0, 0, values + b * PIXELS, step);
#else
    for (int b = 0; b < blocks; b++)
        read_tile(g, image + b * g->in_h * g->in_w * VECTOR, y, x, values + b * PIXELS, step);
#endif
}

#endif

/* ---- Sums --------------------------------------------------------------------------------------------------------------- */

/* One point's sums, [BLOCKS][PIXELS]. */
static inline void sum_products(const VALUES float *values, const __global weight_type *weight, int in_c, SUMS stored *result) {
    vec sums[BLOCKS][PIXELS];
    UNROLL for (int b = 0; b < BLOCKS; b++) UNROLL for (int p = 0; p < PIXELS; p++) sums[b][p] = (vec)(0.0f);
    for (int c = 0; c < in_c; c += VECTOR, values += PIXELS * VECTOR) {
        const int channels = min(VECTOR, in_c - c);
        ROLLED for (int i = 0; i < channels; i++) {
            vec w[BLOCKS];
            UNROLL for (int b = 0; b < BLOCKS; b++) {
                w[b] = weight_load(weight + b * VECTOR);
                fetch_ahead(weight + b * VECTOR);
            }
            UNROLL for (int p = 0; p < PIXELS; p++) {
                vec x = (vec)(values[p * VECTOR + i]);
                UNROLL for (int b = 0; b < BLOCKS; b++) sums[b][p] = x * w[b] + sums[b][p];
            }
            weight += BLOCKS * VECTOR;
        }
    }
    UNROLL for (int b = 0; b < BLOCKS; b++) UNROLL for (int p = 0; p < PIXELS; p++) result[b * PIXELS + p] = sums[b][p];
}

#if STAGE == 0 || STAGE == 3
/* ---- Results ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    vec bias;
    ivec lanes; /* those that are channels, not padding */
    const __global float *residual; /* of the image and block */
    __global float *out;            /* likewise */
    bool is_linear; /* goes without the activation */
    float slope;
} finish;

/* TILE pixels from (y, x) on, one step further each, as far as they lie in the image. */
static inline void write_line(const geometry *g, const finish *f, const vec results[TILE], int y, int x, int step_y, int step_x) {
    UNROLL for (int i = 0; i < TILE; i++) {
        const int at_y = y + i * step_y, at_x = x + i * step_x, at = (at_y * g->out_w + at_x) * VECTOR;
        if (at_y >= g->out_h || at_x >= g->out_w) continue;
        vec sum = results[i] + f->bias;
#if HAS_RESIDUAL
        sum += vec_load(f->residual + at);
#endif
        if (!f->is_linear) sum = activate(sum, f->slope);
        vec_store(select((vec)(0.0f), sum, f->lanes), f->out + at);
    }
}

/* Transforms a tile's sums, which lie BLOCKS * PIXELS apart, and writes the results. */
static inline void write_tile(const geometry *g, const finish *f, const SUMS stored *sums, place p) {
#if STAGE == 0
    const vec *points = sums;
    const int step = BLOCKS * PIXELS;
#else
    vec points[POINTS];
    const int step = 1;
    UNROLL for (int k = 0; k < POINTS; k++) points[k] = sums[k * BLOCKS * PIXELS];
#endif
    vec columns[ROWS * SIDE], results[TILE];
#if SQUARE
    ROLLED for (int j = 0; j < LINES; j++) transform_output(points + j * step, LINES * step, columns + j, SIDE);
    ROLLED for (int i = 0; i < ROWS; i++) {
        transform_output(columns + i * SIDE, 1, results, 1);
        write_line(g, f, results, p.y + i, p.x, 0, 1);
    }
#else
    transform_output(points, step, results, 1);
    write_line(g, f, results, p.y, p.x, g->down, g->across);
#endif
}

/* What all results share; bias and residual where there are such. */
typedef struct {
    const __global float *bias, *residual;
    int residual_batch_stride;
    __global float *out;
    int linear_channels;
    float slope;
} results_of;

/* The results of a tile of blocks, of the group of tiles from `first` on. */
static inline void write_blocks(const geometry *g, const results_of *r, const SUMS stored *sums, int tile, int first) {
    for (int b = 0; b < BLOCKS; b++) {
        const int channel = (tile * BLOCKS + b) * VECTOR, plane = channel * g->out_h * g->out_w;
        if (channel >= g->out_c) break;
        finish f;
        f.lanes = vec_first(g->out_c - channel);
        f.is_linear = channel < r->linear_channels;
        f.slope = r->slope;
        f.bias = (vec)(0.0f);
#if HAS_BIAS
        f.bias = vec_load(r->bias + channel);
#endif
        for (int i = 0; i < min(PIXELS, g->count - first); i++) {
            const place p = place_of(g, first + i);
#if HAS_RESIDUAL
            f.residual = r->residual + p.n * r->residual_batch_stride + plane;
#endif
            f.out = r->out + p.n * g->out_batch_stride + plane;
            write_tile(g, &f, sums + b * PIXELS + i, p);
        }
    }
}
#endif

/* ---- Kernels ---------------------------------------------------------------------------------------------------------------
 * in_shape and out_shape: n, c, h, w, block, batch_stride. window: kernel, stride, dilation (h, w each), pad_top, pad_left.
 * linear_channels: the first so many go without the activation; whole blocks. */

static inline geometry geometry_of(long8 in_shape, long8 out_shape, long8 window) {
    geometry g;
    g.in_c = in_shape.s1 * (FOLD ? 4 : 1), g.in_h = in_shape.s2, g.in_w = in_shape.s3, g.in_batch_stride = in_shape.s5;
    g.out_c = out_shape.s1, g.out_h = out_shape.s2, g.out_w = out_shape.s3, g.out_batch_stride = out_shape.s5;
    g.pad_top = window.s6, g.pad_left = window.s7;
    g.down = window.s0 > 1, g.across = window.s1 > 1;
    g.rows = g.down ? (g.out_h + TILE - 1) / TILE : g.out_h;
    g.columns = g.across ? (g.out_w + TILE - 1) / TILE : g.out_w;
    g.count = (int)out_shape.s0 * g.rows * g.columns;
    return g;
}

#if STAGE == 0
ENTRY_OF_ONE
void conv2d_winograd(RANGE const __global float *in, ulong in_offset, const __global float *weight, ulong weight_offset,
#if HAS_BIAS
                     const __global float *bias, ulong bias_offset,
#endif
#if HAS_RESIDUAL
                     const __global float *residual, ulong residual_offset, int residual_batch_stride,
#endif
                     __global float *out, ulong out_offset, long8 in_shape, long8 out_shape, long8 window,
                     int linear_channels, float slope, __local float *workspace) {
    __local vec *values = (__local vec *)workspace;
    const geometry g = geometry_of(in_shape, out_shape, window);
    results_of r;
#if HAS_BIAS
    r.bias = bias + bias_offset;
#endif
#if HAS_RESIDUAL
    r.residual = residual + residual_offset, r.residual_batch_stride = residual_batch_stride;
#endif
    r.out = out + out_offset, r.linear_channels = linear_channels, r.slope = slope;

    const int first = get_global_id(0) * PIXELS, here = min(PIXELS, g.count - first);
    const int in_blocks = (g.in_c + VECTOR - 1) / VECTOR, step = in_blocks * PIXELS;
    for (int i = 0; i < here; i++) {
        const place p = place_of(&g, first + i);
        read_channels(&g, in + in_offset + p.n * g.in_batch_stride, p.y * WINDOW - g.pad_top, p.x * WINDOW - g.pad_left,
                      values + i, step);
    }
    for (int i = here; i < PIXELS; i++)
        for (int k = 0; k < POINTS * in_blocks; k++) values[k * PIXELS + i] = (vec)(0.0f);

    const int tiles = (g.out_c + BLOCKS * VECTOR - 1) / (BLOCKS * VECTOR);
    const int part = get_global_id(1), parts = get_global_size(1);
    for (int tile = tiles * part / parts; tile < tiles * (part + 1) / parts; tile++) {
        vec sums[POINTS * BLOCKS * PIXELS];
        const __global weight_type *w = (const __global weight_type *)(weight + weight_offset) + (size_t)tile * POINTS * g.in_c * BLOCKS * VECTOR;
        for (int k = 0; k < POINTS; k++, w += g.in_c * BLOCKS * VECTOR)
            sum_products((const __local float *)(values + k * step), w, g.in_c, sums + k * BLOCKS * PIXELS);
        write_blocks(&g, &r, sums, tile, first);
    }
}

#elif STAGE == 1
ENTRY_OF_ONE
void winograd_inputs(RANGE const __global float *in, ulong in_offset, __global float *values, ulong values_offset,
                     long8 in_shape, long8 out_shape, long8 window) {
    const geometry g = geometry_of(in_shape, out_shape, window);
    const int group = get_global_id(0), block = get_global_id(1), in_blocks = get_global_size(1);
    const int first = group * PIXELS, step = in_blocks * PIXELS;
    __global vec *target = (__global stored *)(values + values_offset) + (size_t)group * POINTS * step + block * PIXELS;
    for (int i = 0; i < PIXELS; i++) {
        if (first + i < g.count) {
            const place p = place_of(&g, first + i);
            const __global float *plane = in + in_offset + p.n * g.in_batch_stride + block * g.in_h * g.in_w * VECTOR;
            read_tile(&g, plane, p.y * WINDOW - g.pad_top, p.x * WINDOW - g.pad_left, target + i, step);
        } else {
            for (int k = 0; k < POINTS; k++) target[k * step + i] = (vec)(0.0f);
        }
    }
}

#elif STAGE == 2
ENTRY_OF_ONE
void winograd_products(RANGE const __global float *values, ulong values_offset, const __global float *weight,
                       ulong weight_offset, __global float *sums, ulong sums_offset, int in_c) {
    const int group = get_global_id(0), column = get_global_id(1), columns = get_global_size(1);
    const int in_blocks = (in_c + VECTOR - 1) / VECTOR;
    values += values_offset + ((size_t)group * POINTS + column % POINTS) * in_blocks * PIXELS * VECTOR;
    const __global weight_type *w = (const __global weight_type *)(weight + weight_offset) + (size_t)column * in_c * BLOCKS * VECTOR;
    sum_products(values, w, in_c, (__global stored *)(sums + sums_offset) + ((size_t)group * columns + column) * BLOCKS * PIXELS);
}

#else
ENTRY_OF_ONE
void winograd_results(RANGE const __global float *sums, ulong sums_offset,
#if HAS_BIAS
                      const __global float *bias, ulong bias_offset,
#endif
#if HAS_RESIDUAL
                      const __global float *residual, ulong residual_offset, int residual_batch_stride,
#endif
                      __global float *out, ulong out_offset, long8 in_shape, long8 out_shape, long8 window,
                      int linear_channels, float slope) {
    const geometry g = geometry_of(in_shape, out_shape, window);
    results_of r;
#if HAS_BIAS
    r.bias = bias + bias_offset;
#endif
#if HAS_RESIDUAL
    r.residual = residual + residual_offset, r.residual_batch_stride = residual_batch_stride;
#endif
    r.out = out + out_offset, r.linear_channels = linear_channels, r.slope = slope;
    const int group = get_global_id(0), tile = get_global_id(1), tiles = get_global_size(1);
    const __global stored *from = (const __global stored *)(sums + sums_offset);
    write_blocks(&g, &r, from + ((size_t)group * tiles + tile) * POINTS * BLOCKS * PIXELS, tile, group * PIXELS);
}
#endif
