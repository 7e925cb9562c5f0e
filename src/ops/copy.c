/* copy.c: transpose, slice, pad, reshape of a slice, the parts of a concat: boxes moved about.
 *
 *   runs     CPUs, last dimension dense on both sides: by vectors
 *   generic  any strides, any device: an element a work-item */
#include "ops/box.h"
#include "ops/candidates.h"
#include "ops/cost.h"

#include <string.h>

/* The same copy with nothing of the source behind what is read, and in as few dimensions as say the same. */
static ops_copy simplify(const ops_copy *p) {
    ops_copy s = *p;
    s.rank = 0;
    memset(s.dims, 0, sizeof s.dims);
    for (int32_t d = 0; d < p->rank; d++) {
        int64_t in_dim = base_min(p->in_dims[d], p->dims[d] - p->low[d]);
        bool whole = p->low[d] == 0 && in_dim == p->dims[d];
        if (whole && p->dims[d] == 1) continue;
        int32_t o = s.rank - 1; /* the dimension around this one */
        if (o >= 0 && whole && s.stride_in[o] == p->stride_in[d] * in_dim &&
            s.stride_out[o] == p->stride_out[d] * in_dim) {
            s.dims[o] *= in_dim;
            s.in_dims[o] *= in_dim;
            s.low[o] *= in_dim;
        } else {
            o = s.rank++;
            s.dims[o] = p->dims[d];
            s.in_dims[o] = in_dim;
            s.low[o] = p->low[d];
        }
        s.stride_in[o] = p->stride_in[d];
        s.stride_out[o] = p->stride_out[d];
    }
    if (s.rank == 0) s.dims[s.rank++] = s.in_dims[0] = 1, s.low[0] = 0;
    return s;
}

static int64_t rows_of(const ops_copy *simple) {
    int64_t rows = 1;
    for (int32_t d = 0; d + 1 < simple->rank; d++) rows *= simple->dims[d];
    return rows;
}

static ops_launch *begin(ops_recipe *recipe, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "copy.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels have at their end. */
static void add_rest(ops_launch *launch, const ops_copy *simple) {
    ops_add_int(launch, simple->in_offset);
    ops_add_int(launch, simple->out_offset);
    ops_add_longs(launch, simple->dims, OPS_MAX_DIMS);
    ops_add_longs(launch, simple->in_dims, OPS_MAX_DIMS);
    ops_add_longs(launch, simple->low, OPS_MAX_DIMS);
    ops_add_longs(launch, simple->stride_in, OPS_MAX_DIMS);
    ops_add_longs(launch, simple->stride_out, OPS_MAX_DIMS);
    ops_add_float(launch, simple->value);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    ops_copy simple = simplify(&problem->copy);
    int32_t last = simple.rank - 1;
    return ops_suits_vectors(device) && simple.dims[last] >= device->float_width && simple.stride_in[last] == 1 &&
           simple.stride_out[last] == 1;
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    ops_copy simple = simplify(&problem->copy);
    return ops_cost_stream(device, 2 * rows_of(&simple) * simple.dims[simple.rank - 1]);
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    ops_copy simple = simplify(&problem->copy);
    int32_t last = simple.rank - 1;
    ops_runs shared = ops_share_rows(device, rows_of(&simple), simple.dims[last]);
    ops_launch *launch = begin(recipe_out, "copy_runs", device->float_width);
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    ops_add_int(launch, simple.dims[last]);
    ops_add_int(launch, simple.in_dims[last]);
    ops_add_int(launch, simple.low[last]);
    ops_add_int(launch, simple.rank);
    add_rest(launch, &simple);
    ops_single_items(launch, shared.groups);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    ops_copy simple = simplify(&problem->copy);
    return ops_cost_scalar(device, rows_of(&simple) * simple.dims[simple.rank - 1], 4 * simple.rank);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    ops_copy simple = simplify(&problem->copy);
    int64_t elements = rows_of(&simple) * simple.dims[simple.rank - 1];
    ops_launch *launch = begin(recipe_out, "copy_generic", 1);
    ops_define(launch, "RANK", simple.rank);
    ops_add_int(launch, elements);
    add_rest(launch, &simple);
    ops_range(launch, device, elements);
    return CLADE_OK;
}

const ops_candidate ops_copy_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_copy_candidate_count = BASE_COUNT(ops_copy_candidates);
