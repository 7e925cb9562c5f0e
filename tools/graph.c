/* graph.c: `clade graph`: a picture of a network, in Graphviz's language or drawn by Graphviz. */
#include "command.h"
#include "graphviz.h"
#include "network.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

/* clade_write_callback; `user` is a stdio stream. A stream remembers that it failed, and who closes it knows what it led to and
 * says so; the library, asked to stop, could only add a message that names no file. */
static bool write_text(void *user, const char *text, size_t length) {
    fwrite(text, 1, length, user);
    return true;
}

/* The part of a path after its last dot, which names a format; NULL for formats this command does not write. */
static const char *format_of(const char *path) {
    static const char *const formats[] = {"dot", "svg", "png", "pdf"};
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(ending + 1, formats[i]) == 0) return formats[i];
    return NULL;
}

/* The plan, where there is one, or the graph as it was built. */
static clade_status write_picture(const tool_network *network, FILE *file) {
    return network->plan ? clade_plan_write_dot(network->plan, write_text, file)
                         : clade_graph_write_dot(network->graph, write_text, file);
}

static bool write_dot(const tool_network *network, const char *path) {
    output_file output;
    if (!output_open(&output, path, network->console)) return false;
    if (write_picture(network, output.stream) != CLADE_OK) {
        network_fail(network);
        output_abandon(&output);
        return false;
    }
    return output_commit(&output, network->console);
}

static bool draw(const tool_network *network, const char *path, const char *format) {
    output_file output;
    graphviz_pipe graphviz;
    if (!output_open(&output, path, network->console)) return false;
    bool good = graphviz_open(&graphviz, path, format, fileno(output.stream), network->console);
    if (good) {
        good = write_picture(network, graphviz.stream) == CLADE_OK || network_fail(network);
        good = graphviz_close(&graphviz, network->console) && good;
    }
    if (!good) {
        output_abandon(&output);
        return false;
    }
    return output_commit(&output, network->console);
}

static int graph_run(const tool_options *options, tool_console *console) {
    const char *path = options->output, *format = path ? format_of(path) : NULL;
    if (path && !format)
        return command_misuse(&command_graph, console, "'%s' does not end in .dot, .svg, .png or .pdf", path);

    tool_network network = {0};
    bool good = network_open(&network, options, console, options->compiled ? NULL : "none") &&
                network_build(&network, options->arguments[0]) &&
                (!options->compiled || network_plan(&network, network_batch(&network, 1)));
    if (good) {
        if (!path) /* a full or closed stdout is reported by main */
            good = write_picture(&network, stdout) == CLADE_OK || network_fail(&network);
        else if (strcmp(format, "dot") == 0)
            good = write_dot(&network, path);
        else
            good = draw(&network, path, format);
    }
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_graph = {
    .name = "graph",
    .bit = COMMAND_GRAPH,
    .arguments = "MODEL",
    .summary = "draw a network",
    .description = "Writes a network as a graph in Graphviz's DOT language, or draws it as SVG,\n"
                   "PNG or PDF with Graphviz's 'dot': a box for each layer and what follows it\n"
                   "elementwise, shapes on the arrows, blocks in frames, long networks in several\n"
                   "columns. With --compiled it is what the compiler makes of the network for the\n"
                   "device: layers folded, fused and merged, slices of concatenations (dashed),\n"
                   "layouts (c16: 16 channels lie together), kernels, and steps that share a\n"
                   "launch. Without --compiled no OpenCL device is needed.",
    .least = 1,
    .most = 1,
    .run = graph_run,
};
