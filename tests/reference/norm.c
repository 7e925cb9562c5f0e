#include "reference/activation.h"
#include "reference/gradients.h"

#include <float.h>
#include <math.h>

/* How many roundings of a mean may add up: those of the elements summed one by one, and of a few dozen sums joined. */
#define ROUNDINGS 64

/* Calls for each element of a channel: where it lies among dense values. */
#define FOR_EACH(t, channel, at)                                                                                       \
    for (int64_t image = 0, pixels = (int64_t)(t)->h * (t)->w; image < (t)->n; image++)                                \
        for (int64_t at = (image * (t)->c + (channel)) * pixels, end = at + pixels; at < end; at++)

static double elements_of(const ops_tensor *t) { return (double)t->n * t->h * t->w; }

void reference_norm_statistics(const ops_norm_statistics *p, const float *x, double *values, double *bounds) {
    const double count = elements_of(&p->in);
    for (int32_t c = 0; c < p->in.c; c++) {
        double sum = 0, squares = 0, largest = 0;
        FOR_EACH(&p->in, c, i) {
            sum += x[i];
            largest = fmax(largest, fabs((double)x[i]));
        }
        FOR_EACH(&p->in, c, i) squares += (x[i] - sum / count) * (x[i] - sum / count);
        const double off = ROUNDINGS * FLT_EPSILON * largest, deviation = sqrt(squares / count);
        values[c] = sum / count;
        bounds[c] = off;
        values[p->in.c + c] = squares / count;
        bounds[p->in.c + c] = ROUNDINGS * FLT_EPSILON * squares / count + 2 * deviation * off + off * off;
    }
}

void reference_norm_apply(const ops_norm_apply *p, const float *x, const double *statistics, const float *weight,
                          const float *bias, double *values, double *bounds) {
    for (int32_t c = 0; c < p->in.c; c++) {
        const double factor = (weight ? weight[c] : 1) / sqrt(statistics[p->in.c + c] + (double)p->epsilon);
        FOR_EACH(&p->in, c, i) {
            const double product = (x[i] - statistics[c]) * factor, shift = bias ? bias[c] : 0;
            values[i] = reference_activate(p->activation, product + shift, p->slope);
            bounds[i] = reference_activation_bound(p->activation, values[i],
                                                   8 * FLT_EPSILON * (fabs(product) + fabs(shift)), p->slope);
        }
    }
}

void reference_norm_sums(const ops_norm_sums *p, const float *dy, const float *x, const double *statistics,
                         double *values, double *bounds) {
    for (int32_t c = 0; c < p->of.c; c++) {
        const double inverse = 1 / sqrt(statistics[p->of.c + c] + (double)p->epsilon);
        double products = 0, gradients = 0, sizes[2] = {0, 0};
        FOR_EACH(&p->of, c, i) {
            const double product = dy[i] * (x[i] - statistics[c]) * inverse;
            products += product;
            gradients += dy[i];
            sizes[0] += fabs(product);
            sizes[1] += fabs((double)dy[i]);
        }
        values[c] = products;
        bounds[c] = ROUNDINGS * FLT_EPSILON * sizes[0];
        values[p->of.c + c] = gradients;
        bounds[p->of.c + c] = ROUNDINGS * FLT_EPSILON * sizes[1];
    }
}

void reference_norm_gradient(const ops_norm_gradient *p, const float *dy, const float *x, const double *statistics,
                             const double *sums, const float *weight, double *values, double *bounds) {
    const double count = elements_of(&p->of);
    for (int32_t c = 0; c < p->of.c; c++) {
        const double inverse = 1 / sqrt(statistics[p->of.c + c] + (double)p->epsilon);
        const double factor = inverse * (weight ? weight[c] : 1), mean = sums[p->of.c + c] / count;
        FOR_EACH(&p->of, c, i) {
            const double pull = (x[i] - statistics[c]) * inverse * sums[c] / count;
            values[i] = factor * (dy[i] - mean - pull);
            bounds[i] = 8 * FLT_EPSILON * fabs(factor) * (fabs((double)dy[i]) + fabs(mean) + fabs(pull));
        }
    }
}
