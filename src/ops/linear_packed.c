/* linear_packed.c: a fully connected layer on CPUs, with the weights packed in the order in which the kernel reads them. */
#include "ops/cost.h"
#include "ops/linear.h"
#include "ops/tile.h"

#include <stdio.h>

/* Each row takes a register for its address: taller tiles would spill. */
enum { MOST_ROWS = 4 };

bool ops_linear_packed_applicable(const ops_problem *problem, const rt_device *device) {
    (void)problem;
    return ops_suits_vectors(device);
}

static int64_t tile_features(ops_tile tile, const rt_device *device) {
    return (int64_t)tile.blocks * device->float_width;
}

/* The quickest tile, and its seconds. */
static double choose(const ops_linear *p, const rt_device *device, ops_tile *tile_out) {
    size_t count;
    const ops_tile *tiles = ops_tiles((int32_t)device->float_width, &count);
    double least = 0.0;
    bool found = false;
    double vectors_a_second =
        ops_peak(device) / (2.0 * device->float_width * (double)base_max(device->compute_units, 1));
    for (size_t i = 0; i < count; i++) {
        if (tiles[i].pixels > MOST_ROWS) continue;
        int64_t groups =
            base_divide_up(p->rows, tiles[i].pixels) * base_divide_up(p->features, tile_features(tiles[i], device));
        double time = ops_tile_time(tiles[i], groups, device->compute_units, 0.0);
        if (found && time >= least) continue;
        least = time;
        *tile_out = tiles[i];
        found = true;
    }
    return ops_launch_seconds(device) + least * p->inputs / vectors_a_second;
}

double ops_linear_packed_cost(const ops_problem *problem, const rt_device *device) {
    ops_tile tile;
    return choose(&problem->linear, device, &tile);
}

clade_status ops_linear_packed_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                    ops_recipe *recipe_out) {
    (void)env;
    const ops_linear *p = &problem->linear;
    ops_tile tile;
    choose(p, device, &tile);
    int64_t width = tile_features(tile, device), tiles = base_divide_up(p->features, width);

    ops_launch *launch = ops_add_launch(recipe_out, "linear_packed.cl", "linear_packed");
    ops_define(launch, "VECTOR", device->float_width);
    ops_define(launch, "ROWS", tile.pixels);
    ops_define(launch, "BLOCKS", tile.blocks);
    /* [tile of features][inputs][feature of the tile] */
    const ops_weight_shape shape = ops_linear_weight(p);
    const ops_packing packing = ops_pack_weight(&shape, width, 1);
    int32_t weight = ops_add_packed(recipe_out, OPS_WEIGHT, &packing);
    ops_set_weight_type(recipe_out, launch, weight, p->weights);
    ops_linear_add_arguments(recipe_out, launch, p, weight, (int32_t)width);

    launch->dimensions = 2;
    launch->global[0] = (size_t)base_divide_up(p->rows, tile.pixels);
    launch->global[1] = (size_t)tiles;
    launch->local[0] = launch->local[1] = 1;
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%d rows x %d blocks of %u", tile.pixels, tile.blocks,
             device->float_width);
    return CLADE_OK;
}
