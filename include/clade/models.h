/**
 * @file models.h
 * @brief The zoo: ready networks by name, and the blocks they are made of.
 *
 * A model is a graph like any other: it may be looked at, given weights, extended by further nodes and compiled. Its input
 * "input" is [N, C, H, W] with the batch left open, its output "output" is [N, classes]: logits, before any softmax. Every
 * parameter is called and shaped as in the checkpoint named below and comes in the same order, so that a published
 * checkpoint loads by name (@ref clade_weights_load). The result of each top-level block can be found under the block's name,
 * "inception3a" or "features.3" say, and declared an output too.
 *
 *     clade_graph *graph;
 *     clade_model_create(context, "googlenet", &(clade_model_settings){.classes = 10}, &graph);
 *
 * `clade summary --list` prints the models; @ref clade_model_at gives them to a program. GoogLeNet has more settings than the others
 * (@ref clade_googlenet_create), and its blocks can be put into networks of one's own (@ref clade_inception_create).
 *
 * What each model computes is held against results of PyTorch in float64: docs/goldens.md.
 */
#ifndef CLADE_MODELS_H
#define CLADE_MODELS_H

#include <clade/clade.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What every model can be asked for. Zero means: as published. */
typedef struct clade_model_settings {
    int32_t classes;  /**< Outputs of the last layer. */
    int32_t channels; /**< Channels of the input image. */
    int32_t height;   /**< Of the input image, in pixels. Too small a size is refused by name of the layer. */
    int32_t width;    /**< Of the input image, in pixels. */
    /** Builds the auxiliary classifiers too, which help to train a network and are left out for inference. Each is one more
     *  output, called as its parameters begin: "aux1", "aux2" or "AuxLogits". Refused by models that have none. */
    bool auxiliary;
    uint64_t reserved[7]; /**< Zero. */
} clade_model_settings;

/** How a model wants its images: pixels / 255, resized, cropped, then (value - mean) / deviation for each channel. */
typedef struct clade_preprocess {
    int32_t channels;  /**< 1: grey; 3: RGB. */
    int32_t height;    /**< Of the network's input. */
    int32_t width;     /**< Of the network's input. */
    int32_t resize;    /**< The image's shorter side is resized to this before the centre is cropped. Zero: the image is
                                 resized to height x width, whatever its proportions. */
    bool no_antialias; /**< Plain bilinear samples when shrinking; else as torchvision does with antialias. */
    float mean[4];     /**< For each channel. */
    float deviation[4];   /**< For each channel; 0 counts as 1. */
    uint64_t reserved[4]; /**< Zero. */
} clade_preprocess;

/** A model of the zoo. */
typedef struct clade_model_info {
    const char *name;            /**< As the command line calls it. */
    const char *title;           /**< One line. */
    const char *paper;           /**< Where it was published. */
    const char *names;           /**< Whose checkpoints have its tensors' names, e.g. "torchvision's alexnet". */
    int32_t classes;             /**< As published. */
    clade_preprocess preprocess; /**< As published; its height and width are those of the input. */
    uint64_t reserved[7];        /**< Zero. */
} clade_model_info;

/** @return how many models there are. */
CLADE_API size_t clade_model_count(void);
/** @return model `index`, or NULL; static. */
CLADE_API const clade_model_info *clade_model_at(size_t index);
/** @return the model of that name, or NULL; static. */
CLADE_API const clade_model_info *clade_model_find(const char *name);

/** Builds a model by name. Parameters have their names and shapes but no values.
 *  @param settings  NULL: as published.
 *  @param[out] graph_out  the caller's, to be freed with @ref clade_graph_destroy.
 *  @return CLADE_ERROR_NOT_FOUND (the message lists the models, and names the one that is spelt much alike); CLADE_ERROR_SHAPE when a setting is negative or the image is
 *          too small (the message names the layer that finds no room); CLADE_ERROR_UNSUPPORTED (auxiliary classifiers that a
 *          model does not have); CLADE_ERROR_INVALID_ARGUMENT; CLADE_ERROR_OUT_OF_MEMORY. */
CLADE_API clade_status clade_model_create(clade_context *context, const char *name,
                                          const clade_model_settings *settings, clade_graph **graph_out);

/* --- Inception blocks ------------------------------------------------------------------------------
 * A block by itself is a network, too. Two that people compare by their parameters, each 3 -> 256 or 320 channels at 256x256:
 *
 *     clade_inception_settings v1 = {.name = "block", .widths = {64, 32, 64, 64, 96, 32}};             // 172,960 parameters
 *     clade_inception_settings v3 = {.name = "block", .kind = CLADE_INCEPTION_V3, .widths = {96, 48, 64, 64, 96, 64},
 *                                    .batch_norm = true, .keep_bias = true};                           // 168,288 parameters
 *
 * `clade summary inception_block:channels=3,size=256,widths=64/32/64/64/96/32` shows the first layer by layer. */

/** Which block. In each the branches are NAME.branch1 to NAME.branch4, joined along the channels. */
typedef enum clade_inception_kind {
    /** 1x1; 1x1 and 3x3; 1x1 and 5x5; max pooling 3x3 and 1x1: GoogLeNet (arXiv:1409.4842, Figure 2b). */
    CLADE_INCEPTION_V1 = 0,
    /** The same with a 3x3 where V1 has the 5x5, as in torchvision's and the authors' published networks. */
    CLADE_INCEPTION_V1_NARROW = 1,
    /** The same with two 3x3 where V1 has the 5x5: the last block of BN-Inception (arXiv:1502.03167, Table 1). */
    CLADE_INCEPTION_V2 = 2,
    /** As V2 with average pooling, which counts its padding: Inception-v3 (arXiv:1512.00567, Figure 5), and BN-Inception's
     *  other blocks. */
    CLADE_INCEPTION_V3 = 3
} clade_inception_kind;

/** The channels of a block's convolutions: a row of GoogLeNet's Table 1. */
typedef struct clade_inception_widths {
    int32_t one;             /**< Of the branch with a 1x1 convolution alone. */
    int32_t reduce_three;    /**< Of the 1x1 before the 3x3. */
    int32_t three;           /**< Of the 3x3. */
    int32_t reduce_five;     /**< Of the 1x1 before the 5x5, or what stands for it. */
    int32_t five;            /**< Of the 5x5, or of each of the 3x3 that stand for it. */
    int32_t pool_projection; /**< Of the 1x1 behind the pooling. */
} clade_inception_widths;

/** A block. [N, C, H, W] -> [N, one + three + five + pool_projection, H, W]. */
typedef struct clade_inception_settings {
    const char *name;              /**< Of its result; parameters are NAME.branch2.1.conv.weight, ... Required. */
    clade_inception_kind kind;     /**< Zero: GoogLeNet's. */
    clade_inception_widths widths; /**< Each at least 1. Required. */
    bool batch_norm; /**< Batch norm, epsilon 1e-3, between each convolution, which then has no bias, and its ReLU. */
    bool keep_bias;  /**< With `batch_norm`: a bias all the same. It adds nothing, but many exercises have it. */
    /** The input, where channels differ brought to the result's by a 1x1 convolution NAME.shortcut, is added to the branches;
     *  then comes one more ReLU. The branches alone are NAME.mixed. */
    bool residual;
    uint64_t reserved[4]; /**< Zero. */
} clade_inception_settings;

/** Adds an Inception block to a graph.
 *  @return CLADE_ERROR_SHAPE for a width below 1; CLADE_ERROR_INVALID_ARGUMENT; what adding its layers may return. */
CLADE_API clade_status clade_inception_create(clade_graph *graph, clade_tensor input,
                                              const clade_inception_settings *settings, clade_tensor *output_out);

/* --- GoogLeNet's settings -------------------------------------------------------------------------- */

/** What stands before the first block. */
typedef enum clade_googlenet_stem {
    CLADE_STEM_PUBLISHED = 0, /**< 7x7 with stride 2, pooling, 1x1, 3x3, pooling: an eighth of the image's size. */
    CLADE_STEM_SHORT = 1,     /**< The same without the 1x1. */
    CLADE_STEM_SMALL = 2 /**< Two 3x3 that keep the size, for small images: 28x28 has blocks as large as 224x224. */
} clade_googlenet_stem;

/** How the image shrinks: pooling of 3x3 with stride 2. */
typedef enum clade_googlenet_pooling {
    CLADE_POOLING_CEIL = 0,   /**< No padding, but the last window may hang over the edge. */
    CLADE_POOLING_PADDED = 1, /**< Padded by 1. */
    CLADE_POOLING_VALID = 2   /**< No padding, and no window over the edge. */
} clade_googlenet_pooling;

enum {
    CLADE_GOOGLENET_BLOCKS = 9 /**< 3a, 3b, 4a, 4b, 4c, 4d, 4e, 5a, 5b. */
};

/** How to build GoogLeNet. Zeros give the published network. */
typedef struct clade_googlenet_settings {
    clade_model_settings model;      /**< As for any model; as published: 1000 classes, 3 x 224 x 224. */
    clade_inception_kind kind;       /**< Of all blocks. */
    bool batch_norm;                 /**< As in @ref clade_inception_settings, after every convolution. */
    bool keep_bias;                  /**< As there. */
    bool residual;                   /**< Around each block, as there. */
    bool no_lrn;                     /**< Leaves out the two local response normalisations. */
    clade_googlenet_stem stem;       /**< What stands before the blocks. */
    clade_googlenet_pooling pooling; /**< How the image shrinks. */
    int32_t last_pool;               /**< Window of the last pooling, "maxpool4". Zero: 3; torchvision has 2. */
    float dropout;                   /**< Share dropped before the classifier. Zero: 0.4; negative: no dropout. */
    clade_inception_widths widths[CLADE_GOOGLENET_BLOCKS]; /**< Zeros: the published ones. */
    uint64_t reserved[8];                                  /**< Zero. */
} clade_googlenet_settings;

/** Builds GoogLeNet (Szegedy et al., arXiv:1409.4842) or a relative. Names are in torchvision's style. The auxiliary classifiers
 *  average blocks 4a and 4d to 4x4 whatever the image's size, as torchvision does; at 224x224 the paper has 4x4, too.
 *  @param settings  NULL: as published.
 *  @return as @ref clade_model_create, but for the name. */
CLADE_API clade_status clade_googlenet_create(clade_context *context, const clade_googlenet_settings *settings,
                                              clade_graph **graph_out);

#ifdef __cplusplus
}
#endif

#endif
