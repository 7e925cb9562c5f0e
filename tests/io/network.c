/* network.c: see network.h. */
#include "io/network.h"

static const struct {
    const char *name;
    size_t count;
} parameters[] = {{"conv.weight", 108},     {"conv.bias", 4},        {"norm.weight", 4}, {"norm.bias", 4},
                  {"norm.running_mean", 4}, {"norm.running_var", 4}, {"fc.weight", 20},  {"fc.bias", 5}};
enum { PARAMETERS = sizeof parameters / sizeof *parameters };

clade_status network_build(support *test, clade_graph **graph_out) {
    clade_tensor tensor;
    clade_graph *graph = NULL;
    clade_status status = clade_graph_create(test->context, &graph);
    if (status == CLADE_OK)
        status = clade_graph_input(graph, "input", (clade_shape){4, {CLADE_BATCH, 3, 8, 8}}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_conv2d(graph, tensor,
                                    &(clade_conv2d_settings){.name = "conv", .channels = 4, .kernel = {3, 3}}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_batch_norm(graph, tensor, &(clade_batch_norm_settings){.name = "norm"}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_pool(graph, tensor, &(clade_pool_settings){.name = "pool", .global = true}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_linear(graph, tensor, &(clade_linear_settings){.name = "fc", .features = 5}, &tensor);
    if (status == CLADE_OK) status = clade_graph_output(graph, tensor, "output");
    if (status != CLADE_OK) clade_graph_destroy(&graph);
    *graph_out = graph;
    return status;
}

clade_graph *network_create(support *test) {
    clade_graph *graph = NULL;
    assert_ok(test, network_build(test, &graph));
    return graph;
}

float network_expected(size_t i) { return (float)((int)(i % 17) - 8) / 8; }

void network_check(support *test, const clade_graph *graph) {
    for (size_t p = 0; p < PARAMETERS; p++) {
        float values[NETWORK_LARGEST];
        assert_ok(test, clade_graph_get_parameter(graph, parameters[p].name, values));
        for (size_t i = 0; i < parameters[p].count; i++) assert_true(values[i] == network_expected(i));
    }
}

bool network_has_value(support *test, const clade_graph *graph, const char *name) {
    clade_tensor tensor;
    clade_tensor_info info;
    assert_ok(test, clade_graph_find_tensor(graph, name, &tensor));
    assert_ok(test, clade_graph_tensor(graph, tensor, &info));
    return info.has_value;
}
