/* conv2d.h: the candidates of conv2d, one file each, and what they share. */
#ifndef OPS_CONV2D_H
#define OPS_CONV2D_H

#include "ops/ops.h"

/* "direct" and "direct_planar" (conv2d_direct.c): differ in what they apply to. */
bool ops_conv2d_direct_applicable(const ops_problem *problem, const rt_device *device);
bool ops_conv2d_planar_applicable(const ops_problem *problem, const rt_device *device);
double ops_conv2d_direct_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_conv2d_direct_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                    ops_recipe *recipe_out);

/* "grouped" (conv2d_grouped.c) */
bool ops_conv2d_grouped_applicable(const ops_problem *problem, const rt_device *device);
double ops_conv2d_grouped_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_conv2d_grouped_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                     ops_recipe *recipe_out);

/* "winograd_4x4_3x3", ... (conv2d_winograd.c): the rows of conv2d_winograd.inc. */
#define WINOGRAD(name, ...)                                                                                            \
    bool ops_conv2d_##name##_applicable(const ops_problem *problem, const rt_device *device);                          \
    double ops_conv2d_##name##_cost(const ops_problem *problem, const rt_device *device);                              \
    clade_status ops_conv2d_##name##_make(base_env *env, const ops_problem *problem, const rt_device *device,          \
                                          ops_recipe *recipe_out);
#include "ops/conv2d_winograd.inc"
#undef WINOGRAD

/* "gemm" (conv2d_gemm.c) */
bool ops_conv2d_gemm_applicable(const ops_problem *problem, const rt_device *device);
double ops_conv2d_gemm_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_conv2d_gemm_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                  ops_recipe *recipe_out);

/* "generic" (conv2d_generic.c) */
double ops_conv2d_generic_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_conv2d_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                     ops_recipe *recipe_out);

/* In groups of channels that are a part of a block and divide it, as those of depthwise convolution: a block of outputs is made from one of inputs. */
bool ops_conv2d_is_narrow(const ops_conv2d *p);
/* Without groups, or in groups of whole blocks, in and out. */
bool ops_conv2d_is_wide(const ops_conv2d *p);
/* Its weight, as packings see it. */
ops_weight_shape ops_conv2d_weight(const ops_conv2d *p);
/* Floating-point operations. */
double ops_conv2d_flops(const ops_conv2d *p);
/* Whether an output pixel is made from the input pixel at its own place and no other. */
bool ops_conv2d_is_pointwise(const ops_conv2d *p);
/* Appends the arguments in, weight, bias and residual (where there are such), out, their shapes, the window, linear_channels
 * and the activation's slope, and defines HAS_BIAS, HAS_RESIDUAL and ACTIVATION. Bias is packed in a multiple of `bias_block`. */
void ops_conv2d_add_arguments(ops_recipe *recipe, ops_launch *launch, const ops_conv2d *p, int32_t weight,
                              int32_t bias_block);
/* The same without in and weight, for the last of several launches. */
void ops_conv2d_add_finish(ops_recipe *recipe, ops_launch *launch, const ops_conv2d *p, int32_t bias_block);
/* Appends the shapes of in and out and the window. */
void ops_conv2d_add_sizes(ops_launch *launch, const ops_conv2d *p);
/* Appends a shape as a long8: n, c, h, w, block, batch_stride. */
void ops_conv2d_add_shape(ops_launch *launch, const ops_tensor *tensor);
/* Appends the window as a long8: kernel, stride and dilation, down and across, pad_top and pad_left. */
void ops_conv2d_add_window(ops_launch *launch, const ops_conv2d *p);

#endif
