/* candidates.h: the rows of table.c. An operator's file (NAME.c) defines its array, special candidates first, the one that
 * always applies last. */
#ifndef OPS_CANDIDATES_H
#define OPS_CANDIDATES_H

#include "ops/ops.h"

extern const ops_candidate ops_conv2d_candidates[];
extern const size_t ops_conv2d_candidate_count;
extern const ops_candidate ops_pool_candidates[];
extern const size_t ops_pool_candidate_count;
extern const ops_candidate ops_linear_candidates[];
extern const size_t ops_linear_candidate_count;
extern const ops_candidate ops_affine_candidates[];
extern const size_t ops_affine_candidate_count;
extern const ops_candidate ops_lrn_candidates[];
extern const size_t ops_lrn_candidate_count;
extern const ops_candidate ops_activation_candidates[];
extern const size_t ops_activation_candidate_count;
extern const ops_candidate ops_binary_candidates[];
extern const size_t ops_binary_candidate_count;
extern const ops_candidate ops_softmax_candidates[];
extern const size_t ops_softmax_candidate_count;
extern const ops_candidate ops_copy_candidates[];
extern const size_t ops_copy_candidate_count;
extern const ops_candidate ops_reorder_candidates[];
extern const size_t ops_reorder_candidate_count;
extern const ops_candidate ops_mean_candidates[];
extern const size_t ops_mean_candidate_count;
extern const ops_candidate ops_activation_gradient_candidates[];
extern const size_t ops_activation_gradient_candidate_count;
extern const ops_candidate ops_pool_gradient_candidates[];
extern const size_t ops_pool_gradient_candidate_count;
extern const ops_candidate ops_lrn_gradient_candidates[];
extern const size_t ops_lrn_gradient_candidate_count;
extern const ops_candidate ops_softmax_gradient_candidates[];
extern const size_t ops_softmax_gradient_candidate_count;
extern const ops_candidate ops_channel_sum_candidates[];
extern const size_t ops_channel_sum_candidate_count;
extern const ops_candidate ops_cross_entropy_candidates[];
extern const size_t ops_cross_entropy_candidate_count;
extern const ops_candidate ops_cross_entropy_gradient_candidates[];
extern const size_t ops_cross_entropy_gradient_candidate_count;
extern const ops_candidate ops_dropout_candidates[];
extern const size_t ops_dropout_candidate_count;
extern const ops_candidate ops_conv2d_weights_candidates[];
extern const size_t ops_conv2d_weights_candidate_count;
extern const ops_candidate ops_linear_weights_candidates[];
extern const size_t ops_linear_weights_candidate_count;
extern const ops_candidate ops_spread_candidates[];
extern const size_t ops_spread_candidate_count;
extern const ops_candidate ops_norm_statistics_candidates[];
extern const size_t ops_norm_statistics_candidate_count;
extern const ops_candidate ops_norm_apply_candidates[];
extern const size_t ops_norm_apply_candidate_count;
extern const ops_candidate ops_norm_sums_candidates[];
extern const size_t ops_norm_sums_candidate_count;
extern const ops_candidate ops_norm_gradient_candidates[];
extern const size_t ops_norm_gradient_candidate_count;

#endif
