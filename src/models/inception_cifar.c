/* inception_cifar.c: Inception-v4 and Inception-ResNet-v2 (Szegedy, Ioffe, Vanhoucke, Alemi, arXiv:1602.07261) for images of
 * 32x32: the stem keeps the size, and so 30x30 pixels come to the first block. Names, and what differs from the paper, are those of
 * the popular networks for CIFAR-100 in PyTorch (github.com/weiaicunzai/pytorch-cifar100, models/inceptionv4.py): averages count
 * the padding; a residual block is relu(bn(shortcut(x) + scale * reduction1x1(branches))); B is 1154 channels wide; and the
 * shortcut of C is spelled `shorcut` in every checkpoint.
 *
 *   image - stem - A ... - reduction - B ... - reduction - C ... - average - classifier
 *   32       30     30        14        14      7 or 6      7 or 6    1 */
#include "models/builder.h"

#include <stdio.h>

/* ---- The stem (Figure 3 without its strides) ------------------------------------------------------------------------------------- */

static const models_block stem_first_fork = {{
    {.name = "branch3x3_conv", .layers = {CONV(96, 3, 3)}},
    {.name = "branch3x3_pool", .layers = {MAX_POOL(3, 1, MODELS_SAME)}},
}};

static const models_block stem_second_fork = {{
    {.name = "branch7x7a", .layers = {CONV(64, 1, 1), CONV(64, 7, 1), CONV(64, 1, 7), CONV(96, 3, 3)}},
    {.name = "branch7x7b", .layers = {CONV(64, 1, 1), CONV(96, 3, 3)}},
}};

static const models_block stem_third_fork = {{
    {.name = "branchpoola", .layers = {MAX_POOL(3, 1, MODELS_SAME)}},
    {.name = "branchpoolb", .layers = {CONV(192, 3, 3)}},
}};

static clade_tensor stem(models_builder *b, clade_tensor x) {
    x = models_unit(b, "stem.conv1.0", x, (models_layer)CONV_VALID(32, 3, 3, 1));
    x = models_unit(b, "stem.conv1.1", x, (models_layer)CONV(32, 3, 3));
    x = models_unit(b, "stem.conv1.2", x, (models_layer)CONV(64, 3, 3));
    x = models_fork(b, "stem", "stem.branch3x3", x, &stem_first_fork);
    x = models_fork(b, "stem", "stem.branch7x7", x, &stem_second_fork);
    return models_branches(b, "stem", x, &stem_third_fork);
}

/* ---- Inception-v4 (Figures 4 to 8). Checkpoints have the branches in another order than the concat ------------------------------ */

static const models_block inception_a = {{
    {.name = "branch3x3stack", .layers = {CONV(64, 1, 1), CONV(96, 3, 3), CONV(96, 3, 3)}},
    {.name = "branch3x3", .layers = {CONV(64, 1, 1), CONV(96, 3, 3)}},
    {.name = "branch1x1", .layers = {CONV(96, 1, 1)}},
    {.name = "branchpool", .layers = {AVERAGE_POOL(3, 1, MODELS_SAME_COUNTED), CONV(96, 1, 1)}},
}};

static const models_block reduction_a = {{
    {.name = "branch3x3stack", .layers = {CONV(192, 1, 1), CONV(224, 3, 3), CONV_VALID(256, 3, 3, 2)}},
    {.name = "branch3x3", .layers = {CONV_VALID(384, 3, 3, 2)}},
    {.name = "branchpool", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

static const models_block inception_b = {{
    {.name = "branch7x7stack",
     .place = 3,
     .layers = {CONV(192, 1, 1), CONV(192, 1, 7), CONV(224, 7, 1), CONV(224, 1, 7), CONV(256, 7, 1)}},
    {.name = "branch7x7", .place = 2, .layers = {CONV(192, 1, 1), CONV(224, 1, 7), CONV(256, 7, 1)}},
    {.name = "branch1x1", .place = 1, .layers = {CONV(384, 1, 1)}},
    {.name = "branchpool", .place = 4, .layers = {AVERAGE_POOL(3, 1, MODELS_SAME_COUNTED), CONV(128, 1, 1)}},
}};

static const models_block reduction_b = {{
    {.name = "branch7x7",
     .place = 2,
     .layers = {CONV(256, 1, 1), CONV(256, 1, 7), CONV(320, 7, 1), CONV_SAME(320, 3, 3, 2)}},
    {.name = "branch3x3", .place = 1, .layers = {CONV(192, 1, 1), CONV_SAME(192, 3, 3, 2)}},
    {.name = "branchpool", .place = 3, .layers = {MAX_POOL(3, 2, MODELS_SAME)}},
}};

static const models_block inception_c = {{
    {.name = "branch3x3stack", .layers = {CONV(384, 1, 1), CONV(448, 1, 3), CONV(512, 3, 1)}},
    {.name = "branch3x3stacka", .from = "branch3x3stack", .place = 4, .layers = {CONV(256, 1, 3)}},
    {.name = "branch3x3stackb", .from = "branch3x3stack", .place = 5, .layers = {CONV(256, 3, 1)}},
    {.name = "branch3x3", .layers = {CONV(384, 1, 1)}},
    {.name = "branch3x3a", .from = "branch3x3", .place = 2, .layers = {CONV(256, 3, 1)}},
    {.name = "branch3x3b", .from = "branch3x3", .place = 3, .layers = {CONV(256, 1, 3)}},
    {.name = "branch1x1", .place = 1, .layers = {CONV(256, 1, 1)}},
    {.name = "branchpool", .place = 6, .layers = {AVERAGE_POOL(3, 1, MODELS_SAME_COUNTED), CONV(256, 1, 1)}},
}};

/* ---- Inception-ResNet-v2 (Figures 7, and 16 to 19) ---------------------------------------------------------------------------------- */

static const models_block residual_a = {{
    {.name = "branch3x3stack", .place = 3, .layers = {CONV(32, 1, 1), CONV(48, 3, 3), CONV(64, 3, 3)}},
    {.name = "branch3x3", .place = 2, .layers = {CONV(32, 1, 1), CONV(32, 3, 3)}},
    {.name = "branch1x1", .place = 1, .layers = {CONV(32, 1, 1)}},
}};

static const models_block residual_reduction_a = {{
    {.name = "branch3x3stack", .layers = {CONV(256, 1, 1), CONV(256, 3, 3), CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch3x3", .layers = {CONV_VALID(384, 3, 3, 2)}},
    {.name = "branchpool", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

static const models_block residual_b = {{
    {.name = "branch7x7", .place = 2, .layers = {CONV(128, 1, 1), CONV(160, 1, 7), CONV(192, 7, 1)}},
    {.name = "branch1x1", .place = 1, .layers = {CONV(192, 1, 1)}},
}};

static const models_block residual_reduction_b = {{
    {.name = "branch3x3a", .layers = {CONV(256, 1, 1), CONV_VALID(384, 3, 3, 2)}},
    {.name = "branch3x3b", .layers = {CONV(256, 1, 1), CONV_VALID(288, 3, 3, 2)}},
    {.name = "branch3x3stack", .layers = {CONV(256, 1, 1), CONV(288, 3, 3), CONV_VALID(320, 3, 3, 2)}},
    {.name = "branchpool", .layers = {MAX_POOL(3, 2, MODELS_VALID)}},
}};

static const models_block residual_c = {{
    {.name = "branch3x3", .place = 2, .layers = {CONV(192, 1, 1), CONV(224, 1, 3), CONV(256, 3, 1)}},
    {.name = "branch1x1", .place = 1, .layers = {CONV(192, 1, 1)}},
}};

/* ---- The wholes ---------------------------------------------------------------------------------------------------------------------- */

/* What a stage is made of: blocks STAGE.LETTER_0, STAGE.LETTER_1, ... or, without letters, one block STAGE. */
typedef struct stage {
    const char *name, *letters;
    const models_block *block;
    int repeats;
    int32_t channels; /* of a residual block; 0: it is none */
    float scale;
    const char *shortcut;
} stage;

static const stage inception_v4[] = {
    {"inception_a", "InceptionA", &inception_a, 4, 0, 0.0f, NULL},
    {"reduction_a", NULL, &reduction_a, 1, 0, 0.0f, NULL},
    {"inception_b", "InceptionB", &inception_b, 7, 0, 0.0f, NULL},
    {"reduction_b", NULL, &reduction_b, 1, 0, 0.0f, NULL},
    {"inception_c", "InceptionC", &inception_c, 3, 0, 0.0f, NULL},
    {0},
};

static const stage inception_resnet_v2[] = {
    {"inception_resnet_a", "InceptionResNetA", &residual_a, 5, 384, 1.0f, "shortcut"},
    {"reduction_a", NULL, &residual_reduction_a, 1, 0, 0.0f, NULL},
    {"inception_resnet_b", "InceptionResNetB", &residual_b, 10, 1154, 0.1f, "shortcut"},
    {"reduction_b", NULL, &residual_reduction_b, 1, 0, 0.0f, NULL},
    {"inception_resnet_c", "InceptionResNetC", &residual_c, 5, 2048, 0.1f, "shorcut"},
    {0},
};

static clade_tensor residual(models_builder *b, const char *name, const char *result, clade_tensor x, const stage *s) {
    const models_layer projection = CONV(s->channels, 1, 1);
    char part[MODELS_NAME_SIZE];
    clade_tensor y = models_fork(b, name, models_join(b, part, name, "mixed"), x, s->block);
    y = models_conv(b, models_join(b, part, name, "reduction1x1"), y, projection);
    y = models_scale(b, models_join(b, part, name, "scale"), y, s->scale);
    x = models_conv(b, models_join(b, part, name, s->shortcut), x, projection);
    y = models_sum(b, models_join(b, part, name, "sum"), x, y, CLADE_ACTIVATION_NONE);
    return models_activation(b, result, models_batch_norm(b, models_join(b, part, name, "bn"), y), CLADE_RELU);
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    x = stem(b, x);
    for (const stage *s = b->variant; s->name; s++)
        for (int i = 0; i < s->repeats; i++) {
            char name[MODELS_NAME_SIZE];
            if (s->letters)
                snprintf(name, sizeof name, "%s.%s_%d", s->name, s->letters, i);
            else
                snprintf(name, sizeof name, "%s", s->name);
            const char *result = i + 1 < s->repeats ? name : s->name;
            x = s->channels ? residual(b, name, result, x, s) : models_fork(b, name, result, x, s->block);
        }
    x = models_flatten(b, "flat", models_global_pool(b, "avgpool", x));
    return models_linear(b, "linear", x, b->settings.classes);
}

#define PAPER                                                                                                          \
    "Szegedy et al.: Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning "               \
    "(arXiv:1602.07261)"
#define NAMES "pytorch-cifar100's inceptionv4.py"
#define CIFAR_100                                                                                                      \
    {                                                                                                                  \
        .channels = 3, .height = 32, .width = 32, .mean = {0.5071f, 0.4866f, 0.4409f}, .deviation = {                  \
            0.2673f,                                                                                                   \
            0.2564f,                                                                                                   \
            0.2762f                                                                                                    \
        }                                                                                                              \
    }

const models_network models_inception_v4_cifar = {
    .info = {.name = "inception_v4_cifar",
             .title = "Inception-v4 for small images, 32x32",
             .paper = PAPER,
             .names = NAMES,
             .classes = 100,
             .preprocess = CIFAR_100},
    .norm_epsilon = 1e-5f,
    .variant = inception_v4,
    .body = body,
};

const models_network models_inception_resnet_v2_cifar = {
    .info = {.name = "inception_resnet_v2_cifar",
             .title = "Inception-ResNet-v2 for small images, 32x32",
             .paper = PAPER,
             .names = NAMES,
             .classes = 100,
             .preprocess = CIFAR_100},
    .norm_epsilon = 1e-5f,
    .variant = inception_resnet_v2,
    .body = body,
};
