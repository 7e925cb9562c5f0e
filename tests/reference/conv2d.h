/* conv2d.h: what a convolution and a fully connected layer should give, in plain double precision. */
#ifndef TESTS_REFERENCE_CONV2D_H
#define TESTS_REFERENCE_CONV2D_H

#include "ops/ops.h"

/* All arrays are dense: in, residual, values and bounds [N, C, H, W], weight [out.c, in.c / groups, kernel_h, kernel_w], or
 * turned, see ops_conv2d. bias and
 * residual may be NULL where the problem has none. bounds: how far float32 sums in any order may be off, 2 K eps sum|a b| with K
 * the number of terms (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), and what the activation makes of that. */
void reference_conv2d(const ops_conv2d *problem, const float *in, const float *weight, const float *bias,
                      const float *residual, double *values, double *bounds);

/* One element of it, out[n, c, y, x] before residual and activation, for tensors too large to do whole. */
double reference_conv2d_element(const ops_conv2d *problem, const float *in, const float *weight, const float *bias,
                                const int64_t place[4]);

/* in: rows `in_stride` apart; weight [features, inputs], or turned [inputs, features]; values and bounds dense [rows, features]. */
void reference_linear(const ops_linear *problem, const float *in, const float *weight, const float *bias,
                      double *values, double *bounds);

/* The gradient of a convolution's weight, from dense dy and x. */
void reference_conv2d_weights(const ops_conv2d_weights *problem, const float *dy, const float *x, double *values,
                              double *bounds);
/* The gradient of a fully connected layer's weight; rows of dy and x `out_stride` and `in_stride` apart. */
void reference_linear_weights(const ops_linear_weights *problem, const float *dy, const float *x, double *values,
                              double *bounds);
/* From dense in to dense values; exact. */
void reference_spread(const ops_spread *problem, const float *in, double *values, double *bounds);

#endif
