#include "reference/activation.h"
#include "reference/operators.h"

#include <float.h>
#include <math.h>

typedef struct window {
    double largest, sum, magnitude;
    int64_t covered; /* pixels inside the image */
    int64_t area;    /* pixels inside the padded image */
} window;

static window look(const ops_pool *p, const float *plane, int64_t oy, int64_t ox) {
    window w = {.largest = -INFINITY};
    for (int64_t ky = 0; ky < p->kernel_h; ky++)
        for (int64_t kx = 0; kx < p->kernel_w; kx++) {
            int64_t y = oy * p->stride_h - p->pad_top + ky, x = ox * p->stride_w - p->pad_left + kx;
            if (y < p->in.h + p->pad_bottom && x < p->in.w + p->pad_right) w.area++;
            if (y < 0 || y >= p->in.h || x < 0 || x >= p->in.w) continue;
            double value = plane[y * p->in.w + x];
            w.covered++;
            w.sum += value;
            w.magnitude += fabs(value);
            if (value > w.largest || isnan(value)) w.largest = value;
        }
    return w;
}

void reference_pool(const ops_pool *p, const float *in, const float *bias, double *values, double *bounds) {
    for (int64_t plane = 0; plane < (int64_t)p->in.n * p->in.c; plane++, in += (int64_t)p->in.h * p->in.w)
        for (int64_t y = 0; y < p->out.h; y++)
            for (int64_t x = 0; x < p->out.w; x++, values++, bounds++) {
                window w = look(p, in, y, x);
                double divisor = (double)(p->count_include_pad ? w.area : w.covered);
                bool maximum = p->kind == CLADE_POOL_MAX;
                double summand = bias ? bias[plane % p->in.c] : 0.0, joined = maximum ? w.largest : w.sum / divisor;
                double bound = maximum ? 0 : 2 * (double)(w.covered + 1) * FLT_EPSILON * w.magnitude / divisor;
                if (bias) bound += FLT_EPSILON * (fabs(joined) + fabs(summand));
                *values = reference_activate(p->activation, joined + summand, p->slope);
                *bounds = reference_activation_bound(p->activation, *values, bound, p->slope);
            }
}
