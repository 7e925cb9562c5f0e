/* pool.c: maximum and average pooling, with the bias and activation that may follow.
 *
 *   rows     CPUs, block == vector width: a vector of channels at a time, several rows a work-item
 *   generic  any layout, any device: an output element a work-item */
#include "ops/candidates.h"
#include "ops/cost.h"

static int64_t output_elements(const ops_pool *p) { return ops_image_elements(&p->out) * p->out.n; }

/* The arguments both kernels share, behind the size of the work. */
static void add_rest(ops_recipe *recipe, ops_launch *launch, const ops_pool *p) {
    const int64_t values[] = {p->in.h,       p->in.w,      p->out.h,           p->out.w,           p->kernel_h,
                              p->kernel_w,   p->stride_h,  p->stride_w,        p->pad_top,         p->pad_left,
                              p->pad_bottom, p->pad_right, p->in.batch_stride, p->out.batch_stride};
    for (size_t i = 0; i < BASE_COUNT(values); i++) ops_add_int(launch, values[i]);
    ops_define(launch, "MAXIMUM", p->kind == CLADE_POOL_MAX);
    ops_define(launch, "COUNT_INCLUDE_PAD", p->count_include_pad);
    ops_define(launch, "HAS_BIAS", p->has_bias);
    if (p->has_bias) ops_add_operand(launch, OPS_CONSTANT, ops_add_channels(recipe, OPS_BIAS, p->out.c, p->out.block));
    ops_add_activation(launch, p->activation, p->slope);
}

static ops_launch *begin(ops_recipe *recipe, const char *kernel) {
    ops_launch *launch = ops_add_launch(recipe, "pool.cl", kernel);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------ */

/* Of a row, as many as are kept: in vectors of 16 floats a quarter of a first-level cache of 32 KB. */
enum { ROWS_COLUMNS = 128 };

static bool rows_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_pool *p = &problem->pool;
    return ops_suits_vectors(device) &&                    /* a CPU */
           p->in.block == (int32_t)device->float_width &&  /* a block of channels is a vector, in the input */
           p->out.block == (int32_t)device->float_width && /* and in the output */
           p->kernel_w <= ROWS_COLUMNS;                    /* a window's columns can be kept */
}

static double rows_cost(const ops_problem *problem, const rt_device *device) {
    const ops_pool *p = &problem->pool;
    int64_t loads = output_elements(p) * p->kernel_h * p->kernel_w / p->in.block;
    return ops_cost_stream(device, ops_image_elements(&p->in) * p->in.n + output_elements(p)) +
           ops_cost_scalar(device, loads, 0) / 8;
}

static clade_status rows_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_pool *p = &problem->pool;
    int64_t blocks = base_divide_up(p->in.c, p->in.block), total_rows = p->in.n * blocks * p->out.h;
    int64_t rows = ops_units_a_group(device, total_rows);
    ops_launch *launch = begin(recipe_out, "pool_rows");
    ops_define(launch, "VECTOR", p->in.block);
    ops_define(launch, "COLUMNS", ROWS_COLUMNS);
    ops_add_int(launch, total_rows);
    ops_add_int(launch, rows);
    ops_add_int(launch, p->in.c);
    add_rest(recipe_out, launch, p);
    ops_single_items(launch, base_divide_up(total_rows, rows));
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_pool *p = &problem->pool;
    return ops_cost_scalar(device, output_elements(p), (int64_t)p->kernel_h * p->kernel_w);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_pool *p = &problem->pool;
    ops_launch *launch = begin(recipe_out, "pool_generic");
    ops_define(launch, "VECTOR", 1);
    ops_add_int(launch, output_elements(p));
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, p->in.block);
    add_rest(recipe_out, launch, p);
    ops_range(launch, device, output_elements(p));
    return CLADE_OK;
}

const ops_candidate ops_pool_candidates[] = {
    {"rows", rows_applicable, rows_cost, rows_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_pool_candidate_count = BASE_COUNT(ops_pool_candidates);
