/* part.c: device fission: a part of a device with some of its compute units, as a device of its own. */
#include "rt/device.h"

static clade_status refuse(base_env *env, cl_device_id device, clade_status status, uint64_t units, cl_uint all,
                           const char *rule) {
    char name[128];
    FORWARD(rt_device_text(env, device, CL_DEVICE_NAME, name, sizeof name));
    return base_fail(env, status, "failed to limit \"%s\" to %llu of its %u compute units: %s", name,
                     (unsigned long long)units, (unsigned)all, rule);
}

/* Cuts the device into `count` parts of as many units, what is left over belonging to none, and keeps the first. */
static clade_status divide(base_env *env, cl_device_id device, cl_uint units, cl_uint count, cl_device_id *part_out) {
    const cl_device_partition_property equally[] = {CL_DEVICE_PARTITION_EQUALLY, (cl_device_partition_property)units,
                                                    0};
    cl_device_id *parts = base_allocate_zero(env, count, sizeof(cl_device_id));
    if (!parts) return base_fail_memory(env, count * sizeof(cl_device_id), "the parts of a device");
    const cl_int code = clCreateSubDevices(device, equally, count, parts, NULL);
    if (code == CL_SUCCESS) {
        *part_out = parts[0];
        for (cl_uint i = 1; i < count; i++) clReleaseDevice(parts[i]);
    }
    base_free(env, parts);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(env, RT_SETTING_UP, code, "clCreateSubDevices", "divide a device into %u parts of %u compute units",
                   (unsigned)count, (unsigned)units);
}

clade_status rt_take_part(base_env *env, cl_device_id device, uint64_t units, cl_device_id *part_out) {
    *part_out = NULL;
    if (units == 0) return CLADE_OK;
    cl_uint all = 0;
    cl_device_partition_property ways[16] = {0}; /* OpenCL has three, vendors a few more; a lone 0: none */
    size_t size = 0;
    cl_int code = clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof all, &all, NULL);
    if (code == CL_SUCCESS) code = clGetDeviceInfo(device, CL_DEVICE_PARTITION_PROPERTIES, sizeof ways, ways, &size);
    if (code != CL_SUCCESS)
        return rt_fail(env, RT_SETTING_UP, code, "clGetDeviceInfo", "learn how a device can be divided");
    if (units == all) return CLADE_OK;
    if (units > all) return refuse(env, device, CLADE_ERROR_INVALID_ARGUMENT, units, all, "it has no more");
    for (size_t i = 0; i < size / sizeof *ways; i++)
        if (ways[i] == CL_DEVICE_PARTITION_EQUALLY)
            return divide(env, device, (cl_uint)units, all / (cl_uint)units, part_out);
    return refuse(env, device, CLADE_ERROR_UNSUPPORTED, units, all, "its driver cannot divide it");
}
