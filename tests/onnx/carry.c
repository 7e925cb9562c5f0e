/* carry.c: see carry.h. Messages are changed as protobuf-c would have made them, so that it can free them. */
#include "onnx/carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char zero_name[] = "zero/carried";

static void *checked(void *memory) {
    if (!memory) abort();
    return memory;
}

static char *copy(const char *text) { return checked(strdup(text)); }

static char *suffixed(const char *name, const char *suffix) {
    const size_t size = strlen(name) + strlen(suffix) + 1;
    char *joined = checked(malloc(size));
    snprintf(joined, size, "%s%s", name, suffix);
    return joined;
}

/* ---- Nodes and inputs ------------------------------------------------------------------------------------------------- */
static Onnx__NodeProto *add_node(Onnx__GraphProto *graph, const char *op, const char *a, const char *b,
                                 const char *output) {
    Onnx__NodeProto *node = checked(malloc(sizeof *node));
    onnx__node_proto__init(node);
    node->op_type = copy(op);
    node->n_input = b ? 2 : 1;
    node->input = checked(calloc(2, sizeof *node->input));
    node->input[0] = copy(a);
    if (b) node->input[1] = copy(b);
    node->n_output = 1;
    node->output = checked(calloc(1, sizeof *node->output));
    node->output[0] = copy(output);
    graph->node = checked(realloc(graph->node, (graph->n_node + 1) * sizeof *graph->node));
    graph->node[graph->n_node++] = node;
    return node;
}

static void cast_to_float(Onnx__NodeProto *cast) {
    Onnx__AttributeProto *to = checked(malloc(sizeof *to));
    onnx__attribute_proto__init(to);
    to->name = copy("to");
    to->has_type = to->has_i = 1;
    to->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    to->i = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    cast->n_attribute = 1;
    cast->attribute = checked(calloc(1, sizeof *cast->attribute));
    cast->attribute[0] = to;
}

/* float [1] */
static void add_input(Onnx__GraphProto *graph) {
    static const uint8_t serialised[] = {0x0a, 0x0c, 'z',  'e',  'r',  'o',  '/',  'c',  'a',  'r',  'r',  'i',  'e',
                                         'd',  0x12, 0x0a, 0x0a, 0x08, 0x08, 0x01, 0x12, 0x04, 0x0a, 0x02, 0x08, 0x01};
    graph->input = checked(realloc(graph->input, (graph->n_input + 1) * sizeof *graph->input));
    graph->input[graph->n_input++] = checked(onnx__value_info_proto__unpack(NULL, sizeof serialised, serialised));
}

tensor carry_zero(void) {
    static const uint8_t serialised[] = {0x08, 0x01, 0x10, 0x01, 0x22,
                                         0x04, 0,    0,    0,    0}; /* dims, data_type, float_data */
    tensor zero;
    uint8_t *file = checked(malloc(sizeof serialised));
    memcpy(file, serialised, sizeof serialised);
    if (!tensor_parse(file, sizeof serialised, &zero)) abort();
    return zero;
}

/* ---- Outputs ---------------------------------------------------------------------------------------------------------- */
static void rename_all(char **names, size_t count, const char *from, const char *to) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], from) != 0) continue;
        free(names[i]);
        names[i] = copy(to);
    }
}

void carry_outputs(Onnx__ModelProto *model) {
    Onnx__GraphProto *graph = model->graph;
    const size_t nodes = graph->n_node;
    for (size_t k = 0; k < graph->n_output; k++) {
        const char *name = graph->output[k]->name;
        char *constant = suffixed(name, "/constant"), *real = suffixed(name, "/real");
        for (size_t i = 0; i < nodes; i++) {
            rename_all(graph->node[i]->input, graph->node[i]->n_input, name, constant);
            rename_all(graph->node[i]->output, graph->node[i]->n_output, name, constant);
        }
        cast_to_float(add_node(graph, "Cast", constant, NULL, real));
        add_node(graph, "Add", zero_name, real, name);
        free(constant);
        free(real);
    }
    add_input(graph);
}
