#include "reference/gradients.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Pixels that a window sees, and what an average divides by. */
typedef struct window {
    int64_t y_first, y_last, x_first, x_last, divisor;
} window;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static window window_at(const ops_pool *p, int64_t oy, int64_t ox) {
    const int64_t y = oy * p->stride_h - p->pad_top, x = ox * p->stride_w - p->pad_left;
    window w = {most(y, 0), least(y + p->kernel_h, p->in.h), most(x, 0), least(x + p->kernel_w, p->in.w), 0};
    w.divisor = (w.y_last - w.y_first) * (w.x_last - w.x_first);
    if (p->count_include_pad)
        w.divisor = (least(y + p->kernel_h, p->in.h + p->pad_bottom) - y) *
                    (least(x + p->kernel_w, p->in.w + p->pad_right) - x);
    return w;
}

/* The pixel that gave a window's maximum. */
static int64_t place_of_largest(const ops_pool *p, const window *w, const float *plane) {
    int64_t place = w->y_first * p->in.w + w->x_first;
    for (int64_t y = w->y_first; y < w->y_last; y++)
        for (int64_t x = w->x_first; x < w->x_last; x++) {
            const float value = plane[y * p->in.w + x];
            if (isnan(value) || value > plane[place]) place = y * p->in.w + x;
        }
    return place;
}

/* Sums, their terms' magnitudes, and how many there are. */
static void spread_plane(const ops_pool *p, const float *dy, const float *plane, double *sums, double *magnitudes,
                         int64_t *counts) {
    for (int64_t oy = 0; oy < p->out.h; oy++)
        for (int64_t ox = 0; ox < p->out.w; ox++, dy++) {
            const window w = window_at(p, oy, ox);
            const int64_t place = plane ? place_of_largest(p, &w, plane) : -1;
            for (int64_t y = w.y_first; y < w.y_last; y++)
                for (int64_t x = w.x_first; x < w.x_last; x++) {
                    const int64_t i = y * p->in.w + x;
                    if (plane && i != place) continue;
                    const double share = plane ? *dy : *dy / (double)w.divisor;
                    sums[i] += share;
                    magnitudes[i] += fabs(share);
                    counts[i]++;
                }
        }
}

void reference_pool_gradient(const ops_pool_gradient *p, const float *dy, const float *x, double *values,
                             double *bounds) {
    const int64_t pixels = (int64_t)p->pool.in.h * p->pool.in.w, windows = (int64_t)p->pool.out.h * p->pool.out.w;
    const bool maximum = p->pool.kind == CLADE_POOL_MAX;
    int64_t *counts = malloc((size_t)pixels * sizeof *counts);
    for (int64_t plane = 0; plane < (int64_t)p->pool.in.n * p->pool.in.c; plane++) {
        double *sums = values + plane * pixels, *magnitudes = bounds + plane * pixels;
        for (int64_t i = 0; i < pixels; i++) sums[i] = magnitudes[i] = 0, counts[i] = 0;
        spread_plane(&p->pool, dy + plane * windows, maximum ? x + plane * pixels : NULL, sums, magnitudes, counts);
        /* an average's share is rounded twice */
        for (int64_t i = 0; i < pixels; i++)
            bounds[plane * pixels + i] = FLT_EPSILON * magnitudes[i] * (double)(counts[i] - 1 + (maximum ? 0 : 3));
    }
    free(counts);
}
