/* node_concat.c: joins tensors along one axis. */
#include "graph/graph.h"

clade_concat_settings clade_concat_defaults(void) { return (clade_concat_settings){.axis = 1}; }

int64_t graph_concat_place(const clade_graph *graph, const graph_node *concat, size_t i) {
    const int32_t axis = concat->attributes.concat.axis, align = concat->concat_align > 1 ? concat->concat_align : 1;
    int64_t place = 0; /* each input fits int32, and there are fewer than 2^31 */
    for (size_t k = 0; k < i; k++) place += base_round_up(graph_shape_of(graph, concat->inputs[k])->dims[axis], align);
    return place;
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *first = graph_shape_of(graph, node->inputs[0]);
    const int32_t axis = node->attributes.concat.axis;
    if (axis < 0 || axis >= first->rank)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "axis %d must lie within rank %d", axis, first->rank);
    if (axis == 0 && first->dims[0] == CLADE_BATCH)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "an open batch cannot be the axis");
    *shape_out = *first;
    for (size_t i = 1; i < node->input_count; i++) {
        const clade_shape *next = graph_shape_of(graph, node->inputs[i]);
        bool fits = next->rank == first->rank;
        for (int32_t d = 0; fits && d < first->rank; d++) fits = d == axis || next->dims[d] == first->dims[d];
        if (!fits) {
            char text[BASE_SHAPE_TEXT];
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                                "input %zu %s must agree with the first but for axis %d", i,
                                base_shape_text(next, text, sizeof text), axis);
        }
    }
    const size_t last = node->input_count - 1;
    shape_out->dims[axis] =
        graph_concat_place(graph, node, last) + graph_shape_of(graph, node->inputs[last])->dims[axis];
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph;
    base_text_add(text, "%zu along axis %d", node->input_count, node->attributes.concat.axis);
    if (node->concat_align > 1) base_text_add(text, ", from multiples of %d", node->concat_align);
}

const graph_op_info graph_concat_info = {"concat", infer, describe, NULL};

clade_status clade_graph_concat(clade_graph *graph, const clade_tensor *inputs, size_t count,
                                const clade_concat_settings *settings, clade_tensor *output_out) {
    const clade_concat_settings defaults = clade_concat_defaults();
    if (!settings) settings = &defaults;
    FORWARD(graph_check_call(graph, "concat", inputs, count, settings, settings->reserved, output_out));
    clade_concat_settings s = *settings;
    if (s.along_batch && s.axis != 0)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add concat \"%s\" with axis %d: along the batch it must be 0", s.name ? s.name : "",
                         s.axis);
    if (s.axis < 0)
        s.axis += graph_shape_of(graph, inputs[0])->rank;
    else if (s.axis == 0 && !s.along_batch)
        s.axis = defaults.axis;
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_concat, .name = settings->name, .inputs = inputs, .input_count = count, .attributes.concat = s};
    return graph_add(graph, &node, output_out);
}
