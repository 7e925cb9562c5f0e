#include "reference/conv2d.h"
#include "reference/activation.h"

#include <float.h>
#include <math.h>

/* A sum and the sum of its terms' magnitudes. */
typedef struct running {
    double sum, magnitude, terms;
} running;

static void add_term(running *r, double term) {
    r->sum += term;
    r->magnitude += fabs(term);
    r->terms++;
}

static void finish(const running *r, clade_activation activation, float slope, double *value_out, double *bound_out) {
    *value_out = reference_activate(activation, r->sum, slope);
    *bound_out = reference_activation_bound(activation, *value_out, 2 * r->terms * FLT_EPSILON * r->magnitude, slope);
}

/* Of a weight [out.c, in.c / groups, kernel_h, kernel_w], or of one that is turned: [in.c, out.c / groups, ..] back to front. */
static double weight_at(const ops_conv2d *p, const float *weight, int64_t c, int64_t i, int64_t kh, int64_t kw) {
    int64_t group_in = p->in.c / p->groups, group_out = p->out.c / p->groups;
    if (!p->weight_turned) return weight[((c * group_in + i) * p->kernel_h + kh) * p->kernel_w + kw];
    int64_t row = c / group_out * group_in + i, column = c % group_out;
    kh = p->kernel_h - 1 - kh;
    kw = p->kernel_w - 1 - kw;
    return weight[((row * group_out + column) * p->kernel_h + kh) * p->kernel_w + kw];
}

/* Adds what the window at (y, x) of image n covers. */
static void add_window(running *r, const ops_conv2d *p, const float *in, const float *weight, int64_t n, int64_t c,
                       int64_t y, int64_t x) {
    int64_t group_in = p->in.c / p->groups, group_out = p->out.c / p->groups;
    for (int64_t i = 0; i < group_in; i++)
        for (int64_t kh = 0; kh < p->kernel_h; kh++)
            for (int64_t kw = 0; kw < p->kernel_w; kw++) {
                int64_t in_y = y * p->stride_h - p->pad_top + kh * p->dilation_h;
                int64_t in_x = x * p->stride_w - p->pad_left + kw * p->dilation_w;
                if (in_y < 0 || in_y >= p->in.h || in_x < 0 || in_x >= p->in.w) continue;
                int64_t channel = c / group_out * group_in + i;
                double value = in[((n * p->in.c + channel) * p->in.h + in_y) * p->in.w + in_x];
                add_term(r, value * weight_at(p, weight, c, i, kh, kw));
            }
}

void reference_conv2d(const ops_conv2d *p, const float *in, const float *weight, const float *bias,
                      const float *residual, double *values, double *bounds) {
    int64_t at = 0;
    for (int64_t n = 0; n < p->out.n; n++)
        for (int64_t c = 0; c < p->out.c; c++)
            for (int64_t y = 0; y < p->out.h; y++)
                for (int64_t x = 0; x < p->out.w; x++, at++) {
                    running r = {0};
                    add_window(&r, p, in, weight, n, c, y, x);
                    if (bias) add_term(&r, bias[c]);
                    if (residual) add_term(&r, residual[at]);
                    finish(&r, c < p->linear_channels ? CLADE_ACTIVATION_NONE : p->activation, p->slope, &values[at],
                           &bounds[at]);
                }
}

double reference_conv2d_element(const ops_conv2d *p, const float *in, const float *weight, const float *bias,
                                const int64_t place[4]) {
    running r = {0};
    add_window(&r, p, in, weight, place[0], place[1], place[2], place[3]);
    return r.sum + (bias ? (double)bias[place[1]] : 0.0);
}

void reference_linear(const ops_linear *p, const float *in, const float *weight, const float *bias, double *values,
                      double *bounds) {
    for (int64_t row = 0; row < p->rows; row++)
        for (int64_t feature = 0; feature < p->features; feature++) {
            running r = {0};
            for (int64_t i = 0; i < p->inputs; i++)
                add_term(&r, (double)in[row * p->in_stride + i] *
                                 weight[p->weight_turned ? i * p->features + feature : feature * p->inputs + i]);
            if (bias) add_term(&r, bias[feature]);
            int64_t at = row * p->features + feature;
            finish(&r, p->activation, p->slope, &values[at], &bounds[at]);
        }
}
