#include "reference/operators.h"

void reference_reorder(const ops_reorder *p, const float *in, double *values, double *bounds) {
    int64_t count = (int64_t)p->in.n * p->in.c * p->in.h * p->in.w;
    for (int64_t i = 0; i < count; i++) {
        values[i] = in[i];
        bounds[i] = 0;
    }
}
