/* model.h: what the word MODEL of the command line stands for: a network, and how it is to be built.
 *
 *   googlenet    googlenet:batch_norm,size=96    inception_block:kind=v3,batch_norm    net.onnx
 *
 * Before the colon stands a model of the zoo or `inception_block`, behind it settings (setting.h). */
#ifndef TOOLS_MODEL_H
#define TOOLS_MODEL_H

#include "console.h"

#include <clade/models.h>

enum { MODEL_NAME_SIZE = 64 };

typedef struct tool_model {
    clade_model_info info;           /* its name is the whole word; classes and image are those of the settings */
    char base[MODEL_NAME_SIZE];      /* what stands before the colon; empty for a file */
    clade_googlenet_settings wanted; /* zeros: as published; other models have but a part of them */
} tool_model;

/* True for the name of a model file. */
bool model_is_file(const char *word);
/* True for a word that begins like a model, whether its settings make sense or not. */
bool model_is_known(const char *word);

/* Reads the word, which must outlive the model. An unknown model is left for model_create to refuse. False after a
 * message about settings. */
bool model_read(const char *word, tool_console *console, tool_model *model_out);
/* Builds the graph of a model that is no file. */
clade_status model_create(clade_context *context, const tool_model *model, clade_graph **graph_out);

/* What its name stands for without settings; NULL when there is no such model. */
const clade_model_info *model_published(const tool_model *model);
/* What can be built by name: all of the zoo, then the block. @return NULL behind the last. */
const clade_model_info *model_at(size_t index);

#endif
