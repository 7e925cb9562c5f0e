/* tile.c: which register tiles there are, and how well they keep a core busy. */
#include "ops/tile.h"

/* A tile of P pixels by Q blocks takes P * Q + Q + 1 registers; one more is left to the compiler. There are 32 of 16 floats
 * (AVX-512) and 16 of 8 (AVX2); of 4 there are 16 or 32. The lists are short because each tile is a program to compile, and
 * have tall and wide ones so that one wastes little whatever a row's length and the number of blocks are. The most useful come
 * first. */
static const ops_tile tiles_of_32[] = {{14, 2}, {7, 3},  {9, 2},  {8, 3}, {12, 2}, {7, 2},
                                       {9, 3},  {14, 1}, {10, 1}, {4, 4}, {1, 4}};
static const ops_tile tiles_of_16[] = {{6, 2}, {5, 2}, {3, 3}, {7, 1}, {1, 4}};

const ops_tile *ops_tiles(int32_t width, size_t *count_out) {
    *count_out = width == 16 ? BASE_COUNT(tiles_of_32) : BASE_COUNT(tiles_of_16);
    return width == 16 ? tiles_of_32 : tiles_of_16;
}

bool ops_tile_allowed(ops_variant variant, ops_tile tile) {
    return variant.pixels == 0 || (variant.pixels == tile.pixels && variant.blocks == tile.blocks);
}

/* A core starts two products and two loads a clock, a product is done after about four clocks, and the loop itself costs
 * something: measured on Zen 5, the model's ranking of the tiles above agrees with the times but for a few per cent. */
static const double load = 1.1, least = 8.0, loop = 1.0;

double ops_tile_time(ops_tile tile, int64_t tiles, uint32_t units, double extra) {
    double sums = tile.pixels * tile.blocks, loads = load * (tile.pixels + tile.blocks);
    double step = sums > loads ? sums : loads;
    if (step < least) step = least;
    /* The busiest unit's share; half a tile more because units do not start and stop together. */
    double share = (double)base_divide_up(tiles, base_max(units, 1)) + (units > 1 ? 0.5 : 0.0);
    return share * (step + loop + extra);
}
