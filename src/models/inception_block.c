/* inception_block.c: the Inception block that GoogLeNet, BN-Inception and Inception-v3's first stage share, by itself or around
 * a residual connection.
 *
 *   V1 (arXiv:1409.4842, Figure 2b)         V3 (arXiv:1512.00567, Figure 5)
 *     1x1 ---------------.                    1x1 -----------------------.
 *     1x1 ---- 3x3 ------+-- concat           1x1 ---- 3x3 --------------+-- concat
 *     1x1 ---- 5x5 ------+                    1x1 ---- 3x3 ---- 3x3 -----+
 *     max pool 3x3 - 1x1 '                    average pool 3x3 - 1x1 ----' */
#include "models/builder.h"

#include "rt/context.h"

static models_block branches(clade_inception_kind kind, clade_inception_widths n) {
    const models_layer largest = MAX_POOL(3, 1, MODELS_SAME), average = AVERAGE_POOL(3, 1, MODELS_SAME_COUNTED);
    const models_layer five = CONV(n.five, 5, 5), three = CONV(n.five, 3, 3), none = {.kind = MODELS_NONE};
    return (models_block){{
        {.name = "branch1", .layers = {CONV(n.one, 1, 1)}},
        {.name = "branch2", .layers = {CONV(n.reduce_three, 1, 1), CONV(n.three, 3, 3)}},
        {.name = "branch3",
         .layers = {CONV(n.reduce_five, 1, 1), kind == CLADE_INCEPTION_V1 ? five : three,
                    kind >= CLADE_INCEPTION_V2 ? three : none}},
        {.name = "branch4", .layers = {kind == CLADE_INCEPTION_V3 ? average : largest, CONV(n.pool_projection, 1, 1)}},
    }};
}

/* x with the channels of a block's result. */
static clade_tensor shortcut(models_builder *b, const char *name, clade_tensor x, clade_inception_widths n) {
    const int32_t channels = n.one + n.three + n.five + n.pool_projection;
    if (models_shape(b, x).dims[1] == channels) return x;
    char part[MODELS_NAME_SIZE];
    return models_linear_unit(b, models_join(b, part, name, "shortcut"), x, (models_layer)CONV(channels, 1, 1));
}

clade_tensor models_inception(models_builder *b, const char *name, clade_tensor x, clade_inception_kind kind,
                              clade_inception_widths widths, bool residual) {
    const models_block block = branches(kind, widths);
    if (!residual) return models_branches(b, name, x, &block);
    char part[MODELS_NAME_SIZE];
    const clade_tensor mixed = models_fork(b, name, models_join(b, part, name, "mixed"), x, &block);
    return models_sum(b, name, mixed, shortcut(b, name, x, widths), CLADE_RELU);
}

clade_status models_check_inception(clade_context *context, const char *name, clade_inception_kind kind,
                                    const clade_inception_widths *widths) {
    base_env *env = context_env(context);
    if (kind < CLADE_INCEPTION_V1 || kind > CLADE_INCEPTION_V3)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add block %s with kind %d: it is one of clade_inception_kind", name, (int)kind);
    const struct {
        const char *name;
        int32_t value;
    } columns[] = {{"one", widths->one},     {"reduce_three", widths->reduce_three},
                   {"three", widths->three}, {"reduce_five", widths->reduce_five},
                   {"five", widths->five},   {"pool_projection", widths->pool_projection}};
    for (size_t i = 0; i < BASE_COUNT(columns); i++)
        if (columns[i].value < 1 || columns[i].value > MODELS_MOST_CHANNELS)
            return base_fail(env, CLADE_ERROR_SHAPE, "failed to add block %s with %s %d: a width is from 1 to %d", name,
                             columns[i].name, (int)columns[i].value, MODELS_MOST_CHANNELS);
    return CLADE_OK;
}

clade_status clade_inception_create(clade_graph *graph, clade_tensor input, const clade_inception_settings *settings,
                                    clade_tensor *output_out) {
    RETURN_IF(!output_out, CLADE_ERROR_INVALID_ARGUMENT);
    *output_out = (clade_tensor){-1};
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    clade_context *context = clade_graph_context(graph);
    if (!settings || !settings->name)
        return base_fail(context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add an inception block: settings and a name are required");
    for (size_t i = 0; i < BASE_COUNT(settings->reserved); i++)
        if (settings->reserved[i] != 0)
            return base_fail(context_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to add block %s with reserved[%zu] set: reserved fields are zero", settings->name,
                             i);
    FORWARD(models_check_inception(context, settings->name, settings->kind, &settings->widths));

    models_builder b = {.context = context,
                        .graph = graph,
                        .norm_epsilon = settings->batch_norm ? MODELS_NORM_EPSILON : 0.0f,
                        .keep_bias = settings->keep_bias};
    const clade_tensor y =
        models_inception(&b, settings->name, input, settings->kind, settings->widths, settings->residual);
    if (b.status == CLADE_OK) *output_out = y;
    return b.status;
}
