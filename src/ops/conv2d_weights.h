/* conv2d_weights.h: the candidates of conv2d_weights, one file each, and what they share. */
#ifndef OPS_CONV2D_WEIGHTS_H
#define OPS_CONV2D_WEIGHTS_H

#include "ops/ops.h"

/* "blocked" and "planar" (conv2d_weights_tiles.c): differ in what they apply to. */
bool ops_conv2d_weights_blocked_applicable(const ops_problem *problem, const rt_device *device);
bool ops_conv2d_weights_planar_applicable(const ops_problem *problem, const rt_device *device);
double ops_conv2d_weights_tiles_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_conv2d_weights_tiles_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                           ops_recipe *recipe_out);

/* "winograd" (conv2d_weights_winograd.c) */
bool ops_conv2d_weights_winograd_applicable(const ops_problem *problem, const rt_device *device);
double ops_conv2d_weights_winograd_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_conv2d_weights_winograd_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                              ops_recipe *recipe_out);

/* "generic" (conv2d_weights_generic.c) */
double ops_conv2d_weights_generic_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_conv2d_weights_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                             ops_recipe *recipe_out);

/* The convolution whose weight's gradient it is. */
ops_conv2d ops_conv2d_weights_forward(const ops_conv2d_weights *p);
/* Elements of the result. */
int64_t ops_conv2d_weights_elements(const ops_conv2d_weights *p);

#endif
