/* build.c: the frame around every body: settings checked and filled in, then input, body and outputs. */
#include "models/builder.h"

#include "rt/context.h"

static clade_status check_settings(clade_context *context, const char *model, const clade_model_settings *settings) {
    const struct {
        const char *name;
        int32_t value;
    } sizes[] = {{"classes", settings->classes},
                 {"channels", settings->channels},
                 {"height", settings->height},
                 {"width", settings->width}};
    for (size_t i = 0; i < BASE_COUNT(sizes); i++) {
        if (sizes[i].value >= 0) continue;
        return base_fail(context_env(context), CLADE_ERROR_SHAPE,
                         "failed to build model %s with %s %d: a size is at least 1, or 0 for the published one", model,
                         sizes[i].name, (int)sizes[i].value);
    }
    for (size_t i = 0; i < BASE_COUNT(settings->reserved); i++) {
        if (settings->reserved[i] == 0) continue;
        return base_fail(context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to build model %s with reserved[%zu] set: reserved fields are zero", model, i);
    }
    return CLADE_OK;
}

static int32_t or_published(int32_t value, int32_t published) { return value ? value : published; }

/* What was asked for, and as published where nothing was. */
static clade_model_settings fill_in(const clade_model_settings *asked, const clade_model_info *info) {
    return (clade_model_settings){.classes = or_published(asked->classes, info->classes),
                                  .channels = or_published(asked->channels, info->preprocess.channels),
                                  .height = or_published(asked->height, info->preprocess.height),
                                  .width = or_published(asked->width, info->preprocess.width),
                                  .auxiliary = asked->auxiliary};
}

static clade_status add_outputs(models_builder *b, const char *model, clade_tensor logits) {
    if (b->settings.auxiliary && b->auxiliary_count == 0)
        return base_fail(context_env(b->context), CLADE_ERROR_UNSUPPORTED,
                         "failed to build model %s with auxiliary classifiers: it has none", model);
    FORWARD(clade_graph_output(b->graph, logits, "output"));
    for (size_t i = 0; i < b->auxiliary_count; i++)
        FORWARD(clade_graph_output(b->graph, b->auxiliaries[i].logits, b->auxiliaries[i].name));
    return CLADE_OK;
}

clade_status models_build(clade_context *context, const models_network *network, const clade_model_settings *settings,
                          clade_graph **graph_out) {
    RETURN_IF(!graph_out, CLADE_ERROR_INVALID_ARGUMENT);
    *graph_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);

    const clade_model_settings asked = settings ? *settings : (clade_model_settings){0};
    FORWARD(check_settings(context, network->info.name, &asked));

    models_builder b = {.context = context,
                        .settings = fill_in(&asked, &network->info),
                        .norm_epsilon = network->norm_epsilon,
                        .keep_bias = network->keep_bias,
                        .variant = network->variant};
    FORWARD(clade_graph_create(context, &b.graph));

    const clade_shape image = {.rank = 4,
                               .dims = {CLADE_BATCH, b.settings.channels, b.settings.height, b.settings.width}};
    clade_tensor input = {-1}, logits = {-1};
    b.status = clade_graph_input(b.graph, "input", image, &input);
    if (b.status == CLADE_OK) logits = network->body(&b, input);
    if (b.status == CLADE_OK) b.status = add_outputs(&b, network->info.name, logits);
    if (b.status != CLADE_OK) {
        clade_graph_destroy(&b.graph);
        return b.status;
    }
    *graph_out = b.graph;
    return CLADE_OK;
}
