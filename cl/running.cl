/* running.cl: running statistics of batch normalisation. */

/* running += share * (factor * batch - running), element by element: factor makes of a batch's biased variance an unbiased one. */
__kernel void running_blend(__global float *running, __global const float *batch, __global const float *factor, float share,
                            ulong count) {
    const ulong i = get_global_id(0);
    if (i < count) running[i] += share * (factor[i] * batch[i] - running[i]);
}
