/* trial.c: recipes run by themselves.
 *
 * Times are taken with cold weights: in a network as many bytes as the caches hold pass between two uses of a layer's weights.
 * So before each run a sweep goes through more memory than that, and then the inputs alone are touched again, by all units. */
#include "plan/trial.h"

#include "plan/plan.h"

#include <string.h>

/* A sweep reads as much as it writes, each this many bytes at most and at least, and what the caches hold in between. */
#define LEAST_SWEEP (UINT64_C(16) << 20)
#define MOST_SWEEP  (UINT64_C(64) << 20)

/* ---- Random values, by Knuth's linear congruential generator --------------------------------------------------------------- */

/* In [-1, 1). */
static void fill_random(float *values, uint64_t count, uint64_t seed) {
    uint64_t state = seed;
    for (uint64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = (float)(int32_t)(state >> 32) * 0x1p-31f;
    }
}

/* ---- The bench --------------------------------------------------------------------------------------------------------------- */

clade_status trial_bench_open(base_env *env, rt_context *rt, trial_bench *bench_out) {
    *bench_out = (trial_bench){.env = env, .rt = rt};
    return rt_queue_create(rt, NULL, &bench_out->queue);
}

void trial_bench_close(trial_bench *bench) {
    if (bench->queue) (void)rt_queue_finish(bench->queue); /* a lost device has told its message already */
    for (int32_t i = 0; i < OPS_MAX_INPUTS; i++) rt_buffer_destroy(&bench->inputs[i]);
    rt_buffer_destroy(&bench->output);
    rt_kernel_destroy(&bench->stream);
    rt_buffer_destroy(&bench->sweep_from);
    rt_buffer_destroy(&bench->sweep_to);
    rt_queue_destroy(&bench->queue);
}

/* A tensor that an input is, or NULL where it is plain memory. */
static const ops_tensor *input_tensor(const ops_problem *problem, int32_t input) {
    if (input >= OPS_GIVEN_WEIGHT) return NULL;
    switch (problem->kind) {
    case OPS_CONV2D:
        return input == 0 ? &problem->conv2d.in : &problem->conv2d.residual;
    case OPS_POOL:
        return &problem->pool.in;
    case OPS_AFFINE:
        return &problem->affine.in;
    case OPS_LRN:
        return &problem->lrn.in;
    case OPS_ACTIVATION:
        return &problem->activation.in;
    case OPS_REORDER:
        return &problem->reorder.in;
    case OPS_ACTIVATION_GRADIENT:
        return input == 0 ? &problem->activation_gradient.in : &problem->activation_gradient.of;
    case OPS_DROPOUT:
        return input == 0 ? &problem->dropout.in : NULL;
    case OPS_POOL_GRADIENT:
        return input == 0 ? &problem->pool_gradient.pool.out : &problem->pool_gradient.pool.in;
    case OPS_NORM_STATISTICS:
        return &problem->norm_statistics.in;
    case OPS_NORM_APPLY:
        return input == 0 ? &problem->norm_apply.in : NULL;
    case OPS_NORM_SUMS:
        return input == 0 ? &problem->norm_sums.in : input == 1 ? &problem->norm_sums.of : NULL;
    case OPS_NORM_GRADIENT:
        return input == 0 ? &problem->norm_gradient.in : input == 1 ? &problem->norm_gradient.of : NULL;
    case OPS_CONV2D_WEIGHTS:
        return input == 0 ? &problem->conv2d_weights.out : &problem->conv2d_weights.in;
    case OPS_SPREAD:
        return &problem->spread.in;
    case OPS_LRN_GRADIENT:
        return input == 0 ? &problem->lrn_gradient.lrn.out : &problem->lrn_gradient.lrn.in;
    case OPS_CHANNEL_SUM:
        return input == 0 ? &problem->channel_sum.in : &problem->channel_sum.factor;
    default:
        return NULL;
    }
}

static void clear_padding_lanes(const ops_tensor *t, float *values) {
    const int64_t pixels = (int64_t)t->h * t->w, last = t->c / t->block * t->block;
    if (last == t->c) return;
    for (int64_t n = 0; n < t->n; n++)
        for (int64_t pixel = 0; pixel < pixels; pixel++)
            for (int64_t lane = t->c - last; lane < t->block; lane++)
                values[n * t->batch_stride + last * pixels + pixel * t->block + lane] = 0.0f;
}

static void count_up(float *values, uint64_t count, int32_t end) {
    for (uint64_t i = 0; i < count; i++) values[i] = (float)(i % (uint64_t)end);
}

static void take_magnitudes(float *values, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) values[i] = values[i] < 0.0f ? -values[i] : values[i];
}

/* Inputs that may not be any numbers: classes, keys, variances. */
static void make_sensible(const ops_problem *problem, int32_t input, float *values, uint64_t count) {
    switch (problem->kind) {
    case OPS_CROSS_ENTROPY:
        if (input == 1) count_up(values, count, problem->cross_entropy.classes);
        break;
    case OPS_CROSS_ENTROPY_GRADIENT:
        if (input == 1) count_up(values, count, problem->cross_entropy_gradient.cross_entropy.classes);
        break;
    case OPS_DROPOUT:
        if (input == 1) count_up(values, count, OPS_DROPOUT_KEY);
        break;
    case OPS_NORM_APPLY:
        if (input == 1) take_magnitudes(values, count);
        break;
    case OPS_NORM_SUMS:
    case OPS_NORM_GRADIENT:
        if (input == 2) take_magnitudes(values, count);
        break;
    default:
        break;
    }
}

/* A buffer of at least so many floats; one that is large enough stays. */
static clade_status ensure(trial_bench *bench, uint64_t count, const char *what, rt_buffer **buffer) {
    const uint64_t bytes = count * sizeof(float);
    if (*buffer && rt_buffer_size(*buffer) >= bytes) return CLADE_OK;
    rt_buffer_destroy(buffer);
    return rt_buffer_create(bench->rt, bytes, what, buffer);
}

void trial_fill_input(const ops_problem *problem, int32_t input, float *values, uint64_t count) {
    const ops_tensor *tensor = input_tensor(problem, input);
    fill_random(values, count, (uint64_t)input + 1);
    if (tensor) clear_padding_lanes(tensor, values);
    make_sensible(problem, input, values, count);
}

static clade_status fill_input(trial_bench *bench, const ops_problem *problem, int32_t input, uint64_t count) {
    float *values = base_allocate(bench->env, count * sizeof *values);
    if (!values) return base_fail_memory(bench->env, count * sizeof *values, "a trial's input");
    trial_fill_input(problem, input, values, count);
    clade_status status = ensure(bench, count, "a trial's input", &bench->inputs[input]);
    if (status == CLADE_OK) status = rt_upload(bench->rt, bench->inputs[input], 0, values, count * sizeof *values);
    base_free(bench->env, values);
    return status;
}

clade_status trial_bench_clear(trial_bench *bench, uint64_t count) {
    return rt_upload_zeros(bench->rt, bench->output, count * sizeof(float), "a trial's output");
}

clade_status trial_bench_read(trial_bench *bench, float *values, uint64_t count) {
    FORWARD(rt_read(bench->queue, bench->output, 0, values, count * sizeof *values));
    return rt_queue_finish(bench->queue);
}

clade_status trial_bench_fit(trial_bench *bench, const ops_problem *problem) {
    ops_reach reach;
    FORWARD(ops_check_problem(bench->env, problem));
    (void)ops_problem_reach(problem, &reach); /* checked above */
    for (int32_t i = 0; i < reach.input_count; i++)
        if (reach.inputs[i] > 0) FORWARD(fill_input(bench, problem, i, (uint64_t)reach.inputs[i]));
    FORWARD(ensure(bench, (uint64_t)reach.output, "a trial's output", &bench->output));
    return trial_bench_clear(bench, (uint64_t)reach.output);
}

/* ---- Constants ------------------------------------------------------------------------------------------------------------------ */

clade_status trial_fill_constant(base_env *env, const ops_problem *problem, const ops_constant *constant,
                                 float *packed) {
    const uint64_t count = (uint64_t)ops_parameter_elements(problem, constant->parameter);
    float *values = base_allocate(env, count * sizeof *values);
    if (!values) return base_fail_memory(env, count * sizeof *values, "a trial's weights");
    fill_random(values, count, 11 + (uint64_t)constant->parameter);
    memset(packed, 0, constant->elements * sizeof *packed); /* `pack` leaves out padding */
    ops_pack_constant(problem, constant, values, packed);
    base_free(env, values);
    return CLADE_OK;
}

static clade_status fill_constant(trial_bench *bench, const trial *t, size_t index, bool true_weights) {
    const ops_constant *constant = &t->recipe.constants[index];
    clade_status status = CLADE_OK;
    float *packed = base_allocate(bench->env, constant->elements * sizeof *packed);
    if (!packed) return base_fail_memory(bench->env, constant->elements * sizeof *packed, "a trial's weights");
    if (true_weights)
        status = trial_fill_constant(bench->env, &t->problem, constant, packed);
    else
        for (uint64_t i = 0; i < constant->elements; i++) packed[i] = 0x1p-6f * (float)(i % 3);
    if (status == CLADE_OK)
        status = rt_upload(bench->rt, t->constants[index], 0, packed, ops_constant_words(constant) * sizeof *packed);
    base_free(bench->env, packed);
    return status;
}

/* ---- Kernels -------------------------------------------------------------------------------------------------------------------- */

static void *memory_of(const trial_bench *bench, const trial *t, ops_argument_kind kind, int32_t index) {
    switch (kind) {
    case OPS_INPUT:
        return rt_buffer_handle(bench->inputs[index]);
    case OPS_OUTPUT:
        return rt_buffer_handle(bench->output);
    case OPS_CONSTANT:
        return rt_buffer_handle(t->constants[index]);
    case OPS_WORKSPACE:
        return rt_buffer_handle(t->workspace);
    default:
        return NULL;
    }
}

static clade_status set_argument(const trial_bench *bench, const trial *t, const ops_argument *argument,
                                 rt_kernel *kernel, uint32_t *position) {
    if (!plan_is_memory(argument)) return plan_set_value(kernel, position, argument);
    return plan_set_memory(kernel, position, memory_of(bench, t, argument->kind, argument->index),
                           plan_argument_offset(argument));
}

static clade_status prepare_kernel(const trial_bench *bench, trial *t, size_t index) {
    ops_launch *launch = &t->recipe.launches[index];
    uint64_t bytes = 0;
    if (launch->is_gemm) {
        FORWARD(rt_gemm_workspace(bench->rt, &launch->gemm, &bytes));
        if (bytes > t->gemm_workspace) t->gemm_workspace = bytes;
        return CLADE_OK;
    }
    return plan_kernel_create(bench->rt, launch, NULL, launch->local, &t->kernels[index]);
}

static clade_status prepare(trial_bench *bench, trial *t, bool true_weights) {
    for (size_t i = 0; i < t->recipe.launch_count; i++) FORWARD(prepare_kernel(bench, t, i));
    const uint64_t alignment = rt_context_device(bench->rt)->alignment;
    t->recipe.workspace = (uint64_t)base_round_up((int64_t)t->recipe.workspace, (int64_t)alignment);
    if (t->recipe.workspace + t->gemm_workspace > 0)
        FORWARD(
            rt_buffer_create(bench->rt, t->recipe.workspace + t->gemm_workspace, "a trial's workspace", &t->workspace));
    for (size_t i = 0; i < t->recipe.constant_count; i++) {
        const uint64_t bytes = ops_constant_words(&t->recipe.constants[i]) * sizeof(float);
        FORWARD(rt_buffer_create(bench->rt, bytes, "a trial's weights", &t->constants[i]));
        FORWARD(fill_constant(bench, t, i, true_weights));
    }
    for (size_t i = 0; i < t->recipe.launch_count; i++) {
        const ops_launch *launch = &t->recipe.launches[i];
        uint32_t position = 0;
        for (size_t k = 0; !launch->is_gemm && k < launch->argument_count; k++)
            FORWARD(set_argument(bench, t, &launch->arguments[k], t->kernels[i], &position));
    }
    return CLADE_OK;
}

clade_status trial_prepare(trial_bench *bench, const ops_problem *problem, const ops_recipe *recipe, bool true_weights,
                           trial *trial_out) {
    *trial_out = (trial){.problem = *problem, .recipe = *recipe};
    const clade_status status = prepare(bench, trial_out, true_weights);
    if (status != CLADE_OK) trial_free(trial_out);
    return status;
}

void trial_free(trial *t) {
    for (size_t i = 0; i < OPS_MAX_LAUNCHES; i++) rt_kernel_destroy(&t->kernels[i]);
    for (size_t i = 0; i < OPS_MAX_CONSTANTS; i++) rt_buffer_destroy(&t->constants[i]);
    rt_buffer_destroy(&t->workspace);
}

/* ---- Running -------------------------------------------------------------------------------------------------------------------- */

static clade_status enqueue_gemm(trial_bench *bench, const trial *t, const ops_launch *launch) {
    const ops_operand *a = &launch->a, *b = &launch->b, *c = &launch->c;
    for (int64_t i = 0; i < launch->repeat; i++)
        FORWARD(rt_gemm_run(bench->queue, &launch->gemm, memory_of(bench, t, a->kind, a->index),
                            (uint64_t)(a->offset + i * launch->a_step), memory_of(bench, t, b->kind, b->index),
                            (uint64_t)(b->offset + i * launch->b_step), memory_of(bench, t, c->kind, c->index),
                            (uint64_t)(c->offset + i * launch->c_step),
                            t->gemm_workspace > 0 ? rt_buffer_handle(t->workspace) : NULL, t->recipe.workspace));
    return CLADE_OK;
}

clade_status trial_run(trial_bench *bench, trial *t) {
    for (size_t i = 0; i < t->recipe.launch_count; i++) {
        const ops_launch *launch = &t->recipe.launches[i];
        if (launch->is_gemm)
            FORWARD(enqueue_gemm(bench, t, launch));
        else
            FORWARD(rt_enqueue(bench->queue, t->kernels[i], launch->dimensions, launch->global, launch->local));
    }
    return rt_queue_finish(bench->queue);
}

/* ---- Times ---------------------------------------------------------------------------------------------------------------------- */

static clade_status open_sweep(trial_bench *bench) {
    if (bench->stream) return CLADE_OK;
    uint64_t bytes = rt_context_device(bench->rt)->global_cache;
    if (bytes < LEAST_SWEEP) bytes = LEAST_SWEEP;
    if (bytes > MOST_SWEEP) bytes = MOST_SWEEP;
    FORWARD(rt_buffer_create(bench->rt, bytes, "a sweep", &bench->sweep_from));
    FORWARD(rt_buffer_create(bench->rt, bytes, "a sweep", &bench->sweep_to));
    return rt_speed_stream(bench->rt, &bench->stream);
}

clade_status trial_time(trial_bench *bench, trial *t, double *seconds_out) {
    FORWARD(open_sweep(bench));
    FORWARD(rt_speed_copy(bench->queue, bench->stream, bench->sweep_from, bench->sweep_to));
    for (int32_t i = 0; i < OPS_MAX_INPUTS; i++)
        if (bench->inputs[i]) FORWARD(rt_speed_copy(bench->queue, bench->stream, bench->inputs[i], bench->inputs[i]));
    FORWARD(rt_queue_finish(bench->queue));
    const double start = base_seconds();
    FORWARD(trial_run(bench, t));
    *seconds_out = base_seconds() - start;
    return CLADE_OK;
}
