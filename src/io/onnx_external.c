/* onnx_external.c: tensors that lie in files beside the model (https://onnx.ai/onnx/repo-docs/ExternalData.html). The model names
 * them, so their paths are not to be trusted: see io_file_map_below. */
#include "io/onnx.h"

#include <stdlib.h>
#include <string.h>

/* A file that was mapped already. */
struct onnx_external {
    const char *location; /* the model's */
    const uint8_t *data;
    size_t size;
};

static const char *entry(const Onnx__TensorProto *proto, const char *key) {
    for (size_t i = 0; i < proto->n_external_data; i++) {
        const Onnx__StringStringEntryProto *e = proto->external_data[i];
        if (e->key && e->value && strcmp(e->key, key) == 0) return e->value;
    }
    return NULL;
}

static bool read_number(const char *text, uint64_t *number_out) {
    char *end = NULL;
    if (!text) return true; /* keeps what it has */
    if (*text < '0' || *text > '9') return false;
    *number_out = strtoull(text, &end, 10);
    return *end == '\0';
}

/* The folder that the model is in. */
static clade_status folder_of(onnx_import *job, char **folder_out) {
    const char *path = job->file->path, *slash = strrchr(path, '/');
    *folder_out =
        slash ? base_format(job->env, "%.*s", (int)(slash - path + 1), path) : base_copy_string(job->env, ".");
    return *folder_out ? CLADE_OK : base_fail_memory(job->env, strlen(path), "a path");
}

static clade_status open_external(onnx_import *job, const char *location, onnx_external **external_out) {
    for (size_t i = 0; i < job->external_count; i++) {
        *external_out = &job->externals[i];
        if (strcmp((*external_out)->location, location) == 0) return CLADE_OK;
    }
    if (!base_grow(job->env, &job->externals, sizeof *job->externals, job->external_count, &job->external_capacity))
        return base_fail_memory(job->env, 2 * job->external_capacity * sizeof *job->externals, "an ONNX model");
    io_file file = {.env = job->env, .kind = "external data", .path = location};
    char *folder = NULL;
    FORWARD(folder_of(job, &folder));
    const clade_status status = io_file_map_below(&file, folder);
    base_free(job->env, folder);
    FORWARD(status);
    FORWARD(onnx_store_mapping(job, file.data, file.size));
    *external_out = &job->externals[job->external_count++];
    **external_out = (onnx_external){location, file.data, file.size};
    return CLADE_OK;
}

clade_status onnx_external_data(onnx_import *job, const Onnx__TensorProto *proto, const char *name, uint64_t size,
                                const uint8_t **data_out) {
    const char *location = entry(proto, "location");
    uint64_t offset = 0, length = size;
    if (!location || !read_number(entry(proto, "offset"), &offset) || !read_number(entry(proto, "length"), &length))
        return io_refuse(job->file, CLADE_ERROR_FORMAT,
                         "its tensor \"%.200s\" does not say where its external data lie", name);
    if (!job->settings->allow_external_data || !job->mapped)
        return io_refuse(
            job->file, CLADE_ERROR_UNSUPPORTED,
            "its tensor \"%.200s\" lies in another file, \"%.200s\": external data must be allowed, and the "
            "model be read from a file",
            name, location);
    onnx_external *external = NULL;
    FORWARD(open_external(job, location, &external));
    if (length != size || offset > external->size || size > external->size - offset)
        return io_refuse(job->file, CLADE_ERROR_FORMAT,
                         "its tensor \"%.200s\" asks for %llu bytes from %llu on of \"%.200s\", which has %zu; by its "
                         "shape it has %llu",
                         name, (unsigned long long)length, (unsigned long long)offset, location, external->size,
                         (unsigned long long)size);
    *data_out = external->data + offset;
    return CLADE_OK;
}
