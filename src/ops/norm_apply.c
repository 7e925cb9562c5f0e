/* norm_apply.c: batch norm by given statistics (Ioffe and Szegedy, arXiv:1502.03167), and its data gradient by given sums.
 *
 *   runs     CPUs, plain tensors or block == vector width: runs of vectors
 *   generic  any layout, any device: an element a work-item */
#include "ops/box.h"
#include "ops/candidates.h"
#include "ops/cost.h"

/* As FUNCTION in cl/norm_apply.cl. */
enum { FUNCTION_APPLY = 0, FUNCTION_GRADIENT = 1 };

/* What either operator comes down to. */
typedef struct normalisation {
    const ops_tensor *in, *of, *out; /* of: in, where there is no other */
    int32_t function;
    float epsilon;
    bool has_weight, has_bias;
    clade_activation activation;
    float slope;
} normalisation;

static normalisation describe(const ops_problem *problem) {
    if (problem->kind == OPS_NORM_APPLY) {
        const ops_norm_apply *p = &problem->norm_apply;
        return (normalisation){.in = &p->in,
                               .of = &p->in,
                               .out = &p->out,
                               .function = FUNCTION_APPLY,
                               .epsilon = p->epsilon,
                               .has_weight = p->has_scale,
                               .has_bias = p->has_shift,
                               .activation = p->activation,
                               .slope = p->slope};
    }
    const ops_norm_gradient *p = &problem->norm_gradient;
    return (normalisation){.in = &p->in,
                           .of = &p->of,
                           .out = &p->out,
                           .function = FUNCTION_GRADIENT,
                           .epsilon = p->epsilon,
                           .has_weight = p->has_scale};
}

static int64_t elements_of(const normalisation *n) { return n->in->n * ops_image_elements(n->in); }

static int64_t pixels_of(const normalisation *n) { return (int64_t)n->in->h * n->in->w; }

static ops_launch *begin(ops_recipe *recipe, const char *kernel, const normalisation *n, int64_t vector) {
    const bool is_gradient = n->function == FUNCTION_GRADIENT;
    ops_launch *launch = ops_add_launch(recipe, "norm_apply.cl", kernel);
    ops_define(launch, "VECTOR", vector);
    ops_define(launch, "FUNCTION", n->function);
    /* where an operand is not asked for, something must be bound */
    ops_add_operand(launch, OPS_INPUT, 0);
    ops_add_operand(launch, OPS_INPUT, is_gradient ? 1 : 0);
    ops_add_operand(launch, OPS_INPUT, is_gradient ? 2 : 1);
    ops_add_operand(launch, OPS_INPUT, is_gradient ? 3 : 0);
    ops_add_operand(launch, OPS_INPUT, n->has_weight ? OPS_GIVEN_WEIGHT : 0);
    ops_add_operand(launch, OPS_INPUT, n->has_bias ? OPS_GIVEN_BIAS : 0);
    ops_add_operand(launch, OPS_OUTPUT, 0);
    return launch;
}

/* The arguments both kernels share, behind the size of the work. */
static void add_rest(ops_launch *launch, const normalisation *n) {
    ops_add_int(launch, n->in->c);
    ops_add_int(launch, pixels_of(n));
    ops_add_int(launch, n->in->block);
    ops_add_int(launch, n->in->batch_stride);
    ops_add_int(launch, n->of->batch_stride);
    ops_add_int(launch, n->out->batch_stride);
    ops_add_float(launch, n->epsilon);
    ops_add_float(launch, (float)(n->in->n * pixels_of(n)));
    ops_add_activation(launch, n->activation, n->slope);
    ops_add_int(launch, n->has_weight);
    ops_add_int(launch, n->has_bias);
}

/* ---- runs ------------------------------------------------------------------------------------------------------------------------ */

static bool runs_applicable(const ops_problem *problem, const rt_device *device) {
    const normalisation n = describe(problem);
    return ops_suits_vectors(device) && (n.in->block == 1 || n.in->block == (int32_t)device->float_width) &&
           pixels_of(&n) * n.in->block >= device->float_width;
}

static double runs_cost(const ops_problem *problem, const rt_device *device) {
    const normalisation n = describe(problem);
    return ops_cost_stream(device, (n.function == FUNCTION_GRADIENT ? 3 : 2) * elements_of(&n));
}

static clade_status runs_make(base_env *env, const ops_problem *problem, const rt_device *device,
                              ops_recipe *recipe_out) {
    (void)env;
    const normalisation n = describe(problem);
    const ops_runs shared =
        ops_share_rows(device, n.in->n * base_divide_up(n.in->c, n.in->block), pixels_of(&n) * n.in->block);
    ops_launch *launch = begin(recipe_out, "norm_apply_runs", &n, device->float_width);
    ops_add_int(launch, shared.total);
    ops_add_int(launch, shared.count);
    ops_add_int(launch, shared.runs);
    ops_add_int(launch, shared.run);
    add_rest(launch, &n);
    ops_single_items(launch, shared.groups);
    return CLADE_OK;
}

/* ---- generic --------------------------------------------------------------------------------------------------------------------- */

static double generic_cost(const ops_problem *problem, const rt_device *device) {
    const normalisation n = describe(problem);
    return ops_cost_scalar(device, elements_of(&n), 4);
}

static clade_status generic_make(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe_out) {
    (void)env;
    const normalisation n = describe(problem);
    ops_launch *launch = begin(recipe_out, "norm_apply_generic", &n, 1);
    ops_add_int(launch, elements_of(&n));
    add_rest(launch, &n);
    ops_range(launch, device, elements_of(&n));
    return CLADE_OK;
}

const ops_candidate ops_norm_apply_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_norm_apply_candidate_count = BASE_COUNT(ops_norm_apply_candidates);

const ops_candidate ops_norm_gradient_candidates[] = {
    {"runs", runs_applicable, runs_cost, runs_make},
    {"generic", ops_always_applicable, generic_cost, generic_make},
};
const size_t ops_norm_gradient_candidate_count = BASE_COUNT(ops_norm_gradient_candidates);
