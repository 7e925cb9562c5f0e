/* picture_blocks.c: which boxes belong together, told by their names.
 *
 * Names are paths, with dots in PyTorch's models and slashes in what it exports: "inception3a.branch2.0", "/layer1/layer1.0/Add". A
 * block is what lies around a place where branches join: of the paths that lead to the joining box, the longest that at least two
 * other boxes share. A path that most of the network shares tells nothing.
 *
 * In the order of their names boxes with a common path stand side by side, so that a block is a range, and of two ranges either one
 * holds the other or they are apart. */
#include "graph/picture.h"

#include <stdlib.h>
#include <string.h>

enum { FEWEST_BOXES = 3 };

static bool ends_path(char c) { return c == '\0' || c == '.' || c == '/'; }

/* Separators come before all other characters, so that what shares a path is not torn apart. */
static int rank_of(char c) { return c == '\0' ? 0 : c == '.' ? 1 : c == '/' ? 2 : 3 + (unsigned char)c; }

static int compare_names(const void *a, const void *b) {
    const picture_box *left = *(picture_box *const *)a, *right = *(picture_box *const *)b;
    const char *l = left->name, *r = right->name;
    while (*l && *l == *r) l++, r++;
    if (*l != *r) return rank_of(*l) - rank_of(*r);
    return left < right ? -1 : 1;
}

static bool has_path(const picture_box *box, const char *name, size_t length) {
    return strncmp(box->name, name, length) == 0 && ends_path(box->name[length]);
}

/* The range of boxes around `at` that share the first `length` characters of its name; false when they make no block. */
static bool find_range(picture_box **sorted, size_t count, size_t at, size_t length, size_t *first_out,
                       size_t *end_out) {
    const char *name = sorted[at]->name;
    size_t first = 0, end = count;
    for (size_t known = at; first < known;) { /* by halves: one path may be that of every join */
        const size_t middle = first + (known - first) / 2;
        if (has_path(sorted[middle], name, length))
            known = middle;
        else
            first = middle + 1;
    }
    for (size_t known = at + 1; known < end;) {
        const size_t middle = known + (end - known) / 2;
        if (has_path(sorted[middle], name, length))
            known = middle + 1;
        else
            end = middle;
    }
    *first_out = first;
    *end_out = end;
    return end - first >= FEWEST_BOXES && 2 * (end - first) <= count;
}

static clade_status add_block(picture *p, size_t *capacity, const picture_box *join, size_t length) {
    if (!base_grow(p->env, &p->blocks, sizeof *p->blocks, p->block_count, capacity))
        return base_fail_memory(p->env, 2 * *capacity * sizeof *p->blocks, "the blocks of a picture");
    p->blocks[p->block_count++] =
        (picture_block){.name = join->name, .length = length, .first = (int32_t)p->box_count, .last = -1};
    return CLADE_OK;
}

/* Boxes that are in a smaller block already stay there. */
static clade_status find_block(picture *p, size_t *capacity, picture_box **sorted, size_t at) {
    const picture_box *join = sorted[at];
    for (size_t length = strlen(join->name); length > 0; length--) {
        size_t first, end;
        if (!ends_path(join->name[length])) continue;
        if (join->block >= 0 && p->blocks[join->block].length >= length) return CLADE_OK;
        if (!find_range(sorted, p->box_count, at, length, &first, &end)) continue;
        FORWARD(add_block(p, capacity, join, length));
        for (size_t i = first; i < end; i++)
            if (sorted[i]->block < 0 || p->blocks[sorted[i]->block].length < length)
                sorted[i]->block = (int32_t)p->block_count - 1;
        return CLADE_OK;
    }
    return CLADE_OK;
}

/* A block's range among the boxes in their own order. */
static void find_extents(picture *p) {
    for (int32_t i = 0; i < (int32_t)p->box_count; i++) {
        if (p->boxes[i].block < 0) continue;
        picture_block *block = &p->blocks[p->boxes[i].block];
        if (i < block->first) block->first = i;
        if (i > block->last) block->last = i;
    }
}

clade_status picture_blocks(picture *p) {
    picture_box **sorted = base_allocate_zero(p->env, p->box_count + 1, sizeof *sorted);
    int32_t *inputs = base_allocate_zero(p->env, p->box_count + 1, sizeof *inputs);
    clade_status status = CLADE_OK;
    size_t capacity = 0;
    if (!sorted || !inputs) status = base_fail_memory(p->env, p->box_count * sizeof *sorted, "the blocks of a picture");
    for (size_t i = 0; status == CLADE_OK && i < p->box_count; i++) sorted[i] = &p->boxes[i];
    for (size_t i = 0; status == CLADE_OK && i < p->arrow_count; i++) inputs[p->arrows[i].to]++;
    if (status == CLADE_OK) qsort(sorted, p->box_count, sizeof *sorted, compare_names);
    for (size_t i = 0; status == CLADE_OK && i < p->box_count; i++)
        if (inputs[sorted[i] - p->boxes] > 1) status = find_block(p, &capacity, sorted, i);
    if (status == CLADE_OK) find_extents(p);
    base_free(p->env, sorted);
    base_free(p->env, inputs);
    return status;
}
