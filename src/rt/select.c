/* select.c: finds the devices of this machine and the one that is asked for. */
#include "rt/device.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- Finding all ------------------------------------------------------------------------------------------------ */

/* Why Clade cannot use a device, or NULL. */
static const char *defect(cl_device_id device) {
    cl_bool available = CL_FALSE, compiles = CL_FALSE, little_endian = CL_FALSE;
    char version[256] = "";
    int major = 0, minor = 0;
    if (clGetDeviceInfo(device, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL) != CL_SUCCESS || !available)
        return "it is not available";
    if (clGetDeviceInfo(device, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiles, &compiles, NULL) != CL_SUCCESS ||
        !compiles)
        return "it has no compiler";
    if (clGetDeviceInfo(device, CL_DEVICE_ENDIAN_LITTLE, sizeof little_endian, &little_endian, NULL) != CL_SUCCESS ||
        !little_endian)
        return "it is not little-endian";
    if (clGetDeviceInfo(device, CL_DEVICE_VERSION, sizeof version, version, NULL) != CL_SUCCESS ||
        sscanf(version, "OpenCL %d.%d", &major, &minor) != 2)
        return "its version is not \"OpenCL MAJOR.MINOR\"";
    if (major < 1 || (major == 1 && minor < 2)) return "it is older than OpenCL 1.2";
    return NULL;
}

static clade_device_type type_of(cl_device_type bits) {
    if (bits & CL_DEVICE_TYPE_GPU) return CLADE_DEVICE_GPU;
    if (bits & CL_DEVICE_TYPE_CPU) return CLADE_DEVICE_CPU;
    return CLADE_DEVICE_ACCELERATOR;
}

typedef struct place_list {
    rt_place *places;
    size_t count, capacity;
} place_list;

static clade_status add_place(base_env *env, place_list *list, cl_platform_id platform, const char *platform_name,
                              cl_device_id device) {
    cl_device_type type = 0;
    const cl_int code = clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(env, RT_SETTING_UP, code, "clGetDeviceInfo", "read a device's type on \"%s\"", platform_name);
    uint32_t number = 0;
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->places[i].platform_name, platform_name) == 0) number++;
    if (!base_grow(env, &list->places, sizeof *list->places, list->count, &list->capacity))
        return base_fail_memory(env, (list->count + 1) * sizeof *list->places, "the list of devices");
    rt_place *place = &list->places[list->count++];
    *place = (rt_place){.platform = platform, .device = device, .number = number};
    place->type = type_of(type);
    snprintf(place->platform_name, sizeof place->platform_name, "%s", platform_name);
    return CLADE_OK;
}

/* A platform that fails is passed over: the others may be well. */
static clade_status add_platform(base_env *env, place_list *list, cl_platform_id platform) {
    char name[sizeof list->places->platform_name];
    FORWARD(rt_platform_text(env, platform, CL_PLATFORM_NAME, name, sizeof name));
    cl_uint count = 0;
    cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    if (code == CL_DEVICE_NOT_FOUND || (code == CL_SUCCESS && count == 0)) return CLADE_OK;
    cl_device_id *devices = NULL;
    if (code == CL_SUCCESS) {
        devices = base_allocate_zero(env, count, sizeof(cl_device_id));
        if (!devices) return base_fail_memory(env, count * sizeof(cl_device_id), "the list of devices");
        code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, devices, NULL);
    }
    clade_status status = CLADE_OK;
    if (code != CL_SUCCESS)
        base_log(env, CLADE_LOG_WARNING, "the platform \"%s\" is passed over: clGetDeviceIDs gave %s (%d)", name,
                 rt_error_name(code), (int)code);
    for (cl_uint i = 0; code == CL_SUCCESS && status == CLADE_OK && i < count; i++) {
        const char *why = defect(devices[i]);
        if (why)
            base_log(env, CLADE_LOG_INFO, "device %u of \"%s\" is passed over: %s", (unsigned)i, name, why);
        else
            status = add_place(env, list, platform, name, devices[i]);
    }
    base_free(env, devices);
    return status;
}

clade_status rt_find_places(base_env *env, rt_place **places_out, size_t *count_out) {
    *places_out = NULL;
    *count_out = 0;
    cl_uint count = 0;
    cl_int code = clGetPlatformIDs(0, NULL, &count);
    /* The ICD loader has a code of its own for none, -1001; other loaders may give another one. */
    if (code != CL_SUCCESS || count == 0)
        return base_fail(env, CLADE_ERROR_NO_DEVICE,
                         "failed to find an OpenCL device: no platform is installed (clGetPlatformIDs gave %s); "
                         "Debian's pocl-opencl-icd is one for any CPU",
                         rt_error_name(code));
    cl_platform_id *platforms = base_allocate_zero(env, count, sizeof(cl_platform_id));
    if (!platforms) return base_fail_memory(env, count * sizeof(cl_platform_id), "the list of platforms");
    place_list list = {0};
    clade_status status = CLADE_OK;
    code = clGetPlatformIDs(count, platforms, NULL);
    if (code != CL_SUCCESS)
        status = rt_fail(env, RT_SETTING_UP, code, "clGetPlatformIDs", "list %u platforms", (unsigned)count);
    for (cl_uint i = 0; status == CLADE_OK && i < count; i++) status = add_platform(env, &list, platforms[i]);
    base_free(env, platforms);
    if (status == CLADE_OK && list.count == 0)
        status = base_fail(env, CLADE_ERROR_NO_DEVICE,
                           "failed to find an OpenCL device: none of the %u installed platforms has one that is usable",
                           (unsigned)count);
    if (status != CLADE_OK) {
        base_free(env, list.places);
        return status;
    }
    *places_out = list.places;
    *count_out = list.count;
    return CLADE_OK;
}

/* ---- Choosing one ----------------------------------------------------------------------------------------------- */

static bool contains(const char *text, const char *part) {
    const size_t length = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0) return true;
    return false;
}

/* "NAME:7" into NAME and 7; without digits behind the last colon all of it is the name, and the number 0. */
static void split_selector(const char *selector, char *name, size_t size, uint32_t *number_out) {
    const char *colon = strrchr(selector, ':');
    size_t length = strlen(selector);
    *number_out = 0;
    if (colon && isdigit((unsigned char)colon[1]) && strspn(colon + 1, "0123456789") == strlen(colon + 1) &&
        sscanf(colon + 1, "%9u", number_out) == 1)
        length = (size_t)(colon - selector);
    snprintf(name, size, "%.*s", (int)length, selector);
}

/* A platform of exactly this name hides those that only contain it: so every rt_device::selector finds its device. */
static const rt_place *find_by_name(const rt_place *places, size_t count, const char *selector) {
    char name[sizeof places->platform_name];
    uint32_t number = 0;
    split_selector(selector, name, sizeof name, &number);
    bool exact = false;
    for (size_t i = 0; i < count; i++) exact = exact || strcasecmp(places[i].platform_name, name) == 0;
    for (size_t i = 0; i < count; i++) {
        const char *platform = places[i].platform_name;
        const bool matches = exact ? strcasecmp(platform, name) == 0 : contains(platform, name);
        if (matches && number-- == 0) return &places[i];
    }
    return NULL;
}

static const rt_place *find_by_type(const rt_place *places, size_t count, clade_device_type type) {
    for (size_t i = 0; i < count; i++)
        if (places[i].type == type) return &places[i];
    return NULL;
}

static const rt_place *find_place(const rt_place *places, size_t count, const char *selector) {
    if (!selector) {
        const rt_place *gpu = find_by_type(places, count, CLADE_DEVICE_GPU);
        return gpu ? gpu : &places[0];
    }
    if (strcasecmp(selector, "gpu") == 0) return find_by_type(places, count, CLADE_DEVICE_GPU);
    if (strcasecmp(selector, "cpu") == 0) return find_by_type(places, count, CLADE_DEVICE_CPU);
    return find_by_name(places, count, selector);
}

/* "PLATFORM:0 (DEVICE NAME), PLATFORM:1 (...)" */
static void list_places(base_env *env, const rt_place *places, size_t count, base_text *text) {
    for (size_t i = 0; i < count; i++) {
        char name[128] = "";
        if (rt_device_text(env, places[i].device, CL_DEVICE_NAME, name, sizeof name) != CLADE_OK) name[0] = '\0';
        base_text_add(text, "%s\"%s:%u\" (%s)", i ? ", " : "", places[i].platform_name, (unsigned)places[i].number,
                      name);
    }
}

clade_status rt_select_place(base_env *env, const char *selector, rt_place *place_out) {
    rt_place *places = NULL;
    size_t count = 0;
    FORWARD(rt_find_places(env, &places, &count));
    const rt_place *found = find_place(places, count, selector);
    clade_status status = CLADE_OK;
    if (found) {
        *place_out = *found;
    } else {
        base_text there = {.env = env};
        list_places(env, places, count, &there);
        status = base_fail(env, CLADE_ERROR_NO_DEVICE, "failed to find the device \"%s\": there is %s", selector,
                           there.data ? there.data : "another");
        base_text_free(&there);
    }
    base_free(env, places);
    return status;
}

/* ---- A given one ------------------------------------------------------------------------------------------------ */

clade_status rt_locate_place(base_env *env, cl_device_id device, rt_place *place_out) {
    const char *why = defect(device);
    if (why) return base_fail(env, CLADE_ERROR_UNSUPPORTED, "failed to use the cl_device_id given: %s", why);
    cl_platform_id platform = NULL;
    const cl_int code = clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    if (code != CL_SUCCESS)
        return rt_fail(env, RT_SETTING_UP, code, "clGetDeviceInfo", "find the platform of the cl_device_id given");
    char name[sizeof place_out->platform_name];
    FORWARD(rt_platform_text(env, platform, CL_PLATFORM_NAME, name, sizeof name));
    place_list alone = {0};
    FORWARD(add_place(env, &alone, platform, name, device));
    *place_out = alone.places[0];
    base_free(env, alone.places);

    rt_place *places = NULL;
    size_t count = 0;
    FORWARD(rt_find_places(env, &places, &count));
    for (size_t i = 0; i < count; i++)
        if (places[i].device == device) *place_out = places[i];
    base_free(env, places);
    return CLADE_OK;
}
