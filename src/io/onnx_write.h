/* onnx_write.h: what the parts of the ONNX writer share.
 *
 *   onnx_write.c           the file: header, inputs, nodes, outputs
 *   onnx_write_operator.c  a node of a Clade graph -> ONNX nodes
 *   onnx_write_pool.c      the same for poolings, whose edges the two define differently
 *   onnx_write_piece.c     ONNX nodes and tensors -> bytes
 *
 * The model's graph goes to the file in pieces, each a graph of one node or tensor: protobuf joins them, since the fields of a
 * message may come in any order. So no more than one parameter is in memory at a time. As the length of the graph stands
 * before it, everything is said twice: once to be counted, once to be written. */
#ifndef IO_ONNX_WRITE_H
#define IO_ONNX_WRITE_H

#include "io/file.h"

#include <onnx/onnx.pb-c.h>

typedef struct onnx_writer {
    io_writer file;
    const clade_graph *graph;
    clade_type type;    /* of stored parameters */
    bool counting;      /* else writing */
    uint64_t size;      /* counted bytes */
    const char **names; /* of all tensors and outputs, sorted; belong to the graph */
    size_t name_count, name_capacity;
    char **made; /* names made up for the node at hand */
    size_t made_count, made_capacity;
    bool failed; /* no memory for a made-up name; onnx_put_node and the others say so */
} onnx_writer;

/* ---- Names (onnx_write.c) ----------------------------------------------------------------------------------------- */
/* "OWNER/ROLE", and underscores where that is taken. Lives until the node is finished. Roles hold no '/' and end in no '_', so
 * that made-up names differ from each other. */
const char *onnx_make_name(onnx_writer *writer, const char *owner, const char *role);

/* ---- Pieces (onnx_write_piece.c) ----------------------------------------------------------------------------------- */
enum { ONNX_MOST_ATTRIBUTES = 6 };

/* An ONNX node about to be written. Not to be copied: attributes point to `integers`. */
typedef struct onnx_new_node {
    const char *op, *name;
    const char *const *inputs; /* NULL among them: left out */
    size_t input_count;
    const char *output;
    Onnx__AttributeProto attributes[ONNX_MOST_ATTRIBUTES];
    int64_t integers[ONNX_MOST_ATTRIBUTES][CLADE_MAX_RANK];
    size_t attribute_count;
} onnx_new_node;

void onnx_add_integer(onnx_new_node *node, const char *name, int64_t value);
void onnx_add_float(onnx_new_node *node, const char *name, float value);
void onnx_add_integers(onnx_new_node *node, const char *name, const int32_t *values, size_t count);

clade_status onnx_put_node(onnx_writer *writer, const onnx_new_node *node);
/* A constant list of integers; a list of one number, as often as said; a single number. */
clade_status onnx_put_integers(onnx_writer *writer, const char *name, const int64_t *values, size_t count);
clade_status onnx_put_repeated(onnx_writer *writer, const char *name, float value, int64_t count);
clade_status onnx_put_scalar(onnx_writer *writer, const char *name, float value);
/* A parameter under the shape `as`; one that is stored in another type than float32 is cast to it. */
clade_status onnx_put_parameter(onnx_writer *writer, const clade_tensor_info *parameter, const clade_shape *as);
/* An input or output of the model. */
clade_status onnx_put_port(onnx_writer *writer, bool is_input, const char *name, const clade_shape *shape);
/* The graph's own name, which the format requires. */
clade_status onnx_put_graph_name(onnx_writer *writer, const char *name);

/* What stands before `size` bytes of graph. */
clade_status onnx_put_header(onnx_writer *writer, uint64_t size);

/* ---- Operators (onnx_write_operator.c) ----------------------------------------------------------------------------- */
/* A node of the Clade graph and the names that its ONNX nodes use. */
typedef struct onnx_source {
    const char *name;
    const void *settings;
    const char *const *inputs;
    size_t input_count;
    const char *parameters[4]; /* in the order of clade_node_info */
    const char *output;
    clade_shape in, out; /* of the first input and of the output */
} onnx_source;

/* Writes node `index` of the graph with its parameters. */
clade_status onnx_put_operator(onnx_writer *writer, size_t index);

clade_status onnx_put_pool(onnx_writer *writer, const onnx_source *source); /* onnx_write_pool.c */

#endif
