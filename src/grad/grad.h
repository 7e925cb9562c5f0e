/* grad.h: from a network to one step of its training, as a graph.
 *
 *   images, labels, parameters --> the network's nodes --> losses --> their gradients, node by node backwards --> parameters' gradients
 *
 * Everything is a node like others: parameters become inputs of the graph, their gradients outputs, so that passes, kernels and the
 * planner of memory serve training as they serve inference. One file a family of operators; table.c says which function makes the
 * gradient of which operator. A function is given dy, the gradient by what its node made, and hands on one for each input that asks
 * for it. */
#ifndef GRAD_GRAD_H
#define GRAD_GRAD_H

#include "graph/graph.h"

/* A loss: the cross-entropy of an output's rows and the labels. */
typedef struct grad_loss {
    size_t output; /* index of the graph's output: logits [N, C] */
    float weight;  /* in the sum of losses that is descended */
} grad_loss;

typedef struct grad_settings {
    const grad_loss *losses;
    size_t loss_count;
    float smoothing;
} grad_settings;

/* What follows a batch norm's name in the name of its statistics. */
#define GRAD_STATISTICS_SUFFIX " statistics"

/* Where things are among the ports of a graph for training. */
typedef struct grad_ports {
    size_t inputs;          /* the caller's, which stand first; then */
    size_t labels;          /* [N], class numbers, */
    size_t key;             /* [4], for dropout: seed low and high, step low and high, each below 2^24, */
    size_t parameter;       /* and from this one on the parameters, */
    size_t parameter_count; /* so many */
    size_t outputs;         /* the caller's, which stand first; then from */
    size_t loss;            /* this one on the losses [N] in the order of the settings, */
    size_t gradient;        /* then the gradients of the parameters, in their order, */
    size_t statistics;      /* then the statistics [2, C] of batch norms, in the order of their nodes, */
    size_t statistics_count;
} grad_ports;

/* Leaves of a network, a clone with its batch filled in, what the losses depend on; its outputs are then theirs, in their order. Refuses
 * outputs that are no rows of logits. */
clade_status grad_keep_losses(clade_graph *graph, const grad_settings *settings);
/* Makes of what is left one step of its training. Refuses, by name, what has no gradient. */
clade_status grad_build(clade_graph *graph, const grad_settings *settings, grad_ports *ports_out);

/* Adds the gradients of sum(seeds[i] * of[i]) by each of `wanted`, tensors of the graph that no pass has seen yet; no tensor where there
 * is none to speak of. `seeds` have the shapes of `of`. */
clade_status grad_backward(clade_graph *graph, const clade_tensor *of, const clade_tensor *seeds, size_t count,
                           const clade_tensor *wanted, size_t wanted_count, clade_tensor *gradients_out);

/* Turns batch norm and dropout into the operators that training takes, and parameters into inputs, in their order. The running
 * statistics go; `statistics` receives the tensors that stand for them, the caller's array with one place a node. */
clade_status grad_make_trainable(clade_graph *graph, clade_tensor key, clade_tensor *statistics,
                                 size_t *statistics_count_out);

/* ---- Operators ---------------------------------------------------------------------------------------------------------------- */

typedef struct grad_builder {
    clade_graph *graph;
    size_t tensor_count;     /* of the network */
    unsigned char *needed;   /* of these: 1 where a gradient is asked for, or one behind it */
    clade_tensor *gradients; /* of these: what is known of it, or no tensor */
} grad_builder;

/* `node` is a copy: adding nodes moves the graph's. */
typedef clade_status (*grad_rule)(grad_builder *b, const graph_node *node, clade_tensor dy);
extern const grad_rule grad_table[GRAPH_OP_COUNT]; /* NULL: has none */

#define GRAD_RULE(name) clade_status grad_##name(grad_builder *b, const graph_node *node, clade_tensor dy)
GRAD_RULE(conv2d);
GRAD_RULE(linear);
GRAD_RULE(pool);
GRAD_RULE(lrn);
GRAD_RULE(norm_apply);
GRAD_RULE(binary);
GRAD_RULE(scale);
GRAD_RULE(activation);
GRAD_RULE(softmax);
GRAD_RULE(dropout_training);
GRAD_RULE(concat);
GRAD_RULE(view); /* flatten, reshape */
GRAD_RULE(pad);
GRAD_RULE(transpose);
GRAD_RULE(slice);
GRAD_RULE(mean);

/* True when somebody asks for the gradient by this tensor. */
bool grad_is_needed(const grad_builder *b, clade_tensor tensor);
/* Adds a node with inputs up to the first that is no tensor; NULL name: made up. */
clade_status grad_add(grad_builder *b, graph_op op, const graph_attributes *attributes, const char *name,
                      clade_tensor first, clade_tensor second, clade_tensor *output_out);
clade_status grad_add_many(grad_builder *b, graph_op op, const graph_attributes *attributes, const char *name,
                           const clade_tensor *inputs, size_t count, clade_tensor *output_out);
/* The same with the name of a gradient by `of`, to which it is then added: what rules end with. */
clade_status grad_give(grad_builder *b, clade_tensor of, graph_op op, const graph_attributes *attributes,
                       const clade_tensor *inputs, size_t count);
/* Adds a tensor to the gradient by `of`. */
clade_status grad_give_tensor(grad_builder *b, clade_tensor of, clade_tensor gradient);
/* A reshape, or the tensor itself where it has the shape. */
clade_status grad_reshape(grad_builder *b, clade_tensor tensor, const clade_shape *shape, clade_tensor *output_out);
/* dy before the activation that a node applies to its sums. */
clade_status grad_before_activation(grad_builder *b, const graph_node *node, clade_activation activation, float slope,
                                    clade_tensor dy, clade_tensor *before_out);

#endif
