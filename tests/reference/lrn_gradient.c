#include "reference/gradients.h"

#include <float.h>
#include <math.h>

/* What channel j of a pixel adds to the sums of its neighbours, and its own part. */
typedef struct channel {
    double scaled, scaled_bound, term, term_bound;
} channel;

static channel look(const ops_lrn *p, const float *dy, const float *x, int64_t pixels, int64_t j) {
    double squares = 0;
    for (int64_t i = j - (p->size - 1) / 2; i <= j + p->size / 2; i++)
        if (i >= 0 && i < p->in.c) squares += (double)x[i * pixels] * x[i * pixels];
    const double base = p->k + (double)p->alpha / p->size * squares, factor = pow(base, -(double)p->beta);
    const double quotient = x[j * pixels] / base, roundings = 24 + (double)p->beta * (p->size + 4);
    channel c = {.scaled = dy[j * pixels] * factor};
    c.term = c.scaled * quotient;
    /* the base is a sum of positive terms; the power may be off by 16 ulp, and carries the base's error beta times */
    c.scaled_bound = FLT_EPSILON * roundings * fabs(c.scaled);
    c.term_bound = FLT_EPSILON * (roundings + p->size + 8) * fabs(c.term) + FLT_MIN;
    /* float32 loses what is that small, or gives 0 */
    if (factor < FLT_MIN) c.scaled_bound = fabs(c.scaled);
    if (factor < FLT_MIN || fabs(quotient) < FLT_MIN || fabs(c.scaled) < FLT_MIN) c.term_bound = fabs(c.term) + FLT_MIN;
    return c;
}

void reference_lrn_gradient(const ops_lrn_gradient *gradient, const float *dy, const float *x, double *values,
                            double *bounds) {
    const ops_lrn *p = &gradient->lrn;
    const int64_t pixels = (int64_t)p->in.h * p->in.w, image = p->in.c * pixels, count = p->in.n * image;
    for (int64_t i = 0; i < count; i++) {
        const int64_t c = i / pixels % p->in.c, at = i % pixels + i / image * image;
        const channel own = look(p, dy + at, x + at, pixels, c);
        const double coefficient = 2 * (double)p->beta * p->alpha / p->size * x[i];
        double sum = 0, magnitude = 0, bound = 0;
        for (int64_t j = c - p->size / 2; j <= c + (p->size - 1) / 2; j++) {
            if (j < 0 || j >= p->in.c) continue;
            const channel other = look(p, dy + at, x + at, pixels, j);
            sum += other.term;
            magnitude += fabs(other.term);
            bound += other.term_bound;
        }
        values[i] = own.scaled - coefficient * sum;
        bounds[i] = own.scaled_bound + fabs(coefficient) * (bound + (double)(p->size + 8) * FLT_EPSILON * magnitude) +
                    FLT_EPSILON * fabs(values[i]);
        if (!isfinite(values[i])) bounds[i] = 0;
    }
}
