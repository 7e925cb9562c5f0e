/* builder.c: the zoo's shorthand, from single layers to blocks. Every function adds nodes through the public API and
 * leaves at once when an earlier one has failed. */
#include "models/builder.h"

#include "rt/context.h"

#include <stdio.h>
#include <string.h>

static const clade_tensor no_tensor = {-1};

/* What a builder function returns: the tensor, or the first failure kept. */
static clade_tensor keep(models_builder *b, clade_status status, const clade_tensor *tensor) {
    b->status = status;
    return status == CLADE_OK ? *tensor : no_tensor;
}

/* torchvision's way to number the layers of a branch in Inception-v3. */
static bool ends_in_underscore(const char *name) { return name[0] && name[strlen(name) - 1] == '_'; }

/* Writes "NAME.PART" into `text`, or "NAMEPART" where NAME ends in an underscore. */
static const char *join(models_builder *b, char text[MODELS_NAME_SIZE], const char *name, const char *part) {
    const int length = snprintf(text, MODELS_NAME_SIZE, "%s%s%s", name, ends_in_underscore(name) ? "" : ".", part);
    if (b->status == CLADE_OK && (length < 0 || length >= MODELS_NAME_SIZE))
        b->status =
            base_fail(context_env(b->context), CLADE_ERROR_INTERNAL,
                      "failed to name layer %s of %s: a name has less than %d bytes", part, name, MODELS_NAME_SIZE);
    return text;
}

/* ---- Layers ------------------------------------------------------------------------------------------------------- */

static clade_padding padding_of(const models_layer *layer) {
    if (layer->padding != MODELS_SAME && layer->padding != MODELS_SAME_COUNTED) return (clade_padding){0};
    const int32_t down = layer->kernel[0] / 2, across = layer->kernel[1] / 2;
    return (clade_padding){.top = down, .left = across, .bottom = down, .right = across};
}

static clade_tensor add_conv(models_builder *b, const char *name, clade_tensor x, const models_layer *layer,
                             bool no_bias) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_conv2d_settings settings = {.name = name,
                                            .channels = layer->channels,
                                            .kernel = {layer->kernel[0], layer->kernel[1]},
                                            .stride = {layer->stride, layer->stride},
                                            .padding = padding_of(layer),
                                            .no_bias = no_bias};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_conv2d(b->graph, x, &settings, &y), &y);
}

static clade_tensor add_batch_norm(models_builder *b, const char *name, clade_tensor x) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_batch_norm_settings settings = {.name = name, .epsilon = b->norm_epsilon};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_batch_norm(b->graph, x, &settings, &y), &y);
}

static clade_tensor add_concat(models_builder *b, const char *name, const clade_tensor *parts, size_t count) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_concat_settings settings = {.name = name};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_concat(b->graph, parts, count, &settings, &y), &y);
}

static clade_tensor add_scale(models_builder *b, const char *name, clade_tensor x, float factor) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_scale_settings settings = {.name = name, .factor = factor};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_scale(b->graph, x, &settings, &y), &y);
}

static clade_tensor add_sum(models_builder *b, const char *name, clade_tensor x, clade_tensor y,
                            clade_activation activation) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_binary_settings settings = {.name = name, .kind = CLADE_ADD, .activation = activation};
    clade_tensor sum = no_tensor;
    return keep(b, clade_graph_binary(b->graph, x, y, &settings, &sum), &sum);
}

static clade_tensor add_pool(models_builder *b, clade_tensor x, const clade_pool_settings *settings) {
    if (b->status != CLADE_OK) return no_tensor;
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_pool(b->graph, x, settings, &y), &y);
}

clade_tensor models_conv(models_builder *b, const char *name, clade_tensor x, models_layer layer) {
    return add_conv(b, name, x, &layer, false);
}

clade_tensor models_unit(models_builder *b, const char *name, clade_tensor x, models_layer layer) {
    const bool normalised = b->norm_epsilon > 0.0f;
    char part[MODELS_NAME_SIZE];
    x = add_conv(b, join(b, part, name, "conv"), x, &layer, normalised);
    if (normalised) x = add_batch_norm(b, join(b, part, name, "bn"), x);
    return models_activation(b, name, x, CLADE_RELU);
}

clade_tensor models_pool(models_builder *b, const char *name, clade_tensor x, models_layer layer) {
    const clade_pool_settings settings = {.name = name,
                                          .kind = layer.kind == MODELS_MAX_POOL ? CLADE_POOL_MAX : CLADE_POOL_AVERAGE,
                                          .kernel = {layer.kernel[0], layer.kernel[1]},
                                          .stride = {layer.stride, layer.stride},
                                          .padding = padding_of(&layer),
                                          .ceil_mode = layer.padding == MODELS_CEIL,
                                          .count_include_pad = layer.padding == MODELS_SAME_COUNTED};
    return add_pool(b, x, &settings);
}

clade_tensor models_global_pool(models_builder *b, const char *name, clade_tensor x) {
    const clade_pool_settings settings = {.name = name, .kind = CLADE_POOL_AVERAGE, .global = true};
    return add_pool(b, x, &settings);
}

clade_tensor models_lrn(models_builder *b, const char *name, clade_tensor x) {
    if (b->status != CLADE_OK) return no_tensor;
    clade_lrn_settings settings = clade_lrn_defaults();
    settings.name = name;
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_lrn(b->graph, x, &settings, &y), &y);
}

clade_tensor models_activation(models_builder *b, const char *name, clade_tensor x, clade_activation kind) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_activation_settings settings = {.name = name, .kind = kind};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_activation(b->graph, x, &settings, &y), &y);
}

clade_tensor models_dropout(models_builder *b, const char *name, clade_tensor x, float rate) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_dropout_settings settings = {.name = name, .rate = rate};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_dropout(b->graph, x, &settings, &y), &y);
}

clade_tensor models_flatten(models_builder *b, const char *name, clade_tensor x) {
    if (b->status != CLADE_OK) return no_tensor;
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_flatten(b->graph, x, name, &y), &y);
}

clade_tensor models_linear(models_builder *b, const char *name, clade_tensor x, int32_t features) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_linear_settings settings = {.name = name, .features = features};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_linear(b->graph, x, &settings, &y), &y);
}

/* ---- Blocks --------------------------------------------------------------------------------------------------------- */

static clade_tensor add_layer(models_builder *b, const char *name, clade_tensor x, const models_layer *layer) {
    return layer->kind == MODELS_CONV ? models_unit(b, name, x, *layer) : models_pool(b, name, x, *layer);
}

static clade_tensor add_branch(models_builder *b, const char *name, clade_tensor x, const models_branch *branch) {
    size_t count = 0;
    while (count < MODELS_MOST_LAYERS && branch->layers[count].kind != MODELS_NONE) count++;
    if (count == 1) return add_layer(b, name, x, &branch->layers[0]);
    const size_t first = ends_in_underscore(name) ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        char number[24], layer[MODELS_NAME_SIZE];
        snprintf(number, sizeof number, "%zu", first + i);
        x = add_layer(b, join(b, layer, name, number), x, &branch->layers[i]);
    }
    return x;
}

/* The branches of the block NAME, and their concat under a name of its own. */
static clade_tensor add_branches(models_builder *b, const char *name, const char *concat, clade_tensor x,
                                 const models_block *block) {
    clade_tensor results[MODELS_MOST_BRANCHES], joined[MODELS_MOST_BRANCHES];
    bool is_read[MODELS_MOST_BRANCHES] = {false};
    size_t count = 0, joined_count = 0;
    for (; count < MODELS_MOST_BRANCHES && block->branches[count].name; count++) {
        const models_branch *branch = &block->branches[count];
        clade_tensor source = x;
        for (size_t i = 0; branch->from && i < count; i++) {
            if (strcmp(block->branches[i].name, branch->from) != 0) continue;
            source = results[i];
            is_read[i] = true;
        }
        char text[MODELS_NAME_SIZE];
        results[count] = add_branch(b, join(b, text, name, branch->name), source, branch);
    }
    for (size_t i = 0; i < count; i++)
        if (!is_read[i]) joined[joined_count++] = results[i];
    return add_concat(b, concat, joined, joined_count);
}

clade_tensor models_branches(models_builder *b, const char *name, clade_tensor x, const models_block *block) {
    return add_branches(b, name, name, x, block);
}

clade_tensor models_residual_block(models_builder *b, const char *name, clade_tensor x, const models_block *block,
                                   const models_residual *residual) {
    const models_layer projection = CONV(residual->channels, 1, 1);
    char part[MODELS_NAME_SIZE];
    clade_tensor y = add_branches(b, name, join(b, part, name, "mixed"), x, block);
    y = add_conv(b, join(b, part, name, "conv2d"), y, &projection, false);
    y = add_scale(b, join(b, part, name, "scale"), y, residual->scale);
    return add_sum(b, residual->result, x, y, residual->activation);
}
