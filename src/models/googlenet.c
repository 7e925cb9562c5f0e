/* googlenet.c: GoogLeNet (Szegedy et al.: Going Deeper with Convolutions, arXiv:1409.4842), and its relatives as settings of it.
 *
 *   image - stem - 3a 3b - pool - 4a 4b 4c 4d 4e - pool - 5a 5b - average - classifier
 *   224      28     28       14        14            7      7       1                     (Table 1) */
#include "models/builder.h"

#include "rt/context.h"

/* The columns of Table 1. */
static const struct {
    const char *name;
    clade_inception_widths widths;
    const char *pool;      /* behind the block */
    const char *auxiliary; /* a classifier that reads the block */
} rows[CLADE_GOOGLENET_BLOCKS] = {
    {"inception3a", {64, 96, 128, 16, 32, 32}, NULL, NULL},
    {"inception3b", {128, 128, 192, 32, 96, 64}, "maxpool3", NULL},
    {"inception4a", {192, 96, 208, 16, 48, 64}, NULL, "aux1"},
    {"inception4b", {160, 112, 224, 24, 64, 64}, NULL, NULL},
    {"inception4c", {128, 128, 256, 24, 64, 64}, NULL, NULL},
    {"inception4d", {112, 144, 288, 32, 64, 64}, NULL, "aux2"},
    {"inception4e", {256, 160, 320, 32, 128, 128}, "maxpool4", NULL},
    {"inception5a", {256, 160, 320, 32, 128, 128}, NULL, NULL},
    {"inception5b", {384, 192, 384, 48, 128, 128}, NULL, NULL},
};

enum { BLOCK_4E = 6, BLOCK_5B = 8 };

static int32_t or_published(int32_t asked, int32_t published) { return asked ? asked : published; }

static clade_inception_widths widths_of(const clade_googlenet_settings *s, size_t row) {
    const clade_inception_widths *asked = &s->widths[row], *published = &rows[row].widths;
    return (clade_inception_widths){
        or_published(asked->one, published->one),     or_published(asked->reduce_three, published->reduce_three),
        or_published(asked->three, published->three), or_published(asked->reduce_five, published->reduce_five),
        or_published(asked->five, published->five),   or_published(asked->pool_projection, published->pool_projection)};
}

static models_layer pool_of(const clade_googlenet_settings *s) {
    static const models_padding paddings[] = {
        [CLADE_POOLING_CEIL] = MODELS_CEIL, [CLADE_POOLING_PADDED] = MODELS_SAME, [CLADE_POOLING_VALID] = MODELS_VALID};
    return (models_layer)MAX_POOL(3, 2, paddings[s->pooling]);
}

static clade_tensor stem(models_builder *b, clade_tensor x, const clade_googlenet_settings *s) {
    const bool small = s->stem == CLADE_STEM_SMALL;
    const models_layer first = CONV_SAME(64, 7, 7, 2), small_first = CONV(64, 3, 3);

    x = models_unit(b, "conv1", x, small ? small_first : first);
    if (!small) x = models_pool(b, "maxpool1", x, pool_of(s));
    if (!s->no_lrn) x = models_lrn(b, "lrn1", x);
    if (s->stem == CLADE_STEM_PUBLISHED) x = models_unit(b, "conv2", x, (models_layer)CONV(64, 1, 1));
    x = models_unit(b, "conv3", x, (models_layer)CONV(192, 3, 3));
    if (!s->no_lrn) x = models_lrn(b, "lrn2", x);
    return small ? x : models_pool(b, "maxpool2", x, pool_of(s));
}

/* A classifier on the way, which gives the layers before it a gradient of their own (section 5). */
static clade_tensor auxiliary(models_builder *b, const char *name, clade_tensor x) {
    char part[MODELS_NAME_SIZE];
    x = models_adaptive_pool(b, models_join(b, part, name, "avgpool"), x, 4);
    x = models_unit(b, models_join(b, part, name, "conv"), x, (models_layer)CONV(128, 1, 1));
    x = models_flatten(b, models_join(b, part, name, "flat"), x);
    x = models_linear(b, models_join(b, part, name, "fc1"), x, 1024);
    x = models_activation(b, models_join(b, part, name, "relu"), x, CLADE_RELU);
    x = models_dropout(b, models_join(b, part, name, "dropout"), x, 0.7f);
    return models_linear(b, models_join(b, part, name, "fc2"), x, b->settings.classes);
}

static clade_tensor body(models_builder *b, clade_tensor x) {
    const clade_googlenet_settings *s = b->variant;
    clade_tensor read[CLADE_GOOGLENET_BLOCKS];
    x = stem(b, x, s);
    for (size_t i = 0; i < CLADE_GOOGLENET_BLOCKS; i++) {
        models_layer pool = pool_of(s);
        if (i == BLOCK_4E && s->last_pool) pool.kernel[0] = pool.kernel[1] = s->last_pool;
        x = read[i] = models_inception(b, rows[i].name, x, s->kind, widths_of(s, i), s->residual);
        if (rows[i].pool) x = models_pool(b, rows[i].pool, x, pool);
    }
    for (size_t i = 0; b->settings.auxiliary && i < CLADE_GOOGLENET_BLOCKS; i++)
        if (rows[i].auxiliary) models_add_auxiliary(b, rows[i].auxiliary, auxiliary(b, rows[i].auxiliary, read[i]));
    x = models_flatten(b, "flat", models_global_pool(b, "avgpool", x));
    if (s->dropout >= 0.0f) x = models_dropout(b, "dropout", x, s->dropout > 0.0f ? s->dropout : 0.4f);
    return models_linear(b, "fc", x, b->settings.classes);
}

/* ---- The relatives that have a name of their own ------------------------------------------------------------------------- */

static const clade_googlenet_settings published = {0};

static const clade_googlenet_settings d2l = {.no_lrn = true, .pooling = CLADE_POOLING_PADDED, .dropout = -1.0f};

/* The 6,951,502 parameters that a public tutorial prints come of 182 instead of 192 in the last block. */
static const clade_googlenet_settings tutorial_256 = {.no_lrn = true,
                                                      .stem = CLADE_STEM_SHORT,
                                                      .pooling = CLADE_POOLING_VALID,
                                                      .dropout = -1.0f,
                                                      .widths = {[BLOCK_5B] = {.reduce_three = 182}}};

static const clade_googlenet_settings torchvision = {
    .kind = CLADE_INCEPTION_V1_NARROW, .batch_norm = true, .no_lrn = true, .last_pool = 2, .dropout = 0.2f};

#define PAPER "Szegedy et al.: Going Deeper with Convolutions (arXiv:1409.4842)"

/* The paper subtracts the mean of the training images. The mean and deviation here are torchvision's for ImageNet, as are
 * the tensors' names, because that is how the weights one can get today were trained. */
const models_network models_googlenet = {
    .info = {.name = "googlenet",
             .title = "GoogLeNet (Inception v1) with local response normalisation, 224x224",
             .paper = PAPER,
             .names = "in torchvision's style",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .variant = &published,
    .body = body,
};

const models_network models_googlenet_d2l = {
    .info = {.name = "googlenet_d2l",
             .title = "GoogLeNet without normalisation for small images, 96x96 grey",
             .paper = "Zhang, Lipton, Li, Smola: Dive into Deep Learning, section 8.4 (arXiv:2106.11342)",
             .names = "in torchvision's style",
             .classes = 10,
             .preprocess = {.channels = 1, .height = 96, .width = 96, .no_antialias = true}},
    .variant = &d2l,
    .body = body,
};

const models_network models_googlenet_256 = {
    .info = {.name = "googlenet_256",
             .title = "GoogLeNet as tutorials have it, without 1x1 in the stem, 256x256",
             .paper = PAPER,
             .names = "in torchvision's style",
             .classes = 1000,
             .preprocess = {.channels = 3, .height = 256, .width = 256}},
    .variant = &tutorial_256,
    .body = body,
};

/* torchvision's weights want the images of Inception-v3: see there. */
const models_network models_googlenet_bn = {
    .info = {.name = "googlenet_bn",
             .title = "GoogLeNet with batch norm and 3x3 for 5x5, 224x224",
             .paper = PAPER,
             .names = "torchvision's googlenet",
             .classes = 1000,
             .preprocess = {.channels = 3,
                            .height = 224,
                            .width = 224,
                            .resize = 256,
                            .mean = {0.5f, 0.5f, 0.5f},
                            .deviation = {0.5f, 0.5f, 0.5f}}},
    .norm_epsilon = MODELS_NORM_EPSILON,
    .variant = &torchvision,
    .body = body,
};

/* ---- Settings of one's own -------------------------------------------------------------------------------------------------- */

static clade_status check(clade_context *context, const clade_googlenet_settings *s) {
    const struct {
        const char *name;
        int32_t value, most;
    } choices[] = {{"stem", (int32_t)s->stem, CLADE_STEM_SMALL},
                   {"pooling", (int32_t)s->pooling, CLADE_POOLING_VALID},
                   {"last_pool", s->last_pool, 3}};
    for (size_t i = 0; i < BASE_COUNT(choices); i++)
        if (choices[i].value < 0 || choices[i].value > choices[i].most)
            return base_fail(context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to build googlenet with %s %d: it is from 0 to %d", choices[i].name,
                             (int)choices[i].value, (int)choices[i].most);
    for (size_t i = 0; i < BASE_COUNT(s->reserved); i++)
        if (s->reserved[i] != 0)
            return base_fail(context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to build googlenet with reserved[%zu] set: reserved fields are zero", i);
    for (size_t i = 0; i < CLADE_GOOGLENET_BLOCKS; i++) {
        const clade_inception_widths widths = widths_of(s, i);
        FORWARD(models_check_inception(context, rows[i].name, s->kind, &widths));
    }
    return CLADE_OK;
}

clade_status clade_googlenet_create(clade_context *context, const clade_googlenet_settings *settings,
                                    clade_graph **graph_out) {
    RETURN_IF(!graph_out, CLADE_ERROR_INVALID_ARGUMENT);
    *graph_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    const clade_googlenet_settings *asked = settings ? settings : &published;
    FORWARD(check(context, asked));
    models_network network = models_googlenet;
    network.norm_epsilon = asked->batch_norm ? MODELS_NORM_EPSILON : 0.0f;
    network.keep_bias = asked->keep_bias;
    network.variant = asked;
    return models_build(context, &network, &asked->model, graph_out);
}
