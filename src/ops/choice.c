/* choice.c: candidates with variants, in the order of their expected cost, and in words.
 *
 * Candidates do not list their variants: every register tile is asked for, and a recipe that is like one before it is left out. */
#include "ops/tile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parts that are tried beside those a candidate chooses. */
static const int32_t parts_to_try[] = {0, 1, 2, 4};

ops_problem ops_with_variant(const ops_problem *problem, ops_variant variant) {
    ops_problem asked = *problem;
    if (asked.kind == OPS_CONV2D) asked.conv2d.variant = variant;
    if (asked.kind == OPS_CONV2D_WEIGHTS) asked.conv2d_weights.variant = variant;
    return asked;
}

static int compare_seconds(const void *a, const void *b) {
    const double left = ((const ops_choice *)a)->seconds, right = ((const ops_choice *)b)->seconds;
    return (left > right) - (left < right);
}

size_t ops_list_choices(const ops_problem *problem, const rt_device *device, ops_choice *choices, size_t capacity) {
    size_t count = 0, candidate_count;
    const ops_candidate *candidates = ops_candidates(problem->kind, &candidate_count);
    for (size_t i = 0; i < candidate_count && count < capacity; i++)
        if (candidates[i].applicable(problem, device))
            choices[count++] =
                (ops_choice){.candidate = &candidates[i], .seconds = candidates[i].cost(problem, device)};
    /* By insertion: few, and of equals the first stays first. */
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && choices[k].seconds < choices[k - 1].seconds; k--) {
            const ops_choice later = choices[k];
            choices[k] = choices[k - 1];
            choices[k - 1] = later;
        }
    return count;
}

/* ---- Variants ---------------------------------------------------------------------------------------------------------------- */

static bool same_launch(const ops_launch *a, const ops_launch *b) {
    return ops_same_kernel(a, b) && memcmp(a->global, b->global, sizeof a->global) == 0;
}

static bool same_recipe(const ops_recipe *a, const ops_recipe *b) {
    bool same = a->launch_count == b->launch_count;
    for (size_t i = 0; same && i < a->launch_count; i++) same = same_launch(&a->launches[i], &b->launches[i]);
    return same;
}

/* The variants of one candidate, and the recipes they make. */
typedef struct variant_list {
    ops_choice *choices;
    ops_recipe *recipes;
    size_t count, capacity;
} variant_list;

/* The tiles are tried one after the other, each with several numbers of parts. */
static clade_status list_candidate(base_env *env, const ops_problem *problem, const rt_device *device,
                                   const ops_candidate *candidate, variant_list *list) {
    size_t tile_count;
    const ops_tile *tiles = ops_tiles((int32_t)device->float_width, &tile_count);
    for (size_t i = 0; i < tile_count * BASE_COUNT(parts_to_try) && list->count < list->capacity; i++) {
        const ops_tile tile = tiles[i / BASE_COUNT(parts_to_try)];
        const ops_variant variant = {tile.pixels, tile.blocks, parts_to_try[i % BASE_COUNT(parts_to_try)]};
        const ops_problem asked = ops_with_variant(problem, variant);
        ops_recipe *recipe = &list->recipes[list->count];
        if (!candidate->applicable(&asked, device)) continue;
        FORWARD(ops_make(env, &asked, device, candidate, recipe));
        bool is_new = true;
        for (size_t k = 0; is_new && k < list->count; k++) is_new = !same_recipe(recipe, &list->recipes[k]);
        if (is_new)
            list->choices[list->count++] = (ops_choice){candidate, recipe->variant, candidate->cost(&asked, device)};
    }
    return CLADE_OK;
}

/* Drops what is too slow and sorts the rest. */
static size_t shorten(ops_choice *choices, size_t count, double slowest) {
    qsort(choices, count, sizeof *choices, compare_seconds);
    size_t kept = count > 0 ? 1 : 0;
    while (kept < count && choices[kept].seconds <= slowest * choices[0].seconds) kept++;
    return kept;
}

clade_status ops_list_variants(base_env *env, const ops_problem *problem, const rt_device *device, double slowest,
                               ops_choice *choices, size_t capacity, size_t *count_out) {
    enum { MOST_VARIANTS = 64 };
    ops_choice base[OPS_MOST_CANDIDATES], own[MOST_VARIANTS];
    *count_out = 0;
    ops_recipe *recipes = base_allocate_zero(env, MOST_VARIANTS, sizeof *recipes);
    if (!recipes) return base_fail_memory(env, MOST_VARIANTS * sizeof *recipes, "the recipes to choose from");
    clade_status status = CLADE_OK;
    const size_t candidates = ops_list_choices(problem, device, base, BASE_COUNT(base));
    for (size_t i = 0; status == CLADE_OK && i < candidates; i++) {
        variant_list list = {.choices = own, .recipes = recipes, .capacity = MOST_VARIANTS};
        if (base[i].seconds > slowest * base[0].seconds) break;
        status = list_candidate(env, problem, device, base[i].candidate, &list);
        for (size_t k = 0; status == CLADE_OK && k < list.count; k++) {
            if (*count_out == capacity) *count_out = shorten(choices, capacity, slowest);
            if (*count_out < capacity)
                choices[(*count_out)++] = own[k];
            else if (own[k].seconds < choices[capacity - 1].seconds)
                choices[capacity - 1] = own[k];
        }
    }
    base_free(env, recipes);
    *count_out = shorten(choices, *count_out, slowest);
    return status;
}

/* ---- In words ------------------------------------------------------------------------------------------------------------------ */

bool ops_problem_text(const ops_problem *problem, char *text, size_t size) {
    if (problem->kind != OPS_CONV2D) return false;
    const ops_conv2d *p = &problem->conv2d;
    snprintf(text, size,
             "conv2d %d x %d/%d x %dx%d -> %d/%d x %dx%d, %dx%d / %dx%d, pad %dx%d, dilation %dx%d, groups %d%s%s%s%s",
             p->in.n, p->in.c, p->in.block, p->in.h, p->in.w, p->out.c, p->out.block, p->out.h, p->out.w, p->kernel_h,
             p->kernel_w, p->stride_h, p->stride_w, p->pad_top, p->pad_left, p->dilation_h, p->dilation_w, p->groups,
             p->has_residual ? ", residual" : "",
             p->weights == CLADE_FLOAT16    ? ", float16"
             : p->weights == CLADE_BFLOAT16 ? ", bfloat16"
                                            : "",
             problem->given ? ", given" : "", p->weight_turned ? ", turned" : "");
    return true;
}

void ops_write_choice(const ops_choice *choice, char *text, size_t size) {
    const ops_variant *v = &choice->variant;
    const int length = snprintf(text, size, "%s", choice->candidate->name);
    if (v->pixels && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, v->parts ? " %dx%d/%d" : " %dx%d", v->pixels, v->blocks,
                 v->parts);
}

bool ops_read_choice(const ops_problem *problem, const rt_device *device, const char *text, ops_choice *choice_out) {
    const size_t length = strcspn(text, " ");
    const ops_candidate *candidate = ops_find_candidate(problem->kind, text, length);
    if (!candidate) return false;
    ops_variant v = {0};
    const int numbers = sscanf(text + length, " %dx%d/%d", &v.pixels, &v.blocks, &v.parts);
    if (numbers == 1 || v.pixels < 0 || v.blocks < 0 || v.parts < 0) return false;
    const ops_problem asked = ops_with_variant(problem, v);
    if (!candidate->applicable(&asked, device)) return false;
    *choice_out = (ops_choice){candidate, v, 0.0};
    return true;
}
