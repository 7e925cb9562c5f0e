#include "graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

clade_graph *fixture_graph(void) {
    const clade_context_settings settings = {.device = "none", .cache_directory = ""};
    clade_context *context = NULL;
    clade_graph *graph = NULL;
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
    clade_context_destroy(&context); /* the graph keeps it */
    return graph;
}

clade_tensor fixture_input(clade_graph *graph, const char *name, clade_shape shape) {
    clade_tensor tensor;
    assert_int_equal(clade_graph_input(graph, name, shape, &tensor), CLADE_OK);
    return tensor;
}

void fixture_assert_shape(const clade_graph *graph, clade_tensor tensor, clade_shape expected) {
    clade_tensor_info info;
    assert_int_equal(clade_graph_tensor(graph, tensor, &info), CLADE_OK);
    assert_int_equal(info.shape.rank, expected.rank);
    for (int32_t i = 0; i < expected.rank; i++) assert_int_equal(info.shape.dims[i], expected.dims[i]);
}

void fixture_assert_message(const clade_graph *graph, const char *part) {
    char message[1024];
    clade_context_message(clade_graph_context(graph), message, sizeof message);
    if (!strstr(message, part)) fail_msg("the message \"%s\" does not name \"%s\"", message, part);
}
