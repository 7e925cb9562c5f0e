/* vgg.c: VGG with 11 and 16 layers (Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition,
 * arXiv:1409.1556): columns A and D of Table 1, without batch norm. Names of torchvision's `vgg11` and `vgg16`. */
#include "models/builder.h"

/* Widths of 3x3 convolutions; 0: max pooling. */
typedef struct column {
    int32_t widths[18];
    size_t count;
} column;

static const column column_a = {{64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0}, 13};
static const column column_d = {{64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0}, 18};

static const models_layer classifier[] = {LINEAR(4096), DROPOUT, LINEAR(4096), DROPOUT};

static clade_tensor body(models_builder *b, clade_tensor x) {
    const column *features = b->variant;
    const models_layer pool = MAX_POOL(2, 2, MODELS_VALID);
    int number = 0;
    for (size_t i = 0; i < features->count; i++) {
        const models_layer conv = CONV(features->widths[i], 3, 3);
        x = models_numbered(b, "features", &number, x, features->widths[i] ? conv : pool);
    }
    x = models_adaptive_pool(b, "avgpool", x, 7);
    x = models_flatten(b, "flat", x);
    number = 0;
    for (size_t i = 0; i < BASE_COUNT(classifier); i++) x = models_numbered(b, "classifier", &number, x, classifier[i]);
    return models_linear(b, "classifier.6", x, b->settings.classes);
}

#define PAPER                                                                                                          \
    "Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition (arXiv:1409.1556)"

const models_network models_vgg11 = {
    .info = {.name = "vgg11",
             .title = "VGG with 11 layers, 224x224",
             .paper = PAPER,
             .names = "torchvision's vgg11",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .variant = &column_a,
    .body = body,
};

const models_network models_vgg16 = {
    .info = {.name = "vgg16",
             .title = "VGG with 16 layers, 224x224",
             .paper = PAPER,
             .names = "torchvision's vgg16",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .variant = &column_d,
    .body = body,
};
