/* inception_resnet_v2.c: Inception-ResNet-v2 (Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the Impact of
 * Residual Connections on Learning, arXiv:1602.07261). The authors' published code differs from the paper's figures: its stem is
 * Inception-v3's, and there are 10, 20 and 10 residual blocks. This is that network, with the names of timm's
 * `inception_resnet_v2`.
 *
 *   image - stem - 10 x block 35 - reduction - 20 x block 17 - reduction - 10 x block 8 - 1x1 - pool - classifier
 *   299      35         35            17            17             8            8        8      1 */
#include "models/builder.h"

/* ---- Inception, and the reductions (Figure 7 with k l m n = 256 256 384 384, and Figure 18) ------------------------------------ */

static const models_block mixed_5b = {{
    {.name = "branch0", .layers = {CONV(96, 1, 1)}},
    {.name = "branch1", .layers = {CONV(48, 1, 1), CONV(64, 5, 5)}},
    {.name = "branch2", .layers = {CONV(64, 1, 1), CONV(96, 3, 3), CONV(96, 3, 3)}},
    {.name = "branch3", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME), CONV(64, 1, 1)}},
}};

static const models_block mixed_6a = {{
    {.name = "branch0", .layers = {CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch1", .layers = {CONV(256, 1, 1), CONV(256, 3, 3), CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch2", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

static const models_block mixed_7a = {{
    {.name = "branch0", .layers = {CONV(256, 1, 1), CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch1", .layers = {CONV(256, 1, 1), CONV_VALID(288, 3, 3, 2)}},
    {.name = "branch2", .layers = {CONV(256, 1, 1), CONV(288, 3, 3), CONV_VALID(320, 3, 3, 2)}},
    {.name = "branch3", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

/* ---- Residual blocks (Figures 16, 17, 19), each followed by a 1x1 convolution back to the width of its input --------------- */

static const models_block block_35 = {{
    {.name = "branch0", .layers = {CONV(32, 1, 1)}},
    {.name = "branch1", .layers = {CONV(32, 1, 1), CONV(32, 3, 3)}},
    {.name = "branch2", .layers = {CONV(32, 1, 1), CONV(48, 3, 3), CONV(64, 3, 3)}},
}};

static const models_block block_17 = {{
    {.name = "branch0", .layers = {CONV(192, 1, 1)}},
    {.name = "branch1", .layers = {CONV(128, 1, 1), CONV(160, 1, 7), CONV(192, 7, 1)}},
}};

static const models_block block_8 = {{
    {.name = "branch0", .layers = {CONV(192, 1, 1)}},
    {.name = "branch1", .layers = {CONV(192, 1, 1), CONV(224, 1, 3), CONV(256, 3, 1)}},
}};

/* ---- The whole (Figure 15) ------------------------------------------------------------------------------------------------------ */

static clade_tensor stem(models_builder *b, clade_tensor x) {
    const models_layer pool = MAX_POOL(3, 2, MODELS_VALID);

    x = models_unit(b, "conv2d_1a", x, (models_layer)CONV_VALID(32, 3, 3, 2));
    x = models_unit(b, "conv2d_2a", x, (models_layer)CONV_VALID(32, 3, 3, 1));
    x = models_unit(b, "conv2d_2b", x, (models_layer)CONV(64, 3, 3));
    x = models_pool(b, "maxpool_3a", x, pool);
    x = models_unit(b, "conv2d_3b", x, (models_layer)CONV(80, 1, 1));
    x = models_unit(b, "conv2d_4a", x, (models_layer)CONV_VALID(192, 3, 3, 1));
    return models_pool(b, "maxpool_5a", x, pool);
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    x = stem(b, x);
    x = models_branches(b, "mixed_5b", x, &mixed_5b);
    x = models_residual_blocks(b, "repeat", x, &block_35, 10,
                               (models_residual){.channels = 320, .scale = 0.17f, .activation = CLADE_RELU});
    x = models_branches(b, "mixed_6a", x, &mixed_6a);
    x = models_residual_blocks(b, "repeat_1", x, &block_17, 20,
                               (models_residual){.channels = 1088, .scale = 0.1f, .activation = CLADE_RELU});
    x = models_branches(b, "mixed_7a", x, &mixed_7a);
    x = models_residual_blocks(b, "repeat_2", x, &block_8, 9,
                               (models_residual){.channels = 2080, .scale = 0.2f, .activation = CLADE_RELU});
    /* The last block of all is not scaled and ends without ReLU. */
    x = models_residual_block(b, "block8", x, &block_8,
                              &(models_residual){.result = "block8", .channels = 2080, .scale = 1.0f});
    x = models_unit(b, "conv2d_7b", x, (models_layer)CONV(1536, 1, 1));
    x = models_global_pool(b, "pool", x);
    x = models_flatten(b, "global_pool", x); /* timm's pooling flattens */
    x = models_dropout(b, "head_drop", x, 0.2f);
    return models_linear(b, "classif", x, b->settings.classes);
}

/* timm shrinks images bicubically; this library does it bilinearly. */
const models_network models_inception_resnet_v2 = {
    .info = {.name = "inception_resnet_v2",
             .title = "Inception-ResNet-v2, 299x299",
             .paper =
                 "Szegedy et al.: Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning "
                 "(arXiv:1602.07261)",
             .names = "timm's inception_resnet_v2",
             .classes = 1000,
             .preprocess = {.channels = 3,
                            .height = 299,
                            .width = 299,
                            .resize = 333,
                            .mean = {0.5f, 0.5f, 0.5f},
                            .deviation = {0.5f, 0.5f, 0.5f}}},
    .norm_epsilon = MODELS_NORM_EPSILON,
    .body = body,
};
