/* onnx_load.c: the public calls: settings, file, message, graph. */
#include "io/onnx.h"

#include <string.h>

enum { OLDEST_IR = 3, OLDEST_OPSET = 1 };

clade_onnx_load_settings clade_onnx_load_defaults(void) { return (clade_onnx_load_settings){.batch = 0}; }

/* ---- Settings ----------------------------------------------------------------------------------------------------- */
static clade_status check_settings(const onnx_import *job) {
    const clade_onnx_load_settings *s = job->settings;
    for (size_t i = 0; i < BASE_COUNT(s->reserved); i++)
        if (s->reserved[i] != 0)
            return io_refuse(job->file, CLADE_ERROR_INVALID_ARGUMENT, "reserved fields must be zero");
    if (s->batch < 0 || s->batch > INT32_MAX)
        return io_refuse(job->file, CLADE_ERROR_INVALID_ARGUMENT, "a batch of %lld was asked for: it must be 0 to %d",
                         (long long)s->batch, INT32_MAX);
    if ((s->shape_count && !s->shapes) || (s->constant_count && !s->constants))
        return io_refuse(job->file, CLADE_ERROR_INVALID_ARGUMENT, "shapes or constants are NULL");
    for (size_t i = 0; i < s->shape_count; i++)
        if (!s->shapes[i].input)
            return io_refuse(job->file, CLADE_ERROR_INVALID_ARGUMENT, "the name of a shape is NULL");
    for (size_t i = 0; i < s->constant_count; i++)
        if (!s->constants[i].name || !s->constants[i].tensor)
            return io_refuse(job->file, CLADE_ERROR_INVALID_ARGUMENT, "the name or tensor of a constant is NULL");
    return CLADE_OK;
}

/* Every name in the settings must be of use. */
static clade_status check_names(const onnx_import *job) {
    for (size_t i = 0; i < job->settings->shape_count; i++) {
        const char *name = job->settings->shapes[i].input;
        const onnx_value *value = onnx_find_value(job, name);
        if (!value || value->maker >= 0 || value->initializer)
            return io_refuse(job->file, CLADE_ERROR_NOT_FOUND,
                             "it has no input \"%.200s\", for which a shape was given", name);
    }
    return CLADE_OK;
}

/* ---- The model ---------------------------------------------------------------------------------------------------- */
static clade_status check_versions(onnx_import *job, const Onnx__ModelProto *model) {
    if (!model->graph || !model->has_ir_version)
        return io_refuse(job->file, CLADE_ERROR_FORMAT, "it has no graph or no IR version: it is no ONNX model");
    if (model->ir_version < OLDEST_IR)
        return io_refuse(job->file, CLADE_ERROR_UNSUPPORTED, "it has IR version %lld, at least %d is needed",
                         (long long)model->ir_version, OLDEST_IR);
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = model->opset_import[i];
        if (!set->domain || !*set->domain || strcmp(set->domain, "ai.onnx") == 0) job->opset = set->version;
    }
    if (job->opset < OLDEST_OPSET || job->opset > CLADE_ONNX_NEWEST_OPSET)
        return io_refuse(job->file, CLADE_ERROR_UNSUPPORTED, "it imports opset %lld, supported are %d to %d",
                         (long long)job->opset, OLDEST_OPSET, CLADE_ONNX_NEWEST_OPSET);
    job->model = model->graph;
    return CLADE_OK;
}

/* Puts the caller's constants in the place of initializers. */
static clade_status take_constants(onnx_import *job, Onnx__TensorProto **messages) {
    for (size_t i = 0; i < job->settings->constant_count; i++) {
        const clade_onnx_constant *given = &job->settings->constants[i];
        onnx_value *value = onnx_find_value(job, given->name);
        if (!value || value->maker >= 0)
            return io_refuse(job->file, CLADE_ERROR_NOT_FOUND, "it has no input \"%.200s\", which was to be a constant",
                             given->name);
        ProtobufCMessage *message = NULL;
        FORWARD(onnx_unpack(job->file, &onnx__tensor_proto__descriptor, given->tensor, given->size, &message));
        messages[i] = (Onnx__TensorProto *)message;
        value->initializer = messages[i];
        value->elements = given->tensor;
    }
    return CLADE_OK;
}

static clade_status import(onnx_import *job, const Onnx__ModelProto *model, Onnx__TensorProto **constants) {
    FORWARD(check_versions(job, model));
    FORWARD(onnx_collect(job));
    FORWARD(take_constants(job, constants));
    FORWARD(check_names(job));
    FORWARD(onnx_find_lrn(job));
    FORWARD(onnx_mark_needed(job));
    FORWARD(onnx_add_inputs(job));
    return onnx_build(job);
}

static void clear(onnx_import *job) {
    for (size_t i = 0; i < job->scratch_count; i++) base_free(job->env, job->scratch[i]);
    base_free(job->env, job->scratch);
    base_free(job->env, job->externals);
    base_free(job->env, job->values);
    base_free(job->env, job->nodes);
    onnx_report_free(job);
}

/* ---- Loading ------------------------------------------------------------------------------------------------------ */

/* Unpacks the model and imports it into job->graph. */
static clade_status load(onnx_import *job) {
    ProtobufCMessage *model = NULL;
    const size_t count = job->settings->constant_count;
    Onnx__TensorProto **constants = base_allocate_zero(job->env, count, sizeof *constants);
    if (!constants) return base_fail_memory(job->env, count * sizeof *constants, "an ONNX model");
    clade_status status =
        onnx_unpack(job->file, &onnx__model_proto__descriptor, job->file->data, job->file->size, &model);
    if (status == CLADE_OK) status = import(job, (const Onnx__ModelProto *)model, constants);
    clear(job);
    onnx_unpacked_free(job->env, model);
    for (size_t i = 0; i < count; i++) onnx_unpacked_free(job->env, (ProtobufCMessage *)constants[i]);
    base_free(job->env, constants);
    return status;
}

/* Makes the graph; a mapped file becomes its. */
static clade_status load_file(clade_context *context, io_file *file, bool mapped,
                              const clade_onnx_load_settings *settings, clade_graph **graph_out) {
    const clade_onnx_load_settings defaults = clade_onnx_load_defaults();
    onnx_import job = {.env = file->env,
                       .context = context,
                       .file = file,
                       .mapped = mapped,
                       .settings = settings ? settings : &defaults};
    FORWARD(check_settings(&job));
    if (mapped) FORWARD(io_file_map(file));
    clade_status status = clade_graph_create(context, &job.graph);
    if (status == CLADE_OK) status = onnx_store_create(&job);
    if (mapped && status == CLADE_OK)
        status = onnx_store_mapping(&job, file->data, file->size);
    else if (mapped)
        io_unmap(file->data, file->size);
    if (status == CLADE_OK) status = load(&job);
    if (status != CLADE_OK) clade_graph_destroy(&job.graph);
    *graph_out = job.graph;
    return status;
}

/* The kind of file, for messages. */
static const char kind[] = "ONNX model";

clade_status clade_onnx_load(clade_context *context, const char *path, const clade_onnx_load_settings *settings,
                             clade_graph **graph_out) {
    if (graph_out) *graph_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    io_file file = {.env = context_env(context), .kind = kind, .path = path};
    if (!path || !graph_out)
        return base_fail(file.env, CLADE_ERROR_INVALID_ARGUMENT, "failed to read an ONNX model: %s must not be NULL",
                         path ? "graph_out" : "path");
    return load_file(context, &file, true, settings, graph_out);
}

clade_status clade_onnx_load_memory(clade_context *context, const void *data, size_t size,
                                    const clade_onnx_load_settings *settings, clade_graph **graph_out) {
    if (graph_out) *graph_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    io_file file = {.env = context_env(context), .kind = kind, .path = "(memory)", .size = size};
    if (!data || !graph_out)
        return base_fail(file.env, CLADE_ERROR_INVALID_ARGUMENT, "failed to read an ONNX model: %s must not be NULL",
                         data ? "graph_out" : "data");
    file.data = (uint8_t *)(uintptr_t)data; /* is only read */
    return load_file(context, &file, false, settings, graph_out);
}
