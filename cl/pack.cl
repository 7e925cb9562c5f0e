/* pack.cl: parameters that are given in each run, put in the order in which another kernel reads them (ops_packing of src/ops/ops.h):
 *
 *     packed [tile of outs][block of ins][tap][in of the block][out of the tile]
 *     from   values[first + o / group * group_step + o % group * out_step + i * in_step + tap * tap_step]
 *
 * The last block has as many ins as are left, the last tile zeros behind its outs.
 *
 * A work-item packs RUN outs of a tile for one in and tap; global id 0 counts them, the runs of a row fastest.
 *
 * Parameters, by -D:
 *     RUN   outs of a work-item */

/* sizes: rows, runs of a row, outs, ins, taps, tile, block, group. steps: first, group_step, out_step, in_step, tap_step. */
ENTRY void pack(RANGE const __global float *values, ulong values_offset, __global float *packed, ulong packed_offset,
                long8 sizes, long8 steps) {
    const int rows = sizes.s0, runs = sizes.s1, outs = sizes.s2, ins = sizes.s3, taps = sizes.s4;
    const int tile = sizes.s5, block = sizes.s6, group = sizes.s7;
    const int first = steps.s0, group_step = steps.s1, out_step = steps.s2, in_step = steps.s3, tap_step = steps.s4;

    const int item = get_global_id(0), row = item / runs, lane = item % runs * RUN;
    if (row >= rows) return;
    const int filter = row % (ins * taps), block_first = filter / (block * taps) * block;
    const int present = min(block, ins - block_first), place = filter - block_first * taps;
    const int i = block_first + place % present, tap = place / present;

    values += values_offset + first + i * in_step + tap * tap_step;
    packed += packed_offset + (size_t)row * tile;
    const int o_first = row / (ins * taps) * tile;
    for (int l = lane; l < min(lane + RUN, tile); l++) {
        const int o = o_first + l;
        packed[l] = o < outs ? values[o / group * group_step + o % group * out_step] : 0.0f;
    }
}
