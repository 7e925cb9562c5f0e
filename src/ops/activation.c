/* activation.c: activations on their own, the parametric ReLU (He et al., arXiv:1502.01852) among them. */
#include "ops/candidates.h"
#include "ops/elementwise.h"

/* Slopes [C], or one slope for all. */
static void pack_slopes(const ops_problem *problem, const ops_constant *constant, const float *values, float *packed) {
    if (!problem->activation.shared_slope) {
        ops_pack_channels(problem, constant, values, packed);
        return;
    }
    for (uint64_t i = 0; i < constant->elements; i++) packed[i] = values[0];
}

elementwise ops_activation_elementwise(const ops_activation *p) {
    bool learnt = p->kind == CLADE_PRELU;
    return (elementwise){.in = p->in,
                         .out = p->out,
                         .function = learnt ? ELEMENTWISE_PRELU : ELEMENTWISE_ACTIVATION,
                         .activation = learnt ? CLADE_ACTIVATION_NONE : p->kind,
                         .slope = p->slope,
                         .factor = 1.0f,
                         .pack_scale = learnt ? pack_slopes : NULL};
}

const ops_candidate ops_activation_candidates[] = {
    {"runs", ops_elementwise_runs_applicable, ops_elementwise_runs_cost, ops_elementwise_runs_make},
    {"generic", ops_always_applicable, ops_elementwise_generic_cost, ops_elementwise_generic_make},
};
const size_t ops_activation_candidate_count = BASE_COUNT(ops_activation_candidates);
