#include "reference/activation.h"

#include <float.h>
#include <math.h>

double reference_activate(clade_activation kind, double x, double slope) {
    switch (kind) {
    case CLADE_RELU:
        return x < 0 ? 0 : x;
    case CLADE_RELU6:
        return x < 0 ? 0 : x > 6 ? 6 : x;
    case CLADE_LEAKY_RELU:
    case CLADE_PRELU:
        return x < 0 ? slope * x : x;
    case CLADE_SIGMOID:
        return 1 / (1 + exp(-x));
    case CLADE_TANH:
        return tanh(x);
    case CLADE_EXP:
        return exp(x);
    case CLADE_LOG:
        return log(x);
    case CLADE_ERF:
        return erf(x);
    default:
        return x;
    }
}

double reference_activation_bound(clade_activation kind, double activated, double bound, float slope) {
    const double steepest = fmax(1, fabs((double)slope)), ulps = 16;
    if (kind == CLADE_ACTIVATION_NONE || kind == CLADE_RELU || kind == CLADE_RELU6) return bound;
    return bound * steepest + ulps * FLT_EPSILON * fabs(activated);
}
