/* cross_entropy.c: softmax cross-entropy and its gradient. A row a work-item: beside a network's other steps these are nothing. */
#include "ops/candidates.h"
#include "ops/cost.h"

/* Three passes over the classes, two of them with an exponential. */
static double generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_cross_entropy *p =
        problem->kind == OPS_CROSS_ENTROPY ? &problem->cross_entropy : &problem->cross_entropy_gradient.cross_entropy;
    return ops_cost_scalar(device, p->rows, 20 * (int64_t)p->classes);
}

/* A launch with the arguments both kernels begin with. */
static ops_launch *begin(ops_recipe *recipe, const char *kernel, const ops_cross_entropy *p, const rt_device *device) {
    ops_launch *launch = ops_add_launch(recipe, "cross_entropy.cl", kernel);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, p->rows);
    ops_add_int(launch, p->classes);
    ops_add_int(launch, p->stride_logits);
    ops_add_float(launch, p->smoothing);
    ops_range(launch, device, p->rows);
    return launch;
}

static clade_status loss_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    (void)begin(recipe_out, "cross_entropy_generic", &problem->cross_entropy, device);
    return CLADE_OK;
}

static clade_status gradient_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                  ops_recipe *recipe_out) {
    (void)env;
    const ops_cross_entropy_gradient *p = &problem->cross_entropy_gradient;
    ops_launch *launch = begin(recipe_out, "cross_entropy_gradient_generic", &p->cross_entropy, device);
    ops_add_float(launch, p->factor);
    return CLADE_OK;
}

const ops_candidate ops_cross_entropy_candidates[] = {{"generic", ops_always_applicable, generic_cost, loss_make}};
const size_t ops_cross_entropy_candidate_count = BASE_COUNT(ops_cross_entropy_candidates);

const ops_candidate ops_cross_entropy_gradient_candidates[] = {
    {"generic", ops_always_applicable, generic_cost, gradient_make}};
const size_t ops_cross_entropy_gradient_candidate_count = BASE_COUNT(ops_cross_entropy_gradient_candidates);
