/* conv2d_winograd_weights.c: weights for Winograd's transforms: folded where the image is, transformed in double precision, and packed
 * in the order in which cl/conv2d_winograd.cl reads them. */
#include "ops/conv2d_winograd.h"

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

/* The taps with which a folded channel goes into an output channel, r x r: every other one of its channel's, down and across. */
static void fold_filter(const ops_conv2d *p, const float *filters, int64_t channel, int32_t r, float *folded) {
    const float *filter = filters + channel / FOLD_CHANNELS * p->kernel_h * p->kernel_w;
    const int64_t odd_y = channel / 2 % 2, odd_x = channel % 2;
    for (int32_t i = 0; i < r; i++)
        for (int32_t j = 0; j < r; j++) {
            const int64_t y = 2 * i + odd_y, x = 2 * j + odd_x;
            folded[i * r + j] = y < p->kernel_h && x < p->kernel_w ? filter[y * p->kernel_w + x] : 0.0f;
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

/* [tile of blocks][point][input channel][channel of the tile]: as the kernel reads it. */
void ops_winograd_pack_weight(const ops_problem *problem, const ops_constant *constant, const float *values,
                              float *packed) {
    const ops_conv2d *p = &problem->conv2d;
    const bool square = ops_winograd_is_square(p);
    const int64_t block = constant->block, channels = ops_winograd_channels(p),
                  taps = (int64_t)p->kernel_h * p->kernel_w;
    const int64_t points = (int64_t)constant->elements / (base_round_up(p->out.c, block) * channels);
    const winograd_weights *w = find_weights(p, points);
    for (int64_t first = 0; first < p->out.c; first += block, packed += points * channels * block)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t lane = 0; lane < block; lane++) {
                const int64_t out_c = first + lane;
                double transformed[MOST_SIDE * MOST_SIDE] = {0.0};
                float folded[MOST_TAPS * MOST_TAPS];
                if (out_c < p->out.c) {
                    const float *filter = values + out_c * p->in.c * taps;
                    if (ops_winograd_is_folded(p)) fold_filter(p, filter, c, w->r, folded);
                    transform_filter(w, square, ops_winograd_is_folded(p) ? folded : filter + c * taps, transformed);
                }
                for (int64_t k = 0; k < points; k++) packed[(k * channels + c) * block + lane] = (float)transformed[k];
            }
}
