#include "reference/gradients.h"

#include <float.h>
#include <math.h>

static void one_row(const ops_softmax *p, const float *dy, const float *y, double *values, double *bounds) {
    double sum = 0, magnitude = 0;
    for (int64_t i = 0; i < p->length * p->inner; i += p->inner) {
        const double term = p->logarithm ? dy[i] : (double)dy[i] * y[i];
        sum += term;
        magnitude += fabs(term);
    }
    for (int64_t i = 0; i < p->length * p->inner; i += p->inner) {
        const double softmax = p->logarithm ? exp((double)y[i]) : (double)y[i];
        values[i] = p->logarithm ? dy[i] - softmax * sum : softmax * (dy[i] - sum);
        /* of the sum and what it goes through; exp may be off by 3 ulp (OpenCL 1.2, 7.4) */
        const double sums = (double)(p->length + 6) * magnitude * fabs(softmax);
        bounds[i] = FLT_EPSILON * (sums + 3 * fabs((double)dy[i]) * (p->logarithm ? 1 : fabs(softmax)));
        if (!isfinite(values[i])) bounds[i] = 0;
    }
}

void reference_softmax_gradient(const ops_softmax_gradient *p, const float *dy, const float *y, double *values,
                                double *bounds) {
    const ops_softmax *softmax = &p->softmax;
    for (int64_t o = 0; o < softmax->outer; o++)
        for (int64_t i = 0; i < softmax->inner; i++) {
            const int64_t at = o * softmax->length * softmax->inner + i;
            one_row(softmax, dy + o * softmax->in_stride + i, y + o * p->of_stride + i, values + at, bounds + at);
        }
}
