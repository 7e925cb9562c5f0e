/* devices.c: `clade devices`: what OpenCL offers on this machine, and how to ask for it. */
#include "command.h"
#include "format.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

static const char *type_name(clade_device_type type) {
    switch (type) {
    case CLADE_DEVICE_CPU:
        return "CPU";
    case CLADE_DEVICE_GPU:
        return "GPU";
    case CLADE_DEVICE_ACCELERATOR:
        return "accelerator";
    case CLADE_DEVICE_NONE:
        break;
    }
    return "unknown";
}

static bool print_text(void *user, const clade_device_info *info) {
    (void)user;
    char memory[FORMAT_SIZE], allocation[FORMAT_SIZE], local[FORMAT_SIZE];
    printf("%s\n", info->selector);
    printf("    name      %s\n", info->name);
    printf("    vendor    %s\n", info->vendor);
    printf("    type      %s, %u compute units, %u floats a vector", type_name(info->type), info->compute_units,
           info->float_width);
    if (info->clock_mhz) printf(", %u MHz", info->clock_mhz);
    printf("\n    memory    %s, %s in one buffer, %s local\n", format_bytes(info->global_memory, memory),
           format_bytes(info->largest_allocation, allocation), format_bytes(info->local_memory, local));
    printf("    version   %s, driver %s\n", info->version, info->driver);
    printf("    float16   %s\n", info->has_float16 ? "yes" : "no");
    return true;
}

static bool print_json(void *user, const clade_device_info *info) {
    json_writer *json = user;
    json_open(json, NULL, '{');
    json_text(json, "selector", info->selector);
    json_text(json, "platform", info->platform);
    json_text(json, "name", info->name);
    json_text(json, "vendor", info->vendor);
    json_text(json, "driver", info->driver);
    json_text(json, "version", info->version);
    json_text(json, "type", type_name(info->type));
    json_integer(json, "compute_units", info->compute_units);
    json_integer(json, "clock_mhz", info->clock_mhz);
    json_integer(json, "float_width", info->float_width);
    json_integer(json, "global_memory", (int64_t)info->global_memory);
    json_integer(json, "largest_allocation", (int64_t)info->largest_allocation);
    json_integer(json, "local_memory", (int64_t)info->local_memory);
    json_boolean(json, "float16", info->has_float16);
    json_close(json, '}');
    return true;
}

static int devices_run(const tool_options *options, tool_console *console) {
    json_writer json = {.file = stdout};
    if (options->json) json_open(&json, NULL, '[');
    const clade_status status = clade_devices(options->json ? print_json : print_text, &json);
    if (options->json) {
        json_close(&json, ']');
        putchar('\n');
    }
    if (status == CLADE_OK) return EXIT_DONE;
    if (status == CLADE_ERROR_NO_DEVICE)
        console_fail(console, "failed to list devices: no OpenCL platform with a device is installed "
                              "(on Debian, pocl-opencl-icd makes the CPU one)");
    else
        console_fail(console, "failed to list devices: %s", clade_status_name(status));
    return EXIT_FAILED;
}

const tool_command command_devices = {
    .name = "devices",
    .bit = COMMAND_DEVICES,
    .arguments = "",
    .summary = "list the OpenCL devices of this machine",
    .description = "Lists the OpenCL devices of this machine in the order in which they are\n"
                   "searched. The line that starts a device is what --device and $CLADE_DEVICE\n"
                   "take.",
    .run = devices_run,
};
