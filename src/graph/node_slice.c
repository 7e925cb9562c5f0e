/* node_slice.c: a box out of a tensor. */
#include "graph/graph.h"

clade_slice_settings clade_slice_defaults(void) { return (clade_slice_settings){.step = {1, 1, 1, 1, 1, 1}}; }

void graph_slice_range(const clade_slice_settings *s, const clade_shape *shape, int32_t d, int64_t *start_out,
                       int64_t *end_out) {
    const int64_t size = shape->dims[d];
    *start_out = s->start[d] < 0 ? s->start[d] + size : s->start[d];
    *end_out = s->end[d] <= 0 ? s->end[d] + size : s->end[d];
}

static clade_status infer(const clade_graph *graph, const graph_node *node, clade_shape *shape_out) {
    const clade_slice_settings *s = &node->attributes.slice;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    *shape_out = *in;
    for (int32_t d = 0; d < in->rank; d++) {
        if (in->dims[d] == CLADE_BATCH) {
            if (s->start[d] != 0 || s->end[d] != 0 || s->step[d] != 1)
                return graph_refuse(graph, node, CLADE_ERROR_SHAPE, "an open batch cannot be sliced");
            continue;
        }
        int64_t start = 0, end = 0;
        graph_slice_range(s, in, d, &start, &end);
        if (s->step[d] < 1 || start < 0 || end > in->dims[d] || start >= end)
            return graph_refuse(graph, node, CLADE_ERROR_SHAPE,
                                "start %lld, end %lld, step %lld must select elements of dimension %d",
                                (long long)s->start[d], (long long)s->end[d], (long long)s->step[d], d);
        shape_out->dims[d] = base_divide_up(end - start, base_min(s->step[d], end - start));
    }
    return CLADE_OK;
}

static void describe(const clade_graph *graph, const graph_node *node, base_text *text) {
    const clade_slice_settings *s = &node->attributes.slice;
    const clade_shape *in = graph_shape_of(graph, node->inputs[0]);
    for (int32_t d = 0; d < in->rank; d++) {
        base_text_add(text, "%s", d ? ", " : "");
        if (in->dims[d] == CLADE_BATCH) {
            base_text_add(text, ":");
            continue;
        }
        int64_t start = 0, end = 0;
        graph_slice_range(s, in, d, &start, &end);
        base_text_add(text, "%lld:%lld", (long long)start, (long long)end);
        if (s->step[d] != 1) base_text_add(text, ":%lld", (long long)s->step[d]);
    }
}

const graph_op_info graph_slice_info = {"slice", infer, describe, NULL};

clade_status clade_graph_slice(clade_graph *graph, clade_tensor input, const clade_slice_settings *settings,
                               clade_tensor *output_out) {
    FORWARD(graph_check_call(graph, "slice", &input, 1, settings, settings ? settings->reserved : NULL, output_out));
    clade_slice_settings s = *settings;
    for (int32_t d = 0; d < CLADE_MAX_RANK; d++)
        if (s.step[d] == 0) s.step[d] = 1;
    s.name = NULL;
    const graph_new_node node = {
        .op = GRAPH_OP_slice, .name = settings->name, .inputs = &input, .input_count = 1, .attributes.slice = s};
    return graph_add(graph, &node, output_out);
}
