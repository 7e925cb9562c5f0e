/* box.h: boxes of dimensions with strides, as few dimensions as say the same. */
#ifndef OPS_BOX_H
#define OPS_BOX_H

#include "ops/ops.h"

enum { OPS_BOX_OPERANDS = 3 };

/* Up to three operands walked together. Operands that are not there have strides of 0. */
typedef struct ops_box {
    int32_t rank; /* at least 1 */
    int64_t dims[OPS_MAX_DIMS], strides[OPS_BOX_OPERANDS][OPS_MAX_DIMS];
} ops_box;

/* From `rank` dimensions, drops those of size 1 and joins neighbours that every operand walks as one. A NULL operand is none. */
ops_box ops_box_of(int32_t rank, const int64_t *dims, const int64_t *first, const int64_t *second,
                   const int64_t *third);
int64_t ops_box_elements(const ops_box *box);
/* Of all dimensions but the last. */
int64_t ops_box_rows(const ops_box *box);

/* How rows of dense elements are shared out among groups of one: `count` runs of `run` elements each. */
typedef struct ops_runs {
    int64_t run;   /* elements, a multiple of the vector width */
    int64_t runs;  /* in a row */
    int64_t total; /* in all rows */
    int64_t count; /* for a group; above 1 only where a run is a row */
    int64_t groups;
} ops_runs;
ops_runs ops_share_rows(const rt_device *device, int64_t rows, int64_t length);

#endif
