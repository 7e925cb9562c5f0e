/* values.c: reading and writing what a trainer keeps of each parameter. */
#include "train/train.h"

#include <string.h>

/* Where something is kept on the device. */
typedef struct place {
    rt_buffer *buffer;
    const train_segment *segment;
} place;

static clade_status find_place(clade_trainer *trainer, clade_trainer_value what, const char *name, size_t count,
                               place *place_out) {
    *place_out = (place){.buffer = what == CLADE_TRAINER_GRADIENT ? trainer->gradients : trainer->values};
    if (what != CLADE_TRAINER_PARAMETER && what != CLADE_TRAINER_GRADIENT)
        return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to find value %d of a parameter: there is none", (int)what);
    place_out->segment = train_layout_find(&trainer->parameters, name ? name : "");
    if (!place_out->segment && what == CLADE_TRAINER_PARAMETER) {
        place_out->segment = train_layout_find(&trainer->statistics, name ? name : "");
        place_out->buffer = trainer->running;
    }
    if (!place_out->segment)
        return base_fail(trainer->env, CLADE_ERROR_NOT_FOUND,
                         "failed to find %s \"%s\": the trainer has none of that name",
                         what == CLADE_TRAINER_GRADIENT ? "the gradient of" : "parameter", name ? name : "");
    if (count != place_out->segment->count)
        return base_fail(trainer->env, CLADE_ERROR_SHAPE, "failed to copy %zu elements of \"%s\": it has %llu", count,
                         name, (unsigned long long)place_out->segment->count);
    return CLADE_OK;
}

clade_status clade_trainer_read(clade_trainer *trainer, clade_trainer_value what, const char *name, float *values_out,
                                size_t count) {
    place from;
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    if (!values_out)
        return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to read a parameter: values_out is NULL");
    FORWARD(find_place(trainer, what, name, count, &from));
    FORWARD(session_enter(trainer->session, "read a parameter"));
    rt_queue *queue = trainer->session->queue;
    clade_status status =
        rt_read(queue, from.buffer, from.segment->offset * sizeof(float), values_out, count * sizeof(float));
    const clade_status finished = rt_queue_finish(queue);
    return session_leave(trainer->session, status != CLADE_OK ? status : finished);
}

clade_status clade_trainer_write(clade_trainer *trainer, clade_trainer_value what, const char *name,
                                 const float *values, size_t count) {
    place to;
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    if (!values)
        return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to write a parameter: values is NULL");
    FORWARD(find_place(trainer, what, name, count, &to));
    FORWARD(session_enter(trainer->session, "write a parameter"));
    rt_queue *queue = trainer->session->queue;
    clade_status status = rt_write(queue, to.buffer, to.segment->offset * sizeof(float), values, count * sizeof(float));
    const clade_status finished = rt_queue_finish(queue);
    return session_leave(trainer->session, status != CLADE_OK ? status : finished);
}

/* ---- Export ---------------------------------------------------------------------------------------------------------------------------- */

/* Copies a flat buffer to host memory; the caller's to free. */
static clade_status download(clade_trainer *trainer, rt_buffer *buffer, float **values_out) {
    const uint64_t bytes = rt_buffer_size(buffer);
    float *values = base_allocate_zero(trainer->env, (size_t)(bytes / sizeof(float)), sizeof(float));
    if (!values) return base_fail_memory(trainer->env, (size_t)bytes, "a trainer's parameters");
    rt_queue *queue = trainer->session->queue;
    clade_status status = rt_read(queue, buffer, 0, values, bytes);
    const clade_status finished = rt_queue_finish(queue);
    if (status == CLADE_OK) status = finished;
    if (status != CLADE_OK) base_free(trainer->env, values);
    *values_out = status == CLADE_OK ? values : NULL;
    return status;
}

/* Gives the graph those of a layout's segments that it has. */
static clade_status export_layout(clade_trainer *trainer, const train_layout *layout, rt_buffer *buffer,
                                  clade_graph *graph) {
    float *values = NULL;
    if (layout->count == 0) return CLADE_OK;
    FORWARD(download(trainer, buffer, &values));
    clade_status status = CLADE_OK;
    for (size_t i = 0; status == CLADE_OK && i < layout->count; i++) {
        const train_segment *segment = &layout->segments[i];
        const clade_array array = {CLADE_FLOAT32, segment->shape, values + segment->offset};
        clade_tensor tensor;
        if (clade_graph_find_tensor(graph, segment->name, &tensor) == CLADE_OK)
            status = clade_graph_set_parameter(graph, segment->name, &array);
    }
    base_free(trainer->env, values);
    return status;
}

static clade_status check_export(const clade_trainer *trainer, const clade_graph *graph) {
    for (size_t i = 0; i < graph->tensor_count; i++) {
        const graph_tensor *tensor = &graph->tensors[i];
        if (tensor->kind != CLADE_TENSOR_PARAMETER || tensor->dead) continue;
        const train_segment *segment = train_layout_find(&trainer->parameters, tensor->name);
        if (!segment) segment = train_layout_find(&trainer->statistics, tensor->name);
        if (!segment)
            return base_fail(trainer->env, CLADE_ERROR_NOT_FOUND,
                             "failed to export to a graph: the trainer has no parameter \"%s\"", tensor->name);
        if (!base_shape_equal(&segment->shape, &tensor->shape))
            return base_fail(trainer->env, CLADE_ERROR_SHAPE,
                             "failed to export to a graph: parameter \"%s\" has another shape there", tensor->name);
    }
    return CLADE_OK;
}

clade_status clade_trainer_export(clade_trainer *trainer, clade_graph *graph, bool averaged) {
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    if (!graph)
        return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to export to a graph: graph is NULL");
    FORWARD(check_export(trainer, graph));
    rt_buffer *average = averaged ? train_optimizer_average(trainer->optimizer) : NULL;
    FORWARD(session_enter(trainer->session, "export to a graph"));
    clade_status status = export_layout(trainer, &trainer->parameters, average ? average : trainer->values, graph);
    if (status == CLADE_OK) status = export_layout(trainer, &trainer->statistics, trainer->running, graph);
    return session_leave(trainer->session, status);
}
