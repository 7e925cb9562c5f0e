#include "reference/activation.h"
#include "reference/operators.h"

#include <float.h>
#include <math.h>

void reference_activation(const ops_activation *p, const float *in, const float *slopes, double *values,
                          double *bounds) {
    int64_t pixels = (int64_t)p->in.h * p->in.w, count = p->in.n * p->in.c * pixels;
    for (int64_t i = 0; i < count; i++) {
        float slope = p->kind != CLADE_PRELU ? p->slope : slopes[p->shared_slope ? 0 : i / pixels % p->in.c];
        values[i] = reference_activate(p->kind, in[i], slope);
        bounds[i] = reference_activation_bound(p->kind, values[i], 0, slope);
    }
}
