/* reorder.c: the same tensor in another layout.
 *
 *   tiles    CPUs, between plain and blocks of the vector width: square tiles, transposed in registers
 *   generic  any two layouts, any device: an element of the output a work-item */
#include "ops/candidates.h"
#include "ops/cost.h"

static int64_t elements_of(const ops_reorder *p) { return p->out.n * ops_image_elements(&p->out); }

static int64_t pixels_of(const ops_reorder *p) { return (int64_t)p->in.h * p->in.w; }

static ops_launch *begin(ops_recipe *recipe, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "reorder.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* ---- tiles ----------------------------------------------------------------------------------------------------------------------- */

static bool tiles_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_reorder *p = &problem->reorder;
    int32_t width = (int32_t)device->float_width;
    return ops_suits_vectors(device) &&
           ((p->in.block == 1 && p->out.block == width) || (p->in.block == width && p->out.block == 1));
}

static double tiles_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_stream(device, 2 * elements_of(&problem->reorder));
}

static clade_status tiles_make(base_env *env, const ops_problem *problem, const rt_device *device,
                               ops_recipe *recipe_out) {
    (void)env;
    const ops_reorder *p = &problem->reorder;
    int64_t width = device->float_width, planes = p->in.n * base_divide_up(p->in.c, width);
    int64_t tiles = base_divide_up(pixels_of(p), width);
    int64_t run = base_min(tiles, ops_units_a_group(device, planes * tiles)), runs = base_divide_up(tiles, run);
    ops_launch *launch = begin(recipe_out, "reorder_tiles", width);
    ops_define(launch, "TO_BLOCKS", p->in.block == 1);
    ops_add_int(launch, runs);
    ops_add_int(launch, run * width);
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, pixels_of(p));
    ops_add_int(launch, p->in.batch_stride);
    ops_add_int(launch, p->out.batch_stride);
    ops_single_items(launch, planes * runs);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, elements_of(&problem->reorder), 1);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_reorder *p = &problem->reorder;
    ops_launch *launch = begin(recipe_out, "reorder_generic", 1);
    ops_add_int(launch, elements_of(p));
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, pixels_of(p));
    ops_add_int(launch, p->in.block);
    ops_add_int(launch, p->out.block);
    ops_add_int(launch, p->in.batch_stride);
    ops_add_int(launch, p->out.batch_stride);
    ops_range(launch, device, elements_of(p));
    return CLADE_OK;
}

const ops_candidate ops_reorder_candidates[] = {
    {"tiles", tiles_applicable, tiles_cost, tiles_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_reorder_candidate_count = BASE_COUNT(ops_reorder_candidates);
