/* conv2d_generic.c: convolution on any device, between any layouts: a work-item an element of the output. */
#include "ops/conv2d.h"
#include "ops/cost.h"

double ops_conv2d_generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d *p = &problem->conv2d;
    int64_t products = (int64_t)(p->in.c / p->groups) * p->kernel_h * p->kernel_w;
    return ops_cost_scalar(device, p->out.n * ops_image_elements(&p->out), products);
}

clade_status ops_conv2d_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                     ops_recipe *recipe_out) {
    (void)env;
    const ops_conv2d *p = &problem->conv2d;
    ops_launch *launch = ops_add_launch(recipe_out, "conv2d_generic.cl", "conv2d_generic");
    /* [in.c / groups][kernel_h][kernel_w][out.c]: neighbouring work-items of a blocked output read neighbouring weights */
    const ops_weight_shape shape = ops_conv2d_weight(p);
    const ops_packing packing = ops_pack_weight(&shape, p->out.c, 1);
    int32_t weight = ops_add_packed(recipe_out, OPS_WEIGHT, &packing);
    ops_add_int(launch, p->groups);
    ops_conv2d_add_arguments(recipe_out, launch, p, weight, 1);
    ops_range(launch, device, p->out.n * ops_image_elements(&p->out));
    return CLADE_OK;
}
