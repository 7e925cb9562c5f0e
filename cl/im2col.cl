/* im2col.cl: the pixels under each place of a convolution's window, as columns of a matrix, of plain images.
 *
 *     columns   [n][in_c][kernel_h][kernel_w][out_h][out_w], zeros where the window hangs over the image
 *
 * A work-item makes one element; global id 0 counts them in the order of memory. */

/* in_shape and out_shape: n, c, h, w, block, batch_stride. window: kernel, stride, dilation (h, w each), pad_top, pad_left. */
ENTRY void im2col(RANGE const __global float *in, ulong in_offset, __global float *columns, ulong columns_offset, long8 in_shape,
                  long8 out_shape, long8 window) {
    const int images = in_shape.s0, in_c = in_shape.s1, in_h = in_shape.s2, in_w = in_shape.s3, in_batch_stride = in_shape.s5;
    const int out_h = out_shape.s2, out_w = out_shape.s3;
    const int kernel_h = window.s0, kernel_w = window.s1, stride_h = window.s2, stride_w = window.s3;
    const int dilation_h = window.s4, dilation_w = window.s5, pad_top = window.s6, pad_left = window.s7;

    const size_t item = get_global_id(0);
    size_t rest = item;
    const int x = rest % out_w;
    rest /= out_w;
    const int y = rest % out_h;
    rest /= out_h;
    const int kw = rest % kernel_w;
    rest /= kernel_w;
    const int kh = rest % kernel_h;
    rest /= kernel_h;
    const int c = rest % in_c, n = rest / in_c;
    if (n >= images) return;

    const int source_y = y * stride_h - pad_top + kh * dilation_h, source_x = x * stride_w - pad_left + kw * dilation_w;
    const bool inside = source_y >= 0 && source_y < in_h && source_x >= 0 && source_x < in_w;
    in += in_offset + n * in_batch_stride;
    columns[columns_offset + item] = inside ? in[(c * in_h + source_y) * in_w + source_x] : 0.0f;
}
