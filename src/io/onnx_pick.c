/* onnx_pick.c: tensors put together of runs of another along one dimension: what Gather asks for, a Slice that goes backwards, and a
 * Pad that repeats what is at the edge. Each run is a slice, and a concat joins them. */
#include "io/onnx.h"

#include <string.h>

void onnx_add_run(onnx_runs *runs, int64_t first, int64_t count) {
    onnx_run *last = runs->count ? &runs->at[runs->count - 1] : NULL;
    if (last && first == last->first + last->count) {
        last->count += count;
        return;
    }
    runs->full = runs->full || runs->count == ONNX_MOST_RUNS;
    if (!runs->full) runs->at[runs->count++] = (onnx_run){first, count};
}

static clade_status add_piece(onnx_import *job, const onnx_node *node, clade_tensor from, int32_t axis,
                              const onnx_run *run, const char *name, clade_tensor *piece_out) {
    clade_slice_settings settings = {.name = name};
    settings.start[axis] = run->first;
    settings.end[axis] = run->first + run->count;
    return onnx_checked(job, node, clade_graph_slice(job->graph, from, &settings, piece_out));
}

clade_status onnx_pick(onnx_import *job, const onnx_node *node, clade_tensor from, int32_t axis, const onnx_runs *runs,
                       const char *name, clade_tensor *picked_out) {
    if (runs->full) return onnx_unsupported(job, node, "it picks more than %d runs of elements", ONNX_MOST_RUNS);
    if (runs->count == 1) return add_piece(job, node, from, axis, &runs->at[0], name, picked_out);
    clade_tensor pieces[ONNX_MOST_RUNS];
    for (size_t i = 0; i < runs->count; i++) {
        const char *part = NULL;
        FORWARD(onnx_part_name(job, node, &part));
        FORWARD(add_piece(job, node, from, axis, &runs->at[i], part, &pieces[i]));
    }
    const clade_concat_settings settings = {.name = name, .axis = axis, .along_batch = axis == 0};
    return onnx_checked(job, node, clade_graph_concat(job->graph, pieces, runs->count, &settings, picked_out));
}

/* ---- Gather ------------------------------------------------------------------------------------------------------- */
static clade_status read_indices(onnx_import *job, const onnx_node *node, int64_t size, onnx_runs *runs,
                                 const onnx_constant **indices_out) {
    FORWARD(onnx_input_constant(job, node, 1, indices_out));
    const onnx_constant *indices = *indices_out;
    if (!indices->integer || indices->count == 0 || indices->open)
        return onnx_unsupported(job, node, "its indices must be integers, and there must be some");
    for (size_t i = 0; i < indices->count && !runs->full; i++) {
        const int64_t index = indices->integers[i];
        if (index < -size || index >= size)
            return onnx_wrong(job, node, "its index %lld is not in a dimension of %lld", (long long)index,
                              (long long)size);
        onnx_add_run(runs, index < 0 ? index + size : index, 1);
    }
    return CLADE_OK;
}

/* The indices' dimensions take the place of the one that is picked from. */
clade_status onnx_build_gather(onnx_import *job, const onnx_node *node) {
    const onnx_constant *indices = NULL;
    clade_tensor tensor;
    onnx_runs runs = {0};
    int64_t wanted = 0;
    int32_t axis = 0;
    const char *part = NULL, *name = NULL;
    FORWARD(onnx_input_tensor(job, node, 0, &tensor));
    const clade_shape from = onnx_tensor_shape(job, tensor);
    FORWARD(onnx_attribute_int(job, node, "axis", 0, &wanted));
    FORWARD(onnx_axis(job, node, wanted, from.rank, &axis));
    if (from.dims[axis] == CLADE_BATCH) return onnx_unsupported(job, node, "it picks from the batch, which is open");
    FORWARD(read_indices(job, node, from.dims[axis], &runs, &indices));
    clade_shape shape = {.rank = from.rank - 1 + indices->shape.rank};
    if (shape.rank < 1 || shape.rank > CLADE_MAX_RANK)
        return onnx_unsupported(job, node, "its result has rank %d", shape.rank);
    int32_t at = 0;
    for (int32_t i = 0; i < axis; i++) shape.dims[at++] = from.dims[i];
    for (int32_t i = 0; i < indices->shape.rank; i++) shape.dims[at++] = indices->shape.dims[i];
    for (int32_t i = axis + 1; i < from.rank; i++) shape.dims[at++] = from.dims[i];
    FORWARD(onnx_part_name(job, node, &part));
    FORWARD(onnx_pick(job, node, tensor, axis, &runs, part, &tensor));
    FORWARD(onnx_name(job, node, &name));
    FORWARD(onnx_reshape(job, node, tensor, shape, name, &tensor));
    onnx_set_tensor(job, node, 0, tensor);
    return CLADE_OK;
}
