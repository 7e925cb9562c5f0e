/* onnx_join.c: Concat, Split and Slice of tensors. */
#include "io/onnx.h"

#include <string.h>

/* ---- Concat ------------------------------------------------------------------------------------------------------- */

/* True when all inputs wait for the same transpose; then they are joined as they are stored. */
static bool all_alike(const onnx_import *job, const onnx_node *node) {
    const onnx_value *first = onnx_input(job, node, 0);
    for (size_t i = 0; i < node->proto->n_input; i++) {
        const onnx_value *value = onnx_input(job, node, i);
        if (!value || !first || value->state != ONNX_TENSOR || first->state != ONNX_TENSOR) return false;
        const size_t rank = (size_t)onnx_shape(job, value).rank;
        if (value->transposed != first->transposed || (size_t)onnx_shape(job, first).rank != rank ||
            (value->transposed && memcmp(value->order, first->order, rank * sizeof *first->order) != 0))
            return false;
    }
    return true;
}

clade_status onnx_build_concat(onnx_import *job, const onnx_node *node) {
    static const onnx_value plain = {.transposed = false};
    const onnx_value *first = onnx_input(job, node, 0);
    const size_t count = node->proto->n_input;
    int64_t wanted = 0;
    int32_t axis = 0;
    if (!first) return onnx_wrong(job, node, "its input 0 is left out");
    FORWARD(onnx_attribute_int(job, node, "axis", 1, &wanted));
    FORWARD(onnx_axis(job, node, wanted, onnx_shape(job, first).rank, &axis));
    const bool alike = all_alike(job, node);
    void *memory = NULL;
    FORWARD(onnx_scratch_allocate(job, count * sizeof(clade_tensor), &memory));
    clade_tensor *inputs = memory, output;
    for (size_t i = 0; i < count; i++)
        FORWARD(alike ? onnx_input_elements(job, node, i, &inputs[i]) : onnx_input_tensor(job, node, i, &inputs[i]));
    if (alike && first->transposed) axis = first->order[axis];
    clade_concat_settings settings = {.axis = axis, .along_batch = axis == 0};
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_concat(job->graph, inputs, count, &settings, &output)));
    onnx_set_elements(job, node, output, alike ? first : &plain);
    return CLADE_OK;
}

/* ---- Split -------------------------------------------------------------------------------------------------------- */

/* How long each part is: said, or equal, with a shorter one at the end. */
static clade_status read_parts(onnx_import *job, const onnx_node *node, int64_t size, onnx_integers *parts) {
    bool named = false;
    const size_t count = node->proto->n_output;
    FORWARD(onnx_list(job, node, "split", 1, 13, parts, &named));
    if (named && parts->count != 0) return CLADE_OK;
    if (count == 0 || count > BASE_COUNT(parts->at)) return onnx_unsupported(job, node, "it has %zu outputs", count);
    parts->count = count;
    const int64_t part = base_divide_up(size, (int64_t)count);
    for (size_t i = 0; i < count; i++) parts->at[i] = base_min(part, base_max(size - (int64_t)i * part, 0));
    return CLADE_OK;
}

static clade_status slice_output(onnx_import *job, const onnx_node *node, size_t index, int32_t axis, int64_t start,
                                 int64_t end) {
    const onnx_value *from = onnx_input(job, node, 0);
    onnx_value *to = onnx_output(job, node, index);
    clade_slice_settings settings = {0};
    settings.start[axis] = start;
    settings.end[axis] = end;
    FORWARD(onnx_name_after(job, to, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_slice(job->graph, from->tensor, &settings, &to->tensor)));
    to->state = ONNX_TENSOR;
    to->transposed = from->transposed;
    memcpy(to->order, from->order, sizeof to->order);
    return CLADE_OK;
}

clade_status onnx_build_split(onnx_import *job, const onnx_node *node) {
    onnx_value *from = onnx_input(job, node, 0);
    const clade_shape seen = onnx_shape(job, from);
    int64_t wanted = 0, start = 0;
    int32_t axis = 0;
    onnx_integers parts;
    FORWARD(onnx_attribute_int(job, node, "axis", 0, &wanted));
    FORWARD(onnx_axis(job, node, wanted, seen.rank, &axis));
    if (seen.dims[axis] == CLADE_BATCH) return onnx_unsupported(job, node, "it splits the batch, which is open");
    FORWARD(read_parts(job, node, seen.dims[axis], &parts));
    if (parts.count != node->proto->n_output)
        return onnx_wrong(job, node, "it has %zu outputs for %zu parts", node->proto->n_output, parts.count);
    FORWARD(onnx_pad_now(job, node, from));
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.at[i] < 0 || parts.at[i] > seen.dims[axis] - start)
            return onnx_wrong(job, node, "part %zu of %lld does not fit dimension %d", i, (long long)parts.at[i], axis);
        if (onnx_wants_output(job, node, i))
            FORWARD(
                slice_output(job, node, i, from->transposed ? from->order[axis] : axis, start, start + parts.at[i]));
        start += parts.at[i];
    }
    return start == seen.dims[axis] ? CLADE_OK
                                    : onnx_wrong(job, node, "its parts leave some of dimension %d over", axis);
}

/* ---- Slice -------------------------------------------------------------------------------------------------------- */
static onnx_range read_range(int64_t start, int64_t end, int64_t step, int64_t size) {
    const int64_t last = step > 0 ? size : size - 1, first = step > 0 ? 0 : -1; /* where a bound may lie */
    start = base_max(step > 0 ? 0 : first, base_min(last, start < 0 ? start + size : start));
    end = base_max(first, base_min(last, end < 0 ? base_max(end, -size - 1) + size : end));
    const int64_t distance = step > 0 ? end - start : start - end, width = step > 0 ? step : -step;
    return (onnx_range){start, distance > 0 ? (distance - 1) / width + 1 : 0, step};
}

clade_status onnx_read_ranges(onnx_import *job, const onnx_node *node, const clade_shape *shape,
                              onnx_range ranges_out[CLADE_MAX_RANK]) {
    onnx_integers starts, ends, axes, steps = {0};
    bool found = false, has_axes = false;
    FORWARD(onnx_list(job, node, "starts", 1, 10, &starts, &found));
    FORWARD(onnx_list(job, node, "ends", 2, 10, &ends, &found));
    FORWARD(onnx_list(job, node, "axes", 3, 10, &axes, &has_axes));
    if (node->opset >= 10) FORWARD(onnx_list(job, node, "", 4, 10, &steps, &found));
    if (starts.count != ends.count || (has_axes && axes.count != starts.count) ||
        (steps.count && steps.count != starts.count) || starts.count > (size_t)shape->rank)
        return onnx_wrong(job, node, "its starts, ends, axes and steps have different lengths");
    for (int32_t i = 0; i < shape->rank; i++) ranges_out[i] = (onnx_range){0, shape->dims[i], 1};
    for (size_t i = 0; i < starts.count; i++) {
        int32_t axis = 0;
        FORWARD(onnx_axis(job, node, has_axes ? axes.at[i] : (int64_t)i, shape->rank, &axis));
        const int64_t size = shape->dims[axis], step = steps.count ? steps.at[i] : 1;
        if (step == 0 || step < -INT32_MAX) return onnx_wrong(job, node, "its step is %lld", (long long)step);
        if (size != CLADE_BATCH)
            ranges_out[axis] = read_range(starts.at[i], ends.at[i], step, size);
        else if (starts.at[i] != 0 || ends.at[i] < INT32_MAX || step != 1)
            return onnx_unsupported(job, node, "it takes a part of the batch, which is open");
    }
    return CLADE_OK;
}

/* What goes backwards is picked element by element. */
static clade_status reverse(onnx_import *job, const onnx_node *node, const onnx_range *range, int32_t axis,
                            clade_tensor *tensor) {
    onnx_runs runs = {0};
    const char *name = NULL;
    for (int64_t i = 0; i < range->count && !runs.full; i++) onnx_add_run(&runs, range->start + i * range->step, 1);
    FORWARD(onnx_part_name(job, node, &name));
    return onnx_pick(job, node, *tensor, axis, &runs, name, tensor);
}

clade_status onnx_build_slice(onnx_import *job, const onnx_node *node) {
    onnx_value *from = onnx_input(job, node, 0);
    const clade_shape seen = onnx_shape(job, from);
    onnx_range ranges[CLADE_MAX_RANK];
    clade_slice_settings settings = {0};
    FORWARD(onnx_read_ranges(job, node, &seen, ranges));
    FORWARD(onnx_pad_now(job, node, from));
    clade_tensor tensor = from->tensor;
    for (int32_t i = 0; i < seen.rank; i++) {
        const int32_t axis = from->transposed ? from->order[i] : i;
        if (seen.dims[i] == CLADE_BATCH) continue;
        if (ranges[i].count == 0) return onnx_unsupported(job, node, "its result is empty");
        if (ranges[i].step < 0) {
            FORWARD(reverse(job, node, &ranges[i], axis, &tensor));
            continue; /* all of what was picked */
        }
        settings.start[axis] = ranges[i].start;
        settings.step[axis] = base_min(ranges[i].step, seen.dims[i]);
        settings.end[axis] = ranges[i].start + (ranges[i].count - 1) * settings.step[axis] + 1;
    }
    FORWARD(onnx_name(job, node, &settings.name));
    FORWARD(onnx_checked(job, node, clade_graph_slice(job->graph, tensor, &settings, &tensor)));
    onnx_set_elements(job, node, tensor, from);
    return CLADE_OK;
}
