/* inception_v3.c: Inception-v3 (Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for Computer
 * Vision, arXiv:1512.00567). Table 1 of the paper gives the stem and the
 * grids; the widths within blocks, and every name, are those of torchvision's `inception_v3`, whose averages count the padding.
 *
 *   image - stem - 3 x factorised 5x5 - reduction - 4 x factorised 7x7 - reduction - 2 x widened 3x3 - pool - classifier
 *   299      35          35                17             17                8              8             1 */
#include "models/builder.h"

/* ---- 35x35 (Figure 5), and its reduction (Figure 10) -------------------------------------------------------------------- */

static clade_tensor block_5(models_builder *b, const char *name, clade_tensor x, int32_t pool_projection) {
    const models_block block = {{
        {.name = "branch1x1", .layers = {CONV(64, 1, 1)}},
        {.name = "branch5x5_", .layers = {CONV(48, 1, 1), CONV(64, 5, 5)}},
        {.name = "branch3x3dbl_", .layers = {CONV(64, 1, 1), CONV(96, 3, 3), CONV(96, 3, 3)}},
        {.name = "pool", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME_COUNTED)}},
        {.name = "branch_pool", .from = "pool", .layers = {CONV(pool_projection, 1, 1)}},
    }};
    return models_branches(b, name, x, &block);
}

static const models_block mixed_6a = {{
    {.name = "branch3x3", .layers = {CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch3x3dbl_", .layers = {CONV(64, 1, 1), CONV(96, 3, 3), CONV_VALID(96, 3, 3, 2)}},
    {.name = "branch_pool", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

/* ---- 17x17 (Figure 6, n = 7; n is the width of the factorised convolutions), and its reduction ----------------------------- */

static clade_tensor block_6(models_builder *b, const char *name, clade_tensor x, int32_t n) {
    const models_block block = {{
        {.name = "branch1x1", .layers = {CONV(192, 1, 1)}},
        {.name = "branch7x7_", .layers = {CONV(n, 1, 1), CONV(n, 1, 7), CONV(192, 7, 1)}},
        {.name = "branch7x7dbl_",
         .layers = {CONV(n, 1, 1), CONV(n, 7, 1), CONV(n, 1, 7), CONV(n, 7, 1), CONV(192, 1, 7)}},
        {.name = "pool", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME_COUNTED)}},
        {.name = "branch_pool", .from = "pool", .layers = {CONV(192, 1, 1)}},
    }};
    return models_branches(b, name, x, &block);
}

static const models_block mixed_7a = {{
    {.name = "branch3x3_", .layers = {CONV(192, 1, 1), CONV_VALID(320, 3, 3, 2)}},
    {.name = "branch7x7x3_", .layers = {CONV(192, 1, 1), CONV(192, 1, 7), CONV(192, 7, 1), CONV_VALID(192, 3, 3, 2)}},
    {.name = "branch_pool", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

/* ---- 8x8 (Figure 7): two of its branches fork at their end --------------------------------------------------------------- */

static const models_block block_7 = {{
    {.name = "branch1x1", .layers = {CONV(320, 1, 1)}},
    {.name = "branch3x3_1", .layers = {CONV(384, 1, 1)}},
    {.name = "branch3x3_2a", .from = "branch3x3_1", .layers = {CONV(384, 1, 3)}},
    {.name = "branch3x3_2b", .from = "branch3x3_1", .layers = {CONV(384, 3, 1)}},
    {.name = "branch3x3dbl_", .layers = {CONV(448, 1, 1), CONV(384, 3, 3)}},
    {.name = "branch3x3dbl_3a", .from = "branch3x3dbl_", .layers = {CONV(384, 1, 3)}},
    {.name = "branch3x3dbl_3b", .from = "branch3x3dbl_", .layers = {CONV(384, 3, 1)}},
    {.name = "pool", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME_COUNTED)}},
    {.name = "branch_pool", .from = "pool", .layers = {CONV(192, 1, 1)}},
}};

/* ---- The whole (Table 1) --------------------------------------------------------------------------------------------------- */

static clade_tensor stem(models_builder *b, clade_tensor x) {
    const models_layer pool = MAX_POOL(3, 2, MODELS_VALID);

    x = models_unit(b, "Conv2d_1a_3x3", x, (models_layer)CONV_VALID(32, 3, 3, 2));
    x = models_unit(b, "Conv2d_2a_3x3", x, (models_layer)CONV_VALID(32, 3, 3, 1));
    x = models_unit(b, "Conv2d_2b_3x3", x, (models_layer)CONV(64, 3, 3));
    x = models_pool(b, "maxpool1", x, pool);
    x = models_unit(b, "Conv2d_3b_1x1", x, (models_layer)CONV(80, 1, 1));
    x = models_unit(b, "Conv2d_4a_3x3", x, (models_layer)CONV_VALID(192, 3, 3, 1));
    return models_pool(b, "maxpool2", x, pool);
}

/* The auxiliary classifier (Figure 8), which is there to train the layers before it. */
static void add_auxiliary(models_builder *b, clade_tensor x) {
    if (!b->settings.auxiliary) return;
    x = models_pool(b, "AuxLogits.pool", x, (models_layer)AVERAGE_POOL(5, 3, MODELS_VALID));
    x = models_unit(b, "AuxLogits.conv0", x, (models_layer)CONV(128, 1, 1));
    x = models_unit(b, "AuxLogits.conv1", x, (models_layer)CONV_VALID(768, 5, 5, 1));
    x = models_global_pool(b, "AuxLogits.avgpool", x);
    x = models_flatten(b, "AuxLogits.flat", x);
    models_add_auxiliary(b, "AuxLogits", models_linear(b, "AuxLogits.fc", x, b->settings.classes));
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    x = stem(b, x);
    x = block_5(b, "Mixed_5b", x, 32);
    x = block_5(b, "Mixed_5c", x, 64);
    x = block_5(b, "Mixed_5d", x, 64);
    x = models_branches(b, "Mixed_6a", x, &mixed_6a);
    x = block_6(b, "Mixed_6b", x, 128);
    x = block_6(b, "Mixed_6c", x, 160);
    x = block_6(b, "Mixed_6d", x, 160);
    x = block_6(b, "Mixed_6e", x, 192);
    add_auxiliary(b, x);
    x = models_branches(b, "Mixed_7a", x, &mixed_7a);
    x = models_branches(b, "Mixed_7b", x, &block_7);
    x = models_branches(b, "Mixed_7c", x, &block_7);
    x = models_global_pool(b, "avgpool", x);
    x = models_dropout(b, "dropout", x, 0.5f);
    x = models_flatten(b, "flat", x);
    return models_linear(b, "fc", x, b->settings.classes);
}

/* torchvision's weights want images with ImageNet's mean and deviation, and the network itself then turns those into 0.5 and 0.5
 * (`transform_input`): here the images come so. */
const models_network models_inception_v3 = {
    .info = {.name = "inception_v3",
             .title = "Inception-v3, 299x299",
             .paper = "Szegedy et al.: Rethinking the Inception Architecture for Computer Vision (arXiv:1512.00567)",
             .names = "torchvision's inception_v3",
             .classes = 1000,
             .preprocess = {.channels = 3,
                            .height = 299,
                            .width = 299,
                            .resize = 342,
                            .mean = {0.5f, 0.5f, 0.5f},
                            .deviation = {0.5f, 0.5f, 0.5f}}},
    .norm_epsilon = MODELS_NORM_EPSILON,
    .body = body,
};
