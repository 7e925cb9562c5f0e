/* conv2d_weights_tiles.c: the gradient of a convolution's weight on CPUs, in tiles of registers; cl/conv2d_weights.cl tells how.
 *
 * "blocked" reads a blocked x, "planar" a plain one of few channels, as a network's first layer has it. They share the kernels. Here is
 * chosen: the tile, what a chunk is, and how the work is shared out: by tiles and units first, and by images where these are few,
 * since each share of the images has sums of its own, which have to be added. */
#include "ops/conv2d.h"
#include "ops/conv2d_weights.h"
#include "ops/cost.h"
#include "ops/tile.h"

#include <stdio.h>

/* METHOD of conv2d_weights.cl. */
typedef enum weights_method { METHOD_CHANNELS = 0, METHOD_TAPS = 1 } weights_method;

/* Pixels of a chunk: two blocks of dy and one of x stay in 32 KB, while adding a tile's sums to those of other chunks takes a
 * fiftieth of making them. */
enum { CHUNK_PIXELS = 112 };

/* Sums of a share: they stay in a core's second-level cache while chunks go by. */
enum { SHARE_BYTES = 256 << 10 };

/* Shares for each unit, so that all end at about the same time, and what a share of images may add to the sums' own time. */
enum { SHARES_A_UNIT = 4 };

/* Floats of sums that a work-item of the second launch puts in order: they stay in the first-level cache while it goes through them out
 * channel by out channel, and leave it in long rows. */
enum { FINISH_FLOATS = 4096 };

typedef struct weights_choice {
    weights_method method;
    ops_tile tile; /* lanes and blocks */
    int64_t tiles, units, taps;
    int32_t rows; /* of the kernel, in a tile */
    int64_t tile_shares, unit_shares, image_shares;
    int64_t chunk_images, chunk_rows;
    double seconds;
} weights_choice;

/* ---- The tile ------------------------------------------------------------------------------------------------------------------ */

/* Lanes by blocks: as in ops_tiles, each register that is no sum is for one of the blocks, or for a lane. */
static const ops_tile channel_tiles_of_32[] = {{8, 3}, {8, 2}, {16, 1}, {8, 1}};
static const ops_tile channel_tiles_of_16[] = {{4, 3}, {4, 2}, {8, 1}, {4, 1}};

static bool tile_fits(const ops_conv2d_weights *p, ops_tile tile) {
    const bool allowed = ops_tile_allowed(p->variant, tile);
    const int64_t group_in = p->in.c / p->groups, group_out = p->out.c / p->groups;
    return allowed && (p->in.block == 1 || p->in.block % tile.pixels == 0) &&
           (p->groups == 1 ||
            (group_out % (tile.blocks * p->out.block) == 0 && (p->in.block == 1 || group_in % p->in.block == 0)));
}

static double time_of(const ops_conv2d_weights *p, ops_tile tile, int64_t units) {
    const int64_t tiles = base_divide_up(p->out.c, (int64_t)tile.blocks * p->out.block);
    return ops_tile_time(tile, tiles * units, 1, 0.0);
}

/* Of a plain x the lanes are taps of so many rows, and blocks as many as registers are left for. No lanes: there is not one. */
static ops_tile taps_tile(const ops_conv2d_weights *p, int32_t rows) {
    const int64_t registers = p->out.block == 16 ? 30 : 15, blocks = base_divide_up(p->out.c, p->out.block);
    const int64_t most = base_min(registers / (rows * p->kernel_w + 1), 4);
    if (most == 0) return (ops_tile){0};
    return (ops_tile){rows * p->kernel_w,
                      (int32_t)base_divide_up(blocks, base_divide_up(blocks, base_min(blocks, most)))};
}

/* Whether some window reaches beyond the image. */
static bool is_padded(const ops_conv2d_weights *p) {
    const int64_t last_y = (int64_t)(p->out.h - 1) * p->stride_h + (int64_t)(p->kernel_h - 1) * p->dilation_h;
    const int64_t last_x = (int64_t)(p->out.w - 1) * p->stride_w + (int64_t)(p->kernel_w - 1) * p->dilation_w;
    return p->pad_top > 0 || p->pad_left > 0 || last_y >= p->in.h || last_x >= p->in.w;
}

/* One row of the kernel at a time, or all, which read dy once: 0.7 to 0.8 of the time, but 1.3 where the image has edges. */
static bool choose_taps(const ops_conv2d_weights *p, weights_choice *c) {
    const ops_tile one = taps_tile(p, 1), all = taps_tile(p, p->kernel_h);
    if (p->groups > 1 || one.pixels == 0) return false;
    c->method = METHOD_TAPS;
    c->units = p->in.c;
    c->tile = one;
    c->taps = p->kernel_h;
    c->rows = 1;
    c->seconds = time_of(p, one, c->units) * (double)c->taps;
    if (is_padded(p) || all.pixels == 0 || time_of(p, all, c->units) >= c->seconds) return true;
    c->tile = all;
    c->taps = 1;
    c->rows = p->kernel_h;
    c->seconds = time_of(p, all, c->units);
    return true;
}

static bool choose_tile(const ops_conv2d_weights *p, weights_choice *c) {
    const int64_t channels = p->in.c / p->groups;
    bool found = false;
    double least = 0.0;
    if (p->in.block == 1) return choose_taps(p, c);
    c->method = METHOD_CHANNELS;
    c->rows = 1;
    const ops_tile *tiles = p->out.block == 16 ? channel_tiles_of_32 : channel_tiles_of_16;
    for (size_t i = 0; i < BASE_COUNT(channel_tiles_of_32); i++) {
        const int64_t units = base_divide_up(channels, tiles[i].pixels);
        const double time = time_of(p, tiles[i], units);
        if (!tile_fits(p, tiles[i]) || (found && time >= least)) continue;
        c->tile = tiles[i];
        c->units = units;
        least = time;
        found = true;
    }
    c->taps = (int64_t)p->kernel_h * p->kernel_w;
    c->seconds = least * (double)c->taps;
    return found;
}

/* ---- Shares -------------------------------------------------------------------------------------------------------------------- */

static int64_t tile_bytes(const ops_conv2d_weights *p, const weights_choice *c) {
    return c->taps * c->tile.pixels * c->tile.blocks * p->out.block * (int64_t)sizeof(float);
}

static void choose_chunk(const ops_conv2d_weights *p, weights_choice *c) {
    const int64_t pixels = (int64_t)p->out.h * p->out.w;
    c->chunk_images = base_max(CHUNK_PIXELS / pixels, 1);
    c->chunk_rows = base_min(base_divide_up(CHUNK_PIXELS, p->out.w), p->out.h);
}

/* Of so many things, shares of whose sums fit the cache together: the larger number is cut first, which has the other read less often. */
static void choose_shares(const ops_conv2d_weights *p, const rt_device *device, weights_choice *c) {
    const int64_t most = base_max(SHARE_BYTES / tile_bytes(p, c), 1), units = base_max(device->compute_units, 1);
    int64_t tiles = c->tiles, channels = c->units;
    while (tiles * channels > most)
        if (tiles * c->tile.blocks * p->out.block >= channels * c->tile.pixels && tiles > 1)
            tiles = base_divide_up(tiles, 2);
        else
            channels = base_divide_up(channels, 2);
    c->tile_shares = base_divide_up(c->tiles, tiles);
    c->unit_shares = base_divide_up(c->units, channels);
    const int64_t shares = c->tile_shares * c->unit_shares, chunks = base_divide_up(p->out.n, c->chunk_images);
    c->image_shares = base_min(base_divide_up(SHARES_A_UNIT * units, shares), chunks);
}

static bool choose(const ops_conv2d_weights *p, const rt_device *device, weights_choice *c) {
    if (!choose_tile(p, c)) return false;
    c->tiles = base_divide_up(p->out.c, (int64_t)c->tile.blocks * p->out.block);
    choose_chunk(p, c);
    choose_shares(p, device, c);
    const double vectors_a_second = ops_peak(device) / (2.0 * p->out.block), pixels = (double)p->out.h * p->out.w;
    const int64_t sums = c->image_shares * c->tiles * c->units * tile_bytes(p, c) / (int64_t)sizeof(float);
    c->seconds = ops_launch_seconds(device) + c->seconds * pixels * p->out.n / vectors_a_second +
                 ops_cost_stream(device, 2 * sums);
    return true;
}

/* ---- Candidates ---------------------------------------------------------------------------------------------------------------- */

static bool is_applicable(const ops_conv2d_weights *p, const rt_device *device) {
    weights_choice choice;
    return ops_suits_vectors(device) &&                    /* a CPU */
           p->out.block == (int32_t)device->float_width && /* a block of dy is a vector */
           choose(p, device, &choice);                     /* groups are whole tiles */
}

bool ops_conv2d_weights_blocked_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    return p->in.block == (int32_t)device->float_width && is_applicable(p, device);
}

bool ops_conv2d_weights_planar_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    return p->in.block == 1 && is_applicable(p, device);
}

double ops_conv2d_weights_tiles_cost(const ops_problem *problem, const rt_device *device) {
    weights_choice choice = {0};
    choose(&problem->conv2d_weights, device, &choice);
    return choice.seconds;
}

static ops_launch *add_kernel(ops_recipe *recipe, const ops_conv2d_weights *p, const weights_choice *c,
                              const char *kernel, bool is_finish) {
    ops_launch *launch = ops_add_launch(recipe, "conv2d_weights.cl", kernel);
    ops_define(launch, "VECTOR", p->out.block);
    ops_define(launch, "METHOD", c->method);
    ops_define(launch, "LANES", c->tile.pixels);
    ops_define(launch, "BLOCKS", c->tile.blocks);
    ops_define(launch, "FINISH", is_finish);
    for (int i = 0; i < 3; i++) launch->local[i] = 1;
    return launch;
}

static void add_sums(ops_recipe *recipe, const ops_conv2d_weights *p, const weights_choice *c) {
    const ops_conv2d forward = ops_conv2d_weights_forward(p);
    const int64_t shares[] = {base_divide_up(p->out.n, c->image_shares),
                              base_divide_up(c->tiles, c->tile_shares),
                              base_divide_up(c->units, c->unit_shares),
                              c->chunk_images,
                              c->chunk_rows,
                              c->tiles / p->groups,
                              c->units};
    ops_launch *launch = add_kernel(recipe, p, c, "conv2d_weights", false);
    ops_define(launch, "ROWS", c->rows);
    ops_define(launch, "PADDED",
               c->method == METHOD_CHANNELS || is_padded(p)); /* few programs: of taps alone it is quicker */
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_WORKSPACE, 0);
    ops_conv2d_add_sizes(launch, &forward);
    ops_add_longs(launch, shares, BASE_COUNT(shares));
    launch->dimensions = 3;
    launch->global[0] = (size_t)c->unit_shares;
    launch->global[1] = (size_t)c->tile_shares;
    launch->global[2] = (size_t)base_divide_up(p->out.n, shares[0]);
}

static void add_finish(ops_recipe *recipe, const ops_conv2d_weights *p, const weights_choice *c) {
    const int64_t share = base_max(FINISH_FLOATS * (int64_t)sizeof(float) / tile_bytes(p, c), 1);
    ops_launch *launch = add_kernel(recipe, p, c, "conv2d_weights_finish", true);
    ops_add_operand(launch, OPS_WORKSPACE, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, (int64_t)recipe->launches[0].global[2]);
    ops_add_int(launch, c->tiles);
    ops_add_int(launch, c->units);
    ops_add_int(launch, c->taps);
    ops_add_int(launch, p->in.c / p->groups);
    ops_add_int(launch, p->out.c);
    ops_add_int(launch, share);
    launch->dimensions = 2;
    launch->global[0] = (size_t)base_divide_up(c->units, share);
    launch->global[1] = (size_t)c->tiles;
}

clade_status ops_conv2d_weights_tiles_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                           ops_recipe *recipe_out) {
    (void)env;
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    weights_choice choice = {0};
    choose(p, device, &choice);
    add_sums(recipe_out, p, &choice);
    add_finish(recipe_out, p, &choice);
    recipe_out->workspace =
        (uint64_t)((int64_t)recipe_out->launches[0].global[2] * choice.tiles * choice.units * tile_bytes(p, &choice));
    recipe_out->variant = (ops_variant){.pixels = choice.tile.pixels, .blocks = choice.tile.blocks};
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%d %s x %d blocks of %d in %lld x %lld x %lld shares",
             choice.tile.pixels, choice.method == METHOD_TAPS ? "taps" : "channels", choice.tile.blocks, p->out.block,
             (long long)choice.unit_shares, (long long)choice.tile_shares, (long long)choice.image_shares);
    return CLADE_OK;
}
