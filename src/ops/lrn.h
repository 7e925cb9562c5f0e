/* lrn.h: what local response normalisation and its gradient share. */
#ifndef OPS_LRN_H
#define OPS_LRN_H

#include "ops/ops.h"

/* The window of channel c: c - before to c + behind. */
int32_t ops_lrn_before(const ops_lrn *p);
int32_t ops_lrn_behind(const ops_lrn *p);
/* Whether kernels that take a vector of channels at a time apply: a window sees no further than the next blocks. */
bool ops_lrn_suits_blocks(const ops_lrn *p, const rt_device *device);
/* The arguments that all kernels of cl/lrn.cl have at their end, and how they take powers. */
void ops_lrn_add_settings(ops_launch *launch, const ops_lrn *p);

#endif
