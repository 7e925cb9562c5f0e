/**
 * @file onnx.h
 * @brief ONNX files (https://onnx.ai): networks with their weights, as other frameworks exchange them.
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
