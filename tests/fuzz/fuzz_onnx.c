/* ONNX models, without other files. What is imported can be looked at. */
#include "fuzz/fuzz.h"

#include <clade/onnx.h>

#include <stdlib.h>

/* A few bytes may stand for many elements, all alike. */
enum { MOST_ELEMENTS = 1 << 16 };

static void look_at(const clade_graph *graph) {
    for (size_t i = 0; i < clade_graph_node_count(graph); i++) {
        clade_node_info node;
        fuzz_expect(clade_graph_node(graph, i, &node) == CLADE_OK);
    }
    for (size_t i = 0; i < clade_graph_parameter_count(graph); i++) {
        clade_tensor tensor;
        clade_tensor_info parameter;
        int64_t elements = 0;
        fuzz_expect(clade_graph_parameter_at(graph, i, &tensor) == CLADE_OK &&
                    clade_graph_tensor(graph, tensor, &parameter) == CLADE_OK &&
                    base_shape_elements(&parameter.shape, &elements));
        if (elements > MOST_ELEMENTS) continue;
        float *values = malloc((size_t)elements * sizeof *values);
        const clade_status status = clade_graph_get_parameter(graph, parameter.name, values);
        fuzz_expect(status == CLADE_OK || status == CLADE_ERROR_MISSING_WEIGHTS);
        free(values);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    clade_graph *graph = NULL;
    const io_file file = fuzz_file("ONNX model", data, size);
    const clade_status status = clade_onnx_load_memory(fuzz_context(), file.data, size, NULL, &graph);
    fuzz_expect_result(status, graph);
    if (graph) look_at(graph);
    clade_graph_destroy(&graph);
    base_free(file.env, file.data);
    return 0;
}
