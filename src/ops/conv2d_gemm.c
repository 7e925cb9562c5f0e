/* conv2d_gemm.c: convolution between plain tensors as a matrix product by CLBlast,
 *
 *     out [out.c, pixels] = weight [out.c, K] columns [K, pixels],   K = in.c * kernel_h * kernel_w
 *
 * an image at a time. The columns of a pointwise convolution are the input itself; else im2col writes those of all images into
 * the workspace (Chellapilla, Puri, Simard 2006). Bias, residual and activation follow in place. */
#include "ops/conv2d.h"
#include "ops/cost.h"
#include "ops/gemm.h"

#include <stdio.h>

/* Of the device's memory, what columns may take. */
enum { COLUMNS_SHARE = 4 };

static int64_t product_depth(const ops_conv2d *p) { return (int64_t)p->in.c * p->kernel_h * p->kernel_w; }
static int64_t out_pixels(const ops_conv2d *p) { return (int64_t)p->out.h * p->out.w; }

/* Bytes; 0 for a pointwise convolution, false when they are more than can be counted. */
static bool columns_size(const ops_conv2d *p, uint64_t *size_out) {
    *size_out = 0;
    if (ops_conv2d_is_pointwise(p)) return true;
    return base_multiply((uint64_t)product_depth(p), (uint64_t)out_pixels(p), size_out) &&
           base_multiply(*size_out, (uint64_t)p->out.n, size_out) &&
           *size_out <= INT32_MAX /* im2col.cl counts in 32 bits */
           && base_multiply(*size_out, sizeof(float), size_out);
}

static bool columns_fit(const ops_conv2d *p, const rt_device *device) {
    uint64_t size;
    return columns_size(p, &size) && size <= device->largest_allocation &&
           size <= device->global_memory / COLUMNS_SHARE;
}

bool ops_conv2d_gemm_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d *p = &problem->conv2d;
    return device->has_gemm &&     /* CLBlast is there and fit for the device */
           p->in.block == 1 &&     /* plain tensors, in */
           p->out.block == 1 &&    /* and out */
           p->groups == 1 &&       /* one product an image */
           columns_fit(p, device); /* into memory */
}

double ops_conv2d_gemm_cost(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d *p = &problem->conv2d;
    double launches = p->out.n + (ops_conv2d_is_pointwise(p) ? 1 : 2);
    return launches * ops_launch_seconds(device) + ops_gemm_seconds(device, ops_conv2d_flops(p));
}

static void add_im2col(ops_recipe *recipe, const ops_conv2d *p, const rt_device *device) {
    ops_launch *launch = ops_add_launch(recipe, "im2col.cl", "im2col");
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_WORKSPACE, 0);
    ops_conv2d_add_shape(launch, &p->in);
    ops_conv2d_add_shape(launch, &p->out);
    ops_conv2d_add_window(launch, p);
    ops_range(launch, device, p->out.n * product_depth(p) * out_pixels(p));
}

clade_status ops_conv2d_gemm_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                  ops_recipe *recipe_out) {
    (void)env;
    const ops_conv2d *p = &problem->conv2d;
    bool pointwise = ops_conv2d_is_pointwise(p);
    int64_t depth = product_depth(p), pixels = out_pixels(p);
    columns_size(p, &recipe_out->workspace);
    if (!pointwise) add_im2col(recipe_out, p, device);

    ops_launch *product = ops_add_launch(recipe_out, NULL, NULL);
    product->is_gemm = true;
    product->gemm =
        (rt_gemm){.m = p->out.c, .n = pixels, .k = depth, .lead_a = depth, .lead_b = pixels, .lead_c = pixels};
    const ops_weight_shape shape = ops_conv2d_weight(p);
    const ops_packing as_it_is = ops_pack_weight(&shape, 1, 1);
    product->a = (ops_operand){.kind = OPS_CONSTANT, .index = ops_add_packed(recipe_out, OPS_WEIGHT, &as_it_is)};
    product->b = (ops_operand){.kind = pointwise ? OPS_INPUT : OPS_WORKSPACE};
    product->c = (ops_operand){.kind = OPS_OUTPUT};
    product->repeat = p->out.n;
    product->b_step = pointwise ? p->in.batch_stride : depth * pixels;
    product->c_step = p->out.batch_stride;

    ops_add_epilogue(recipe_out, device,
                     &(ops_epilogue){.out = p->out,
                                     .has_bias = p->has_bias,
                                     .residual = p->has_residual ? &p->residual : NULL,
                                     .activation = p->activation,
                                     .slope = p->slope,
                                     .linear_channels = p->linear_channels});
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%s: %d x %lld by %lld", pointwise ? "1x1" : "im2col",
             p->out.c, (long long)pixels, (long long)depth);
    return CLADE_OK;
}
