/* pool_gradient.c: gradients of maximum and average pooling.
 *
 *   rows     CPUs, block == vector width: a vector of channels at a time, several rows of dx a work-item
 *   generic  any layout, any device: an element of dx a work-item */
#include "ops/candidates.h"
#include "ops/cost.h"

static int64_t elements_of(const ops_tensor *t) { return ops_image_elements(t) * t->n; }

static bool is_maximum(const ops_pool_gradient *p) { return p->pool.kind == CLADE_POOL_MAX; }

static ops_launch *begin(ops_recipe *recipe, const ops_pool_gradient *p, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "pool_gradient.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_define(launch, "MAXIMUM", is_maximum(p));
    ops_define(launch, "COUNT_INCLUDE_PAD", p->pool.count_include_pad);
    ops_add_operand(launch, OPS_INPUT, 0);
    if (is_maximum(p)) {
        ops_add_operand(launch, OPS_INPUT, 1);
        ops_add_int(launch, p->pool.in.batch_stride);
    }
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels have at their end. */
static void add_rest(ops_launch *launch, const ops_pool_gradient *gradient) {
    const ops_pool *p = &gradient->pool;
    const int64_t values[] = {p->in.h,
                              p->in.w,
                              p->out.h,
                              p->out.w,
                              p->kernel_h,
                              p->kernel_w,
                              p->stride_h,
                              p->stride_w,
                              p->pad_top,
                              p->pad_left,
                              p->pad_bottom,
                              p->pad_right,
                              p->out.batch_stride,
                              gradient->out.batch_stride};
    for (size_t i = 0; i < BASE_COUNT(values); i++) ops_add_int(launch, values[i]);
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------ */

/* Of an average's windows in a row, as many as are kept: in vectors of 16 floats a quarter of a first-level cache of 32 KB. */
enum { ROWS_COLUMNS = 128 };

static bool rows_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_pool_gradient *p = &problem->pool_gradient;
    return ops_suits_vectors(device) &&                         /* a CPU */
           p->pool.out.block == (int32_t)device->float_width && /* a block of channels is a vector, in dy */
           p->out.block == (int32_t)device->float_width &&      /* and in dx */
           base_divide_up(p->pool.kernel_w, p->pool.stride_w) < ROWS_COLUMNS; /* windows that see a pixel can be kept */
}

static double rows_cost(const ops_problem *problem, const rt_device *device) {
    const ops_pool_gradient *p = &problem->pool_gradient;
    const int64_t windows = elements_of(&p->pool.out), steps = windows * p->pool.kernel_h * p->pool.kernel_w;
    return ops_cost_stream(device, windows + (is_maximum(p) ? 2 : 1) * elements_of(&p->out)) +
           ops_cost_scalar(device, steps / p->out.block, 0) / 8;
}

/* Square windows, few enough programs, whose pixels are kept in registers. */
static void define_small(ops_launch *launch, const ops_pool *p) {
    const bool is_small =
        p->kernel_h == p->kernel_w && (p->kernel_w == 2 || p->kernel_w == 3) && p->stride_w <= p->kernel_w;
    if (!is_small) return;
    ops_define(launch, "SMALL", p->kernel_w);
    ops_define(launch, "STRIDE", p->stride_w);
}

static clade_status rows_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_pool_gradient *p = &problem->pool_gradient;
    const int64_t total_rows = p->out.n * base_divide_up(p->out.c, p->out.block) * p->out.h;
    const int64_t rows = ops_units_a_group(device, total_rows);
    const char *kernel = is_maximum(p) ? "pool_gradient_maximum" : "pool_gradient_average";
    ops_launch *launch = begin(recipe_out, p, kernel, p->out.block);
    if (is_maximum(p))
        define_small(launch, &p->pool);
    else
        ops_define(launch, "COLUMNS", ROWS_COLUMNS);
    ops_add_int(launch, total_rows);
    ops_add_int(launch, rows);
    ops_add_int(launch, p->out.c);
    add_rest(launch, p);
    ops_single_items(launch, base_divide_up(total_rows, rows));
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_pool_gradient *p = &problem->pool_gradient;
    const int64_t window = (int64_t)p->pool.kernel_h * p->pool.kernel_w;
    const int64_t windows = base_divide_up(window, (int64_t)p->pool.stride_h * p->pool.stride_w);
    return ops_cost_scalar(device, elements_of(&p->out), is_maximum(p) ? windows * window : windows);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_pool_gradient *p = &problem->pool_gradient;
    ops_launch *launch = begin(recipe_out, p, "pool_gradient_generic", 1);
    ops_add_int(launch, elements_of(&p->out));
    ops_add_int(launch, p->out.c);
    ops_add_int(launch, p->out.block);
    add_rest(launch, p);
    ops_range(launch, device, elements_of(&p->out));
    return CLADE_OK;
}

const ops_candidate ops_pool_gradient_candidates[] = {
    {"rows", rows_applicable, rows_cost, rows_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_pool_gradient_candidate_count = BASE_COUNT(ops_pool_gradient_candidates);
