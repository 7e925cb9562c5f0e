/* tile.h: register tiles of the CPU kernels: so many pixels (or rows) by so many blocks of output channels, each a vector. */
#ifndef OPS_TILE_H
#define OPS_TILE_H

#include "ops/ops.h"

typedef struct ops_tile {
    int32_t pixels, blocks;
} ops_tile;

/* The tiles that fit the registers of a CPU whose vectors have `width` floats; static. */
const ops_tile *ops_tiles(int32_t width, size_t *count_out);

/* Whether a variant leaves the choice of the tile, or asks for this one. */
bool ops_tile_allowed(ops_variant variant, ops_tile tile);

/* How long `tiles.pixels * tiles.blocks` tiles of one size take for one product in each sum, in products of one vector, on one of
 * `units`. `extra` is other work a tile has for each product of its sums, in the same unit. */
double ops_tile_time(ops_tile tile, int64_t tiles, uint32_t units, double extra);

#endif
