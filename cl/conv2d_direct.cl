/* conv2d_direct.cl: direct convolution into blocked tensors on CPUs, whose vector is one block of channels.
 *
 * A work-item makes a tile of PIXELS neighbouring pixels of one row by BLOCKS blocks of output channels, and keeps its sums in
 * registers: PIXELS * BLOCKS vectors, beside BLOCKS vectors of weights and one of input.
 *
 *     global id 0   place in a slab: the places, tiles of PIXELS in each row, are counted row by row, and cut into slabs whose inputs
 *                   stay in the cache while all tiles of blocks are made from them; those behind the last make nothing
 *     global id 1   tile of blocks
 *     global id 2   image * slabs + slab
 *
 *     weight   [tile of blocks][input block][kernel_h][kernel_w][channel][BLOCKS][VECTOR], read from front to back; the last
 *              input block has as many channels as are left. Of a plain input every channel is a block.
 *              as WEIGHTS says
 *     bias     [blocks rounded up to BLOCKS][VECTOR]
 *
 * METHOD says where the sums find their inputs:
 *
 *   IMAGE   in the blocked image itself. For kernels one pixel wide without padding or stride to the sides and rows of at least
 *           PIXELS pixels: the last tile starts early enough to end with the row, and leaves out what its neighbour stores.
 *   LINE    in a private line: for each row of the kernel, the pixels that the tile needs are copied there, with zeros beyond
 *           the image's edges, so that the sums need no conditions. The copy also undoes the stride: the pixels x,
 *           x + stride_w, .. lie side by side, and the stride_w phases follow each other `pitch` pixels apart.
 *               stride_w 2, pixels  a b c d e f g  ->  a c e g | b d f .
 *           So strides and dilations take no time in the sums, and no program of their own. The last tile may hang over.
 *   PLANE   in a private line of floats of one channel: for plain inputs, that is, first layers. The last tile may hang over.
 *
 * Parameters, by -D: VECTOR, ACTIVATION (common.cl) and
 *     METHOD           0 IMAGE, 1 LINE, 2 PLANE
 *     PIXELS, BLOCKS   the tile
 *     STRIDE           PLANE: stride_w, so that the sums' addresses are known at build time
 *     SPACE            elements of the private line: pixels (LINE) or floats (PLANE)
 *     HAS_BIAS, HAS_RESIDUAL   0 or 1: whether those two operands are there */

#define IMAGE 0
#define LINE  1
#define PLANE 2

#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

#if METHOD == IMAGE
#define SOURCE __global
#else
#define SOURCE __private
#endif
#if METHOD == PLANE
#define DISTANCE STRIDE /* from one output pixel's input to the next one's */
#else
#define DISTANCE VECTOR
#endif

/* Adds `count` products to each sum: the weights lie one after the other, a pixel's inputs `step` apart. */
static inline void add_products(vec sums[BLOCKS][PIXELS], const SOURCE float *source, int step, const __global weight_type *weight,
                                int count) {
    ROLLED for (int i = 0; i < count; i++) {
        vec w[BLOCKS];
        UNROLL for (int b = 0; b < BLOCKS; b++) {
            w[b] = weight_load(weight + b * VECTOR);
            fetch_ahead(weight + b * VECTOR);
        }
        UNROLL for (int p = 0; p < PIXELS; p++) {
            vec x = (vec)(source[p * DISTANCE]);
            UNROLL for (int b = 0; b < BLOCKS; b++) sums[b][p] = x * w[b] + sums[b][p];
        }
        source += step;
        weight += BLOCKS * VECTOR;
    }
}

#if METHOD == LINE
/* Fills the line with the row's pixels from `first` on, in phases of `stride`; zeros where there are none. */
static inline void copy_pixels(vec *line, int pitch, const __global float *row, int width, int first, int stride) {
    for (int phase = 0; phase < stride; phase++) {
        int x = first + phase;
        for (int i = phase * pitch; i < (phase + 1) * pitch; i++, x += stride)
            line[i] = x >= 0 && x < width ? vec_load(row + x * VECTOR) : (vec)(0.0f);
    }
}
#elif METHOD == PLANE
/* Copies `count` floats, a vector at a time; the last vector ends with the last float. */
static inline void copy_floats(float *line, const __global float *row, int count) {
    if (count < VECTOR) {
        ROLLED for (int i = 0; i < count; i++) line[i] = row[i];
    } else {
        ROLLED for (int i = 0; i < count; i += VECTOR) {
            int at = min(i, count - VECTOR);
            vec_store_private(vec_load(row + at), line + at);
        }
    }
}
#endif

/* in_shape and out_shape: n, c, h, w, block, batch_stride. window: kernel, stride, dilation (h, w each), pad_top, pad_left.
 * linear_channels: the first so many go without the activation; whole blocks. group_tiles: tiles of blocks in a group; in_shape has the
 * input channels of one group, whole blocks where there are several. */
ENTRY_OF_ONE
void conv2d_direct(RANGE const __global float *in, ulong in_offset, const __global float *weight, ulong weight_offset,
#if HAS_BIAS
                   const __global float *bias, ulong bias_offset,
#endif
#if HAS_RESIDUAL
                   const __global float *residual, ulong residual_offset, int residual_batch_stride,
#endif
                   __global float *out, ulong out_offset, long8 in_shape, long8 out_shape, long8 window,
                   int linear_channels, float slope, int group_tiles) {
    const int in_c = in_shape.s1, in_h = in_shape.s2, in_w = in_shape.s3, in_batch_stride = in_shape.s5;
    const int out_c = out_shape.s1, out_h = out_shape.s2, out_w = out_shape.s3, out_batch_stride = out_shape.s5;
    const int kernel_h = window.s0, kernel_w = window.s1, stride_h = window.s2, stride_w = window.s3;
    const int dilation_h = window.s4, dilation_w = window.s5, pad_top = window.s6, pad_left = window.s7;

    const int row_tiles = (out_w + PIXELS - 1) / PIXELS, slab = get_global_size(0);
    const int slabs = (row_tiles * out_h + slab - 1) / slab;
    const int n = get_global_id(2) / slabs, tile = get_global_id(1);
    const int place = get_global_id(2) % slabs * slab + get_global_id(0);
    if (place >= row_tiles * out_h) return;
    const int y = place / row_tiles;
    int x = place % row_tiles * PIXELS, first_stored = 0;
#if METHOD == IMAGE
    if (x > out_w - PIXELS) {
        first_stored = x - (out_w - PIXELS);
        x = out_w - PIXELS;
    }
#endif

    vec sums[BLOCKS][PIXELS];
    UNROLL for (int b = 0; b < BLOCKS; b++) UNROLL for (int p = 0; p < PIXELS; p++) sums[b][p] = (vec)(0.0f);

#if HAS_RESIDUAL
    /* What the sums end with comes from far away, a block's pixels here and the next one's there: it is asked for now. */
    const __global float *added = residual + residual_offset + n * residual_batch_stride;
    UNROLL for (int b = 0; b < BLOCKS; b++) UNROLL for (int p = 0; p < PIXELS; p++)
        fetch(added + ((size_t)((tile * BLOCKS + b) * out_h + y) * out_w + x + p) * VECTOR);
#endif

    const int source_x = x * stride_w - pad_left; /* in the image, of the tile's first input */
#if METHOD == LINE
    vec line[SPACE];
    const int pitch = PIXELS + (kernel_w - 1) * dilation_w / stride_w;
    const int tap_phases = dilation_w % stride_w, tap_pixels = dilation_w / stride_w; /* from one tap to the next in the line */
#elif METHOD == PLANE
    float line[SPACE];
    const int needed = (PIXELS - 1) * STRIDE + (kernel_w - 1) * dilation_w + 1;
    const int low = max(0, -source_x), high = min(needed, in_w - source_x);
    for (int i = 0; i < needed; i++) line[i] = 0.0f;
#endif

#if METHOD == PLANE
    const int in_block = 1;
#else
    const int in_block = VECTOR;
#endif
    in += in_offset + n * in_batch_stride + tile / group_tiles * in_c * in_h * in_w;
    const __global weight_type *taps = (const __global weight_type *)(weight + weight_offset);
    taps += (size_t)tile * in_c * kernel_h * kernel_w * BLOCKS * VECTOR;
    for (int c = 0; c < in_c; c += in_block, in += in_h * in_w * in_block) {
        const int channels = min(in_block, in_c - c);
        for (int kh = 0; kh < kernel_h; kh++, taps += kernel_w * channels * BLOCKS * VECTOR) {
            const int source_y = y * stride_h - pad_top + kh * dilation_h;
            if (source_y < 0 || source_y >= in_h) continue;
            const __global float *row = in + source_y * in_w * in_block;
#if METHOD == IMAGE
            /* the next block's inputs, a plane away: too far for the core to find by itself */
            UNROLL for (int p = 0; p < PIXELS; p++) fetch(row + (in_h * in_w + x + p) * VECTOR);
            add_products(sums, row + x * VECTOR, 1, taps, channels);
#elif METHOD == LINE
            copy_pixels(line, pitch, row, in_w, source_x, stride_w);
            for (int kw = 0, phase = 0, pixel = 0; kw < kernel_w; kw++) {
                add_products(sums, (const float *)(line + phase * pitch + pixel), 1,
                             taps + kw * channels * BLOCKS * VECTOR, channels);
                phase += tap_phases;
                pixel += tap_pixels;
                if (phase >= stride_w) {
                    phase -= stride_w;
                    pixel++;
                }
            }
#else
            copy_floats(line + low, row + source_x + low, high - low);
            add_products(sums, line, dilation_w, taps, kernel_w);
#endif
        }
    }

    UNROLL for (int b = 0; b < BLOCKS; b++) {
        const int block = tile * BLOCKS + b, lanes = out_c - block * VECTOR;
        if (lanes <= 0) break;
        vec base = (vec)(0.0f);
#if HAS_BIAS
        base = vec_load(bias + bias_offset + block * VECTOR);
#endif
        UNROLL for (int p = 0; p < PIXELS; p++) {
            if (p < first_stored || x + p >= out_w) continue;
            const size_t at = ((size_t)(block * out_h + y) * out_w + x + p) * VECTOR;
            vec sum = sums[b][p] + base;
#if HAS_RESIDUAL
            sum += vec_load(added + at);
#endif
            if (block * VECTOR >= linear_channels) sum = activate(sum, slope);
            vec_store(select((vec)(0.0f), sum, vec_first(lanes)), out + out_offset + n * out_batch_stride + at);
        }
    }
}
