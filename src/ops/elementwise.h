/* elementwise.h: the two candidates that affine and activation share.
 *
 *   runs     CPUs, plain tensors or block == vector width: runs of vectors
 *   generic  any layout, any device: an element a work-item */
#ifndef OPS_ELEMENTWISE_H
#define OPS_ELEMENTWISE_H

#include "ops/ops.h"

/* As FUNCTION in cl/elementwise.cl. */
typedef enum elementwise_function {
    ELEMENTWISE_ACTIVATION = 0,
    ELEMENTWISE_AFFINE = 1,
    ELEMENTWISE_PRELU = 2
} elementwise_function;

/* What either operator comes down to. */
typedef struct elementwise {
    ops_tensor in, out;
    elementwise_function function;
    clade_activation activation;
    float slope, factor, offset;
    bool has_scale, has_shift; /* a coefficient for each channel, constants OPS_WEIGHT and OPS_BIAS */
    bool shared_scale;         /* the scale is one number for all */
} elementwise;

elementwise ops_affine_elementwise(const ops_affine *p);         /* affine.c */
elementwise ops_activation_elementwise(const ops_activation *p); /* activation.c */

bool ops_elementwise_runs_applicable(const ops_problem *problem, const rt_device *device);
double ops_elementwise_runs_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_elementwise_runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                       ops_recipe *recipe_out);

double ops_elementwise_generic_cost(const ops_problem *problem, const rt_device *device);
clade_status ops_elementwise_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                          ops_recipe *recipe_out);

#endif
