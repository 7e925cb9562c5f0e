/* linear_weights.cl: the gradient of a fully connected layer's weight on CPUs, out[feature, i] = sum_row dy[row, feature] x[row, i].
 *
 * Sums of FEATURES features by BLOCKS vectors of inputs are kept in registers while the rows go by. A work-item makes `share` such tiles,
 * one below the other, from the same columns of x.
 *
 *     global id 0   share of the tiles of features       1   tile of inputs
 *
 * Vectors behind the last input end with it, and features behind the last are computed like it, and not stored.
 *
 * Parameters, by -D: VECTOR and
 *     FEATURES, BLOCKS   the tile */

#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")

ENTRY_OF_ONE
void linear_weights(RANGE const __global float *dy, ulong dy_offset, const __global float *x, ulong x_offset,
                    __global float *out, ulong out_offset, int rows, int inputs, int features, int in_stride, int out_stride,
                    int share) {
    int column[BLOCKS];
    UNROLL for (int b = 0; b < BLOCKS; b++) column[b] = min(((int)get_global_id(1) * BLOCKS + b) * VECTOR, inputs - VECTOR);
    const int first = get_global_id(0) * share * FEATURES, last = min(first + share * FEATURES, features);
    for (int feature = first; feature < last; feature += FEATURES) {
        /* the last tile ends with the last feature, where there are as many */
        const int begin = max(min(feature, features - FEATURES), 0);
        const __global float *gradient = dy + dy_offset + begin, *row = x + x_offset;
        vec sums[FEATURES][BLOCKS];
        UNROLL for (int f = 0; f < FEATURES; f++) UNROLL for (int b = 0; b < BLOCKS; b++) sums[f][b] = (vec)(0.0f);
        ROLLED for (int r = 0; r < rows; r++, gradient += out_stride, row += in_stride) {
            vec value[BLOCKS];
            UNROLL for (int b = 0; b < BLOCKS; b++) value[b] = vec_load(row + column[b]);
            UNROLL for (int f = 0; f < FEATURES; f++) {
                vec factor = (vec)(gradient[min(f, features - 1)]);
                UNROLL for (int b = 0; b < BLOCKS; b++) sums[f][b] = factor * value[b] + sums[f][b];
            }
        }
        UNROLL for (int f = 0; f < FEATURES; f++) {
            if (begin + f >= features) break;
            UNROLL for (int b = 0; b < BLOCKS; b++)
                vec_store(sums[f][b], out + out_offset + (size_t)(begin + f) * inputs + column[b]);
        }
    }
}
