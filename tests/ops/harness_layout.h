/* harness_layout.h: where an operand's values lie in memory, written down anew from the words of ops.h so that the tests do
 * not inherit an error of the library's. */
#ifndef TESTS_OPS_HARNESS_LAYOUT_H
#define TESTS_OPS_HARNESS_LAYOUT_H

#include "ops/harness.h"

typedef struct harness_layout {
    int64_t reach; /* elements from the operand's offset to behind its last */
    int64_t count; /* values, without padding lanes */
    bool is_tensor;
    ops_tensor tensor;
    int32_t rank; /* else a box */
    int64_t dims[OPS_MAX_DIMS], strides[OPS_MAX_DIMS], start;
} harness_layout;

typedef struct harness_layouts {
    harness_layout inputs[OPS_MAX_INPUTS], output;
    int32_t input_count;
    int64_t parameters[2];
} harness_layouts;

harness_layouts harness_layouts_of(const ops_problem *problem);
/* Offset in memory of value `index`. */
int64_t harness_place(const harness_layout *layout, int64_t index);
/* Calls `visit` with the offset of every padding lane. */
void harness_padding_lanes(const harness_layout *layout, void (*visit)(void *user, int64_t place), void *user);

#endif
