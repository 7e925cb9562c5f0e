/* mean.c: mean over some dimensions. One candidate: nets take large means as global pooling. */
#include "ops/box.h"
#include "ops/candidates.h"
#include "ops/cost.h"

typedef struct mean_boxes {
    ops_box kept, reduced; /* operands of kept: in, out; of reduced: in */
} mean_boxes;

static mean_boxes boxes_of(const ops_mean *p) {
    return (mean_boxes){.kept = ops_box_of(p->rank, p->dims, p->stride_in, p->stride_out, NULL),
                        .reduced = ops_box_of(p->reduce_rank, p->reduce_dims, p->reduce_stride, NULL, NULL)};
}

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    mean_boxes boxes = boxes_of(&problem->mean);
    return ops_cost_scalar(device, ops_box_elements(&boxes.kept),
                           ops_box_elements(&boxes.reduced) * boxes.reduced.rank);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    mean_boxes boxes = boxes_of(&problem->mean);
    int64_t outputs = ops_box_elements(&boxes.kept);
    ops_launch *launch = ops_add_launch(recipe_out, "mean.cl", "mean_generic");
    ops_define(launch, "RANK", boxes.kept.rank);
    ops_define(launch, "REDUCE_RANK", boxes.reduced.rank);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, outputs);
    ops_add_int(launch, ops_box_elements(&boxes.reduced));
    ops_add_longs(launch, boxes.kept.dims, OPS_MAX_DIMS);
    ops_add_longs(launch, boxes.kept.strides[0], OPS_MAX_DIMS);
    ops_add_longs(launch, boxes.kept.strides[1], OPS_MAX_DIMS);
    ops_add_longs(launch, boxes.reduced.dims, OPS_MAX_DIMS);
    ops_add_longs(launch, boxes.reduced.strides[0], OPS_MAX_DIMS);
    ops_range(launch, device, outputs);
    return CLADE_OK;
}

const ops_candidate ops_mean_candidates[] = {{"generic", ops_always_applicable, generic_cost, generic_make}};
const size_t ops_mean_candidate_count = BASE_COUNT(ops_mean_candidates);
