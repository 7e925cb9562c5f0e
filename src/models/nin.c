/* nin.c: Network in Network (Lin, Chen, Yan, arXiv:1312.4400): each convolution is followed by two of 1x1, and the last one has a
 * channel for each class, whose average is the answer. The paper's networks are for small images; this is the authors' for
 * ImageNet, published as `nin_imagenet` in Caffe's Model Zoo, with the names of its layers. */
#include "models/builder.h"

static const struct {
    const char *names[3];
    models_layer first;
    const char *pool;
} stages[] = {
    {{"conv1", "cccp1", "cccp2"}, CONV_VALID(96, 11, 11, 4), "pool0"},
    {{"conv2", "cccp3", "cccp4"}, CONV(256, 5, 5), "pool2"},
    {{"conv3", "cccp5", "cccp6"}, CONV(384, 3, 3), "pool3"},
    {{"conv4-1024", "cccp7-1024", "cccp8-1024"}, CONV(1024, 3, 3), NULL},
};

static clade_tensor body(models_builder *b, clade_tensor x) {
    const models_layer pool = MAX_POOL(3, 2, MODELS_CEIL);
    for (size_t i = 0; i < BASE_COUNT(stages); i++) {
        const bool last = !stages[i].pool;
        if (last) x = models_dropout(b, "drop", x, 0.5f);
        for (size_t k = 0; k < BASE_COUNT(stages[i].names); k++) {
            const int32_t width = last && k == 2 ? b->settings.classes : stages[i].first.channels;
            const models_layer mixing = CONV(width, 1, 1);
            char relu[MODELS_NAME_SIZE];
            x = models_conv(b, stages[i].names[k], x, k == 0 ? stages[i].first : mixing);
            x = models_activation(b, models_join(b, relu, stages[i].names[k], "relu"), x, CLADE_RELU);
        }
        if (!last) x = models_pool(b, stages[i].pool, x, pool);
    }
    return models_flatten(b, "flat", models_global_pool(b, "pool4", x));
}

const models_network models_nin = {
    .info = {.name = "nin",
             .title = "Network in Network, 224x224",
             .paper = "Lin, Chen, Yan: Network in Network (arXiv:1312.4400)",
             .names = "nin_imagenet of Caffe's Model Zoo",
             .classes = 1000,
             .preprocess = MODELS_IMAGENET},
    .body = body,
};
