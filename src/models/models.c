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

/* ---- A name that is not there ----------------------------------------------------------------------------------------- */

enum { LONGEST_NAME = 63 }; /* of a name worth comparing; the zoo's own are half as long */

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

/* How many letters have to be put in, left out or replaced to make one name of the other, whatever their case (Levenshtein's
 * distance, a row of his table at a time). */
static size_t distance(const char *name, const char *other) {
    size_t row[LONGEST_NAME + 1];
    const size_t length = strlen(other);
    if (length > LONGEST_NAME) return SIZE_MAX;
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 0; name[i]; i++) {
        size_t diagonal = row[0]++;
        for (size_t j = 0; j < length; j++) {
            const size_t replaced = diagonal + (lower(name[i]) != lower(other[j]));
            const size_t moved = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = replaced < moved ? replaced : moved;
        }
    }
    return row[length];
}

/* The model that was probably meant; NULL: none is nearer than a quarter of its letters. */
static const char *nearest(const char *name) {
    const char *best = NULL;
    size_t least = SIZE_MAX;
    if (strlen(name) > LONGEST_NAME) return NULL;
    for (size_t i = 0; i < BASE_COUNT(zoo); i++) {
        const char *other = zoo[i]->info.name;
        const size_t found = distance(name, other);
        if (found >= least || found > strlen(other) / 4) continue;
        least = found;
        best = other;
    }
    return best;
}

static clade_status fail_unknown(clade_context *context, const char *name) {
    base_env *env = context_env(context);
    base_text rule = {.env = env};
    const char *meant = nearest(name);
    if (meant) base_text_add(&rule, "is %s meant? ", meant);
    base_text_add(&rule, "the models are ");
    for (size_t i = 0; i < BASE_COUNT(zoo); i++) base_text_add(&rule, "%s%s", i ? ", " : "", zoo[i]->info.name);
    const clade_status status =
        rule.failed ? base_fail_memory(env, rule.capacity, "the list of models")
                    : base_fail(env, CLADE_ERROR_NOT_FOUND, "failed to find model \"%s\": %s", name, rule.data);
    base_text_free(&rule);
    return status;
}

/* ---- The calls -------------------------------------------------------------------------------------------------------- */

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
