/* conv2d_weights.c: the gradients that convolutions and fully connected layers have of their own. */
#include "reference/conv2d.h"

#include <float.h>
#include <math.h>

/* A sum, the sum of its terms' magnitudes, and the bound on float32 sums of them in any order (see conv2d.h). */
typedef struct running {
    double sum, magnitude, terms;
} running;

static void add_term(running *r, double term) {
    r->sum += term;
    r->magnitude += fabs(term);
    r->terms++;
}

static void finish(const running *r, double *value_out, double *bound_out) {
    *value_out = r->sum;
    *bound_out = 2 * r->terms * FLT_EPSILON * r->magnitude;
}

/* What weight [o][i][kh][kw] met, i being a channel of the group. */
static running sum_products(const ops_conv2d_weights *p, const float *dy, const float *x, const int64_t weight[4]) {
    int64_t channel = weight[0] / (p->out.c / p->groups) * (p->in.c / p->groups) + weight[1];
    running r = {0};
    for (int64_t n = 0; n < p->out.n; n++)
        for (int64_t out_y = 0; out_y < p->out.h; out_y++)
            for (int64_t out_x = 0; out_x < p->out.w; out_x++) {
                int64_t in_y = out_y * p->stride_h - p->pad_top + weight[2] * p->dilation_h;
                int64_t in_x = out_x * p->stride_w - p->pad_left + weight[3] * p->dilation_w;
                if (in_y < 0 || in_y >= p->in.h || in_x < 0 || in_x >= p->in.w) continue;
                double gradient = dy[((n * p->out.c + weight[0]) * p->out.h + out_y) * p->out.w + out_x];
                add_term(&r, gradient * x[((n * p->in.c + channel) * p->in.h + in_y) * p->in.w + in_x]);
            }
    return r;
}

void reference_conv2d_weights(const ops_conv2d_weights *p, const float *dy, const float *x, double *values,
                              double *bounds) {
    int64_t at = 0;
    for (int64_t o = 0; o < p->out.c; o++)
        for (int64_t i = 0; i < p->in.c / p->groups; i++)
            for (int64_t kh = 0; kh < p->kernel_h; kh++)
                for (int64_t kw = 0; kw < p->kernel_w; kw++, at++) {
                    const running r = sum_products(p, dy, x, (int64_t[]){o, i, kh, kw});
                    finish(&r, &values[at], &bounds[at]);
                }
}

void reference_linear_weights(const ops_linear_weights *p, const float *dy, const float *x, double *values,
                              double *bounds) {
    for (int64_t feature = 0; feature < p->features; feature++)
        for (int64_t i = 0; i < p->inputs; i++) {
            running r = {0};
            for (int64_t row = 0; row < p->rows; row++)
                add_term(&r, (double)dy[row * p->out_stride + feature] * x[row * p->in_stride + i]);
            finish(&r, &values[feature * p->inputs + i], &bounds[feature * p->inputs + i]);
        }
}

void reference_spread(const ops_spread *p, const float *in, double *values, double *bounds) {
    int64_t planes = (int64_t)p->out.n * p->out.c, at = 0;
    for (int64_t plane = 0; plane < planes; plane++)
        for (int64_t y = 0; y < p->out.h; y++)
            for (int64_t x = 0; x < p->out.w; x++, at++) {
                int64_t in_y = y / p->stride_h, in_x = x / p->stride_w;
                bool lands = y % p->stride_h == 0 && x % p->stride_w == 0 && in_y < p->in.h && in_x < p->in.w;
                values[at] = lands ? in[(plane * p->in.h + in_y) * p->in.w + in_x] : 0.0;
                bounds[at] = 0.0;
            }
}
