/* trainer.c: making a trainer, and what it can say about itself. */
#include "train/train.h"

#include <string.h>

/* Of auxiliary classifiers, as in the paper that brought them (Szegedy et al., arXiv:1409.4842). */
#define AUXILIARY_WEIGHT 0.3f

clade_trainer_settings clade_trainer_defaults(void) {
    return (clade_trainer_settings){.batch = 32, .norm_momentum = 0.1f};
}

/* ---- Settings ---------------------------------------------------------------------------------------------------------------------- */

static clade_status check_settings(base_env *env, const clade_trainer_settings *s) {
    if (!graph_reserved_clear(s->reserved, BASE_COUNT(s->reserved)))
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to create a trainer: reserved settings must be zero");
    if (s->batch < 0 || s->batch > INT32_MAX)
        return base_fail(env, CLADE_ERROR_SHAPE, "failed to create a trainer for a batch of %lld: it must be 1 to %d",
                         (long long)s->batch, INT32_MAX);
    if (!(s->label_smoothing >= 0 && s->label_smoothing < 1) || !(s->norm_momentum >= 0 && s->norm_momentum <= 1))
        return base_fail(
            env, CLADE_ERROR_INVALID_ARGUMENT,
            "failed to create a trainer with label smoothing %g and a norm momentum of %g: the former must be at "
            "least 0 and below 1, the latter from 0 to 1",
            (double)s->label_smoothing, (double)s->norm_momentum);
    if ((s->losses == NULL) != (s->loss_count == 0))
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to create a trainer: losses is %s and loss_count is %zu", s->losses ? "set" : "NULL",
                         s->loss_count);
    return CLADE_OK;
}

static clade_status find_output(const clade_graph *graph, const clade_loss *loss, size_t *output_out) {
    size_t i = 0;
    while (loss->output && i < graph->output_count && strcmp(graph->outputs[i].name, loss->output) != 0) i++;
    *output_out = i;
    if (i < graph->output_count) return CLADE_OK;
    return base_fail(graph->env, CLADE_ERROR_NOT_FOUND, "failed to train output \"%s\": the graph has no such output",
                     loss->output ? loss->output : "");
}

/* The losses asked for, or those of the defaults; the caller's to free. */
static clade_status choose_losses(const clade_graph *graph, const clade_trainer_settings *s, grad_loss **losses_out,
                                  size_t *count_out) {
    const size_t count = s->losses ? s->loss_count : graph->output_count;
    grad_loss *losses = base_allocate_zero(graph->env, count ? count : 1, sizeof *losses);
    if (!losses) return base_fail_memory(graph->env, count * sizeof *losses, "a trainer's losses");
    clade_status status = CLADE_OK;
    for (size_t i = 0; status == CLADE_OK && i < count; i++) {
        losses[i] = (grad_loss){.output = i, .weight = i == 0 ? 1 : AUXILIARY_WEIGHT};
        if (!s->losses) continue;
        status = find_output(graph, &s->losses[i], &losses[i].output);
        losses[i].weight = s->losses[i].weight != 0 ? s->losses[i].weight : 1;
    }
    if (status != CLADE_OK) base_free(graph->env, losses);
    *losses_out = status == CLADE_OK ? losses : NULL;
    *count_out = count;
    return status;
}

/* ---- Creation ---------------------------------------------------------------------------------------------------------------------- */

/* A clone of the caller's graph as one step of its training. */
static clade_status make_step_graph(clade_trainer *trainer, const clade_graph *graph, const clade_trainer_settings *s,
                                    const grad_loss *losses, clade_graph **step_out) {
    const grad_settings settings = {
        .losses = losses, .loss_count = trainer->loss_count, .smoothing = s->label_smoothing};
    FORWARD(graph_clone(graph, step_out));
    FORWARD(graph_set_batch(*step_out, s->batch ? s->batch : clade_trainer_defaults().batch));
    FORWARD(grad_keep_losses(*step_out, &settings));
    FORWARD(graph_clone(*step_out, &trainer->network));
    graph_drop_values(trainer->network);
    return grad_build(*step_out, &settings, &trainer->ports);
}

static clade_status compile(clade_trainer *trainer, const clade_graph *step, const clade_trainer_settings *s) {
    /* those that work on the values of parameters, which are not known before the step runs; and the network in one launch, which takes
     * a pointer for each port */
    const uint32_t unfit =
        CLADE_PASS_FOLD | CLADE_PASS_COMMUTE | CLADE_PASS_ALIGN | CLADE_PASS_MERGE | CLADE_PASS_NETWORK;
    const clade_plan_settings settings = {.memory_limit = s->memory_limit,
                                          .disabled_passes = s->disabled_passes | unfit,
                                          .channel_block = s->channel_block,
                                          .kernels = s->kernels};
    FORWARD(plan_create_untried(step, &settings, &trainer->plan));
    return session_create(trainer->plan, (session_settings){0}, &trainer->session);
}

/* The launches of all that makes losses, outputs and statistics. */
static void find_forward(clade_trainer *trainer) {
    const clade_graph *compiled = trainer->plan->graph;
    const grad_ports *ports = &trainer->ports;
    int32_t last = 0;
    for (size_t i = 0; i < compiled->output_count; i++) {
        const bool is_gradient = i >= ports->gradient && i < ports->gradient + ports->parameter_count;
        const int32_t producer = graph_tensor_of(compiled, compiled->outputs[i].tensor)->producer;
        if (!is_gradient && producer > last) last = producer;
    }
    const clade_session *session = trainer->session;
    while (trainer->forward_launches < session->launch_count &&
           session->launches[trainer->forward_launches].step->node <= (size_t)last)
        trainer->forward_launches++;
}

static void bind(clade_trainer *trainer, size_t port, const rt_buffer *buffer, uint64_t offset) {
    trainer->session->bindings[port] = (session_binding){.memory = rt_buffer_handle(buffer), .offset = offset};
}

static clade_status bind_staging(clade_trainer *trainer, size_t port, const plan_port *info) {
    FORWARD(rt_buffer_create(trainer->rt, info->bytes, info->name, &trainer->staging[port]));
    bind(trainer, port, trainer->staging[port], 0);
    return CLADE_OK;
}

static clade_status bind_ports(clade_trainer *trainer) {
    const clade_plan *plan = trainer->plan;
    const grad_ports *ports = &trainer->ports;
    trainer->staging = base_allocate_zero(trainer->env, plan->input_count + plan->output_count, sizeof(rt_buffer *));
    if (!trainer->staging) return base_fail_memory(trainer->env, sizeof(rt_buffer *), "a trainer's buffers");
    for (size_t i = 0; i < plan->input_count; i++) {
        if (i < ports->parameter)
            FORWARD(bind_staging(trainer, i, &plan->inputs[i]));
        else
            bind(trainer, i, trainer->values, trainer->parameters.segments[i - ports->parameter].offset);
    }
    for (size_t i = 0; i < plan->output_count; i++) {
        const size_t port = plan->input_count + i;
        if (i < ports->gradient)
            FORWARD(bind_staging(trainer, port, &plan->outputs[i]));
        else if (i < ports->statistics)
            bind(trainer, port, trainer->gradients, trainer->parameters.segments[i - ports->gradient].offset);
        else
            bind(trainer, port, trainer->batch, trainer->statistics.segments[2 * (i - ports->statistics)].offset);
    }
    return CLADE_OK;
}

static clade_status make_host_arrays(clade_trainer *trainer, const clade_graph *step) {
    const clade_shape *logits = graph_shape_of(step, step->outputs[0].tensor);
    trainer->images = logits->dims[0];
    trainer->classes = logits->dims[1];
    const size_t rows = (size_t)trainer->images;
    trainer->labels = base_allocate_zero(trainer->env, rows, sizeof(float));
    trainer->losses = base_allocate_zero(trainer->env, rows * trainer->loss_count, sizeof(float));
    trainer->logits = base_allocate_zero(trainer->env, rows * (size_t)trainer->classes, sizeof(float));
    if (trainer->labels && trainer->losses && trainer->logits) return CLADE_OK;
    return base_fail_memory(trainer->env, rows * (size_t)trainer->classes * sizeof(float), "a trainer's results");
}

static clade_status fill_trainer(clade_trainer *trainer, const clade_graph *graph, const clade_trainer_settings *s) {
    grad_loss *losses = NULL;
    clade_graph *step = NULL;
    FORWARD(choose_losses(graph, s, &losses, &trainer->loss_count));
    trainer->loss_weights = base_allocate_zero(trainer->env, trainer->loss_count + 1, sizeof(float));
    clade_status status =
        trainer->loss_weights ? CLADE_OK : base_fail_memory(trainer->env, sizeof(float), "a trainer's losses");
    for (size_t i = 0; status == CLADE_OK && i < trainer->loss_count; i++) trainer->loss_weights[i] = losses[i].weight;
    if (status == CLADE_OK) status = make_step_graph(trainer, graph, s, losses, &step);
    if (status == CLADE_OK) status = make_host_arrays(trainer, step);
    if (status == CLADE_OK) status = compile(trainer, step, s);
    if (status == CLADE_OK) status = train_state_make(trainer, graph, step, &s->optimizer);
    if (status == CLADE_OK) status = bind_ports(trainer);
    if (status == CLADE_OK) find_forward(trainer);
    base_free(trainer->env, losses);
    clade_graph_destroy(&step);
    return status;
}

clade_status clade_trainer_create(const clade_graph *graph, const clade_trainer_settings *settings,
                                  clade_trainer **trainer_out) {
    if (trainer_out) *trainer_out = NULL;
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    base_env *env = graph->env;
    const clade_trainer_settings defaults = clade_trainer_defaults(), *s = settings ? settings : &defaults;
    if (!trainer_out)
        return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to create a trainer: trainer_out is NULL");
    FORWARD(check_settings(env, s));
    if (!context_rt(graph->context))
        return base_fail(env, CLADE_ERROR_NO_DEVICE,
                         "failed to create a trainer: the graph's context was made for no device (\"none\")");
    clade_trainer *trainer = base_allocate_zero(env, 1, sizeof *trainer);
    if (!trainer) return base_fail_memory(env, sizeof *trainer, "a trainer");
    trainer->env = env;
    trainer->context = context_hold(graph->context);
    trainer->rt = context_rt(graph->context);
    trainer->seed = s->seed;
    trainer->norm_momentum = s->norm_momentum != 0 ? s->norm_momentum : defaults.norm_momentum;
    const clade_status status = fill_trainer(trainer, graph, s);
    if (status != CLADE_OK) clade_trainer_destroy(&trainer);
    *trainer_out = trainer;
    return status;
}

void clade_trainer_destroy(clade_trainer **trainer) {
    if (!trainer || !*trainer) return;
    clade_trainer *gone = *trainer;
    *trainer = NULL;
    base_env *env = gone->env;
    const size_t ports = gone->plan ? gone->plan->input_count + gone->plan->output_count : 0;
    clade_session_destroy(&gone->session); /* waits for what is on its queue */
    for (size_t i = 0; gone->staging && i < ports; i++) rt_buffer_destroy(&gone->staging[i]);
    train_state_free(gone);
    clade_plan_destroy(&gone->plan);
    clade_graph_destroy(&gone->network);
    base_free(env, gone->staging);
    base_free(env, gone->loss_weights);
    base_free(env, gone->labels);
    base_free(env, gone->losses);
    base_free(env, gone->logits);
    clade_context *context = gone->context;
    base_free(env, gone);
    context_release(context);
}

/* ---- Looking at a trainer -------------------------------------------------------------------------------------------------------------- */

uint64_t clade_trainer_steps(const clade_trainer *trainer) { return trainer ? trainer->steps : 0; }

const clade_plan *clade_trainer_plan(const clade_trainer *trainer) { return trainer ? trainer->plan : NULL; }

clade_status clade_trainer_memory_use(const clade_trainer *trainer, clade_trainer_memory *memory_out) {
    RETURN_IF(!trainer, CLADE_ERROR_INVALID_ARGUMENT);
    if (!memory_out)
        return base_fail(trainer->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to describe a trainer: memory_out is NULL");
    *memory_out =
        (clade_trainer_memory){.parameters = 2 * rt_buffer_size(trainer->values), .arena = trainer->plan->memory.arena};
    const char *name;
    for (size_t i = 0; train_optimizer_state(trainer->optimizer, i, &name); i++)
        memory_out->parameters += rt_buffer_size(train_optimizer_state(trainer->optimizer, i, &name));
    if (trainer->running) memory_out->parameters += 3 * rt_buffer_size(trainer->running);
    for (size_t i = 0; i < trainer->plan->input_count + trainer->plan->output_count; i++)
        if (trainer->staging[i]) memory_out->batch += rt_buffer_size(trainer->staging[i]);
    return CLADE_OK;
}
