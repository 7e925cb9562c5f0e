/* build.c: a network becomes a step of its training: trainable forms, losses, gradients, ports. */
#include "grad/grad.h"

#include <string.h>

/* ---- Trainable forms ------------------------------------------------------------------------------------------------------------- */

/* A parameter that is an operand: an input of the graph, under its name. */
static clade_status make_input(clade_graph *graph, clade_tensor parameter) {
    if (!base_grow(graph->env, &graph->inputs, sizeof *graph->inputs, graph->input_count, &graph->input_capacity))
        return base_fail_memory(graph->env, 2 * graph->input_capacity * sizeof *graph->inputs, "a graph's inputs");
    graph_tensor *tensor = graph_tensor_of(graph, parameter);
    tensor->kind = CLADE_TENSOR_INPUT;
    graph_value_release(graph->env, &tensor->value);
    graph->inputs[graph->input_count++] = parameter;
    return CLADE_OK;
}

/* batch_norm(x) becomes norm_apply(x, norm_statistics(x)), which keeps its name, weight and bias. */
static clade_status train_batch_norm(clade_graph *graph, size_t index, clade_tensor *statistics_out) {
    const graph_node norm = graph->nodes[index];
    const clade_tensor x = norm.inputs[0];
    char *name = base_format(graph->env, "%s" GRAD_STATISTICS_SUFFIX, norm.name);
    if (!name) return base_fail_memory(graph->env, strlen(norm.name), "the name of statistics");
    const graph_new_node statistics = {.op = GRAPH_OP_norm_statistics, .name = name, .inputs = &x, .input_count = 1};
    const clade_status status = graph_add(graph, &statistics, statistics_out);
    base_free(graph->env, name);
    FORWARD(status);
    graph_node *node = &graph->nodes[index];
    node->op = GRAPH_OP_norm_apply; /* whose settings are those of batch_norm */
    FORWARD(graph_append_input(graph, node, *statistics_out));
    node->parameters[GRAPH_MEAN] = node->parameters[GRAPH_VARIANCE] = GRAPH_NO_TENSOR;
    return CLADE_OK;
}

static clade_status train_dropout(clade_graph *graph, graph_node *node, clade_tensor key, int32_t stream) {
    const float rate = node->attributes.dropout.rate;
    node->op = GRAPH_OP_dropout_training;
    node->attributes.dropout_training = (graph_dropout_training_settings){.rate = rate, .stream = stream};
    return graph_append_input(graph, node, key);
}

clade_status grad_make_trainable(clade_graph *graph, clade_tensor key, clade_tensor *statistics,
                                 size_t *statistics_count_out) {
    const size_t nodes = graph->node_count;
    *statistics_count_out = 0;
    for (size_t i = 0; i < nodes; i++) {
        if (graph->nodes[i].op == GRAPH_OP_binary) continue; /* whose constant stays one */
        for (int k = GRAPH_WEIGHT; k <= GRAPH_BIAS; k++)
            if (graph_is_tensor(graph->nodes[i].parameters[k]))
                FORWARD(make_input(graph, graph->nodes[i].parameters[k]));
    }
    for (size_t i = 0; i < nodes; i++) {
        graph_node *node = &graph->nodes[i];
        if (node->op == GRAPH_OP_batch_norm)
            FORWARD(train_batch_norm(graph, i, &statistics[(*statistics_count_out)++]));
        else if (node->op == GRAPH_OP_dropout)
            FORWARD(train_dropout(graph, node, key, (int32_t)i));
    }
    return CLADE_OK;
}

/* ---- Losses ---------------------------------------------------------------------------------------------------------------------- */

static clade_status check_losses(const clade_graph *graph, const grad_settings *settings) {
    if (settings->loss_count == 0)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to train the graph: there is no loss");
    for (size_t i = 0; i < settings->loss_count; i++) {
        const size_t output = settings->losses[i].output;
        if (output >= graph->output_count)
            return base_fail(graph->env, CLADE_ERROR_NOT_FOUND, "failed to train output %zu: the graph has %zu", output,
                             graph->output_count);
        const clade_shape *shape = graph_shape_of(graph, graph->outputs[output].tensor);
        char text[BASE_SHAPE_TEXT];
        if (shape->rank != 2 || shape->dims[0] != graph_shape_of(graph, graph->inputs[0])->dims[0])
            return base_fail(graph->env, CLADE_ERROR_SHAPE,
                             "failed to train output \"%s\" %s: a loss takes a row of logits for each image",
                             graph->outputs[output].name, base_shape_text(shape, text, sizeof text));
    }
    return CLADE_OK;
}

/* Leaves of the outputs those that have losses, in the losses' order. */
static clade_status keep_outputs_with_losses(clade_graph *graph, const grad_settings *settings) {
    graph_output *kept = base_allocate_zero(graph->env, settings->loss_count, sizeof *kept);
    if (!kept) return base_fail_memory(graph->env, settings->loss_count * sizeof *kept, "a graph's outputs");
    for (size_t i = 0; i < settings->loss_count; i++) {
        kept[i] = graph->outputs[settings->losses[i].output];
        kept[i].name = base_copy_string(graph->env, kept[i].name);
        if (kept[i].name) continue;
        while (i-- > 0) base_free(graph->env, kept[i].name);
        base_free(graph->env, kept);
        return base_fail_memory(graph->env, 1, "an output's name");
    }
    for (size_t i = 0; i < graph->output_count; i++) base_free(graph->env, graph->outputs[i].name);
    base_free(graph->env, graph->outputs);
    graph->outputs = kept;
    graph->output_count = graph->output_capacity = settings->loss_count;
    FORWARD(graph_remove_unused(graph));
    return graph_compact(graph);
}

/* A node by the logits and labels of a loss. */
static clade_status add_loss(clade_graph *graph, graph_op op, const grad_settings *settings, size_t loss,
                             clade_tensor labels, clade_tensor *output_out) {
    const clade_tensor logits = graph->outputs[loss].tensor;
    const double images = (double)graph_shape_of(graph, logits)->dims[0];
    const graph_new_node node = {
        .op = op,
        .inputs = (clade_tensor[]){logits, labels},
        .input_count = 2,
        .attributes.cross_entropy = {.smoothing = settings->smoothing,
                                     .factor = (float)(settings->losses[loss].weight / images)}};
    return graph_add(graph, &node, output_out);
}

/* Declares an output by its tensor's name, or by one made up of it where an output has that. */
static clade_status declare(clade_graph *graph, clade_tensor tensor, const char *role, const char *of) {
    char *name = base_format(graph->env, "%s %s", of, role);
    if (!name) return base_fail_memory(graph->env, strlen(of), "an output's name");
    const clade_status status = clade_graph_output(graph, tensor, name);
    base_free(graph->env, name);
    return status;
}

/* ---- All of it -------------------------------------------------------------------------------------------------------------------- */

/* What is found on the way from a network to its step. */
typedef struct building {
    clade_graph *graph;
    const grad_settings *settings;
    grad_ports *ports;
    clade_tensor labels, key;
    clade_tensor *statistics; /* of batch norms */
    clade_tensor *seeds;      /* gradients of the losses by their logits */
    clade_tensor *gradients;  /* of the parameters */
} building;

static clade_status add_losses(building *b) {
    clade_graph *graph = b->graph;
    for (size_t i = 0; i < b->settings->loss_count; i++) {
        clade_tensor loss;
        FORWARD(add_loss(graph, GRAPH_OP_cross_entropy, b->settings, i, b->labels, &loss));
        FORWARD(declare(graph, loss, "loss", graph->outputs[i].name));
    }
    for (size_t i = 0; i < b->settings->loss_count; i++)
        FORWARD(add_loss(graph, GRAPH_OP_cross_entropy_gradient, b->settings, i, b->labels, &b->seeds[i]));
    return CLADE_OK;
}

static clade_status add_gradients(building *b) {
    clade_graph *graph = b->graph;
    const size_t losses = b->settings->loss_count, parameters = b->ports->parameter_count;
    clade_tensor *logits = base_allocate_zero(graph->env, losses, sizeof *logits);
    if (!logits) return base_fail_memory(graph->env, losses * sizeof *logits, "the losses of a graph");
    for (size_t i = 0; i < losses; i++) logits[i] = graph->outputs[i].tensor;
    const clade_status status =
        grad_backward(graph, logits, b->seeds, losses, graph->inputs + b->ports->parameter, parameters, b->gradients);
    base_free(graph->env, logits);
    FORWARD(status);
    for (size_t i = 0; i < parameters; i++) {
        const char *name = graph_tensor_of(graph, graph->inputs[b->ports->parameter + i])->name;
        if (!graph_is_tensor(b->gradients[i]))
            return base_fail(graph->env, CLADE_ERROR_UNSUPPORTED, "failed to train \"%s\": no loss depends on it",
                             name);
        FORWARD(declare(graph, b->gradients[i], "gradient", name));
    }
    return CLADE_OK;
}

static clade_status build(building *b) {
    clade_graph *graph = b->graph;
    grad_ports *ports = b->ports;
    const int64_t images = graph_shape_of(graph, graph->inputs[0])->dims[0];
    *ports = (grad_ports){.inputs = graph->input_count, .outputs = b->settings->loss_count};
    ports->labels = graph->input_count;
    FORWARD(clade_graph_input(graph, "labels of the images", (clade_shape){1, {images}}, &b->labels));
    ports->key = graph->input_count;
    FORWARD(clade_graph_input(graph, "key of the step", (clade_shape){1, {4}}, &b->key));
    ports->parameter = graph->input_count;
    FORWARD(grad_make_trainable(graph, b->key, b->statistics, &ports->statistics_count));
    ports->parameter_count = graph->input_count - ports->parameter;
    b->gradients = base_allocate_zero(graph->env, base_max((int64_t)ports->parameter_count, 1), sizeof *b->gradients);
    if (!b->gradients) return base_fail_memory(graph->env, sizeof *b->gradients, "the gradients of a graph");
    ports->loss = graph->output_count;
    FORWARD(add_losses(b));
    ports->gradient = graph->output_count;
    FORWARD(add_gradients(b));
    ports->statistics = graph->output_count;
    for (size_t i = 0; i < ports->statistics_count; i++) FORWARD(clade_graph_output(graph, b->statistics[i], NULL));
    return CLADE_OK;
}

clade_status grad_keep_losses(clade_graph *graph, const grad_settings *settings) {
    if (graph->input_count == 0)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to train the graph: it has no input");
    FORWARD(check_losses(graph, settings));
    return keep_outputs_with_losses(graph, settings);
}

clade_status grad_build(clade_graph *graph, const grad_settings *settings, grad_ports *ports_out) {
    base_env *env = graph->env;
    building b = {.graph = graph, .settings = settings, .ports = ports_out};
    b.statistics = base_allocate_zero(env, graph->node_count, sizeof *b.statistics);
    b.seeds = base_allocate_zero(env, settings->loss_count, sizeof *b.seeds);
    clade_status status = CLADE_OK;
    if (!b.statistics || !b.seeds)
        status = base_fail_memory(env, graph->node_count * sizeof *b.statistics, "a graph for training");
    if (status == CLADE_OK) status = build(&b);
    if (status == CLADE_OK) status = graph_compact(graph);
    base_free(env, b.statistics);
    base_free(env, b.seeds);
    base_free(env, b.gradients);
    return status;
}
