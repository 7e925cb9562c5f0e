/* graph.h: the layer graph, as the API builds it and as passes rewrite it.
 *
 *   node  --output-->  tensor  --input-->  node       (ids index the two arrays; removed entries stay, marked dead)
 *     \--parameters--> tensor (kind PARAMETER, with a value: given, or derived from other parameters)
 *
 * Nodes stand in execution order: every node comes after those that make its inputs. Passes work on a clone and keep that
 * order. Each operator has one file, node_NAME.c, with its defaults, its shape rule, its words for people and its public
 * `clade_graph_NAME`. */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "base/base.h"
#include "graph/training.h"

#include <stdatomic.h>

typedef struct graph_no_settings {
    char unused;
} graph_no_settings;

typedef enum graph_op {
#define OP(name, settings) GRAPH_OP_##name,
#include "graph/ops.inc"
    GRAPH_OP_COUNT
} graph_op;

/* The settings a node was added with, defaults filled in, `name` NULL. */
typedef union graph_attributes {
#define OP(name, settings) settings name;
#include "graph/ops.inc"
} graph_attributes;

enum { GRAPH_NO_ID = -1, GRAPH_MAX_PARAMETERS = 4 };

/* Which parameter is which, as index into graph_node::parameters (id negative: the node has none). Passes may give pool a bias. In a
 * graph for training a parameter is an input of the graph, and so an operand like others. */
enum {
    GRAPH_WEIGHT = 0, /* conv2d [out, in / groups, kh, kw], linear [out, in], the others [C] */
    GRAPH_BIAS = 1,
    GRAPH_MEAN = 2,
    GRAPH_VARIANCE = 3
};

typedef struct graph_node {
    graph_op op;
    bool dead;
    char *name;
    clade_tensor *inputs; /* a residual to add, when conv2d or linear carry one, is inputs[1] */
    size_t input_count;
    clade_tensor parameters[GRAPH_MAX_PARAMETERS]; /* gaps have a negative id */
    clade_tensor output;
    graph_attributes attributes;
    char *words; /* the settings for people; graph_describe keeps it */

    /* what passes add to the settings; zero in a caller's graph */
    clade_activation pool_activation; /* pool: follows it and its bias, GRAPH_BIAS */
    float pool_slope;
    int32_t linear_channels; /* conv2d: the first so many go without the activation */
    int32_t concat_align;    /* concat: each input begins at a multiple of it, behind channels of zeros; 0: as 1 */
    /* what src/grad adds: conv2d or linear, the gradient by their input of a layer with this weight. The node computes with the weight
     * turned: rows and columns of each kernel reversed, and input channels in the place of output channels. */
    bool weight_turned;
} graph_node;

/* How values are made up (graph/fill.c): element i is factor * (scale * u(seed, i) + shift), rounded to float32 after each step; or
 * factor * z(seed, i), z being normal with a deviation of 1, and not above `cut` if that is not 0. */
typedef struct graph_fill_rule {
    uint64_t seed;
    float scale, shift, factor;
    bool is_normal;
    float cut;
} graph_fill_rule;

/* The values of a parameter. Shared by clones, freed with the last. */
typedef struct graph_value {
    atomic_int references; /* a graph has one thread at a time, but clones may live on other threads */
    clade_type type;
    const void *data; /* behind this struct when it is the graph's own, else borrowed; NULL: made by `rule` when read */
    void (*done)(const void *data, size_t size); /* called after `data` was read; NULL: nothing to do */
    graph_fill_rule rule;
} graph_value;

/* How a parameter follows from others, evaluated when a plan packs its weights (graph/parameter.c). s are sources. */
typedef enum graph_derivation {
    GRAPH_GIVEN = 0,         /* not derived */
    GRAPH_NORM_SCALE,        /* s0 / sqrt(s1 + constant): weight (or 1), variance */
    GRAPH_NORM_SHIFT,        /* s0 - s1 * s2: bias (or 0), mean, scale */
    GRAPH_SCALE_ROWS,        /* s0[o, ...] * s1[o] */
    GRAPH_MULTIPLY_ADD,      /* s0 * s1 + s2, each [C]; a missing s0 or s2 counts as 0, a missing s1 as 1 */
    GRAPH_SCALE_BY_CONSTANT, /* s0 * constant; a missing s0 counts as 1 */
    GRAPH_ADD_CONSTANT,      /* s0 + constant; a missing s0 counts as 0 */
    GRAPH_CONCAT_ROWS,    /* s0[o, ...] first, s1[o, ...] last; a missing one, and what is between, as rows of zeros */
    GRAPH_INSERT_CHANNELS /* s0 and, from `constant` on, zeros along dimension 1, or 0 of [C]: up to the shape's size */
} graph_derivation;

typedef struct graph_tensor {
    clade_tensor_kind kind;
    bool dead;
    char *name;
    clade_shape shape;
    int32_t producer; /* the node that makes it, be it as a slice of a wider output; or GRAPH_NO_ID */

    /* parameters */
    graph_value *value; /* NULL: none given */
    graph_derivation derivation;
    clade_tensor sources[3];
    double constant;

    /* compiled graphs */
    int32_t block;       /* 1: NCHW; else channels that lie together, NCHWc */
    clade_tensor parent; /* this tensor is channels [parent_channel, +C) of the parent's memory */
    int64_t parent_channel;
} graph_tensor;

typedef struct graph_output {
    char *name;
    clade_tensor tensor;
} graph_output;

typedef struct graph_attachment {
    atomic_int references;
    void *object;
    void (*release)(void *object);
} graph_attachment;

struct clade_graph {
    clade_context *context; /* held */
    base_env *env;          /* the context's */
    graph_node *nodes;
    size_t node_count, node_capacity;
    graph_tensor *tensors;
    size_t tensor_count, tensor_capacity;
    base_names
        names; /* of the tensors that are not dead, to their ids; of several with one name (made by passes) to the first */
    clade_tensor *inputs;
    size_t input_count, input_capacity;
    graph_output *outputs;
    size_t output_count, output_capacity;
    graph_attachment **attachments;
    size_t attachment_count, attachment_capacity;
};

/* ---- Operators: what every node_NAME.c gives (table.c lists them) ----------------------------------------------- */
typedef struct graph_op_info {
    const char *name;
    /* The output's shape from the inputs' and the attributes; base_fail with the node's name when they do not fit. Also run
     * again when the batch is filled in. NULL node->name is never passed. */
    clade_status (*infer)(const clade_graph *graph, const graph_node *node, clade_shape *shape_out);
    /* Settings in words, e.g. "7x7 / 2, pad 3, relu". */
    void (*describe)(const clade_graph *graph, const graph_node *node, base_text *text);
    /* Multiply-adds for each image, or NULL. */
    uint64_t (*multiply_adds)(const clade_graph *graph, const graph_node *node);
} graph_op_info;

extern const graph_op_info *const graph_op_table[GRAPH_OP_COUNT];
#define OP(name, settings) extern const graph_op_info graph_##name##_info;
#include "graph/ops.inc"

/* ---- Building and rewriting (graph.c, edit.c) --------------------------------------------------------------------- */

/* A node about to be added. Fill in op, inputs, attributes and the shapes of the parameters it needs. */
typedef struct graph_new_node {
    graph_op op;
    const char *name; /* NULL: made up from the operator and a number */
    const clade_tensor *inputs;
    size_t input_count;
    graph_attributes attributes;
    clade_shape parameters[GRAPH_MAX_PARAMETERS]; /* rank 0: none */
} graph_new_node;

/* Checks ids, infers the shape, refuses taken names, then adds node, output tensor and parameters ("NAME.weight", ...), or
 * nothing at all. */
clade_status graph_add(clade_graph *graph, const graph_new_node *node, clade_tensor *output_out);

/* What every `clade_graph_NAME` checks first, and sets *output_out to no tensor: objects, tensors, settings, reserved words. */
clade_status graph_check_call(const clade_graph *graph, const char *op, const clade_tensor *inputs, size_t input_count,
                              const void *settings, const uint64_t *reserved, clade_tensor *output_out);
/* True when every reserved word is zero. */
bool graph_reserved_clear(const uint64_t *reserved, size_t count);
/* "failed to add OP "NAME" to [shapes of its inputs]: " and the rule. */
clade_status graph_refuse(const clade_graph *graph, const graph_node *node, clade_status status, const char *rule, ...)
    BASE_PRINTF(4, 5);
/* Fails unless an activation that may follow a layer is a known one. */
clade_status graph_check_activation(const clade_graph *graph, const char *op, const char *name,
                                    clade_activation activation);
/* ", relu" for an activation that follows a layer. */
void graph_describe_activation(base_text *text, clade_activation activation);

static inline graph_tensor *graph_tensor_of(const clade_graph *graph, clade_tensor tensor) {
    return &graph->tensors[tensor.id];
}
static inline const clade_shape *graph_shape_of(const clade_graph *graph, clade_tensor tensor) {
    return &graph->tensors[tensor.id].shape;
}
static inline bool graph_is_tensor(clade_tensor tensor) { return tensor.id >= 0; }
#define GRAPH_NO_TENSOR ((clade_tensor){GRAPH_NO_ID})

/* True when a node's parameters are operands, as in a graph for training. */
bool graph_has_given_parameters(const clade_graph *graph, const graph_node *node);

/* A deep copy of nodes and tensors; values and attachments are shared. */
clade_status graph_clone(const clade_graph *graph, clade_graph **clone_out);
/* Puts `batch` in place of CLADE_BATCH and infers all shapes again. */
clade_status graph_set_batch(clade_graph *graph, int64_t batch);

/* Writes node->words anew; to be called when attributes have changed (graph_compact does it for all). */
clade_status graph_describe(const clade_graph *graph, graph_node *node);
/* Appends a tensor without a node's checks; the name is copied. */
clade_status graph_add_tensor(clade_graph *graph, const char *name, clade_tensor_kind kind, const clade_shape *shape,
                              int32_t producer, clade_tensor *tensor_out);

/* Every use of `from` as node input or graph output becomes a use of `to`. */
void graph_replace_uses(clade_graph *graph, clade_tensor from, clade_tensor to);
bool graph_is_output(const clade_graph *graph, clade_tensor tensor);
/* The only node that reads `tensor`, or NULL when there are several uses (a node may read it twice) or it is a graph output. */
graph_node *graph_single_user(const clade_graph *graph, clade_tensor tensor);
/* The node that makes a tensor, or NULL. */
graph_node *graph_producer(const clade_graph *graph, clade_tensor tensor);
/* Marks node and output dead. Nothing may use the output any more. */
void graph_remove(clade_graph *graph, graph_node *node);
/* Removes the nodes whose results nobody needs for an output. */
clade_status graph_remove_unused(clade_graph *graph);
/* Adds a derived parameter. */
clade_status graph_derive(clade_graph *graph, const char *name, const clade_shape *shape, graph_derivation derivation,
                          const clade_tensor sources[3], double constant, clade_tensor *parameter_out);
/* Appends one more input to a node. */
clade_status graph_append_input(clade_graph *graph, graph_node *node, clade_tensor input);
/* Where input `i` of a concat begins in its result, along the axis. */
int64_t graph_concat_place(const clade_graph *graph, const graph_node *concat, size_t i);
/* A reorder node of `source` to layout `block`; goes to the end of the array (see graph_sort). */
clade_status graph_add_reorder(clade_graph *graph, clade_tensor source, int32_t block, clade_tensor *output_out);
/* Drops dead nodes and tensors that nothing needs, and puts nodes into execution order, stable. Ids change. */
clade_status graph_compact(clade_graph *graph);

/* ---- Parameters (parameter.c) --------------------------------------------------------------------------------------- */
/* Writes a parameter's values, given or derived, as float32. */
clade_status graph_evaluate(const clade_graph *graph, clade_tensor parameter, float *values_out);
void graph_fill(const graph_fill_rule *rule, float *values, size_t count); /* fill.c */
/* Makes a rule of a parameter's value; one that it has is let go of. */
clade_status graph_set_rule(const clade_graph *graph, graph_tensor *parameter, const graph_fill_rule *rule);
/* Random bits that follow from a seed and a number. */
uint64_t graph_random_bits(uint64_t seed, uint64_t index);
/* Gives up one hold on a value and clears the pointer; NULL is fine. */
void graph_value_release(base_env *env, graph_value **value);
/* Lets go of all values and attachments, of use only until the weights are on the device. */
void graph_drop_values(clade_graph *graph);
/* CLADE_ERROR_MISSING_WEIGHTS that names the first few parameters without values, and how many there are. */
clade_status graph_check_values(const clade_graph *graph);
/* Start and end of a slice along a dimension, none negative. */
void graph_slice_range(const clade_slice_settings *settings, const clade_shape *shape, int32_t d, int64_t *start_out,
                       int64_t *end_out);
/* The words for an activation, e.g. "relu". */
const char *graph_activation_name(clade_activation activation);

/* ---- Drawing (dot.c) ------------------------------------------------------------------------------------------------ */
/* What a plan adds to the picture of its graph. */
typedef struct graph_notes {
    const char *caption;   /* NULL: none */
    char *const *of_nodes; /* one a node, each may be NULL */
} graph_notes;
/* clade_graph_write_dot with notes, which may be NULL. */
clade_status graph_write_dot(const clade_graph *graph, const graph_notes *notes, clade_write_callback write,
                             void *user);

#endif
