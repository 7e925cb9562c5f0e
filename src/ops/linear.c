/* linear.c: which candidates linear has, and what they share. */
#include "ops/linear.h"
#include "ops/candidates.h"

const ops_candidate ops_linear_candidates[] = {
    {"packed", ops_linear_packed_applicable, ops_linear_packed_cost, ops_linear_packed_make},
    {"gemm", ops_linear_gemm_applicable, ops_linear_gemm_cost, ops_linear_gemm_make},
    {"generic", ops_always_applicable, ops_linear_generic_cost, ops_linear_generic_make},
};
const size_t ops_linear_candidate_count = BASE_COUNT(ops_linear_candidates);

ops_weight_shape ops_linear_weight(const ops_linear *p) {
    return (ops_weight_shape){
        .outs = p->features, .ins = p->inputs, .taps = 1, .groups = 1, .turned = p->weight_turned};
}

double ops_linear_flops(const ops_linear *p) { return 2.0 * p->rows * p->inputs * p->features; }

void ops_linear_add_arguments(ops_recipe *recipe, ops_launch *launch, const ops_linear *p, int32_t weight,
                              int32_t bias_block) {
    ops_define(launch, "HAS_BIAS", p->has_bias);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_CONSTANT, weight);
    if (p->has_bias) ops_add_operand(launch, OPS_CONSTANT, ops_add_channels(recipe, OPS_BIAS, p->features, bias_block));
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, p->rows);
    ops_add_int(launch, p->inputs);
    ops_add_int(launch, p->features);
    ops_add_int(launch, p->in_stride);
    ops_add_int(launch, p->out_stride);
    ops_add_activation(launch, p->activation, p->slope);
}
