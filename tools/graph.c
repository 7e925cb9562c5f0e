/* graph.c: `clade graph`: a picture of a network, in Graphviz's language or drawn by Graphviz. */
#include "command.h"
#include "graphviz.h"
#include "network.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

/* clade_write_callback; `user` is a stdio stream. */
static bool write_text(void *user, const char *text, size_t length) { return fwrite(text, 1, length, user) == length; }

/* The part of a path after its last dot, which names a format; NULL for formats this command does not write. */
static const char *format_of(const char *path) {
    static const char *const formats[] = {"dot", "svg", "png"};
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(ending + 1, formats[i]) == 0) return formats[i];
    return NULL;
}

static bool write_dot(const tool_network *network, const clade_graph *graph, const char *path) {
    output_file output;
    if (!output_open(&output, path, network->console)) return false;
    if (clade_graph_write_dot(graph, write_text, output.stream) != CLADE_OK) {
        network_fail(network);
        output_abandon(&output);
        return false;
    }
    return output_commit(&output, network->console);
}

static bool draw(const tool_network *network, const clade_graph *graph, const char *path, const char *format) {
    output_file output;
    graphviz_pipe graphviz;
    if (!output_open(&output, path, network->console)) return false;
    bool good = graphviz_open(&graphviz, format, fileno(output.stream), network->console);
    if (good) {
        /* a writer that Graphviz stopped is reported by graphviz_close, which knows why */
        clade_graph_write_dot(graph, write_text, graphviz.stream);
        good = graphviz_close(&graphviz, network->console);
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
        return command_misuse(&command_graph, console, "'%s' does not end in .dot, .svg or .png", path);

    tool_network network = {0};
    bool good = network_open(&network, options, console, options->compiled ? NULL : "none") &&
                network_build(&network, options->arguments[0]) &&
                (!options->compiled || network_plan(&network, options->batch ? options->batch : 1));
    if (good) {
        const clade_graph *graph = options->compiled ? clade_plan_graph(network.plan) : network.graph;
        if (!path) /* a full or closed stdout is reported by main */
            good = clade_graph_write_dot(graph, write_text, stdout) == CLADE_OK || ferror(stdout) ||
                   network_fail(&network);
        else if (strcmp(format, "dot") == 0)
            good = write_dot(&network, graph, path);
        else
            good = draw(&network, graph, path, format);
    }
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_graph = {
    .name = "graph",
    .bit = COMMAND_GRAPH,
    .arguments = "MODEL",
    .summary = "draw a network",
    .description = "Writes a network as a graph in Graphviz's DOT language, or draws it as SVG\n"
                   "or PNG with Graphviz's 'dot'. With --compiled it is what the compiler makes\n"
                   "of the network for the device: layers folded and fused, slices of\n"
                   "concatenations, and layouts. Without --compiled no OpenCL device is needed.",
    .least = 1,
    .most = 1,
    .run = graph_run,
};
