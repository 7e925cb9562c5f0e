/* gradients.h: what gradients should be, in plain double precision; dense tensors and bounds as in operators.h. Tests hold each
 * against differences of the operator's own reference (numeric_gradient.h). */
#ifndef TESTS_REFERENCE_GRADIENTS_H
#define TESTS_REFERENCE_GRADIENTS_H

#include "ops/ops.h"

/* of is y, or x where the problem says so; slopes is [C] or [1], for CLADE_PRELU. */
void reference_activation_gradient(const ops_activation_gradient *problem, const float *dy, const float *of,
                                   const float *slopes, double *values, double *bounds);
void reference_lrn_gradient(const ops_lrn_gradient *gradient, const float *dy, const float *x, double *values,
                            double *bounds);
/* dy and y: the memory that the strides walk through; dx dense. */
void reference_softmax_gradient(const ops_softmax_gradient *problem, const float *dy, const float *y, double *values,
                                double *bounds);
/* b is read where there is a factor. */
void reference_channel_sum(const ops_channel_sum *problem, const float *a, const float *b, double *values,
                           double *bounds);
/* Of OPS_CROSS_ENTROPY's inputs. */
void reference_cross_entropy_gradient(const ops_cross_entropy_gradient *problem, const float *logits,
                                      const float *labels, double *values, double *bounds);
/* x is read where the pooling is a maximum. */
void reference_pool_gradient(const ops_pool_gradient *problem, const float *dy, const float *x, double *values,
                             double *bounds);
/* Statistics, sums: [2, C], as the problems give them, in double so that differences of the whole can be taken. weight, bias: [C], or NULL. */
void reference_norm_statistics(const ops_norm_statistics *problem, const float *x, double *values, double *bounds);
void reference_norm_apply(const ops_norm_apply *problem, const float *x, const double *statistics, const float *weight,
                          const float *bias, double *values, double *bounds);
void reference_norm_sums(const ops_norm_sums *problem, const float *dy, const float *x, const double *statistics,
                         double *values, double *bounds);
void reference_norm_gradient(const ops_norm_gradient *problem, const float *dy, const float *x,
                             const double *statistics, const double *sums, const float *weight, double *values,
                             double *bounds);

#endif
