/* memory.h: where tensors lie in the arena. Integers only: no device, no graph. */
#ifndef PLAN_MEMORY_H
#define PLAN_MEMORY_H

#include "base/base.h"

/* Bytes that must stay from step `first` to step `last`, both included. */
typedef struct memory_block {
    uint64_t size;
    int32_t first, last;
    uint64_t offset; /* result, a multiple of the alignment */
} memory_block;

/* Places the blocks so that no two that live at the same time overlap. Without `reuse` none overlap at all.
 * `arena_out`: bytes of the whole. `peak_out`: the largest sum of live blocks (sizes rounded up to the alignment), a lower bound.
 * CLADE_ERROR_SHAPE on overflow. */
clade_status memory_plan(base_env *env, memory_block *blocks, size_t count, uint64_t alignment, bool reuse,
                         uint64_t *arena_out, uint64_t *peak_out);

#endif
