/* inception_v4.c: Inception-v4 (Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the Impact of
 * Residual Connections on Learning, arXiv:1602.07261). The numbers of the figures are the paper's; CONV_VALID is what they
 * mark with a V. Names, and where the figures leave it open the order of things, are those of timm's `inception_v4`.
 *
 *   image - stem - 4 x Inception-A - Reduction-A - 7 x Inception-B - Reduction-B - 3 x Inception-C - pool - classifier
 *   299      35          35              17              17               8              8             1      (Figure 9) */
#include "models/builder.h"

#include <stdio.h>

/* ---- The stem (Figure 3) ---------------------------------------------------------------------------------------------- */

static clade_tensor stem_start(models_builder *b, clade_tensor x) {
    x = models_unit(b, "features.0", x, (models_layer)CONV_VALID(32, 3, 3, 2));
    x = models_unit(b, "features.1", x, (models_layer)CONV_VALID(32, 3, 3, 1));
    return models_unit(b, "features.2", x, (models_layer)CONV(64, 3, 3));
}

static const models_block stem_first_fork = {{
    {.name = "maxpool", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
    {.name = "conv", .layers = {CONV_VALID(96, 3, 3, 2)}},
}};

static const models_block stem_second_fork = {{
    {.name = "branch0", .layers = {CONV(64, 1, 1), CONV_VALID(96, 3, 3, 1)}},
    {.name = "branch1", .layers = {CONV(64, 1, 1), CONV(64, 1, 7), CONV(64, 7, 1), CONV_VALID(96, 3, 3, 1)}},
}};

static const models_block stem_third_fork = {{
    {.name = "conv", .layers = {CONV_VALID(192, 3, 3, 2)}},
    {.name = "maxpool", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

/* ---- Inception-A, 35x35 (Figure 4), and its reduction (Figure 7, k l m n = 192 224 256 384) ------------------------------ */

static const models_block inception_a = {{
    {.name = "branch0", .layers = {CONV(96, 1, 1)}},
    {.name = "branch1", .layers = {CONV(64, 1, 1), CONV(96, 3, 3)}},
    {.name = "branch2", .layers = {CONV(64, 1, 1), CONV(96, 3, 3), CONV(96, 3, 3)}},
    {.name = "branch3", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME), CONV(96, 1, 1)}},
}};

static const models_block reduction_a = {{
    {.name = "branch0", .layers = {CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch1", .layers = {CONV(192, 1, 1), CONV(224, 3, 3), CONV_VALID(256, 3, 3, 2)}},
    {.name = "branch2", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

/* ---- Inception-B, 17x17 (Figure 5), and its reduction (Figure 8) --------------------------------------------------------- */

static const models_block inception_b = {{
    {.name = "branch0", .layers = {CONV(384, 1, 1)}},
    {.name = "branch1", .layers = {CONV(192, 1, 1), CONV(224, 1, 7), CONV(256, 7, 1)}},
    {.name = "branch2",
     .layers = {CONV(192, 1, 1), CONV(192, 7, 1), CONV(224, 1, 7), CONV(224, 7, 1), CONV(256, 1, 7)}},
    {.name = "branch3", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME), CONV(128, 1, 1)}},
}};

static const models_block reduction_b = {{
    {.name = "branch0", .layers = {CONV(192, 1, 1), CONV_VALID(192, 3, 3, 2)}},
    {.name = "branch1", .layers = {CONV(256, 1, 1), CONV(256, 1, 7), CONV(320, 7, 1), CONV_VALID(320, 3, 3, 2)}},
    {.name = "branch2", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

/* ---- Inception-C, 8x8 (Figure 6): two of its branches fork at their end ---------------------------------------------------- */

static const models_block inception_c = {{
    {.name = "branch0", .layers = {CONV(256, 1, 1)}},
    {.name = "branch1_0", .layers = {CONV(384, 1, 1)}},
    {.name = "branch1_1a", .from = "branch1_0", .layers = {CONV(256, 1, 3)}},
    {.name = "branch1_1b", .from = "branch1_0", .layers = {CONV(256, 3, 1)}},
    {.name = "branch2_0", .layers = {CONV(384, 1, 1)}},
    {.name = "branch2_1", .from = "branch2_0", .layers = {CONV(448, 3, 1)}},
    {.name = "branch2_2", .from = "branch2_1", .layers = {CONV(512, 1, 3)}},
    {.name = "branch2_3a", .from = "branch2_2", .layers = {CONV(256, 1, 3)}},
    {.name = "branch2_3b", .from = "branch2_2", .layers = {CONV(256, 3, 1)}},
    {.name = "branch3", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME), CONV(256, 1, 1)}},
}};

/* ---- The whole (Figure 9) ----------------------------------------------------------------------------------------------- */

static const struct {
    const models_block *block;
    int repeats;
} schema[] = {
    {&stem_first_fork, 1}, {&stem_second_fork, 1}, {&stem_third_fork, 1}, {&inception_a, 4},
    {&reduction_a, 1},     {&inception_b, 7},      {&reduction_b, 1},     {&inception_c, 3},
};

static clade_tensor body(models_builder *b, clade_tensor x) {
    int index = 3; /* in the checkpoint the layers of the stem's start are features.0 to features.2 */
    x = stem_start(b, x);
    for (size_t i = 0; i < BASE_COUNT(schema); i++) {
        for (int repeat = 0; repeat < schema[i].repeats; repeat++) {
            char name[MODELS_NAME_SIZE];
            snprintf(name, sizeof name, "features.%d", index++);
            x = models_branches(b, name, x, schema[i].block);
        }
    }
    x = models_global_pool(b, "global_pool", x);
    x = models_flatten(b, "flat", x);
    x = models_dropout(b, "head_drop", x, 0.2f);
    return models_linear(b, "last_linear", x, b->settings.classes);
}

/* timm shrinks images bicubically; this library does it bilinearly. */
const models_network models_inception_v4 = {
    .info = {.name = "inception_v4",
             .title = "Inception-v4, 299x299",
             .paper =
                 "Szegedy et al.: Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning "
                 "(arXiv:1602.07261)",
             .names = "timm's inception_v4",
             .classes = 1000,
             .preprocess = {.channels = 3,
                            .height = 299,
                            .width = 299,
                            .resize = 341,
                            .mean = {0.5f, 0.5f, 0.5f},
                            .deviation = {0.5f, 0.5f, 0.5f}}},
    .norm_epsilon = MODELS_NORM_EPSILON,
    .body = body,
};
