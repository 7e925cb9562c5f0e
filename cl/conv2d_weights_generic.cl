/* conv2d_weights_generic.cl: the gradient of a convolution's weight, from dy and x in any two layouts.
 *
 * A work-item makes one element of the result, dense [out_c][in_c / groups][kernel_h][kernel_w], which global id 0 counts. Sums are
 * taken of a row, then of an image, then of all, so that rounding does not grow with the number of pixels. */

/* in_shape and out_shape, of x and dy: n, c, h, w, block, batch_stride. window: kernel, stride, dilation (h, w each), pad_top,
 * pad_left. */
ENTRY void conv2d_weights_generic(RANGE const __global float *dy, ulong dy_offset, const __global float *x, ulong x_offset,
                                  __global float *out, ulong out_offset, long8 in_shape, long8 out_shape, long8 window,
                                  int groups) {
    const int in_c = in_shape.s1, in_h = in_shape.s2, in_w = in_shape.s3, in_block = in_shape.s4, in_batch_stride = in_shape.s5;
    const int images = out_shape.s0, out_c = out_shape.s1, out_h = out_shape.s2, out_w = out_shape.s3, out_block = out_shape.s4;
    const int out_batch_stride = out_shape.s5;
    const int kernel_h = window.s0, kernel_w = window.s1, stride_h = window.s2, stride_w = window.s3;
    const int dilation_h = window.s4, dilation_w = window.s5, pad_top = window.s6, pad_left = window.s7;

    const int item = get_global_id(0), group_in = in_c / groups;
    const int kw = item % kernel_w, kh = item / kernel_w % kernel_h, i = item / kernel_w / kernel_h % group_in;
    const int o = item / kernel_w / kernel_h / group_in;
    if (o >= out_c) return;
    const int c = o / (out_c / groups) * group_in + i;
    dy += dy_offset + (size_t)(o / out_block) * out_h * out_w * out_block + o % out_block;
    x += x_offset + (size_t)(c / in_block) * in_h * in_w * in_block + c % in_block;

    float total = 0.0f;
    for (int n = 0; n < images; n++, dy += out_batch_stride, x += in_batch_stride) {
        float image = 0.0f;
        for (int out_y = 0; out_y < out_h; out_y++) {
            const int in_y = out_y * stride_h - pad_top + kh * dilation_h;
            if (in_y < 0 || in_y >= in_h) continue;
            float row = 0.0f;
            for (int out_x = 0; out_x < out_w; out_x++) {
                const int in_x = out_x * stride_w - pad_left + kw * dilation_w;
                if (in_x >= 0 && in_x < in_w)
                    row += dy[(out_y * out_w + out_x) * out_block] * x[(in_y * in_w + in_x) * in_block];
            }
            image += row;
        }
        total += image;
    }
    out[out_offset + item] = total;
}
