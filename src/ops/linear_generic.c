/* linear_generic.c: a fully connected layer on any device: a work-item an element of the output. */
#include "ops/cost.h"
#include "ops/linear.h"

double ops_linear_generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_linear *p = &problem->linear;
    return ops_cost_scalar(device, (int64_t)p->rows * p->features, p->inputs);
}

clade_status ops_linear_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                     ops_recipe *recipe_out) {
    (void)env;
    const ops_linear *p = &problem->linear;
    ops_launch *launch = ops_add_launch(recipe_out, "linear_generic.cl", "linear_generic");
    /* [inputs][features]: neighbouring work-items read neighbouring weights */
    const ops_weight_shape shape = ops_linear_weight(p);
    const ops_packing packing = ops_pack_weight(&shape, p->features, 1);
    int32_t weight = ops_add_packed(recipe_out, OPS_WEIGHT, &packing);
    ops_linear_add_arguments(recipe_out, launch, p, weight, 1);
    ops_range(launch, device, (int64_t)p->rows * p->features);
    return CLADE_OK;
}
