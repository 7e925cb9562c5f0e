/* resnet.c: residual networks with 18 and 50 layers (He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition,
 * arXiv:1512.03385), Table 1. In the bottlenecks of 50 layers the stride is the 3x3 convolution's, as torchvision has it, whose
 * `resnet18` and `resnet50` give the names.
 *
 *   basic:        3x3 - 3x3 --------. + x        (Figure 5)
 *   bottleneck:   1x1 - 3x3 - 1x1 --. + x        x through a 1x1 convolution where shapes differ */
#include "models/builder.h"

#include <stdio.h>

/* A row of Table 1: the blocks of stages conv2_x to conv5_x. */
typedef struct column {
    int repeats[4];
    bool is_bottleneck;
} column;

static const column layers_18 = {{2, 2, 2, 2}, false};
static const column layers_50 = {{3, 4, 6, 3}, true};

/* Convolution conv<NUMBER> of a block, and its batch norm bn<NUMBER>. */
static clade_tensor unit(models_builder *b, const char *block, int number, clade_tensor x, models_layer layer) {
    char part[16], conv[MODELS_NAME_SIZE], norm[MODELS_NAME_SIZE];
    snprintf(part, sizeof part, "conv%d", number);
    models_join(b, conv, block, part);
    snprintf(part, sizeof part, "bn%d", number);
    return models_normalised(b, conv, models_join(b, norm, block, part), x, layer);
}

static clade_tensor relu(models_builder *b, const char *block, int number, clade_tensor x) {
    char part[16], name[MODELS_NAME_SIZE];
    snprintf(part, sizeof part, "relu%d", number);
    return models_activation(b, models_join(b, name, block, part), x, CLADE_RELU);
}

static clade_tensor shortcut(models_builder *b, const char *block, clade_tensor x, int32_t channels, int32_t stride) {
    if (stride == 1 && models_shape(b, x).dims[1] == channels) return x;
    char conv[MODELS_NAME_SIZE], norm[MODELS_NAME_SIZE];
    models_join(b, conv, block, "downsample.0");
    models_join(b, norm, block, "downsample.1");
    return models_normalised(b, conv, norm, x, (models_layer)CONV_SAME(channels, 1, 1, stride));
}

static clade_tensor basic(models_builder *b, const char *name, clade_tensor x, int32_t width, int32_t stride) {
    clade_tensor y = unit(b, name, 1, x, (models_layer)CONV_SAME(width, 3, 3, stride));
    y = unit(b, name, 2, relu(b, name, 1, y), (models_layer)CONV(width, 3, 3));
    return models_sum(b, name, y, shortcut(b, name, x, width, stride), CLADE_RELU);
}

static clade_tensor bottleneck(models_builder *b, const char *name, clade_tensor x, int32_t width, int32_t stride) {
    clade_tensor y = unit(b, name, 1, x, (models_layer)CONV(width, 1, 1));
    y = unit(b, name, 2, relu(b, name, 1, y), (models_layer)CONV_SAME(width, 3, 3, stride));
    y = unit(b, name, 3, relu(b, name, 2, y), (models_layer)CONV(4 * width, 1, 1));
    return models_sum(b, name, y, shortcut(b, name, x, 4 * width, stride), CLADE_RELU);
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    const column *layers = b->variant;
    x = models_normalised(b, "conv1", "bn1", x, (models_layer)CONV_SAME(64, 7, 7, 2));
    x = models_activation(b, "relu", x, CLADE_RELU);
    x = models_pool(b, "maxpool", x, (models_layer)MAX_POOL(3, 2, MODELS_SAME));
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < layers->repeats[stage]; i++) {
            char name[MODELS_NAME_SIZE];
            snprintf(name, sizeof name, "layer%d.%d", stage + 1, i);
            x = (layers->is_bottleneck ? bottleneck : basic)(b, name, x, 64 << stage, stage > 0 && i == 0 ? 2 : 1);
        }
    x = models_flatten(b, "flat", models_global_pool(b, "avgpool", x));
    return models_linear(b, "fc", x, b->settings.classes);
}

#define PAPER "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (arXiv:1512.03385)"

const models_network models_resnet18 = {
    .info = {.name = "resnet18",
             .title = "ResNet with 18 layers, 224x224",
             .paper = PAPER,
             .names = "torchvision's resnet18",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .norm_epsilon = 1e-5f,
    .variant = &layers_18,
    .body = body,
};

const models_network models_resnet50 = {
    .info = {.name = "resnet50",
             .title = "ResNet with 50 layers, 224x224",
             .paper = PAPER,
             .names = "torchvision's resnet50",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .norm_epsilon = 1e-5f,
    .variant = &layers_50,
    .body = body,
};
