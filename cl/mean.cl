/* mean.cl: out[i] = mean over a box of REDUCE_RANK dimensions of what begins at in[i]; i in a box of RANK dimensions.
 *
 * mean_generic: a work-item an output element.
 *
 * Parameters, by -D: RANK, REDUCE_RANK */

ENTRY void mean_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int length,
                        long8 dims, long8 in_strides, long8 out_strides, long8 reduce_dims, long8 reduce_strides) {
    int i = get_global_id(0);
    if (i >= total) return;
    in += in_offset + box_offset(i, RANK, dims, in_strides);
    float sum = 0.0f;
    for (int j = 0; j < length; j++) sum += in[box_offset(j, REDUCE_RANK, reduce_dims, reduce_strides)];
    out[out_offset + box_offset(i, RANK, dims, out_strides)] = sum / (float)length;
}
