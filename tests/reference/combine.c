#include "reference/combine.h"

#include <float.h>
#include <math.h>

double reference_combine(clade_binary_kind kind, bool swap, double a, double b) {
    const double x = swap ? b : a, y = swap ? a : b;
    switch (kind) {
    case CLADE_ADD:
        return x + y;
    case CLADE_MULTIPLY:
        return x * y;
    case CLADE_SUBTRACT:
        return x - y;
    case CLADE_DIVIDE:
        return x / y;
    case CLADE_MAXIMUM:
        return isnan(x) || x > y ? x : y;
    case CLADE_MINIMUM:
        return isnan(x) || x < y ? x : y;
    case CLADE_POWER:
        return pow(x, y);
    }
    return NAN;
}

double reference_combine_bound(clade_binary_kind kind, double result) {
    const double ulps = kind == CLADE_POWER ? 16 : kind == CLADE_DIVIDE ? 2.5 : 1;
    return kind == CLADE_MAXIMUM || kind == CLADE_MINIMUM ? 0 : ulps * FLT_EPSILON * fabs(result);
}
