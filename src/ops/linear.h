/* linear.h: the candidates of linear, one file each, and what they share. */
#ifndef OPS_LINEAR_H
#define OPS_LINEAR_H

#include "ops/ops.h"

/* "packed" (linear_packed.c) */
bool ops_linear_packed_applicable(const ops_problem *problem, const rt_device *device);
double ops_linear_packed_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_linear_packed_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                    ops_recipe *recipe_out);

/* "gemm" (linear_gemm.c) */
bool ops_linear_gemm_applicable(const ops_problem *problem, const rt_device *device);
double ops_linear_gemm_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_linear_gemm_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                  ops_recipe *recipe_out);

/* "generic" (linear_generic.c) */
double ops_linear_generic_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_linear_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                     ops_recipe *recipe_out);

/* Its weight, as packings see it. */
ops_weight_shape ops_linear_weight(const ops_linear *p);
/* Floating-point operations. */
double ops_linear_flops(const ops_linear *p);
/* Appends the arguments in, weight, bias (where there is one), out, rows, inputs, features, in_stride and out_stride, and defines
 * HAS_BIAS and ACTIVATION. Bias is packed in a multiple of `bias_block`. */
void ops_linear_add_arguments(ops_recipe *recipe, ops_launch *launch, const ops_linear *p, int32_t weight,
                              int32_t bias_block);

#endif
