/* bn_inception.c: BN-Inception, or Inception-v2 (Ioffe, Szegedy: Batch Normalization: Accelerating Deep Network Training by Reducing
 * Internal Covariate Shift, arXiv:1502.03167), Table 1 of the appendix. Blocks 3c and 4e halve the image: they have no 1x1 branch,
 * stride 2 in the last convolution of the others, and a pooling that passes all channels on. Names in torchvision's style.
 *
 *   image - stem - 3a 3b 3c - 4a 4b 4c 4d 4e - 5a 5b - average - classifier
 *   224      28     28    14    14          7    7        1 */
#include "models/builder.h"

/* The two 3x3 that the table calls "double" are in the columns of GoogLeNet's 5x5. */
static const struct {
    const char *name;
    clade_inception_widths widths;
    clade_inception_kind kind;
    bool is_halving;
} rows[] = {
    {"inception3a", {64, 64, 64, 64, 96, 32}, CLADE_INCEPTION_V3, false},
    {"inception3b", {64, 64, 96, 64, 96, 64}, CLADE_INCEPTION_V3, false},
    {"inception3c", {0, 128, 160, 64, 96, 0}, CLADE_INCEPTION_V2, true},
    {"inception4a", {224, 64, 96, 96, 128, 128}, CLADE_INCEPTION_V3, false},
    {"inception4b", {192, 96, 128, 96, 128, 128}, CLADE_INCEPTION_V3, false},
    {"inception4c", {160, 128, 160, 128, 160, 96}, CLADE_INCEPTION_V3, false},
    {"inception4d", {96, 128, 192, 160, 192, 96}, CLADE_INCEPTION_V3, false},
    {"inception4e", {0, 128, 192, 192, 256, 0}, CLADE_INCEPTION_V2, true},
    {"inception5a", {352, 192, 320, 160, 224, 128}, CLADE_INCEPTION_V3, false},
    {"inception5b", {352, 192, 320, 192, 224, 128}, CLADE_INCEPTION_V2, false},
};

static clade_tensor halving(models_builder *b, const char *name, clade_tensor x, clade_inception_widths n) {
    const models_block block = {{
        {.name = "branch2", .layers = {CONV(n.reduce_three, 1, 1), CONV_SAME(n.three, 3, 3, 2)}},
        {.name = "branch3", .layers = {CONV(n.reduce_five, 1, 1), CONV(n.five, 3, 3), CONV_SAME(n.five, 3, 3, 2)}},
        {.name = "branch4", .layers = {MAX_POOL(3, 2, MODELS_SAME)}},
    }};
    return models_branches(b, name, x, &block);
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    const models_layer pool = MAX_POOL(3, 2, MODELS_SAME);
    x = models_unit(b, "conv1", x, (models_layer)CONV_SAME(64, 7, 7, 2));
    x = models_pool(b, "maxpool1", x, pool);
    x = models_unit(b, "conv2", x, (models_layer)CONV(64, 1, 1));
    x = models_unit(b, "conv3", x, (models_layer)CONV(192, 3, 3));
    x = models_pool(b, "maxpool2", x, pool);
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        x = rows[i].is_halving ? halving(b, rows[i].name, x, rows[i].widths)
                               : models_inception(b, rows[i].name, x, rows[i].kind, rows[i].widths, false);
    x = models_flatten(b, "flat", models_global_pool(b, "avgpool", x));
    return models_linear(b, "fc", x, b->settings.classes);
}

const models_network models_bn_inception = {
    .info = {.name = "bn_inception",
             .title = "BN-Inception (Inception v2), 224x224",
             .paper = "Ioffe, Szegedy: Batch Normalization (arXiv:1502.03167)",
             .names = "in torchvision's style",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .norm_epsilon = MODELS_NORM_EPSILON,
    .body = body,
};
