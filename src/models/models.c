/* models.c: the zoo by name. */
#include "models/builder.h"

#include "rt/context.h"

#include <string.h>

static const models_network *const zoo[] = {
#define MODEL(name) &models_##name,
#include "models/zoo.inc"
};

static const models_network *find(const char *name) {
    for (size_t i = 0; name && i < BASE_COUNT(zoo); i++)
        if (strcmp(zoo[i]->info.name, name) == 0) return zoo[i];
    return NULL;
}

static clade_status fail_unknown(clade_context *context, const char *name) {
    base_env *env = context_env(context);
    base_text names = {.env = env};
    for (size_t i = 0; i < BASE_COUNT(zoo); i++) base_text_add(&names, "%s%s", i ? ", " : "", zoo[i]->info.name);
    const clade_status status =
        names.failed
            ? base_fail_memory(env, names.capacity, "the list of models")
            : base_fail(env, CLADE_ERROR_NOT_FOUND, "failed to find model \"%s\": the models are %s", name, names.data);
    base_text_free(&names);
    return status;
}

size_t clade_model_count(void) { return BASE_COUNT(zoo); }

const clade_model_info *clade_model_at(size_t index) { return index < BASE_COUNT(zoo) ? &zoo[index]->info : NULL; }

const clade_model_info *clade_model_find(const char *name) {
    const models_network *network = find(name);
    return network ? &network->info : NULL;
}

clade_status clade_model_create(clade_context *context, const char *name, const clade_model_settings *settings,
                                clade_graph **graph_out) {
    RETURN_IF(!graph_out, CLADE_ERROR_INVALID_ARGUMENT);
    *graph_out = NULL;
    RETURN_IF(!context || !name, CLADE_ERROR_INVALID_ARGUMENT);
    const models_network *network = find(name);
    if (!network) return fail_unknown(context, name);
    return models_build(context, network, settings, graph_out);
}
