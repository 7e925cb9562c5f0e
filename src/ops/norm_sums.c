/* norm_sums.c: the two reductions of batch norm: a channel's mean and variance, and the sums of its gradient.
 *
 *   runs     CPUs, block == vector width: a run of pixels of a block of channels a work-item
 *   generic  any layout, any device: a part of a channel a work-item
 *
 * Into how many parts a channel is taken follows from its size alone, so that the result is the same whatever the number of threads. */
#include "ops/candidates.h"
#include "ops/cost.h"

/* As QUANTITY in cl/norm_sums.cl. */
enum { QUANTITY_STATISTICS = 0, QUANTITY_SUMS = 1 };

/* Elements of a channel that are worth a part of their own, and how many parts keep the second stage short. */
enum { LEAST_PART = 512, MOST_PARTS = 64 };

/* What either operator comes down to. */
typedef struct reduction {
    const ops_tensor *x, *dy; /* the same tensor where there is no dy */
    int32_t quantity;
    float epsilon;
} reduction;

static reduction describe(const ops_problem *problem) {
    if (problem->kind == OPS_NORM_STATISTICS)
        return (reduction){.x = &problem->norm_statistics.in, .dy = &problem->norm_statistics.in};
    const ops_norm_sums *p = &problem->norm_sums;
    return (reduction){.x = &p->of, .dy = &p->in, .quantity = QUANTITY_SUMS, .epsilon = p->epsilon};
}

static int64_t elements_of(const reduction *r) { return (int64_t)r->x->n * r->x->h * r->x->w; }

static int64_t parts_of(const reduction *r) { return base_min(MOST_PARTS, base_divide_up(elements_of(r), LEAST_PART)); }

static int64_t width_of(const reduction *r) { return base_round_up(r->x->c, r->x->block); }

/* Floats read. */
static int64_t traffic(const reduction *r) {
    return (r->quantity == QUANTITY_SUMS ? 2 : 1) * elements_of(r) * width_of(r);
}

static ops_launch *begin(ops_recipe *recipe, const char *kernel, const reduction *r, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "norm_sums.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_define(launch, "QUANTITY", r->quantity);
    return launch;
}

/* Both stages; `kernel` is the first one's. Gives its launch, without a range. */
static ops_launch *add_stages(ops_recipe *recipe, const char *kernel, const reduction *r, int64_t vector,
                              const rt_device *device) {
    const int32_t x = r->quantity == QUANTITY_SUMS ? 1 : 0, statistics = r->quantity == QUANTITY_SUMS ? 2 : 0;
    const int64_t width = width_of(r), parts = parts_of(r);
    recipe->workspace = (uint64_t)(2 * parts * width) * sizeof(float);

    ops_launch *first = begin(recipe, kernel, r, vector);
    ops_add_operand(first, OPS_INPUT, 0);
    ops_add_operand(first, OPS_INPUT, x);
    ops_add_operand(first, OPS_INPUT, statistics);
    ops_add_operand(first, OPS_WORKSPACE, 0);
    ops_add_int(first, r->x->n);
    ops_add_int(first, r->x->c);
    ops_add_int(first, (int64_t)r->x->h * r->x->w);
    ops_add_int(first, r->x->block);
    ops_add_int(first, r->dy->batch_stride);
    ops_add_int(first, r->x->batch_stride);
    ops_add_int(first, width);
    ops_add_int(first, parts);

    ops_launch *second = begin(recipe, "norm_join", r, vector);
    ops_add_operand(second, OPS_WORKSPACE, 0);
    ops_add_operand(second, OPS_INPUT, statistics);
    ops_add_operand(second, OPS_OUTPUT, 0);
    ops_add_int(second, elements_of(r));
    ops_add_int(second, r->x->c);
    ops_add_int(second, width);
    ops_add_int(second, parts);
    ops_add_float(second, r->epsilon);
    ops_range(second, device, base_divide_up(width, vector));
    return first;
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    const reduction r = describe(problem);
    return ops_suits_vectors(device) && r.x->block == (int32_t)device->float_width;
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    const reduction r = describe(problem);
    return ops_cost_stream(device, traffic(&r));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const reduction r = describe(problem);
    ops_launch *launch = add_stages(recipe_out, "norm_parts_runs", &r, r.x->block, device);
    ops_single_items(launch, width_of(&r) / r.x->block * parts_of(&r));
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    const reduction r = describe(problem);
    return ops_cost_scalar(device, r.x->c * parts_of(&r), 4 * base_divide_up(elements_of(&r), parts_of(&r)));
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const reduction r = describe(problem);
    ops_launch *launch = add_stages(recipe_out, "norm_parts_generic", &r, 1, device);
    ops_range(launch, device, r.x->c * parts_of(&r));
    return CLADE_OK;
}

const ops_candidate ops_norm_statistics_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_norm_statistics_candidate_count = BASE_COUNT(ops_norm_statistics_candidates);

const ops_candidate ops_norm_sums_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_norm_sums_candidate_count = BASE_COUNT(ops_norm_sums_candidates);
