/* googlenet.c: GoogLeNet (Szegedy et al.: Going Deeper with Convolutions, arXiv:1409.4842) for inference, that is without
 * the auxiliary classifiers; and its little brother for 96x96 grey images from "Dive into Deep Learning".
 *
 *   inception(x):    1x1 ---------------.
 *                    1x1 ---- 3x3 ------+-- concat
 *                    1x1 ---- 5x5 ------+
 *                    max pool 3x3 - 1x1 '                        (Figure 2b) */
#include "models/builder.h"

/* The columns of the paper's Table 1. */
typedef struct inception_widths {
    int32_t one, reduce_three, three, reduce_five, five, pool_projection;
} inception_widths;

static clade_tensor inception(models_builder *b, const char *name, clade_tensor x, inception_widths n) {
    const models_block block = {{
        {.name = "branch1", .layers = {CONV(n.one, 1, 1)}},
        {.name = "branch2", .layers = {CONV(n.reduce_three, 1, 1), CONV(n.three, 3, 3)}},
        {.name = "branch3", .layers = {CONV(n.reduce_five, 1, 1), CONV(n.five, 5, 5)}},
        {.name = "branch4", .layers = {MAX_POOL(3, 1, MODELS_SAME), CONV(n.pool_projection, 1, 1)}},
    }};
    return models_branches(b, name, x, &block);
}

/* Rows "inception (3a)" to "inception (5b)" of Table 1, with the poolings between them. */
static clade_tensor inceptions(models_builder *b, clade_tensor x, models_layer pool) {
    x = inception(b, "inception3a", x, (inception_widths){64, 96, 128, 16, 32, 32});
    x = inception(b, "inception3b", x, (inception_widths){128, 128, 192, 32, 96, 64});
    x = models_pool(b, "maxpool3", x, pool);
    x = inception(b, "inception4a", x, (inception_widths){192, 96, 208, 16, 48, 64});
    x = inception(b, "inception4b", x, (inception_widths){160, 112, 224, 24, 64, 64});
    x = inception(b, "inception4c", x, (inception_widths){128, 128, 256, 24, 64, 64});
    x = inception(b, "inception4d", x, (inception_widths){112, 144, 288, 32, 64, 64});
    x = inception(b, "inception4e", x, (inception_widths){256, 160, 320, 32, 128, 128});
    x = models_pool(b, "maxpool4", x, pool);
    x = inception(b, "inception5a", x, (inception_widths){256, 160, 320, 32, 128, 128});
    return inception(b, "inception5b", x, (inception_widths){384, 192, 384, 48, 128, 128});
}

static clade_tensor published_body(models_builder *b, clade_tensor x) {
    const models_layer pool = MAX_POOL(3, 2, MODELS_CEIL);

    x = models_unit(b, "conv1", x, (models_layer)CONV_SAME(64, 7, 7, 2));
    x = models_pool(b, "maxpool1", x, pool);
    x = models_lrn(b, "lrn1", x);
    x = models_unit(b, "conv2", x, (models_layer)CONV(64, 1, 1));
    x = models_unit(b, "conv3", x, (models_layer)CONV(192, 3, 3));
    x = models_lrn(b, "lrn2", x);
    x = models_pool(b, "maxpool2", x, pool);
    x = inceptions(b, x, pool);
    x = models_global_pool(b, "avgpool", x);
    x = models_flatten(b, "flat", x);
    x = models_dropout(b, "dropout", x, 0.4f);
    return models_linear(b, "fc", x, b->settings.classes);
}

static clade_tensor d2l_body(models_builder *b, clade_tensor x) {
    const models_layer pool = MAX_POOL(3, 2, MODELS_SAME);

    x = models_unit(b, "conv1", x, (models_layer)CONV_SAME(64, 7, 7, 2));
    x = models_pool(b, "maxpool1", x, pool);
    x = models_unit(b, "conv2", x, (models_layer)CONV(64, 1, 1));
    x = models_unit(b, "conv3", x, (models_layer)CONV(192, 3, 3));
    x = models_pool(b, "maxpool2", x, pool);
    x = inceptions(b, x, pool);
    x = models_global_pool(b, "avgpool", x);
    x = models_flatten(b, "flat", x);
    return models_linear(b, "fc", x, b->settings.classes);
}

/* The paper subtracts the mean of the training images. The mean and deviation here are torchvision's for ImageNet, as are
 * the tensors' names, because that is how the weights one can get today were trained. */
const models_network models_googlenet = {
    .info = {.name = "googlenet",
             .title = "GoogLeNet (Inception v1) with local response normalisation, 224x224",
             .paper = "Szegedy et al.: Going Deeper with Convolutions (arXiv:1409.4842)",
             .classes = 1000,
             .preprocess = {.channels = 3,
                            .height = 224,
                            .width = 224,
                            .resize = 256,
                            .mean = {0.485f, 0.456f, 0.406f},
                            .deviation = {0.229f, 0.224f, 0.225f}}},
    .body = published_body,
};

const models_network models_googlenet_d2l = {
    .info = {.name = "googlenet_d2l",
             .title = "GoogLeNet without normalisation for small images, 96x96 grey",
             .paper = "Zhang, Lipton, Li, Smola: Dive into Deep Learning, section 8.4 (arXiv:2106.11342)",
             .classes = 10,
             .preprocess = {.channels = 1, .height = 96, .width = 96, .no_antialias = true}},
    .body = d2l_body,
};

clade_status clade_model_googlenet(clade_context *context, const clade_model_settings *settings,
                                   clade_graph **graph_out) {
    return models_build(context, &models_googlenet, settings, graph_out);
}

clade_status clade_model_googlenet_d2l(clade_context *context, const clade_model_settings *settings,
                                       clade_graph **graph_out) {
    return models_build(context, &models_googlenet_d2l, settings, graph_out);
}
