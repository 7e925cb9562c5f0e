/* lrn_gradient.c: the gradient of local response normalisation.
 *
 *   runs     CPUs, block == vector width: runs of pixels, a vector of channels at a time
 *   generic  any layout, any device: an element a work-item */
#include "ops/candidates.h"
#include "ops/cost.h"
#include "ops/lrn.h"

static int64_t elements_of(const ops_problem *problem) {
    const ops_tensor *t = &problem->lrn_gradient.out;
    return t->n * ops_image_elements(t);
}

static ops_launch *begin(ops_recipe *recipe, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "lrn.cl", kernel);
    ops_define(launch, "GRADIENT", 1);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels have at their end. */
static void add_rest(ops_launch *launch, const ops_lrn_gradient *p) {
    ops_add_int(launch, p->lrn.out.batch_stride);
    ops_add_int(launch, p->lrn.in.batch_stride);
    ops_add_int(launch, p->out.batch_stride);
    ops_lrn_add_settings(launch, &p->lrn);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

/* Pixels whose values are kept from one block to the next: with vectors of 16 floats 10 KB. */
enum { RUNS_KEPT = 32 };

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    return ops_lrn_suits_blocks(&problem->lrn_gradient.lrn, device);
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_stream(device, 3 * elements_of(problem));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_lrn_gradient *p = &problem->lrn_gradient;
    const int64_t pixels = (int64_t)p->out.h * p->out.w;
    const int64_t run = base_min(pixels, ops_units_a_group(device, p->out.n * pixels));
    const int64_t runs = base_divide_up(pixels, run);
    ops_launch *launch = begin(recipe_out, "lrn_gradient_runs", p->out.block);
    ops_define(launch, "KEPT", RUNS_KEPT);
    ops_add_int(launch, runs);
    ops_add_int(launch, run);
    ops_add_int(launch, p->out.c);
    ops_add_int(launch, pixels);
    add_rest(launch, p);
    ops_single_items(launch, p->out.n * runs);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    const int64_t size = problem->lrn_gradient.lrn.size, steps_of_power = 20;
    return ops_cost_scalar(device, elements_of(problem), size * (size + steps_of_power));
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_lrn_gradient *p = &problem->lrn_gradient;
    ops_launch *launch = begin(recipe_out, "lrn_gradient_generic", 1);
    ops_add_int(launch, elements_of(problem));
    ops_add_int(launch, p->out.c);
    ops_add_int(launch, (int64_t)p->out.h * p->out.w);
    ops_add_int(launch, p->out.block);
    add_rest(launch, p);
    ops_range(launch, device, elements_of(problem));
    return CLADE_OK;
}

const ops_candidate ops_lrn_gradient_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_lrn_gradient_candidate_count = BASE_COUNT(ops_lrn_gradient_candidates);
