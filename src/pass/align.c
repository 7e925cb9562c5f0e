/* align.c: in a concat's result each slice begins at a whole block of channels, whatever the widths.
 *
 *   a [20] --+                                           a           b
 *            +-- concat --> r [50]      becomes      r [ 20 | 12 x 0 | 30 ]      in blocks of 16: a begins at 0, b at 32
 *   b [30] --+
 *
 * Then r can lie in channel blocks, and the pass concat can have a and b made right where they lie in it: the padding lanes of a's
 * last block, which hold zeros, become channels of r. Without this pass r would be plain, and all that follows from it.
 *
 * Who reads r has to do with gaps among the channels. Convolutions and fully connected layers get zeros among their weights, which
 * stand for the channels of a gap. What works on each channel by itself (pooling, activations, scales, means over rows and columns)
 * makes a result with the same gaps, and a flatten makes wider ones; there a gap may come to hold any finite number, for weights of
 * zero follow. So may a concat. All others need the channels as they were, and so does the outside: when any of them reads r, or
 * what is made of r, the concat stays as it is.
 *
 * The price is products with zeros: 12 channels of 62 in the example, a few in a hundred in wider networks. */
#include "pass/pass.h"

/* Channels [at, at + count) of a tensor that stand for nothing. */
typedef struct align_gap {
    int64_t at, count;
} align_gap;

typedef struct aligner {
    clade_graph *graph;
    int32_t block;
    bool *takes_gaps;      /* by tensor: whether gaps are no trouble for who reads it */
    size_t *first, *count; /* by tensor: which of the gaps are its own, in the order of channels */
    align_gap *gaps;
    size_t gap_count, gap_capacity;
} aligner;

/* ---- Who can do with gaps ---------------------------------------------------------------------------------------------- */

static bool align_reader_takes_gaps(const aligner *a, const graph_node *node, size_t input) {
    const bool result_may_have_gaps = a->takes_gaps[node->output.id];
    switch (node->op) {
    case GRAPH_OP_conv2d:
        return node->attributes.conv2d.groups == 1 && input == 0;
    case GRAPH_OP_linear:
        return true;
    case GRAPH_OP_activation: /* the logarithm of a gap is not finite */
        return result_may_have_gaps && node->attributes.activation.kind != CLADE_LOG;
    case GRAPH_OP_pool:
    case GRAPH_OP_scale:
    case GRAPH_OP_flatten:
        return result_may_have_gaps;
    case GRAPH_OP_concat:
        return result_may_have_gaps && node->attributes.concat.axis == 1;
    case GRAPH_OP_mean:
        return result_may_have_gaps && !node->attributes.mean.axes[0] && !node->attributes.mean.axes[1];
    default:
        return false;
    }
}

static void align_find_takers(aligner *a) {
    const clade_graph *graph = a->graph;
    for (size_t i = 0; i < graph->tensor_count; i++) a->takes_gaps[i] = true;
    for (size_t i = 0; i < graph->output_count; i++) a->takes_gaps[graph->outputs[i].tensor.id] = false;
    for (size_t i = graph->node_count; i-- > 0;) /* what reads a result comes before what made it */
        for (size_t k = 0; k < graph->nodes[i].input_count; k++)
            if (!align_reader_takes_gaps(a, &graph->nodes[i], k)) a->takes_gaps[graph->nodes[i].inputs[k].id] = false;
}

/* ---- Gaps -------------------------------------------------------------------------------------------------------------- */

static clade_status align_add_gap(aligner *a, clade_tensor tensor, int64_t at, int64_t count) {
    if (count == 0) return CLADE_OK;
    if (!base_grow(a->graph->env, &a->gaps, sizeof *a->gaps, a->gap_count, &a->gap_capacity))
        return base_fail_memory(a->graph->env, 2 * a->gap_capacity * sizeof *a->gaps, "gaps among channels");
    if (a->count[tensor.id]++ == 0) a->first[tensor.id] = a->gap_count;
    a->gaps[a->gap_count++] = (align_gap){at, count};
    return CLADE_OK;
}

/* Gives `to` the gaps of `from`, of which a channel is `unit` channels of `to`, the first of them `at`. */
static clade_status align_pass_on(aligner *a, clade_tensor from, clade_tensor to, int64_t unit, int64_t at) {
    for (size_t i = 0; i < a->count[from.id]; i++) {
        const align_gap gap = a->gaps[a->first[from.id] + i];
        FORWARD(align_add_gap(a, to, at + gap.at * unit, gap.count * unit));
    }
    return CLADE_OK;
}

/* Puts zeros into a parameter where `tensor` has gaps; a channel is `unit` elements along the parameter's axis. */
static clade_status align_parameter(aligner *a, graph_node *node, int which, clade_tensor tensor, int64_t unit) {
    clade_tensor *parameter = &node->parameters[which];
    if (!graph_is_tensor(*parameter)) return CLADE_OK;
    for (size_t i = 0; i < a->count[tensor.id]; i++) {
        const align_gap gap = a->gaps[a->first[tensor.id] + i];
        clade_shape shape = *graph_shape_of(a->graph, *parameter);
        shape.dims[shape.rank == 1 ? 0 : 1] += gap.count * unit;
        FORWARD(pass_derive(a->graph, node, which == GRAPH_BIAS ? "aligned_bias" : "aligned_weight", &shape,
                            GRAPH_INSERT_CHANNELS, (clade_tensor[]){*parameter, GRAPH_NO_TENSOR, GRAPH_NO_TENSOR},
                            (double)(gap.at * unit), parameter));
    }
    return CLADE_OK;
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------------- */

/* Elements of a channel of one image. */
static int64_t align_plane(const clade_graph *graph, clade_tensor tensor) {
    const clade_shape *shape = graph_shape_of(graph, tensor);
    int64_t plane = 1;
    for (int32_t i = 2; i < shape->rank; i++) plane *= shape->dims[i];
    return plane;
}

/* Aligns a concat that would be plain otherwise. Kernels count elements in 32 bits. */
static clade_status align_concat(aligner *a, graph_node *node) {
    if (pass_slices_align(a->graph, node, a->block) || !a->takes_gaps[node->output.id]) return CLADE_OK;
    node->concat_align = a->block;
    clade_shape shape;
    int64_t elements = 0;
    FORWARD(graph_concat_info.infer(a->graph, node, &shape));
    if (!pass_makes_blocks(a->graph, node, a->block) || !base_shape_elements(&shape, &elements) || elements > INT32_MAX)
        node->concat_align = 0;
    return CLADE_OK;
}

static clade_status align_find_gaps_of_concat(aligner *a, const graph_node *node) {
    int64_t end = 0;
    for (size_t i = 0; i < node->input_count; i++) {
        const int64_t begin = graph_concat_place(a->graph, node, i);
        FORWARD(align_add_gap(a, node->output, end, begin - end));
        FORWARD(align_pass_on(a, node->inputs[i], node->output, 1, begin));
        end = begin + graph_shape_of(a->graph, node->inputs[i])->dims[1];
    }
    return CLADE_OK;
}

/* Does what the gaps of a node's inputs ask for, and finds those of its result. */
static clade_status align_node(aligner *a, graph_node *node) {
    const clade_tensor input = node->inputs[0];
    switch (node->op) {
    case GRAPH_OP_conv2d:
        return align_parameter(a, node, GRAPH_WEIGHT, input, 1);
    case GRAPH_OP_linear:
        return align_parameter(a, node, GRAPH_WEIGHT, input, align_plane(a->graph, input));
    case GRAPH_OP_flatten:
        return align_pass_on(a, input, node->output, align_plane(a->graph, input), 0);
    case GRAPH_OP_concat:
        if (node->attributes.concat.axis != 1) return CLADE_OK;
        FORWARD(align_concat(a, node));
        return align_find_gaps_of_concat(a, node);
    case GRAPH_OP_activation:
        if (!node->attributes.activation.shared_slope) FORWARD(align_parameter(a, node, GRAPH_WEIGHT, input, 1));
        return align_pass_on(a, input, node->output, 1, 0);
    case GRAPH_OP_scale:
        FORWARD(align_parameter(a, node, GRAPH_WEIGHT, input, 1));
        FORWARD(align_parameter(a, node, GRAPH_BIAS, input, 1));
        return align_pass_on(a, input, node->output, 1, 0);
    case GRAPH_OP_pool:
        FORWARD(align_parameter(a, node, GRAPH_BIAS, input, 1));
        return align_pass_on(a, input, node->output, 1, 0);
    case GRAPH_OP_mean:
        return align_pass_on(a, input, node->output, 1, 0);
    default:
        return CLADE_OK; /* its inputs have none */
    }
}

/* Goes through the nodes as the pass layout will, and chooses the same layouts: what is not aligned may decide what is blocked. */
static clade_status align_all(aligner *a) {
    for (size_t i = 0; i < a->graph->node_count; i++) {
        graph_node *node = &a->graph->nodes[i];
        clade_shape shape;
        FORWARD(align_node(a, node));
        FORWARD(graph_op_table[node->op]->infer(a->graph, node, &shape));
        graph_tensor *output = graph_tensor_of(a->graph, node->output);
        output->shape = shape;
        output->block = pass_makes_blocks(a->graph, node, a->block) ? a->block : 1;
    }
    for (size_t i = 0; i < a->graph->tensor_count; i++) a->graph->tensors[i].block = 1; /* the pass layout's to say */
    return CLADE_OK;
}

clade_status pass_align(clade_graph *graph, const pass_options *options) {
    if (options->channel_block <= 1 || (options->disabled & CLADE_PASS_LAYOUT) != 0) return CLADE_OK;
    base_env *env = graph->env;
    const size_t tensors = graph->tensor_count;
    aligner a = {.graph = graph, .block = options->channel_block};
    a.takes_gaps = base_allocate_zero(env, tensors, sizeof *a.takes_gaps);
    a.first = base_allocate_zero(env, tensors, sizeof *a.first);
    a.count = base_allocate_zero(env, tensors, sizeof *a.count);
    clade_status status = CLADE_OK;
    if (!a.takes_gaps || !a.first || !a.count)
        status = base_fail_memory(env, tensors * sizeof *a.first, "aligning concats");
    if (status == CLADE_OK) align_find_takers(&a);
    if (status == CLADE_OK) status = align_all(&a);
    base_free(env, a.takes_gaps);
    base_free(env, a.first);
    base_free(env, a.count);
    base_free(env, a.gaps);
    return status;
}
