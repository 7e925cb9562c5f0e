/* channel_sum.c: sums over images and pixels, in an order that the problem alone fixes, not the device's units.
 *
 *   blocks   CPUs, channels side by side: a vector of channels at a time
 *   generic  any layout, any device
 *
 * Both in two launches: work-items sum a part of the pixels each, then others the parts. */
#include "ops/candidates.h"
#include "ops/cost.h"

static int64_t pixels_of(const ops_tensor *t) { return (int64_t)t->h * t->w; }

static int64_t all_pixels(const ops_problem *problem) {
    const ops_tensor *t = &problem->channel_sum.in;
    return t->n * pixels_of(t);
}

/* The second launch, where there is more than one part. */
static void add_join(ops_recipe *recipe, const rt_device *device, int64_t channels, int64_t parts) {
    if (parts == 1) return;
    recipe->workspace = (uint64_t)(parts * channels) * sizeof(float);
    ops_launch *launch = ops_add_launch(recipe, "channel_sum.cl", "channel_sum_join");
    ops_define(launch, "JOIN", 1);
    ops_add_operand(launch, OPS_WORKSPACE, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, channels);
    ops_add_int(launch, parts);
    ops_range(launch, device, channels);
}

static ops_launch *begin(ops_recipe *recipe, const ops_channel_sum *p, const char *kernel, int64_t vector,
                         int64_t parts) {
    ops_launch *launch = ops_add_launch(recipe, "channel_sum.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_define(launch, "HAS_FACTOR", p->has_factor);
    ops_define(launch, "ONLY_NOT_POSITIVE", p->only_not_positive);
    ops_add_operand(launch, OPS_INPUT, 0);
    if (p->has_factor) ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, parts > 1 ? OPS_WORKSPACE : OPS_OUTPUT, 0);
    return launch;
}

/* ---- blocks ---------------------------------------------------------------------------------------------------------------------- */

/* Pixels that are worth a part, and the most parts that all blocks together are done in. */
enum { BLOCKS_PART = 1024, BLOCKS_MOST_PARTS = 256 };

/* Images of one pixel are seen as one image, whose pixels lie a batch stride apart. */
static bool is_row(const ops_tensor *t) { return pixels_of(t) == 1; }

static int64_t pixel_step(const ops_tensor *t) { return is_row(t) ? t->batch_stride : t->block; }

static bool is_side_by_side(const ops_tensor *t, int32_t width) {
    return t->block == width || (t->block == 1 && is_row(t) && t->c >= width);
}

static bool blocks_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_channel_sum *p = &problem->channel_sum;
    return ops_suits_vectors(device) && is_side_by_side(&p->in, (int32_t)device->float_width);
}

static double blocks_cost(const ops_problem *problem, const rt_device *device) {
    const ops_channel_sum *p = &problem->channel_sum;
    return ops_cost_stream(device, (p->has_factor ? 2 : 1) * all_pixels(problem) * p->in.c);
}

static clade_status blocks_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                ops_recipe *recipe_out) {
    (void)env;
    const ops_channel_sum *p = &problem->channel_sum;
    const int64_t width = device->float_width, blocks = base_divide_up(p->in.c, width);
    const int64_t most = base_max(1, BLOCKS_MOST_PARTS / blocks);
    const int64_t wanted = base_min(base_divide_up(all_pixels(problem), BLOCKS_PART), most);
    const int64_t part = base_divide_up(all_pixels(problem), wanted), parts = base_divide_up(all_pixels(problem), part);
    ops_launch *launch = begin(recipe_out, p, "channel_sum_blocks", width, parts);
    ops_define(launch, "BLOCKED", p->in.block > 1);
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, parts);
    ops_add_int(launch, part);
    ops_add_int(launch, all_pixels(problem));
    ops_add_int(launch, is_row(&p->in) ? p->in.n : pixels_of(&p->in));
    ops_add_int(launch, pixels_of(&p->in) * width);
    ops_add_int(launch, p->in.batch_stride);
    ops_add_int(launch, pixel_step(&p->in));
    ops_add_int(launch, p->factor.batch_stride);
    ops_add_int(launch, pixel_step(&p->factor));
    ops_single_items(launch, blocks * parts);
    add_join(recipe_out, device, p->in.c, parts);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

/* Pixels that are worth a part, and the most parts. */
enum { GENERIC_PART = 64, GENERIC_MOST_PARTS = 256 };

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, all_pixels(problem) * problem->channel_sum.in.c, 1);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_channel_sum *p = &problem->channel_sum;
    const int64_t parts = base_min(base_divide_up(all_pixels(problem), GENERIC_PART), GENERIC_MOST_PARTS);
    ops_launch *launch = begin(recipe_out, p, "channel_sum_generic", 1, parts);
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, parts);
    ops_add_int(launch, p->in.n);
    ops_add_int(launch, pixels_of(&p->in));
    ops_add_int(launch, p->in.block);
    ops_add_int(launch, p->in.batch_stride);
    ops_add_int(launch, p->factor.batch_stride);
    ops_range(launch, device, p->in.c * parts);
    add_join(recipe_out, device, p->in.c, parts);
    return CLADE_OK;
}

const ops_candidate ops_channel_sum_candidates[] = {
    {"blocks", blocks_applicable, blocks_cost, blocks_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_channel_sum_candidate_count = BASE_COUNT(ops_channel_sum_candidates);
