/* copy.c: transpose, slice, pad, reshape of a slice, the parts of a concat: boxes moved about.
 *
 *   tiles    CPUs, one dimension dense in the source, another in the target: square tiles, transposed in registers
 *   runs     CPUs, along a dense or the longest dimension: by vectors where both sides are dense
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

static int64_t elements_of(const ops_copy *simple) { return rows_of(simple) * simple->dims[simple->rank - 1]; }

/* Makes a dimension the last one; the order of dimensions does not matter to a copy. */
static void move_last(ops_copy *simple, int32_t d) {
    int64_t *const arrays[] = {simple->dims, simple->in_dims, simple->low, simple->stride_in, simple->stride_out};
    for (size_t i = 0; i < BASE_COUNT(arrays); i++) {
        const int64_t moved = arrays[i][d];
        for (int32_t k = d; k + 1 < simple->rank; k++) arrays[i][k] = arrays[i][k + 1];
        arrays[i][simple->rank - 1] = moved;
    }
}

/* ---- tiles ----------------------------------------------------------------------------------------------------------------------- */

/* The dimension that is dense in the source comes last but one, that which is in the target comes last. */
static bool arrange_tiles(ops_copy *simple, int64_t width) {
    int32_t dense_in = -1, dense_out = -1;
    for (int32_t d = 0; d < simple->rank; d++) {
        if (simple->low[d] != 0 || simple->in_dims[d] != simple->dims[d]) return false;
        if (simple->dims[d] < width) continue;
        if (simple->stride_in[d] == 1) dense_in = d;
        if (simple->stride_out[d] == 1) dense_out = d;
    }
    if (dense_in < 0 || dense_out < 0 || dense_in == dense_out) return false;
    move_last(simple, dense_in);
    move_last(simple, dense_out > dense_in ? dense_out - 1 : dense_out);
    return true;
}

static bool tiles_applicable(const ops_problem *problem, const rt_device *device) {
    ops_copy simple = simplify(&problem->copy);
    return ops_suits_vectors(device) && arrange_tiles(&simple, device->float_width);
}

static double tiles_cost(const ops_problem *problem, const rt_device *device) {
    ops_copy simple = simplify(&problem->copy);
    return ops_cost_stream(device, 2 * elements_of(&simple));
}

static clade_status tiles_make(base_env *env, const ops_problem *problem, const rt_device *device,
                               ops_recipe *recipe_out) {
    (void)env;
    ops_copy simple = simplify(&problem->copy);
    const int64_t width = device->float_width;
    arrange_tiles(&simple, width);
    const int32_t down = simple.rank - 2, across = simple.rank - 1; /* in the target */
    const int64_t strips = base_divide_up(simple.dims[down], width);
    ops_launch *launch = ops_add_launch(recipe_out, "reorder.cl", "transpose_tiles");
    ops_define(launch, "VECTOR", width);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    ops_add_int(launch, simple.in_offset);
    ops_add_int(launch, simple.out_offset);
    ops_add_int(launch, simple.dims[down]);
    ops_add_int(launch, simple.dims[across]);
    ops_add_int(launch, simple.stride_in[across]);
    ops_add_int(launch, simple.stride_out[down]);
    ops_add_int(launch, down);
    ops_add_longs(launch, simple.dims, OPS_MAX_DIMS);
    ops_add_longs(launch, simple.stride_in, OPS_MAX_DIMS);
    ops_add_longs(launch, simple.stride_out, OPS_MAX_DIMS);
    ops_single_items(launch, elements_of(&simple) / simple.dims[down] / simple.dims[across] * strips);
    return CLADE_OK;
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

/* Along the dimension that both sides are dense in, else along the longest. */
static ops_copy arrange_runs(const ops_copy *p, int64_t width) {
    ops_copy simple = simplify(p);
    int32_t best = 0;
    for (int32_t d = 0; d < simple.rank; d++)
        if (simple.dims[d] >= simple.dims[best]) best = d;
    for (int32_t d = 0; d < simple.rank; d++)
        if (simple.dims[d] >= width && simple.stride_in[d] == 1 && simple.stride_out[d] == 1) best = d;
    move_last(&simple, best);
    return simple;
}

static bool is_dense(const ops_copy *arranged) {
    const int32_t last = arranged->rank - 1;
    return arranged->stride_in[last] == 1 && arranged->stride_out[last] == 1;
}

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    const ops_copy arranged = arrange_runs(&problem->copy, device->float_width);
    return ops_suits_vectors(device) && arranged.dims[arranged.rank - 1] >= device->float_width;
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    const ops_copy arranged = arrange_runs(&problem->copy, device->float_width);
    /* one by one takes a few times as long as by vectors */
    return ops_cost_stream(device, (is_dense(&arranged) ? 2 : 6) * elements_of(&arranged));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_copy arranged = arrange_runs(&problem->copy, device->float_width);
    const int32_t last = arranged.rank - 1;
    const ops_runs shared = ops_share_rows(device, rows_of(&arranged), arranged.dims[last]);
    ops_launch *launch = begin(recipe_out, "copy_runs", device->float_width);
    ops_define(launch, "DENSE", is_dense(&arranged));
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    ops_add_int(launch, arranged.dims[last]);
    ops_add_int(launch, arranged.in_dims[last]);
    ops_add_int(launch, arranged.low[last]);
    ops_add_int(launch, arranged.stride_in[last]);
    ops_add_int(launch, arranged.stride_out[last]);
    ops_add_int(launch, arranged.rank);
    add_rest(launch, &arranged);
    ops_single_items(launch, shared.groups);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    ops_copy simple = simplify(&problem->copy);
    return ops_cost_scalar(device, elements_of(&simple), 4 * simple.rank);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    ops_copy simple = simplify(&problem->copy);
    int64_t elements = elements_of(&simple);
    ops_launch *launch = begin(recipe_out, "copy_generic", 1);
    ops_define(launch, "RANK", simple.rank);
    ops_add_int(launch, elements);
    add_rest(launch, &simple);
    ops_range(launch, device, elements);
    return CLADE_OK;
}

const ops_candidate ops_copy_candidates[] = {
    {"tiles", tiles_applicable, tiles_cost, tiles_make},
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_copy_candidate_count = BASE_COUNT(ops_copy_candidates);
