/* numeric_gradient.h: derivatives by differences, which prove the references of gradients.
 *
 *     L(x) = sum of dy[i] * y[i](x)        dL/dx[k] = (8 (L(x + h) - L(x - h)) - (L(x + 2h) - L(x - 2h))) / 12h, h at x[k] alone
 *
 * The formula is exact for polynomials up to the fourth degree. x is float32 and y double, as in all references, so x must be
 * such that x +- 2h is exact: multiples of h, none larger than 2^23 h. */
#ifndef TESTS_REFERENCE_NUMERIC_GRADIENT_H
#define TESTS_REFERENCE_NUMERIC_GRADIENT_H

#include <stdint.h>

#define NUMERIC_STEP 0x1p-10f

/* y of x, as the reference of an operator gives it. */
typedef void (*numeric_function)(const void *problem, const float *x, double *y);

/* `x` is changed on the way, and as it was when this returns. */
void numeric_gradient(numeric_function function, const void *problem, float *x, int64_t x_count, const float *dy,
                      int64_t y_count, double *dx);

/* Values for x: distinct, in random order, at least 16 steps from one another and 8 from 0 and any whole number: no step crosses a
 * kink or changes which is the largest. */
void numeric_inputs(float *x, int64_t count, uint64_t seed);

#endif
