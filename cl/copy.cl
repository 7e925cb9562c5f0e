/* copy.cl: a box of dimensions from one place to another, with a constant where the source ends.
 *
 *     out[i] = in[sum over d of (i_d - low_d) * in_stride_d] where 0 <= i_d - low_d < in_dims_d for all d, else value
 *
 * copy_generic: a work-item an element (VECTOR is 1). copy_runs: along the last dimension both sides are dense; a work-item takes
 * `count` runs of `run` elements:
 *
 *     row 0   [run 0][run 1] .. [rest]          row: an index of all dimensions but the last
 *     row 1   [run 0][run 1] .. [rest]
 *
 * Parameters, by -D:
 *     RANK    of the box; copy_generic only
 *     VECTOR */

/* The source of element or row `index`, or negative where there is none. */
static inline int source_offset(int index, int rank, long8 dims, long8 in_dims, long8 low, long8 in_strides) {
    long dim[8], in_dim[8], lows[8], stride[8];
    vstore8(dims, 0, dim);
    vstore8(in_dims, 0, in_dim);
    vstore8(low, 0, lows);
    vstore8(in_strides, 0, stride);
    int offset = 0;
    bool inside = true;
    for (int d = rank - 1; d >= 0; d--) {
        int i = index % (int)dim[d] - (int)lows[d];
        index /= (int)dim[d];
        inside = inside && 0 <= i && i < (int)in_dim[d];
        offset += i * (int)stride[d];
    }
    return inside ? offset : -1;
}

#if VECTOR == 1
ENTRY void copy_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int in_start,
                        int out_start, long8 dims, long8 in_dims, long8 low, long8 in_strides, long8 out_strides, float value) {
    int i = get_global_id(0);
    if (i >= total) return;
    int source = source_offset(i, RANK, dims, in_dims, low, in_strides);
    out[out_offset + out_start + box_offset(i, RANK, dims, out_strides)] = source < 0 ? value : in[in_offset + in_start + source];
}
#else

static inline void fill(__global float *target, int first, int last, float value) {
    for (int i = first; i < last; i++) target[i] = value;
}

ENTRY_OF_ONE
void copy_runs(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int count,
               int runs, int run, int length, int in_length, int in_low, int rank, int in_start, int out_start, long8 dims,
               long8 in_dims, long8 low, long8 in_strides, long8 out_strides, float value) {
    int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        int row = unit / runs, first = unit % runs * run, last = min(first + run, length);
        __global float *target = out + out_offset + out_start + box_offset(row, rank - 1, dims, out_strides);
        int offset = source_offset(row, rank - 1, dims, in_dims, low, in_strides);
        if (offset < 0) {
            fill(target, first, last, value);
            continue;
        }
        const __global float *source = in + in_offset + in_start + offset;
        int inner_first = clamp(in_low, first, last), inner_last = clamp(in_low + in_length, inner_first, last);
        fill(target, first, inner_first, value);
        int i = inner_first;
        for (; i + VECTOR <= inner_last; i += VECTOR) vec_store(vec_load(source + (i - in_low)), target + i);
        for (; i < inner_last; i++) target[i] = source[i - in_low];
        fill(target, inner_last, last, value);
    }
}
#endif
