/* parameter.c: the values of parameters: given by the caller, or derived from others when they are needed. */
#include "graph/graph.h"

#include <math.h>
#include <string.h>

/* ---- Values ------------------------------------------------------------------------------------------------------------ */

void graph_value_release(base_env *env, graph_value **value) {
    graph_value *gone = *value;
    *value = NULL;
    if (gone && atomic_fetch_sub(&gone->references, 1) == 1)
        base_free(env, gone); /* owned data lies behind the struct */
}

void graph_drop_values(clade_graph *graph) {
    for (size_t i = 0; i < graph->tensor_count; i++) graph_value_release(graph->env, &graph->tensors[i].value);
    for (size_t i = 0; i < graph->attachment_count; i++) {
        graph_attachment *attachment = graph->attachments[i];
        if (atomic_fetch_sub(&attachment->references, 1) != 1) continue;
        attachment->release(attachment->object);
        base_free(graph->env, attachment);
    }
    base_free(graph->env, graph->attachments);
    graph->attachments = NULL;
    graph->attachment_count = graph->attachment_capacity = 0;
}

clade_status clade_graph_attach(clade_graph *graph, void *object, void (*release)(void *object)) {
    if (!graph || !release) {
        if (release) release(object);
        return graph
                   ? base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to attach an object: release is NULL")
                   : CLADE_ERROR_INVALID_ARGUMENT;
    }
    graph_attachment *attachment = base_allocate(graph->env, sizeof *attachment);
    if (!attachment || !base_grow(graph->env, &graph->attachments, sizeof(graph_attachment *), graph->attachment_count,
                                  &graph->attachment_capacity)) {
        base_free(graph->env, attachment);
        release(object);
        return base_fail_memory(graph->env, sizeof *attachment, "an attachment");
    }
    attachment->object = object;
    attachment->release = release;
    atomic_init(&attachment->references, 1);
    graph->attachments[graph->attachment_count++] = attachment;
    return CLADE_OK;
}

static graph_tensor *find_parameter(const clade_graph *graph, const char *name) {
    const int32_t id = base_names_find(&graph->names, name);
    return id >= 0 && graph->tensors[id].kind == CLADE_TENSOR_PARAMETER ? &graph->tensors[id] : NULL;
}

static clade_status check_value(const clade_graph *graph, const char *name, const clade_array *value,
                                graph_tensor **tensor_out) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!name || !value || !value->data)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to set parameter \"%s\": name, value or its data is NULL", name ? name : "");
    graph_tensor *tensor = find_parameter(graph, name);
    if (!tensor)
        return base_fail(graph->env, CLADE_ERROR_NOT_FOUND,
                         "failed to set parameter \"%s\": the graph has no such parameter", name);
    if (tensor->derivation != GRAPH_GIVEN)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to set parameter \"%s\": it follows from others", name);
    if (value->type != CLADE_FLOAT32 && value->type != CLADE_FLOAT16 && value->type != CLADE_BFLOAT16)
        return base_fail(graph->env, CLADE_ERROR_UNSUPPORTED,
                         "failed to set parameter \"%s\" from %s: it must be float32, float16 or bfloat16", name,
                         base_type_name(value->type));
    if (!base_shape_equal(&value->shape, &tensor->shape)) {
        char expected[BASE_SHAPE_TEXT], found[BASE_SHAPE_TEXT];
        return base_fail(graph->env, CLADE_ERROR_SHAPE, "failed to set parameter \"%s\": expected shape %s, found %s",
                         name, base_shape_text(&tensor->shape, expected, sizeof expected),
                         base_shape_text(&value->shape, found, sizeof found));
    }
    *tensor_out = tensor;
    return CLADE_OK;
}

static clade_status set_value(clade_graph *graph, const char *name, const clade_array *value, bool copy,
                              void (*done)(const void *data, size_t size)) {
    graph_tensor *tensor = NULL;
    FORWARD(check_value(graph, name, value, &tensor));
    int64_t elements = 0;
    (void)base_shape_elements(&tensor->shape, &elements); /* shapes in a graph never overflow */
    const size_t bytes = copy ? (size_t)elements * base_type_size(value->type) : 0;
    graph_value *kept = base_allocate(graph->env, sizeof *kept + bytes);
    if (!kept) return base_fail_memory(graph->env, sizeof *kept + bytes, name);
    if (copy) memcpy(kept + 1, value->data, bytes);
    *kept = (graph_value){.type = value->type, .data = copy ? (const void *)(kept + 1) : value->data, .done = done};
    atomic_init(&kept->references, 1);
    graph_value_release(graph->env, &tensor->value);
    tensor->value = kept;
    return CLADE_OK;
}

clade_status clade_graph_set_parameter(clade_graph *graph, const char *name, const clade_array *value) {
    return set_value(graph, name, value, true, NULL);
}

clade_status clade_graph_borrow_parameter(clade_graph *graph, const char *name, const clade_array *value) {
    return set_value(graph, name, value, false, NULL);
}

clade_status clade_graph_borrow_pages(clade_graph *graph, const char *name, const clade_array *value,
                                      void (*done)(const void *data, size_t size)) {
    return set_value(graph, name, value, false, done);
}

clade_status clade_graph_fill_parameter(clade_graph *graph, const char *name, float value) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    graph_tensor *tensor = name ? find_parameter(graph, name) : NULL;
    if (!tensor || tensor->derivation != GRAPH_GIVEN)
        return base_fail(graph->env, CLADE_ERROR_NOT_FOUND,
                         "failed to fill parameter \"%s\": the graph has no such parameter", name ? name : "");
    return graph_set_rule(graph, tensor, &(graph_fill_rule){.shift = value, .factor = 1});
}

clade_status clade_graph_get_parameter(const clade_graph *graph, const char *name, float *values_out) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!name || !values_out)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to get a parameter: name or values_out is NULL");
    const graph_tensor *tensor = find_parameter(graph, name);
    if (!tensor)
        return base_fail(graph->env, CLADE_ERROR_NOT_FOUND,
                         "failed to get parameter \"%s\": the graph has no such parameter", name);
    return graph_evaluate(graph, (clade_tensor){(int32_t)(tensor - graph->tensors)}, values_out);
}

clade_status graph_check_values(const clade_graph *graph) {
    enum { SHOWN = 3 };
    base_text names = {.env = graph->env};
    size_t missing = 0, parameters = 0;
    for (size_t i = 0; i < graph->tensor_count; i++) {
        const graph_tensor *tensor = &graph->tensors[i];
        if (tensor->kind != CLADE_TENSOR_PARAMETER || tensor->dead || tensor->derivation != GRAPH_GIVEN) continue;
        parameters++;
        if (tensor->value) continue;
        if (missing < SHOWN) base_text_add(&names, "%s%s", missing ? ", " : "", tensor->name);
        missing++;
    }
    clade_status status = CLADE_OK;
    if (missing > 0)
        status =
            base_fail(graph->env, CLADE_ERROR_MISSING_WEIGHTS,
                      "failed to compile the graph: %zu of its %zu parameters have no value (%s%s): load weights first",
                      missing, parameters, names.data ? names.data : "", missing > SHOWN ? ", ..." : "");
    base_text_free(&names);
    return status;
}

/* ---- Derived values ------------------------------------------------------------------------------------------------------ */

static size_t element_count(const graph_tensor *tensor) {
    int64_t elements = 0;
    (void)base_shape_elements(&tensor->shape, &elements);
    return (size_t)elements;
}

/* The values of source `index`, or `missing` in every place when there is none. Freed by the caller. */
static clade_status evaluate_source(const clade_graph *graph, const graph_tensor *tensor, int index, float missing,
                                    size_t count, float **values_out) {
    *values_out = base_allocate_zero(graph->env, count, sizeof **values_out);
    if (!*values_out) return base_fail_memory(graph->env, count * sizeof **values_out, tensor->name);
    const clade_tensor source = tensor->sources[index];
    if (!graph_is_tensor(source)) {
        for (size_t i = 0; i < count; i++) (*values_out)[i] = missing;
        return CLADE_OK;
    }
    return graph_evaluate(graph, source, *values_out);
}

/* values[o, ...] = source 0 [o, ...] * source 1 [o] */
static clade_status scale_rows(const clade_graph *graph, const graph_tensor *tensor, float *values) {
    const size_t rows = (size_t)tensor->shape.dims[0], row = element_count(tensor) / rows;
    float *factors = NULL;
    clade_status status = graph_evaluate(graph, tensor->sources[0], values);
    if (status == CLADE_OK) status = evaluate_source(graph, tensor, 1, 1.0f, rows, &factors);
    for (size_t o = 0; status == CLADE_OK && o < rows; o++)
        for (size_t i = 0; i < row; i++) values[o * row + i] *= factors[o];
    base_free(graph->env, factors);
    return status;
}

/* The rows of source 0 first, those of source 1 last. */
static clade_status concat_rows(const clade_graph *graph, const graph_tensor *tensor, float *values) {
    const clade_tensor first = tensor->sources[0], second = tensor->sources[1];
    const size_t count = element_count(tensor);
    memset(values, 0, count * sizeof *values);
    if (graph_is_tensor(first)) FORWARD(graph_evaluate(graph, first, values));
    if (!graph_is_tensor(second)) return CLADE_OK;
    return graph_evaluate(graph, second, values + count - element_count(graph_tensor_of(graph, second)));
}

/* Source 0 with zeros for the channels that it has fewer than the result. From the last row to the first, since they move apart. */
static clade_status insert_channels(const clade_graph *graph, const graph_tensor *tensor, float *values) {
    const clade_shape *to = &tensor->shape, *from = graph_shape_of(graph, tensor->sources[0]);
    const int32_t axis = to->rank == 1 ? 0 : 1;
    size_t rows = 1, inner = 1;
    for (int32_t i = 0; i < axis; i++) rows *= (size_t)to->dims[i];
    for (int32_t i = axis + 1; i < to->rank; i++) inner *= (size_t)to->dims[i];
    const size_t row = (size_t)to->dims[axis] * inner, source_row = (size_t)from->dims[axis] * inner;
    const size_t before = (size_t)tensor->constant * inner, gap = row - source_row;
    FORWARD(graph_evaluate(graph, tensor->sources[0], values));
    for (size_t i = rows; i-- > 0;) {
        float *target = values + i * row, *source = values + i * source_row;
        memmove(target + before + gap, source + before, (source_row - before) * sizeof *values);
        memmove(target, source, before * sizeof *values);
        memset(target + before, 0, gap * sizeof *values);
    }
    return CLADE_OK;
}

/* The derivations that work element by element, computed in double so that each rounds once. */
static float derive_element(const graph_tensor *tensor, float a, float b, float c) {
    switch (tensor->derivation) {
    case GRAPH_NORM_SCALE:
        return (float)((double)a / sqrt((double)b + tensor->constant));
    case GRAPH_NORM_SHIFT:
        return (float)((double)a - (double)b * (double)c);
    case GRAPH_MULTIPLY_ADD:
        return (float)((double)a * (double)b + (double)c);
    case GRAPH_SCALE_BY_CONSTANT:
        return (float)((double)a * tensor->constant);
    case GRAPH_ADD_CONSTANT:
        return (float)((double)a + tensor->constant);
    case GRAPH_GIVEN:
    case GRAPH_SCALE_ROWS:
    case GRAPH_CONCAT_ROWS:
    case GRAPH_INSERT_CHANNELS:
        break;
    }
    return a;
}

static clade_status derive_elements(const clade_graph *graph, const graph_tensor *tensor, float *values) {
    /* what a missing source counts as: see graph_derivation */
    const bool first_is_one = tensor->derivation == GRAPH_NORM_SCALE || tensor->derivation == GRAPH_SCALE_BY_CONSTANT;
    const float missing[3] = {first_is_one ? 1.0f : 0.0f, 1.0f, 0.0f};
    const size_t count = element_count(tensor);
    float *sources[3] = {NULL};
    clade_status status = CLADE_OK;
    for (int i = 0; status == CLADE_OK && i < 3; i++)
        status = evaluate_source(graph, tensor, i, missing[i], count, &sources[i]);
    for (size_t i = 0; status == CLADE_OK && i < count; i++)
        values[i] = derive_element(tensor, sources[0][i], sources[1][i], sources[2][i]);
    for (int i = 0; i < 3; i++) base_free(graph->env, sources[i]);
    return status;
}

static void read_value(const graph_value *value, float *values_out, size_t count) {
    if (!value->data) {
        graph_fill(&value->rule, values_out, count);
        return;
    }
    base_widen(value->type, value->data, values_out, count);
    if (value->done) value->done(value->data, count * base_type_size(value->type));
}

clade_status graph_evaluate(const clade_graph *graph, clade_tensor parameter, float *values_out) {
    const graph_tensor *tensor = graph_tensor_of(graph, parameter);
    if (tensor->derivation == GRAPH_SCALE_ROWS) return scale_rows(graph, tensor, values_out);
    if (tensor->derivation == GRAPH_CONCAT_ROWS) return concat_rows(graph, tensor, values_out);
    if (tensor->derivation == GRAPH_INSERT_CHANNELS) return insert_channels(graph, tensor, values_out);
    if (tensor->derivation != GRAPH_GIVEN) return derive_elements(graph, tensor, values_out);
    if (!tensor->value)
        return base_fail(graph->env, CLADE_ERROR_MISSING_WEIGHTS, "failed to read parameter \"%s\": it has no value",
                         tensor->name);
    read_value(tensor->value, values_out, element_count(tensor));
    return CLADE_OK;
}
