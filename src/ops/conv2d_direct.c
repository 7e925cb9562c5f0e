/* conv2d_direct.c: direct convolution into blocked tensors on CPUs, with one block of channels in a vector register.
 *
 * "direct" reads a blocked tensor, also in groups of whole blocks; "direct_planar" a plain one of few channels, which is what a
 * network's first layer finds. They share the kernel, and here the choice of the tile: the one that wastes least, by ops_tile_time. */
#include "ops/conv2d.h"
#include "ops/cost.h"
#include "ops/tile.h"

#include <stdio.h>

/* METHOD of conv2d_direct.cl. */
typedef enum direct_method { METHOD_IMAGE = 0, METHOD_LINE = 1, METHOD_PLANE = 2 } direct_method;

/* Elements of the private line: pixels for METHOD_LINE, floats for METHOD_PLANE. 14 pixels of an 11 x 11 kernel with stride 4
 * need 63. */
enum { LINE_SPACE = 64, PLANE_SPACE = 128 };

/* Inputs that stay in a core's own cache beside the weights that pass by. At batch 16, without slabs, 320 -> 96 channels at 35 x 35 take
 * 1.11 times as long; from 128 KiB to 512 KiB there is little between them, but small slabs read the weights often. */
enum { SLAB_BYTES = 512 << 10 };

/* What a tile must gain over those before it in the list: every other tile is another program to compile. */
#define CLEARLY_BETTER 1.03

typedef struct direct_choice {
    ops_tile tile;
    direct_method method;
    double seconds;
} direct_choice;

/* A pointwise convolution does not care where rows end: one long row wastes fewer pixels of the tiles. */
static ops_conv2d flattened(const ops_conv2d *p) {
    ops_conv2d flat = *p;
    if (!ops_conv2d_is_pointwise(p)) return flat;
    flat.in.w = flat.out.w = p->out.h * p->out.w;
    flat.in.h = flat.out.h = 1;
    return flat;
}

/* Those that an output channel is made from. */
static int32_t group_channels(const ops_conv2d *p) { return p->in.c / p->groups; }

/* A tile lies in one group. */
static bool suits_groups(const ops_conv2d *p, ops_tile tile) {
    return p->groups == 1 || p->out.c / p->groups % (tile.blocks * p->out.block) == 0;
}

static direct_method method_for(const ops_conv2d *p, ops_tile tile) {
    if (p->in.block == 1) return METHOD_PLANE;
    bool upright = p->kernel_w == 1 && p->stride_w == 1 && p->pad_left == 0 && p->out.w <= p->in.w;
    return upright && p->out.w >= tile.pixels ? METHOD_IMAGE : METHOD_LINE;
}

/* Elements of the private line that a tile takes; see conv2d_direct.cl. */
static int64_t line_needed(const ops_conv2d *p, ops_tile tile, direct_method method) {
    int64_t reach = (int64_t)(p->kernel_w - 1) * p->dilation_w;
    switch (method) {
    case METHOD_LINE:
        return p->stride_w * (tile.pixels + reach / p->stride_w);
    case METHOD_PLANE:
        return (int64_t)(tile.pixels - 1) * p->stride_w + reach + 1;
    default:
        return 0;
    }
}

/* The copy of a kernel row's pixels, for each product of the tile's sums, in vector products. A pixel is a load and a store;
 * floats are copied a vector at a time, in a loop that is short and badly predicted. */
static double copy_time(const ops_conv2d *p, ops_tile tile, direct_method method) {
    double needed = (double)line_needed(p, tile, method), width = p->out.block;
    switch (method) {
    case METHOD_LINE:
        return 2.0 * needed / (p->kernel_w * width);
    case METHOD_PLANE:
        return (2.0 * needed / width + 16.0) / p->kernel_w;
    default:
        return 0.0;
    }
}

static bool choose(const ops_conv2d *p, const rt_device *device, direct_choice *choice_out) {
    size_t count;
    const ops_tile *tiles = ops_tiles(p->out.block, &count);
    bool found = false;
    double vectors_a_second = ops_peak(device) / (2.0 * p->out.block * (double)base_max(device->compute_units, 1));
    double products = (double)group_channels(p) * p->kernel_h * p->kernel_w;
    for (size_t i = 0; i < count; i++) {
        if (!ops_tile_allowed(p->variant, tiles[i]) || !suits_groups(p, tiles[i])) continue;
        direct_method method = method_for(p, tiles[i]);
        if (line_needed(p, tiles[i], method) > (method == METHOD_PLANE ? PLANE_SPACE : LINE_SPACE)) continue;
        int64_t groups = base_divide_up(p->out.w, tiles[i].pixels) * p->out.h * p->out.n *
                         base_divide_up(p->out.c, (int64_t)tiles[i].blocks * p->out.block);
        double time = ops_tile_time(tiles[i], groups, device->compute_units, copy_time(p, tiles[i], method));
        double seconds = ops_launch_seconds(device) + time * products / vectors_a_second;
        if (found && seconds * CLEARLY_BETTER >= choice_out->seconds) continue;
        *choice_out = (direct_choice){tiles[i], method, seconds};
        found = true;
    }
    return found;
}

static bool has_tile(const ops_conv2d *p, const rt_device *device) {
    ops_conv2d flat = flattened(p);
    direct_choice choice;
    return choose(&flat, device, &choice);
}

bool ops_conv2d_direct_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d *p = &problem->conv2d;
    return ops_suits_vectors(device) &&                    /* a CPU */
           p->in.block == (int32_t)device->float_width &&  /* a block of channels is a vector, in the input */
           p->out.block == (int32_t)device->float_width && /* and in the output */
           ops_conv2d_is_wide(p) &&                        /* a block's channels are all made from the same blocks */
           has_tile(p, device);                            /* the window is not too wide for the private line */
}

bool ops_conv2d_planar_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d *p = &problem->conv2d;
    return ops_suits_vectors(device) &&                    /* a CPU */
           p->in.block == 1 &&                             /* a plain input */
           p->out.block == (int32_t)device->float_width && /* a block of channels is a vector, in the output */
           p->groups == 1 &&                               /* an output channel is made from all input channels */
           has_tile(p, device);                            /* the window is not too wide for the private line */
}

double ops_conv2d_direct_cost(const ops_problem *problem, const rt_device *device) {
    ops_conv2d flat = flattened(&problem->conv2d);
    direct_choice choice = {0};
    choose(&flat, device, &choice);
    return choice.seconds;
}

/* Places that take their turn at all tiles of blocks before the next ones do. An image whose inputs fit is one slab, and reads the weights
 * once. */
static int64_t slab_of(const ops_conv2d *p, ops_tile tile, int64_t places) {
    const int64_t pixels = (int64_t)tile.pixels * p->stride_w * p->stride_h;
    const int64_t bytes = base_max(pixels * p->in.c * (int64_t)sizeof(float), 1),
                  most = base_max(SLAB_BYTES / bytes, 1);
    return base_divide_up(places, base_divide_up(places, most));
}

clade_status ops_conv2d_direct_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                    ops_recipe *recipe_out) {
    (void)env;
    ops_conv2d p = flattened(&problem->conv2d);
    direct_choice choice = {0};
    choose(&p, device, &choice);
    int32_t tile_channels = choice.tile.blocks * p.out.block;
    int64_t tiles = base_divide_up(p.out.c, tile_channels);
    /* [tile of blocks][input block][kernel_h][kernel_w][channel of the block][channel of the tile]: as the kernel reads it */
    const ops_weight_shape shape = ops_conv2d_weight(&p);
    const ops_packing packing = ops_pack_weight(&shape, tile_channels, p.in.block);
    p.in.c = group_channels(&p); /* as the kernel sees it */

    ops_launch *launch = ops_add_launch(recipe_out, "conv2d_direct.cl", "conv2d_direct");
    ops_define(launch, "VECTOR", p.out.block);
    ops_define(launch, "METHOD", choice.method);
    ops_define(launch, "PIXELS", choice.tile.pixels);
    ops_define(launch, "BLOCKS", choice.tile.blocks);
    if (choice.method == METHOD_LINE) ops_define(launch, "SPACE", LINE_SPACE);
    if (choice.method == METHOD_PLANE) {
        ops_define(launch, "SPACE", PLANE_SPACE);
        ops_define(launch, "STRIDE", p.stride_w);
    }
    int32_t weight = ops_add_packed(recipe_out, OPS_WEIGHT, &packing);
    ops_set_weight_type(recipe_out, launch, weight, p.weights);
    ops_conv2d_add_arguments(recipe_out, launch, &p, weight, tile_channels);
    ops_add_int(launch, tiles / p.groups);

    launch->dimensions = 3;
    const int64_t places = base_divide_up(p.out.w, choice.tile.pixels) * p.out.h,
                  slab = slab_of(&p, choice.tile, places);
    launch->global[0] = (size_t)slab;
    launch->global[1] = (size_t)tiles;
    launch->global[2] = (size_t)(base_divide_up(places, slab) * p.out.n);
    for (int i = 0; i < 3; i++) launch->local[i] = 1;
    recipe_out->variant = (ops_variant){.pixels = choice.tile.pixels, .blocks = choice.tile.blocks};
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%d pixels x %d blocks of %d", choice.tile.pixels,
             choice.tile.blocks, p.out.block);
    return CLADE_OK;
}
