/* alexnet.c: AlexNet with one tower (Krizhevsky: One Weird Trick for Parallelizing Convolutional Neural Networks,
 * arXiv:1404.5997), as torchvision's `alexnet` has it: fewer channels than the network of 2012, and no normalisation. */
#include "models/builder.h"

static const models_layer features[] = {
    CONV_PADDED_2(64, 11, 11, 4),
    MAX_POOL(3, 2, MODELS_VALID),
    CONV(192, 5, 5),
    MAX_POOL(3, 2, MODELS_VALID),
    CONV(384, 3, 3),
    CONV(256, 3, 3),
    CONV(256, 3, 3),
    MAX_POOL(3, 2, MODELS_VALID),
};

static const models_layer classifier[] = {DROPOUT, LINEAR(4096), DROPOUT, LINEAR(4096)};

static clade_tensor body(models_builder *b, clade_tensor x) {
    int number = 0;
    for (size_t i = 0; i < BASE_COUNT(features); i++) x = models_numbered(b, "features", &number, x, features[i]);
    x = models_adaptive_pool(b, "avgpool", x, 6);
    x = models_flatten(b, "flat", x);
    number = 0;
    for (size_t i = 0; i < BASE_COUNT(classifier); i++) x = models_numbered(b, "classifier", &number, x, classifier[i]);
    return models_linear(b, "classifier.6", x, b->settings.classes);
}

const models_network models_alexnet = {
    .info = {.name = "alexnet",
             .title = "AlexNet, 224x224",
             .paper = "Krizhevsky: One Weird Trick for Parallelizing Convolutional Neural Networks (arXiv:1404.5997)",
             .names = "torchvision's alexnet",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .body = body,
};
