/* node_reshape.c: the same elements under another shape. */
#include "graph/graph.h"

clade_reshape_settings clade_reshape_defaults(void) { return (clade_reshape_settings){.shape = {0}}; }

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]), *wanted = &node->attributes.reshape.shape;
    const bool open = in->dims[0] == CLADE_BATCH;
    if (open && wanted->dims[0] != 0)
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "while the batch is open, the first dimension must be 0");
    /* An open batch stands on both sides and is left out of the products. */
    uint64_t total = 1, known = 1;
    for (int32_t i = open ? 1 : 0; i < in->rank; i++) total *= (uint64_t)in->dims[i];
    int32_t rest = GRAPH_NO_ID;
    *shape_out = *wanted;
    for (int32_t i = 0; i < wanted->rank; i++) {
        if (wanted->dims[i] == 0) {
            if (i >= in->rank)
                return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "dimension %d has none in the input to keep", i);
            shape_out->dims[i] = in->dims[i];
        }
        if (open && i == 0) continue;
        if (wanted->dims[i] == -1 && rest != GRAPH_NO_ID)
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "only one dimension may be -1");
        if (wanted->dims[i] == -1)
            rest = i;
        else if (shape_out->dims[i] < 1 || !base_multiply(known, (uint64_t)shape_out->dims[i], &known))
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "dimension %d is %lld: it must be at least -1", i,
                                (long long)wanted->dims[i]);
    }
    if (rest != GRAPH_NO_ID && total % known == 0) {
        shape_out->dims[rest] = (int64_t)(total / known);
        known = total;
    }
    if (known != total) {
        char text[BASE_SHAPE_TEXT];
        return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "%s does not hold the same number of elements",
                            base_shape_text(wanted, text, sizeof text));
    }
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    (void)graph, (void)node, (void)text;
}

const graph_op_info graph_reshape_info = {"reshape", infer, describe, NULL};

clade_status clade_graph_reshape(clade_graph *graph, clade_tensor input, const clade_reshape_settings *settings,
                                 clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "reshape", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_reshape_settings s = *settings;
    if (s.shape.rank < 1 || s.shape.rank > CLADE_MAX_RANK)
        return base_fail(graph->env, CLADE_ERROR_SHAPE, "failed to add reshape \"%s\" to rank %d: it must be 1 to %d",
                         s.name ? s.name : "", s.shape.rank, CLADE_MAX_RANK);
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_reshape, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.reshape = s};
    return graph_add(graph, &node, output_out);
}
