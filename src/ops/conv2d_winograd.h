/* conv2d_winograd.h: what the candidates of conv2d_winograd.c and their weights agree about. */
#ifndef OPS_CONV2D_WINOGRAD_H
#define OPS_CONV2D_WINOGRAD_H

#include "ops/ops.h"

/* A plain image is folded: four neighbouring pixels of a channel are seen as one pixel of four channels. */
bool ops_winograd_is_folded(const ops_conv2d *p);
bool ops_winograd_is_square(const ops_conv2d *p);
/* Input channels, as the sums see them. */
int64_t ops_winograd_channels(const ops_conv2d *p);
/* Inputs of a tile of F(m, r, stride) along an axis, and products. */
int32_t ops_winograd_side(int32_t m, int32_t r, int32_t stride);
/* The `pack` of an ops_constant whose block is the channels of a tile: [tile of blocks][point][input channel][channel of the tile]. */
void ops_winograd_pack_weight(const ops_problem *problem, const ops_constant *constant, const float *values,
                              float *packed);

#endif
