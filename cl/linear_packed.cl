/* linear_packed.cl: a fully connected layer on CPUs, out[row, feature] = activation(sum_i in[row, i] weight[feature, i] + bias).
 *
 * A work-item makes a tile of ROWS rows by BLOCKS vectors of features, and keeps its sums in registers. With few rows the time is
 * that of reading the weights, so these lie in the order in which they are read.
 *
 *     global id 0   tile of rows, ceil(rows / ROWS)
 *     global id 1   tile of features
 *
 *     weight   [tile of features][inputs][BLOCKS][VECTOR], as WEIGHTS says
 *     bias     [tiles of features][BLOCKS][VECTOR]
 *
 * Parameters, by -D: VECTOR, ACTIVATION (common.cl) and
 *     ROWS, BLOCKS   the tile
 *     HAS_BIAS       0 or 1: whether that operand is there */

#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

/* Stores the first `count` lanes. */
static inline void store_lanes(vec value, int count, __global float *target) {
    if (count >= VECTOR) {
        vec_store(value, target);
    } else {
        float lanes[VECTOR];
        vec_store_private(value, lanes);
        for (int i = 0; i < count; i++) target[i] = lanes[i];
    }
}

ENTRY_OF_ONE
void linear_packed(RANGE const __global float *in, ulong in_offset, const __global float *weight, ulong weight_offset,
#if HAS_BIAS
                   const __global float *bias, ulong bias_offset,
#endif
                   __global float *out, ulong out_offset, int rows, int inputs, int features, int in_stride, int out_stride,
                   float slope) {
    const int row = get_global_id(0) * ROWS, tile = get_global_id(1);
    const __global float *source[ROWS];
    UNROLL for (int r = 0; r < ROWS; r++) /* rows beyond the last are computed like the last, and not stored */
        source[r] = in + in_offset + (size_t)min(row + r, rows - 1) * in_stride;

    vec sums[BLOCKS][ROWS];
    UNROLL for (int b = 0; b < BLOCKS; b++) UNROLL for (int r = 0; r < ROWS; r++) sums[b][r] = (vec)(0.0f);

    const __global weight_type *column = (const __global weight_type *)(weight + weight_offset);
    column += (size_t)tile * inputs * BLOCKS * VECTOR;
    ROLLED for (int i = 0; i < inputs; i++) {
        vec w[BLOCKS];
        UNROLL for (int b = 0; b < BLOCKS; b++) w[b] = weight_load(column + b * VECTOR);
        UNROLL for (int r = 0; r < ROWS; r++) {
            vec x = (vec)(source[r][i]);
            UNROLL for (int b = 0; b < BLOCKS; b++) sums[b][r] = x * w[b] + sums[b][r];
        }
        column += BLOCKS * VECTOR;
    }

    UNROLL for (int b = 0; b < BLOCKS; b++) {
        const int feature = (tile * BLOCKS + b) * VECTOR;
        if (feature >= features) break;
        vec base = (vec)(0.0f);
#if HAS_BIAS
        base = vec_load(bias + bias_offset + feature);
#endif
        UNROLL for (int r = 0; r < ROWS; r++) {
            if (row + r >= rows) continue;
            store_lanes(activate(sums[b][r] + base, slope), features - feature,
                        out + out_offset + (size_t)(row + r) * out_stride + feature);
        }
    }
}
