#include "ops/elementwise.h"

#include "ops/box.h"
#include "ops/cost.h"

/* A tensor as planes of `pixels` elements (vectors of `block` of them) that share coefficients. */
typedef struct planes {
    int64_t images, channels, pixels, block;
} planes;

static planes planes_of(const elementwise *e) {
    planes all = {.images = e->in.n, .channels = e->in.c, .pixels = (int64_t)e->in.h * e->in.w, .block = e->in.block};
    /* where channels do not matter and there are no padding lanes, an image is one plane */
    if (!e->has_scale && !e->has_shift && all.channels % all.block == 0)
        all = (planes){.images = e->in.n, .channels = 1, .pixels = all.channels * all.pixels, .block = 1};
    return all;
}

static int64_t elements_of(const elementwise *e) { return e->in.n * ops_image_elements(&e->in); }

static void add_coefficients(ops_recipe *recipe, ops_launch *launch, const elementwise *e, int32_t parameter,
                             bool is_there, bool shared) {
    const ops_packing packing = ops_pack_channels(e->in.c, e->in.block, shared);
    ops_add_int(launch, is_there);
    if (is_there)
        ops_add_operand(launch, OPS_CONSTANT, ops_add_packed(recipe, parameter, &packing));
    else
        ops_add_operand(launch, OPS_INPUT, 0); /* something must be bound */
}

static ops_launch *begin(ops_recipe *recipe, const char *kernel, int64_t vector) {
    ops_launch *launch = ops_add_launch(recipe, "elementwise.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels share, behind the size of the work. */
static void add_rest(ops_recipe *recipe, ops_launch *launch, const elementwise *e, const planes *all) {
    ops_add_int(launch, all->channels);
    ops_add_int(launch, all->pixels);
    ops_add_int(launch, all->block);
    ops_add_int(launch, e->in.batch_stride);
    ops_add_int(launch, e->out.batch_stride);
    ops_add_activation(launch, e->activation, e->slope);
    ops_add_float(launch, e->factor);
    ops_add_float(launch, e->offset);
    add_coefficients(recipe, launch, e, OPS_WEIGHT, e->has_scale, e->shared_scale);
    add_coefficients(recipe, launch, e, OPS_BIAS, e->has_shift, false);
    ops_define(launch, "FUNCTION", e->function);
}

static elementwise describe(const ops_problem *problem) {
    return problem->kind == OPS_AFFINE ? ops_affine_elementwise(&problem->affine)
                                       : ops_activation_elementwise(&problem->activation);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

/* Not for logarithms: random operands of a check are negative, too, and would have no real result. */
bool ops_elementwise_runs_applicable(const ops_problem *problem, const rt_device *device) {
    elementwise e = describe(problem);
    planes all = planes_of(&e);
    return ops_suits_vectors(device) && e.activation != CLADE_LOG &&
           (all.block == 1 || all.block == device->float_width) && all.pixels * all.block >= device->float_width;
}

double ops_elementwise_runs_cost(const ops_problem *problem, const rt_device *device) {
    elementwise e = describe(problem);
    return ops_cost_stream(device, 2 * elements_of(&e));
}

clade_status ops_elementwise_runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                       ops_recipe *recipe_out) {
    (void)env;
    elementwise e = describe(problem);
    planes all = planes_of(&e);
    ops_runs shared =
        ops_share_rows(device, all.images * base_divide_up(all.channels, all.block), all.pixels * all.block);
    ops_launch *launch = begin(recipe_out, "elementwise_runs", device->float_width);
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    add_rest(recipe_out, launch, &e, &all);
    ops_single_items(launch, shared.groups);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

double ops_elementwise_generic_cost(const ops_problem *problem, const rt_device *device) {
    elementwise e = describe(problem);
    return ops_cost_scalar(device, elements_of(&e), 1);
}

clade_status ops_elementwise_generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                          ops_recipe *recipe_out) {
    (void)env;
    elementwise e = describe(problem);
    planes all = planes_of(&e);
    ops_launch *launch = begin(recipe_out, "elementwise_generic", 1);
    ops_add_int(launch, elements_of(&e));
    add_rest(recipe_out, launch, &e, &all);
    ops_range(launch, device, elements_of(&e));
    return CLADE_OK;
}
