/* gemm.h: what the candidates share that leave the work to a library's matrix product. */
#ifndef OPS_GEMM_H
#define OPS_GEMM_H

#include "ops/ops.h"

/* Expected seconds for a product of so many floating-point operations, without launches. */
double ops_gemm_seconds(const rt_device *device, double flops);

/* Bias, residual and activation, in place on the product, a plain tensor. */
typedef struct ops_epilogue {
    ops_tensor out;
    bool has_bias;
    const ops_tensor *residual; /* input 1, or NULL */
    clade_activation activation;
    float slope;
    int32_t linear_channels; /* the first so many go without the activation */
} ops_epilogue;

/* Appends a launch, unless there is nothing to do. */
void ops_add_epilogue(ops_recipe *recipe, const rt_device *device, const ops_epilogue *epilogue);

#endif
