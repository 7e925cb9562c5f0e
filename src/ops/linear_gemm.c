/* linear_gemm.c: a fully connected layer as a matrix product by CLBlast, out = in weight^T; bias and activation follow in place. */
#include "ops/cost.h"
#include "ops/gemm.h"
#include "ops/linear.h"

#include <stdio.h>

bool ops_linear_gemm_applicable(const ops_problem *problem, const rt_device *device) {
    (void)problem;
    return device->has_gemm;
}

double ops_linear_gemm_cost(const ops_problem *problem, const rt_device *device) {
    return 2 * ops_launch_seconds(device) + ops_gemm_seconds(device, ops_linear_flops(&problem->linear));
}

clade_status ops_linear_gemm_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                  ops_recipe *recipe_out) {
    (void)env;
    const ops_linear *p = &problem->linear;
    const ops_weight_shape shape = ops_linear_weight(p);
    const ops_packing as_it_is = ops_pack_weight(&shape, 1, 1);
    ops_launch *product = ops_add_launch(recipe_out, NULL, NULL);
    product->is_gemm = true;
    product->gemm = (rt_gemm){.transpose_b = true,
                              .m = p->rows,
                              .n = p->features,
                              .k = p->inputs,
                              .lead_a = p->in_stride,
                              .lead_b = p->inputs,
                              .lead_c = p->out_stride};
    product->a = (ops_operand){.kind = OPS_INPUT};
    product->b = (ops_operand){.kind = OPS_CONSTANT, .index = ops_add_packed(recipe_out, OPS_WEIGHT, &as_it_is)};
    product->c = (ops_operand){.kind = OPS_OUTPUT};
    product->repeat = 1;

    ops_tensor out = {.n = p->rows, .c = p->features, .h = 1, .w = 1, .block = 1, .batch_stride = p->out_stride};
    ops_add_epilogue(
        recipe_out, device,
        &(ops_epilogue){.out = out, .has_bias = p->has_bias, .activation = p->activation, .slope = p->slope});
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%d x %d by %d", p->rows, p->features, p->inputs);
    return CLADE_OK;
}
