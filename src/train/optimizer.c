#include "train/optimizer.h"

#include "ops/ops.h"

#include <math.h>
#include <stdio.h>

/* Parts of the sum of all squares, and the least vectors of one. */
enum { MOST_PARTS = 1024, LEAST_PART = 256 };

/* Elements that are worth a work-item on a CPU, and how many items a compute unit gets at most: enough to share out evenly. */
enum { LEAST_RUN = 4096, ITEMS_A_UNIT = 16 };

/* Work-items of a group on other devices. */
enum { GROUP = 64 };

enum { OPTIONS_SIZE = 256 };

struct train_optimizer {
    base_env *env;
    clade_optimizer_settings settings; /* defaults filled in */
    bool has_momentum, has_squares;
    uint32_t vector; /* floats */
    uint64_t elements;
    rt_buffer *first, *second, *average; /* NULL where there is none */
    rt_buffer *decays, *partial, *scale;
    rt_program *program;
    rt_kernel *update, *squares, *scaling; /* the last two only where gradients are clipped by their norm */
    size_t items;                          /* of `update` */
    int32_t run, parts;
};

/* ---- Settings ------------------------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"sgd", "momentum", "nesterov", "rmsprop", "rmsprop-tensorflow", "adam", "adamw"};

const char *clade_optimizer_name(clade_optimizer_kind kind) {
    return (size_t)kind < BASE_COUNT(names) ? names[kind] : NULL;
}

static bool has_momentum(const clade_optimizer_settings *settings) {
    return settings->kind != CLADE_OPTIMIZER_SGD &&
           (settings->kind != CLADE_OPTIMIZER_RMSPROP || settings->momentum > 0.0f);
}

static bool has_squares(clade_optimizer_kind kind) { return kind >= CLADE_OPTIMIZER_RMSPROP; }

static void fill_in_defaults(clade_optimizer_settings *s) {
    const bool tensorflow = s->kind == CLADE_OPTIMIZER_RMSPROP_TENSORFLOW, rmsprop = s->kind == CLADE_OPTIMIZER_RMSPROP;
    if (s->momentum == 0.0f && s->kind != CLADE_OPTIMIZER_SGD && !rmsprop) s->momentum = 0.9f;
    if (!has_squares(s->kind)) return;
    if (s->square_decay == 0.0f) s->square_decay = tensorflow ? 0.9f : rmsprop ? 0.99f : 0.999f;
    if (s->epsilon == 0.0f) s->epsilon = tensorflow ? 1.0f : 1e-8f;
}

clade_optimizer_settings clade_optimizer_defaults(clade_optimizer_kind kind) {
    clade_optimizer_settings settings = {.kind = kind};
    fill_in_defaults(&settings);
    return settings;
}

static clade_status check_settings(base_env *env, const clade_optimizer_settings *s) {
    const struct {
        const char *name;
        float value, end; /* from 0 to below `end` */
    } ranges[] = {
        {"momentum", s->momentum, 1.0f},         {"square_decay", s->square_decay, 1.0f},
        {"epsilon", s->epsilon, INFINITY},       {"weight_decay", s->weight_decay, INFINITY},
        {"clip_value", s->clip_value, INFINITY}, {"clip_norm", s->clip_norm, INFINITY},
        {"average", s->average, 1.0f},
    };
    if (!clade_optimizer_name(s->kind))
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to make an optimiser: there is no kind %d",
                         (int)s->kind);
    for (size_t i = 0; i < BASE_COUNT(s->reserved); i++)
        if (s->reserved[i])
            return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to make an optimiser: reserved word %zu is not zero", i);
    for (size_t i = 0; i < BASE_COUNT(ranges); i++)
        if (!(ranges[i].value >= 0.0f && ranges[i].value < ranges[i].end))
            return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to make an optimiser with %s %g: it must be at least 0 and below %g",
                             ranges[i].name, (double)ranges[i].value, (double)ranges[i].end);
    return CLADE_OK;
}

/* ---- Buffers -------------------------------------------------------------------------------------------------------------------- */

static clade_status make_state(train_optimizer *optimizer, rt_context *rt, const char *what, rt_buffer **buffer_out) {
    const uint64_t bytes = optimizer->elements * sizeof(float);
    FORWARD(rt_buffer_create(rt, bytes, what, buffer_out));
    return rt_upload_zeros(rt, *buffer_out, bytes, what);
}

/* A number for each unit: the weight decay, or 0. */
static clade_status make_decays(train_optimizer *optimizer, rt_context *rt, const train_flat *flat) {
    const uint64_t units = optimizer->elements / TRAIN_OPTIMIZER_UNIT, bytes = units * sizeof(float);
    float *decays = base_allocate_zero(optimizer->env, units, sizeof *decays);
    if (!decays) return base_fail_memory(optimizer->env, bytes, "weight decay");
    for (size_t i = 0; i < flat->decaying_count; i++) {
        const train_decaying *part = &flat->decaying[i];
        const uint64_t end = (part->offset + part->count + TRAIN_OPTIMIZER_UNIT - 1) / TRAIN_OPTIMIZER_UNIT;
        for (uint64_t unit = part->offset / TRAIN_OPTIMIZER_UNIT; unit < end; unit++)
            decays[unit] = optimizer->settings.weight_decay;
    }
    clade_status status = rt_buffer_create(rt, bytes, "weight decay", &optimizer->decays);
    if (status == CLADE_OK) status = rt_upload(rt, optimizer->decays, 0, decays, bytes);
    base_free(optimizer->env, decays);
    return status;
}

static clade_status make_buffers(train_optimizer *optimizer, rt_context *rt, const train_flat *flat) {
    if (optimizer->has_momentum) FORWARD(make_state(optimizer, rt, "an optimiser's momentum", &optimizer->first));
    if (optimizer->has_squares) FORWARD(make_state(optimizer, rt, "an optimiser's squares", &optimizer->second));
    if (optimizer->settings.average > 0.0f)
        FORWARD(make_state(optimizer, rt, "the moving average of parameters", &optimizer->average));
    if (optimizer->settings.weight_decay > 0.0f) FORWARD(make_decays(optimizer, rt, flat));
    if (optimizer->settings.clip_norm == 0.0f) return CLADE_OK;
    FORWARD(rt_buffer_create(rt, MOST_PARTS * sizeof(float), "the sums of squares", &optimizer->partial));
    return rt_buffer_create(rt, sizeof(float), "the scale of gradients", &optimizer->scale);
}

/* ---- Kernels -------------------------------------------------------------------------------------------------------------------- */

static clade_status make_program(train_optimizer *optimizer, rt_context *rt) {
    const clade_optimizer_settings *s = &optimizer->settings;
    char options[OPTIONS_SIZE];
    snprintf(options, sizeof options,
             "-D KIND=%d -D HAS_MOMENTUM=%d -D HAS_DECAY=%d -D HAS_AVERAGE=%d -D CLIPS_VALUES=%d -D CLIPS_NORM=%d -D "
             "VECTOR=%u",
             (int)s->kind, optimizer->has_momentum, s->weight_decay > 0.0f, s->average > 0.0f, s->clip_value > 0.0f,
             s->clip_norm > 0.0f, optimizer->vector);
    return rt_program_get(rt, "update.cl", options, &optimizer->program);
}

/* A buffer, or the values where there is none: something must be bound. */
static clade_status set_buffer(rt_kernel *kernel, uint32_t index, const rt_buffer *buffer, const train_flat *flat) {
    return rt_kernel_set_memory(kernel, index, rt_buffer_handle(buffer ? buffer : flat->values));
}

static clade_status set_int(rt_kernel *kernel, uint32_t index, int64_t value) {
    const int32_t number = (int32_t)value;
    return rt_kernel_set_value(kernel, index, &number, sizeof number);
}

static clade_status set_float(rt_kernel *kernel, uint32_t index, double value) {
    const float number = (float)value;
    return rt_kernel_set_value(kernel, index, &number, sizeof number);
}

/* Arguments of `update` that change from step to step; those before are buffers and sizes, those behind settings. */
enum {
    ARGUMENT_IS_FIRST = 9,
    ARGUMENT_RATE,
    ARGUMENT_PLAIN_RATE,
    ARGUMENT_MOMENTUM,
    ARGUMENT_SQUARE_DECAY,
    ARGUMENT_SQUARE_SCALE,
    ARGUMENT_EPSILON,
    ARGUMENT_LIMIT,
    ARGUMENT_AVERAGE_DECAY
};

static clade_status make_update(train_optimizer *optimizer, const rt_device *device, const train_flat *flat) {
    const clade_optimizer_settings *s = &optimizer->settings;
    const rt_buffer *buffers[] = {flat->values,       flat->gradients,   optimizer->first, optimizer->second,
                                  optimizer->average, optimizer->decays, optimizer->scale};
    const int64_t elements = (int64_t)optimizer->elements, items = ITEMS_A_UNIT * (int64_t)device->compute_units;
    const int64_t share = base_max(LEAST_RUN, base_round_up(base_divide_up(elements, items), TRAIN_OPTIMIZER_UNIT));
    optimizer->run = optimizer->vector > 1 ? (int32_t)base_min(share, elements) : 1;
    optimizer->items = (size_t)base_divide_up(elements, optimizer->run);
    FORWARD(rt_kernel_create(optimizer->program, "update", &optimizer->update));
    for (uint32_t i = 0; i < BASE_COUNT(buffers); i++) FORWARD(set_buffer(optimizer->update, i, buffers[i], flat));
    FORWARD(set_int(optimizer->update, 7, elements));
    FORWARD(set_int(optimizer->update, 8, optimizer->run));
    FORWARD(set_float(optimizer->update, ARGUMENT_MOMENTUM, (double)s->momentum));
    FORWARD(set_float(optimizer->update, ARGUMENT_SQUARE_DECAY, (double)s->square_decay));
    FORWARD(set_float(optimizer->update, ARGUMENT_EPSILON, (double)s->epsilon));
    FORWARD(set_float(optimizer->update, ARGUMENT_LIMIT, (double)s->clip_value));
    return set_float(optimizer->update, ARGUMENT_AVERAGE_DECAY, (double)s->average);
}

/* On CPUs a part is a run, elsewhere the parts take turns, so that neighbouring items read neighbouring elements. */
static clade_status make_clipping(train_optimizer *optimizer, const train_flat *flat) {
    const int64_t vector = optimizer->vector, vectors = (int64_t)optimizer->elements / vector;
    const int64_t count = base_max(LEAST_PART, base_divide_up(vectors, MOST_PARTS));
    const int64_t parts = base_divide_up(vectors, count);
    if (optimizer->settings.clip_norm == 0.0f) return CLADE_OK;
    optimizer->parts = (int32_t)parts;
    FORWARD(rt_kernel_create(optimizer->program, "update_squares", &optimizer->squares));
    FORWARD(set_buffer(optimizer->squares, 0, flat->gradients, flat));
    FORWARD(set_buffer(optimizer->squares, 1, optimizer->partial, flat));
    FORWARD(set_int(optimizer->squares, 2, parts));
    FORWARD(set_int(optimizer->squares, 3, vector > 1 ? count * vector : 1));
    FORWARD(set_int(optimizer->squares, 4, vector > 1 ? vector : parts));
    FORWARD(set_int(optimizer->squares, 5, count));
    FORWARD(set_int(optimizer->squares, 6, (int64_t)optimizer->elements));
    FORWARD(set_float(optimizer->squares, 7, (double)optimizer->settings.clip_value));
    FORWARD(rt_kernel_create(optimizer->program, "update_scale", &optimizer->scaling));
    FORWARD(set_buffer(optimizer->scaling, 0, optimizer->partial, flat));
    FORWARD(set_buffer(optimizer->scaling, 1, optimizer->scale, flat));
    FORWARD(set_int(optimizer->scaling, 2, parts));
    return set_float(optimizer->scaling, 3, (double)optimizer->settings.clip_norm);
}

/* ---- Making and destroying ------------------------------------------------------------------------------------------------------ */

static clade_status check_flat(base_env *env, const train_flat *flat) {
    const uint64_t bytes = flat->elements * sizeof(float);
    if (flat->elements == 0 || flat->elements > INT32_MAX || flat->elements % TRAIN_OPTIMIZER_UNIT != 0)
        return base_fail(
            env, CLADE_ERROR_UNSUPPORTED,
            "failed to make an optimiser for %llu parameters: they must be a multiple of %d, at most 2^31 - 1",
            (unsigned long long)flat->elements, TRAIN_OPTIMIZER_UNIT);
    if (rt_buffer_size(flat->values) < bytes || rt_buffer_size(flat->gradients) < bytes)
        return base_fail(env, CLADE_ERROR_INTERNAL,
                         "failed to make an optimiser for %llu parameters: their buffers are smaller than that",
                         (unsigned long long)flat->elements);
    return CLADE_OK;
}

static clade_status make(train_optimizer *optimizer, rt_context *rt, const train_flat *flat) {
    const rt_device *device = rt_context_device(rt);
    optimizer->vector = ops_suits_vectors(device) ? device->float_width : 1;
    FORWARD(make_buffers(optimizer, rt, flat));
    FORWARD(make_program(optimizer, rt));
    FORWARD(make_update(optimizer, device, flat));
    return make_clipping(optimizer, flat);
}

clade_status train_optimizer_create(base_env *env, rt_context *rt, const clade_optimizer_settings *settings,
                                    const train_flat *flat, train_optimizer **optimizer_out) {
    *optimizer_out = NULL;
    FORWARD(check_settings(env, settings));
    FORWARD(check_flat(env, flat));
    train_optimizer *optimizer = base_allocate_zero(env, 1, sizeof *optimizer);
    if (!optimizer) return base_fail_memory(env, sizeof *optimizer, "an optimiser");
    optimizer->env = env;
    optimizer->settings = *settings;
    optimizer->elements = flat->elements;
    optimizer->has_momentum = has_momentum(settings);
    optimizer->has_squares = has_squares(settings->kind);
    fill_in_defaults(&optimizer->settings);
    const clade_status status = make(optimizer, rt, flat);
    if (status != CLADE_OK)
        train_optimizer_destroy(&optimizer);
    else
        *optimizer_out = optimizer;
    return status;
}

void train_optimizer_destroy(train_optimizer **optimizer) {
    train_optimizer *gone = *optimizer;
    *optimizer = NULL;
    if (!gone) return;
    rt_kernel_destroy(&gone->update);
    rt_kernel_destroy(&gone->squares);
    rt_kernel_destroy(&gone->scaling);
    rt_program_release(&gone->program);
    rt_buffer_destroy(&gone->first);
    rt_buffer_destroy(&gone->second);
    rt_buffer_destroy(&gone->average);
    rt_buffer_destroy(&gone->decays);
    rt_buffer_destroy(&gone->partial);
    rt_buffer_destroy(&gone->scale);
    base_free(gone->env, gone);
}

/* ---- A step --------------------------------------------------------------------------------------------------------------------- */

static clade_status enqueue(const train_optimizer *optimizer, rt_queue *queue, rt_kernel *kernel, size_t items) {
    const size_t most = (size_t)base_min(GROUP, (int64_t)rt_kernel_max_work_group(kernel));
    const size_t group = optimizer->vector > 1 ? 1 : most, global = (items + group - 1) / group * group;
    return rt_enqueue(queue, kernel, 1, &global, &group);
}

clade_status train_optimizer_update(train_optimizer *optimizer, rt_queue *queue, float learning_rate, uint64_t step) {
    const clade_optimizer_settings *s = &optimizer->settings;
    const bool corrects = s->kind == CLADE_OPTIMIZER_ADAM || s->kind == CLADE_OPTIMIZER_ADAMW;
    const double count = (double)step + 1, rate = (double)learning_rate;
    const double first = corrects ? 1 - pow((double)s->momentum, count) : 1;
    const double second = corrects ? 1 - pow((double)s->square_decay, count) : 1;
    if (optimizer->squares) {
        FORWARD(enqueue(optimizer, queue, optimizer->squares, (size_t)optimizer->parts));
        FORWARD(enqueue(optimizer, queue, optimizer->scaling, 1));
    }
    FORWARD(set_int(optimizer->update, ARGUMENT_IS_FIRST, step == 0));
    FORWARD(set_float(optimizer->update, ARGUMENT_RATE, rate / first));
    FORWARD(set_float(optimizer->update, ARGUMENT_PLAIN_RATE, rate));
    FORWARD(set_float(optimizer->update, ARGUMENT_SQUARE_SCALE, 1 / sqrt(second)));
    return enqueue(optimizer, queue, optimizer->update, optimizer->items);
}

rt_buffer *train_optimizer_average(const train_optimizer *optimizer) { return optimizer->average; }

rt_buffer *train_optimizer_state(const train_optimizer *optimizer, size_t index, const char **name_out) {
    const struct {
        rt_buffer *buffer;
        const char *name;
    } all[] = {{optimizer->first, "momentum"}, {optimizer->second, "squares"}, {optimizer->average, "average"}};
    for (size_t i = 0; i < BASE_COUNT(all); i++) {
        if (!all[i].buffer || index-- > 0) continue;
        *name_out = all[i].name;
        return all[i].buffer;
    }
    return NULL;
}
