/* reorder.cl: a tensor from one layout to another (see common.cl).
 *
 *     plain [c][pixel]                              blocked [c / block][pixel][c % block]
 *     c 0   p0 p1 p2 p3 ..                          p0 (c0 c1 c2 c3)
 *     c 1   p0 p1 p2 p3 ..          <- tile ->      p1 (c0 c1 c2 c3)
 *     c 2   p0 p1 p2 p3 ..                          p2 (c0 c1 c2 c3)
 *     c 3   p0 p1 p2 p3 ..                          p3 (c0 c1 c2 c3)
 *
 * reorder_generic: between any two layouts; a work-item an element of the output's memory (VECTOR is 1). reorder_tiles: plain to
 * blocks of VECTOR (TO_BLOCKS 1) or back (0); a work-item takes a run of `run` pixels of one block, VECTOR x VECTOR elements at
 * a time, which it transposes in registers.
 *
 * transpose_tiles: between two dimensions of a box, of which one is dense in the source and the other in the target,
 *
 *     in [b * in_step + a]  ->  out [a * out_step + b]        a < rows, b < columns, each at least VECTOR
 *
 * and `rank` more, whatever their strides. A work-item takes VECTOR rows of the target.
 *
 * Parameters, by -D: VECTOR, and TO_BLOCKS for reorder_tiles; without it there is transpose_tiles. A program has one of them, for as
 * parts of a network several programs are linked. */

#if VECTOR == 1
ENTRY void reorder_generic(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int total,
                           int channels, int pixels, int in_block, int out_block, int in_stride, int out_stride) {
    int i = get_global_id(0);
    if (i >= total) return;
    int image_elements = (channels + out_block - 1) / out_block * out_block * pixels;
    int n = i / image_elements, element = i % image_elements;
    int pixel = element / out_block % pixels, c = element / (pixels * out_block) * out_block + element % out_block;
    float x = 0.0f;
    if (c < channels) x = in[in_offset + n * in_stride + (c / in_block * pixels + pixel) * in_block + c % in_block];
    out[out_offset + n * out_stride + element] = x;
}
#else

/* Interleaves row i with row i + VECTOR / 2; doing so log2(VECTOR) times transposes. */
static inline void interleave(const vec *rows, vec *mixed) {
#pragma unroll
    for (int i = 0; i < VECTOR / 2; i++) {
        vec a = rows[i], b = rows[i + VECTOR / 2];
        mixed[2 * i].even = a.lo;
        mixed[2 * i].odd = b.lo;
        mixed[2 * i + 1].even = a.hi;
        mixed[2 * i + 1].odd = b.hi;
    }
}

static inline void transpose(vec *rows) {
    vec mixed[VECTOR];
    interleave(rows, mixed);
    interleave(mixed, rows);
#if VECTOR >= 8
    interleave(rows, mixed);
#if VECTOR == 16
    interleave(mixed, rows);
#else
#pragma unroll
    for (int i = 0; i < VECTOR; i++) rows[i] = mixed[i];
#endif
#endif
}

#ifdef TO_BLOCKS
ENTRY_OF_ONE
void reorder_tiles(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int runs, int run,
                   int channels, int pixels, int in_stride, int out_stride) {
    int blocks = (channels + VECTOR - 1) / VECTOR;
    int piece = get_global_id(0) % runs, b = get_global_id(0) / runs % blocks, n = get_global_id(0) / runs / blocks;
    int first = piece * run, last = min(first + run, pixels), present = min(channels - b * VECTOR, VECTOR);
    in += in_offset + n * in_stride + b * VECTOR * pixels;
    out += out_offset + n * out_stride + b * VECTOR * pixels;

    int p = first;
    for (; p + VECTOR <= last; p += VECTOR) {
        vec tile[VECTOR];
#if TO_BLOCKS
#pragma unroll
        for (int i = 0; i < VECTOR; i++) tile[i] = i < present ? vec_load(in + i * pixels + p) : (vec)(0.0f);
        transpose(tile);
#pragma unroll
        for (int i = 0; i < VECTOR; i++) vec_store(tile[i], out + (p + i) * VECTOR);
#else
#pragma unroll
        for (int i = 0; i < VECTOR; i++) tile[i] = vec_load(in + (p + i) * VECTOR);
        transpose(tile);
#pragma unroll
        for (int i = 0; i < VECTOR; i++)
            if (i < present) vec_store(tile[i], out + i * pixels + p);
#endif
    }
    for (; p < last; p++) {
#if TO_BLOCKS
        for (int i = 0; i < VECTOR; i++) out[p * VECTOR + i] = i < present ? in[i * pixels + p] : 0.0f;
#else
        for (int i = 0; i < present; i++) out[i * pixels + p] = in[p * VECTOR + i];
#endif
    }
}
#else
ENTRY_OF_ONE
void transpose_tiles(RANGE const __global float *in, ulong in_offset, __global float *out, ulong out_offset, int in_start,
                     int out_start, int rows, int columns, int in_step, int out_step, int rank, long8 dims, long8 in_strides,
                     long8 out_strides) {
    const int strips = (rows + VECTOR - 1) / VECTOR, strip = get_global_id(0) % strips, other = get_global_id(0) / strips;
    const int first = strip * VECTOR, here = min(VECTOR, rows - first);
    in += in_offset + in_start + first;
    out += out_offset + out_start + first * out_step;
    if (rank > 0) {
        in += box_offset(other, rank, dims, in_strides);
        out += box_offset(other, rank, dims, out_strides);
    }
    if (here < VECTOR) {
        for (int a = 0; a < here; a++)
            for (int b = 0; b < columns; b++) out[a * out_step + b] = in[b * in_step + a];
        return;
    }
    for (int begin = 0; begin < columns; begin += VECTOR) {
        const int b = min(begin, columns - VECTOR); /* the last tile ends with the row */
        vec tile[VECTOR];
#pragma unroll
        for (int i = 0; i < VECTOR; i++) tile[i] = vec_load(in + (b + i) * in_step);
        transpose(tile);
#pragma unroll
        for (int i = 0; i < VECTOR; i++) vec_store(tile[i], out + i * out_step + b);
    }
}
#endif
#endif
