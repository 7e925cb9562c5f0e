/* squeezenet.c: SqueezeNet 1.0 (Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer: SqueezeNet, arXiv:1602.07360), Table 1. Names of
 * torchvision's `squeezenet1_0`, whose `features` count the first convolution and its ReLU as two.
 *
 *   fire(x):   squeeze 1x1 --- expand 1x1 --- concat
 *                           '- expand 3x3 --'                       (Figure 1) */
#include "models/builder.h"

#include <stdio.h>

enum { POOL = 0, CHANNELS = 1 };

/* Rows "maxpool1" to "fire9" of Table 1: channels of the squeeze layer; both of the expand layers have four times as many. */
static const int32_t rows[] = {POOL, 16, 16, 32, POOL, 32, 48, 48, 64, POOL, 64};

static clade_tensor layer(models_builder *b, const char *name, clade_tensor x, int32_t channels, int32_t size) {
    char relu[MODELS_NAME_SIZE];
    x = models_conv(b, name, x, (models_layer)CONV(channels, size, size));
    return models_activation(b, models_join(b, relu, name, "relu"), x, CLADE_RELU);
}

static clade_tensor fire(models_builder *b, const char *name, clade_tensor x, int32_t squeezed) {
    char part[MODELS_NAME_SIZE];
    x = layer(b, models_join(b, part, name, "squeeze"), x, squeezed, 1);
    clade_tensor expanded[2];
    expanded[0] = layer(b, models_join(b, part, name, "expand1x1"), x, 4 * squeezed, 1);
    expanded[1] = layer(b, models_join(b, part, name, "expand3x3"), x, 4 * squeezed, 3);
    return models_concat(b, name, CHANNELS, expanded, BASE_COUNT(expanded));
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    int number = 0;
    x = models_numbered(b, "features", &number, x, (models_layer)CONV_VALID(96, 7, 7, 2));
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        char name[MODELS_NAME_SIZE];
        snprintf(name, sizeof name, "features.%d", number++);
        if (rows[i] == POOL)
            x = models_pool(b, name, x, (models_layer)MAX_POOL(3, 2, MODELS_CEIL));
        else
            x = fire(b, name, x, rows[i]);
    }
    number = 0;
    x = models_numbered(b, "classifier", &number, x, (models_layer)DROPOUT);
    x = models_numbered(b, "classifier", &number, x, (models_layer)CONV(b->settings.classes, 1, 1));
    return models_flatten(b, "flat", models_global_pool(b, "classifier.3", x));
}

const models_network models_squeezenet = {
    .info = {.name = "squeezenet",
             .title = "SqueezeNet 1.0, 224x224",
             .paper = "Iandola et al.: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters (arXiv:1602.07360)",
             .names = "torchvision's squeezenet1_0",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .body = body,
};
