/* pack.cl: parameters that are given in each run, put in the order in which another kernel reads them (ops_packing of src/ops/ops.h):
 *
 *     packed [tile of outs][block of ins][tap][in of the block][out of the tile]
 *     from   values[first + o / group * group_step + o % group * out_step + i * in_step + tap * tap_step]
 *
 * The last block has as many ins as are left, the last tile zeros behind its outs.
 *
 * A work-item packs RUN outs of `share` rows, a row being a tile's outs for one in and tap; global id 0 counts them, the runs of a
 * share fastest.
 *
 * Parameters, by -D:
 *     RUN       outs of a work-item
 *     GROUPED   0 where all outs are one group */

#if GROUPED
#define OUT(o) ((o) / group * group_step + (o) % group * out_step)
#else
#define OUT(o) ((o) * out_step)
#endif

/* sizes: rows, runs of a row, outs, ins, taps, tile, block, group. steps: first, group_step, out_step, in_step, tap_step. */
ENTRY void pack(RANGE const __global float *values, ulong values_offset, __global float *packed, ulong packed_offset,
                long8 sizes, long8 steps, int share) {
    const int rows = sizes.s0, runs = sizes.s1, outs = sizes.s2, ins = sizes.s3, taps = sizes.s4;
    const int tile = sizes.s5, block = sizes.s6, group = sizes.s7;
    const int first = steps.s0, group_step = steps.s1, out_step = steps.s2, in_step = steps.s3, tap_step = steps.s4;

    const int item = get_global_id(0), first_row = item / runs * share, lane = item % runs * RUN;
    if (first_row >= rows) return;
    int filter = first_row % (ins * taps), out = first_row / (ins * taps) * tile;
    int block_first = filter / (block * taps) * block, present = min(block, ins - block_first);
    int i = (filter - block_first * taps) % present, tap = (filter - block_first * taps) / present;

    values += values_offset + first;
    packed += packed_offset + (size_t)first_row * tile;
    for (int row = first_row; row < min(first_row + share, rows); row++, packed += tile) {
        const __global float *source = values + (block_first + i) * in_step + tap * tap_step;
        const int o = out + lane;
        if (lane + RUN <= tile && o + RUN <= outs) {
#pragma unroll
            for (int l = 0; l < RUN; l++) packed[lane + l] = source[OUT(o + l)];
        } else {
            for (int l = 0; l < min(RUN, tile - lane); l++) packed[lane + l] = o + l < outs ? source[OUT(o + l)] : 0.0f;
        }
        /* the next row: of the block, of its taps, of the blocks, of the tiles */
        if (++i < present) continue;
        i = 0;
        if (++tap < taps) continue;
        tap = 0;
        block_first += block;
        if (block_first >= ins) block_first = 0, out += tile;
        present = min(block, ins - block_first);
    }
}
