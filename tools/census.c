/* census.c: counts what a network has. */
#include "census.h"

#include <stdlib.h>
#include <string.h>

static bool is_statistic(const char *name) {
    const char *last = strrchr(name, '.');
    return last && (strcmp(last, ".running_mean") == 0 || strcmp(last, ".running_var") == 0);
}

static uint64_t count_elements(const clade_shape *shape) {
    return (uint64_t)shape->dims[0] * network_image_size(shape);
}

static bool describe_layer(const tool_network *network, size_t index, census_layer *layer) {
    clade_node_info node;
    clade_tensor_info tensor;
    if (clade_graph_node(network->graph, index, &node) != CLADE_OK) return network_fail(network);
    if (clade_graph_tensor(network->graph, node.output, &tensor) != CLADE_OK) return network_fail(network);
    *layer = (census_layer){.name = node.name,
                            .operator_name = node.op,
                            .settings = strdup(node.settings),
                            .output = tensor.shape,
                            .multiply_adds = node.multiply_adds};
    if (!layer->settings) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < node.parameter_count; i++) {
        if (clade_graph_tensor(network->graph, node.parameters[i], &tensor) != CLADE_OK) return network_fail(network);
        *(is_statistic(tensor.name) ? &layer->statistics : &layer->parameters) += count_elements(&tensor.shape);
    }
    return true;
}

static bool describe_layers(const tool_network *network, tool_census *census) {
    const char *name = NULL;
    census->model = network->model;
    if (!network_input(network, 0, &name, &census->input)) return false;
    census->layer_count = clade_graph_node_count(network->graph);
    census->layers = calloc(census->layer_count, sizeof *census->layers);
    if (!census->layers) return console_fail(network->console, "out of host memory");
    for (size_t i = 0; i < census->layer_count; i++) {
        const census_layer *layer = &census->layers[i];
        if (!describe_layer(network, i, &census->layers[i])) return false;
        census->parameters += layer->parameters;
        census->statistics += layer->statistics;
        census->multiply_adds += layer->multiply_adds;
        census->bytes_activations += sizeof(float) * network_image_size(&layer->output);
    }
    census->bytes_input = sizeof(float) * network_image_size(&census->input);
    return true;
}

static bool plan_memory(tool_network *network, tool_census *census) {
    if (!network_plan(network, census->batch)) return false;
    if (clade_plan_memory_use(network->plan, &census->memory) != CLADE_OK) return network_fail(network);
    census->has_memory = true;
    return true;
}

static bool stop_at_first(void *user, const clade_device_info *info) {
    (void)user;
    (void)info;
    return false;
}

const char *census_device(const tool_options *options) {
    const char *wanted = getenv("CLADE_DEVICE");
    if (options->device || (wanted && *wanted)) return NULL;
    return clade_devices(stop_at_first, NULL) == CLADE_OK ? NULL : "none";
}

static bool has_device(const tool_network *network) {
    clade_device_info device;
    return clade_context_device(network->context, &device) == CLADE_OK && device.type != CLADE_DEVICE_NONE;
}

bool census_take(tool_network *network, tool_census *census) {
    *census = (tool_census){.batch = (size_t)network_batch(network, 1)};
    if (!describe_layers(network, census)) return false;
    return !has_device(network) || plan_memory(network, census);
}

void census_free(tool_census *census) {
    for (size_t i = 0; census->layers && i < census->layer_count; i++) free(census->layers[i].settings);
    free(census->layers);
}
