/* merge.c: convolutions that read one tensor through equal windows become one, whose output has their channels side by side.
 *
 *        +-- 1x1 --> [a] --- concat --> [r]                               +-- [a] is channels [0, 64) of r
 *   x ---+-- 1x1 --> [b] --> 3x3                becomes    x --> 1x1 --> [m] = [b c a]
 *        +-- 1x1 --> [c] --> 5x5                                          +-- [b] and [c] are read where they lie
 *
 * One launch instead of several, x is read once, and the tiles of channels are filled better. The weights of m are the siblings'
 * one below the other, so that each of its channels is the same sum as before.
 *
 * A sibling that the pass concat has made the first slice of a concat's result cannot lie in m and in r, unless the two overlap.
 * So they do, as slices of a common memory s that is wider than both:
 *
 *              |<------- m ------->|
 *     s      = [   b   |   c   |   a   |   3x3   |   5x5   | ...  ]
 *                              |<------------- r --------------->|
 *
 * m is one run of channels, and so is r; neither the kernels that write them nor those that read them need to know. Nothing is
 * written twice: a is made by the merged convolution, the rest of r by those that made it before. The price is memory: b and c
 * stay for as long as r does.
 *
 * Valid for siblings that agree in all but their channels and bias, have neither groups nor residual, and end with the same
 * activation or with none: those without are the first of m's channels, and its activation begins behind them. In blocked layouts
 * a slice begins at a multiple of the block. Behind a sibling of another width m has channels whose weights and biases are zero: they
 * are that slice's padding lanes, unless the activation makes something else of 0. Left out are those that must lie elsewhere:
 * outputs of the graph, further slices of concats, tensors that must have no gaps between images. */
#include "pass/pass.h"

#include <string.h>

/* ---- Siblings ---------------------------------------------------------------------------------------------------------- */

static bool merge_has_slices(const clade_graph *graph, clade_tensor tensor) {
    for (size_t i = 0; i < graph->tensor_count; i++)
        if (!graph->tensors[i].dead && graph->tensors[i].parent.id == tensor.id) return true;
    return false;
}

/* The result of a concat of which `tensor` is the first slice, and that may become a slice itself; or no tensor. */
static clade_tensor merge_result_behind(const clade_graph *graph, clade_tensor tensor) {
    const graph_tensor *slice = graph_tensor_of(graph, tensor);
    const clade_tensor result = slice->parent;
    bool fits = graph_is_tensor(result) && slice->parent_channel == 0 && !graph_producer(graph, result) &&
                !graph_is_tensor(graph_tensor_of(graph, result)->parent) && !graph_is_output(graph, result) &&
                !pass_must_be_dense(graph, result);
    return fits ? result : GRAPH_NO_TENSOR;
}

/* Whether the channels of a convolution may become some of a wider one's. */
static bool merge_fits(const clade_graph *graph, const graph_node *node) {
    const graph_tensor *output = graph_tensor_of(graph, node->output);
    return !node->dead && node->op == GRAPH_OP_conv2d && node->attributes.conv2d.groups == 1 &&
           node->input_count == 1 &&
           (output->shape.dims[1] % output->block == 0 || node->attributes.conv2d.activation != CLADE_SIGMOID) &&
           !graph_is_output(graph, node->output) && !pass_must_be_dense(graph, node->output) &&
           !merge_has_slices(graph, node->output) &&
           (!graph_is_tensor(output->parent) || graph_is_tensor(merge_result_behind(graph, node->output)));
}

static bool merge_is_linear(const graph_node *node) {
    return node->attributes.conv2d.activation == CLADE_ACTIVATION_NONE;
}

static bool merge_are_siblings(const clade_graph *graph, const graph_node *a, const graph_node *b) {
    const clade_conv2d_settings *s = &a->attributes.conv2d, *t = &b->attributes.conv2d;
    return b->op == a->op && b->inputs[0].id == a->inputs[0].id &&
           graph_tensor_of(graph, a->output)->block == graph_tensor_of(graph, b->output)->block &&
           memcmp(s->kernel, t->kernel, sizeof s->kernel) == 0 && memcmp(s->stride, t->stride, sizeof s->stride) == 0 &&
           memcmp(s->dilation, t->dilation, sizeof s->dilation) == 0 &&
           memcmp(&s->padding, &t->padding, sizeof s->padding) == 0;
}

/* ---- Merging ----------------------------------------------------------------------------------------------------------- */

/* Siblings found so far: nodes of the graph in the order of their channels. */
typedef struct family {
    size_t *members;
    size_t count, linear_count; /* members without activation stand first */
    clade_tensor result;        /* of the concat that the last member lies in, or no tensor */
    int64_t channels;           /* of all members, in whole blocks */
} family;

static graph_node *merge_member(const clade_graph *graph, const family *f, size_t i) {
    return &graph->nodes[f->members[i]];
}

/* The channels that a member takes when another one follows. */
static int64_t merge_width(const clade_graph *graph, const family *f, size_t i) {
    const graph_tensor *output = graph_tensor_of(graph, merge_member(graph, f, i)->output);
    return base_round_up(output->shape.dims[1], output->block);
}

/* Kernels count elements in 32 bits. */
static bool merge_is_countable(const clade_graph *graph, clade_tensor tensor, int64_t channels) {
    clade_shape shape = *graph_shape_of(graph, tensor);
    int64_t elements = 0;
    shape.dims[1] = channels;
    return base_shape_elements(&shape, &elements) && elements <= INT32_MAX;
}

/* Whether a convolution's activation goes with those of the members: with theirs that have one, and so that what lies in a
 * concat's result can stand last. */
static bool merge_agrees(const clade_graph *graph, const family *f, const graph_node *node, bool is_slice) {
    const bool is_all_linear = f->linear_count == f->count;
    if (merge_is_linear(node)) return !is_slice || is_all_linear;
    if (is_all_linear) return !graph_is_tensor(f->result);
    const clade_conv2d_settings *s = &node->attributes.conv2d;
    const clade_conv2d_settings *t = &merge_member(graph, f, f->linear_count)->attributes.conv2d;
    return s->activation == t->activation && s->slope == t->slope;
}

static bool merge_adopt(const clade_graph *graph, family *f, size_t index) {
    const graph_node *node = &graph->nodes[index];
    const clade_tensor result = merge_result_behind(graph, node->output);
    const bool is_slice = graph_is_tensor(result), has_slice = graph_is_tensor(f->result);
    if ((is_slice && has_slice) || !merge_agrees(graph, f, node, is_slice)) return false;
    const clade_tensor behind = is_slice ? result : f->result;
    const graph_tensor *output = graph_tensor_of(graph, node->output);
    const int64_t channels = f->channels + base_round_up(output->shape.dims[1], output->block);
    const int64_t more = graph_is_tensor(behind) ? graph_shape_of(graph, behind)->dims[1] : 0;
    if (!merge_is_countable(graph, node->output, channels + more)) return false;

    size_t at = merge_is_linear(node) ? f->linear_count : f->count;
    if (has_slice && at == f->count) at--; /* the slice stays last */
    memmove(f->members + at + 1, f->members + at, (f->count - at) * sizeof *f->members);
    f->members[at] = index;
    f->count++;
    f->linear_count += merge_is_linear(node);
    f->result = behind;
    f->channels = channels;
    return true;
}

/* For each node the next one that reads the same tensor first, or graph->node_count; members of a family are along it. */
static void merge_chain_readers(const clade_graph *graph, size_t *next, size_t *first_reader) {
    for (size_t i = 0; i < graph->tensor_count; i++) first_reader[i] = graph->node_count;
    for (size_t i = graph->node_count; i-- > 0;) {
        size_t *reader = &first_reader[graph->nodes[i].inputs[0].id];
        next[i] = *reader;
        *reader = i;
    }
}

static void merge_find_family(const clade_graph *graph, const size_t *next, size_t first, family *f) {
    f->count = f->linear_count = 0;
    f->channels = 0;
    f->result = GRAPH_NO_TENSOR;
    if (next[first] == graph->node_count) return; /* the rest looks at all nodes */
    if (!merge_fits(graph, &graph->nodes[first]) || !merge_adopt(graph, f, first)) return;
    for (size_t i = next[first]; i < graph->node_count; i = next[i])
        if (merge_are_siblings(graph, &graph->nodes[first], &graph->nodes[i]) && merge_fits(graph, &graph->nodes[i]))
            (void)merge_adopt(graph, f, i);
}

/* The members' parameters one below the other, where any member has one. Between two there are rows of zeros where the first ends
 * inside a block: GRAPH_CONCAT_ROWS puts them there when the result has more rows than its sources. */
static clade_status merge_parameter(clade_graph *graph, const family *f, const graph_node *owner, int which,
                                    const char *role, clade_tensor *parameter_out) {
    int64_t before = 0;
    *parameter_out = GRAPH_NO_TENSOR;
    for (size_t i = 0; i < f->count; i++) {
        const graph_node *member = merge_member(graph, f, i);
        const clade_tensor next = member->parameters[which];
        const int64_t rows = before + graph_shape_of(graph, member->output)->dims[1];
        before += merge_width(graph, f, i);
        if (i == 0) *parameter_out = next;
        if (i == 0 || (!graph_is_tensor(*parameter_out) && !graph_is_tensor(next))) continue;
        clade_shape shape = *graph_shape_of(graph, graph_is_tensor(next) ? next : *parameter_out);
        shape.dims[0] = rows;
        FORWARD(pass_derive(graph, owner, role, &shape, GRAPH_CONCAT_ROWS,
                            (clade_tensor[]){*parameter_out, next, GRAPH_NO_TENSOR}, 0, parameter_out));
    }
    return CLADE_OK;
}

/* A tensor like `model` with other channels. */
static clade_status merge_add_tensor(clade_graph *graph, const char *name, clade_tensor model, int64_t channels,
                                     int32_t producer, clade_tensor *tensor_out) {
    clade_shape shape = *graph_shape_of(graph, model);
    shape.dims[1] = channels;
    FORWARD(graph_add_tensor(graph, name, CLADE_TENSOR_ACTIVATION, &shape, producer, tensor_out));
    graph_tensor_of(graph, *tensor_out)->block = graph_tensor_of(graph, model)->block;
    return CLADE_OK;
}

static void merge_put(clade_graph *graph, clade_tensor slice, clade_tensor parent, int64_t channel) {
    graph_tensor_of(graph, slice)->parent = parent;
    graph_tensor_of(graph, slice)->parent_channel = channel;
}

/* Makes each member's output a slice of `merged`, but for the one that lies in a concat's result: of that it stays one. */
static void merge_place_outputs(clade_graph *graph, const family *f, int32_t producer, clade_tensor merged) {
    int64_t channel = 0;
    for (size_t i = 0; i < f->count; i++) {
        const clade_tensor output = merge_member(graph, f, i)->output;
        graph_tensor *slice = graph_tensor_of(graph, output);
        if (!graph_is_tensor(slice->parent)) merge_put(graph, output, merged, channel);
        slice->producer = producer;
        channel += merge_width(graph, f, i);
    }
}

/* That of the members that have one, behind those that have none. */
static void merge_set_activation(const clade_graph *graph, const family *f, graph_node *node) {
    if (f->linear_count == f->count) return;
    const clade_conv2d_settings active = merge_member(graph, f, f->linear_count)->attributes.conv2d;
    node->attributes.conv2d.activation = active.activation;
    node->attributes.conv2d.slope = active.slope;
    for (size_t i = 0; i < f->linear_count; i++) node->linear_channels += (int32_t)merge_width(graph, f, i);
}

/* The merged convolution takes the place of the first of them, and the names of all. */
static clade_status merge_family(clade_graph *graph, const family *f, size_t first) {
    graph_node *node = &graph->nodes[first];
    clade_tensor weight, bias, merged, whole;
    const int64_t last = graph_shape_of(graph, merge_member(graph, f, f->count - 1)->output)->dims[1];
    const int64_t before = f->channels - merge_width(graph, f, f->count - 1), channels = before + last;
    for (size_t i = 0; i < f->count; i++) {
        if (f->members[i] == first) continue;
        char *name = base_format(graph->env, "%s + %s", node->name, merge_member(graph, f, i)->name);
        if (!name) return base_fail_memory(graph->env, strlen(node->name), "the name of a merged convolution");
        base_free(graph->env, node->name);
        node->name = name;
    }
    FORWARD(merge_parameter(graph, f, node, GRAPH_WEIGHT, "merged_weight", &weight));
    FORWARD(merge_parameter(graph, f, node, GRAPH_BIAS, "merged_bias", &bias));
    FORWARD(merge_add_tensor(graph, node->name, node->output, channels, (int32_t)first, &merged));
    merge_place_outputs(graph, f, (int32_t)first, merged);
    if (graph_is_tensor(f->result)) {
        const graph_tensor *result = graph_tensor_of(graph, f->result);
        char *name = base_format(graph->env, "%s and %s", node->name, result->name);
        if (!name) return base_fail_memory(graph->env, strlen(node->name), "the name of a merged tensor");
        const clade_status status =
            merge_add_tensor(graph, name, f->result, before + result->shape.dims[1], GRAPH_NO_ID, &whole);
        base_free(graph->env, name);
        FORWARD(status);
        merge_put(graph, merged, whole, 0);
        merge_put(graph, f->result, whole, before);
    }
    merge_set_activation(graph, f, node);
    for (size_t i = 0; i < f->count; i++)
        merge_member(graph, f, i)->dead = f->members[i] != first; /* their outputs live on */
    node->output = merged;
    node->parameters[GRAPH_WEIGHT] = weight;
    node->parameters[GRAPH_BIAS] = bias;
    node->attributes.conv2d.channels = (int32_t)channels;
    node->attributes.conv2d.no_bias = !graph_is_tensor(bias);
    return CLADE_OK;
}

clade_status pass_merge(clade_graph *graph, const pass_options *options) {
    (void)options;
    base_env *env = graph->env;
    clade_status status = CLADE_OK;
    family f = {.members = base_allocate_zero(env, graph->node_count, sizeof *f.members)};
    size_t *next = base_allocate_zero(env, graph->node_count, sizeof *next);
    size_t *first_reader = base_allocate_zero(env, graph->tensor_count, sizeof *first_reader);
    if (!f.members || !next || !first_reader)
        status = base_fail_memory(env, graph->node_count * sizeof *f.members, "merging convolutions");
    else
        merge_chain_readers(graph, next, first_reader);
    for (size_t i = 0; status == CLADE_OK && i < graph->node_count; i++) {
        merge_find_family(graph, next, i, &f);
        if (f.count > 1) status = merge_family(graph, &f, i);
    }
    base_free(env, f.members);
    base_free(env, next);
    base_free(env, first_reader);
    return status;
}
