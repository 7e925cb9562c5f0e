/* spread.cl: a tensor's pixels `stride` apart, with zeros between (see common.cl for layouts):
 *
 *     out[y * stride_h][x * stride_w] = in[y][x], zeros elsewhere
 *
 * spread_generic: between any two layouts; a work-item an element of the output's memory (VECTOR is 1). spread_rows: blocks of VECTOR;
 * a work-item takes `count` rows of a block, counted block after block, image after image.
 *
 * Parameters, by -D: VECTOR */

#if VECTOR == 1
ENTRY void spread_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total,
                          int channels, int in_block, int out_block, int in_h, int in_w, int out_h, int out_w, int stride_h,
                          int stride_w, int in_batch_stride, int out_batch_stride) {
    const int i = get_global_id(0);
    if (i >= total) return;
    const int image = (channels + out_block - 1) / out_block * out_block * out_h * out_w, n = i / image, at = i % image;
    const int x = at / out_block % out_w, y = at / out_block / out_w % out_h;
    const int c = at / out_block / out_w / out_h * out_block + at % out_block;
    const int in_x = x / stride_w, in_y = y / stride_h;
    const bool lands = in_x * stride_w == x && in_y * stride_h == y && in_x < in_w && in_y < in_h && c < channels;
    in += in_offset + n * in_batch_stride;
    out[out_offset + n * out_batch_stride + at] =
        lands ? in[((c / in_block * in_h + in_y) * in_w + in_x) * in_block + c % in_block] : 0.0f;
}
#else
ENTRY_OF_ONE
void spread_rows(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int count,
                 int blocks, int in_h, int in_w, int out_h, int out_w, int stride_h, int stride_w, int in_batch_stride,
                 int out_batch_stride) {
    const int first = get_global_id(0) * count, last = min(first + count, total);
    for (int row = first; row < last; row++) {
        const int y = row % out_h, block = row / out_h % blocks, n = row / out_h / blocks, in_y = y / stride_h;
        __global float *target = out + out_offset + n * out_batch_stride + (size_t)(block * out_h + y) * out_w * VECTOR;
        for (int x = 0; x < out_w; x++) vec_store((vec)(0.0f), target + x * VECTOR);
        if (in_y * stride_h != y || in_y >= in_h) continue;
        const __global float *source = in + in_offset + n * in_batch_stride + (size_t)(block * in_h + in_y) * in_w * VECTOR;
        for (int x = 0; x < in_w && x * stride_w < out_w; x++)
            vec_store(vec_load(source + x * VECTOR), target + x * stride_w * VECTOR);
    }
}
#endif
