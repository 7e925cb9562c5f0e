/* speed.cl: what a device can do at most, for the cost model. Every group is of one work-item.
 *
 *   speed_peak    SUMS running sums of VECTOR floats, `steps` products each: no memory, no waiting for results
 *   speed_stream  group g copies `length` vectors from where its share begins
 *   speed_nothing a launch without work
 *
 * SUMS comes by -D from src/rt/speed.c. */

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void speed_peak(__global float *out, int steps, float factor) {
    vec sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = (vec)(factor + (float)i);
    for (int step = 0; step < steps; step++)
#pragma unroll
        for (int i = 0; i < SUMS; i++) sums[i] = fma(sums[i], (vec)(factor), (vec)(factor));
    vec sum = (vec)(0.0f);
    for (int i = 0; i < SUMS; i++) sum += sums[i];
    vec_store(sum, out + get_global_id(0) * VECTOR);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void speed_stream(__global const float *in, __global float *out,
                                                                         int length) {
    const size_t first = get_global_id(0) * (size_t)length;
    for (int i = 0; i < length; i++) vec_store(vec_load(in + (first + i) * VECTOR), out + (first + i) * VECTOR);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void speed_nothing(__global float *out) {
    if (get_global_size(0) == 0) out[0] = 0.0f;
}
