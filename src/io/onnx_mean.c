/* onnx_mean.c: ReduceMean; over the pixels of images it is a global average pooling. */
#include "io/onnx.h"

#include <string.h>

/* The axes as flags over the tensor as it is stored; none named: all. */
static clade_status read_axes(onnx_import *job, const onnx_node *node, const onnx_value *value, int32_t rank,
                              bool flags_out[CLADE_MAX_RANK], bool *any_out) {
    onnx_integers axes;
    int64_t nothing = 0;
    FORWARD(onnx_list(job, node, "axes", 1, 18, &axes, any_out));
    *any_out = axes.count > 0;
    FORWARD(onnx_attribute_int(job, node, "noop_with_empty_axes", 0, &nothing));
    for (int32_t i = 0; i < rank && !*any_out && !nothing; i++) flags_out[i] = true;
    for (size_t i = 0; i < axes.count; i++) {
        int32_t axis = 0;
        FORWARD(onnx_axis(job, node, axes.at[i], rank, &axis));
        flags_out[value->transposed ? value->order[axis] : axis] = true;
    }
    *any_out = *any_out || !nothing;
    return CLADE_OK;
}

static bool over_pixels(const bool *axes, int32_t rank) {
    return rank == 4 && !axes[0] && !axes[1] && axes[2] && axes[3];
}

/* The mean with its dimensions kept as 1. */
static clade_status add_mean(onnx_import *job, const onnx_node *node, clade_tensor input, const bool *axes,
                             int32_t rank, const char *name, clade_tensor *output_out) {
    if (over_pixels(axes, rank)) {
        const clade_pool_settings settings = {.name = name, .kind = CLADE_POOL_AVERAGE, .global = true};
        return onnx_checked(job, node, clade_graph_pool(job->graph, input, &settings, output_out));
    }
    clade_mean_settings settings = {.name = name};
    memcpy(settings.axes, axes, (size_t)rank * sizeof *axes);
    return onnx_checked(job, node, clade_graph_mean(job->graph, input, &settings, output_out));
}

/* The output without the dimensions that went; those that stay keep the order in which they are seen. */
static clade_status drop_axes(onnx_import *job, const onnx_node *node, const onnx_value *from, const bool *axes,
                              clade_tensor mean) {
    const clade_shape shape = onnx_tensor_shape(job, mean);
    clade_shape dropped = {.rank = 0};
    int32_t place[CLADE_MAX_RANK] = {0}, seen = 0;
    for (int32_t i = 0; i < shape.rank; i++) {
        place[i] = dropped.rank;
        if (!axes[i]) dropped.dims[dropped.rank++] = shape.dims[i];
    }
    if (dropped.rank == 0) return onnx_unsupported(job, node, "its result has no dimensions");
    const char *name = NULL;
    FORWARD(onnx_name(job, node, &name));
    FORWARD(onnx_reshape(job, node, mean, dropped, name, &mean));
    onnx_value *to = onnx_output(job, node, 0);
    onnx_set_tensor(job, node, 0, mean);
    for (int32_t i = 0; i < shape.rank; i++) {
        const int32_t own = from->transposed ? from->order[i] : i;
        if (axes[own]) continue;
        to->transposed = to->transposed || place[own] != seen;
        to->order[seen++] = place[own];
    }
    return CLADE_OK;
}

clade_status onnx_build_mean(onnx_import *job, const onnx_node *node) {
    onnx_value *from = onnx_input(job, node, 0);
    const int32_t rank = onnx_shape(job, from).rank;
    bool axes[CLADE_MAX_RANK] = {false}, any = false;
    int64_t keep = 1;
    const char *name = NULL;
    clade_tensor mean;
    FORWARD(onnx_attribute_int(job, node, "keepdims", 1, &keep));
    FORWARD(read_axes(job, node, from, rank, axes, &any));
    if (!any) return onnx_build_identity(job, node);
    FORWARD(onnx_pad_now(job, node, from));
    FORWARD(keep ? onnx_name(job, node, &name) : onnx_part_name(job, node, &name));
    FORWARD(add_mean(job, node, from->tensor, axes, rank, name, &mean));
    if (!keep) return drop_axes(job, node, from, axes, mean);
    onnx_set_elements(job, node, mean, from);
    return CLADE_OK;
}
