/* lrn.c: local response normalisation across channels (Krizhevsky et al. 2012).
 *
 *   runs     CPUs, block == vector width: runs of pixels, a vector of channels at a time
 *   generic  any layout, any device: an element a work-item */
#include "ops/lrn.h"

#include "ops/candidates.h"
#include "ops/cost.h"

static int64_t elements_of(const ops_lrn *p) { return p->in.n * ops_image_elements(&p->in); }

int32_t ops_lrn_before(const ops_lrn *p) { return (p->size - 1) / 2; }
int32_t ops_lrn_behind(const ops_lrn *p) { return p->size / 2; }

bool ops_lrn_suits_blocks(const ops_lrn *p, const rt_device *device) {
    return ops_suits_vectors(device) && p->in.block == (int32_t)device->float_width &&
           ops_lrn_before(p) <= p->in.block && ops_lrn_behind(p) <= p->in.block;
}

void ops_lrn_add_settings(ops_launch *launch, const ops_lrn *p) {
    ops_add_int(launch, ops_lrn_before(p));
    ops_add_int(launch, ops_lrn_behind(p));
    ops_add_float(launch, p->alpha / (float)p->size);
    ops_add_float(launch, p->beta);
    ops_add_float(launch, p->k);
    /* what needs no pow */
    const bool by_roots = p->beta == 0.5f || p->beta == 0.75f || p->beta == 1.0f;
    ops_define(launch, "BETA_QUARTERS", by_roots ? (int64_t)(4.0f * p->beta) : 0);
}

static ops_launch *begin(ops_recipe *recipe, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "lrn.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels have at their end. */
static void add_rest(ops_launch *launch, const ops_lrn *p) {
    ops_add_int(launch, p->in.batch_stride);
    ops_add_int(launch, p->out.batch_stride);
    ops_lrn_add_settings(launch, p);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    return ops_lrn_suits_blocks(&problem->lrn, device);
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_stream(device, 2 * elements_of(&problem->lrn));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_lrn *p = &problem->lrn;
    int64_t pixels = (int64_t)p->in.h * p->in.w;
    int64_t run = base_min(pixels, ops_units_a_group(device, p->in.n * pixels));
    int64_t runs = base_divide_up(pixels, run);
    ops_launch *launch = begin(recipe_out, "lrn_runs", p->in.block);
    ops_add_int(launch, runs);
    ops_add_int(launch, run);
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, pixels);
    add_rest(launch, p);
    ops_single_items(launch, p->in.n * runs);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, elements_of(&problem->lrn), problem->lrn.size);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_lrn *p = &problem->lrn;
    ops_launch *launch = begin(recipe_out, "lrn_generic", 1);
    ops_add_int(launch, elements_of(p));
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, (int64_t)p->in.h * p->in.w);
    ops_add_int(launch, p->in.block);
    add_rest(launch, p);
    ops_range(launch, device, elements_of(p));
    return CLADE_OK;
}

const ops_candidate ops_lrn_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_lrn_candidate_count = BASE_COUNT(ops_lrn_candidates);
