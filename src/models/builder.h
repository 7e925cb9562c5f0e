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
 * torch.nn.Sequential's NAME.0, NAME.1, ..., of which convolution and ReLU take one each, come from models_numbered.
 *
 * The status is sticky: after the first call that fails the others do nothing, so a body needs no checks. */
#ifndef MODELS_BUILDER_H
#define MODELS_BUILDER_H

#include "base/base.h"

#include <clade/models.h>

/* Zero padding around an image, by the names the papers use. */
typedef enum models_padding {
    MODELS_VALID = 0,        /* none */
    MODELS_SAME = 1,         /* half the kernel on every side: stride 1 keeps the size */
    MODELS_CEIL = 2,         /* none, but a pooling's last window may hang over the edge */
    MODELS_SAME_COUNTED = 3, /* as MODELS_SAME, and an average counts the zeros around the image */
    MODELS_PAD_2 = 4         /* two rows and columns, whatever the kernel */
} models_padding;

typedef enum models_kind {
    MODELS_NONE = 0, /* ends a branch */
    MODELS_CONV = 1,
    MODELS_MAX_POOL = 2,
    MODELS_AVERAGE_POOL = 3, /* divides by the pixels it covers, but for MODELS_SAME_COUNTED */
    MODELS_LINEAR = 4,
    MODELS_DROPOUT = 5 /* of a half */
} models_kind;

typedef struct models_layer {
    models_kind kind;
    int32_t channels; /* of the output of a convolution or linear layer */
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
#define CONV_PADDED_2(channels, height, width, stride)                                                                 \
    { MODELS_CONV, channels, {height, width}, stride, MODELS_PAD_2 }
#define MAX_POOL(size, stride, padding)                                                                                \
    { MODELS_MAX_POOL, 0, {size, size}, stride, padding }
#define AVERAGE_POOL(size, stride, padding)                                                                            \
    { MODELS_AVERAGE_POOL, 0, {size, size}, stride, padding }
#define LINEAR(features)                                                                                               \
    { .kind = MODELS_LINEAR, .channels = features }
#define DROPOUT                                                                                                        \
    { .kind = MODELS_DROPOUT }

enum { MODELS_MOST_LAYERS = 5, MODELS_MOST_BRANCHES = 10, MODELS_NAME_SIZE = 64 };
enum { MODELS_MOST_CHANNELS = 1 << 20 }; /* in a width that the caller chooses: sums of four stay numbers */

/* Of batch norm in the Inception family. */
#define MODELS_NORM_EPSILON 1e-3f

typedef struct models_branch {
    const char *name; /* NULL ends a block */
    const char *from; /* an earlier branch whose result this one reads; NULL: the block's input */
    size_t
        place; /* in the concat, from 1, where a checkpoint has the branches in another order; 0 in all: their order */
    models_layer layers[MODELS_MOST_LAYERS];
} models_branch;

/* The branches that no other branch reads are joined in their order, or by their places. */
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

/* Logits of an auxiliary classifier, which become an output of the network. */
typedef struct models_auxiliary {
    const char *name;
    clade_tensor logits;
} models_auxiliary;

enum { MODELS_MOST_AUXILIARIES = 2 };

typedef struct models_builder {
    clade_context *context;
    clade_graph *graph;
    clade_status status;           /* of the first call that failed */
    clade_model_settings settings; /* with every default filled in */
    float norm_epsilon;            /* 0: convolutions have a bias and no batch norm */
    bool keep_bias;                /* a bias before batch norm, too */
    const void *variant;           /* the network's own settings */
    models_auxiliary auxiliaries[MODELS_MOST_AUXILIARIES];
    size_t auxiliary_count;
} models_builder;

/* A model of the zoo: a row of zoo.inc, which one file defines. */
typedef struct models_network {
    clade_model_info info;
    float norm_epsilon; /* as in the builder, like the next two */
    bool keep_bias;
    const void *variant;
    /* From the image to the logits. */
    clade_tensor (*body)(models_builder *b, clade_tensor x);
} models_network;

#define MODEL(name) extern const models_network models_##name;
#include "models/zoo.inc"

/* The shorter side to 256, the centre 224x224, torchvision's mean and deviation of ImageNet. */
#define MODELS_IMAGENET                                                                                                \
    {                                                                                                                  \
        .channels = 3, .height = 224, .width = 224, .resize = 256, .mean = {0.485f, 0.456f, 0.406f}, .deviation = {    \
            0.229f,                                                                                                    \
            0.224f,                                                                                                    \
            0.225f                                                                                                     \
        }                                                                                                              \
    }

/* What the calls that make a model do: checks the settings, then builds input, body and outputs. */
clade_status models_build(clade_context *context, const models_network *network, const clade_model_settings *settings,
                          clade_graph **graph_out);

/* ---- What bodies are made of. Each gives the new tensor. ----------------------------------------------------------- */
/* A lone convolution NAME with a bias. */
clade_tensor models_conv(models_builder *b, const char *name, clade_tensor x, models_layer layer);
/* Convolution CONV and batch norm NORM. */
clade_tensor models_normalised(models_builder *b, const char *conv, const char *norm, clade_tensor x,
                               models_layer layer);
/* Convolution, batch norm or bias, ReLU. */
clade_tensor models_unit(models_builder *b, const char *name, clade_tensor x, models_layer layer);
/* The same without the ReLU. */
clade_tensor models_linear_unit(models_builder *b, const char *name, clade_tensor x, models_layer layer);
clade_tensor models_batch_norm(models_builder *b, const char *name, clade_tensor x);
clade_tensor models_pool(models_builder *b, const char *name, clade_tensor x, models_layer layer);
clade_tensor models_global_pool(models_builder *b, const char *name, clade_tensor x);
/* PyTorch's AdaptiveAvgPool2d: SIZE x SIZE averages whatever the image's size. x itself where it has that size. */
clade_tensor models_adaptive_pool(models_builder *b, const char *name, clade_tensor x, int32_t size);
clade_tensor models_lrn(models_builder *b, const char *name, clade_tensor x);
clade_tensor models_activation(models_builder *b, const char *name, clade_tensor x, clade_activation kind);
clade_tensor models_dropout(models_builder *b, const char *name, clade_tensor x, float rate);
clade_tensor models_flatten(models_builder *b, const char *name, clade_tensor x);
clade_tensor models_linear(models_builder *b, const char *name, clade_tensor x, int32_t features);
/* The same without a bias. */
clade_tensor models_product(models_builder *b, const char *name, clade_tensor x, int32_t features);
clade_tensor models_scale(models_builder *b, const char *name, clade_tensor x, float factor);
clade_tensor models_sum(models_builder *b, const char *name, clade_tensor x, clade_tensor y,
                        clade_activation activation);
clade_tensor models_concat(models_builder *b, const char *name, int axis, const clade_tensor *parts, size_t count);
/* Layer number *NUMBER of NAME, and a ReLU under the next number behind a convolution or linear layer. */
clade_tensor models_numbered(models_builder *b, const char *name, int *number, clade_tensor x, models_layer layer);

/* The branches of a block; the concat is called NAME, and all else NAME.something. */
clade_tensor models_branches(models_builder *b, const char *name, clade_tensor x, const models_block *block);
/* The same with a name of its own for the concat. */
clade_tensor models_fork(models_builder *b, const char *name, const char *concat, clade_tensor x,
                         const models_block *block);
/* A block NAME around which x is carried: concat NAME.mixed, projection NAME.conv2d with a bias, NAME.scale. */
clade_tensor models_residual_block(models_builder *b, const char *name, clade_tensor x, const models_block *block,
                                   const models_residual *residual);
/* Residual blocks NAME.0, NAME.1, ...; the last one's sum is the result of the whole sequence and carries its name. */
clade_tensor models_residual_blocks(models_builder *b, const char *name, clade_tensor x, const models_block *block,
                                    int count, models_residual residual);

/* An Inception block; see clade_inception_settings. */
clade_tensor models_inception(models_builder *b, const char *name, clade_tensor x, clade_inception_kind kind,
                              clade_inception_widths widths, bool residual);
/* Refuses what is no kind, and widths that no block can have. */
clade_status models_check_inception(clade_context *context, const char *name, clade_inception_kind kind,
                                    const clade_inception_widths *widths);

/* Writes "NAME.PART" into `text`, or "NAMEPART" where NAME ends in an underscore. */
const char *models_join(models_builder *b, char text[MODELS_NAME_SIZE], const char *name, const char *part);
/* The shape of a tensor; of rank 0 after a failure. */
clade_shape models_shape(models_builder *b, clade_tensor x);
/* Remembers the logits of an auxiliary classifier, whose output goes by NAME. */
void models_add_auxiliary(models_builder *b, const char *name, clade_tensor logits);

#endif
