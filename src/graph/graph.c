/* graph.c: making a graph, adding nodes, inputs and outputs. */
#include "graph/graph.h"
#include "rt/context.h"

#include <stdio.h>
#include <string.h>

static const char *const parameter_suffixes[GRAPH_MAX_PARAMETERS] = {"weight", "bias", "running_mean", "running_var"};

clade_status clade_graph_create(clade_context *context, clade_graph **graph_out) {
    if (graph_out) *graph_out = NULL;
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    base_env *env = context_env(context);
    if (!graph_out) return base_fail(env, CLADE_ERROR_INVALID_ARGUMENT, "failed to create a graph: graph_out is NULL");
    clade_graph *graph = base_allocate_zero(env, 1, sizeof *graph);
    if (!graph) return base_fail_memory(env, sizeof *graph, "a graph");
    graph->env = env;
    graph->context = context_hold(context);
    *graph_out = graph;
    return CLADE_OK;
}

static void free_tensor(clade_graph *graph, graph_tensor *tensor) {
    base_free(graph->env, tensor->name);
    graph_value_release(graph->env, &tensor->value);
}

static void free_node(clade_graph *graph, graph_node *node) {
    base_free(graph->env, node->name);
    base_free(graph->env, node->inputs);
    base_free(graph->env, node->words);
}

void clade_graph_destroy(clade_graph **graph) {
    if (!graph || !*graph) return;
    clade_graph *gone = *graph;
    *graph = NULL;
    base_env *env = gone->env;
    for (size_t i = 0; i < gone->node_count; i++) free_node(gone, &gone->nodes[i]);
    for (size_t i = 0; i < gone->tensor_count; i++) free_tensor(gone, &gone->tensors[i]);
    for (size_t i = 0; i < gone->output_count; i++) base_free(env, gone->outputs[i].name);
    graph_drop_values(gone); /* after the values that lie in what is attached */
    base_free(env, gone->nodes);
    base_free(env, gone->tensors);
    base_names_free(env, &gone->names);
    base_free(env, gone->inputs);
    base_free(env, gone->outputs);
    clade_context *context = gone->context;
    base_free(env, gone);
    context_release(context);
}

bool graph_reserved_clear(const uint64_t *reserved, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (reserved[i] != 0) return false;
    return true;
}

static bool is_known(const clade_graph *graph, clade_tensor tensor) {
    return tensor.id >= 0 && (size_t)tensor.id < graph->tensor_count && !graph_tensor_of(graph, tensor)->dead;
}

clade_status graph_check_call(const clade_graph *graph, const char *op, const clade_tensor *inputs, size_t input_count,
                              const void *settings, const uint64_t *reserved, clade_tensor *output_out) {
    if (output_out) *output_out = GRAPH_NO_TENSOR;
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!output_out)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to add %s: output_out is NULL", op);
    if (!settings) return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to add %s: settings is NULL", op);
    if (!inputs || input_count == 0)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to add %s: it has no inputs", op);
    for (size_t i = 0; i < input_count; i++) {
        if (!is_known(graph, inputs[i]))
            return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to add %s: input %zu is not a tensor of this graph (id %d)", op, i, inputs[i].id);
        if (graph_tensor_of(graph, inputs[i])->kind == CLADE_TENSOR_PARAMETER)
            return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                             "failed to add %s: input %zu is the parameter \"%s\", not an activation", op, i,
                             graph_tensor_of(graph, inputs[i])->name);
    }
    if (reserved && !graph_reserved_clear(reserved, 4))
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add %s: reserved fields of its settings must be zero", op);
    return CLADE_OK;
}

clade_status graph_refuse(const clade_graph *graph, const graph_node *node, clade_status status, const char *rule,
                          ...) {
    char text[512], shapes[3 * BASE_SHAPE_TEXT] = "", one[BASE_SHAPE_TEXT];
    va_list arguments;
    va_start(arguments, rule);
    vsnprintf(text, sizeof text, rule, arguments);
    va_end(arguments);
    size_t length = 0;
    const size_t shown = node->input_count < 3 ? node->input_count : 2;
    for (size_t i = 0; i < shown && length < sizeof shapes; i++)
        length += (size_t)snprintf(shapes + length, sizeof shapes - length, "%s%s", i ? ", " : "",
                                   base_shape_text(graph_shape_of(graph, node->inputs[i]), one, sizeof one));
    return base_fail(graph->env, status, "failed to add %s \"%s\" to %s%s: %s", graph_op_table[node->op]->name,
                     node->name, shapes, node->input_count > shown ? ", ..." : "", text);
}

const char *graph_activation_name(clade_activation activation) {
    static const char *const names[] = {"none", "relu",  "relu6", "leaky relu", "sigmoid",
                                        "tanh", "prelu", "exp",   "log",        "erf"};
    return (size_t)activation < BASE_COUNT(names) ? names[activation] : "unknown";
}

clade_status graph_check_activation(const clade_graph *graph, const char *op, const char *name,
                                    clade_activation activation) {
    if ((unsigned)activation < CLADE_PRELU) return CLADE_OK;
    return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                     "failed to add %s \"%s\" with activation %d: it must be one of clade_activation before prelu", op,
                     name ? name : "", (int)activation);
}

void graph_describe_activation(base_text *text, clade_activation activation) {
    if (activation != CLADE_ACTIVATION_NONE) base_text_add(text, ", %s", graph_activation_name(activation));
}

static bool name_taken(const clade_graph *graph, const char *name) { return base_names_find(&graph->names, name) >= 0; }

/* `name`, or OP_NUMBER with the first number that is free. */
static char *choose_name(const clade_graph *graph, const char *name, const char *op) {
    if (name && *name) return base_copy_string(graph->env, name);
    for (size_t number = graph->node_count;; number++) {
        char *made = base_format(graph->env, "%s_%zu", op, number);
        if (!made || !name_taken(graph, made)) return made;
        base_free(graph->env, made);
    }
}

/* Sizes that later arithmetic can rely on: dimensions fit int32, elements of one image int64. */
static bool is_representable(const clade_shape *shape) {
    clade_shape image = *shape;
    if (image.dims[0] == CLADE_BATCH) image.dims[0] = 1;
    int64_t elements = 0;
    if (!base_shape_elements(&image, &elements)) return false;
    for (int32_t i = 0; i < image.rank; i++)
        if (image.dims[i] > INT32_MAX) return false;
    return elements <= INT64_MAX / 64; /* leaves room for bytes and for padding up to a block of 16 channels */
}

/* Appends a tensor whose name becomes the graph's. */
static clade_status add_tensor(clade_graph *graph, char *name, clade_tensor_kind kind, const clade_shape *shape,
                               int32_t producer, clade_tensor *tensor_out) {
    if (!base_grow(graph->env, &graph->tensors, sizeof *graph->tensors, graph->tensor_count, &graph->tensor_capacity) ||
        !base_names_add(graph->env, &graph->names, name, (int32_t)graph->tensor_count))
        return base_fail_memory(graph->env, 2 * graph->tensor_capacity * sizeof *graph->tensors, "a graph's tensors");
    graph->tensors[graph->tensor_count] = (graph_tensor){
        .kind = kind,
        .name = name,
        .shape = *shape,
        .producer = producer,
        .sources = {GRAPH_NO_TENSOR, GRAPH_NO_TENSOR, GRAPH_NO_TENSOR},
        .block = 1,
        .parent = GRAPH_NO_TENSOR,
    };
    *tensor_out = (clade_tensor){(int32_t)graph->tensor_count++};
    return CLADE_OK;
}

clade_status graph_add_tensor(clade_graph *graph, const char *name, clade_tensor_kind kind, const clade_shape *shape,
                              int32_t producer, clade_tensor *tensor_out) {
    if (graph->tensor_count >= INT32_MAX)
        return base_fail(graph->env, CLADE_ERROR_UNSUPPORTED, "failed to add tensor \"%s\": a graph holds at most %d",
                         name, INT32_MAX);
    char *copy = base_copy_string(graph->env, name);
    if (!copy) return base_fail_memory(graph->env, strlen(name) + 1, "a tensor's name");
    const clade_status status = add_tensor(graph, copy, kind, shape, producer, tensor_out);
    if (status != CLADE_OK) base_free(graph->env, copy);
    return status;
}

/* Takes back the tensors from `count` on. */
static void drop_tensors(clade_graph *graph, size_t count) {
    while (graph->tensor_count > count) {
        graph_tensor *last = &graph->tensors[--graph->tensor_count];
        base_names_remove(&graph->names, last->name, (int32_t)graph->tensor_count);
        free_tensor(graph, last);
    }
}

static clade_status add_parameters(clade_graph *graph, graph_node *node, const clade_shape *shapes) {
    for (int i = 0; i < GRAPH_MAX_PARAMETERS; i++) {
        node->parameters[i] = GRAPH_NO_TENSOR;
        if (shapes[i].rank == 0) continue;
        char *name = base_format(graph->env, "%s.%s", node->name, parameter_suffixes[i]);
        if (!name) return base_fail_memory(graph->env, strlen(node->name), "a parameter's name");
        clade_status status = CLADE_OK;
        if (!is_representable(&shapes[i]))
            status = graph_refuse(graph, node, CLADE_ERROR_SHAPE, "parameter %s would be too large", name);
        else if (name_taken(graph, name))
            status = graph_refuse(graph, node, CLADE_ERROR_DUPLICATE, "the name %s is taken", name);
        else
            status = add_tensor(graph, name, CLADE_TENSOR_PARAMETER, &shapes[i], GRAPH_NO_ID, &node->parameters[i]);
        if (status != CLADE_OK) base_free(graph->env, name);
        FORWARD(status);
    }
    return CLADE_OK;
}

clade_status graph_describe(const clade_graph *graph, graph_node *node) {
    base_text text = {.env = graph->env};
    graph_op_table[node->op]->describe(graph, node, &text);
    base_text_add(&text, "%s", ""); /* an empty description is a string too */
    if (text.failed) {
        base_text_free(&text);
        return base_fail_memory(graph->env, text.length, "a node's description");
    }
    base_free(graph->env, node->words);
    node->words = text.data;
    return CLADE_OK;
}

clade_status graph_add(clade_graph *graph, const graph_new_node *new_node, clade_tensor *output_out) {
    base_env *env = graph->env;
    const size_t tensors_before = graph->tensor_count;
    graph_node node = {.op = new_node->op, .attributes = new_node->attributes, .input_count = new_node->input_count};
    clade_shape shape = {0};
    clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
    node.name = choose_name(graph, new_node->name, graph_op_table[new_node->op]->name);
    node.inputs = base_allocate_zero(env, new_node->input_count, sizeof *node.inputs);
    if (!node.name || !node.inputs) {
        status = base_fail_memory(env, new_node->input_count * sizeof *node.inputs, "a node");
        goto error;
    }
    memcpy(node.inputs, new_node->inputs, new_node->input_count * sizeof *node.inputs);
    if ((status = graph_op_table[node.op]->infer(graph, &node, &shape)) != CLADE_OK) goto error;
    if (!is_representable(&shape)) {
        char text[BASE_SHAPE_TEXT];
        status = graph_refuse(graph, &node, CLADE_ERROR_SHAPE, "its result %s would be empty or too large",
                              base_shape_text(&shape, text, sizeof text));
        goto error;
    }
    if (name_taken(graph, node.name)) {
        status = graph_refuse(graph, &node, CLADE_ERROR_DUPLICATE, "the name is taken");
        goto error;
    }
    if (!base_grow(env, &graph->nodes, sizeof *graph->nodes, graph->node_count, &graph->node_capacity)) {
        status = base_fail_memory(env, 2 * graph->node_capacity * sizeof *graph->nodes, "a graph's nodes");
        goto error;
    }
    if ((status = add_parameters(graph, &node, new_node->parameters)) != CLADE_OK) goto error;
    status =
        graph_add_tensor(graph, node.name, CLADE_TENSOR_ACTIVATION, &shape, (int32_t)graph->node_count, &node.output);
    if (status != CLADE_OK || (status = graph_describe(graph, &node)) != CLADE_OK) goto error;
    graph->nodes[graph->node_count++] = node;
    *output_out = node.output;
    return CLADE_OK;
error:
    drop_tensors(graph, tensors_before);
    free_node(graph, &node);
    return status;
}

clade_status clade_graph_input(clade_graph *graph, const char *name, clade_shape shape, clade_tensor *tensor_out) {
    if (tensor_out) *tensor_out = GRAPH_NO_TENSOR;
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!name || !*name || !tensor_out)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to add an input: name or tensor_out is NULL");
    char text[BASE_SHAPE_TEXT];
    if (shape.rank < 1 || shape.rank > CLADE_MAX_RANK)
        return base_fail(graph->env, CLADE_ERROR_SHAPE, "failed to add input \"%s\" of rank %d: it must be 1 to %d",
                         name, shape.rank, CLADE_MAX_RANK);
    if (!is_representable(&shape))
        return base_fail(
            graph->env, CLADE_ERROR_SHAPE,
            "failed to add input \"%s\" %s: dimensions must be at least 1 and their product must not overflow", name,
            base_shape_text(&shape, text, sizeof text));
    if (name_taken(graph, name))
        return base_fail(graph->env, CLADE_ERROR_DUPLICATE, "failed to add input \"%s\": the name is taken", name);
    if (!base_grow(graph->env, &graph->inputs, sizeof *graph->inputs, graph->input_count, &graph->input_capacity))
        return base_fail_memory(graph->env, 2 * graph->input_capacity * sizeof *graph->inputs, "a graph's inputs");
    FORWARD(graph_add_tensor(graph, name, CLADE_TENSOR_INPUT, &shape, GRAPH_NO_ID, tensor_out));
    graph->inputs[graph->input_count++] = *tensor_out;
    return CLADE_OK;
}

clade_status clade_graph_output(clade_graph *graph, clade_tensor tensor, const char *name) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!is_known(graph, tensor) || graph_tensor_of(graph, tensor)->kind == CLADE_TENSOR_PARAMETER)
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to declare output \"%s\": tensor %d is no activation of this graph", name ? name : "",
                         tensor.id);
    const char *chosen = name && *name ? name : graph_tensor_of(graph, tensor)->name;
    for (size_t i = 0; i < graph->output_count; i++)
        if (strcmp(graph->outputs[i].name, chosen) == 0)
            return base_fail(graph->env, CLADE_ERROR_DUPLICATE, "failed to declare output \"%s\": the name is taken",
                             chosen);
    if (!base_grow(graph->env, &graph->outputs, sizeof *graph->outputs, graph->output_count, &graph->output_capacity))
        return base_fail_memory(graph->env, 2 * graph->output_capacity * sizeof *graph->outputs, "a graph's outputs");
    char *copy = base_copy_string(graph->env, chosen);
    if (!copy) return base_fail_memory(graph->env, strlen(chosen) + 1, "an output's name");
    graph->outputs[graph->output_count++] = (graph_output){.name = copy, .tensor = tensor};
    return CLADE_OK;
}
