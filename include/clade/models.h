/**
 * @file models.h
 * @brief The zoo: ready networks by name or as C functions.
 *
 * A model is a graph like any other: it may be looked at, given weights, extended by further nodes and compiled. Its input
 * "input" is [N, C, H, W] with the batch left open, its output "output" is [N, classes]: logits, before any softmax. Every
 * parameter is called and shaped as in the checkpoint named below and comes in the same order, so that a published
 * checkpoint loads by name (@ref clade_weights_load). The result of each top-level block can be found under the block's name,
 * "inception3a" or "features.3" say, and declared an output too.
 *
 *     clade_graph *graph;
 *     clade_model_googlenet(context, &(clade_model_settings){.classes = 10}, &graph);
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
    int32_t classes;      /**< Outputs of the last layer. */
    int32_t channels;     /**< Channels of the input image. */
    int32_t height;       /**< Of the input image, in pixels. Too small a size is refused by name of the layer. */
    int32_t width;        /**< Of the input image, in pixels. */
    uint64_t reserved[8]; /**< Zero. */
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
    int32_t classes;             /**< As published. */
    clade_preprocess preprocess; /**< As published; its height and width are those of the input. */
    uint64_t reserved[8];        /**< Zero. */
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
 *  @return CLADE_ERROR_NOT_FOUND (the message lists the models); CLADE_ERROR_SHAPE when a setting is negative or the image is
 *          too small (the message names the layer that finds no room); CLADE_ERROR_INVALID_ARGUMENT;
 *          CLADE_ERROR_OUT_OF_MEMORY. The functions below likewise, but for the name. */
CLADE_API clade_status clade_model_create(clade_context *context, const char *name,
                                          const clade_model_settings *settings, clade_graph **graph_out);

/** LeNet-5 with sigmoids and average pooling: [N, 1, 28, 28] -> [N, 10]; 61,706 parameters. LeCun et al.: Gradient-Based
 *  Learning Applied to Document Recognition (1998). Images: pixels / 255. Its last layers fit one image size only: other
 *  sizes change the shape of fc1.weight. */
CLADE_API clade_status clade_model_lenet(clade_context *context, const clade_model_settings *settings,
                                         clade_graph **graph_out);

/** GoogLeNet for small grey images as in "Dive into Deep Learning" (arXiv:2106.11342): [N, 1, 96, 96] -> [N, 10]; 5,977,530
 *  parameters. Pooling is padded by 1, and there is no local response normalisation. Names in torchvision's style.
 *  Images: pixels / 255, resized to 96x96. */
CLADE_API clade_status clade_model_googlenet_d2l(clade_context *context, const clade_model_settings *settings,
                                                 clade_graph **graph_out);

/** GoogLeNet: [N, 3, 224, 224] -> [N, 1000]; 6,998,552 parameters. Szegedy et al.: Going Deeper with Convolutions
 *  (arXiv:1409.4842), with two local response normalisations and without the auxiliary classifiers. Names in torchvision's
 *  style. Images: the shorter side to 256, the centre 224x224, torchvision's mean and deviation of ImageNet. */
CLADE_API clade_status clade_model_googlenet(clade_context *context, const clade_model_settings *settings,
                                             clade_graph **graph_out);

/** Inception-v3: [N, 3, 299, 299] -> [N, 1000]; 23,834,568 parameters. Szegedy et al.: Rethinking the Inception Architecture
 *  for Computer Vision (arXiv:1512.00567), without the auxiliary classifier, whose tensors in a checkpoint (AuxLogits.*) find no
 *  place here. Batch norm epsilon 1e-3. Names of torchvision's `inception_v3`. Images: the shorter side to 342, the centre
 *  299x299, mean and deviation 0.5, which is what torchvision's `transform_input` makes of ImageNet's. */
CLADE_API clade_status clade_model_inception_v3(clade_context *context, const clade_model_settings *settings,
                                                clade_graph **graph_out);

/** Inception-v4: [N, 3, 299, 299] -> [N, 1000]; 42,679,816 parameters. Szegedy et al.: Inception-v4, Inception-ResNet and the
 *  Impact of Residual Connections on Learning (arXiv:1602.07261). Batch norm epsilon 1e-3. Names of timm's `inception_v4`.
 *  Images: the shorter side to 341, the centre 299x299, mean and deviation 0.5; bilinear where timm resizes bicubically. */
CLADE_API clade_status clade_model_inception_v4(clade_context *context, const clade_model_settings *settings,
                                                clade_graph **graph_out);

/** Inception-ResNet-v2: [N, 3, 299, 299] -> [N, 1000]; 55,843,464 parameters. The paper of Inception-v4, in the form of its
 *  authors' code: the stem of Inception-v3, and 10, 20 and 10 residual blocks. Batch norm epsilon 1e-3. Names of timm's
 *  `inception_resnet_v2`. Images: the shorter side to 333, the centre 299x299, mean and deviation 0.5; bilinear where timm
 *  resizes bicubically. */
CLADE_API clade_status clade_model_inception_resnet_v2(clade_context *context, const clade_model_settings *settings,
                                                       clade_graph **graph_out);

#ifdef __cplusplus
}
#endif

#endif
