/* onnx_file.h: reading a model from an ONNX file, as the options say. */
#ifndef TOOLS_ONNX_FILE_H
#define TOOLS_ONNX_FILE_H

#include "options.h"

/* Reads it with the shapes and the permission of the options. False after a message; NULL then. */
bool onnx_file_read(clade_context *context, const char *path, const tool_options *options, tool_console *console,
                    clade_graph **graph_out);

#endif
