/* binary.c: sum and product of two tensors, with broadcasting.
 *
 *   runs     CPUs, last dimension dense or constant: by vectors
 *   generic  any strides, any device: an element a work-item */
#include "ops/box.h"
#include "ops/candidates.h"
#include "ops/cost.h"

enum { A, B, OUT }; /* operands of the box */

static ops_box box_of(const ops_binary *p) {
    return ops_box_of(p->rank, p->dims, p->stride_a, p->stride_b, p->stride_out);
}

static int64_t last_stride(const ops_box *box, int32_t operand) { return box->strides[operand][box->rank - 1]; }

static ops_launch *begin(ops_recipe *recipe, const char *kernel, const ops_binary *p, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "binary.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_define(launch, "MULTIPLY", p->kind == CLADE_MULTIPLY);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels have at their end. */
static void add_rest(ops_launch *launch, const ops_binary *p, const ops_box *box) {
    ops_add_longs(launch, box->dims, OPS_MAX_DIMS);
    for (int32_t operand = A; operand <= OUT; operand++) ops_add_longs(launch, box->strides[operand], OPS_MAX_DIMS);
    ops_add_activation(launch, p->activation, p->slope);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    ops_box box = box_of(&problem->binary);
    return ops_suits_vectors(device) && box.dims[box.rank - 1] >= device->float_width && last_stride(&box, OUT) == 1 &&
           last_stride(&box, A) <= 1 && last_stride(&box, B) <= 1;
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    ops_box box = box_of(&problem->binary);
    return ops_cost_stream(device, 3 * ops_box_elements(&box));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    ops_box box = box_of(&problem->binary);
    int64_t length = box.dims[box.rank - 1];
    ops_runs shared = ops_share_rows(device, ops_box_rows(&box), length);
    ops_launch *launch = begin(recipe_out, "binary_runs", &problem->binary, device->float_width);
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    ops_add_int(launch, length);
    ops_add_int(launch, last_stride(&box, A));
    ops_add_int(launch, last_stride(&box, B));
    ops_add_int(launch, box.rank);
    add_rest(launch, &problem->binary, &box);
    ops_single_items(launch, shared.groups);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    ops_box box = box_of(&problem->binary);
    return ops_cost_scalar(device, ops_box_elements(&box), 4 * box.rank);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    ops_box box = box_of(&problem->binary);
    ops_launch *launch = begin(recipe_out, "binary_generic", &problem->binary, 1);
    ops_define(launch, "RANK", box.rank);
    ops_add_int(launch, ops_box_elements(&box));
    add_rest(launch, &problem->binary, &box);
    ops_range(launch, device, ops_box_elements(&box));
    return CLADE_OK;
}

const ops_candidate ops_binary_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_binary_candidate_count = BASE_COUNT(ops_binary_candidates);
