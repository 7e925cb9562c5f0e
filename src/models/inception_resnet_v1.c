/* inception_resnet_v1.c: Inception-ResNet-v1 (Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the Impact of
 * Residual Connections on Learning, arXiv:1602.07261), as networks for faces have it since FaceNet's reimplementations: 160x160
 * pixels, and a layer of 512 before the classifier, whose normalised result "last_bn" (divide by its Euclidean length) is what
 * faces are compared by. Names of facenet-pytorch's `InceptionResnetV1`.
 *
 *   image - stem - 5 x block 35 - reduction - 10 x block 17 - reduction - 6 x block 8 - pool - 512 - classifier
 *   160      17         17             8            8            3            3          1     (Figure 15) */
#include "models/builder.h"

/* ---- Residual blocks (Figures 10, 11, 13) and reductions (Figure 7 with k l m n = 192 192 256 384, and Figure 12) ---------------- */

static const models_block block_35 = {{
    {.name = "branch0", .layers = {CONV(32, 1, 1)}},
    {.name = "branch1", .layers = {CONV(32, 1, 1), CONV(32, 3, 3)}},
    {.name = "branch2", .layers = {CONV(32, 1, 1), CONV(32, 3, 3), CONV(32, 3, 3)}},
}};

static const models_block mixed_6a = {{
    {.name = "branch0", .layers = {CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch1", .layers = {CONV(192, 1, 1), CONV(192, 3, 3), CONV_VALID(256, 3, 3, 2)}},
    {.name = "branch2", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

static const models_block block_17 = {{
    {.name = "branch0", .layers = {CONV(128, 1, 1)}},
    {.name = "branch1", .layers = {CONV(128, 1, 1), CONV(128, 1, 7), CONV(128, 7, 1)}},
}};

static const models_block mixed_7a = {{
    {.name = "branch0", .layers = {CONV(256, 1, 1), CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch1", .layers = {CONV(256, 1, 1), CONV_VALID(256, 3, 3, 2)}},
    {.name = "branch2", .layers = {CONV(256, 1, 1), CONV(256, 3, 3), CONV_VALID(256, 3, 3, 2)}},
    {.name = "branch3", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

static const models_block block_8 = {{
    {.name = "branch0", .layers = {CONV(192, 1, 1)}},
    {.name = "branch1", .layers = {CONV(192, 1, 1), CONV(192, 1, 3), CONV(192, 3, 1)}},
}};

/* ---- The whole ------------------------------------------------------------------------------------------------------------------ */

/* Figure 14. */
static clade_tensor stem(models_builder *b, clade_tensor x) {
    x = models_unit(b, "conv2d_1a", x, (models_layer)CONV_VALID(32, 3, 3, 2));
    x = models_unit(b, "conv2d_2a", x, (models_layer)CONV_VALID(32, 3, 3, 1));
    x = models_unit(b, "conv2d_2b", x, (models_layer)CONV(64, 3, 3));
    x = models_pool(b, "maxpool_3a", x, (models_layer)MAX_POOL(3, 2, MODELS_VALID));
    x = models_unit(b, "conv2d_3b", x, (models_layer)CONV(80, 1, 1));
    x = models_unit(b, "conv2d_4a", x, (models_layer)CONV_VALID(192, 3, 3, 1));
    return models_unit(b, "conv2d_4b", x, (models_layer)CONV_VALID(256, 3, 3, 2));
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    x = stem(b, x);
    x = models_residual_blocks(b, "repeat_1", x, &block_35, 5,
                               (models_residual){.channels = 256, .scale = 0.17f, .activation = CLADE_RELU});
    x = models_branches(b, "mixed_6a", x, &mixed_6a);
    x = models_residual_blocks(b, "repeat_2", x, &block_17, 10,
                               (models_residual){.channels = 896, .scale = 0.1f, .activation = CLADE_RELU});
    x = models_branches(b, "mixed_7a", x, &mixed_7a);
    x = models_residual_blocks(b, "repeat_3", x, &block_8, 5,
                               (models_residual){.channels = 1792, .scale = 0.2f, .activation = CLADE_RELU});
    /* The last block of all is not scaled and ends without ReLU. */
    x = models_residual_block(b, "block8", x, &block_8,
                              &(models_residual){.result = "block8", .channels = 1792, .scale = 1.0f});
    x = models_global_pool(b, "avgpool_1a", x);
    x = models_dropout(b, "dropout", x, 0.6f);
    x = models_product(b, "last_linear", models_flatten(b, "flat", x), 512);
    x = models_batch_norm(b, "last_bn", x);
    return models_linear(b, "logits", x, b->settings.classes);
}

/* facenet-pytorch maps pixels to (value - 127.5) / 128. */
const models_network models_inception_resnet_v1 = {
    .info = {.name = "inception_resnet_v1",
             .title = "Inception-ResNet-v1 for faces, 160x160",
             .paper =
                 "Szegedy et al.: Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning "
                 "(arXiv:1602.07261)",
             .names = "facenet-pytorch's InceptionResnetV1",
             .classes = 1000,
             .preprocess = {.channels = 3,
                            .height = 160,
                            .width = 160,
                            .mean = {0.5f, 0.5f, 0.5f},
                            .deviation = {128.0f / 255.0f, 128.0f / 255.0f, 128.0f / 255.0f}}},
    .norm_epsilon = MODELS_NORM_EPSILON,
    .body = body,
};
