/* device.c: the facts about one device. */
#include "rt/device.h"

#include <stdio.h>
#include <string.h>

/* Copies what the driver wrote, without the blanks that some put around names. */
static void copy_trimmed(const char *raw, char *text, size_t size) {
    while (*raw == ' ') raw++;
    size_t length = strlen(raw);
    while (length > 0 && raw[length - 1] == ' ') length--;
    snprintf(text, size, "%.*s", (int)base_min((int64_t)length, (int64_t)size - 1), raw);
}

clade_status rt_device_text(base_env *env, cl_device_id device, cl_device_info what, char *text, size_t size) {
    char *raw = NULL;
    size_t needed = 0;
    cl_int code = clGetDeviceInfo(device, what, 0, NULL, &needed);
    if (code == CL_SUCCESS) {
        raw = base_allocate_zero(env, 1, needed + 1);
        if (!raw) return base_fail_memory(env, needed + 1, "a device's description");
        code = clGetDeviceInfo(device, what, needed, raw, NULL);
    }
    if (code == CL_SUCCESS) copy_trimmed(raw, text, size);
    base_free(env, raw);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(env, RT_SETTING_UP, code, "clGetDeviceInfo", "read the device's text 0x%x", (unsigned)what);
}

clade_status rt_platform_text(base_env *env, cl_platform_id platform, cl_platform_info what, char *text, size_t size) {
    char *raw = NULL;
    size_t needed = 0;
    cl_int code = clGetPlatformInfo(platform, what, 0, NULL, &needed);
    if (code == CL_SUCCESS) {
        raw = base_allocate_zero(env, 1, needed + 1);
        if (!raw) return base_fail_memory(env, needed + 1, "a platform's description");
        code = clGetPlatformInfo(platform, what, needed, raw, NULL);
    }
    if (code == CL_SUCCESS) copy_trimmed(raw, text, size);
    base_free(env, raw);
    if (code == CL_SUCCESS) return CLADE_OK;
    return rt_fail(env, RT_SETTING_UP, code, "clGetPlatformInfo", "read the platform's text 0x%x", (unsigned)what);
}

bool rt_stands_for(cl_device_id listed, cl_device_id device) {
    while (device && device != listed) {
        cl_device_id whole = NULL;
        if (clGetDeviceInfo(device, CL_DEVICE_PARENT_DEVICE, sizeof whole, &whole, NULL) != CL_SUCCESS) return false;
        device = whole;
    }
    return device != NULL;
}

static uint32_t power_of_two_up_to_16(uint32_t width) {
    uint32_t power = 1;
    while (power < 16 && power * 2 <= width) power *= 2;
    return power;
}

/* Whether an extension stands in the driver's list as a word of its own. */
static clade_status has_extension(base_env *env, cl_device_id device, const char *extension, bool *found_out) {
    char list[8192]; /* the longest known are about half of this */
    FORWARD(rt_device_text(env, device, CL_DEVICE_EXTENSIONS, list, sizeof list));
    *found_out = false;
    const size_t length = strlen(extension);
    for (const char *word = strstr(list, extension); word; word = strstr(word + length, extension))
        if ((word == list || word[-1] == ' ') && (word[length] == ' ' || word[length] == '\0')) *found_out = true;
    return CLADE_OK;
}

static clade_status read_texts(base_env *env, const rt_place *place, rt_device *device) {
    snprintf(device->platform, sizeof device->platform, "%s", place->platform_name);
    snprintf(device->selector, sizeof device->selector, "%s:%u", place->platform_name, (unsigned)place->number);
    FORWARD(rt_device_text(env, place->device, CL_DEVICE_NAME, device->name, sizeof device->name));
    FORWARD(rt_device_text(env, place->device, CL_DEVICE_VENDOR, device->vendor, sizeof device->vendor));
    FORWARD(rt_device_text(env, place->device, CL_DRIVER_VERSION, device->driver, sizeof device->driver));
    FORWARD(rt_device_text(env, place->device, CL_DEVICE_VERSION, device->version, sizeof device->version));
    return has_extension(env, place->device, "cl_khr_fp16", &device->has_float16);
}

static clade_status read_numbers(base_env *env, cl_device_id id, rt_device *device) {
    cl_uint float_width = 1, alignment_bits = 0;
    cl_ulong global_memory = 0, largest = 0, local_memory = 0, cache = 0;
    size_t max_work_group = 1, max_work_items[16] = {1, 1, 1};
    const struct {
        cl_device_info what;
        size_t size;
        void *value;
    } reads[] = {
        {CL_DEVICE_MAX_COMPUTE_UNITS, sizeof device->compute_units, &device->compute_units},
        {CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof device->clock_mhz, &device->clock_mhz},
        {CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof float_width, &float_width},
        {CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof alignment_bits, &alignment_bits},
        {CL_DEVICE_GLOBAL_MEM_SIZE, sizeof global_memory, &global_memory},
        {CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof largest, &largest},
        {CL_DEVICE_LOCAL_MEM_SIZE, sizeof local_memory, &local_memory},
        {CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache},
        {CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof max_work_group, &max_work_group},
        {CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof max_work_items, max_work_items},
    };
    for (size_t i = 0; i < BASE_COUNT(reads); i++) {
        const cl_int code = clGetDeviceInfo(id, reads[i].what, reads[i].size, reads[i].value, NULL);
        if (code != CL_SUCCESS)
            return rt_fail(env, RT_SETTING_UP, code, "clGetDeviceInfo", "read the device's number 0x%x of \"%s\"",
                           (unsigned)reads[i].what, device->name);
    }
    device->float_width = power_of_two_up_to_16(float_width);
    device->alignment = (uint32_t)base_max(64, alignment_bits / 8); /* the driver counts bits (llama.cpp#7090) */
    device->global_memory = global_memory;
    device->largest_allocation = largest;
    device->local_memory = local_memory;
    device->global_cache = cache;
    device->max_work_group = max_work_group;
    for (size_t i = 0; i < BASE_COUNT(device->max_work_items); i++) device->max_work_items[i] = max_work_items[i];
    return CLADE_OK;
}

/* What CLBlast's kernels need whatever their tuning: groups of 8 x 8 to 32 x 32 that stage two tiles in local memory. */
static bool fits_clblast(const rt_device *device) {
    return !(device->quirks & RT_QUIRK_NO_LIBRARY_GEMM) && device->max_work_group >= 256 &&
           device->max_work_items[0] >= 32 && device->max_work_items[1] >= 32 && device->local_memory >= 16 * 1024;
}

clade_status rt_describe_device(base_env *env, const rt_place *place, rt_device *device_out) {
    *device_out = (rt_device){.type = place->type};
    FORWARD(read_texts(env, place, device_out));
    FORWARD(read_numbers(env, place->device, device_out));
    device_out->quirks = rt_find_quirks(device_out);
    device_out->has_gemm = fits_clblast(device_out);
    return CLADE_OK;
}
