#include "reference/gradients.h"

#include <float.h>
#include <math.h>

/* By the output, or where only its sign counts by the input. */
static double derivative(clade_activation kind, double y, double slope) {
    switch (kind) {
    case CLADE_RELU:
        return y <= 0 ? 0 : 1;
    case CLADE_RELU6:
        return y <= 0 || y >= 6 ? 0 : 1;
    case CLADE_LEAKY_RELU:
    case CLADE_PRELU:
        return y > 0 ? 1 : slope;
    case CLADE_SIGMOID:
        return y * (1 - y);
    case CLADE_TANH:
        return 1 - y * y;
    default:
        return 1;
    }
}

void reference_activation_gradient(const ops_activation_gradient *p, const float *dy, const float *of,
                                   const float *slopes, double *values, double *bounds) {
    const int64_t pixels = (int64_t)p->in.h * p->in.w, count = p->in.n * p->in.c * pixels;
    const bool cuts = p->kind == CLADE_RELU || p->kind == CLADE_RELU6;
    for (int64_t i = 0; i < count; i++) {
        const float slope = p->kind != CLADE_PRELU ? p->slope : slopes[p->shared_slope ? 0 : i / pixels % p->in.c];
        const double square = (double)of[i] * of[i], factor = derivative(p->kind, of[i], slope);
        values[i] = cuts && factor == 0 ? 0 : dy[i] * factor; /* nothing, even of what is no number */
        bounds[i] = 0;
        if (p->kind == CLADE_LEAKY_RELU || p->kind == CLADE_PRELU) bounds[i] = FLT_EPSILON * fabs(values[i]);
        if (p->kind == CLADE_SIGMOID || p->kind == CLADE_TANH) /* the square is rounded, then the difference */
            bounds[i] = 2 * FLT_EPSILON * fabs((double)dy[i]) * (1 + square);
    }
}
