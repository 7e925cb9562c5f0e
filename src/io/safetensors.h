/* safetensors.h: the index of a safetensors file (https://huggingface.co/docs/safetensors):
 *
 *   header length, 8 bytes little endian | JSON header, padded with spaces | data
 *
 *   {"NAME": {"dtype": "F32", "shape": [64, 3, 7, 7], "data_offsets": [begin, end]}, ..., "__metadata__": {...}}
 *
 * Offsets count from the start of the data. The tensors cover the data without gaps and without overlap. */
#ifndef IO_SAFETENSORS_H
#define IO_SAFETENSORS_H

#include "io/file.h"

#include <jansson.h>

/* How the format calls an element type. */
typedef struct safetensors_type {
    const char *name;
    uint32_t bits;
    bool usable; /* as `type`; the others are only known by size */
    clade_type type;
} safetensors_type;

/* The key of what is no tensor. */
#define SAFETENSORS_METADATA "__metadata__"

const safetensors_type *safetensors_type_named(const char *name); /* NULL when unknown */
const char *safetensors_type_name(clade_type type);

typedef struct safetensors_entry {
    const char *name;      /* this and the next belong to the index */
    const char *type_name; /* as written in the file */
    clade_shape shape;     /* only to be compared: may have any rank, of which `dims` has the first, and zeros */
    uint64_t begin, end;   /* in the data */
    bool wanted;           /* for the reader's use: a parameter of the graph has this name */
} safetensors_entry;

typedef struct safetensors_index {
    base_env *env;
    json_t *header;
    safetensors_entry *entries; /* sorted by name */
    size_t count;
    const uint8_t *data; /* in the file */
} safetensors_index;

/* Reads and checks the header of `file`, which must outlive the index. On failure nothing is left to destroy. */
clade_status safetensors_index_create(const io_file *file, safetensors_index *index_out);
void safetensors_index_destroy(safetensors_index *index);
safetensors_entry *safetensors_find(const safetensors_index *index, const char *name); /* or NULL */

/* ---- Writing ------------------------------------------------------------------------------------------------------ */
/* Writes length, header and padding, so that data may follow. NULL, which Jansson gives without memory, is refused. */
clade_status safetensors_write_header(io_writer *writer, const json_t *header);
/* Narrows and writes the values of the tensor `name` a piece at a time. */
clade_status safetensors_write_values(io_writer *writer, const char *name, clade_type type, const float *values,
                                      size_t count);

/* ---- What loading and saving share -------------------------------------------------------------------------------- */
/* Describes parameter `index` of a graph. */
static inline clade_status weights_parameter(const clade_graph *graph, size_t index, clade_tensor_info *info_out) {
    clade_tensor tensor;
    FORWARD(clade_graph_parameter_at(graph, index, &tensor));
    return clade_graph_tensor(graph, tensor, info_out);
}

#endif
