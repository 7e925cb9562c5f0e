/* check.c: no kernel is trusted unseen: drivers miscompile. Each is compared with the generic kernel of its operator once for a
 * device, a driver and the kernel's text, on a small problem, and the verdict is kept as a fact.
 *
 *   problem --small_problem--> a few rows and channel blocks with the same window, tile and options --> both kernels --> compare
 *
 * A verdict is about programs, not layers: it is found under the texts and options of what the small problem runs. */
#include "plan/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of the largest result: Winograd's come within 2e-5, others within 1e-6, and what is miscompiled is far away. The generic kernel does
 * not round its weights, which are 2^-11 and 2^-8 off in narrower types, several times as much where Winograd transforms them. */
float plan_tolerance(const ops_problem *problem) {
    const clade_type weights = problem->kind == OPS_CONV2D   ? problem->conv2d.weights
                               : problem->kind == OPS_LINEAR ? problem->linear.weights
                                                             : CLADE_FLOAT32;
    return weights == CLADE_FLOAT32 ? 1e-4f : weights == CLADE_FLOAT16 ? 1e-2f : 1e-1f;
}

/* Results of a small convolution: rows, and columns beside one tile; groups of a tile's channels. */
enum { SMALL_ROWS = 7, SMALL_COLUMNS = 9, SMALL_BATCH = 2 };

/* ---- A small problem -------------------------------------------------------------------------------------------------------------- */

static int32_t smaller(int32_t value, int64_t most) { return (int32_t)base_min(value, most); }

/* Two whole blocks, and as many channels beyond them as there were. */
static int32_t fewer_channels(int32_t channels, int32_t group) {
    return channels > 2 * group ? 2 * group + channels % group : channels;
}

static void shrink_tensor(ops_tensor *t, int32_t channels, int32_t h, int32_t w) {
    t->n = smaller(t->n, SMALL_BATCH);
    t->c = channels;
    t->h = h;
    t->w = w;
    t->batch_stride = ops_image_elements(t);
}

/* False for odd paddings: as it is. */
static bool shrink_window(const ops_variant *variant, const int32_t stride[2], int32_t groups, ops_tensor *in,
                          ops_tensor *out) {
    const int32_t rows = smaller(out->h, SMALL_ROWS);
    const int32_t columns = smaller(out->w, (int64_t)variant->pixels + SMALL_COLUMNS);
    const int32_t in_h = in->h - (out->h - rows) * stride[0], in_w = in->w - (out->w - columns) * stride[1];
    const int32_t group = out->block * (variant->blocks ? variant->blocks : 1);
    const bool grouped = groups > 1; /* channels that hang together stay */
    if (in_h < 1 || in_w < 1) return false;
    shrink_tensor(in, grouped ? in->c : fewer_channels(in->c, in->block), in_h, in_w);
    shrink_tensor(out, grouped ? out->c : fewer_channels(out->c, group), rows, columns);
    return true;
}

static void shrink_conv2d(ops_conv2d *p, const ops_variant *variant) {
    if (!shrink_window(variant, (int32_t[]){p->stride_h, p->stride_w}, p->groups, &p->in, &p->out)) return;
    if (p->linear_channels > 0) p->linear_channels = p->out.block; /* some with and some without the activation */
    if (p->has_residual) shrink_tensor(&p->residual, p->out.c, p->out.h, p->out.w);
}

static void shrink_conv2d_weights(ops_conv2d_weights *p, const ops_variant *variant) {
    (void)shrink_window(variant, (int32_t[]){p->stride_h, p->stride_w}, p->groups, &p->in, &p->out);
}

static void fewer_images(ops_tensor *first, ops_tensor *second, ops_tensor *third) {
    first->n = second->n = third->n = smaller(first->n, SMALL_BATCH);
}

/* With all its images, so that it goes in parts where the whole does. */
static void shrink_channel_sum(ops_channel_sum *p) {
    p->in.c = p->factor.c = fewer_channels(p->in.c, p->in.block);
    p->in.batch_stride = p->factor.batch_stride = ops_image_elements(&p->in);
}

static void shrink_gradient(ops_problem *problem) {
    ops_activation_gradient *activation = &problem->activation_gradient;
    ops_pool_gradient *pool = &problem->pool_gradient;
    ops_lrn_gradient *lrn = &problem->lrn_gradient;
    if (problem->kind == OPS_ACTIVATION_GRADIENT) fewer_images(&activation->in, &activation->of, &activation->out);
    if (problem->kind == OPS_POOL_GRADIENT) fewer_images(&pool->pool.in, &pool->pool.out, &pool->out);
    if (problem->kind == OPS_LRN_GRADIENT) fewer_images(&lrn->lrn.in, &lrn->lrn.out, &lrn->out);
    if (problem->kind == OPS_CHANNEL_SUM) shrink_channel_sum(&problem->channel_sum);
}

static void shrink_norm(ops_problem *problem) {
    ops_norm_statistics *statistics = &problem->norm_statistics;
    ops_norm_apply *apply = &problem->norm_apply;
    ops_norm_sums *sums = &problem->norm_sums;
    ops_norm_gradient *gradient = &problem->norm_gradient;
    if (problem->kind == OPS_NORM_STATISTICS) statistics->in.n = smaller(statistics->in.n, SMALL_BATCH);
    if (problem->kind == OPS_NORM_APPLY) fewer_images(&apply->in, &apply->out, &apply->out);
    if (problem->kind == OPS_NORM_SUMS) fewer_images(&sums->in, &sums->of, &sums->of);
    if (problem->kind == OPS_NORM_GRADIENT) fewer_images(&gradient->in, &gradient->of, &gradient->out);
}

/* Other operators cost little, and only take fewer images. */
ops_problem plan_small_problem(const ops_problem *problem, const ops_recipe *recipe) {
    ops_problem small = ops_with_variant(problem, recipe->variant);
    if (small.kind == OPS_CONV2D) shrink_conv2d(&small.conv2d, &recipe->variant);
    if (small.kind == OPS_CONV2D_WEIGHTS) shrink_conv2d_weights(&small.conv2d_weights, &recipe->variant);
    if (small.kind == OPS_SPREAD) small.spread.in.n = small.spread.out.n = smaller(small.spread.in.n, SMALL_BATCH);
    if (small.kind == OPS_POOL) small.pool.in.n = small.pool.out.n = smaller(small.pool.in.n, SMALL_BATCH);
    if (small.kind == OPS_LRN) small.lrn.in.n = small.lrn.out.n = smaller(small.lrn.in.n, SMALL_BATCH);
    if (small.kind == OPS_AFFINE) small.affine.in.n = small.affine.out.n = smaller(small.affine.in.n, SMALL_BATCH);
    if (small.kind == OPS_DROPOUT) small.dropout.in.n = small.dropout.out.n = smaller(small.dropout.in.n, SMALL_BATCH);
    if (small.kind == OPS_REORDER) small.reorder.in.n = small.reorder.out.n = smaller(small.reorder.in.n, SMALL_BATCH);
    shrink_gradient(&small);
    shrink_norm(&small);
    return small;
}

/* The recipe of the small problem; where its candidate does not apply to that, the problem is taken as it is. */
static clade_status small_recipe(base_env *env, rt_context *rt, ops_problem *problem, const ops_recipe *recipe,
                                 ops_recipe *small_out) {
    const rt_device *device = rt_context_device(rt);
    const ops_candidate *candidate = ops_candidate_of(problem->kind, recipe);
    const ops_problem small = plan_small_problem(problem, recipe);
    if (candidate->applicable(&small, device)) *problem = small;
    return ops_make(env, problem, device, candidate, small_out);
}

/* ---- Comparing ----------------------------------------------------------------------------------------------------------------------- */

float plan_difference(const float *values, const float *expected, uint64_t count) {
    float largest = 0.0f, worst = 0.0f;
    for (uint64_t i = 0; i < count; i++) {
        const float off = fabsf(values[i] - expected[i]);
        if (isnan(off)) return INFINITY;
        largest = fmaxf(largest, fabsf(expected[i]));
        worst = fmaxf(worst, off);
    }
    return worst > 0.0f ? worst / largest : 0.0f;
}

bool plan_agree(const ops_problem *problem, const float *values, const float *expected, uint64_t count) {
    return plan_difference(values, expected, count) <= plan_tolerance(problem);
}

clade_status plan_run_into(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe, float *values,
                           uint64_t count) {
    trial t = {0};
    FORWARD(trial_bench_clear(bench, count));
    clade_status status = trial_prepare(bench, problem, recipe, true, &t);
    if (status == CLADE_OK) status = trial_run(bench, &t);
    if (status == CLADE_OK) status = trial_bench_read(bench, values, count);
    trial_free(&t);
    return status;
}

static clade_status compare_on(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe,
                               const ops_recipe *generic, bool *agrees_out) {
    ops_reach reach;
    FORWARD(trial_bench_fit(bench, problem));
    (void)ops_problem_reach(problem, &reach); /* trial_bench_fit has checked it */
    const uint64_t count = (uint64_t)reach.output;
    float *values = base_allocate_zero(bench->env, 2 * count, sizeof *values);
    if (!values) return base_fail_memory(bench->env, 2 * count * sizeof *values, "the results of a check");
    clade_status status = plan_run_into(bench, problem, recipe, values, count);
    if (status == CLADE_OK) status = plan_run_into(bench, problem, generic, values + count, count);
    if (status == CLADE_OK) *agrees_out = plan_agree(problem, values, values + count, count);
    base_free(bench->env, values);
    return status;
}

clade_status plan_compare(base_env *env, rt_context *rt, const ops_problem *problem, const ops_recipe *recipe,
                          bool *agrees_out) {
    trial_bench bench;
    ops_recipe generic;
    FORWARD(ops_make(env, problem, rt_context_device(rt), ops_generic(problem->kind), &generic));
    clade_status status = trial_bench_open(env, rt, &bench);
    if (status == CLADE_OK) status = compare_on(&bench, problem, recipe, &generic, agrees_out);
    trial_bench_close(&bench);
    return status;
}

/* ---- Verdicts ------------------------------------------------------------------------------------------------------------------------ */

/* The generic kernel is what others are compared with. */
static bool is_generic(const ops_problem *problem, const ops_recipe *recipe) {
    return ops_candidate_of(problem->kind, recipe) == ops_generic(problem->kind);
}

uint64_t plan_hash_kernels(const ops_recipe *recipe, uint64_t hash) {
    for (size_t i = 0; i < recipe->launch_count; i++) {
        const ops_launch *launch = &recipe->launches[i];
        if (!launch->is_gemm)
            hash = hash * 0x9e3779b97f4a7c15u + (rt_source_hash(launch->source) ^ base_hash(launch->options));
    }
    return hash;
}

/* What a verdict is found under: the candidate and a hash over all its kernels. */
static void name_verdict(const ops_recipe *recipe, char *name, size_t size) {
    const uint64_t hash = plan_hash_kernels(recipe, 0);
    snprintf(name, size, "check %s %016llx", recipe->candidate, (unsigned long long)hash);
}

const char *plan_verdict_text(bool right) { return right ? "right" : "wrong"; }

plan_verdict plan_read_verdict(rt_context *rt, const char *name) {
    char text[16];
    if (!rt_fact_read(rt, name, text, sizeof text)) return PLAN_UNKNOWN;
    if (strcmp(text, plan_verdict_text(false)) == 0) return PLAN_WRONG;
    return strcmp(text, plan_verdict_text(true)) == 0 ? PLAN_TRUSTED : PLAN_UNKNOWN;
}

bool plan_verdict_name(base_env *env, rt_context *rt, const ops_problem *problem, const ops_recipe *recipe,
                       char *name) {
    ops_recipe small;
    ops_problem looked_at = *problem;
    if (is_generic(problem, recipe) || small_recipe(env, rt, &looked_at, recipe, &small) != CLADE_OK) return false;
    name_verdict(&small, name, PLAN_VERDICT_NAME);
    return true;
}

plan_verdict plan_find_verdict(base_env *env, rt_context *rt, const ops_problem *problem, const ops_recipe *recipe) {
    char name[PLAN_VERDICT_NAME];
    return plan_verdict_name(env, rt, problem, recipe, name) ? plan_read_verdict(rt, name) : PLAN_TRUSTED;
}

/* The verdicts of one plan, written together. */
typedef struct check_list {
    char (*names)[PLAN_VERDICT_NAME];
    rt_fact *facts;
    size_t count;
} check_list;

static bool is_listed(const check_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0) return true;
    return false;
}

static clade_status check_step(const clade_plan *plan, const plan_step *step, check_list *list, bool *wrong) {
    rt_context *rt = context_rt(plan->context);
    bool agrees = true;
    char *name = list->names[list->count];
    ops_recipe small;
    ops_problem problem = step->problem;
    if (is_generic(&problem, &step->recipe)) return CLADE_OK;
    FORWARD(small_recipe(plan->env, rt, &problem, &step->recipe, &small));
    name_verdict(&small, name, PLAN_VERDICT_NAME);
    if (is_listed(list, name) || plan_read_verdict(rt, name) != PLAN_UNKNOWN) return CLADE_OK;
    FORWARD(plan_compare(plan->env, rt, &problem, &small, &agrees));
    base_log(plan->env, CLADE_LOG_DEBUG, "checked %s (%s): %s", small.candidate, small.reason,
             plan_verdict_text(agrees));
    list->facts[list->count++] = (rt_fact){.name = name, .text = plan_verdict_text(agrees)};
    if (!agrees) *wrong = true;
    return CLADE_OK;
}

clade_status plan_check(const clade_plan *plan, bool *wrong_out) {
    check_list list = {.names = base_allocate_zero(plan->env, plan->step_count, sizeof *list.names),
                       .facts = base_allocate_zero(plan->env, plan->step_count, sizeof *list.facts)};
    clade_status status = CLADE_OK;
    *wrong_out = false;
    if (!list.names || !list.facts)
        status = base_fail_memory(plan->env, plan->step_count * PLAN_VERDICT_NAME, "the checks of a plan");
    for (size_t i = 0; status == CLADE_OK && i < plan->step_count; i++)
        if (!plan_in_network(plan, i)) status = check_step(plan, &plan->steps[i], &list, wrong_out);
    if (status == CLADE_OK && list.count > 0) rt_facts_write(context_rt(plan->context), list.facts, list.count);
    base_free(plan->env, list.names);
    base_free(plan->env, list.facts);
    return status;
}
