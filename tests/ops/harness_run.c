/* harness_run.c: one problem, one candidate, one run, with poison all around. */
#include "ops/harness_layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A quiet NaN that no test feeds in; arithmetic on it passes it on, so that reading outside an operand shows too. */
#define POISON UINT32_C(0x7fc5a5a5)

/* Floats in front of operands, so that nothing starts at 0 or at an aligned place, and behind them. */
enum { INPUT_FRONT = 21, OUTPUT_FRONT = 37, CONSTANT_FRONT = 16, BEHIND = 2048 };

/* A device buffer with an operand inside, and what was in it before the run. */
typedef struct region {
    rt_buffer *buffer;
    uint32_t *image; /* front + reach + BEHIND */
    int64_t front, reach;
} region;

typedef struct run {
    harness *h;
    const harness_run_settings *settings;
    harness_layouts layouts;
    ops_recipe recipe;
    region inputs[OPS_MAX_INPUTS], output, constants[OPS_MAX_CONSTANTS], workspace;
} run;

/* ---- Faults -------------------------------------------------------------------------------------------------------------------- */

static bool fault(harness *h, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(h->fault, sizeof h->fault, format, arguments);
    va_end(arguments);
    return false;
}

static bool ok(harness *h, clade_status status) {
    if (status == CLADE_OK) return true;
    base_message(h->env, h->fault, sizeof h->fault);
    return false;
}

/* ---- Regions ------------------------------------------------------------------------------------------------------------------- */

static int64_t region_size(const region *r) { return r->front + r->reach + BEHIND; }

static void region_fill(region *r, int64_t front, int64_t reach) {
    r->front = front;
    r->reach = reach;
    r->image = malloc((size_t)region_size(r) * sizeof *r->image);
    for (int64_t i = 0; i < region_size(r); i++) r->image[i] = POISON;
}

static float *region_values(region *r) { return (float *)(void *)r->image + r->front; }

static bool region_upload(harness *h, region *r) {
    uint64_t size = (uint64_t)region_size(r) * sizeof *r->image;
    return ok(h, rt_buffer_create(h->context, size, "a test's operand", &r->buffer)) &&
           ok(h, rt_upload(h->context, r->buffer, 0, r->image, size));
}

static void region_free(region *r) {
    rt_buffer_destroy(&r->buffer);
    free(r->image);
}

static void set_zero(void *user, int64_t place) { ((float *)user)[place] = 0.0f; }

static void place_input(region *r, const harness_layout *layout, const float *values) {
    for (int64_t i = 0; i < layout->count; i++) region_values(r)[harness_place(layout, i)] = values[i];
    harness_padding_lanes(layout, set_zero, region_values(r));
}

/* Parameters that are given lie as they are. */
static bool prepare_given(run *r) {
    for (int32_t i = 0; i < 2; i++) {
        region *given = &r->inputs[OPS_GIVEN_WEIGHT + i];
        const int64_t count = r->layouts.parameters[i];
        if (!r->settings->problem->given || count == 0) continue;
        region_fill(given, INPUT_FRONT + OPS_GIVEN_WEIGHT + i, count);
        memcpy(region_values(given), r->settings->parameters[i], (size_t)count * sizeof(float));
        if (!region_upload(r->h, given)) return false;
    }
    return true;
}

static bool prepare(run *r) {
    harness *h = r->h;
    region_fill(&r->output, OUTPUT_FRONT, r->layouts.output.reach);
    if (r->settings->in_place) place_input(&r->output, &r->layouts.inputs[0], r->settings->inputs[0]);
    if (!region_upload(h, &r->output)) return false;

    for (int32_t i = r->settings->in_place ? 1 : 0; i < r->layouts.input_count; i++) {
        region_fill(&r->inputs[i], INPUT_FRONT + i, r->layouts.inputs[i].reach);
        place_input(&r->inputs[i], &r->layouts.inputs[i], r->settings->inputs[i]);
        if (!region_upload(h, &r->inputs[i])) return false;
    }
    if (!prepare_given(r)) return false;
    for (size_t i = 0; i < r->recipe.constant_count; i++) {
        const ops_constant *constant = &r->recipe.constants[i];
        region_fill(&r->constants[i], CONSTANT_FRONT, (int64_t)constant->elements);
        ops_pack_constant(r->settings->problem, constant, r->settings->parameters[constant->parameter],
                          region_values(&r->constants[i]));
        if (r->constants[i].image[CONSTANT_FRONT + constant->elements] != POISON)
            return fault(h, "constant %zu is packed past its end", i);
        if (!region_upload(h, &r->constants[i])) return false;
    }
    region_fill(&r->workspace, h->device.alignment / sizeof(float),
                (int64_t)base_divide_up((int64_t)r->recipe.workspace, sizeof(float)));
    return region_upload(h, &r->workspace);
}

/* ---- Launches ------------------------------------------------------------------------------------------------------------------ */

static const region *region_of(const run *r, ops_argument_kind kind, int32_t index) {
    switch (kind) {
    case OPS_INPUT:
        return index == 0 && r->settings->in_place ? &r->output : &r->inputs[index];
    case OPS_OUTPUT:
        return &r->output;
    case OPS_CONSTANT:
        return &r->constants[index];
    case OPS_WORKSPACE:
        return &r->workspace;
    default:
        return NULL;
    }
}

/* A memory operand is two arguments. */
static clade_status bind(const run *r, rt_kernel *kernel, const ops_argument *argument, uint32_t *position) {
    const region *memory = region_of(r, argument->kind, argument->index);
    if (memory) {
        uint64_t offset = (uint64_t)memory->front;
        if (argument->kind == OPS_WORKSPACE) offset += (uint64_t)argument->value.i / sizeof(float);
        FORWARD(rt_kernel_set_memory(kernel, (*position)++, rt_buffer_handle(memory->buffer)));
        return rt_kernel_set_value(kernel, (*position)++, &offset, sizeof offset);
    }
    switch (argument->kind) {
    case OPS_INT: {
        int32_t value = (int32_t)argument->value.i;
        return rt_kernel_set_value(kernel, (*position)++, &value, sizeof value);
    }
    case OPS_FLOAT:
        return rt_kernel_set_value(kernel, (*position)++, &argument->value.f, sizeof argument->value.f);
    case OPS_LONG8:
        return rt_kernel_set_value(kernel, (*position)++, argument->value.longs, sizeof argument->value.longs);
    default:
        return rt_kernel_set_local(kernel, (*position)++, (size_t)argument->value.i);
    }
}

static clade_status launch_kernel(const run *r, const ops_launch *launch, rt_kernel *kernel) {
    size_t local[3] = {launch->local[0], launch->local[1], launch->local[2]};
    if (launch->local_may_shrink)
        while (local[0] > rt_kernel_max_work_group(kernel)) local[0] /= 2;
    uint32_t position = 0;
    for (size_t i = 0; i < launch->argument_count; i++) FORWARD(bind(r, kernel, &launch->arguments[i], &position));
    return rt_enqueue(r->h->queue, kernel, launch->dimensions, launch->global, local);
}

static clade_status run_kernel(const run *r, const ops_launch *launch) {
    rt_program *program = NULL;
    rt_kernel *kernel = NULL;
    clade_status status = rt_program_get(r->h->context, launch->source, launch->options, &program);
    if (status == CLADE_OK) status = rt_kernel_create(program, launch->kernel, &kernel);
    if (status == CLADE_OK) status = launch_kernel(r, launch, kernel);
    clade_status finished = rt_queue_finish(r->h->queue);
    rt_kernel_destroy(&kernel);
    rt_program_release(&program);
    return status != CLADE_OK ? status : finished;
}

static clade_status run_products(const run *r, const ops_launch *launch, const region *own) {
    const region *a = region_of(r, launch->a.kind, launch->a.index), *b = region_of(r, launch->b.kind, launch->b.index),
                 *c = region_of(r, launch->c.kind, launch->c.index);
    for (int64_t i = 0; i < launch->repeat; i++)
        FORWARD(rt_gemm_run(r->h->queue, &launch->gemm, rt_buffer_handle(a->buffer),
                            (uint64_t)(a->front + launch->a.offset + i * launch->a_step), rt_buffer_handle(b->buffer),
                            (uint64_t)(b->front + launch->b.offset + i * launch->b_step), rt_buffer_handle(c->buffer),
                            (uint64_t)(c->front + launch->c.offset + i * launch->c_step), rt_buffer_handle(own->buffer),
                            (uint64_t)own->front * sizeof(float)));
    return rt_queue_finish(r->h->queue);
}

static bool run_gemm(const run *r, const ops_launch *launch) {
    uint64_t bytes = 0;
    region own = {0};
    if (!ok(r->h, rt_gemm_workspace(r->h->context, &launch->gemm, &bytes))) return false;
    region_fill(&own, r->h->device.alignment / sizeof(float), (int64_t)bytes / (int64_t)sizeof(float));
    bool fine = region_upload(r->h, &own) && ok(r->h, run_products(r, launch, &own));
    region_free(&own);
    return fine;
}

/* ---- Looking at the result ------------------------------------------------------------------------------------------------------ */

typedef struct lane_check {
    uint32_t *memory;
    const uint32_t *image; /* what was there before the run */
    int64_t bad;           /* first padding lane that does not hold 0, or -1 */
} lane_check;

static void check_lane(void *user, int64_t place) {
    lane_check *check = user;
    float value;
    memcpy(&value, &check->memory[place], sizeof value);
    if (value != 0.0f && check->bad < 0) check->bad = place;
    check->memory[place] = check->image[place]; /* seen; all the rest must be as it was */
}

/* Takes the output's values out of `memory` and looks at everything else in it. */
static bool collect(run *r, uint32_t *memory, float *output) {
    const harness_layout *layout = &r->layouts.output;
    lane_check lanes = {.memory = memory + r->output.front, .image = r->output.image + r->output.front, .bad = -1};
    for (int64_t i = 0; i < layout->count; i++) {
        uint32_t *place = &lanes.memory[harness_place(layout, i)];
        if (*place == POISON)
            return fault(r->h, "element %lld is not written, or made from memory outside the operands", (long long)i);
        memcpy(&output[i], place, sizeof *place);
    }
    for (int64_t i = 0; i < layout->count; i++)
        lanes.memory[harness_place(layout, i)] = lanes.image[harness_place(layout, i)];
    harness_padding_lanes(layout, check_lane, &lanes);
    if (lanes.bad >= 0) return fault(r->h, "the padding lane at %lld does not hold zero", (long long)lanes.bad);
    for (int64_t i = 0; i < region_size(&r->output); i++)
        if (memory[i] != r->output.image[i])
            return fault(r->h, "memory outside the output is written, %lld elements from its start",
                         (long long)(i - r->output.front));
    return true;
}

static bool read_result(run *r, float *output) {
    uint64_t size = (uint64_t)region_size(&r->output) * sizeof(uint32_t);
    uint32_t *memory = malloc(size);
    bool fine = ok(r->h, rt_read(r->h->queue, r->output.buffer, 0, memory, size)) &&
                ok(r->h, rt_queue_finish(r->h->queue)) && collect(r, memory, output);
    free(memory);
    return fine;
}

static bool execute(run *r, float *output) {
    const harness_run_settings *s = r->settings;
    harness *h = r->h;
    clade_status made = s->candidate ? ops_make(h->env, s->problem, &h->device, s->candidate, &r->recipe)
                                     : ops_select(h->env, s->problem, &h->device, NULL, &r->recipe);
    if (!ok(h, made) || !prepare(r)) return false;
    for (size_t i = 0; i < r->recipe.launch_count; i++) {
        const ops_launch *launch = &r->recipe.launches[i];
        if (launch->is_gemm ? !run_gemm(r, launch) : !ok(h, run_kernel(r, launch))) return false;
    }
    return read_result(r, output);
}

bool harness_run(harness *h, const harness_run_settings *settings, float *output) {
    run *r = calloc(1, sizeof *r);
    r->h = h;
    r->settings = settings;
    r->layouts = harness_layouts_of(settings->problem);
    bool fine = execute(r, output);
    h->error_growth = r->recipe.error_growth;
    for (int32_t i = 0; i < OPS_MAX_INPUTS; i++) region_free(&r->inputs[i]);
    for (int32_t i = 0; i < OPS_MAX_CONSTANTS; i++) region_free(&r->constants[i]);
    region_free(&r->output);
    region_free(&r->workspace);
    free(r);
    return fine;
}

/* ---- Device ---------------------------------------------------------------------------------------------------------------------- */

static void show_message(void *user, clade_log_level level, const char *message) {
    (void)user;
    (void)level;
    fprintf(stderr, "%s\n", message);
}

int harness_open(void **state) {
    harness *h = calloc(1, sizeof *h);
    h->env = base_env_create(NULL, show_message, NULL, CLADE_LOG_WARNING);
    clade_status status = rt_context_open(h->env, getenv("CLADE_DEVICE"), 0, getenv("CLADE_CACHE_DIR"), &h->context);
    if (status == CLADE_OK) status = rt_queue_create(h->context, NULL, &h->queue);
    if (status == CLADE_OK) h->device = *rt_context_device(h->context);
    *state = h;
    return status == CLADE_OK ? 0 : -1;
}

int harness_close(void **state) {
    harness *h = *state;
    rt_queue_destroy(&h->queue);
    rt_context_close(&h->context);
    base_env_destroy(&h->env);
    free(h);
    return 0;
}
