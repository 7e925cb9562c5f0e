/* state.c: what a trainer keeps from step to step, in flat buffers. */
#include "train/train.h"

#include <string.h>

/* ---- Layout ------------------------------------------------------------------------------------------------------------------------ */

clade_status train_layout_add(base_env *env, train_layout *layout, const char *name, const char *suffix,
                              const clade_shape *shape, bool aligned) {
    int64_t elements = 0;
    (void)base_shape_elements(shape, &elements); /* shapes in a graph never overflow */
    const uint64_t end = layout->elements, unit = aligned ? TRAIN_ALIGNMENT : 1;
    train_segment *segment = &layout->segments[layout->count++];
    *segment = (train_segment){.shape = *shape, .offset = (end + unit - 1) / unit * unit, .count = (uint64_t)elements};
    layout->elements = segment->offset + segment->count;
    segment->name = base_format(env, "%s%s", name, suffix);
    return segment->name ? CLADE_OK : base_fail_memory(env, strlen(name), "a parameter's name");
}

void train_layout_free(base_env *env, train_layout *layout) {
    for (size_t i = 0; i < layout->count; i++) base_free(env, layout->segments[i].name);
    base_free(env, layout->segments);
    *layout = (train_layout){0};
}

const train_segment *train_layout_find(const train_layout *layout, const char *name) {
    for (size_t i = 0; i < layout->count; i++)
        if (strcmp(layout->segments[i].name, name) == 0) return &layout->segments[i];
    return NULL;
}

static clade_status allocate(base_env *env, train_layout *layout, size_t count) {
    layout->segments = base_allocate_zero(env, count ? count : 1, sizeof *layout->segments);
    return layout->segments ? CLADE_OK
                            : base_fail_memory(env, count * sizeof *layout->segments, "a trainer's parameters");
}

static void end_layout(train_layout *layout) {
    layout->elements = (uint64_t)base_round_up((int64_t)layout->elements, TRAIN_ALIGNMENT);
}

static clade_status lay_out_parameters(clade_trainer *trainer, const clade_graph *step) {
    const grad_ports *ports = &trainer->ports;
    FORWARD(allocate(trainer->env, &trainer->parameters, ports->parameter_count));
    for (size_t i = 0; i < ports->parameter_count; i++) {
        const graph_tensor *parameter = graph_tensor_of(step, step->inputs[ports->parameter + i]);
        FORWARD(train_layout_add(trainer->env, &trainer->parameters, parameter->name, "", &parameter->shape, true));
    }
    end_layout(&trainer->parameters);
    return CLADE_OK;
}

static clade_status lay_out_statistics(clade_trainer *trainer, const clade_graph *step) {
    const grad_ports *ports = &trainer->ports;
    FORWARD(allocate(trainer->env, &trainer->statistics, 2 * ports->statistics_count));
    for (size_t i = 0; i < ports->statistics_count; i++) {
        const graph_output *output = &step->outputs[ports->statistics + i];
        const clade_shape channels = {1, {graph_shape_of(step, output->tensor)->dims[1]}};
        const size_t length = strlen(output->name) - strlen(GRAD_STATISTICS_SUFFIX);
        char *norm = base_format(trainer->env, "%.*s", (int)length, output->name);
        if (!norm) return base_fail_memory(trainer->env, length, "a parameter's name");
        clade_status status =
            train_layout_add(trainer->env, &trainer->statistics, norm, ".running_mean", &channels, true);
        if (status == CLADE_OK)
            status = train_layout_add(trainer->env, &trainer->statistics, norm, ".running_var", &channels, false);
        base_free(trainer->env, norm);
        FORWARD(status);
    }
    end_layout(&trainer->statistics);
    return CLADE_OK;
}

/* ---- Buffers ----------------------------------------------------------------------------------------------------------------------- */

/* Zeros at first, also between segments, where nothing else ever comes. */
static clade_status make_buffer(clade_trainer *trainer, const train_layout *layout, const char *what,
                                rt_buffer **buffer_out) {
    const uint64_t bytes = (layout->elements ? layout->elements : 1) * sizeof(float);
    FORWARD(rt_buffer_create(trainer->rt, bytes, what, buffer_out));
    return rt_upload_zeros(trainer->rt, *buffer_out, bytes, what);
}

/* The values that a graph has for a layout's segments. */
static clade_status upload(clade_trainer *trainer, const clade_graph *source, const train_layout *layout,
                           rt_buffer *buffer) {
    for (size_t i = 0; i < layout->count; i++) {
        const train_segment *segment = &layout->segments[i];
        float *values = base_allocate_zero(trainer->env, segment->count, sizeof *values);
        if (!values) return base_fail_memory(trainer->env, segment->count * sizeof *values, segment->name);
        clade_status status = clade_graph_get_parameter(source, segment->name, values);
        if (status == CLADE_OK)
            status =
                rt_upload(trainer->rt, buffer, segment->offset * sizeof(float), values, segment->count * sizeof(float));
        base_free(trainer->env, values);
        FORWARD(status);
    }
    return CLADE_OK;
}

/* n / (n - 1) for variances of n numbers, 1 for means. A variance of one number is 0 either way. */
static clade_status upload_factors(clade_trainer *trainer, const clade_graph *step) {
    const train_layout *layout = &trainer->statistics;
    float *factors = base_allocate_zero(trainer->env, layout->elements + 1, sizeof *factors);
    if (!factors)
        return base_fail_memory(trainer->env, layout->elements * sizeof *factors, "the factors of statistics");
    for (size_t i = 0; i < trainer->ports.statistics_count; i++) {
        const graph_node *node = graph_producer(step, step->outputs[trainer->ports.statistics + i].tensor);
        const clade_shape *x = graph_shape_of(step, node->inputs[0]);
        const train_segment *mean = &layout->segments[2 * i], *variance = mean + 1;
        double numbers = (double)x->dims[0];
        for (int32_t d = 2; d < x->rank; d++) numbers *= (double)x->dims[d];
        for (uint64_t k = 0; k < mean->count; k++) {
            factors[mean->offset + k] = 1.0f;
            factors[variance->offset + k] = numbers > 1 ? (float)(numbers / (numbers - 1)) : 1.0f;
        }
    }
    const clade_status status = rt_upload(trainer->rt, trainer->unbiased, 0, factors, layout->elements * sizeof(float));
    base_free(trainer->env, factors);
    return status;
}

static clade_status make_blend(clade_trainer *trainer, const clade_graph *step) {
    rt_program *program = NULL;
    if (trainer->ports.statistics_count == 0) return CLADE_OK;
    FORWARD(make_buffer(trainer, &trainer->statistics, "the running statistics", &trainer->running));
    FORWARD(make_buffer(trainer, &trainer->statistics, "the statistics of a batch", &trainer->batch));
    FORWARD(make_buffer(trainer, &trainer->statistics, "the factors of statistics", &trainer->unbiased));
    FORWARD(upload_factors(trainer, step));
    FORWARD(rt_program_get(trainer->rt, "running.cl", "", &program));
    const clade_status status = rt_kernel_create(program, "running_blend", &trainer->blend);
    rt_program_release(&program);
    FORWARD(status);
    const uint64_t count = trainer->statistics.elements;
    FORWARD(rt_kernel_set_memory(trainer->blend, 0, rt_buffer_handle(trainer->running)));
    FORWARD(rt_kernel_set_memory(trainer->blend, 1, rt_buffer_handle(trainer->batch)));
    FORWARD(rt_kernel_set_memory(trainer->blend, 2, rt_buffer_handle(trainer->unbiased)));
    FORWARD(rt_kernel_set_value(trainer->blend, 3, &trainer->norm_momentum, sizeof trainer->norm_momentum));
    return rt_kernel_set_value(trainer->blend, 4, &count, sizeof count);
}

/* Weights of two and more dimensions decay, others only where all do. */
static clade_status make_optimizer(clade_trainer *trainer, const clade_optimizer_settings *settings) {
    const train_layout *layout = &trainer->parameters;
    train_decaying *decaying = base_allocate_zero(trainer->env, layout->count + 1, sizeof *decaying);
    if (!decaying) return base_fail_memory(trainer->env, layout->count * sizeof *decaying, "an optimiser");
    train_flat flat = {
        .values = trainer->values, .gradients = trainer->gradients, .elements = layout->elements, .decaying = decaying};
    for (size_t i = 0; i < layout->count; i++) {
        const train_segment *segment = &layout->segments[i];
        if (segment->shape.rank > 1 || settings->decay_all)
            decaying[flat.decaying_count++] = (train_decaying){segment->offset, segment->count};
    }
    const clade_status status = train_optimizer_create(trainer->env, trainer->rt, settings, &flat, &trainer->optimizer);
    base_free(trainer->env, decaying);
    return status;
}

clade_status train_state_make(clade_trainer *trainer, const clade_graph *source, const clade_graph *step,
                              const clade_optimizer_settings *optimizer) {
    FORWARD(lay_out_parameters(trainer, step));
    FORWARD(lay_out_statistics(trainer, step));
    FORWARD(make_buffer(trainer, &trainer->parameters, "the parameters", &trainer->values));
    FORWARD(make_buffer(trainer, &trainer->parameters, "the gradients", &trainer->gradients));
    FORWARD(upload(trainer, source, &trainer->parameters, trainer->values));
    FORWARD(make_optimizer(trainer, optimizer));
    FORWARD(make_blend(trainer, step));
    return trainer->running ? upload(trainer, source, &trainer->statistics, trainer->running) : CLADE_OK;
}

void train_state_free(clade_trainer *trainer) {
    train_optimizer_destroy(&trainer->optimizer);
    train_layout_free(trainer->env, &trainer->parameters);
    train_layout_free(trainer->env, &trainer->statistics);
    rt_buffer_destroy(&trainer->values);
    rt_buffer_destroy(&trainer->gradients);
    rt_buffer_destroy(&trainer->running);
    rt_buffer_destroy(&trainer->batch);
    rt_buffer_destroy(&trainer->unbiased);
    rt_kernel_destroy(&trainer->blend);
}

clade_status train_state_blend(clade_trainer *trainer) {
    if (!trainer->blend) return CLADE_OK;
    const size_t group = 1, items = trainer->statistics.elements;
    return rt_enqueue(trainer->session->queue, trainer->blend, 1, &items, &group);
}
