/* softmax_gradient.c: gradients of softmax and of its logarithm.
 *
 *   rows     CPUs, along the innermost dimension: a row at a time by vectors
 *   generic  any device: a row a work-item, whatever lies between its elements */
#include "ops/candidates.h"
#include "ops/cost.h"

static ops_launch *begin(ops_recipe *recipe, const char *kernel, const ops_softmax *p, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "softmax_gradient.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_define(launch, "LOGARITHM", p->logarithm);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

static void add_strides(ops_launch *launch, const ops_softmax_gradient *p) {
    ops_add_int(launch, p->softmax.in_stride);
    ops_add_int(launch, p->of_stride);
    ops_add_int(launch, p->softmax.out_stride);
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------ */

static bool rows_applicable(const ops_problem *problem, const rt_device *device) {
    return ops_suits_vectors(device) && problem->softmax_gradient.softmax.inner == 1;
}

static double rows_cost(const ops_problem *problem, const rt_device *device) {
    const ops_softmax *p = &problem->softmax_gradient.softmax;
    return ops_cost_stream(device, 8 * p->outer * p->length);
}

static clade_status rows_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_softmax *p = &problem->softmax_gradient.softmax;
    const int64_t rows = ops_units_a_group(device, p->outer);
    ops_launch *launch = begin(recipe_out, "softmax_gradient_rows", p, device->float_width);
    ops_add_int(launch, p->outer);
    ops_add_int(launch, rows);
    ops_add_int(launch, p->length);
    add_strides(launch, &problem->softmax_gradient);
    ops_single_items(launch, base_divide_up(p->outer, rows));
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    const ops_softmax *p = &problem->softmax_gradient.softmax;
    return ops_cost_scalar(device, p->outer * p->inner, 8 * p->length);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_softmax *p = &problem->softmax_gradient.softmax;
    ops_launch *launch = begin(recipe_out, "softmax_gradient_generic", p, 1);
    ops_add_int(launch, p->outer * p->inner);
    ops_add_int(launch, p->length);
    ops_add_int(launch, p->inner);
    add_strides(launch, &problem->softmax_gradient);
    ops_range(launch, device, p->outer * p->inner);
    return CLADE_OK;
}

const ops_candidate ops_softmax_gradient_candidates[] = {
    {"rows", rows_applicable, rows_cost, rows_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_softmax_gradient_candidate_count = BASE_COUNT(ops_softmax_gradient_candidates);
