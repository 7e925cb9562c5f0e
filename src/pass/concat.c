/* concat.c: concat along the channels without copies: each input is made where it will lie in the result.
 *
 *        conv a --> [a] --+                                     conv a --> [a] is channels [0, 64) of r
 *        conv b --> [b] --+-- concat --> [r]      becomes       conv b --> [b] is channels [64, 96) of r
 *        input  --> [i] --+                           input --> reorder --> [i'] is channels [96, 99) of r
 *
 * [r] then has no producer of its own: whoever reads it comes after all that make its slices. Others may read [a] as before,
 * where it lies now. A slice may be the result of another concat, whose slices then lie in it (blocks of Inception-v4 and
 * DenseNet).
 *
 * An image's channels [first, first + count) are one run of memory, in plain layout anyhow, in blocked layout when every slice
 * begins at a multiple of the block (the pass align sees to that); padding lanes behind a slice are then the result's own. Where
 * that does not hold, or along another axis, the concat stays. An input that must lie elsewhere (an input of the graph, a slice
 * of another concat or a second time of this one, a tensor that must have no gaps between its images) is copied into its slice
 * by a reorder, which costs what the concat would have. */
#include "pass/pass.h"

bool pass_must_be_dense(const clade_graph *graph, clade_tensor tensor) {
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        if (node->op == GRAPH_OP_softmax && node->attributes.softmax.axis > 1 &&
            (node->inputs[0].id == tensor.id || node->output.id == tensor.id))
            return true;
        if (node->op == GRAPH_OP_reshape && node->output.id == tensor.id &&
            graph_shape_of(graph, tensor)->dims[0] != graph_shape_of(graph, node->inputs[0])->dims[0])
            return true;
    }
    return false;
}

bool pass_slices_align(const clade_graph *graph, const graph_node *concat, int32_t block) {
    for (size_t i = 1; i < concat->input_count; i++)
        if (graph_concat_place(graph, concat, i) % block != 0) return false;
    return true;
}

static bool concat_can_vanish(const clade_graph *graph, const graph_node *node) {
    return node->op == GRAPH_OP_concat && node->attributes.concat.axis == 1 &&
           pass_slices_align(graph, node, graph_tensor_of(graph, node->output)->block);
}

/* Whether a tensor may lie in the result of a concat from the start. */
static bool concat_can_be_slice(const clade_graph *graph, clade_tensor tensor, clade_tensor result) {
    const graph_tensor *input = graph_tensor_of(graph, tensor);
    return input->kind == CLADE_TENSOR_ACTIVATION && !graph_is_tensor(input->parent) &&
           input->block == graph_tensor_of(graph, result)->block && !pass_must_be_dense(graph, tensor);
}

static clade_status concat_place_inputs(clade_graph *graph, size_t node) {
    const clade_tensor result = graph->nodes[node].output;
    for (size_t i = 0; i < graph->nodes[node].input_count; i++) {
        clade_tensor slice = graph->nodes[node].inputs[i];
        if (!concat_can_be_slice(graph, slice, result))
            FORWARD(graph_add_reorder(graph, slice, graph_tensor_of(graph, result)->block, &slice));
        graph_tensor_of(graph, slice)->parent = result;
        graph_tensor_of(graph, slice)->parent_channel = graph_concat_place(graph, &graph->nodes[node], i);
    }
    return CLADE_OK;
}

clade_status pass_concat(clade_graph *graph, const pass_options *options) {
    (void)options;
    const size_t nodes = graph->node_count; /* reorders come behind them */
    for (size_t i = 0; i < nodes; i++) {
        if (!concat_can_vanish(graph, &graph->nodes[i])) continue;
        FORWARD(concat_place_inputs(graph, i));
        graph->nodes[i].dead = true; /* its output lives on */
    }
    return CLADE_OK;
}
