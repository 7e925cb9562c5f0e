/* affine.c: y = activation(x * factor * scale[c] + shift[c] + offset); batch norm comes down to this. */
#include "ops/candidates.h"
#include "ops/elementwise.h"

elementwise ops_affine_elementwise(const ops_affine *p) {
    return (elementwise){.in = p->in,
                         .out = p->out,
                         .function = ELEMENTWISE_AFFINE,
                         .activation = p->activation,
                         .slope = p->slope,
                         .factor = p->factor,
                         .offset = p->offset,
                         .has_scale = p->has_scale,
                         .has_shift = p->has_shift};
}

const ops_candidate ops_affine_candidates[] = {
    {"runs", ops_elementwise_runs_applicable, ops_elementwise_runs_cost, ops_elementwise_runs_make},
    {"generic", ops_always_applicable, ops_elementwise_generic_cost, ops_elementwise_generic_make},
};
const size_t ops_affine_candidate_count = BASE_COUNT(ops_affine_candidates);
