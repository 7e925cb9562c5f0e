/* conv2d_winograd_weights.c: weights for Winograd's transforms: folded where the image is, transformed in double precision (on the device
 * in single, where they are given in each run), and packed in the order in which cl/conv2d_winograd.cl reads them. */
#include "ops/conv2d_winograd.h"
#include "ops/conv2d.h"

/* The matrix G, a row of r for each product along an axis, which transforms weights. */
enum { MOST_SIDE = 12, MOST_TAPS = 7 };
typedef struct winograd_weights {
    int32_t m, r, stride;
    double g[MOST_SIDE][MOST_TAPS];
} winograd_weights;
static const winograd_weights weights[] = {
#include "ops/winograd_weights.inc"
};

/* ---- Geometry -------------------------------------------------------------------------------------------------------------- */

enum { FOLD_CHANNELS = 4 };

bool ops_winograd_is_folded(const ops_conv2d *p) { return p->in.block == 1; }
bool ops_winograd_is_square(const ops_conv2d *p) { return p->kernel_h > 1 && p->kernel_w > 1; }

int64_t ops_winograd_channels(const ops_conv2d *p) { return p->in.c * (ops_winograd_is_folded(p) ? FOLD_CHANNELS : 1); }

int32_t ops_winograd_side(int32_t m, int32_t r, int32_t stride) { return stride == 1 ? m + r - 1 : 2 * m + 1; }

/* ---- Weights --------------------------------------------------------------------------------------------------------------- */

/* G g of the taps of a line, G g G^T of those of a square. */
static void transform_filter(const winograd_weights *w, bool square, const float *filter, double *result) {
    const int32_t products = ops_winograd_side(w->m, w->r, w->stride), lines = square ? w->r : 1,
                  columns = square ? products : 1;
    double rows[MOST_TAPS * MOST_SIDE]; /* [r][columns] */
    for (int32_t k = 0; k < w->r; k++)
        for (int32_t j = 0; j < columns; j++) {
            double sum = lines == 1 ? (double)filter[k] : 0.0;
            for (int32_t l = 0; square && l < w->r; l++) sum += w->g[j][l] * (double)filter[k * w->r + l];
            rows[k * columns + j] = sum;
        }
    for (int32_t i = 0; i < products; i++)
        for (int32_t j = 0; j < columns; j++) {
            double sum = 0.0;
            for (int32_t k = 0; k < w->r; k++) sum += w->g[i][k] * rows[k * columns + j];
            result[i * columns + j] = sum;
        }
}

/* Which of the kernel's taps is tap k of a folded channel, in r x r: every other one, down and across. Negative where there is none. */
static int64_t folded_tap(const ops_conv2d *p, int64_t channel, int64_t k, int64_t r) {
    const int64_t y = k / r * 2 + channel / 2 % 2, x = k % r * 2 + channel % 2;
    return y < p->kernel_h && x < p->kernel_w ? y * p->kernel_w + x : -1;
}

/* The taps with which an input channel, folded or not, goes into an output channel. */
static void read_filter(const ops_conv2d *p, const ops_packing *order, const float *values, int64_t out_c,
                        int64_t channel, int64_t r, float *filter) {
    const bool folded = ops_winograd_is_folded(p);
    const int64_t in_c = channel / (folded ? FOLD_CHANNELS : 1), taps = ops_winograd_is_square(p) ? r * r : r;
    values += order->first + out_c * order->out_step + in_c * order->in_step;
    for (int64_t k = 0; k < taps; k++) {
        const int64_t tap = folded ? folded_tap(p, channel, k, r) : k;
        filter[k] = tap < 0 ? 0.0f : values[tap * order->tap_step];
    }
}

/* Which transform a packed weight of so many points is for. */
static const winograd_weights *find_weights(const ops_conv2d *p, int64_t points) {
    const int64_t fold = ops_winograd_is_folded(p) ? 2 : 1, kernel = base_max(p->kernel_h, p->kernel_w);
    for (size_t i = 0; i < BASE_COUNT(weights); i++) {
        const winograd_weights *w = &weights[i];
        const int64_t products = ops_winograd_side(w->m, w->r, w->stride);
        if (w->r == base_divide_up(kernel, fold) && w->stride * fold == p->stride_h &&
            points == (ops_winograd_is_square(p) ? products * products : products))
            return w;
    }
    return NULL;
}

static int64_t points_of(const ops_conv2d *p, const ops_constant *constant) {
    return (int64_t)constant->elements / (base_round_up(p->out.c, constant->block) * ops_winograd_channels(p));
}

static void pack(const ops_problem *problem, const ops_constant *constant, const float *values, float *packed) {
    const ops_conv2d *p = &problem->conv2d;
    const int64_t block = constant->block, channels = ops_winograd_channels(p), points = points_of(p, constant);
    const winograd_weights *w = find_weights(p, points);
    for (int64_t first = 0; first < p->out.c; first += block, packed += points * channels * block)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t lane = 0; lane < block; lane++) {
                double transformed[MOST_SIDE * MOST_SIDE] = {0.0};
                float filter[MOST_TAPS * MOST_TAPS];
                if (first + lane < p->out.c) {
                    read_filter(p, &constant->packing, values, first + lane, c, w->r, filter);
                    transform_filter(w, ops_winograd_is_square(p), filter, transformed);
                }
                for (int64_t k = 0; k < points; k++) packed[(k * channels + c) * block + lane] = (float)transformed[k];
            }
}

/* The same by cl/winograd_weights.cl. */
static void give(const ops_problem *problem, const rt_device *device, const ops_constant *constant,
                 ops_launch *launch) {
    const ops_conv2d *p = &problem->conv2d;
    const ops_packing *order = &constant->packing;
    const winograd_weights *w = find_weights(p, points_of(p, constant));
    const int64_t channels = ops_winograd_channels(p), units = base_divide_up(p->out.c, constant->block) * channels;
    const int64_t share = ops_units_a_group(device, units);
    const int64_t sizes[] = {units, channels, p->out.c, p->kernel_h, p->kernel_w, constant->block / p->out.block};
    const int64_t steps[] = {order->first, order->out_step, order->in_step, order->tap_step};
    launch->source = "winograd_weights.cl";
    launch->kernel = "winograd_weights";
    ops_define(launch, "VECTOR", p->out.block);
    ops_define(launch, "TILE", w->m);
    ops_define(launch, "KERNEL", w->r);
    ops_define(launch, "STRIDE", w->stride);
    ops_define(launch, "SQUARE", ops_winograd_is_square(p));
    ops_define(launch, "FOLD", ops_winograd_is_folded(p));
    ops_add_longs(launch, sizes, BASE_COUNT(sizes));
    ops_add_longs(launch, steps, BASE_COUNT(steps));
    ops_add_int(launch, share);
    ops_single_items(launch, base_divide_up(units, share));
}

ops_constant ops_winograd_weight(const ops_conv2d *p, int64_t points, int32_t tile_channels) {
    const ops_weight_shape shape = ops_conv2d_weight(p);
    return (ops_constant){.parameter = OPS_WEIGHT,
                          .elements =
                              (uint64_t)(points * ops_winograd_channels(p) * base_round_up(p->out.c, tile_channels)),
                          .packing = ops_pack_weight(&shape, tile_channels, 1), /* for its steps */
                          .pack = pack,
                          .give = give,
                          .block = tile_channels};
}
