#include "reference/gradients.h"
#include "reference/operators.h"

#include <float.h>
#include <math.h>

/* A row of logits, its largest taken off. */
typedef struct reference_row {
    double sum;      /* of exponentials */
    double farthest; /* what rounding a difference does to the sum */
    double total;    /* of the differences */
    double largest;
} reference_row;

static reference_row row_of(const float *x, int32_t classes) {
    reference_row row = {.largest = -INFINITY};
    for (int32_t i = 0; i < classes; i++) row.largest = fmax(row.largest, x[i]);
    for (int32_t i = 0; i < classes; i++) {
        const double below = x[i] - row.largest;
        row.sum += exp(below);
        row.total += below;
        if (below > -FLT_MAX) row.farthest += -below * exp(below);
    }
    return row;
}

static bool is_class(float label, int32_t classes) {
    return label >= 0 && label < (float)classes && label == floorf(label);
}

static void one_loss(const ops_cross_entropy *p, const float *x, float label, double *value, double *bound) {
    *value = NAN;
    *bound = 0;
    if (!is_class(label, p->classes)) return;
    const reference_row row = row_of(x, p->classes);
    const double chosen = x[(int32_t)label] - row.largest, share = (double)p->smoothing / p->classes;
    *value = log(row.sum) - (1 - (double)p->smoothing) * chosen - (p->smoothing > 0 ? share * row.total : 0);
    *bound = FLT_EPSILON * (p->classes + 16 + 2 * row.farthest / row.sum + 4 * fabs(log(row.sum)) + 4 * fabs(chosen) +
                            (p->classes + 4) * fabs(p->smoothing > 0 ? share * row.total : 0));
    if (isnan(*bound)) *bound = 0; /* beside infinities nothing is rounded that shows */
}

void reference_cross_entropy(const ops_cross_entropy *p, const float *logits, const float *labels, double *values,
                             double *bounds) {
    for (int32_t r = 0; r < p->rows; r++) one_loss(p, logits + r * p->stride_logits, labels[r], &values[r], &bounds[r]);
}

void reference_cross_entropy_gradient(const ops_cross_entropy_gradient *p, const float *logits, const float *labels,
                                      double *values, double *bounds) {
    const int32_t classes = p->cross_entropy.classes;
    const double smoothing = p->cross_entropy.smoothing, share = smoothing / classes;
    for (int32_t r = 0; r < p->cross_entropy.rows; r++) {
        const float *x = logits + r * p->cross_entropy.stride_logits;
        const reference_row row = row_of(x, classes);
        for (int32_t i = 0; i < classes; i++) {
            const double below = x[i] - row.largest, softmax = exp(below) / row.sum;
            const double target = ((float)i == labels[r] ? 1 - smoothing : 0) + share;
            const double roundings = classes + 16 + 2 * fabs(below) + 2 * row.farthest / row.sum;
            values[r * classes + i] = is_class(labels[r], classes) ? p->factor * (softmax - target) : NAN;
            bounds[r * classes + i] =
                FLT_EPSILON * fabs((double)p->factor) * ((softmax > 0 ? roundings * softmax : 0) + 4 * target);
            if (isnan(bounds[r * classes + i])) bounds[r * classes + i] = 0;
        }
    }
}
