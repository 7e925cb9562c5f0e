/* device.h: the devices of this machine, their facts and their quirks. */
#ifndef RT_DEVICE_H
#define RT_DEVICE_H

#include "rt/error.h"
#include "rt/rt.h"

/* Where a device is to be found. */
typedef struct rt_place {
    cl_platform_id platform;
    cl_device_id device;
    char platform_name[128];
    uint32_t number; /* among the devices of all platforms of this very name */
    clade_device_type type;
} rt_place;

/* All devices that can run Clade's kernels, in the order in which they are searched. `places_out` is freed with base_free.
 * CLADE_ERROR_NO_DEVICE when there is none. */
clade_status rt_find_places(base_env *env, rt_place **places_out, size_t *count_out);

/* Chooses by clade_context_settings::device; NULL takes the first GPU, else the first device. */
clade_status rt_select_place(base_env *env, const char *selector, rt_place *place_out);

/* The place of a caller's device. A sub-device, which no search finds, gets the number 0. CLADE_ERROR_UNSUPPORTED when it
 * cannot run Clade's kernels. */
clade_status rt_locate_place(base_env *env, cl_device_id device, rt_place *place_out);

/* Makes a device of `units` of the device's compute units, to be given back with clReleaseDevice; NULL where no part is to be made,
 * for 0 and for as many units as there are. CLADE_ERROR_INVALID_ARGUMENT when there are fewer, CLADE_ERROR_UNSUPPORTED where
 * the driver cannot divide the device. */
clade_status rt_take_part(base_env *env, cl_device_id device, uint64_t units, cl_device_id *part_out);

/* Whether `listed`, from a context's or program's list, stands for `device`: it is the same, or, as PoCL has it, the device of which
 * `device` is a part. */
bool rt_stands_for(cl_device_id listed, cl_device_id device);

/* Fills in all facts. */
clade_status rt_describe_device(base_env *env, const rt_place *place, rt_device *device_out);

/* As clGetDeviceInfo and clGetPlatformInfo for a string, cut to `size`. */
clade_status rt_device_text(base_env *env, cl_device_id device, cl_device_info what, char *text, size_t size);
clade_status rt_platform_text(base_env *env, cl_platform_id platform, cl_platform_info what, char *text, size_t size);

/* The rt_quirk bits of a device whose strings and type are filled in. */
uint32_t rt_find_quirks(const rt_device *device);

#endif
