/* activation.c: activations on their own, the parametric ReLU (He et al., arXiv:1502.01852) among them. */
#include "ops/candidates.h"
#include "ops/elementwise.h"

elementwise ops_activation_elementwise(const ops_activation *p) {
    bool learnt = p->kind == CLADE_PRELU;
    return (elementwise){.in = p->in,
                         .out = p->out,
                         .function = learnt ? ELEMENTWISE_PRELU : ELEMENTWISE_ACTIVATION,
                         .activation = learnt ? CLADE_ACTIVATION_NONE : p->kind,
                         .slope = p->slope,
                         .factor = 1.0f,
                         .has_scale = learnt,
                         .shared_scale = p->shared_slope};
}

const ops_candidate ops_activation_candidates[] = {
    {"runs", ops_elementwise_runs_applicable, ops_elementwise_runs_cost, ops_elementwise_runs_make},
    {"generic", ops_always_applicable, ops_elementwise_generic_cost, ops_elementwise_generic_make},
};
const size_t ops_activation_candidate_count = BASE_COUNT(ops_activation_candidates);
