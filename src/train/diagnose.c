/* diagnose.c: where a loss that is no finite number began: in the images, in a parameter, or in the first node, in the order of execution,
 * that makes such a number of finite ones. The step is gone forward with once more, every node's result being an output.
 *
 * Only when training has failed: it takes memory for all activations at once. Where that is not to be had, the message says less. */
#include "train/train.h"

#include <math.h>
#include <stdio.h>

typedef struct diagnosis {
    clade_trainer *trainer;
    clade_graph *graph; /* the network in the forms that training takes, with an output a node */
    clade_plan *plan;
    clade_session *session;
    rt_buffer **outputs;
    size_t *nodes; /* that make them */
    size_t output_count;
} diagnosis;

static clade_status find_in_buffer(clade_trainer *trainer, rt_buffer *buffer, uint64_t offset, uint64_t count,
                                   bool *found_out) {
    rt_queue *queue = trainer->session->queue;
    float *values = base_allocate_zero(trainer->env, count + 1, sizeof *values);
    if (!values) return base_fail_memory(trainer->env, count * sizeof *values, "a look at a tensor");
    clade_status status = rt_read(queue, buffer, offset * sizeof(float), values, count * sizeof(float));
    const clade_status finished = rt_queue_finish(queue);
    if (status == CLADE_OK) status = finished;
    *found_out = false;
    for (uint64_t i = 0; status == CLADE_OK && i < count && !*found_out; i++) *found_out = !isfinite(values[i]);
    base_free(trainer->env, values);
    return status;
}

/* ---- What went in ------------------------------------------------------------------------------------------------------------------------ */

static clade_status look_at_inputs(clade_trainer *trainer, char *where, size_t size, bool *found) {
    for (size_t i = 0; i < trainer->ports.inputs && !*found; i++) {
        rt_buffer *buffer = trainer->staging[i];
        FORWARD(find_in_buffer(trainer, buffer, 0, rt_buffer_size(buffer) / sizeof(float), found));
        if (*found) snprintf(where, size, "input \"%s\"", trainer->plan->inputs[i].name);
    }
    for (size_t i = 0; i < trainer->parameters.count && !*found; i++) {
        const train_segment *segment = &trainer->parameters.segments[i];
        FORWARD(find_in_buffer(trainer, trainer->values, segment->offset, segment->count, found));
        if (*found) snprintf(where, size, "parameter \"%s\"", segment->name);
    }
    return CLADE_OK;
}

/* ---- What came of it --------------------------------------------------------------------------------------------------------------------- */

static clade_status make_graph(diagnosis *d) {
    clade_tensor key;
    size_t statistics_count = 0;
    FORWARD(graph_clone(d->trainer->network, &d->graph));
    clade_graph *graph = d->graph;
    FORWARD(clade_graph_input(graph, "key of the step", (clade_shape){1, {4}}, &key));
    clade_tensor *statistics = base_allocate_zero(graph->env, graph->node_count, sizeof *statistics);
    if (!statistics) return base_fail_memory(graph->env, graph->node_count * sizeof *statistics, "a diagnosis");
    clade_status status = grad_make_trainable(graph, key, statistics, &statistics_count);
    base_free(graph->env, statistics);
    FORWARD(status);
    FORWARD(graph_compact(graph));
    while (graph->output_count > 0) base_free(graph->env, graph->outputs[--graph->output_count].name);
    for (size_t i = 0; i < graph->node_count; i++) FORWARD(clade_graph_output(graph, graph->nodes[i].output, NULL));
    return CLADE_OK;
}

/* The trainer's own memory for what goes in, which its ports have in the same order but for the labels. */
static clade_status bind(diagnosis *d) {
    const clade_trainer *trainer = d->trainer;
    const grad_ports *ports = &trainer->ports;
    session_binding *bindings = d->session->bindings;
    for (size_t i = 0; i < ports->inputs; i++)
        bindings[i] = (session_binding){.memory = rt_buffer_handle(trainer->staging[i])};
    bindings[ports->inputs] = (session_binding){.memory = rt_buffer_handle(trainer->staging[ports->key])};
    for (size_t i = ports->inputs + 1; i < d->plan->input_count; i++) {
        const train_segment *segment = train_layout_find(&trainer->parameters, d->plan->inputs[i].name);
        if (!segment) return CLADE_ERROR_INTERNAL;
        bindings[i] = (session_binding){.memory = rt_buffer_handle(trainer->values), .offset = segment->offset};
    }
    d->outputs = base_allocate_zero(trainer->env, d->plan->output_count, sizeof *d->outputs);
    if (!d->outputs) return base_fail_memory(trainer->env, d->plan->output_count * sizeof *d->outputs, "a diagnosis");
    for (; d->output_count < d->plan->output_count; d->output_count++) {
        const plan_port *port = &d->plan->outputs[d->output_count];
        FORWARD(rt_buffer_create(trainer->rt, port->bytes, port->name, &d->outputs[d->output_count]));
        bindings[d->plan->input_count + d->output_count] =
            (session_binding){.memory = rt_buffer_handle(d->outputs[d->output_count])};
    }
    return CLADE_OK;
}

static clade_status run(diagnosis *d) {
    const clade_plan_settings settings = {.disabled_passes = CLADE_PASS_FOLD | CLADE_PASS_FUSE | CLADE_PASS_COMMUTE |
                                                             CLADE_PASS_ALIGN | CLADE_PASS_MERGE | CLADE_PASS_NETWORK};
    FORWARD(make_graph(d));
    FORWARD(plan_create_untried(d->graph, &settings, &d->plan));
    FORWARD(session_create(d->plan, (session_settings){0}, &d->session));
    FORWARD(bind(d));
    FORWARD(session_enqueue(d->session));
    return rt_queue_finish(d->session->queue);
}

static clade_status look_at_nodes(clade_trainer *trainer, char *where, size_t size, bool *found) {
    diagnosis d = {.trainer = trainer};
    clade_status status = run(&d);
    for (size_t i = 0; status == CLADE_OK && i < d.output_count && !*found; i++) {
        const graph_node *node = &d.graph->nodes[i];
        status = find_in_buffer(trainer, d.outputs[i], 0, rt_buffer_size(d.outputs[i]) / sizeof(float), found);
        if (*found) snprintf(where, size, "the result of \"%s\"", node->name);
    }
    clade_session_destroy(&d.session);
    for (size_t i = 0; i < d.output_count; i++) rt_buffer_destroy(&d.outputs[i]);
    base_free(trainer->env, d.outputs);
    clade_plan_destroy(&d.plan);
    clade_graph_destroy(&d.graph);
    return status;
}

clade_status train_diagnose(clade_trainer *trainer, double loss) {
    char where[256] = "the losses";
    bool found = false;
    base_hush(trainer->env);
    clade_status status = look_at_inputs(trainer, where, sizeof where, &found);
    if (status == CLADE_OK && !found) status = look_at_nodes(trainer, where, sizeof where, &found);
    base_speak(trainer->env, CLADE_OK);
    const unsigned long long step = (unsigned long long)trainer->steps;
    if (status != CLADE_OK)
        return base_fail(trainer->env, CLADE_ERROR_NUMERIC, "failed to train: the loss of step %llu is %g", step, loss);
    return base_fail(trainer->env, CLADE_ERROR_NUMERIC,
                     "failed to train: the loss of step %llu is %g; the first numbers that are not finite are in %s",
                     step, loss, where);
}
