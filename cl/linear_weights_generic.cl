/* linear_weights_generic.cl: the gradient of a fully connected layer's weight, out[feature, i] = sum_row dy[row, feature] x[row, i].
 *
 * A work-item makes one element; global id 0 counts them, inputs fastest. */

ENTRY void linear_weights_generic(RANGE const __global float *dy, ulong dy_offset, const __global float *x, ulong x_offset,
                                  __global float *out, ulong out_offset, int rows, int inputs, int features, int in_stride,
                                  int out_stride) {
    const int item = get_global_id(0), feature = item / inputs;
    if (feature >= features) return;
    dy += dy_offset + feature;
    x += x_offset + item % inputs;
    float sum = 0.0f;
    for (int row = 0; row < rows; row++, dy += out_stride, x += in_stride) sum += *dy * *x;
    out[out_offset + item] = sum;
}
