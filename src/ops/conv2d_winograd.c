/* conv2d_winograd.c: convolution with fewer products, by Winograd's transforms, on CPUs. cl/conv2d_winograd.cl tells how.
 *
 * A candidate is a transform F(m, r, stride), for kernels of r x r (SQUARE), of 1 x r and r x 1 (LINE), or of 2 r x 2 r with
 * stride 2 that read a plain image of few channels (FOLDED): a row of conv2d_winograd.inc. It is one kernel, whose work-items keep
 * their transformed inputs in local memory, or three that pass values and sums through the workspace (STAGED): where local memory
 * is small, and where weights are many and so are tiles, since these then share the weights.
 *
 * Its results are approximate. Rounding errors grow in the transforms, and an element's error depends on all inputs of its tile;
 * a NaN or an infinity among these may reach every pixel of the tile, as NaN. */
#include "ops/conv2d.h"
#include "ops/conv2d_winograd.h"
#include "ops/cost.h"
#include "ops/tile.h"

#include <stdio.h>

typedef enum winograd_shape { SQUARE, LINE, FOLDED } winograd_shape;
typedef struct winograd_row {
    int32_t m, r, stride;
    winograd_shape shape;
    float error_growth; /* as in ops_recipe; measured by tests/ops/test_conv2d_winograd.c, with room */
    enum { FUSED, STAGED } form;
} winograd_row;

/* What a tile must gain over those before it in the list: every other tile is another program to compile. */
#define CLEARLY_BETTER 1.03

/* To fetch a vector of weights from an outer cache, beside what the products hide of it; in products of one vector. */
#define FETCH_TIME 1.5

/* To write a vector and read it again, which another core may have to do; in products of one vector. And what stages lose beside
 * that, waiting for each other: so much must be gained by them. */
#define MOVE_TIME   16.0
#define STAGES_LOSS 1.15

/* ---- Geometry -------------------------------------------------------------------------------------------------------------- */

/* Channels of a plain image that is folded. */
enum { MOST_FOLDED = 4 };

static int32_t side_of(const winograd_row *row) { return ops_winograd_side(row->m, row->r, row->stride); }

static int32_t points_of(const winograd_row *row) {
    return row->shape == LINE ? side_of(row) : side_of(row) * side_of(row);
}

/* Tiles of all images. */
static int64_t tiles_of(const ops_conv2d *p, const winograd_row *row) {
    int64_t rows = p->kernel_h > 1 ? base_divide_up(p->out.h, row->m) : p->out.h;
    int64_t columns = p->kernel_w > 1 ? base_divide_up(p->out.w, row->m) : p->out.w;
    return p->out.n * rows * columns;
}

/* Bytes of the transformed inputs of a work-item. */
static int64_t values_size(const ops_conv2d *p, const winograd_row *row, ops_tile tile) {
    return points_of(row) * tile.pixels * base_round_up(ops_winograd_channels(p), p->out.block) *
           (int64_t)sizeof(float);
}

static int64_t weight_elements(const ops_conv2d *p, const winograd_row *row, ops_tile tile) {
    return points_of(row) * ops_winograd_channels(p) * base_round_up(p->out.c, (int64_t)tile.blocks * p->out.block);
}

static int64_t tiles_of_blocks(const ops_conv2d *p, ops_tile tile) {
    return base_divide_up(p->out.c, (int64_t)tile.blocks * p->out.block);
}

/* Bytes of the workspace: of all values, and of all sums. */
static int64_t all_values_size(const ops_conv2d *p, const winograd_row *row, ops_tile tile) {
    return base_divide_up(tiles_of(p, row), tile.pixels) * values_size(p, row, tile);
}
static int64_t all_sums_size(const ops_conv2d *p, const winograd_row *row, ops_tile tile) {
    return base_divide_up(tiles_of(p, row), tile.pixels) * tiles_of_blocks(p, tile) * points_of(row) * tile.pixels *
           tile.blocks * p->out.block * (int64_t)sizeof(float);
}

static bool fits(const ops_conv2d *p, const rt_device *device, const winograd_row *row, ops_tile tile) {
    if (row->form == FUSED) return values_size(p, row, tile) <= (int64_t)device->local_memory;
    return all_values_size(p, row, tile) + all_sums_size(p, row, tile) <= (int64_t)device->largest_allocation;
}

/* ---- Choice ---------------------------------------------------------------------------------------------------------------- */

typedef struct winograd_choice {
    ops_tile tile;
    int64_t groups, parts; /* work-items: groups of tiles, parts of the output channels */
    double seconds;
} winograd_choice;

/* What it takes to transform one block of channels of one tile, in products of one vector: sums, and loads and stores on the way. */
static double input_time(const winograd_row *row) {
    double side = side_of(row), lines = row->shape == LINE ? 1.0 : 2.0 * side;
    double folding = row->shape == FOLDED ? 8.0 * points_of(row) : 0.0;
    return lines * side * side / 2.0 + 6.0 * points_of(row) + folding;
}
static double output_time(const winograd_row *row) {
    double side = side_of(row), m = row->m, lines = row->shape == LINE ? 1.0 : side + m;
    return lines * (side + m * side / 2.0) + 4.0 * points_of(row) + 3.0 * (row->shape == LINE ? m : m * m);
}

/* The time of the busiest unit, as ops_tile_time, with the output channels in so many parts. */
static double time_of(const ops_conv2d *p, const rt_device *device, const winograd_row *row, const winograd_choice *c) {
    int64_t tiles = base_divide_up(p->out.c, (int64_t)c->tile.blocks * p->out.block);
    double products = (double)(points_of(row) * ops_winograd_channels(p) * base_divide_up(tiles, c->parts));
    double inputs =
        (double)base_divide_up(ops_winograd_channels(p), p->out.block) * c->tile.pixels * input_time(row) / products;
    double fetches = FETCH_TIME * c->tile.blocks;
    double outputs =
        c->tile.pixels * c->tile.blocks * output_time(row) / (double)(points_of(row) * ops_winograd_channels(p));
    return products * ops_tile_time(c->tile, c->groups * c->parts, device->compute_units, inputs + fetches + outputs);
}

/* The same in three stages, whose work-items are a block of inputs, a point, and a tile of blocks, for each group of tiles. What goes
 * through the workspace takes as long as it takes to move; the products of a point share its weights. */
static double time_of_stages(const ops_conv2d *p, const rt_device *device, const winograd_row *row,
                             const winograd_choice *c) {
    const double units = (double)base_max(device->compute_units, 1), width = p->out.block;
    const double tiles = (double)tiles_of_blocks(p, c->tile), pixels = (double)c->groups * c->tile.pixels;
    const double inputs =
        pixels * (double)base_divide_up(ops_winograd_channels(p), p->out.block) * input_time(row) / units;
    const double outputs = pixels * tiles * c->tile.blocks * output_time(row) / units;
    const int64_t items = c->groups * tiles_of_blocks(p, c->tile) * points_of(row);
    const double fetches = FETCH_TIME * c->tile.blocks / (double)c->groups; /* by the first group alone */
    const double products =
        (double)ops_winograd_channels(p) * ops_tile_time(c->tile, items, device->compute_units, fetches);
    const double moved = (double)all_values_size(p, row, c->tile) + 2.0 * (double)all_sums_size(p, row, c->tile);
    return STAGES_LOSS * (inputs + outputs + products + MOVE_TIME * moved / (width * sizeof(float) * units));
}

/* More parts share the work more evenly, but each transforms the inputs anew. */
static double choose_parts(const ops_conv2d *p, const rt_device *device, const winograd_row *row, winograd_choice *c) {
    int64_t tiles = base_divide_up(p->out.c, (int64_t)c->tile.blocks * p->out.block), best = 1;
    double least = 0.0;
    if (p->variant.parts) {
        c->parts = base_min(p->variant.parts, tiles);
        return time_of(p, device, row, c);
    }
    for (c->parts = 1; c->parts <= tiles; c->parts++) {
        double time = time_of(p, device, row, c);
        if (c->parts == 1 || time < least) least = time, best = c->parts;
    }
    c->parts = best;
    return least;
}

static bool choose(const ops_conv2d *p, const rt_device *device, const winograd_row *row, winograd_choice *choice_out) {
    size_t count;
    const ops_tile *tiles = ops_tiles(p->out.block, &count);
    bool found = false;
    double least = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (!ops_tile_allowed(p->variant, tiles[i])) continue;
        if (!fits(p, device, row, tiles[i])) continue;
        winograd_choice choice = {
            .tile = tiles[i], .groups = base_divide_up(tiles_of(p, row), tiles[i].pixels), .parts = 1};
        double time =
            row->form == STAGED ? time_of_stages(p, device, row, &choice) : choose_parts(p, device, row, &choice);
        if (found && time * CLEARLY_BETTER >= least) continue;
        least = time;
        *choice_out = choice;
        found = true;
    }
    if (!found) return false;
    double vectors_a_second = ops_peak(device) / (2.0 * p->out.block * (double)base_max(device->compute_units, 1));
    /* Transformed weights are often larger than a network's share of the caches: with few pixels a layer waits for them. */
    double computing = least / vectors_a_second;
    double reading =
        (double)weight_elements(p, row, choice_out->tile) * (double)base_type_size(p->weights) / ops_bandwidth(device);
    const double launches = row->form == STAGED ? 3.0 : 1.0;
    choice_out->seconds = launches * ops_launch_seconds(device) + (computing > reading ? computing : reading);
    return true;
}

/* The transform's own kernel, and its own stride. */
static bool suits_window(const ops_conv2d *p, const winograd_row *row) {
    const int32_t fold = row->shape == FOLDED ? 2 : 1, stride = row->stride * fold;
    const bool down = base_divide_up(p->kernel_h, fold) == row->r, across = base_divide_up(p->kernel_w, fold) == row->r;
    const bool line = (across && p->kernel_h == 1) || (down && p->kernel_w == 1);
    return (row->shape == LINE ? line : down && across) && p->stride_h == stride && p->stride_w == stride &&
           p->dilation_h == 1 && p->dilation_w == 1;
}

static bool row_applicable(const ops_problem *problem, const rt_device *device, const winograd_row *row) {
    const ops_conv2d *p = &problem->conv2d;
    const int32_t width = (int32_t)device->float_width;
    const bool folded = row->shape == FOLDED;
    winograd_choice choice;
    return ops_suits_vectors(device) &&           /* a CPU */
           p->in.block == (folded ? 1 : width) && /* a block of channels is a vector, in the input, or made one */
           (!folded || p->in.c <= MOST_FOLDED) && /* from few channels */
           p->out.block == width &&               /* and in the output */
           p->groups == 1 &&                      /* an output channel is made from all input channels */
           suits_window(p, row) &&                /* neighbouring results share inputs */
           choose(p, device, row, &choice); /* a tile's transformed inputs fit local memory, or all the workspace */
}

static double row_cost(const ops_problem *problem, const rt_device *device, const winograd_row *row) {
    const ops_conv2d *p = &problem->conv2d;
    winograd_choice choice = {0};
    choose(p, device, row, &choice);
    if (!problem->given) return choice.seconds;
    /* the weights are transformed in each run: as it takes to read and write them about twice */
    return choice.seconds + ops_cost_stream(device, 2 * weight_elements(p, row, choice.tile));
}

/* ---- Recipe ---------------------------------------------------------------------------------------------------------------- */

/* Rounding of transformed weights to a narrow type comes to the errors of the sums, of which 2 K eps is the measure; both grow in
 * the transforms. */
static float error_growth(const ops_conv2d *p, const winograd_row *row) {
    const float eps = p->weights == CLADE_FLOAT32 ? 0.0f : p->weights == CLADE_FLOAT16 ? 0x1p-11f : 0x1p-8f;
    const float sums = 2.0f * (float)(ops_winograd_channels(p) * row->r * (row->shape == LINE ? 1 : row->r)) * 0x1p-24f;
    return row->error_growth * (1.0f + 8.0f * eps / sums);
}

static ops_launch *add_kernel(ops_recipe *recipe, const ops_conv2d *p, const winograd_row *row, ops_tile tile,
                              const char *kernel, int64_t groups, int64_t columns) {
    ops_launch *launch = ops_add_launch(recipe, "conv2d_winograd.cl", kernel);
    ops_define(launch, "VECTOR", p->out.block);
    ops_define(launch, "TILE", row->m);
    ops_define(launch, "KERNEL", row->r);
    ops_define(launch, "STRIDE", row->stride);
    ops_define(launch, "SQUARE", row->shape != LINE);
    ops_define(launch, "FOLD", row->shape == FOLDED ? base_round_up(ops_winograd_channels(p), p->out.block) : 0);
    ops_define(launch, "PIXELS", tile.pixels);
    ops_define(launch, "BLOCKS", tile.blocks);
    launch->dimensions = 2;
    launch->global[0] = (size_t)groups;
    launch->global[1] = (size_t)columns;
    launch->local[0] = launch->local[1] = 1;
    return launch;
}

static int32_t add_weight(ops_recipe *recipe, const ops_conv2d *p, const winograd_row *row, ops_tile tile) {
    const ops_constant constant = ops_winograd_weight(p, points_of(row), tile.blocks * p->out.block);
    return ops_add_constant(recipe, &constant);
}

static void make_fused(ops_recipe *recipe, const ops_conv2d *p, const winograd_row *row, const winograd_choice *c) {
    ops_launch *launch = add_kernel(recipe, p, row, c->tile, "conv2d_winograd", c->groups, c->parts);
    const int32_t weight = add_weight(recipe, p, row, c->tile);
    ops_set_weight_type(recipe, launch, weight, p->weights);
    ops_conv2d_add_arguments(recipe, launch, p, weight, c->tile.blocks * p->out.block);
    ops_add_local(launch, values_size(p, row, c->tile));
}

static void add_workspace(ops_launch *launch, int64_t byte) {
    ops_add_operand(launch, OPS_WORKSPACE, 0);
    launch->arguments[launch->argument_count - 1].value.i = byte;
}

static void make_staged(ops_recipe *recipe, const ops_conv2d *p, const winograd_row *row, const winograd_choice *c) {
    const int64_t tiles = tiles_of_blocks(p, c->tile), sums = all_values_size(p, row, c->tile);
    const int32_t weight = add_weight(recipe, p, row, c->tile);
    recipe->workspace = (uint64_t)(sums + all_sums_size(p, row, c->tile));

    ops_launch *inputs = add_kernel(recipe, p, row, c->tile, "winograd_inputs", c->groups,
                                    base_divide_up(ops_winograd_channels(p), p->out.block));
    ops_define(inputs, "STAGE", 1);
    ops_add_operand(inputs, OPS_INPUT, 0);
    add_workspace(inputs, 0);
    ops_conv2d_add_sizes(inputs, p);

    ops_launch *products = add_kernel(recipe, p, row, c->tile, "winograd_products", c->groups, tiles * points_of(row));
    ops_define(products, "STAGE", 2);
    ops_set_weight_type(recipe, products, weight, p->weights);
    add_workspace(products, 0);
    ops_add_operand(products, OPS_CONSTANT, weight);
    add_workspace(products, sums);
    ops_add_int(products, ops_winograd_channels(p));

    ops_launch *results = add_kernel(recipe, p, row, c->tile, "winograd_results", c->groups, tiles);
    ops_define(results, "STAGE", 3);
    add_workspace(results, sums);
    ops_conv2d_add_finish(recipe, results, p, c->tile.blocks * p->out.block);
}

static clade_status row_make(const ops_problem *problem, const rt_device *device, const winograd_row *row,
                             ops_recipe *recipe_out) {
    const ops_conv2d *p = &problem->conv2d;
    winograd_choice choice = {0};
    choose(p, device, row, &choice);
    if (row->form == STAGED)
        make_staged(recipe_out, p, row, &choice);
    else
        make_fused(recipe_out, p, row, &choice);
    recipe_out->variant = (ops_variant){choice.tile.pixels, choice.tile.blocks, (int32_t)choice.parts};
    recipe_out->error_growth = error_growth(p, row);
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%d tiles x %d blocks of %d in %lld parts",
             choice.tile.pixels, choice.tile.blocks, p->out.block, (long long)choice.parts);
    return CLADE_OK;
}

/* ---- Candidates ------------------------------------------------------------------------------------------------------------ */

#define WINOGRAD(name, ...)                                                                                            \
    static const winograd_row name = {__VA_ARGS__};                                                                    \
    bool ops_conv2d_##name##_applicable(const ops_problem *problem, const rt_device *device) {                         \
        return row_applicable(problem, device, &name);                                                                 \
    }                                                                                                                  \
    double ops_conv2d_##name##_cost(const ops_problem *problem, const rt_device *device) {                             \
        return row_cost(problem, device, &name);                                                                       \
    }                                                                                                                  \
    clade_status ops_conv2d_##name##_make(base_env *env, const ops_problem *problem, const rt_device *device,          \
                                          ops_recipe *recipe_out) {                                                    \
        (void)env;                                                                                                     \
        return row_make(problem, device, &name, recipe_out);                                                           \
    }
#include "ops/conv2d_winograd.inc"
#undef WINOGRAD
