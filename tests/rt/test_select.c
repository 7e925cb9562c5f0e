/* Choosing among several platforms and devices, which are made up: the functions below stand before OpenCL's own. */
#include "support.h"

#include "rt/device.h"

#include <stdio.h>
#include <string.h>

/* ---- A machine that is made up ---------------------------------------------------------------------------------- */

typedef struct made_up_device {
    const char *name;
    cl_device_type type;
    const char *version; /* NULL: "OpenCL 1.2 made up" */
    bool unavailable, no_compiler;
} made_up_device;

typedef struct made_up_platform {
    const char *name;
    cl_int code; /* what clGetDeviceIDs gives instead of devices */
    made_up_device devices[4];
} made_up_platform;

static const made_up_platform *machine;
static cl_uint machine_size;

/* The handles are the addresses of the rows. */
static const made_up_platform *platform_of(cl_platform_id id) { return (const made_up_platform *)(const void *)id; }
static const made_up_device *device_of(cl_device_id id) { return (const made_up_device *)(const void *)id; }

static cl_int give(const void *value, size_t size, size_t room, void *target, size_t *size_out) {
    if (size_out) *size_out = size;
    if (target && room < size) return CL_INVALID_VALUE;
    if (target) memcpy(target, value, size);
    return CL_SUCCESS;
}

static cl_int give_text(const char *text, size_t room, void *target, size_t *size_out) {
    return give(text, strlen(text) + 1, room, target, size_out);
}

cl_int clGetPlatformIDs(cl_uint num_entries, cl_platform_id *platforms, cl_uint *num_platforms) {
    if (num_platforms) *num_platforms = machine_size;
    if (machine_size == 0) return -1001; /* as ocl-icd does */
    for (cl_uint i = 0; platforms && i < num_entries && i < machine_size; i++)
        platforms[i] = (cl_platform_id)(void *)&machine[i];
    return CL_SUCCESS;
}

cl_int clGetPlatformInfo(cl_platform_id platform, cl_platform_info param_name, size_t param_value_size,
                         void *param_value, size_t *param_value_size_ret) {
    assert_int_equal(param_name, CL_PLATFORM_NAME);
    return give_text(platform_of(platform)->name, param_value_size, param_value, param_value_size_ret);
}

cl_int clGetDeviceIDs(cl_platform_id platform, cl_device_type device_type, cl_uint num_entries, cl_device_id *devices,
                      cl_uint *num_devices) {
    const made_up_platform *row = platform_of(platform);
    cl_uint count = 0;
    assert_true(device_type == CL_DEVICE_TYPE_ALL);
    if (row->code != CL_SUCCESS) return row->code;
    for (; count < BASE_COUNT(row->devices) && row->devices[count].name; count++)
        if (devices && count < num_entries) devices[count] = (cl_device_id)(void *)&row->devices[count];
    if (num_devices) *num_devices = count;
    return count > 0 ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

cl_int clGetDeviceInfo(cl_device_id device, cl_device_info param_name, size_t param_value_size, void *param_value,
                       size_t *param_value_size_ret) {
    const made_up_device *row = device_of(device);
    const cl_bool available = !row->unavailable, compiles = !row->no_compiler, yes = CL_TRUE;
    switch (param_name) {
    case CL_DEVICE_NAME:
        return give_text(row->name, param_value_size, param_value, param_value_size_ret);
    case CL_DEVICE_VERSION:
        return give_text(row->version ? row->version : "OpenCL 1.2 made up", param_value_size, param_value,
                         param_value_size_ret);
    case CL_DEVICE_TYPE:
        return give(&row->type, sizeof row->type, param_value_size, param_value, param_value_size_ret);
    case CL_DEVICE_AVAILABLE:
        return give(&available, sizeof available, param_value_size, param_value, param_value_size_ret);
    case CL_DEVICE_COMPILER_AVAILABLE:
        return give(&compiles, sizeof compiles, param_value_size, param_value, param_value_size_ret);
    case CL_DEVICE_ENDIAN_LITTLE:
        return give(&yes, sizeof yes, param_value_size, param_value, param_value_size_ret);
    default:
        return CL_INVALID_VALUE;
    }
}

/* ---- Choosing --------------------------------------------------------------------------------------------------- */

typedef struct fixture {
    support_log log;
    base_env *env;
} fixture;

static fixture test;

static int set_up(void **state) {
    (void)state;
    support_log_open(&test.log);
    test.env = base_env_create(NULL, support_log_keep, &test.log, CLADE_LOG_DEBUG);
    return test.env ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    base_env_destroy(&test.env);
    support_log_close(&test.log);
    return 0;
}

static void use_machine(const made_up_platform *platforms, size_t count) {
    machine = platforms;
    machine_size = (cl_uint)count;
}

/* The name of the device that `selector` chooses; the status's name when it chooses none. */
static const char *chosen(const char *selector) {
    rt_place place;
    const clade_status status = rt_select_place(test.env, selector, &place);
    return status == CLADE_OK ? device_of(place.device)->name : clade_status_name(status);
}

static const made_up_platform several[] = {
    {.name = "Portable Computing Language",
     .devices = {{.name = "pthread", .type = CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_DEFAULT},
                 {.name = "basic", .type = CL_DEVICE_TYPE_CPU}}},
    {.name = "Empty Vendor"},
    {.name = "NVIDIA CUDA",
     .devices = {{.name = "first GPU", .type = CL_DEVICE_TYPE_GPU},
                 {.name = "second GPU", .type = CL_DEVICE_TYPE_GPU}}},
    {.name = "Intel(R) OpenCL Graphics", .devices = {{.name = "integrated", .type = CL_DEVICE_TYPE_GPU}}},
    {.name = "Intel(R) OpenCL",
     .devices = {{.name = "Xeon", .type = CL_DEVICE_TYPE_CPU}, {.name = "board", .type = CL_DEVICE_TYPE_ACCELERATOR}}},
};

static void without_a_selector_the_first_gpu_wins_else_the_first_device(void **state) {
    (void)state;
    use_machine(several, BASE_COUNT(several));
    assert_string_equal(chosen(NULL), "first GPU");
    use_machine(several, 2);
    assert_string_equal(chosen(NULL), "pthread");
}

static void kinds_and_parts_of_names_choose(void **state) {
    (void)state;
    use_machine(several, BASE_COUNT(several));
    assert_string_equal(chosen("cpu"), "pthread");
    assert_string_equal(chosen("GPU"), "first GPU");
    assert_string_equal(chosen("nvidia"), "first GPU");
    assert_string_equal(chosen("NVIDIA CUDA:1"), "second GPU");
    assert_string_equal(chosen("computing:1"), "basic");
    assert_string_equal(chosen("portable:2"), "NO_DEVICE");
    assert_string_equal(chosen("Empty"), "NO_DEVICE");
    assert_string_equal(chosen("cuda:"), "NO_DEVICE"); /* no number: all of it is a name */
    assert_string_equal(chosen("cuda:1x"), "NO_DEVICE");
    assert_string_equal(chosen("cuda:99999999999999999999"), "NO_DEVICE");
    use_machine(&several[2], 2);
    assert_string_equal(chosen("cpu"), "NO_DEVICE"); /* and no GPU in its place */
}

/* "Intel(R) OpenCL" is a part of another platform's name that stands before it. */
static void a_whole_name_hides_the_names_that_contain_it(void **state) {
    (void)state;
    use_machine(several, BASE_COUNT(several));
    assert_string_equal(chosen("intel(r) opencl"), "Xeon");
    assert_string_equal(chosen("Intel(R) OpenCL:1"), "board");
    assert_string_equal(chosen("intel"), "integrated");
    assert_string_equal(chosen("intel:1"), "Xeon"); /* counted on over all that match */
}

/* "PLATFORM:N" of every place finds that place, even where two drivers give their platforms one name. */
static void every_places_own_selector_finds_it(void **state) {
    (void)state;
    const made_up_platform twins[] = {
        {.name = "Twin",
         .devices = {{.name = "a", .type = CL_DEVICE_TYPE_CPU}, {.name = "b", .type = CL_DEVICE_TYPE_CPU}}},
        {.name = "Twin: 2", .devices = {{.name = "c", .type = CL_DEVICE_TYPE_CPU}}},
        {.name = "Twin:2", .devices = {{.name = "d", .type = CL_DEVICE_TYPE_CPU}}},
        {.name = "twin", .devices = {{.name = "e", .type = CL_DEVICE_TYPE_CPU}}},
        {.name = "Twin", .devices = {{.name = "f", .type = CL_DEVICE_TYPE_CPU}}},
    };
    use_machine(twins, BASE_COUNT(twins));
    rt_place *places = NULL;
    size_t count = 0;
    assert_int_equal(rt_find_places(test.env, &places, &count), CLADE_OK);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++) {
        char selector[160];
        snprintf(selector, sizeof selector, "%s:%u", places[i].platform_name, (unsigned)places[i].number);
        assert_string_equal(chosen(selector), device_of(places[i].device)->name);
    }
    base_free(test.env, places);
}

static void devices_that_cannot_be_used_are_passed_over(void **state) {
    (void)state;
    const made_up_platform platforms[] = {
        {.name = "Broken", .code = CL_OUT_OF_HOST_MEMORY},
        {.name = "Mixed",
         .devices = {{"gone", CL_DEVICE_TYPE_GPU, .unavailable = true},
                     {"mute", CL_DEVICE_TYPE_GPU, .no_compiler = true},
                     {"old", CL_DEVICE_TYPE_GPU, .version = "OpenCL 1.1 old"},
                     {"good", CL_DEVICE_TYPE_CPU, .version = "OpenCL 3.1 (Build 0)"}}},
        {.name = "Odd", .devices = {{"odd", CL_DEVICE_TYPE_GPU, .version = "Vulkan 1.2"}}},
    };
    use_machine(platforms, BASE_COUNT(platforms));
    assert_string_equal(chosen(NULL), "good");
    assert_string_equal(chosen("mixed:0"), "good");
    assert_string_equal(chosen("gpu"), "NO_DEVICE");
    assert_true(
        support_logged(&test.log, "the platform \"Broken\" is passed over: clGetDeviceIDs gave CL_OUT_OF_HOST_MEMORY"));
    assert_true(support_logged(&test.log, "device 2 of \"Mixed\" is passed over: it is older than OpenCL 1.2"));
    use_machine(&platforms[2], 1);
    assert_string_equal(chosen(NULL), "NO_DEVICE");
    assert_string_equal(chosen("odd"), "NO_DEVICE");
}

static void the_message_lists_what_is_there(void **state) {
    (void)state;
    char message[1024];
    use_machine(several, BASE_COUNT(several));
    assert_string_equal(chosen("AMD"), "NO_DEVICE");
    base_message(test.env, message, sizeof message);
    assert_string_equal(message,
                        "failed to find the device \"AMD\": there is \"Portable Computing Language:0\" (pthread), "
                        "\"Portable Computing Language:1\" (basic), \"NVIDIA CUDA:0\" (first GPU), "
                        "\"NVIDIA CUDA:1\" (second GPU), \"Intel(R) OpenCL Graphics:0\" (integrated), "
                        "\"Intel(R) OpenCL:0\" (Xeon), \"Intel(R) OpenCL:1\" (board)");
    use_machine(several, 0);
    assert_string_equal(chosen("AMD"), "NO_DEVICE");
    base_message(test.env, message, sizeof message);
    assert_non_null(strstr(message, "no platform is installed"));
    use_machine(&several[1], 1);
    assert_string_equal(chosen(NULL), "NO_DEVICE");
    base_message(test.env, message, sizeof message);
    assert_non_null(strstr(message, "none of the 1 installed platforms"));
}

static void quirks_follow_the_platform(void **state) {
    (void)state;
    rt_device device = {0};
    assert_int_equal(rt_find_quirks(&device), 0);
    snprintf(device.platform, sizeof device.platform, "Portable Computing Language");
    assert_int_equal(rt_find_quirks(&device), RT_QUIRK_HOST_ALLOCATION);
    snprintf(device.platform, sizeof device.platform, "rusticl");
    assert_int_equal(rt_find_quirks(&device), RT_QUIRK_NO_BINARIES | RT_QUIRK_FINISH_BY_EVENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_a_selector_the_first_gpu_wins_else_the_first_device),
        TEST(kinds_and_parts_of_names_choose),
        TEST(a_whole_name_hides_the_names_that_contain_it),
        TEST(every_places_own_selector_finds_it),
        TEST(devices_that_cannot_be_used_are_passed_over),
        TEST(the_message_lists_what_is_there),
        TEST(quirks_follow_the_platform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
