/* operators.h: what the operators other than convolutions should give, in plain double precision.
 *
 * Tensors are dense [N, C, H, W]; operands of problems with strides are the memory the strides walk through, and the output is
 * dense in row-major order. bounds: how far a float32 kernel may be off, element by element; 0 where there is nothing to round. */
#ifndef TESTS_REFERENCE_OPERATORS_H
#define TESTS_REFERENCE_OPERATORS_H

#include "ops/ops.h"

/* bias is [C], or NULL. */
void reference_pool(const ops_pool *problem, const float *in, const float *bias, double *values, double *bounds);
/* scale and shift are [C], or NULL. */
void reference_affine(const ops_affine *problem, const float *in, const float *scale, const float *shift,
                      double *values, double *bounds);
void reference_lrn(const ops_lrn *problem, const float *in, double *values, double *bounds);
/* slopes is [C] or [1], for CLADE_PRELU. */
void reference_activation(const ops_activation *problem, const float *in, const float *slopes, double *values,
                          double *bounds);
void reference_binary(const ops_binary *problem, const float *a, const float *b, double *values, double *bounds);
void reference_softmax(const ops_softmax *problem, const float *in, double *values, double *bounds);
void reference_copy(const ops_copy *problem, const float *in, double *values, double *bounds);
void reference_reorder(const ops_reorder *problem, const float *in, double *values, double *bounds);
void reference_mean(const ops_mean *problem, const float *in, double *values, double *bounds);
/* Of OPS_CROSS_ENTROPY's inputs: a loss a row. */
void reference_cross_entropy(const ops_cross_entropy *problem, const float *logits, const float *labels, double *values,
                             double *bounds);
/* key as OPS_DROPOUT's. */
void reference_dropout(const ops_dropout *problem, const float *in, const float *key, double *values, double *bounds);
/* Philox4x32-10 as the paper has it (Salmon et al., SC11). */
void reference_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words_out[4]);

#endif
