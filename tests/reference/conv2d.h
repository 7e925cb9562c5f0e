/* conv2d.h: what a convolution and a fully connected layer should give, in plain double precision. */
#ifndef TESTS_REFERENCE_CONV2D_H
#define TESTS_REFERENCE_CONV2D_H

#include "ops/ops.h"

/* All arrays are dense: in, residual, values and bounds [N, C, H, W], weight [out.c, in.c / groups, kernel_h, kernel_w]. bias and
 * residual may be NULL where the problem has none. bounds: how far float32 sums in any order may be off, 2 K eps sum|a b| with K
 * the number of terms (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), and what the activation makes of that. */
void reference_conv2d(const ops_conv2d *problem, const float *in, const float *weight, const float *bias,
                      const float *residual, double *values, double *bounds);

/* One element of it, out[n, c, y, x] before residual and activation, for tensors too large to do whole. */
double reference_conv2d_element(const ops_conv2d *problem, const float *in, const float *weight, const float *bias,
                                const int64_t place[4]);

/* in: rows `in_stride` apart; weight [features, inputs]; values and bounds dense [rows, features]. */
void reference_linear(const ops_linear *problem, const float *in, const float *weight, const float *bias,
                      double *values, double *bounds);

#endif
