/* speed.c: how fast the device is: measured when somebody tunes, kept as a fact, read when a context is opened.
 *
 * It is not measured unasked. A plan's kernels should follow from device, driver, library and cache, and not from what else the
 * machine did while the first plan was made; and devices that are known have their speed among the shipped facts. */
#include "rt/speed.h"

#include <math.h>
#include <stdio.h>

static const char name[] = "speed";

/* A product is done after 4 to 5 clocks and two start in each: 10 sums would do, and 12 leave some of 16 registers free. Steps are long
 * enough to time, short enough to fit between two interrupts: of several rounds the best counts. */
enum { ROUNDS = 30, COPIES = 8, STEPS = 50000, SUMS = 12, GROUPS_A_UNIT = 8, LAUNCHES = 40 };
/* Streamed: more than the outer caches hold, within reason. */
#define LEAST_STREAM (UINT64_C(64) << 20)
#define MOST_STREAM  (UINT64_C(128) << 20)

/* ---- Kept -------------------------------------------------------------------------------------------------------------- */

static bool is_sound(const rt_speed *speed) {
    const double values[] = {speed->peak, speed->unit_peak, speed->bandwidth, speed->launch};
    bool sound = true;
    for (size_t i = 0; i < BASE_COUNT(values); i++) sound = sound && isfinite(values[i]) && values[i] > 0.0;
    return sound;
}

void rt_speed_recall(rt_context *context) {
    char text[128];
    rt_speed speed;
    if (!rt_fact_read(context, name, text, sizeof text)) return;
    if (sscanf(text, "%lf %lf %lf %lf", &speed.peak, &speed.unit_peak, &speed.bandwidth, &speed.launch) != 4) return;
    if (is_sound(&speed)) context->device.speed = speed;
}

static void keep(rt_context *context, const rt_speed *speed) {
    char text[128];
    snprintf(text, sizeof text, "%.4g %.4g %.4g %.4g", speed->peak, speed->unit_peak, speed->bandwidth, speed->launch);
    rt_facts_write(context, &(rt_fact){.name = name, .text = text}, 1);
}

/* ---- Measured ---------------------------------------------------------------------------------------------------------- */

typedef struct speed_bench {
    rt_context *context;
    rt_queue *queue;
    rt_program *program;
    rt_kernel *peak, *stream, *nothing;
    rt_buffer *in, *out;
    uint64_t bytes; /* of each buffer */
} speed_bench;

static void close_bench(speed_bench *bench) {
    rt_kernel_destroy(&bench->peak);
    rt_kernel_destroy(&bench->stream);
    rt_kernel_destroy(&bench->nothing);
    rt_program_release(&bench->program);
    rt_buffer_destroy(&bench->in);
    rt_buffer_destroy(&bench->out);
    rt_queue_destroy(&bench->queue);
}

/* Of the vectors; there are none of two. */
static uint32_t width_of(const rt_device *device) { return device->float_width < 4 ? 1 : device->float_width; }

static size_t groups_of(const rt_device *device) {
    return (size_t)GROUPS_A_UNIT * (size_t)base_max(device->compute_units, 1);
}

static clade_status get_program(rt_context *context, rt_program **program_out) {
    char options[48];
    snprintf(options, sizeof options, "-D VECTOR=%u -D SUMS=%d", (unsigned)width_of(&context->device), SUMS);
    return rt_program_get(context, "speed.cl", options, program_out);
}

clade_status rt_speed_stream(rt_context *context, rt_kernel **kernel_out) {
    rt_program *program = NULL;
    *kernel_out = NULL;
    FORWARD(get_program(context, &program));
    const clade_status status = rt_kernel_create(program, "speed_stream", kernel_out);
    rt_program_release(&program);
    return status;
}

clade_status rt_speed_copy(rt_queue *queue, rt_kernel *stream, const rt_buffer *from, const rt_buffer *to) {
    const rt_device *device = &queue->context->device;
    const size_t groups = groups_of(device), local = 1;
    const int32_t length = (int32_t)(rt_buffer_size(from) / (groups * width_of(device) * sizeof(float)));
    if (length == 0) return CLADE_OK;
    FORWARD(rt_kernel_set_memory(stream, 0, rt_buffer_handle(from)));
    FORWARD(rt_kernel_set_memory(stream, 1, rt_buffer_handle(to)));
    FORWARD(rt_kernel_set_value(stream, 2, &length, sizeof length));
    return rt_enqueue(queue, stream, 1, &groups, &local);
}

static clade_status open_bench(speed_bench *bench) {
    rt_context *context = bench->context;
    const rt_device *device = &context->device;
    bench->bytes = (uint64_t)base_max((int64_t)LEAST_STREAM, 4 * (int64_t)device->global_cache);
    bench->bytes = (uint64_t)base_min((int64_t)bench->bytes, (int64_t)MOST_STREAM);
    FORWARD(rt_queue_create(context, NULL, &bench->queue));
    FORWARD(get_program(context, &bench->program));
    FORWARD(rt_kernel_create(bench->program, "speed_peak", &bench->peak));
    FORWARD(rt_kernel_create(bench->program, "speed_stream", &bench->stream));
    FORWARD(rt_kernel_create(bench->program, "speed_nothing", &bench->nothing));
    FORWARD(rt_buffer_create(context, bench->bytes, "a measurement", &bench->in));
    FORWARD(rt_buffer_create(context, bench->bytes, "a measurement", &bench->out));
    const int32_t steps = STEPS;
    const float factor = 0.5f;
    FORWARD(rt_kernel_set_memory(bench->peak, 0, rt_buffer_handle(bench->out)));
    FORWARD(rt_kernel_set_value(bench->peak, 1, &steps, sizeof steps));
    FORWARD(rt_kernel_set_value(bench->peak, 2, &factor, sizeof factor));
    return rt_kernel_set_memory(bench->nothing, 0, rt_buffer_handle(bench->out));
}

/* The least of several times from a launch to the end of the wait for it; without a kernel it is a copy. */
static clade_status time_launch(const speed_bench *bench, rt_kernel *kernel, size_t groups, int rounds,
                                double *seconds_out) {
    const size_t global[1] = {groups}, local[1] = {1};
    for (int i = -1; i < rounds; i++) { /* the first compiles, and is not counted */
        const double start = base_seconds();
        if (kernel)
            FORWARD(rt_enqueue(bench->queue, kernel, 1, global, local));
        else
            FORWARD(rt_speed_copy(bench->queue, bench->stream, bench->in, bench->out));
        FORWARD(rt_queue_finish(bench->queue));
        const double seconds = base_seconds() - start;
        if (i <= 0 || seconds < *seconds_out) *seconds_out = seconds;
    }
    return CLADE_OK;
}

static clade_status measure(const speed_bench *bench, rt_speed *speed) {
    const rt_device *device = &bench->context->device;
    const size_t groups = groups_of(device);
    double all = 0.0, one = 0.0, stream = 0.0, nothing = 0.0;
    FORWARD(time_launch(bench, bench->nothing, 1, LAUNCHES, &nothing));
    FORWARD(time_launch(bench, bench->peak, groups, ROUNDS, &all));
    FORWARD(time_launch(bench, bench->peak, 1, ROUNDS, &one));
    FORWARD(time_launch(bench, NULL, 0, COPIES, &stream));
    const double group = 2.0 * SUMS * STEPS * width_of(device);
    speed->launch = nothing;
    speed->peak = (double)groups * group / (all - nothing);
    speed->unit_peak = group / (one - nothing);
    speed->bandwidth = 2.0 * (double)bench->bytes / (stream - nothing);
    return CLADE_OK;
}

clade_status rt_speed_measure(rt_context *context, rt_speed *speed_out) {
    *speed_out = (rt_speed){0};
    if (context->device.type != CLADE_DEVICE_CPU) return CLADE_OK; /* groups of one tell nothing of a GPU */
    speed_bench bench = {.context = context};
    rt_speed speed;
    clade_status status = open_bench(&bench);
    if (status == CLADE_OK) status = measure(&bench, &speed);
    if (status == CLADE_OK && is_sound(&speed)) {
        keep(context, &speed);
        *speed_out = speed;
    }
    close_bench(&bench);
    return status;
}
