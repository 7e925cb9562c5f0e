#include "reference/operators.h"

#include <float.h>
#include <math.h>

static void row(const ops_softmax *p, const float *in, double *values, double *bounds) {
    double largest = -INFINITY, sum = 0, farthest = 0;
    for (int64_t l = 0; l < p->length; l++) largest = fmax(largest, in[l * p->inner]);
    for (int64_t l = 0; l < p->length; l++) {
        double below = in[l * p->inner] - largest;
        sum += exp(below);
        /* what rounding `below` does to the sum */
        if (below > -FLT_MAX) farthest += -below * exp(below);
    }
    for (int64_t l = 0; l < p->length; l++) {
        double below = in[l * p->inner] - largest,
               roundings = (double)p->length + 16 + 2 * fabs(below) + 2 * farthest / sum;
        values[l * p->inner] = p->logarithm ? below - log(sum) : exp(below) / sum;
        bounds[l * p->inner] = FLT_EPSILON * roundings * (p->logarithm ? 1 : values[l * p->inner]);
        if (isnan(bounds[l * p->inner])) bounds[l * p->inner] = 0; /* exp(-inf) is 0 without rounding */
    }
}

void reference_softmax(const ops_softmax *p, const float *in, double *values, double *bounds) {
    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t i = 0; i < p->inner; i++) {
            int64_t at = o * p->length * p->inner + i;
            row(p, in + o * p->in_stride + i, values + at, bounds + at);
        }
}
