/* onnx.h: what the parts of the ONNX importer share.
 *
 *   file --onnx_skeleton--> messages --onnx_import--> values and nodes --operators, one function each--> clade_graph
 *
 * A value is what the model gives a name: an activation of the graph, or a constant, which takes part in no run. Nodes are worked
 * off in the model's order. One whose inputs are all constants is folded, another is built; what neither can do is noted, and
 * all that was noted is refused at once. The weights themselves are not read: constants point into the mapped file. */
#ifndef IO_ONNX_H
#define IO_ONNX_H

#include "io/onnx_skeleton.h"

#include <clade/onnx.h>

/* ---- Constants ---------------------------------------------------------------------------------------------------- */

/* Elements as they are used, not as they are stored: shapes and indices are integers, weights are real. */
typedef struct onnx_constant {
    bool integer;
    clade_shape shape; /* rank 0 to CLADE_MAX_RANK; dimensions may be 0 */
    size_t count;      /* of elements */
    /* real */
    clade_type type;  /* of `data`; need not be aligned */
    const void *data; /* NULL: every element is `fill`, and there is no memory for them */
    bool mapped;      /* in a file, whose pages may be given back */
    float fill;
    /* integer */
    int64_t *integers;
    uint64_t open; /* bit i: element i is the open batch, whatever integers[i] says */
} onnx_constant;

enum { ONNX_MOST_INTEGERS = 1 << 20, ONNX_OPEN_BITS = 64 };

/* ---- Values and nodes --------------------------------------------------------------------------------------------- */
typedef enum onnx_state {
    ONNX_UNKNOWN = 0,  /* not made yet */
    ONNX_REFUSED = 1,  /* never to be made: its node is not supported, or stands behind such a one */
    ONNX_CONSTANT = 2, /* `constant` */
    ONNX_TENSOR = 3    /* `tensor` and what is still to be done to it */
} onnx_state;

typedef struct onnx_value {
    const char *name;
    onnx_state state;
    int64_t maker;                        /* index of its node; negative: an input or initializer */
    const Onnx__TensorProto *initializer; /* or NULL */
    const uint8_t *elements;              /* what its onnx_elements count from */
    bool needed;                          /* an output of the model follows from it */
    onnx_constant constant;
    clade_tensor tensor;
    /* A padding and a transpose, in this order, are put off: what reads the value may be able to do without. */
    bool padded, transposed;
    clade_padding padding;         /* with zeros, of the last two of four dimensions */
    int32_t order[CLADE_MAX_RANK]; /* dimension i is dimension order[i] of `tensor` */
    clade_tensor plain;            /* with what was put off done, once that was needed; else no tensor */
    bool named;                    /* a node of the graph has this name */
} onnx_value;

typedef struct onnx_operator onnx_operator;
typedef struct onnx_node onnx_node;

struct onnx_node {
    const Onnx__NodeProto *proto;
    const onnx_operator *op; /* NULL: there is none */
    int64_t opset;
    bool needed;                   /* an output of the model follows from it */
    const clade_lrn_settings *lrn; /* of a Div that ends a normalisation spelt out; else NULL */
};

typedef struct onnx_store onnx_store;
typedef struct onnx_refusal onnx_refusal;
typedef struct onnx_external onnx_external;

typedef struct onnx_import {
    base_env *env;
    clade_context *context;
    const io_file *file; /* `data` has the model */
    bool mapped;         /* `file` is, so that its pages can be given back */
    const clade_onnx_load_settings *settings;
    const Onnx__GraphProto *model;
    int64_t opset;
    clade_graph *graph;
    onnx_store *store;  /* the graph's */
    onnx_value *values; /* sorted by name */
    size_t value_count;
    onnx_node *nodes;
    size_t node_count;
    onnx_refusal *refusals; /* kinds of what is not supported */
    size_t refusal_count, refusal_capacity, refused_nodes;
    onnx_external *externals; /* other files */
    size_t external_count, external_capacity;
    size_t made_names;
    void **scratch; /* memory that goes when the import ends */
    size_t scratch_count, scratch_capacity;
} onnx_import;

/* ---- Memory (onnx_store.c) ---------------------------------------------------------------------------------------- */

/* What parameters borrow: the mapped files and constants that were computed. Attached to the graph, so it lives as long. */
clade_status onnx_store_create(onnx_import *job);
/* The store takes over a mapping. */
clade_status onnx_store_mapping(onnx_import *job, uint8_t *data, size_t size);
/* Memory that lives with the graph, or as long as the import. Their sum is bounded by the size of the file. */
clade_status onnx_store_allocate(onnx_import *job, uint64_t size, void **memory_out);
clade_status onnx_scratch_allocate(onnx_import *job, uint64_t size, void **memory_out);

/* ---- The way of an import (onnx_load.c goes it) -------------------------------------------------------------------- */

/* Finds all values and nodes, and refuses names that stand twice or nowhere, and nodes before their inputs. */
clade_status onnx_collect(onnx_import *job);
/* Finds local response normalisations that are spelt out (onnx_lrn_pattern.c). */
clade_status onnx_find_lrn(onnx_import *job);
/* Marks what the outputs need: nothing else is looked at any more. */
clade_status onnx_mark_needed(onnx_import *job);
/* Adds the model's inputs to the graph. */
clade_status onnx_add_inputs(onnx_import *job);
/* Works off the nodes and declares the outputs. */
clade_status onnx_build(onnx_import *job);

/* ---- Constants (onnx_tensor.c, onnx_constant.c) ------------------------------------------------------------------- */

/* Makes a constant of a message; `data` is the memory that its onnx_elements refer to. */
clade_status onnx_read_tensor(onnx_import *job, const Onnx__TensorProto *proto, const char *name, const uint8_t *data,
                              onnx_constant *constant_out);
/* Finds `size` bytes of a tensor in another file (onnx_external.c); the store holds that file. */
clade_status onnx_external_data(onnx_import *job, const Onnx__TensorProto *proto, const char *name, uint64_t size,
                                const uint8_t **data_out);
/* Elements of a shape that may have a rank or dimensions of 0; false on overflow. */
bool onnx_count(const clade_shape *shape, size_t *count_out);
/* An integer constant with room for its elements, all zero. */
clade_status onnx_new_integers(onnx_import *job, const clade_shape *shape, onnx_constant *constant_out);
/* A real constant of float32 with room for its elements at *values_out. */
clade_status onnx_new_reals(onnx_import *job, const clade_shape *shape, onnx_constant *constant_out,
                            float **values_out);
/* Element i of a real constant, or of an integer one that is not open. */
double onnx_element(const onnx_constant *constant, size_t i);
/* True when all elements are equal; then *value_out is one of them. */
bool onnx_is_uniform(const onnx_constant *constant, double *value_out);

/* Output 0 becomes a constant of the given shape whose element i is element source(user, i) of another. */
clade_status onnx_move(onnx_import *job, const onnx_node *node, const onnx_constant *from, const clade_shape *shape,
                       size_t (*source)(const void *user, size_t i), const void *user);
/* The shape that two are broadcast to, as in NumPy; false when they do not go together. Element i of it as one of a part. */
bool onnx_broadcast(const clade_shape *a, const clade_shape *b, clade_shape *shape_out);
size_t onnx_broadcast_source(const clade_shape *from, const clade_shape *to, size_t i);
/* Along which dimension of a value's tensor a constant runs that is broadcast to the value; -1: several, or not at all. */
int32_t onnx_constant_axis(const onnx_import *job, const onnx_value *value, const onnx_constant *constant);
/* True for the element types that count as float32 in a graph. */
bool onnx_is_real(int64_t type);

/* ---- Nodes as operators see them (onnx_node.c) -------------------------------------------------------------------- */

/* Input `index`, or NULL when the node leaves it out. Its state is ONNX_CONSTANT or ONNX_TENSOR. */
onnx_value *onnx_find_value(const onnx_import *job, const char *name);
onnx_value *onnx_input(const onnx_import *job, const onnx_node *node, size_t index);
/* True when output `index` is named and something needs it. */
bool onnx_wants_output(const onnx_import *job, const onnx_node *node, size_t index);
/* The tensor of input `index` as it is meant, with whatever had been put off. Refused when it is absent or a constant. */
clade_status onnx_input_tensor(onnx_import *job, const onnx_node *node, size_t index, clade_tensor *tensor_out);
/* The constant of input `index`; refused when it is absent or none. */
clade_status onnx_input_constant(onnx_import *job, const onnx_node *node, size_t index,
                                 const onnx_constant **constant_out);
/* The same for up to CLADE_MAX_RANK integers without an open batch. */
typedef struct onnx_integers {
    size_t count;
    int64_t at[2 * CLADE_MAX_RANK];
} onnx_integers;
clade_status onnx_input_integers(onnx_import *job, const onnx_node *node, size_t index, onnx_integers *integers_out);
/* Does what was put off: all of it, or the padding alone. */
clade_status onnx_materialise(onnx_import *job, const onnx_node *node, onnx_value *value, clade_tensor *tensor_out);
clade_status onnx_pad_now(onnx_import *job, const onnx_node *node, onnx_value *value);
/* Input `index` as images [N, C, H, W]; one of rank 3, [N, C, W], gets rows of one, and *row_out says so. With a padding_out a
 * padding that is put off is left to the caller. */
clade_status onnx_input_images(onnx_import *job, const onnx_node *node, size_t index, clade_padding *padding_out,
                               clade_tensor *images_out, bool *row_out);
/* The shape of a tensor of rank 4 with a padding around it; the sum of two paddings in `padding`. */
clade_shape onnx_padded_shape(const onnx_import *job, clade_tensor images, const clade_padding *padding);
clade_status onnx_add_padding(onnx_import *job, const onnx_node *node, clade_padding *padding,
                              const clade_padding *more);
/* The reverse for an output: `images` become output 0. */
clade_status onnx_set_images(onnx_import *job, const onnx_node *node, clade_tensor images, bool row);
/* The same elements under another shape; nothing happens where it is the same. An open batch must stay the first dimension. */
clade_status onnx_reshape(onnx_import *job, const onnx_node *node, clade_tensor input, clade_shape shape,
                          const char *name, clade_tensor *output_out);
/* Input `index` for an operator that treats all elements alike, so that a transpose may stay put off. Output 0 then inherits it. */
clade_status onnx_input_elements(onnx_import *job, const onnx_node *node, size_t index, clade_tensor *tensor_out);
void onnx_set_elements(onnx_import *job, const onnx_node *node, clade_tensor tensor, const onnx_value *like);
/* The shape of a value as the model sees it: of a tensor with what was put off, or of a constant. */
clade_shape onnx_shape(const onnx_import *job, const onnx_value *value);
clade_shape onnx_tensor_shape(const onnx_import *job, clade_tensor tensor);

/* Adds the operator that the settings name, of a tensor and a constant. */
clade_status onnx_add_binary_constant(onnx_import *job, const onnx_node *node, clade_binary_settings settings,
                                      clade_tensor input, const onnx_constant *constant, clade_tensor *output_out);

/* What an output becomes. */
void onnx_set_tensor(onnx_import *job, const onnx_node *node, size_t index, clade_tensor tensor);
/* Output 0 becomes another name of a value. */
void onnx_set_same(onnx_import *job, const onnx_node *node, const onnx_value *value);
void onnx_set_constant(onnx_import *job, const onnx_node *node, size_t index, const onnx_constant *constant);
onnx_value *onnx_output(const onnx_import *job, const onnx_node *node, size_t index);

/* A name for a node of the graph that nothing has yet, in scratch memory: the value's, for the first that asks; else made of it. */
clade_status onnx_name_after(onnx_import *job, onnx_value *value, const char **name_out);
/* The same for the node's first output. */
clade_status onnx_name(onnx_import *job, const onnx_node *node, const char **name_out);
/* A name made of it, for what comes before the node that gives the result. */
clade_status onnx_part_name(onnx_import *job, const onnx_node *node, const char **name_out);
/* NAME where the parameter is an initializer called "NAME.weight", else as onnx_name. */
clade_status onnx_name_by_weight(onnx_import *job, const onnx_node *node, size_t weight, const char **name_out);
/* Gives NODE.SUFFIX a value of the given shape, which has as many elements. */
clade_status onnx_set_parameter(onnx_import *job, const char *node, const char *suffix, const onnx_constant *constant,
                                clade_shape shape);

/* Attributes; absent ones give the default. Of another type: CLADE_ERROR_FORMAT. */
clade_status onnx_attribute_int(const onnx_import *job, const onnx_node *node, const char *name, int64_t fallback,
                                int64_t *value_out);
clade_status onnx_attribute_float(const onnx_import *job, const onnx_node *node, const char *name, float fallback,
                                  float *value_out);
/* Absent: count 0. */
clade_status onnx_attribute_ints(const onnx_import *job, const onnx_node *node, const char *name,
                                 onnx_integers *integers_out);
clade_status onnx_attribute_text(const onnx_import *job, const onnx_node *node, const char *name, const char *fallback,
                                 char *text_out, size_t size);
const Onnx__AttributeProto *onnx_attribute(const onnx_node *node, const char *name);
/* A list that is an attribute before opset `since`, then an input. Absent: *found_out is false. */
clade_status onnx_list(onnx_import *job, const onnx_node *node, const char *name, size_t input, int64_t since,
                       onnx_integers *integers_out, bool *found_out);
/* Counts an axis from the front; wrong when there is none of the kind. */
clade_status onnx_axis(const onnx_import *job, const onnx_node *node, int64_t axis, int32_t rank, int32_t *axis_out);

/* What a Slice takes of each dimension: `count` elements, every `step`th, which may be negative; of an open batch all. */
typedef struct onnx_range {
    int64_t start, count, step;
} onnx_range;
clade_status onnx_read_ranges(onnx_import *job, const onnx_node *node, const clade_shape *shape,
                              onnx_range ranges_out[CLADE_MAX_RANK]);

/* What is picked along a dimension: runs of elements, one behind the other (onnx_pick.c). */
enum { ONNX_MOST_RUNS = 64 };
typedef struct onnx_run {
    int64_t first, count;
} onnx_run;
typedef struct onnx_runs {
    size_t count;
    onnx_run at[ONNX_MOST_RUNS];
    bool full; /* there were more */
} onnx_runs;
void onnx_add_run(onnx_runs *runs, int64_t first, int64_t count);
/* The runs of `from` joined, as a node of that name. Refused when they are too many. */
clade_status onnx_pick(onnx_import *job, const onnx_node *node, clade_tensor from, int32_t axis, const onnx_runs *runs,
                       const char *name, clade_tensor *picked_out);

/* The window of a convolution or pooling over images of [height, width], from kernel_shape, strides, pads, dilations and auto_pad. */
typedef struct onnx_window {
    int32_t kernel[2], stride[2], dilation[2];
    clade_padding padding;
} onnx_window;
/* `kernel` has the size where it follows from the weights, else 0, and kernel_shape must say it. Rows have one spatial dimension. */
clade_status onnx_read_window(onnx_import *job, const onnx_node *node, const clade_shape *images, bool row,
                              const int64_t kernel[2], onnx_window *window_out);

/* ---- Refusals (onnx_report.c) ------------------------------------------------------------------------------------- */

/* Notes why a node is not supported; returns CLADE_ERROR_UNSUPPORTED. The import goes on to find the others. */
clade_status onnx_unsupported(onnx_import *job, const onnx_node *node, const char *reason, ...) BASE_PRINTF(3, 4);
/* Fails: the node is wrong, whoever reads it. */
clade_status onnx_wrong(const onnx_import *job, const onnx_node *node, const char *reason, ...) BASE_PRINTF(3, 4);
/* Passes on what a call on the graph returned; its message becomes the reason. */
clade_status onnx_checked(onnx_import *job, const onnx_node *node, clade_status status);
/* Fails with all that was noted, if anything. */
clade_status onnx_report(onnx_import *job);
void onnx_report_free(onnx_import *job);
/* What people call a node: its name, else its first output. */
const char *onnx_node_name(const onnx_node *node);

/* ---- Operators (onnx_operators.inc, onnx_operators.c) ------------------------------------------------------------- */

/* Builds the node: at least one input is a tensor. Or folds it: all are constants. */
typedef clade_status onnx_function(onnx_import *job, const onnx_node *node);

struct onnx_operator {
    const char *name;
    int64_t since, until;   /* opsets, both included */
    const char *attributes; /* that are known, each followed by a space */
    size_t least_inputs, most_inputs, outputs;
    onnx_function *build; /* NULL: only for constants */
    onnx_function *fold;  /* NULL: never for constants */
};
/* The operator of that name in an opset, or NULL; *other_out says whether it exists in other opsets. */
const onnx_operator *onnx_find_operator(const char *name, int64_t opset, bool *other_out);

onnx_function onnx_build_conv, onnx_build_pool, onnx_build_global_pool, onnx_build_gemm, onnx_build_matmul;
onnx_function onnx_build_batch_norm, onnx_build_lrn, onnx_build_softmax, onnx_build_activation, onnx_build_identity;
onnx_function onnx_build_arithmetic, onnx_build_concat, onnx_build_flatten, onnx_build_reshape, onnx_build_squeeze;
onnx_function onnx_build_transpose, onnx_build_gather, onnx_build_expand, onnx_build_pad, onnx_build_slice,
    onnx_build_split, onnx_build_mean;
onnx_function onnx_build_cast, onnx_build_clip, onnx_build_hard_sigmoid, onnx_build_prelu, onnx_build_dropout;
onnx_function onnx_build_lrn_spelt_out, onnx_build_neg, onnx_build_pow, onnx_build_root, onnx_build_many,
    onnx_build_smooth;
onnx_function onnx_fold_constant, onnx_fold_constant_of_shape, onnx_fold_range, onnx_fold_identity, onnx_fold_cast;
onnx_function onnx_fold_arithmetic, onnx_fold_unary, onnx_fold_gather, onnx_fold_concat, onnx_fold_slice;
onnx_function onnx_fold_reshape, onnx_fold_squeeze, onnx_fold_transpose, onnx_fold_expand, onnx_fold_where;
onnx_function onnx_shape_of, onnx_fold_flatten;

#endif
