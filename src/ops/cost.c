/* cost.c: figures of a device: those measured (rt_speed), else by rules of thumb, good to a factor of two, which is enough to tell
 * a kernel that was made for a device from one that runs anywhere. */
#include "ops/cost.h"

static double cycles_a_second(const rt_device *device) {
    double clock = device->clock_mhz ? device->clock_mhz * 1e6 : 1.5e9;
    return clock * device->compute_units;
}

double ops_launch_seconds(const rt_device *device) {
    /* What was measured is a launch by itself, with the wait for it; in a row they overlap, and a third is left. */
    return device->speed.launch > 0.0 ? device->speed.launch / 3.0 : 1.5e-5;
}

double ops_bandwidth(const rt_device *device) {
    /* desktop memory, or what a GPU has at least */
    if (device->speed.bandwidth > 0.0) return device->speed.bandwidth;
    return device->type == CLADE_DEVICE_CPU ? 3e10 : 1e11;
}

double ops_peak(const rt_device *device) {
    if (device->speed.peak > 0.0) return device->speed.peak;
    /* CPUs: two units for fused products and sums; GPUs: 64 lanes in a compute unit, more or less */
    double products_a_cycle = device->type == CLADE_DEVICE_CPU ? 2.0 * device->float_width : 64.0;
    return 2.0 * products_a_cycle * cycles_a_second(device);
}

double ops_cost_stream(const rt_device *device, int64_t elements) {
    /* of each compute unit: a CPU core from its outer caches, a GPU's unit as its share of a few hundred GB/s */
    double bytes_a_second = (device->type == CLADE_DEVICE_CPU ? 12e9 : 8e9) * device->compute_units;
    return ops_launch_seconds(device) + (double)elements * sizeof(float) / bytes_a_second;
}

double ops_cost_scalar(const rt_device *device, int64_t items, int64_t steps) {
    /* a step is an address, a load and an operation; a GPU's unit has many items in flight */
    const double cycles_an_item = 20.0, cycles_a_step = 4.0;
    double lanes = device->type == CLADE_DEVICE_CPU ? 1.0 : 32.0;
    double cycles = (double)items * (cycles_an_item + cycles_a_step * (double)steps);
    return ops_launch_seconds(device) + cycles / (lanes * cycles_a_second(device));
}
