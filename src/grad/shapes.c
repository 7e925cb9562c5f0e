/* shapes.c: operators that move elements; on the way back these move to where they came from. */
#include "grad/grad.h"

#include <string.h>

clade_status grad_view(grad_builder *b, const graph_node *node, clade_tensor dy) {
    FORWARD(grad_reshape(b, dy, graph_shape_of(b->graph, node->inputs[0]), &dy));
    return grad_give_tensor(b, node->inputs[0], dy);
}

/* The part of a tensor that begins at `start` and has this shape. */
static clade_status cut(grad_builder *b, clade_tensor tensor, const int64_t *start, const clade_shape *shape,
                        clade_tensor *output_out) {
    graph_attributes slice = {.slice = {.name = NULL}};
    for (int32_t i = 0; i < shape->rank; i++) {
        slice.slice.start[i] = start[i];
        slice.slice.end[i] = start[i] + shape->dims[i];
        slice.slice.step[i] = 1;
    }
    return grad_add(b, GRAPH_OP_slice, &slice, NULL, tensor, GRAPH_NO_TENSOR, output_out);
}

clade_status grad_concat(grad_builder *b, const graph_node *node, clade_tensor dy) {
    for (size_t i = 0; i < node->input_count; i++) {
        if (!grad_is_needed(b, node->inputs[i])) continue;
        const clade_shape shape = *graph_shape_of(b->graph, node->inputs[i]);
        int64_t start[CLADE_MAX_RANK] = {0};
        clade_tensor gradient;
        start[node->attributes.concat.axis] = graph_concat_place(b->graph, node, i);
        FORWARD(cut(b, dy, start, &shape, &gradient));
        FORWARD(grad_give_tensor(b, node->inputs[i], gradient));
    }
    return CLADE_OK;
}

clade_status grad_pad(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_shape shape = *graph_shape_of(b->graph, node->inputs[0]);
    int64_t start[CLADE_MAX_RANK] = {0};
    for (int32_t i = 0; i < shape.rank; i++) start[i] = node->attributes.pad.before[i];
    FORWARD(cut(b, dy, start, &shape, &dy));
    return grad_give_tensor(b, node->inputs[0], dy);
}

clade_status grad_transpose(grad_builder *b, const graph_node *node, clade_tensor dy) {
    graph_attributes inverse = {.transpose = {.name = NULL}};
    const int32_t rank = graph_shape_of(b->graph, dy)->rank;
    for (int32_t i = 0; i < rank; i++) inverse.transpose.order[node->attributes.transpose.order[i]] = i;
    return grad_give(b, node->inputs[0], GRAPH_OP_transpose, &inverse, &dy, 1);
}

/* ---- slice --------------------------------------------------------------------------------------------------------------------- */

/* Zeros before and behind dimension `d`. */
static clade_status pad(grad_builder *b, clade_tensor *tensor, int32_t d, int64_t before, int64_t after) {
    if (before == 0 && after == 0) return CLADE_OK;
    graph_attributes zeros = {.pad = {.name = NULL}};
    zeros.pad.before[d] = (int32_t)before;
    zeros.pad.after[d] = (int32_t)after;
    return grad_add(b, GRAPH_OP_pad, &zeros, NULL, *tensor, GRAPH_NO_TENSOR, tensor);
}

/* Elements of dimension `d` come to lie `step` apart, with zeros between: each gets them behind it in a dimension of its own. The
 * dimensions before count as one, and so do those behind. */
static clade_status part(grad_builder *b, clade_tensor *tensor, int32_t d, int64_t step) {
    clade_shape shape = *graph_shape_of(b->graph, *tensor);
    clade_shape apart = {4, {1, shape.dims[d], 1, 1}};
    for (int32_t i = 0; i < d; i++) apart.dims[0] *= shape.dims[i];
    for (int32_t i = d + 1; i < shape.rank; i++) apart.dims[3] *= shape.dims[i];
    FORWARD(grad_reshape(b, *tensor, &apart, tensor));
    FORWARD(pad(b, tensor, 2, 0, step - 1));
    shape.dims[d] *= step;
    return grad_reshape(b, *tensor, &shape, tensor);
}

clade_status grad_slice(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const clade_shape whole = *graph_shape_of(b->graph, node->inputs[0]);
    for (int32_t d = 0; d < whole.rank; d++) {
        int64_t start = 0, end = 0;
        graph_slice_range(&node->attributes.slice, &whole, d, &start, &end);
        const int64_t step = graph_shape_of(b->graph, dy)->dims[d] == 1 ? 1 : node->attributes.slice.step[d];
        if (step > 1) FORWARD(part(b, &dy, d, step));
        clade_shape shape = *graph_shape_of(b->graph, dy);
        const int64_t excess = start + shape.dims[d] - whole.dims[d]; /* zeros behind the last element */
        if (excess > 0) {
            shape.dims[d] -= excess;
            FORWARD(cut(b, dy, (int64_t[CLADE_MAX_RANK]){0}, &shape, &dy));
        }
        FORWARD(pad(b, &dy, d, start, base_max(0, -excess)));
    }
    return grad_give_tensor(b, node->inputs[0], dy);
}

/* ---- mean ---------------------------------------------------------------------------------------------------------------------- */

/* Over rows and columns, which leaves blocks of channels as they are. */
static bool is_of_images(const clade_shape *in, const bool *axes) {
    return in->rank == 4 && !axes[0] && !axes[1] && axes[2] && axes[3];
}

clade_status grad_mean(grad_builder *b, const graph_node *node, clade_tensor dy) {
    const bool *axes = node->attributes.mean.axes;
    const clade_shape in = *graph_shape_of(b->graph, node->inputs[0]);
    clade_shape kept = in;
    double count = 1;
    for (int32_t i = 0; i < in.rank; i++) {
        if (!axes[i]) continue;
        count *= (double)in.dims[i];
        kept.dims[i] = 1;
    }
    FORWARD(grad_reshape(b, dy, &kept, &dy));
    if (is_of_images(&in, axes)) {
        const graph_attributes pool = {
            .pool_gradient = {.pool = {.kind = CLADE_POOL_AVERAGE, .global = true}, .size = {in.dims[2], in.dims[3]}}};
        return grad_give(b, node->inputs[0], GRAPH_OP_pool_gradient, &pool, &dy, 1);
    }
    const graph_attributes share = {.scale = {.factor = (float)(1 / count)}}, expand = {.expand = {.shape = in}};
    FORWARD(grad_add(b, GRAPH_OP_scale, &share, NULL, dy, GRAPH_NO_TENSOR, &dy));
    return grad_give(b, node->inputs[0], GRAPH_OP_expand, &expand, &dy, 1);
}
