/* conv2d_grouped.cl: depthwise convolution, and others in narrow groups, between blocked tensors on CPUs whose vector is one block of
 * channels.
 *
 * A group has GROUP channels, in and out, and GROUP divides VECTOR: a block of outputs is made from the block of inputs in the same
 * place. A product is of whole vectors, GROUP for each tap, for which each lane gets one channel of its group after the other:
 *
 *     inputs            a b c d | e f g h         GROUP 4
 *     1st product       a a a a | e e e e         by weights of inputs a and e
 *     2nd product       b b b b | f f f f         by weights of inputs b and f, ..
 *
 * Of depthwise convolutions GROUP is 1. A work-item makes `rows` output rows, one after the other, which share inputs in the core's
 * cache; global id 0 counts runs of rows, through the blocks and images. Of a row PIXELS neighbours are made at a time and kept in
 * registers, but for those that see beyond the image's sides and the rest of the row, which are made one by one.
 *
 *     weight   [block][kernel_h][kernel_w][GROUP][VECTOR], as WEIGHTS says, zeros in the padding lanes
 *     bias     [block][VECTOR]
 *
 * Parameters, by -D: VECTOR, ACTIVATION (common.cl) and
 *     GROUP, PIXELS            as above
 *     STRIDE                   stride_w, so that the sums' addresses are known at build time
 *     HAS_BIAS, HAS_RESIDUAL   0 or 1: whether those two operands are there */

#define UNROLL _Pragma("unroll")

/* Lane l gets channel i of the group it is in. */
static inline vec channel_of_group(vec x, int i) {
#if GROUP == 1
    return x;
#else
    vec picked;
    UNROLL for (int l = 0; l < VECTOR; l++) picked[l] = x[l / GROUP * GROUP + i];
    return picked;
#endif
}

/* Where a row of outputs finds its inputs. */
typedef struct {
    const __global float *plane; /* of the block of channels */
    const __global weight_type *weight; /* likewise */
    int in_h, in_w;
    int source_y; /* of the kernel's first row, maybe in the padding */
    int kernel_h, kernel_w, dilation_h, dilation_w, pad_left;
} source_rows;

/* Adds the products of PIXELS neighbours with one tap. */
static inline void add_products(vec sums[PIXELS], const __global float *source, const __global weight_type *weight) {
    vec w[GROUP];
    UNROLL for (int i = 0; i < GROUP; i++) w[i] = weight_load(weight + i * VECTOR);
    UNROLL for (int p = 0; p < PIXELS; p++) {
        const vec inputs = vec_load(source + p * STRIDE * VECTOR);
        UNROLL for (int i = 0; i < GROUP; i++) sums[p] = channel_of_group(inputs, i) * w[i] + sums[p];
    }
}

/* The sums of PIXELS outputs from x on, none of which sees anything beyond the image's sides. */
static inline void sum_tile(const source_rows *r, int x, vec sums[PIXELS]) {
    UNROLL for (int p = 0; p < PIXELS; p++) sums[p] = (vec)(0.0f);
    const __global weight_type *weight = r->weight;
    for (int kh = 0; kh < r->kernel_h; kh++, weight += r->kernel_w * GROUP * VECTOR) {
        const int y = r->source_y + kh * r->dilation_h;
        if (y < 0 || y >= r->in_h) continue;
        const __global float *source = r->plane + (y * r->in_w + x * STRIDE - r->pad_left) * VECTOR;
        for (int kw = 0; kw < r->kernel_w; kw++)
            add_products(sums, source + kw * r->dilation_w * VECTOR, weight + kw * GROUP * VECTOR);
    }
}

/* The same wherever the outputs lie. */
static inline void sum_edge_tile(const source_rows *r, int x, vec sums[PIXELS]) {
    UNROLL for (int p = 0; p < PIXELS; p++) sums[p] = (vec)(0.0f);
    for (int kh = 0; kh < r->kernel_h; kh++) {
        const int y = r->source_y + kh * r->dilation_h;
        if (y < 0 || y >= r->in_h) continue;
        for (int kw = 0; kw < r->kernel_w; kw++) {
            const __global weight_type *weight = r->weight + (kh * r->kernel_w + kw) * GROUP * VECTOR;
            const int first = x * STRIDE - r->pad_left + kw * r->dilation_w;
            vec w[GROUP];
            UNROLL for (int i = 0; i < GROUP; i++) w[i] = weight_load(weight + i * VECTOR);
            UNROLL for (int p = 0; p < PIXELS; p++) {
                const int source_x = first + p * STRIDE;
                if (source_x < 0 || source_x >= r->in_w) continue;
                const vec inputs = vec_load(r->plane + (y * r->in_w + source_x) * VECTOR);
                UNROLL for (int i = 0; i < GROUP; i++) sums[p] = channel_of_group(inputs, i) * w[i] + sums[p];
            }
        }
    }
}

/* What a row of outputs ends with. */
typedef struct {
    vec bias;
    ivec lanes; /* those that are channels, not padding */
    const __global float *residual;
    __global float *out;
    bool is_linear; /* goes without the activation */
    float slope;
} finish;

static inline void write_pixel(const finish *f, int x, vec sum) {
    sum += f->bias;
#if HAS_RESIDUAL
    sum += vec_load(f->residual + x * VECTOR);
#endif
    if (!f->is_linear) sum = activate(sum, f->slope);
    vec_store(select((vec)(0.0f), sum, f->lanes), f->out + x * VECTOR);
}

/* in_shape and out_shape: n, c, h, w, block, batch_stride. window: kernel, stride, dilation (h, w each), pad_top, pad_left.
 * linear_channels: the first so many go without the activation; whole blocks. */
ENTRY_OF_ONE
void conv2d_grouped(RANGE const __global float *in, ulong in_offset, const __global float *weight, ulong weight_offset,
#if HAS_BIAS
                    const __global float *bias, ulong bias_offset,
#endif
#if HAS_RESIDUAL
                    const __global float *residual, ulong residual_offset, int residual_batch_stride,
#endif
                    __global float *out, ulong out_offset, long8 in_shape, long8 out_shape, long8 window,
                    int linear_channels, float slope, int rows) {
    const int in_h = in_shape.s2, in_w = in_shape.s3, in_batch_stride = in_shape.s5;
    const int images = out_shape.s0, out_c = out_shape.s1, out_h = out_shape.s2, out_w = out_shape.s3;
    const int out_batch_stride = out_shape.s5;
    const int kernel_h = window.s0, kernel_w = window.s1, stride_h = window.s2;
    const int dilation_h = window.s4, dilation_w = window.s5, pad_top = window.s6, pad_left = window.s7;
    const int blocks = (out_c + VECTOR - 1) / VECTOR, total = images * blocks * out_h;
    /* The outputs that see nothing beyond the image's sides. */
    const int reach = (kernel_w - 1) * dilation_w, last_x = in_w - 1 - reach + pad_left;
    const int first_inside = min((pad_left + STRIDE - 1) / STRIDE, out_w);
    const int end_inside = last_x < 0 ? first_inside : clamp(last_x / STRIDE + 1, first_inside, out_w);

    const int begin = get_global_id(0) * rows, end = min(begin + rows, total);
    for (int row = begin; row < end; row++) {
        const int y = row % out_h, block = row / out_h % blocks, n = row / out_h / blocks;
        const int channel = block * VECTOR, place = (channel * out_h + y * VECTOR) * out_w;
        source_rows r;
        r.plane = in + in_offset + n * in_batch_stride + channel * in_h * in_w;
        r.weight = (const __global weight_type *)(weight + weight_offset) + block * kernel_h * kernel_w * GROUP * VECTOR;
        r.in_h = in_h, r.in_w = in_w, r.source_y = y * stride_h - pad_top;
        r.kernel_h = kernel_h, r.kernel_w = kernel_w, r.dilation_h = dilation_h, r.dilation_w = dilation_w;
        r.pad_left = pad_left;
        finish f;
        f.lanes = vec_first(out_c - channel);
        f.out = out + out_offset + n * out_batch_stride + place;
        f.is_linear = channel < linear_channels;
        f.slope = slope;
        f.bias = (vec)(0.0f);
#if HAS_BIAS
        f.bias = vec_load(bias + bias_offset + channel);
#endif
#if HAS_RESIDUAL
        f.residual = residual + residual_offset + n * residual_batch_stride + place;
#endif
        for (int begin_x = 0; begin_x < out_w; begin_x += PIXELS) {
            const int x = max(min(begin_x, out_w - PIXELS), 0), here = min(PIXELS, out_w);
            vec sums[PIXELS];
            if (x >= first_inside && x + PIXELS <= end_inside)
                sum_tile(&r, x, sums);
            else
                sum_edge_tile(&r, x, sums);
            UNROLL for (int p = 0; p < PIXELS; p++)
                if (p < here) write_pixel(&f, x + p, sums[p]);
        }
    }
}
