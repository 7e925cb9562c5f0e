/* convert.c: `clade convert`: a network or its weights into another file format, or stored as another type. */
#include "command.h"
#include "network.h"

#include <clade/onnx.h>

#include <string.h>

static bool ends_in(const char *path, const char *ending) {
    const size_t length = strlen(path), ending_length = strlen(ending);
    return length > ending_length && strcmp(path + length - ending_length, ending) == 0;
}

static bool save(const tool_network *network, const char *path) {
    const clade_type type = network->options->weight_type;
    const clade_status status = ends_in(path, ".onnx")
                                    ? clade_onnx_save(network->graph, path, &(clade_onnx_save_settings){.type = type})
                                    : clade_weights_save(network->graph, path, type);
    return status == CLADE_OK || network_fail(network);
}

static int convert_run(const tool_options *options, tool_console *console) {
    const char *source = options->arguments[0], *target = options->arguments[1];
    if (!ends_in(target, ".onnx") && !ends_in(target, ".safetensors"))
        return command_misuse(&command_convert, console, "'%s' does not end in .onnx or .safetensors", target);
    tool_network network = {0};
    const bool good = network_open(&network, options, console, "none") && network_build(&network, source) &&
                      network_load(&network, options->weights) && save(&network, target);
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_convert = {
    .name = "convert",
    .bit = COMMAND_CONVERT,
    .arguments = "MODEL OUT",
    .summary = "write a network as ONNX, or its weights as safetensors",
    .description = "Writes a network with its weights to OUT: all of it where that ends in .onnx,\n"
                   "the weights alone where it ends in .safetensors. The network is a model of the\n"
                   "zoo or an ONNX file, whose own weights are taken unless -w names others. No\n"
                   "OpenCL device is needed.",
    .least = 2,
    .most = 2,
    .run = convert_run,
};
