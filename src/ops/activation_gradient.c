/* activation_gradient.c: what an activation makes of the gradient behind it.
 *
 *   runs     CPUs: runs of vectors
 *   generic  any layout, any device: an element a work-item */
#include "ops/box.h"
#include "ops/candidates.h"
#include "ops/cost.h"

/* The three tensors as planes of elements that lie alike in all of them, an image having `channels` channels, a plane a block of them.
 * A padding lane is an element like others: 0 times a slope is 0. */
typedef struct planes {
    int64_t images, channels, elements;
    int32_t block;
} planes;

static bool is_dense(const ops_tensor *t) { return t->n == 1 || t->batch_stride == ops_image_elements(t); }

static planes planes_of(const ops_activation_gradient *p) {
    const int64_t image = ops_image_elements(&p->in);
    if (p->kind == CLADE_PRELU)
        return (planes){p->in.n, p->in.c, (int64_t)p->in.h * p->in.w * p->in.block, p->in.block};
    /* channels do not matter */
    const bool is_one = is_dense(&p->in) && is_dense(&p->of) && is_dense(&p->out);
    return is_one ? (planes){1, 1, p->in.n * image, 1} : (planes){p->in.n, 1, image, 1};
}

static int64_t elements_of(const ops_problem *problem) {
    const ops_tensor *t = &problem->activation_gradient.in;
    return t->n * ops_image_elements(t);
}

static ops_launch *begin(ops_recipe *recipe, const ops_activation_gradient *p, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "activation_gradient.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, 1);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    if (p->kind == CLADE_PRELU) {
        const ops_packing slopes = ops_pack_channels(p->in.c, p->in.block, p->shared_slope);
        ops_add_operand(launch, OPS_CONSTANT, ops_add_packed(recipe, OPS_WEIGHT, &slopes));
    }
    return launch;
}

/* The arguments both kernels have at their end. */
static void add_rest(ops_launch *launch, const ops_activation_gradient *p, const planes *all) {
    ops_add_int(launch, all->channels);
    ops_add_int(launch, all->elements);
    ops_add_int(launch, all->block);
    ops_add_int(launch, p->in.batch_stride);
    ops_add_int(launch, p->of.batch_stride);
    ops_add_int(launch, p->out.batch_stride);
    ops_add_activation(launch, p->kind, p->slope);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    const planes all = planes_of(&problem->activation_gradient);
    return ops_suits_vectors(device) && (all.block == 1 || all.block == (int32_t)device->float_width) &&
           all.elements >= device->float_width;
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_stream(device, 3 * elements_of(problem));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const ops_activation_gradient *p = &problem->activation_gradient;
    const planes all = planes_of(p);
    const ops_runs shared = ops_share_rows(device, all.images * base_divide_up(all.channels, all.block), all.elements);
    ops_launch *launch = begin(recipe_out, p, "activation_gradient_runs", device->float_width);
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    add_rest(launch, p, &all);
    ops_single_items(launch, shared.groups);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    return ops_cost_scalar(device, elements_of(problem), 2);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const ops_activation_gradient *p = &problem->activation_gradient;
    const planes all = planes_of(p);
    ops_launch *launch = begin(recipe_out, p, "activation_gradient_generic", 1);
    ops_add_int(launch, elements_of(problem));
    add_rest(launch, p, &all);
    ops_range(launch, device, elements_of(problem));
    return CLADE_OK;
}

const ops_candidate ops_activation_gradient_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_activation_gradient_candidate_count = BASE_COUNT(ops_activation_gradient_candidates);
