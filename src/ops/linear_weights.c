/* linear_weights.c: the gradient of a fully connected layer's weight, dy^T x.
 *
 *   tiles    CPUs: tiles of features by vectors of inputs, in registers
 *   generic  any device: an element a work-item */
#include "ops/candidates.h"
#include "ops/cost.h"
#include "ops/tile.h"

#include <stdio.h>

static int64_t elements_of(const ops_linear_weights *p) { return (int64_t)p->features * p->inputs; }

/* The arguments both kernels begin with. */
static ops_launch *begin(ops_recipe *recipe, const char *source, const char *kernel, const ops_linear_weights *p) {
    ops_launch *launch = ops_add_launch(recipe, source, kernel);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, p->rows);
    ops_add_int(launch, p->inputs);
    ops_add_int(launch, p->features);
    ops_add_int(launch, p->in_stride);
    ops_add_int(launch, p->out_stride);
    return launch;
}

/* ---- tiles ----------------------------------------------------------------------------------------------------------------------- */

/* Work-items for each unit: enough to share out evenly. A column of x, which all of an item's tiles read, stays in the nearest cache. */
enum { ITEMS_A_UNIT = 8 };

static bool tiles_applicable(const ops_problem *problem, const rt_device *device) {
    return ops_suits_vectors(device) &&
           problem->linear_weights.inputs >= (int32_t)device->float_width; /* the last vector ends with a row */
}

/* The quickest tile, and its seconds. */
static double choose(const ops_linear_weights *p, const rt_device *device, ops_tile *tile_out) {
    size_t count;
    const ops_tile *tiles = ops_tiles((int32_t)device->float_width, &count);
    double least = 0.0;
    for (size_t i = 0; i < count; i++) {
        const int64_t total = base_divide_up(p->features, tiles[i].pixels) *
                              base_divide_up(p->inputs, (int64_t)tiles[i].blocks * device->float_width);
        const double time = ops_tile_time(tiles[i], total, device->compute_units, 0.0);
        if (i > 0 && time >= least) continue;
        least = time;
        *tile_out = tiles[i];
    }
    const double vectors_a_second =
        ops_peak(device) / (2.0 * device->float_width * (double)base_max(device->compute_units, 1));
    return ops_launch_seconds(device) + least * p->rows / vectors_a_second;
}

static double tiles_cost(const ops_problem *problem, const rt_device *device) {
    ops_tile tile;
    return choose(&problem->linear_weights, device, &tile);
}

static clade_status tiles_make(base_env *env, const ops_problem *problem, const rt_device *device,
                               ops_recipe *recipe_out) {
    (void)env;
    const ops_linear_weights *p = &problem->linear_weights;
    ops_tile tile;
    choose(p, device, &tile);
    const int64_t columns = base_divide_up(p->inputs, (int64_t)tile.blocks * device->float_width);
    const int64_t tiles = base_divide_up(p->features, tile.pixels);
    const int64_t wanted = ITEMS_A_UNIT * base_max(device->compute_units, 1);
    const int64_t share = base_divide_up(tiles, base_min(base_divide_up(wanted, columns), tiles));

    ops_launch *launch = begin(recipe_out, "linear_weights.cl", "linear_weights", p);
    ops_define(launch, "VECTOR", device->float_width);
    ops_define(launch, "FEATURES", tile.pixels);
    ops_define(launch, "BLOCKS", tile.blocks);
    ops_add_int(launch, share);
    launch->dimensions = 2;
    launch->global[0] = (size_t)base_divide_up(tiles, share);
    launch->global[1] = (size_t)columns;
    launch->local[0] = launch->local[1] = 1;
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%d features x %d blocks of %u", tile.pixels, tile.blocks,
             device->float_width);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, elements_of(&problem->linear_weights), problem->linear_weights.rows);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_linear_weights *p = &problem->linear_weights;
    ops_launch *launch = begin(recipe_out, "linear_weights_generic.cl", "linear_weights_generic", p);
    ops_range(launch, device, elements_of(p));
    return CLADE_OK;
}

const ops_candidate ops_linear_weights_candidates[] = {
    {"tiles", tiles_applicable, tiles_cost, tiles_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_linear_weights_candidate_count = BASE_COUNT(ops_linear_weights_candidates);
