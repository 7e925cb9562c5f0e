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
/* The weights of a transform with so many products a tile, for tiles of so many output channels:
 * [tile of blocks][point][input channel][channel of the tile]. */
ops_constant ops_winograd_weight(const ops_conv2d *p, int64_t points, int32_t tile_channels);

#endif
