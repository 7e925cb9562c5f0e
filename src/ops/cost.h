/* cost.h: figures of a device to rank candidates by: measured ones (rt_speed), else rough ones. */
#ifndef OPS_COST_H
#define OPS_COST_H

#include "ops/ops.h"

/* What a launch costs beside its work, in seconds. */
double ops_launch_seconds(const rt_device *device);
/* Bytes a second from memory behind every cache, for all units together. */
double ops_bandwidth(const rt_device *device);

/* Floating-point operations a second, of which a product and a sum count as two. */
double ops_peak(const rt_device *device);
/* Seconds for a launch that streams so many floats, read and written together. */
double ops_cost_stream(const rt_device *device, int64_t elements);
/* Seconds for a launch of `items` work-items that take `steps` steps on single elements each. */
double ops_cost_scalar(const rt_device *device, int64_t items, int64_t steps);

#endif
