/* spread.c: a tensor's pixels further apart, with zeros between: a convolution with strides, seen from its output.
 *
 *   rows     CPUs, block == vector width: several rows a work-item
 *   generic  any layouts, any device: an element of the output a work-item */
#include "ops/candidates.h"
#include "ops/cost.h"

static int64_t elements_of(const ops_spread *p) { return p->out.n * ops_image_elements(&p->out); }

static ops_launch *begin(ops_recipe *recipe, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "spread.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels share, behind the size of the work. */
static void add_rest(ops_launch *launch, const ops_spread *p) {
    const int64_t values[] = {p->in.h,     p->in.w,     p->out.h,           p->out.w,
                              p->stride_h, p->stride_w, p->in.batch_stride, p->out.batch_stride};
    for (size_t i = 0; i < BASE_COUNT(values); i++) ops_add_int(launch, values[i]);
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------ */

static bool rows_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_spread *p = &problem->spread;
    return ops_suits_vectors(device) && p->in.block == p->out.block && p->in.block == (int32_t)device->float_width;
}

static double rows_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_stream(device, elements_of(&problem->spread));
}

static clade_status rows_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_spread *p = &problem->spread;
    const int64_t blocks = base_divide_up(p->out.c, p->out.block), total = p->out.n * blocks * p->out.h;
    const int64_t rows = ops_units_a_group(device, total);
    ops_launch *launch = begin(recipe_out, "spread_rows", p->out.block);
    ops_add_int(launch, total);
    ops_add_int(launch, rows);
    ops_add_int(launch, blocks);
    add_rest(launch, p);
    ops_single_items(launch, base_divide_up(total, rows));
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, elements_of(&problem->spread), 1);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_spread *p = &problem->spread;
    ops_launch *launch = begin(recipe_out, "spread_generic", 1);
    ops_add_int(launch, elements_of(p));
    ops_add_int(launch, p->out.c);
    ops_add_int(launch, p->in.block);
    ops_add_int(launch, p->out.block);
    add_rest(launch, p);
    ops_range(launch, device, elements_of(p));
    return CLADE_OK;
}

const ops_candidate ops_spread_candidates[] = {
    {"rows", rows_applicable, rows_cost, rows_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_spread_candidate_count = BASE_COUNT(ops_spread_candidates);
