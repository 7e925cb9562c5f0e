/**
 * @file models.h
 * @brief The zoo: ready networks by name or as C functions.
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

/** Builds a model by name: input "input" [CLADE_BATCH, C, H, W], output "output" [N, classes], the logits. Parameters have
 *  their names and shapes but no values.
 *  @param settings  NULL: as published.
 *  @param[out] graph_out  the caller's, to be freed with clade_graph_destroy().
 *  @return CLADE_ERROR_NOT_FOUND (the message lists the models), CLADE_ERROR_SHAPE. */
CLADE_API clade_status clade_model_create(clade_context *context, const char *name,
                                          const clade_model_settings *settings, clade_graph **graph_out);

/** LeNet-5 with sigmoids and average pooling, for 28x28 grey images (LeCun et al. 1998). */
CLADE_API clade_status clade_model_lenet(clade_context *context, const clade_model_settings *settings,
                                         clade_graph **graph_out);
/** GoogLeNet for small grey images as in "Dive into Deep Learning": 96x96, 10 classes, no LRN, no auxiliary heads. */
CLADE_API clade_status clade_model_googlenet_d2l(clade_context *context, const clade_model_settings *settings,
                                                 clade_graph **graph_out);
/** GoogLeNet, 224x224 (Szegedy et al., arXiv:1409.4842), with LRN, for inference. */
CLADE_API clade_status clade_model_googlenet(clade_context *context, const clade_model_settings *settings,
                                             clade_graph **graph_out);
/** Inception-v4, 299x299 (Szegedy et al., arXiv:1602.07261). */
CLADE_API clade_status clade_model_inception_v4(clade_context *context, const clade_model_settings *settings,
                                                clade_graph **graph_out);

#ifdef __cplusplus
}
#endif

#endif
