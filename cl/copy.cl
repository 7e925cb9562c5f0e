/* copy.cl: a box of dimensions from one place to another, with a constant where the source ends.
 *
 *     out[i] = in[sum over d of (i_d - low_d) * in_stride_d] where 0 <= i_d - low_d < in_dims_d for all d, else value
 *
 * copy_generic: a work-item an element (VECTOR is 1). copy_runs: a work-item takes `count` runs of `run` elements along the last
 * dimension, which are in_step apart in the source and out_step in the target:
 *
 *     row 0   [run 0][run 1] .. [rest]          row: an index of all dimensions but the last
 *     row 1   [run 0][run 1] .. [rest]
 *
 * Parameters, by -D:
 *     RANK    of the box; copy_generic only
 *     DENSE   1: both steps are 1; 0: they may be any; copy_runs only
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

#if DENSE
#define IN_STEP  1
#define OUT_STEP 1
#else
#define IN_STEP  in_step
#define OUT_STEP out_step
#endif

static inline void fill(__global float *target, int first, int last, int step, float value) {
    for (int i = first; i < last; i++) target[i * step] = value;
}

ENTRY_OF_ONE
void copy_runs(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total, int count,
               int runs, int run, int length, int in_length, int in_low, int in_step, int out_step, int rank, int in_start,
               int out_start, long8 dims, long8 in_dims, long8 low, long8 in_strides, long8 out_strides, float value) {
    int begin = get_global_id(0) * count, end = min(begin + count, total);
    for (int unit = begin; unit < end; unit++) {
        int row = unit / runs, first = unit % runs * run, last = min(first + run, length);
        __global float *target = out + out_offset + out_start + box_offset(row, rank - 1, dims, out_strides);
        int offset = source_offset(row, rank - 1, dims, in_dims, low, in_strides);
        if (offset < 0) {
            fill(target, first, last, OUT_STEP, value);
            continue;
        }
        const __global float *source = in + in_offset + in_start + offset;
        int inner_first = clamp(in_low, first, last), inner_last = clamp(in_low + in_length, inner_first, last);
        fill(target, first, inner_first, OUT_STEP, value);
        int i = inner_first;
#if DENSE
        for (; i + VECTOR <= inner_last; i += VECTOR) vec_store(vec_load(source + (i - in_low)), target + i);
#endif
        for (; i < inner_last; i++) target[i * OUT_STEP] = source[(i - in_low) * IN_STEP];
        fill(target, inner_last, last, OUT_STEP, value);
    }
}
#endif
