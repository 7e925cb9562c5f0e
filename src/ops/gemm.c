/* gemm.c: what the candidates share that leave the work to a library's matrix product. */
#include "ops/gemm.h"
#include "ops/cost.h"

/* Of a device's peak. CLBlast has no good parameters for CPUs: with PoCL 25 of 480 GFLOP/s were measured. */
static const double share_of_peak = 0.4, share_of_peak_cpu = 0.05;

double ops_gemm_seconds(const rt_device *device, double flops) {
    return flops / (ops_peak(device) * (device->type == CLADE_DEVICE_CPU ? share_of_peak_cpu : share_of_peak));
}

void ops_add_epilogue(ops_recipe *recipe, const rt_device *device, const ops_epilogue *epilogue) {
    if (!epilogue->has_bias && !epilogue->residual && epilogue->activation == CLADE_ACTIVATION_NONE) return;
    const ops_tensor *out = &epilogue->out;
    ops_launch *launch = ops_add_launch(recipe, "epilogue.cl", "epilogue");
    ops_define(launch, "HAS_BIAS", epilogue->has_bias);
    ops_define(launch, "HAS_RESIDUAL", epilogue->residual != NULL);
    if (epilogue->has_bias) ops_add_operand(launch, OPS_CONSTANT, ops_add_channels(recipe, OPS_BIAS, out->c, 1));
    if (epilogue->residual) {
        ops_add_operand(launch, OPS_INPUT, 1);
        ops_add_int(launch, epilogue->residual->batch_stride);
    }
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, out->n);
    ops_add_int(launch, out->c);
    ops_add_int(launch, (int64_t)out->h * out->w);
    ops_add_int(launch, out->batch_stride);
    ops_add_int(launch, epilogue->linear_channels);
    ops_add_activation(launch, epilogue->activation, epilogue->slope);
    ops_range(launch, device, out->n * ops_image_elements(out));
}
