/* linear_generic.c: a fully connected layer on any device: a work-item an element of the output. */
#include "ops/cost.h"
#include "ops/linear.h"

double ops_linear_generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_linear *p = &problem->linear;
    return ops_cost_scalar(device, (int64_t)p->rows * p->features, p->inputs);
}

/* [inputs][features]: neighbouring work-items read neighbouring weights. */
static void pack_weight(const ops_problem *problem, const ops_constant *constant, const float *values, float *packed) {
    (void)constant;
    const ops_linear *p = &problem->linear;
    for (int64_t i = 0; i < p->inputs; i++)
        for (int64_t feature = 0; feature < p->features; feature++) *packed++ = values[feature * p->inputs + i];
}

clade_status ops_linear_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                     ops_recipe *recipe_out) {
    (void)env;
    const ops_linear *p = &problem->linear;
    ops_launch *launch = ops_add_launch(recipe_out, "linear_generic.cl", "linear_generic");
    uint64_t elements = (uint64_t)p->inputs * (uint64_t)p->features;
    int32_t weight = ops_add_constant(recipe_out, OPS_WEIGHT, elements, 1, pack_weight);
    ops_linear_add_arguments(recipe_out, launch, p, weight, 1);
    ops_range(launch, device, (int64_t)p->rows * p->features);
    return CLADE_OK;
}
