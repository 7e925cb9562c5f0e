/* node_pad.c: elements of one value around a tensor. */
#include "graph/graph.h"

clade_pad_settings clade_pad_defaults(void) { return (clade_pad_settings){.value = 0.0f}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_pad_settings *s = &node->attributes.pad;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    *shape_out = *in;
    for (int32_t i = 0; i < CLADE_MAX_RANK; i++) {
        if (s->before[i] < 0 || s->after[i] < 0)
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                                "dimension %d has %d before and %d after: none may be negative", i, s->before[i],
                                s->after[i]);
        const int64_t added = (int64_t)s->before[i] + s->after[i];
        if (added == 0) continue;
        if (i >= in->rank || in->dims[i] == CLADE_BATCH)
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "dimension %d cannot be padded", i);
        shape_out->dims[i] += added;
    }
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_pad_settings *s = &node->attributes.pad;
    const int32_t rank = graph_shape_of(graph, node->inputs[0])->rank;
    for (int32_t i = 0; i < rank; i++) base_text_add(text, "%s%d+%d", i ? ", " : "", s->before[i], s->after[i]);
    base_text_add(text, " of %g", (double)s->value);
}

const graph_op_info graph_pad_info = {"pad", infer, describe, NULL};

clade_status clade_graph_pad(clade_graph *graph, clade_tensor input, const clade_pad_settings *settings,
                             clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "pad", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_pad_settings s = *settings;
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_pad, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.pad = s};
    return graph_add(graph, &node, output_out);
}
