#include "reference/activation.h"
#include "reference/operators.h"

#include <float.h>
#include <math.h>

void reference_affine(const ops_affine *p, const float *in, const float *scale, const float *shift, double *values,
                      double *bounds) {
    int64_t pixels = (int64_t)p->in.h * p->in.w, count = p->in.n * p->in.c * pixels;
    for (int64_t i = 0; i < count; i++) {
        int64_t c = i / pixels % p->in.c;
        double product = (double)in[i] * p->factor * (scale ? scale[c] : 1), summand = shift ? shift[c] : 0;
        double magnitude = fabs(product) + fabs(summand) + fabs((double)p->offset);
        values[i] = reference_activate(p->activation, product + summand + p->offset, p->slope);
        bounds[i] = reference_activation_bound(p->activation, values[i], 4 * FLT_EPSILON * magnitude, p->slope);
    }
}
