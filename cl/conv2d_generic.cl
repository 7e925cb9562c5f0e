/* conv2d_generic.cl: convolution between any two layouts.
 *
 * A work-item makes one element of the output; global id 0 counts them in the order of memory (padding lanes included), image
 * after image.
 *
 *     weight   [in_c / groups][kernel_h][kernel_w][out_c]
 *     bias     [out_c]
 *
 * Parameters, by -D: ACTIVATION (common.cl) and
 *     HAS_BIAS, HAS_RESIDUAL   0 or 1: whether those two operands are there */

/* in_shape and out_shape: n, c, h, w, block, batch_stride. window: kernel, stride, dilation (h, w each), pad_top, pad_left.
 * linear_channels: the first so many go without the activation. */
ENTRY void conv2d_generic(RANGE int groups, const __global float *in, ulong in_offset, const __global float *weight,
                          ulong weight_offset,
#if HAS_BIAS
                          const __global float *bias, ulong bias_offset,
#endif
#if HAS_RESIDUAL
                          const __global float *residual, ulong residual_offset, int residual_batch_stride,
#endif
                          __global float *out, ulong out_offset, long8 in_shape, long8 out_shape, long8 window,
                          int linear_channels, float slope) {
    const int in_c = in_shape.s1, in_h = in_shape.s2, in_w = in_shape.s3, in_block = in_shape.s4, in_batch_stride = in_shape.s5;
    const int images = out_shape.s0, out_c = out_shape.s1, out_h = out_shape.s2, out_w = out_shape.s3, out_block = out_shape.s4;
    const int out_batch_stride = out_shape.s5;
    const int kernel_h = window.s0, kernel_w = window.s1, stride_h = window.s2, stride_w = window.s3;
    const int dilation_h = window.s4, dilation_w = window.s5, pad_top = window.s6, pad_left = window.s7;

    const int image = (out_c + out_block - 1) / out_block * out_block * out_h * out_w;
    const size_t item = get_global_id(0);
    const int n = item / image, at = item % image;
    if (n >= images) return;
    const int lane = at % out_block, x = at / out_block % out_w, y = at / out_block / out_w % out_h;
    const int c = at / out_block / out_w / out_h * out_block + lane;
    out += out_offset + n * out_batch_stride + at;
    if (c >= out_c) {
        *out = 0.0f;
        return;
    }

    const int group_in = in_c / groups, first = c / (out_c / groups) * group_in;
    in += in_offset + n * in_batch_stride;
    weight += weight_offset + c;
    float sum = 0.0f;
    for (int i = first; i < first + group_in; i++) {
        const __global float *plane = in + (size_t)(i / in_block) * in_h * in_w * in_block + i % in_block;
        for (int kh = 0; kh < kernel_h; kh++) {
            const int source_y = y * stride_h - pad_top + kh * dilation_h;
            for (int kw = 0; kw < kernel_w; kw++, weight += out_c) {
                const int source_x = x * stride_w - pad_left + kw * dilation_w;
                if (source_y >= 0 && source_y < in_h && source_x >= 0 && source_x < in_w)
                    sum += plane[(source_y * in_w + source_x) * in_block] * *weight;
            }
        }
    }
#if HAS_BIAS
    sum += bias[bias_offset + c];
#endif
#if HAS_RESIDUAL
    sum += residual[residual_offset + n * residual_batch_stride + at];
#endif
    *out = c < linear_channels ? sum : activate_scalar(sum, slope);
}
