/* binary.c: sum, product and the like of two tensors, or of a tensor and a constant, with broadcasting.
 *
 *   runs     CPUs, last dimension dense, constant, or the same vector again and again: by vectors. Not for powers, which compilers
 *            compute lane by lane, and whose random operands of a check would have no real result
 *   generic  any strides, any device: an element a work-item */
#include "ops/box.h"
#include "ops/candidates.h"
#include "ops/cost.h"

enum { A, B, OUT }; /* operands of the box */

static ops_box box_of(const ops_binary *p) {
    return ops_box_of(p->rank, p->dims, p->stride_a, p->stride_b, p->stride_out);
}

static void add_second(ops_recipe *recipe, ops_launch *launch, const ops_problem *problem) {
    ops_reach reach;
    if (!problem->binary.constant) {
        ops_add_operand(launch, OPS_INPUT, 1);
        return;
    }
    (void)ops_problem_reach(problem, &reach); /* ops_check_problem has seen it */
    ops_add_operand(launch, OPS_CONSTANT, ops_add_channels(recipe, OPS_WEIGHT, reach.inputs[1], 1)); /* as it is */
}

static ops_launch *begin(ops_recipe *recipe, const char *kernel, const ops_problem *problem, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "binary.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_define(launch, "KIND", problem->binary.kind);
    ops_define(launch, "SWAP", problem->binary.swap);
    ops_add_operand(launch, OPS_INPUT, 0);
    add_second(recipe, launch, problem);
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

/* How an operand is walked along a row: the kernel's numbers. */
enum { STEP_SAME = 0, STEP_DENSE = 1, STEP_REPEAT = 2, STEP_OTHER = 3 };

typedef struct rows {
    ops_box box;
    int64_t steps[OPS_BOX_OPERANDS];
} rows;

/* Whether the last two dimensions can be one row of vectors: the last is one vector, and each operand goes on from one to the next,
 * or takes the same again. */
static bool is_row_of_vectors(const ops_box *box, int64_t width) {
    const int32_t last = box->rank - 1;
    if (box->rank < 2 || box->dims[last] != width || box->strides[OUT][last - 1] != width) return false;
    for (int32_t operand = A; operand <= OUT; operand++) {
        const int64_t next = box->strides[operand][last - 1];
        if (box->strides[operand][last] != 1 || (next != width && next != 0)) return false;
    }
    return true;
}

static rows rows_of(const ops_binary *p, const rt_device *device) {
    rows all = {.box = box_of(p)};
    ops_box *box = &all.box;
    const int64_t width = device->float_width;
    const bool vectors = is_row_of_vectors(box, width);
    if (vectors) box->dims[--box->rank - 1] *= width;
    for (int32_t operand = A; operand <= OUT; operand++) {
        const int64_t stride = box->strides[operand][box->rank - 1];
        if (vectors)
            all.steps[operand] = stride == 0 ? STEP_REPEAT : STEP_DENSE;
        else
            all.steps[operand] = stride == 0 ? STEP_SAME : stride == 1 ? STEP_DENSE : STEP_OTHER;
    }
    return all;
}

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    const rows all = rows_of(&problem->binary, device);
    return ops_suits_vectors(device) && problem->binary.kind != CLADE_POWER &&
           all.box.dims[all.box.rank - 1] >= device->float_width && all.steps[OUT] == STEP_DENSE &&
           all.steps[A] != STEP_OTHER && all.steps[B] != STEP_OTHER;
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    ops_box box = box_of(&problem->binary);
    return ops_cost_stream(device, 3 * ops_box_elements(&box));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const rows all = rows_of(&problem->binary, device);
    const int64_t length = all.box.dims[all.box.rank - 1];
    const ops_runs shared = ops_share_rows(device, ops_box_rows(&all.box), length);
    ops_launch *launch = begin(recipe_out, "binary_runs", problem, device->float_width);
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    ops_add_int(launch, length);
    ops_add_int(launch, all.steps[A]);
    ops_add_int(launch, all.steps[B]);
    ops_add_int(launch, all.box.rank);
    add_rest(launch, &problem->binary, &all.box);
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
    ops_launch *launch = begin(recipe_out, "binary_generic", problem, 1);
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
