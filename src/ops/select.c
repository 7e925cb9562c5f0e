/* select.c: which candidate a problem gets: the cheapest that applies, or the one the caller's restriction names. */
#include "ops/ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Kernels count elements in 32 bits from an operand's offset on. */
#define LARGEST_REACH INT32_MAX

static bool is_word(const char *name, const char *text, size_t length) {
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

/* ---- Candidates by name -------------------------------------------------------------------------------------------------------- */

const ops_candidate *ops_find_candidate(ops_kind kind, const char *name, size_t length) {
    size_t count;
    const ops_candidate *candidates = ops_candidates(kind, &count);
    for (size_t i = 0; i < count; i++)
        if (is_word(candidates[i].name, name, length)) return &candidates[i];
    return NULL;
}

const ops_candidate *ops_candidate_of(ops_kind kind, const ops_recipe *recipe) {
    const char *name = strchr(recipe->candidate, '.') + 1;
    return ops_find_candidate(kind, name, strlen(name));
}

/* ---- Restrictions: "KIND=CANDIDATE,..." ---------------------------------------------------------------------------------------- */

typedef struct restriction_entry {
    const char *kind, *candidate;
    size_t kind_length, candidate_length;
} restriction_entry;

/* Takes the next entry off the text; false when there is no "=" in it. */
static bool next_entry(const char **text, restriction_entry *entry_out) {
    size_t length = strcspn(*text, ",");
    const char *equals = memchr(*text, '=', length);
    if (!equals) return false;
    *entry_out = (restriction_entry){.kind = *text,
                                     .candidate = equals + 1,
                                     .kind_length = (size_t)(equals - *text),
                                     .candidate_length = (size_t)(*text + length - equals - 1)};
    *text += length;
    if (**text == ',') (*text)++;
    return true;
}

static clade_status check_entry(base_env *env, const restriction_entry *entry) {
    base_text names = {.env = env};
    clade_status status = CLADE_OK;
    for (int32_t kind = 0; kind < OPS_KIND_COUNT; kind++) {
        base_text_add(&names, "%s%s", kind ? ", " : "", ops_kind_name((ops_kind)kind));
        if (!is_word(ops_kind_name((ops_kind)kind), entry->kind, entry->kind_length)) continue;
        if (ops_find_candidate((ops_kind)kind, entry->candidate, entry->candidate_length)) goto done;

        size_t count;
        const ops_candidate *candidates = ops_candidates((ops_kind)kind, &count);
        base_text_free(&names);
        names = (base_text){.env = env};
        for (size_t i = 0; i < count; i++) base_text_add(&names, "%s%s", i ? ", " : "", candidates[i].name);
        status = base_fail(env, CLADE_ERROR_NOT_FOUND, "failed to restrict %s to kernel \"%.*s\": there are %s",
                           ops_kind_name((ops_kind)kind), (int)entry->candidate_length, entry->candidate,
                           names.data ? names.data : "others");
        goto done;
    }
    status = base_fail(env, CLADE_ERROR_NOT_FOUND, "failed to restrict the kernels of \"%.*s\": the operators are %s",
                       (int)entry->kind_length, entry->kind, names.data ? names.data : "others");
done:
    base_text_free(&names);
    return status;
}

clade_status ops_check_restriction(base_env *env, const char *restriction) {
    restriction_entry entry;
    for (const char *text = restriction; text && *text;) {
        if (!next_entry(&text, &entry))
            return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to restrict kernels by \"%s\": it must read OPERATOR=KERNEL,...", restriction);
        FORWARD(check_entry(env, &entry));
    }
    return CLADE_OK;
}

/* Of several entries the last counts. */
const ops_candidate *ops_restricted_to(const char *restriction, ops_kind kind) {
    const ops_candidate *named = NULL;
    restriction_entry entry;
    for (const char *text = restriction; text && *text && next_entry(&text, &entry);)
        if (is_word(ops_kind_name(kind), entry.kind, entry.kind_length))
            named = ops_find_candidate(kind, entry.candidate, entry.candidate_length);
    return named;
}

/* ---- Choosing -------------------------------------------------------------------------------------------------------------------- */

clade_status ops_check_problem(base_env *env, const ops_problem *problem) {
    ops_reach reach;
    if (!ops_problem_reach(problem, &reach))
        return base_fail(env, CLADE_ERROR_UNSUPPORTED, "failed to choose a kernel for %s: its sizes overflow",
                         ops_kind_name(problem->kind));
    int64_t largest = reach.output;
    for (int32_t i = 0; i < reach.input_count; i++) largest = base_max(largest, reach.inputs[i]);
    if (largest > LARGEST_REACH)
        return base_fail(env, CLADE_ERROR_UNSUPPORTED,
                         "failed to choose a kernel for %s with a tensor of %lld elements: at most %lld are supported",
                         ops_kind_name(problem->kind), (long long)largest, (long long)LARGEST_REACH);
    return CLADE_OK;
}

void ops_add_reason(ops_recipe *recipe, const char *format, ...) {
    const size_t size = sizeof recipe->reason, length = strlen(recipe->reason);
    const size_t begin = length + (size_t)snprintf(recipe->reason + length, size - length, "%s", length ? "; " : "");
    if (begin >= size) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(recipe->reason + begin, size - begin, format, arguments);
    va_end(arguments);
}

static bool recipe_fits(const ops_recipe *recipe) {
    if (recipe->launch_count > OPS_MAX_LAUNCHES || recipe->constant_count > OPS_MAX_CONSTANTS) return false;
    for (size_t i = 0; i < recipe->launch_count; i++)
        if (recipe->launches[i].argument_count > OPS_MAX_ARGUMENTS ||
            strlen(recipe->launches[i].options) + 1 >= OPS_OPTIONS_SIZE)
            return false;
    return true;
}

clade_status ops_make(base_env *env, const ops_problem *problem, const rt_device *device,
                      const ops_candidate *candidate, ops_recipe *recipe_out) {
    memset(recipe_out, 0, sizeof *recipe_out);
    FORWARD(candidate->make(env, problem, device, recipe_out));
    recipe_out->seconds = candidate->cost(problem, device);
    snprintf(recipe_out->candidate, sizeof recipe_out->candidate, "%s.%s", ops_kind_name(problem->kind),
             candidate->name);
    if (!recipe_fits(recipe_out))
        return base_fail(env, CLADE_ERROR_INTERNAL, "failed to make the recipe of %s: it passes the recipe's arrays",
                         recipe_out->candidate);
    return problem->given ? ops_give_parameters(env, problem, device, recipe_out) : CLADE_OK;
}

clade_status ops_select(base_env *env, const ops_problem *problem, const rt_device *device, const char *restriction,
                        ops_recipe *recipe_out) {
    FORWARD(ops_check_problem(env, problem));

    const ops_candidate *named = ops_restricted_to(restriction, problem->kind);
    if (named && named->applicable(problem, device)) {
        FORWARD(ops_make(env, problem, device, named, recipe_out));
        ops_add_reason(recipe_out, "asked for");
        return CLADE_OK;
    }
    if (named)
        base_log(env, CLADE_LOG_WARNING, "kernel %s.%s was asked for but does not apply here: another is taken",
                 ops_kind_name(problem->kind), named->name);

    ops_choice choices[OPS_MOST_CANDIDATES];
    const size_t count = ops_list_choices(problem, device, choices, BASE_COUNT(choices));
    FORWARD(ops_make(env, problem, device, choices[0].candidate, recipe_out));
    if (count == 1)
        ops_add_reason(recipe_out, "the only one that applies");
    else
        ops_add_reason(recipe_out, "cheapest of %zu", count);
    return CLADE_OK;
}
