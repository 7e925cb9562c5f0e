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

static bool convert_network(const tool_options *options, tool_console *console) {
    tool_network network = {0};
    const bool good = network_open(&network, options, console, "none") &&
                      network_build(&network, options->arguments[0]) && network_load(&network, options->weights) &&
                      save(&network, options->arguments[1]);
    network_close(&network);
    return good;
}

/* Of a file whose network nobody has named. */
static bool convert_weights(const tool_options *options, tool_console *console) {
    tool_network network = {0};
    bool good = network_open(&network, options, console, "none");
    if (good && clade_weights_convert(network.context, options->arguments[0], options->arguments[1],
                                      options->weight_type) != CLADE_OK)
        good = network_fail(&network);
    network_close(&network);
    return good;
}

static int convert_run(const tool_options *options, tool_console *console) {
    const char *source = options->arguments[0], *target = options->arguments[1];
    const bool only_weights = ends_in(source, ".safetensors");
    if (!ends_in(target, ".onnx") && !ends_in(target, ".safetensors"))
        return command_misuse(&command_convert, console, "'%s' does not end in .onnx or .safetensors", target);
    if (!only_weights && !model_is_known(source) && strpbrk(source, "./"))
        return command_misuse(&command_convert, console, "'%s' is no MODEL and does not end in .onnx or .safetensors",
                              source);
    if (only_weights && ends_in(target, ".onnx"))
        return command_misuse(&command_convert, console,
                              "%s has weights, but no network: name the MODEL, and give the file with -w", source);
    if (only_weights && options->weights)
        return command_misuse(&command_convert, console, "%s has its weights, and -w names others", source);
    if (only_weights && (options->shapes.count > 0 || options->external_data))
        return command_misuse(&command_convert, console, "--shape and --external-data are for ONNX files");
    return (only_weights ? convert_weights : convert_network)(options, console) ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_convert = {
    .name = "convert",
    .bit = COMMAND_CONVERT,
    .arguments = "MODEL|WEIGHTS OUT",
    .summary = "write a network as ONNX, or weights as safetensors",
    .description = "Writes a network with its weights to OUT: all of it where that ends in .onnx,\n"
                   "the weights alone where it ends in .safetensors. An ONNX file's own weights are\n"
                   "taken unless -w names others. A safetensors file in place of MODEL is written\n"
                   "anew with its weights as --weight-type says, whatever network they are of. No\n"
                   "OpenCL device is needed.",
    .least = 2,
    .most = 2,
    .run = convert_run,
};
