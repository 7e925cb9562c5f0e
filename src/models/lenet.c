/* lenet.c: LeNet-5 (LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998), in
 * today's form: plain average pooling, every feature map connected, a linear classifier in place of the RBF units.
 *
 *   1x28x28 -conv1-> 6x28x28 -pool1-> 6x14x14 -conv2-> 16x10x10 -pool2-> 16x5x5 -> 120 -> 84 -> 10 */
#include "models/builder.h"

static clade_tensor body(models_builder *b, clade_tensor x) {
    const models_layer halve = AVERAGE_POOL(2, 2, MODELS_VALID);

    x = models_conv(b, "conv1", x, (models_layer)CONV(6, 5, 5));
    x = models_activation(b, "a1", x, CLADE_SIGMOID);
    x = models_pool(b, "pool1", x, halve);
    x = models_conv(b, "conv2", x, (models_layer)CONV_VALID(16, 5, 5, 1));
    x = models_activation(b, "a2", x, CLADE_SIGMOID);
    x = models_pool(b, "pool2", x, halve);

    x = models_flatten(b, "flat", x);
    x = models_linear(b, "fc1", x, 120);
    x = models_activation(b, "a3", x, CLADE_SIGMOID);
    x = models_linear(b, "fc2", x, 84);
    x = models_activation(b, "a4", x, CLADE_SIGMOID);
    return models_linear(b, "fc3", x, b->settings.classes);
}

const models_network models_lenet = {
    .info = {.name = "lenet",
             .title = "LeNet-5 with sigmoids and average pooling, 28x28 grey",
             .paper = "LeCun et al.: Gradient-Based Learning Applied to Document Recognition (1998)",
             .names = "our own",
             .classes = 10,
             .preprocess = {.channels = 1, .height = 28, .width = 28}},
    .body = body,
};
