/* conv2d_weights_winograd.c: the gradient of a 3 x 3 convolution's weight with fewer products, by F(3 x 3, 4 x 4) on CPUs;
 * cl/conv2d_weights_winograd.cl tells how. What is left of it is the gradient of a 1 x 1 convolution in as many groups as a tile has
 * points, for which the recipe of conv2d_weights_tiles.c is taken. Its results are approximate, as those of conv2d_winograd.c. */
#include "ops/conv2d.h"
#include "ops/conv2d_weights.h"
#include "ops/cost.h"

#include <stdio.h>

/* Pixels of dy from one tile to the next, and products. */
enum { STEP = 4, POINTS = 36 };

/* Tiles of a chunk, at most: as conv2d_weights_tiles.c has of pixels. */
enum { PLACES = 112 };

/* As in ops_recipe; measured by tests/ops/test_conv2d_weights.c, with room. */
#define ERROR_GROWTH 4.0f

typedef struct winograd_tiles {
    int64_t rows, columns, count; /* of an image, and of all */
    int64_t places, chunks;
} winograd_tiles;

static winograd_tiles tiles_of(const ops_conv2d_weights *p) {
    winograd_tiles t = {.rows = base_divide_up(p->out.h, STEP), .columns = base_divide_up(p->out.w, STEP)};
    t.count = p->out.n * t.rows * t.columns;
    t.chunks = base_divide_up(t.count, PLACES);
    t.places = base_divide_up(t.count, t.chunks);
    return t;
}

/* The transformed x or dy. */
static ops_tensor values_of(const ops_tensor *in, const winograd_tiles *t) {
    ops_tensor values = {.n = (int32_t)t->chunks,
                         .c = (int32_t)(POINTS * base_round_up(in->c, in->block)),
                         .h = 1,
                         .w = (int32_t)t->places,
                         .block = in->block};
    values.batch_stride = ops_image_elements(&values);
    return values;
}

static int64_t elements_of(const ops_tensor *values) { return values->n * values->batch_stride; }

/* The sums over all tiles. */
static ops_problem sums_of(const ops_conv2d_weights *p, const winograd_tiles *t) {
    return (ops_problem){.kind = OPS_CONV2D_WEIGHTS,
                         .conv2d_weights = {.in = values_of(&p->in, t),
                                            .out = values_of(&p->out, t),
                                            .kernel_h = 1,
                                            .kernel_w = 1,
                                            .stride_h = 1,
                                            .stride_w = 1,
                                            .dilation_h = 1,
                                            .dilation_w = 1,
                                            .groups = POINTS,
                                            .variant = p->variant}};
}

static bool fits(const ops_conv2d_weights *p, const rt_device *device) {
    const winograd_tiles t = tiles_of(p);
    const ops_problem sums = sums_of(p, &t);
    const int64_t elements = elements_of(&sums.conv2d_weights.in) + elements_of(&sums.conv2d_weights.out);
    return elements <= INT32_MAX && elements * (int64_t)sizeof(float) <= (int64_t)device->largest_allocation / 2 &&
           ops_conv2d_weights_blocked_applicable(&sums, device);
}

bool ops_conv2d_weights_winograd_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    return ops_suits_vectors(device) &&                    /* a CPU */
           p->in.block == (int32_t)device->float_width &&  /* a block of channels is a vector, in x */
           p->out.block == (int32_t)device->float_width && /* and in dy */
           p->kernel_h == 3 && p->kernel_w == 3 &&         /* the transform's own kernel */
           p->stride_h == 1 && p->stride_w == 1 &&         /* whose windows lie close */
           p->dilation_h == 1 && p->dilation_w == 1 &&     /* and are close */
           p->groups == 1 &&                               /* groups are taken by points */
           fits(p, device);                                /* into memory, and into tiles of registers */
}

double ops_conv2d_weights_winograd_cost(const ops_problem *problem, const rt_device *device) {
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    const winograd_tiles t = tiles_of(p);
    const ops_problem sums = sums_of(p, &t);
    const int64_t values = elements_of(&sums.conv2d_weights.in) + elements_of(&sums.conv2d_weights.out);
    return ops_conv2d_weights_tiles_cost(&sums, device) + 2 * ops_launch_seconds(device) +
           ops_cost_stream(device, 2 * values);
}

/* ---- Recipe ---------------------------------------------------------------------------------------------------------------- */

static ops_argument at_byte(int64_t byte) { return (ops_argument){.kind = OPS_WORKSPACE, .value.i = byte}; }

static void add_operand_at(ops_launch *launch, int64_t byte) {
    ops_add_operand(launch, OPS_WORKSPACE, 0);
    launch->arguments[launch->argument_count - 1] = at_byte(byte);
}

static void add_values(ops_recipe *recipe, const ops_conv2d_weights *p, const winograd_tiles *t, bool is_x,
                       int64_t byte) {
    const ops_tensor *in = is_x ? &p->in : &p->out;
    ops_launch *launch = ops_add_launch(recipe, "conv2d_weights_winograd.cl", "winograd_values");
    ops_define(launch, "VECTOR", in->block);
    ops_define(launch, "STAGE", is_x ? 1 : 2);
    ops_add_operand(launch, OPS_INPUT, is_x ? 1 : 0);
    add_operand_at(launch, byte);
    ops_conv2d_add_shape(launch, in);
    ops_add_longs(launch, (int64_t[]){t->rows, t->columns, t->count, t->places}, 4);
    ops_add_int(launch, is_x ? p->pad_top : 0);
    ops_add_int(launch, is_x ? p->pad_left : 0);
    launch->dimensions = 2;
    launch->global[0] = (size_t)base_divide_up(in->c, in->block);
    launch->global[1] = (size_t)t->chunks;
    launch->local[0] = launch->local[1] = 1;
}

static void add_finish(ops_recipe *recipe, const ops_conv2d_weights *p, const ops_recipe *sums, int64_t byte) {
    const ops_variant tile = sums->variant;
    ops_launch *launch = ops_add_launch(recipe, "conv2d_weights_winograd.cl", "winograd_weights_finish");
    ops_define(launch, "VECTOR", p->out.block);
    ops_define(launch, "STAGE", 3);
    ops_define(launch, "LANES", tile.pixels);
    ops_define(launch, "BLOCKS", tile.blocks);
    add_operand_at(launch, byte);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, (int64_t)sums->launches[0].global[2]); /* shares of the images */
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, p->out.c);
    launch->dimensions = 2;
    launch->global[0] = (size_t)(base_round_up(p->in.c, p->in.block) / tile.pixels);
    launch->global[1] = (size_t)(base_divide_up(p->out.c, p->out.block) / tile.blocks);
    launch->local[0] = launch->local[1] = 1;
}

clade_status ops_conv2d_weights_winograd_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                              ops_recipe *recipe_out) {
    const ops_conv2d_weights *p = &problem->conv2d_weights;
    const winograd_tiles t = tiles_of(p);
    const ops_problem whole = sums_of(p, &t);
    ops_recipe sums = {0};
    FORWARD(ops_conv2d_weights_tiles_make(env, &whole, device, &sums));
    const int64_t x_bytes = elements_of(&whole.conv2d_weights.in) * (int64_t)sizeof(float);
    const int64_t end = x_bytes + elements_of(&whole.conv2d_weights.out) * (int64_t)sizeof(float);
    add_values(recipe_out, p, &t, true, 0);
    add_values(recipe_out, p, &t, false, x_bytes);
    /* the first launch of the other recipe, on the workspace: dy, x, sums */
    ops_launch *products = ops_add_launch(recipe_out, NULL, NULL);
    *products = sums.launches[0];
    products->arguments[0] = at_byte(x_bytes);
    products->arguments[1] = at_byte(0);
    products->arguments[2] = at_byte(end);
    add_finish(recipe_out, p, &sums, end);
    recipe_out->workspace = (uint64_t)end + sums.workspace;
    recipe_out->variant = sums.variant;
    recipe_out->error_growth = ERROR_GROWTH;
    snprintf(recipe_out->reason, sizeof recipe_out->reason, "%lld tiles; %d channels x %d blocks of %d",
             (long long)t.count, sums.variant.pixels, sums.variant.blocks, p->out.block);
    return CLADE_OK;
}
