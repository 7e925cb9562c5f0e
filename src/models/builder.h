/* builder.h: shorthand for the zoo, so that a builder reads like the figure or table in its paper.
 *
 *   network --body--> units, pools and blocks --> the public clade_graph_* calls
 *
 * A block is the papers' "Inception module": branches side by side, joined along the channels. It is plain data:
 *
 *      {.name = "branch2", .layers = {CONV(96, 1, 1), CONV(128, 3, 3)}},
 *      {.name = "branch4", .layers = {MAX_POOL(3, 1, MODELS_SAME), CONV(32, 1, 1)}},
 *
 * Names are those of the published checkpoints. A convolution unit NAME is NAME.conv, then NAME.bn where the network
 * normalises, then the ReLU NAME. The layers of a branch are NAME.0, NAME.1, ..., or NAME1, NAME2, ... where NAME ends in an
 * underscore, or just NAME when there is only one.
 *
 * The status is sticky: after the first call that fails the others do nothing, so a body needs no checks. */
#ifndef MODELS_BUILDER_H
#define MODELS_BUILDER_H

#include "base/base.h"

#include <clade/models.h>

/* Zero padding around an image, by the names the papers use. */
typedef enum models_padding {
    MODELS_VALID = 0,       /* none */
    MODELS_SAME = 1,        /* half the kernel on every side: stride 1 keeps the size */
    MODELS_CEIL = 2,        /* none, but a pooling's last window may hang over the edge */
    MODELS_SAME_COUNTED = 3 /* as MODELS_SAME, and an average counts the zeros around the image */
} models_padding;

typedef enum models_kind {
    MODELS_NONE = 0, /* ends a branch */
    MODELS_CONV = 1,
    MODELS_MAX_POOL = 2,
    MODELS_AVERAGE_POOL = 3 /* divides by the pixels it covers, but for MODELS_SAME_COUNTED */
} models_kind;

typedef struct models_layer {
    models_kind kind;
    int32_t channels; /* of a convolution's output */
    int32_t kernel[2];
    int32_t stride;
    models_padding padding;
} models_layer;

/* Initialisers of a models_layer. */
#define CONV(channels, height, width)                                                                                  \
    { MODELS_CONV, channels, {height, width}, 1, MODELS_SAME }
#define CONV_SAME(channels, height, width, stride)                                                                     \
    { MODELS_CONV, channels, {height, width}, stride, MODELS_SAME }
#define CONV_VALID(channels, height, width, stride)                                                                    \
    { MODELS_CONV, channels, {height, width}, stride, MODELS_VALID }
#define MAX_POOL(size, stride, padding)                                                                                \
    { MODELS_MAX_POOL, 0, {size, size}, stride, padding }
#define AVERAGE_POOL(size, stride, padding)                                                                            \
    { MODELS_AVERAGE_POOL, 0, {size, size}, stride, padding }

enum { MODELS_MOST_LAYERS = 5, MODELS_MOST_BRANCHES = 10, MODELS_NAME_SIZE = 64 };

typedef struct models_branch {
    const char *name; /* NULL ends a block */
    const char *from; /* an earlier branch whose result this one reads; NULL: the block's input */
    models_layer layers[MODELS_MOST_LAYERS];
} models_branch;

/* The branches that no other branch reads are joined in their order. */
typedef struct models_block {
    models_branch branches[MODELS_MOST_BRANCHES];
} models_block;

/* activation(x + scale * projection): a convolution 1x1 brings a block's concat back to the channels of x. */
typedef struct models_residual {
    const char *result; /* what the sum is called */
    int32_t channels;
    float scale;
    clade_activation activation;
} models_residual;

typedef struct models_builder {
    clade_context *context;
    clade_graph *graph;
    clade_status status;           /* of the first call that failed */
    clade_model_settings settings; /* with every default filled in */
    float norm_epsilon;            /* 0: convolutions have a bias and no batch norm */
} models_builder;

/* A model of the zoo: what models.c lists and one file defines. */
typedef struct models_network {
    clade_model_info info;
    float norm_epsilon; /* as in the builder */
    /* From the image to the logits. */
    clade_tensor (*body)(models_builder *b, clade_tensor x);
} models_network;

extern const models_network models_lenet;
extern const models_network models_googlenet_d2l;
extern const models_network models_googlenet;
extern const models_network models_inception_v3;
extern const models_network models_inception_v4;
extern const models_network models_inception_resnet_v2;

/* What all clade_model_* functions do: checks the settings, then builds input, body and output. */
clade_status models_build(clade_context *context, const models_network *network, const clade_model_settings *settings,
                          clade_graph **graph_out);

/* ---- What bodies are made of. Each gives the new tensor. ----------------------------------------------------------- */
/* A lone convolution NAME with a bias. */
clade_tensor models_conv(models_builder *b, const char *name, clade_tensor x, models_layer layer);
/* Convolution, batch norm or bias, ReLU. */
clade_tensor models_unit(models_builder *b, const char *name, clade_tensor x, models_layer layer);
clade_tensor models_pool(models_builder *b, const char *name, clade_tensor x, models_layer layer);
clade_tensor models_global_pool(models_builder *b, const char *name, clade_tensor x);
/* The branches of a block; the concat is called NAME, and all else NAME.something. */
clade_tensor models_branches(models_builder *b, const char *name, clade_tensor x, const models_block *block);
/* A block NAME around which x is carried: concat NAME.mixed, projection NAME.conv2d with a bias, NAME.scale. */
clade_tensor models_residual_block(models_builder *b, const char *name, clade_tensor x, const models_block *block,
                                   const models_residual *residual);
clade_tensor models_lrn(models_builder *b, const char *name, clade_tensor x);
clade_tensor models_activation(models_builder *b, const char *name, clade_tensor x, clade_activation kind);
clade_tensor models_dropout(models_builder *b, const char *name, clade_tensor x, float rate);
clade_tensor models_flatten(models_builder *b, const char *name, clade_tensor x);
clade_tensor models_linear(models_builder *b, const char *name, clade_tensor x, int32_t features);

#endif
