/* linear_weights.c: the gradient of a fully connected layer's weight, dy^T x.
 *
 *   generic  any device: an element a work-item */
#include "ops/candidates.h"
#include "ops/cost.h"

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static int64_t elements_of(const ops_linear_weights *p) { return (int64_t)p->features * p->inputs; }

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, elements_of(&problem->linear_weights), problem->linear_weights.rows);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_linear_weights *p = &problem->linear_weights;
    ops_launch *launch = ops_add_launch(recipe_out, "linear_weights_generic.cl", "linear_weights_generic");
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, p->rows);
    ops_add_int(launch, p->inputs);
    ops_add_int(launch, p->features);
    ops_add_int(launch, p->in_stride);
    ops_add_int(launch, p->out_stride);
    ops_range(launch, device, elements_of(p));
    return CLADE_OK;
}

const ops_candidate ops_linear_weights_candidates[] = {
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_linear_weights_candidate_count = BASE_COUNT(ops_linear_weights_candidates);
