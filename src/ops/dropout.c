/* dropout.c: dropout (Srivastava et al. 2014) by a generator that needs no state.
 *
 *   runs     CPUs, plain tensors or block == vector width: runs of vectors
 *   generic  any layout, any device: an element a work-item */
#include "ops/box.h"
#include "ops/candidates.h"
#include "ops/cost.h"

static int64_t elements_of(const ops_dropout *p) { return p->in.n * ops_image_elements(&p->in); }

static ops_launch *begin(ops_recipe *recipe, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "dropout.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels share, behind the size of the work. */
static void add_rest(ops_launch *launch, const ops_dropout *p) {
    ops_add_int(launch, p->in.c);
    ops_add_int(launch, (int64_t)p->in.h * p->in.w);
    ops_add_int(launch, p->in.block);
    ops_add_int(launch, p->in.batch_stride);
    ops_add_int(launch, p->out.batch_stride);
    ops_add_int(launch, p->stream);
    /* a word below this is dropped; with a rate of 1 one in 2^32 would not be, but for the factor */
    ops_add_int(launch, base_min((int64_t)((double)p->rate * 0x1p32), UINT32_MAX));
    ops_add_float(launch, p->rate < 1.0f ? (float)(1.0 / (1.0 - (double)p->rate)) : 0.0f);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_dropout *p = &problem->dropout;
    return ops_suits_vectors(device) && (p->in.block == 1 || p->in.block == (int32_t)device->float_width);
}

/* A word takes about as long as reading and writing 8 floats. */
static double runs_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_stream(device, 10 * elements_of(&problem->dropout));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_dropout *p = &problem->dropout;
    ops_runs shared = ops_share_rows(device, p->in.n, ops_image_elements(&p->in));
    ops_launch *launch = begin(recipe_out, "dropout_runs", device->float_width);
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    add_rest(launch, p);
    ops_single_items(launch, shared.groups);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, elements_of(&problem->dropout), 20);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_dropout *p = &problem->dropout;
    ops_launch *launch = begin(recipe_out, "dropout_generic", 1);
    ops_add_int(launch, elements_of(p));
    add_rest(launch, p);
    ops_range(launch, device, elements_of(p));
    return CLADE_OK;
}

const ops_candidate ops_dropout_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_dropout_candidate_count = BASE_COUNT(ops_dropout_candidates);
