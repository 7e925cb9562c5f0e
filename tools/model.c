/* model.c: from the word MODEL to a graph. */
#include "model.h"

#include "setting.h"

#include <string.h>

/* One block, [N, C, H, W] -> [N, channels, H, W]. Not in the zoo, since it classifies nothing. */
static const clade_model_info block = {.name = "inception_block",
                                       .title = "one Inception block by itself (GoogLeNet's 3a)",
                                       .paper = "Szegedy et al.: Going Deeper with Convolutions (arXiv:1409.4842)",
                                       .names = "in torchvision's style",
                                       .preprocess = {.channels = 192, .height = 28, .width = 28}};

static const clade_inception_widths block_widths = {64, 96, 128, 16, 32, 32};

const clade_model_info *model_at(size_t index) { return index == clade_model_count() ? &block : clade_model_at(index); }

bool model_is_file(const char *word) {
    const char *ending = strrchr(word, '.');
    return ending && strcmp(ending, ".onnx") == 0;
}

static const clade_model_info *find(const char *name) {
    return strcmp(name, block.name) == 0 ? &block : clade_model_find(name);
}

const clade_model_info *model_published(const tool_model *model) { return find(model->base); }

/* What stands before the colon. A name too long to be a model's is cut off, and still is none. */
static void copy_base(const char *word, char base[MODEL_NAME_SIZE]) {
    const size_t length = strcspn(word, ":");
    const size_t kept = length < MODEL_NAME_SIZE ? length : MODEL_NAME_SIZE - 1;
    memcpy(base, word, kept);
    base[kept] = '\0';
}

bool model_is_known(const char *word) {
    char base[MODEL_NAME_SIZE];
    copy_base(word, base);
    return model_is_file(word) || find(base);
}

/* The image as the settings make it. Another size is cut out of an image resized in proportion; other channels have no
 * published mean. */
static void fit_image(clade_preprocess *image, const clade_model_settings *wanted) {
    const int32_t height = wanted->height ? wanted->height : image->height;
    const int32_t width = wanted->width ? wanted->width : image->width;
    const int64_t smaller = height < width ? height : width;
    const int64_t published = image->height < image->width ? image->height : image->width;
    image->resize = (int32_t)(image->resize * smaller / published);
    image->height = height;
    image->width = width;
    if (wanted->channels == 0 || wanted->channels == image->channels) return;
    image->channels = wanted->channels;
    memset(image->mean, 0, sizeof image->mean);
    memset(image->deviation, 0, sizeof image->deviation);
}

bool model_read(const char *word, tool_console *console, tool_model *model_out) {
    *model_out = (tool_model){.info = {.name = word, .title = "ONNX model", .paper = ""}};
    if (model_is_file(word)) return true;
    copy_base(word, model_out->base);
    if (model_is_file(model_out->base))
        return console_fail(console, "failed to read MODEL '%s': an ONNX file has no settings, but see --shape", word);
    const clade_model_info *info = find(model_out->base);
    if (!info && strpbrk(model_out->base, "./"))
        return console_fail(console,
                            "failed to read MODEL '%s': no model of the zoo is called so, and a file must be an ONNX "
                            "model whose name ends in .onnx (weights are named with -w)",
                            word);
    if (!info) return true; /* the library knows which models there are */
    model_out->info = *info;
    model_out->info.name = word;
    const char *colon = strchr(word, ':');
    if (colon && !settings_read(colon + 1, console, model_out)) return false;
    if (model_out->wanted.model.classes) model_out->info.classes = model_out->wanted.model.classes;
    fit_image(&model_out->info.preprocess, &model_out->wanted.model);
    return true;
}

static clade_status add_block(const tool_model *model, clade_graph *graph) {
    const clade_googlenet_settings *s = &model->wanted;
    const clade_preprocess *image = &model->info.preprocess;
    const clade_inception_widths *asked = &s->widths[0];
    const clade_inception_settings settings = {
        .name = "block",
        .kind = s->kind,
        .widths = asked->one ? *asked : block_widths,
        .batch_norm = s->batch_norm,
        .keep_bias = s->keep_bias,
        .residual = s->residual,
    };
    clade_tensor x = {-1}, y = {-1};
    const clade_shape shape = {4, {CLADE_BATCH, image->channels, image->height, image->width}};
    clade_status status = clade_graph_input(graph, "input", shape, &x);
    if (status == CLADE_OK) status = clade_inception_create(graph, x, &settings, &y);
    if (status == CLADE_OK) status = clade_graph_output(graph, y, "output");
    return status;
}

static clade_status create_block(clade_context *context, const tool_model *model, clade_graph **graph_out) {
    clade_status status = clade_graph_create(context, graph_out);
    if (status == CLADE_OK) status = add_block(model, *graph_out);
    if (status != CLADE_OK) clade_graph_destroy(graph_out);
    return status;
}

clade_status model_create(clade_context *context, const tool_model *model, clade_graph **graph_out) {
    if (strcmp(model->base, block.name) == 0) return create_block(context, model, graph_out);
    if (strcmp(model->base, "googlenet") == 0) return clade_googlenet_create(context, &model->wanted, graph_out);
    return clade_model_create(context, model->base, &model->wanted.model, graph_out);
}
