/* outputs.c: each output of the graph gets memory that is nobody else's, since callers bind their own to it. Always on.
 *
 * An output that is an input of the graph, a slice of a concat's result, or another output under a second name, is copied by a
 * reorder that keeps the layout. */
#include "pass/pass.h"

static bool outputs_lies_elsewhere(const clade_graph *graph, size_t output) {
    const clade_tensor tensor = graph->outputs[output].tensor;
    for (size_t i = 0; i < output; i++)
        if (graph->outputs[i].tensor.id == tensor.id) return true;
    return graph_tensor_of(graph, tensor)->kind == CLADE_TENSOR_INPUT ||
           graph_is_tensor(graph_tensor_of(graph, tensor)->parent);
}

clade_status pass_outputs(clade_graph *graph, const pass_options *options) {
    (void)options;
    for (size_t i = 0; i < graph->output_count; i++) {
        const clade_tensor tensor = graph->outputs[i].tensor;
        if (outputs_lies_elsewhere(graph, i))
            FORWARD(graph_add_reorder(graph, tensor, graph_tensor_of(graph, tensor)->block, &graph->outputs[i].tensor));
    }
    return CLADE_OK;
}
