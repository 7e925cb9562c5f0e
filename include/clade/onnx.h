/**
 * @file onnx.h
 * @brief ONNX files (https://onnx.ai): networks with their weights, as other frameworks exchange them.
 *
 *     clade_graph *graph;
 *     clade_onnx_load(context, "squeezenet.onnx", NULL, &graph);
 *
 * Read are IR versions from 3 on and opsets 6 to 28 of the default domain. Inputs and outputs keep their names and come in the
 * model's order; whatever floating type they have in the file, they are float32 when the graph runs. Initializers stored as
 * float, float16 or bfloat16 are used where they lie in the mapped file and are in memory only while they are read. A node whose
 * weights are called P.weight is called P, so that a model exported by PyTorch has the parameters of its checkpoint; other
 * nodes are called like their outputs.
 *
 * What exporters put around the layers is folded: shapes computed from shapes, constants, transposes that cancel, padding
 * before a convolution or pooling, local response normalisation spelt out.
 *
 * Files are untrusted: the structure is checked before anything is unpacked, and memory is bounded by the size of the file.
 * A path in the file (external data) leads nowhere unless the caller allows it, and then only to files below the model's folder.
 *
 * Which operators, attributes and versions there are, and how each is held against ONNX's own test data, is told in
 * docs/onnx.md. The conventions of io.h hold here too.
 */
#ifndef CLADE_ONNX_H
#define CLADE_ONNX_H

#include <clade/clade.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Reading --------------------------------------------------------------------------------------- */

/** The newest opset of the default domain that is read. */
#define CLADE_ONNX_NEWEST_OPSET 28

/** The shape of an input whose dimensions the file leaves open. */
typedef struct clade_onnx_shape {
    const char *input; /**< Its name. */
    clade_shape shape; /**< Equal to the file's where that has numbers. The first dimension may be CLADE_BATCH. */
} clade_onnx_shape;

/** A constant to take an input's place, or an initializer's. */
typedef struct clade_onnx_constant {
    const char *name;   /**< Of the input or initializer. */
    const void *tensor; /**< A serialised TensorProto, whose own name does not matter. */
    size_t size;        /**< Bytes at `tensor`; they must stay as they are until the graph and its plans have been made
                               and the graph has been destroyed. */
} clade_onnx_constant;

/** How to read a model. */
typedef struct clade_onnx_load_settings {
    /** Whether tensors may lie in other files, which are looked for below the model's folder; links and `..` are refused. */
    bool allow_external_data;
    /** What a first dimension becomes that the file leaves open. Zero: it stays open (CLADE_BATCH) until the plan is made. */
    int64_t batch;
    const clade_onnx_shape *shapes;       /**< For inputs with other open dimensions. */
    size_t shape_count;                   /**< How many. */
    const clade_onnx_constant *constants; /**< Inputs that are to be constants. */
    size_t constant_count;                /**< How many. */
    uint64_t reserved[8];                 /**< Zero. */
} clade_onnx_load_settings;
CLADE_API clade_onnx_load_settings clade_onnx_load_defaults(void); /**< @return the defaults, spelt out. */

/** Reads a model into a graph and gives its parameters their values. The file stays mapped as long as the graph and its copies
 *  live; see io.h about files that change.
 *  @param settings  NULL: the defaults.
 *  @param[out] graph_out  the caller's, to be freed with @ref clade_graph_destroy.
 *  @return CLADE_ERROR_UNSUPPORTED (operators, attributes or types that this version lacks: the message names every operator
 *          with its opset and its nodes, and each is logged), CLADE_ERROR_SHAPE (an input with an open dimension that
 *          `shapes` says nothing about, or something else than the file), CLADE_ERROR_FORMAT (damaged, inconsistent, or no ONNX model),
 *          CLADE_ERROR_NOT_FOUND (no such file, or a name in the settings that the model lacks), CLADE_ERROR_IO,
 *          CLADE_ERROR_OUT_OF_MEMORY, CLADE_ERROR_INVALID_ARGUMENT. */
CLADE_API clade_status clade_onnx_load(clade_context *context, const char *path,
                                       const clade_onnx_load_settings *settings, clade_graph **graph_out);

/** As @ref clade_onnx_load, from memory, which must stay as it is until the graph has been destroyed. External data, which
 *  need a folder, are refused. */
CLADE_API clade_status clade_onnx_load_memory(clade_context *context, const void *data, size_t size,
                                              const clade_onnx_load_settings *settings, clade_graph **graph_out);

/* --- Writing --------------------------------------------------------------------------------------- */

/** How to write an ONNX file. */
typedef struct clade_onnx_save_settings {
    clade_type type;      /**< How to store parameters: CLADE_FLOAT32, or CLADE_FLOAT16 or CLADE_BFLOAT16 with casts to
                               float32 behind them, in which the network computes. Rounded to nearest, ties to even. */
    uint64_t reserved[7]; /**< Zero. */
} clade_onnx_save_settings;

/** Writes a graph with its parameters as an ONNX model (operator set 17, IR version 8). Nodes, tensors, parameters, inputs and
 *  outputs keep their names; an open batch is the dimension "N". A node that ONNX has no single operator for becomes
 *  several, of which the last makes the tensor of the node's name. The same graph gives the same bytes.
 *  @param graph  not the compiled one of a plan.
 *  @param settings  NULL: the defaults.
 *  @return CLADE_ERROR_UNSUPPORTED (a node that ONNX has no form for, by name; an output called like another tensor, since
 *          ONNX has one space of names; a file of 2 GiB, the format's limit; a number too large for `type`),
 *          CLADE_ERROR_MISSING_WEIGHTS (a parameter without values), CLADE_ERROR_IO, CLADE_ERROR_OUT_OF_MEMORY,
 *          CLADE_ERROR_INVALID_ARGUMENT. */
CLADE_API clade_status clade_onnx_save(const clade_graph *graph, const char *path,
                                       const clade_onnx_save_settings *settings);

#ifdef __cplusplus
}
#endif

#endif
