/* table.c: which operators there are, and where their candidates stand. */
#include "ops/candidates.h"

typedef struct table_row {
    const char *name;
    const ops_candidate *candidates;
    const size_t *count;
} table_row;

static const table_row table[OPS_KIND_COUNT] = {
    [OPS_CONV2D] = {"conv2d", ops_conv2d_candidates, &ops_conv2d_candidate_count},
    [OPS_POOL] = {"pool", ops_pool_candidates, &ops_pool_candidate_count},
    [OPS_LINEAR] = {"linear", ops_linear_candidates, &ops_linear_candidate_count},
    [OPS_AFFINE] = {"affine", ops_affine_candidates, &ops_affine_candidate_count},
    [OPS_LRN] = {"lrn", ops_lrn_candidates, &ops_lrn_candidate_count},
    [OPS_ACTIVATION] = {"activation", ops_activation_candidates, &ops_activation_candidate_count},
    [OPS_BINARY] = {"binary", ops_binary_candidates, &ops_binary_candidate_count},
    [OPS_SOFTMAX] = {"softmax", ops_softmax_candidates, &ops_softmax_candidate_count},
    [OPS_COPY] = {"copy", ops_copy_candidates, &ops_copy_candidate_count},
    [OPS_REORDER] = {"reorder", ops_reorder_candidates, &ops_reorder_candidate_count},
    [OPS_MEAN] = {"mean", ops_mean_candidates, &ops_mean_candidate_count},
    [OPS_ACTIVATION_GRADIENT] = {"activation_gradient", ops_activation_gradient_candidates,
                                 &ops_activation_gradient_candidate_count},
    [OPS_POOL_GRADIENT] = {"pool_gradient", ops_pool_gradient_candidates, &ops_pool_gradient_candidate_count},
    [OPS_LRN_GRADIENT] = {"lrn_gradient", ops_lrn_gradient_candidates, &ops_lrn_gradient_candidate_count},
    [OPS_SOFTMAX_GRADIENT] = {"softmax_gradient", ops_softmax_gradient_candidates,
                              &ops_softmax_gradient_candidate_count},
    [OPS_CHANNEL_SUM] = {"channel_sum", ops_channel_sum_candidates, &ops_channel_sum_candidate_count},
    [OPS_CROSS_ENTROPY] = {"cross_entropy", ops_cross_entropy_candidates, &ops_cross_entropy_candidate_count},
    [OPS_CROSS_ENTROPY_GRADIENT] = {"cross_entropy_gradient", ops_cross_entropy_gradient_candidates,
                                    &ops_cross_entropy_gradient_candidate_count},
    [OPS_DROPOUT] = {"dropout", ops_dropout_candidates, &ops_dropout_candidate_count},
    [OPS_CONV2D_WEIGHTS] = {"conv2d_weights", ops_conv2d_weights_candidates, &ops_conv2d_weights_candidate_count},
    [OPS_LINEAR_WEIGHTS] = {"linear_weights", ops_linear_weights_candidates, &ops_linear_weights_candidate_count},
    [OPS_SPREAD] = {"spread", ops_spread_candidates, &ops_spread_candidate_count},
    [OPS_NORM_STATISTICS] = {"norm_statistics", ops_norm_statistics_candidates, &ops_norm_statistics_candidate_count},
    [OPS_NORM_APPLY] = {"norm_apply", ops_norm_apply_candidates, &ops_norm_apply_candidate_count},
    [OPS_NORM_SUMS] = {"norm_sums", ops_norm_sums_candidates, &ops_norm_sums_candidate_count},
    [OPS_NORM_GRADIENT] = {"norm_gradient", ops_norm_gradient_candidates, &ops_norm_gradient_candidate_count},
};

const ops_candidate *ops_candidates(ops_kind kind, size_t *count_out) {
    *count_out = *table[kind].count;
    return table[kind].candidates;
}

const ops_candidate *ops_generic(ops_kind kind) { return &table[kind].candidates[*table[kind].count - 1]; }

const char *ops_kind_name(ops_kind kind) { return table[kind].name; }
