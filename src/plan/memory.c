/* memory.c: the arena planner.
 *
 *   offset ^            Blocks are rectangles, as wide as their life and as high as their size, that may not overlap. Finding
 *          | +--+       the lowest pile is NP-hard; placing them one by one, each into the smallest gap that holds it among
 *          | |c | +--+  those already placed and alive at the same time, comes within a few percent on layer graphs
 *          | +--+-|b |  (Pisarchyk and Lee, arXiv:2001.03288, whose two best orders are both tried here):
 *          | |  a +--+
 *          | +-----+    by size      large blocks first, since small ones fit in between later;
 *          +---------> step
 *                       by breadth   blocks of the most crowded step first, since that step bounds the arena from below.
 *
 * The smaller arena of the two is kept. */
#include "plan/memory.h"

#include <stdlib.h>

typedef struct memory_item {
    uint64_t size;    /* rounded up to the alignment */
    uint64_t breadth; /* the largest sum of live blocks in this one's life */
    uint64_t offset;
    int32_t first, last;
    size_t index; /* of the caller's block */
} memory_item;

static bool memory_share_a_step(const memory_item *a, const memory_item *b) {
    return a->first <= b->last && b->first <= a->last;
}

static int memory_compare(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

/* Ties end with the caller's order, so that the plan does not depend on the C library's sort. */
static int memory_by_size(const void *left, const void *right) {
    const memory_item *a = left, *b = right;
    int order = memory_compare(b->size, a->size);
    return order != 0 ? order : memory_compare(a->index, b->index);
}

static int memory_by_breadth(const void *left, const void *right) {
    const memory_item *a = left, *b = right;
    int order = memory_compare(b->breadth, a->breadth);
    return order != 0 ? order : memory_by_size(left, right);
}

/* Rounds sizes up, and finds the breadths and the peak. The sum of live blocks only grows where a block begins, so its maxima
 * are found at those steps. */
static bool memory_measure(const memory_block *blocks, size_t count, uint64_t alignment, memory_item *items,
                           uint64_t *peak_out) {
    uint64_t peak = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t above;
        if (!base_add(blocks[i].size, alignment - 1, &above)) return false;
        items[i] = (memory_item){
            .size = above - above % alignment, .first = blocks[i].first, .last = blocks[i].last, .index = i};
    }
    for (size_t i = 0; i < count; i++) {
        const memory_item step = {.first = items[i].first, .last = items[i].first};
        uint64_t live = 0;
        for (size_t j = 0; j < count; j++)
            if (memory_share_a_step(&step, &items[j]) && !base_add(live, items[j].size, &live)) return false;
        for (size_t j = 0; j < count; j++)
            if (memory_share_a_step(&step, &items[j]) && live > items[j].breadth) items[j].breadth = live;
        if (live > peak) peak = live;
    }
    *peak_out = peak;
    return true;
}

/* The start of the smallest gap of at least `size` bytes below, between or above the obstacles, which come by rising offset and
 * may overlap each other. Of equal gaps the lowest; above the last obstacle only when no gap holds it. */
static uint64_t memory_find_gap(const memory_item *const *obstacles, size_t count, uint64_t size) {
    uint64_t end = 0, best = 0, best_gap = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (obstacles[i]->offset > end) {
            uint64_t gap = obstacles[i]->offset - end;
            if (gap >= size && gap < best_gap) best = end, best_gap = gap;
        }
        uint64_t obstacle_end = obstacles[i]->offset + obstacles[i]->size;
        if (obstacle_end > end) end = obstacle_end;
    }
    return best_gap == UINT64_MAX ? end : best;
}

/* Places the items one after another. `placed` and `obstacles` have room for all of them. */
static bool memory_place(memory_item *items, size_t count, bool reuse, const memory_item **placed,
                         const memory_item **obstacles, uint64_t *arena_out) {
    uint64_t arena = 0;
    size_t placed_count = 0;
    for (size_t i = 0; i < count; i++) {
        memory_item *item = &items[i];
        item->offset = 0;
        if (item->size == 0) continue;

        size_t obstacle_count = 0;
        for (size_t j = 0; j < placed_count; j++)
            if (!reuse || memory_share_a_step(item, placed[j])) obstacles[obstacle_count++] = placed[j];
        item->offset = memory_find_gap(obstacles, obstacle_count, item->size);
        uint64_t end;
        if (!base_add(item->offset, item->size, &end)) return false;
        if (end > arena) arena = end;

        size_t at = placed_count++;
        for (; at > 0 && placed[at - 1]->offset > item->offset; at--) placed[at] = placed[at - 1];
        placed[at] = item;
    }
    *arena_out = arena;
    return true;
}

clade_status memory_plan(base_env *env, memory_block *blocks, size_t count, uint64_t alignment, bool reuse,
                         uint64_t *arena_out, uint64_t *peak_out) {
    static int (*const orders[])(const void *, const void *) = {memory_by_size, memory_by_breadth};
    clade_status status = CLADE_OK;
    uint64_t smallest = 0, peak = 0;

    if (alignment == 0)
        return base_fail(env, CLADE_ERROR_INTERNAL, "failed to plan the arena with alignment 0: it must be at least 1");
    for (size_t i = 0; i < count; i++)
        if (blocks[i].first > blocks[i].last)
            return base_fail(
                env, CLADE_ERROR_INTERNAL,
                "failed to plan the arena with a block that lives from step %d to %d: it must end after it begins",
                (int)blocks[i].first, (int)blocks[i].last);

    memory_item *items = base_allocate_zero(env, count, sizeof *items);
    const memory_item **placed = base_allocate_zero(env, count, sizeof *placed);
    const memory_item **obstacles = base_allocate_zero(env, count, sizeof *obstacles);
    if (!items || !placed || !obstacles) {
        status = base_fail_memory(env, count * (sizeof *items + 2 * sizeof *placed), "the arena's plan");
        goto done;
    }

    bool fits = memory_measure(blocks, count, alignment, items, &peak);
    for (size_t order = 0; fits && order < BASE_COUNT(orders); order++) {
        uint64_t arena;
        qsort(items, count, sizeof *items, orders[order]);
        fits = memory_place(items, count, reuse, placed, obstacles, &arena);
        if (!fits || (order > 0 && arena >= smallest)) continue;
        smallest = arena;
        for (size_t i = 0; i < count; i++) blocks[items[i].index].offset = items[i].offset;
    }
    if (!fits) {
        status = base_fail(env, CLADE_ERROR_SHAPE,
                           "failed to plan the arena with %zu blocks: their sizes must add up to less than 2^64 bytes",
                           count);
        goto done;
    }
    *arena_out = smallest;
    *peak_out = peak;

done:
    base_free(env, items);
    base_free(env, placed);
    base_free(env, obstacles);
    return status;
}
