/* epilogue.cl: what follows a matrix product: out = activation(out + bias + residual), in place, on a plain tensor. The
 * first `linear_channels` go without the activation.
 *
 * A work-item makes one element; global id 0 counts them in the order of memory, image after image.
 *
 * Parameters, by -D: ACTIVATION (common.cl) and
 *     HAS_BIAS, HAS_RESIDUAL   0 or 1: whether those two operands are there */

ENTRY void epilogue(RANGE
#if HAS_BIAS
    const __global float *bias, ulong bias_offset,
#endif
#if HAS_RESIDUAL
    const __global float *residual, ulong residual_offset, int residual_batch_stride,
#endif
    __global float *out, ulong out_offset, int images, int channels, int pixels, int batch_stride,
    int linear_channels, float slope) {
    const size_t item = get_global_id(0);
    const int image = channels * pixels, n = item / image, at = item % image;
    if (n >= images) return;
    out += out_offset + n * batch_stride + at;
    float sum = *out;
#if HAS_BIAS
    sum += bias[bias_offset + at / pixels];
#endif
#if HAS_RESIDUAL
    sum += residual[residual_offset + n * residual_batch_stride + at];
#endif
    *out = at / pixels < linear_channels ? sum : activate_scalar(sum, slope);
}
