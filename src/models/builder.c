/* builder.c: the zoo's shorthand for single layers. Every function adds nodes through the public API and leaves at once when
 * an earlier one has failed. */
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

const char *models_join(models_builder *b, char text[MODELS_NAME_SIZE], const char *name, const char *part) {
    const int length = snprintf(text, MODELS_NAME_SIZE, "%s%s%s", name, ends_in_underscore(name) ? "" : ".", part);
    if (b->status == CLADE_OK && (length < 0 || length >= MODELS_NAME_SIZE))
        b->status =
            base_fail(context_env(b->context), CLADE_ERROR_INTERNAL,
                      "failed to name layer %s of %s: a name has less than %d bytes", part, name, MODELS_NAME_SIZE);
    return text;
}

clade_shape models_shape(models_builder *b, clade_tensor x) {
    clade_tensor_info info = {0};
    if (b->status == CLADE_OK) b->status = clade_graph_tensor(b->graph, x, &info);
    return info.shape;
}

void models_add_auxiliary(models_builder *b, const char *name, clade_tensor logits) {
    b->auxiliaries[b->auxiliary_count++] = (models_auxiliary){name, logits};
}

/* ---- Layers ------------------------------------------------------------------------------------------------------- */

static clade_padding padding_of(const models_layer *layer) {
    if (layer->padding == MODELS_VALID || layer->padding == MODELS_CEIL) return (clade_padding){0};
    const bool half = layer->padding != MODELS_PAD_2;
    const int32_t down = half ? layer->kernel[0] / 2 : 2, across = half ? layer->kernel[1] / 2 : 2;
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

clade_tensor models_batch_norm(models_builder *b, const char *name, clade_tensor x) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_batch_norm_settings settings = {.name = name, .epsilon = b->norm_epsilon};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_batch_norm(b->graph, x, &settings, &y), &y);
}

clade_tensor models_scale(models_builder *b, const char *name, clade_tensor x, float factor) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_scale_settings settings = {.name = name, .factor = factor};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_scale(b->graph, x, &settings, &y), &y);
}

clade_tensor models_sum(models_builder *b, const char *name, clade_tensor x, clade_tensor y,
                        clade_activation activation) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_binary_settings settings = {.name = name, .kind = CLADE_ADD, .activation = activation};
    clade_tensor sum = no_tensor;
    return keep(b, clade_graph_binary(b->graph, x, y, &settings, &sum), &sum);
}

clade_tensor models_concat(models_builder *b, const char *name, int axis, const clade_tensor *parts, size_t count) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_concat_settings settings = {.name = name, .axis = axis};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_concat(b->graph, parts, count, &settings, &y), &y);
}

static clade_tensor add_pool(models_builder *b, clade_tensor x, const clade_pool_settings *settings) {
    if (b->status != CLADE_OK) return no_tensor;
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_pool(b->graph, x, settings, &y), &y);
}

clade_tensor models_conv(models_builder *b, const char *name, clade_tensor x, models_layer layer) {
    return add_conv(b, name, x, &layer, false);
}

clade_tensor models_normalised(models_builder *b, const char *conv, const char *norm, clade_tensor x,
                               models_layer layer) {
    return models_batch_norm(b, norm, add_conv(b, conv, x, &layer, !b->keep_bias));
}

clade_tensor models_linear_unit(models_builder *b, const char *name, clade_tensor x, models_layer layer) {
    char conv[MODELS_NAME_SIZE], norm[MODELS_NAME_SIZE];
    models_join(b, conv, name, "conv");
    if (b->norm_epsilon <= 0.0f) return add_conv(b, conv, x, &layer, false);
    return models_normalised(b, conv, models_join(b, norm, name, "bn"), x, layer);
}

clade_tensor models_unit(models_builder *b, const char *name, clade_tensor x, models_layer layer) {
    return models_activation(b, name, models_linear_unit(b, name, x, layer), CLADE_RELU);
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

static clade_tensor add_linear(models_builder *b, const char *name, clade_tensor x, int32_t features, bool no_bias) {
    if (b->status != CLADE_OK) return no_tensor;
    const clade_linear_settings settings = {.name = name, .features = features, .no_bias = no_bias};
    clade_tensor y = no_tensor;
    return keep(b, clade_graph_linear(b->graph, x, &settings, &y), &y);
}

clade_tensor models_linear(models_builder *b, const char *name, clade_tensor x, int32_t features) {
    return add_linear(b, name, x, features, false);
}

clade_tensor models_product(models_builder *b, const char *name, clade_tensor x, int32_t features) {
    return add_linear(b, name, x, features, true);
}

static clade_tensor add_layer(models_builder *b, const char *name, clade_tensor x, const models_layer *layer) {
    switch (layer->kind) {
    case MODELS_CONV:
        return models_conv(b, name, x, *layer);
    case MODELS_LINEAR:
        return models_linear(b, name, x, layer->channels);
    case MODELS_DROPOUT:
        return models_dropout(b, name, x, 0.5f);
    default:
        return models_pool(b, name, x, *layer);
    }
}

clade_tensor models_numbered(models_builder *b, const char *name, int *number, clade_tensor x, models_layer layer) {
    char digits[16], part[MODELS_NAME_SIZE];
    snprintf(digits, sizeof digits, "%d", (*number)++);
    x = add_layer(b, models_join(b, part, name, digits), x, &layer);
    if (layer.kind != MODELS_CONV && layer.kind != MODELS_LINEAR) return x;
    snprintf(digits, sizeof digits, "%d", (*number)++);
    return models_activation(b, models_join(b, part, name, digits), x, CLADE_RELU);
}
