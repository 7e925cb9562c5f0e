/* runner.c: recipes made ready to run by themselves. */
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double runner_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double runner_cpu_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Between -1 and 1, by Knuth's linear congruential generator. */
float *runner_random(uint64_t count) {
    static uint64_t state = 1;
    float *values = malloc(count * sizeof *values);
    for (uint64_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = (float)(int32_t)(state >> 32) * 0x1p-31f;
    }
    return values;
}

void runner_check(const runner *r, clade_status status) {
    if (status == CLADE_OK) return;
    char message[512];
    clade_context_message(r->context, message, sizeof message);
    fprintf(stderr, "%s: %s\n", clade_status_name(status), message);
    exit(1);
}

void runner_open(runner *r) {
    char message[512] = "";
    clade_context_settings settings = {.message = message, .message_size = sizeof message};
    *r = (runner){0};
    if (clade_context_create(&settings, &r->context) != CLADE_OK) {
        fprintf(stderr, "%s\n", message);
        exit(1);
    }
    runner_check(r, rt_queue_create(context_rt(r->context), NULL, &r->queue));
}

void runner_close(runner *r) {
    for (size_t i = 0; i < OPS_MAX_INPUTS; i++) {
        rt_buffer_destroy(&r->inputs[i]);
        free(r->input_values[i]);
    }
    rt_buffer_destroy(&r->out);
    rt_buffer_destroy(&r->workspace);
    rt_queue_destroy(&r->queue);
    clade_context_destroy(&r->context);
}

static rt_buffer *filled_buffer(const runner *r, const float *values, uint64_t count) {
    rt_buffer *buffer = NULL;
    runner_check(r, rt_buffer_create(context_rt(r->context), count * sizeof *values, "a benchmark's tensor", &buffer));
    runner_check(r, rt_upload(context_rt(r->context), buffer, 0, values, count * sizeof *values));
    return buffer;
}

/* Matrix products have a workspace of their own, behind the recipe's. */
static uint64_t gemm_workspace(const runner *r, const ops_recipe *recipe) {
    uint64_t most = 0, bytes;
    for (size_t i = 0; i < recipe->launch_count; i++) {
        if (!recipe->launches[i].is_gemm) continue;
        runner_check(r, rt_gemm_workspace(context_rt(r->context), &recipe->launches[i].gemm, &bytes));
        if (bytes > most) most = bytes;
    }
    return most;
}

void runner_include(const runner *r, const runner_step *step, runner_sizes *sizes) {
    ops_reach reach;
    if (!ops_problem_reach(&step->problem, &reach))
        abort(); /* it was lowered from a graph: its sizes do not overflow */
    for (int32_t i = 0; i < reach.input_count; i++) sizes->inputs[i] = base_max(sizes->inputs[i], reach.inputs[i]);
    sizes->out = base_max(sizes->out, reach.output);
    const uint64_t workspace = step->recipe.workspace + gemm_workspace(r, &step->recipe);
    if (workspace > sizes->workspace) sizes->workspace = workspace;
}

void runner_make_memory(runner *r, const runner_sizes *sizes) {
    /* No buffer is empty. */
    const uint64_t out = (uint64_t)base_max(sizes->out, 1), workspace = sizes->workspace + 1;
    float *zeros = calloc(out, sizeof *zeros);
    for (size_t i = 0; i < OPS_MAX_INPUTS; i++) {
        const uint64_t count = (uint64_t)base_max(sizes->inputs[i], 1);
        r->input_values[i] = runner_random(count);
        r->inputs[i] = filled_buffer(r, r->input_values[i], count);
    }
    r->out = filled_buffer(r, zeros, out);
    runner_check(r, rt_buffer_create(context_rt(r->context), workspace, "a workspace", &r->workspace));
    free(zeros);
}

/* ---- Steps ---------------------------------------------------------------------------------------------------------------------- */

static void *memory_of(const runner *r, const runner_step *step, ops_argument_kind kind, int32_t index) {
    switch (kind) {
    case OPS_INPUT:
        return rt_buffer_handle(r->inputs[index]);
    case OPS_OUTPUT:
        return rt_buffer_handle(r->out);
    case OPS_CONSTANT:
        return rt_buffer_handle(step->constants[index]);
    case OPS_WORKSPACE:
        return rt_buffer_handle(r->workspace);
    default:
        return NULL;
    }
}

static void set_arguments(const runner *r, const runner_step *step, const ops_launch *launch, rt_kernel *kernel) {
    uint32_t position = 0;
    for (size_t i = 0; i < launch->argument_count; i++) {
        const ops_argument *argument = &launch->arguments[i];
        void *memory = memory_of(r, step, argument->kind, argument->index);
        if (memory) {
            const uint64_t offset = argument->kind == OPS_WORKSPACE ? (uint64_t)argument->value.i / sizeof(float) : 0;
            runner_check(r, rt_kernel_set_memory(kernel, position++, memory));
            runner_check(r, rt_kernel_set_value(kernel, position++, &offset, sizeof offset));
        } else if (argument->kind == OPS_INT) {
            const int32_t value = (int32_t)argument->value.i;
            runner_check(r, rt_kernel_set_value(kernel, position++, &value, sizeof value));
        } else if (argument->kind == OPS_LOCAL) {
            runner_check(r, rt_kernel_set_local(kernel, position++, (size_t)argument->value.i));
        } else {
            size_t size = argument->kind == OPS_FLOAT ? sizeof argument->value.f : sizeof argument->value.longs;
            runner_check(r, rt_kernel_set_value(kernel, position++, &argument->value, size));
        }
    }
}

void runner_prepare(const runner *r, runner_step *step, const float *const parameters[2]) {
    rt_context *rt = context_rt(r->context);
    const ops_recipe *recipe = &step->recipe;
    for (size_t i = 0; i < recipe->constant_count; i++) {
        const ops_constant *constant = &recipe->constants[i];
        float *packed = calloc(constant->elements, sizeof *packed);
        ops_pack_constant(&step->problem, constant, parameters[constant->parameter], packed);
        step->constants[i] = filled_buffer(r, packed, ops_constant_words(constant));
        free(packed);
    }
    for (size_t i = 0; i < recipe->launch_count; i++) {
        const ops_launch *launch = &recipe->launches[i];
        if (launch->is_gemm) continue;
        rt_program *program = NULL;
        runner_check(r, rt_program_get(rt, launch->source, launch->options, &program));
        runner_check(r, rt_kernel_create(program, launch->kernel, &step->kernels[i]));
        rt_program_release(&program);
        set_arguments(r, step, launch, step->kernels[i]);
    }
}

static void enqueue_gemm(const runner *r, const runner_step *step, const ops_launch *launch) {
    const ops_operand *a = &launch->a, *b = &launch->b, *c = &launch->c;
    for (int64_t i = 0; i < launch->repeat; i++)
        runner_check(r, rt_gemm_run(r->queue, &launch->gemm, memory_of(r, step, a->kind, a->index),
                                    (uint64_t)(a->offset + i * launch->a_step), memory_of(r, step, b->kind, b->index),
                                    (uint64_t)(b->offset + i * launch->b_step), memory_of(r, step, c->kind, c->index),
                                    (uint64_t)(c->offset + i * launch->c_step), rt_buffer_handle(r->workspace),
                                    step->recipe.workspace));
}

void runner_enqueue(const runner *r, const runner_step *step) {
    for (size_t i = 0; i < step->recipe.launch_count; i++) {
        const ops_launch *launch = &step->recipe.launches[i];
        if (launch->is_gemm)
            enqueue_gemm(r, step, launch);
        else
            runner_check(r, rt_enqueue(r->queue, step->kernels[i], launch->dimensions, launch->global, launch->local));
    }
}

void runner_free(runner_step *step) {
    for (size_t i = 0; i < OPS_MAX_LAUNCHES; i++) rt_kernel_destroy(&step->kernels[i]);
    for (size_t i = 0; i < OPS_MAX_CONSTANTS; i++) rt_buffer_destroy(&step->constants[i]);
}
