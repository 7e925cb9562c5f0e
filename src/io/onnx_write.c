/* onnx_write.c: writes a graph with its parameters as an ONNX model. */
#include "io/onnx_write.h"

#include <clade/onnx.h>

#include <stdlib.h>
#include <string.h>

/* Protobuf's parsers take no message of 2 GiB or more. A kilobyte is room enough for the header. */
#define MOST_BYTES (INT32_MAX - 1024)

/* An output that is called otherwise than its tensor is a copy of it, so that both names are kept. */
typedef struct model_output {
    const char *name;
    clade_tensor_info tensor;
    bool is_copy;
} model_output;

static clade_status look_at_output(const onnx_writer *writer, size_t index, model_output *output_out) {
    clade_tensor tensor;
    FORWARD(clade_graph_output_at(writer->graph, index, &tensor, &output_out->name));
    FORWARD(clade_graph_tensor(writer->graph, tensor, &output_out->tensor));
    output_out->is_copy = strcmp(output_out->name, output_out->tensor.name) != 0;
    return CLADE_OK;
}

/* ---- Names -------------------------------------------------------------------------------------------------------- */
static int compare_names(const void *a, const void *b) {
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

static bool is_taken(const onnx_writer *writer, const char *name) {
    return bsearch(&name, writer->names, writer->name_count, sizeof *writer->names, compare_names);
}

const char *onnx_make_name(onnx_writer *writer, const char *owner, const char *role) {
    base_env *env = writer->file.env;
    base_text name = {.env = env};
    base_text_add(&name, "%s/%s", owner, role);
    while (!name.failed && is_taken(writer, name.data)) base_text_add(&name, "_");
    if (name.failed ||
        !base_grow(env, &writer->made, sizeof *writer->made, writer->made_count, &writer->made_capacity)) {
        base_text_free(&name);
        writer->failed = true;
        return "";
    }
    return writer->made[writer->made_count++] = name.data;
}

static void forget_made_names(onnx_writer *writer) {
    while (writer->made_count > 0) base_free(writer->file.env, writer->made[--writer->made_count]);
}

static clade_status add_name(onnx_writer *writer, const char *name) {
    if (!base_grow(writer->file.env, &writer->names, sizeof *writer->names, writer->name_count, &writer->name_capacity))
        return base_fail_memory(writer->file.env, sizeof *writer->names * writer->name_count, "the names of tensors");
    writer->names[writer->name_count++] = name;
    return CLADE_OK;
}

static clade_status add_tensor(onnx_writer *writer, clade_tensor tensor) {
    clade_tensor_info info;
    FORWARD(clade_graph_tensor(writer->graph, tensor, &info));
    return add_name(writer, info.name);
}

static void sort_names(onnx_writer *writer) {
    if (writer->name_count > 0) qsort(writer->names, writer->name_count, sizeof *writer->names, compare_names);
}

static clade_status collect_tensors(onnx_writer *writer) {
    clade_tensor tensor;
    for (size_t i = 0; i < clade_graph_input_count(writer->graph); i++) {
        FORWARD(clade_graph_input_at(writer->graph, i, &tensor));
        FORWARD(add_tensor(writer, tensor));
    }
    for (size_t i = 0; i < clade_graph_node_count(writer->graph); i++) {
        clade_node_info node;
        FORWARD(clade_graph_node(writer->graph, i, &node));
        FORWARD(add_tensor(writer, node.output));
        for (size_t j = 0; j < node.parameter_count; j++) FORWARD(add_tensor(writer, node.parameters[j]));
    }
    sort_names(writer);
    return CLADE_OK;
}

/* ONNX has one space of names for tensors and outputs. */
static clade_status check_outputs(onnx_writer *writer) {
    for (size_t i = 0; i < clade_graph_output_count(writer->graph); i++) {
        model_output output;
        FORWARD(look_at_output(writer, i, &output));
        if (output.is_copy && is_taken(writer, output.name))
            return io_writer_refuse(&writer->file, CLADE_ERROR_UNSUPPORTED,
                                    "output \"%s\", which is tensor \"%s\", is called like another tensor", output.name,
                                    output.tensor.name);
    }
    return CLADE_OK;
}

static clade_status collect_names(onnx_writer *writer) {
    FORWARD(collect_tensors(writer));
    FORWARD(check_outputs(writer));
    for (size_t i = 0; i < clade_graph_output_count(writer->graph); i++) {
        model_output output;
        FORWARD(look_at_output(writer, i, &output));
        FORWARD(add_name(writer, output.name));
    }
    sort_names(writer);
    return CLADE_OK;
}

/* ---- The graph ---------------------------------------------------------------------------------------------------- */
static clade_status put_input(onnx_writer *writer, size_t index) {
    clade_tensor tensor;
    clade_tensor_info info;
    FORWARD(clade_graph_input_at(writer->graph, index, &tensor));
    FORWARD(clade_graph_tensor(writer->graph, tensor, &info));
    return onnx_put_port(writer, true, info.name, &info.shape);
}

static clade_status put_output(onnx_writer *writer, size_t index) {
    model_output output;
    FORWARD(look_at_output(writer, index, &output));
    FORWARD(onnx_put_port(writer, false, output.name, &output.tensor.shape));
    if (!output.is_copy) return CLADE_OK;
    const onnx_new_node copy = {
        .op = "Identity", .name = output.name, .inputs = &output.tensor.name, .input_count = 1, .output = output.name};
    return onnx_put_node(writer, &copy);
}

static clade_status put_graph(onnx_writer *writer) {
    FORWARD(onnx_put_graph_name(writer, "clade"));
    for (size_t i = 0; i < clade_graph_input_count(writer->graph); i++) FORWARD(put_input(writer, i));
    for (size_t i = 0; i < clade_graph_node_count(writer->graph); i++) {
        const clade_status status = onnx_put_operator(writer, i);
        forget_made_names(writer);
        FORWARD(status);
    }
    for (size_t i = 0; i < clade_graph_output_count(writer->graph); i++) FORWARD(put_output(writer, i));
    return CLADE_OK;
}

/* ---- The file ----------------------------------------------------------------------------------------------------- */
static clade_status count(onnx_writer *writer) {
    FORWARD(collect_names(writer));
    writer->counting = true;
    FORWARD(put_graph(writer));
    writer->counting = false;
    if (writer->size > MOST_BYTES)
        return io_writer_refuse(&writer->file, CLADE_ERROR_UNSUPPORTED,
                                "it would have %llu bytes, and the format allows less than 2 GiB",
                                (unsigned long long)writer->size);
    return CLADE_OK;
}

static clade_status write_all(onnx_writer *writer) {
    FORWARD(onnx_put_header(writer, writer->size));
    return put_graph(writer);
}

static clade_status save(onnx_writer *writer) {
    FORWARD(count(writer));
    FORWARD(io_writer_open(&writer->file));
    const clade_status status = write_all(writer);
    if (status == CLADE_OK) return io_writer_commit(&writer->file);
    io_writer_abandon(&writer->file);
    return status;
}

static clade_status check_settings(const io_writer *file, const clade_onnx_save_settings *settings) {
    for (size_t i = 0; i < BASE_COUNT(settings->reserved); i++)
        if (settings->reserved[i] != 0)
            return io_writer_refuse(file, CLADE_ERROR_INVALID_ARGUMENT, "reserved fields must be zero");
    if (settings->type != CLADE_FLOAT32 && settings->type != CLADE_FLOAT16 && settings->type != CLADE_BFLOAT16)
        return io_writer_refuse(file, CLADE_ERROR_INVALID_ARGUMENT,
                                "parameters are stored as float32, float16 or bfloat16, not as %s",
                                base_type_name(settings->type));
    return CLADE_OK;
}

clade_status clade_onnx_save(const clade_graph *graph, const char *path, const clade_onnx_save_settings *settings) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    base_env *env = context_env(clade_graph_context(graph));
    if (!path) return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to write ONNX file: path must not be NULL");
    onnx_writer writer = {.file = {.env = env, .kind = "ONNX file", .path = path}, .graph = graph};
    if (settings) {
        FORWARD(check_settings(&writer.file, settings));
        writer.type = settings->type;
    }
    const clade_status status = save(&writer);
    base_free(env, writer.names);
    base_free(env, writer.made);
    return status;
}
