/* weights_save.c: writes all parameters of a graph to a safetensors file, in the graph's order, so that the same graph
 * always gives the same bytes. */
#include "io/safetensors.h"

#include <clade/io.h>

typedef struct saving {
    base_env *env;
    const clade_graph *graph;
    const char *path;
    clade_type type;
} saving;

static clade_status fail_memory(const saving *job) {
    return base_fail(job->env, CLADE_ERROR_OUT_OF_MEMORY, "failed to write weights \"%s\": out of host memory",
                     job->path);
}

/* ---- Header ------------------------------------------------------------------------------------------------------- */

/* Tells the header of one parameter, whose values go to *end of the data, and moves *end behind them. */
static clade_status add_entry(const saving *job, json_t *header, const clade_tensor_info *parameter, uint64_t *end) {
    int64_t elements = 0;
    uint64_t bytes = 0;
    const uint64_t begin = *end;
    if (!base_shape_elements(&parameter->shape, &elements) ||
        !base_multiply((uint64_t)elements, base_type_size(job->type), &bytes) || !base_add(begin, bytes, end) ||
        *end > INT64_MAX)
        return base_fail(job->env, CLADE_ERROR_SHAPE,
                         "failed to write weights \"%s\": they are too large from \"%s\" on", job->path,
                         parameter->name);

    json_t *entry = json_pack("{s:s, s:[], s:[I, I]}", "dtype", safetensors_type_name(job->type), "shape",
                              "data_offsets", (json_int_t)begin, (json_int_t)*end);
    json_t *dims = json_object_get(entry, "shape"); /* the entry's */
    bool complete = dims != NULL;
    for (int32_t i = 0; i < parameter->shape.rank; i++)
        complete = json_array_append_new(dims, json_integer(parameter->shape.dims[i])) == 0 && complete;
    if (json_object_set_new(header, parameter->name, entry) != 0 && complete)
        return base_fail(job->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to write weights \"%s\": the name \"%s\" is not UTF-8", job->path, parameter->name);
    return complete ? CLADE_OK : fail_memory(job);
}

static clade_status write_header(const saving *job, io_writer *writer) {
    const size_t count = clade_graph_parameter_count(job->graph);
    json_t *header = json_object();
    clade_status status = header ? CLADE_OK : fail_memory(job);
    uint64_t end = 0;
    for (size_t i = 0; status == CLADE_OK && i < count; i++) {
        clade_tensor_info parameter;
        status = weights_parameter(job->graph, i, &parameter);
        if (status == CLADE_OK) status = add_entry(job, header, &parameter, &end);
    }
    if (status == CLADE_OK) status = safetensors_write_header(writer, header);
    json_decref(header);
    return status;
}

/* ---- Data --------------------------------------------------------------------------------------------------------- */

static clade_status write_parameter(const saving *job, io_writer *writer, const clade_tensor_info *parameter) {
    int64_t elements = 0;
    (void)base_shape_elements(&parameter->shape, &elements); /* add_entry has checked it */
    float *values = base_allocate_zero(job->env, (size_t)elements, sizeof *values);
    if (!values) return fail_memory(job);
    clade_status status = clade_graph_get_parameter(job->graph, parameter->name, values);
    if (status == CLADE_OK)
        status = safetensors_write_values(writer, parameter->name, job->type, values, (size_t)elements);
    base_free(job->env, values);
    return status;
}

static clade_status write_all(const saving *job, io_writer *writer) {
    FORWARD(write_header(job, writer));
    for (size_t i = 0; i < clade_graph_parameter_count(job->graph); i++) {
        clade_tensor_info parameter;
        FORWARD(weights_parameter(job->graph, i, &parameter));
        FORWARD(write_parameter(job, writer, &parameter));
    }
    return CLADE_OK;
}

clade_status clade_weights_save(const clade_graph *graph, const char *path, clade_type type) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    const saving job = {.env = context_env(clade_graph_context(graph)), .graph = graph, .path = path, .type = type};
    if (!path)
        return base_fail(job.env, CLADE_ERROR_INVALID_ARGUMENT, "failed to write weights: path must not be NULL");
    if (!safetensors_type_name(type))
        return base_fail(job.env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to write weights \"%s\" as %s: float32, float16 and bfloat16 are possible", path,
                         base_type_name(type));

    io_writer writer = {.env = job.env, .kind = "weights", .path = path};
    FORWARD(io_writer_open(&writer));
    const clade_status status = write_all(&job, &writer);
    if (status == CLADE_OK) return io_writer_commit(&writer);
    io_writer_abandon(&writer);
    return status;
}
