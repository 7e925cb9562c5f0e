/* conv2d_weights_generic.c: the gradient of a convolution's weight on any device, between any layouts: a work-item a weight. */
#include "ops/conv2d.h"
#include "ops/conv2d_weights.h"
#include "ops/cost.h"

double ops_conv2d_weights_generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    return ops_cost_scalar(device, ops_conv2d_weights_elements(p), (int64_t)p->out.n * p->out.h * p->out.w);
}

clade_status ops_conv2d_weights_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                             ops_recipe *recipe_out) {
    (void)env;
    const ops_conv2d forward = ops_conv2d_weights_forward(&problem->conv2d_weights);
    ops_launch *launch = ops_add_launch(recipe_out, "conv2d_weights_generic.cl", "conv2d_weights_generic");
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_conv2d_add_sizes(launch, &forward);
    ops_add_int(launch, forward.groups);
    ops_range(launch, device, ops_conv2d_weights_elements(&problem->conv2d_weights));
    return CLADE_OK;
}
