/* cost.c: rough figures of a device. Good to a factor of two, which is enough to tell a kernel that was made for a device from
 * one that runs anywhere. */
#include "ops/cost.h"

static double cycles_a_second(const rt_device *device) {
    double clock = device->clock_mhz ? device->clock_mhz * 1e6 : 1.5e9;
    return clock * device->compute_units;
}

double ops_peak(const rt_device *device) {
    /* CPUs: two units for fused products and sums; GPUs: 64 lanes in a compute unit, more or less */
    double products_a_cycle = device->type == CLADE_DEVICE_CPU ? 2.0 * device->float_width : 64.0;
    return 2.0 * products_a_cycle * cycles_a_second(device);
}

double ops_cost_stream(const rt_device *device, int64_t elements) {
    /* of each compute unit: a CPU core from its outer caches, a GPU's unit as its share of a few hundred GB/s */
    double bytes_a_second = (device->type == CLADE_DEVICE_CPU ? 12e9 : 8e9) * device->compute_units;
    return OPS_LAUNCH_SECONDS + (double)elements * sizeof(float) / bytes_a_second;
}

double ops_cost_scalar(const rt_device *device, int64_t items, int64_t steps) {
    /* a step is an address, a load and an operation; a GPU's unit has many items in flight */
    const double cycles_an_item = 20.0, cycles_a_step = 4.0;
    double lanes = device->type == CLADE_DEVICE_CPU ? 1.0 : 32.0;
    double cycles = (double)items * (cycles_an_item + cycles_a_step * (double)steps);
    return OPS_LAUNCH_SECONDS + cycles / (lanes * cycles_a_second(device));
}
