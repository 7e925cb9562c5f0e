#include "reference/operators.h"

#include <float.h>
#include <math.h>

void reference_lrn(const ops_lrn *p, const float *in, double *values, double *bounds) {
    int64_t pixels = (int64_t)p->in.h * p->in.w, image = p->in.c * pixels, count = p->in.n * image;
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / pixels % p->in.c, at = i % pixels + i / image * image;
        double sum = 0;
        for (int64_t j = c - (p->size - 1) / 2; j <= c + p->size / 2; j++)
            if (j >= 0 && j < p->in.c) sum += (double)in[at + j * pixels] * in[at + j * pixels];
        double divisor = pow(p->k + (double)p->alpha / p->size * sum, p->beta);
        values[i] = in[i] / divisor;
        /* the base is a sum of positive terms; pow may be off by 16 ulp, and carries the base's error beta times */
        bounds[i] = fabs(values[i]) * FLT_EPSILON * (20 + (double)p->beta * (p->size + 4));
        if (divisor > FLT_MAX) bounds[i] = fabs(values[i]); /* float32 may overflow on the way, then gives 0 */
    }
}
