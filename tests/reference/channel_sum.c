#include "reference/gradients.h"

#include <float.h>
#include <math.h>

static double term(const ops_channel_sum *p, float a, float b) {
    if (!p->has_factor) return a;
    return p->only_not_positive && b > 0 ? 0 : (double)a * b;
}

void reference_channel_sum(const ops_channel_sum *p, const float *a, const float *b, double *values, double *bounds) {
    const int64_t pixels = (int64_t)p->in.h * p->in.w, terms = p->in.n * pixels;
    for (int64_t c = 0; c < p->in.c; c++) {
        double sum = 0, magnitude = 0;
        for (int64_t i = 0; i < terms; i++) {
            const int64_t at = (i / pixels * p->in.c + c) * pixels + i % pixels;
            const double x = term(p, a[at], p->has_factor ? b[at] : 1.0f);
            sum += x;
            magnitude += fabs(x);
        }
        values[c] = sum;
        bounds[c] = FLT_EPSILON * (double)(terms + 1) * magnitude;
    }
}
