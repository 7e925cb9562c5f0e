/* linear_generic.cl: a fully connected layer, out[row, feature] = activation(sum_i in[row, i] weight[i, feature] + bias[feature]).
 *
 * A work-item makes one element of the output; global id 0 counts them, features fastest.
 *
 *     weight   [inputs][features]
 *
 * Parameters, by -D: ACTIVATION (common.cl) and
 *     HAS_BIAS   0 or 1: whether that operand is there */

ENTRY void linear_generic(RANGE const __global float *in, ulong in_offset, const __global float *weight, ulong weight_offset,
#if HAS_BIAS
                          const __global float *bias, ulong bias_offset,
#endif
                          __global float *out, ulong out_offset, int rows, int inputs, int features, int in_stride,
                          int out_stride, float slope) {
    const size_t item = get_global_id(0);
    const int row = item / features, feature = item % features;
    if (row >= rows) return;
    in += in_offset + (size_t)row * in_stride;
    weight += weight_offset + feature;
    float sum = 0.0f;
    for (int i = 0; i < inputs; i++, weight += features) sum += in[i] * *weight;
#if HAS_BIAS
    sum += bias[bias_offset + feature];
#endif
    out[out_offset + (size_t)row * out_stride + feature] = activate_scalar(sum, slope);
}
