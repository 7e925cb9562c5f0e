/* layout.c: which activations lie in channel blocks (NCHWc), and where they are converted.
 *
 *   input ---> conv2d ===> pool ===> conv2d ===> reorder ---> flatten ---> linear ---> output      --- plain   === blocked
 *
 * A convolution makes blocked results, since its kernel fills vectors with channels; one with groups does where these suit blocks
 * (depthwise convolution does), else it works on plain tensors. Elementwise operators, LRN
 * and pooling have no opinion and follow what they read; a binary or concat follows when any of its inputs is blocked. All other
 * operators read and write plain tensors, and so do the outside's buffers: inputs and outputs of the graph.
 *
 * Exceptions, each because the padding lanes of a blocked tensor hold zeros (ops.h):
 *   - a concat whose slices would begin inside a block, and that the pass align could not help, stays plain: its inputs would
 *     come to lie across the lanes;
 *   - a binary that makes something else of two zeros stays plain where there are padding lanes. Its operands have the result's
 *     shape, or one of them is a gate, one number for each channel of each image, or a constant of one number; what else is
 *     broadcast is plain.
 * A convolution without groups that reads fewer channels than a block takes a plain input as it is: most of the blocked form would be padding.
 *
 * In a graph for training the gradients of what has no opinion follow dy, and have what else is an image in its layout; the gradient
 * of a convolution's weight is plain, but made from what the convolution read and wrote. Statistics and parameters are plain.
 *
 * Reorders are as few as these choices allow: one for each tensor that is read in the other layout, shared by its readers. With
 * one pixel and whole blocks of channels ([N, C, 1, 1], after global pooling) both layouts are the same bytes; the reorder node
 * stands there all the same, and the plan makes nothing of it. */
#include "ops/ops.h"
#include "pass/pass.h"

typedef struct layout {
    clade_graph *graph;
    int32_t block;
    clade_tensor *twins; /* by tensor: its copy in the other layout, or no tensor */
} layout;

/* How many of a node's inputs, the first ones, are images in one layout; what follows is plain. */
static size_t layout_images(const graph_node *node) {
    switch (node->op) {
    case GRAPH_OP_norm_statistics:
    case GRAPH_OP_norm_apply:
    case GRAPH_OP_dropout_training:
        return 1;
    case GRAPH_OP_norm_sums:
    case GRAPH_OP_norm_gradient:
        return 2;
    default:
        return node->input_count;
    }
}

static bool layout_reads_blocked(const clade_graph *graph, const graph_node *node) {
    for (size_t i = 0; i < layout_images(node); i++)
        if (graph_tensor_of(graph, node->inputs[i])->block > 1) return true;
    return false;
}

/* Whether a binary's operand has the result's shape, or is a gate. */
static bool layout_operand_fits(const clade_shape *operand, const clade_shape *result) {
    const bool gate = operand->rank == 4 && result->rank == 4 && operand->dims[0] == result->dims[0] &&
                      operand->dims[1] == result->dims[1] && operand->dims[2] == 1 && operand->dims[3] == 1;
    return gate || base_shape_equal(operand, result);
}

static bool layout_is_number(const clade_shape *shape) {
    int64_t elements = 0;
    return base_shape_elements(shape, &elements) && elements == 1;
}

static bool layout_binary_fits(const clade_graph *graph, const graph_node *node, int32_t block) {
    const clade_binary_settings *s = &node->attributes.binary;
    const clade_shape *shape = graph_shape_of(graph, node->output);
    const bool constant = node->input_count == 1; /* 0 + 1, 0 / 0, 0 to the 0 are no zeros */
    const bool keeps_zeros =
        s->activation != CLADE_SIGMOID && s->kind != CLADE_DIVIDE && s->kind != CLADE_POWER && !constant;
    const bool fits =
        constant ? layout_is_number(&s->constant) : layout_operand_fits(graph_shape_of(graph, node->inputs[1]), shape);
    return fits && layout_operand_fits(graph_shape_of(graph, node->inputs[0]), shape) &&
           (shape->dims[1] % block == 0 || keeps_zeros);
}

static bool layout_conv_fits(const clade_graph *graph, const graph_node *node, int32_t block) {
    const int32_t groups = node->attributes.conv2d.groups;
    const int64_t in = graph_shape_of(graph, node->inputs[0])->dims[1],
                  out = graph_shape_of(graph, node->output)->dims[1];
    return ops_groups_suit_blocks(in, out, groups, block);
}

static bool layout_weights_fit(const clade_graph *graph, const graph_node *node, int32_t block) {
    const int64_t dy = graph_shape_of(graph, node->inputs[0])->dims[1],
                  x = graph_shape_of(graph, node->inputs[1])->dims[1];
    return ops_groups_suit_blocks(x, dy, node->attributes.conv2d_weights.groups, block);
}

/* The gradient of an average is larger than what it is made from: better that is put into blocks, which whole ones of channels can be,
 * than what follows. */
static bool layout_pool_gradient_grows(const clade_graph *graph, const graph_node *node, int32_t block) {
    return node->attributes.pool_gradient.pool.kind == CLADE_POOL_AVERAGE &&
           graph_shape_of(graph, node->output)->dims[1] % block == 0;
}

bool pass_makes_blocks(const clade_graph *graph, const graph_node *node, int32_t block) {
    switch (node->op) {
    case GRAPH_OP_conv2d:
        return layout_conv_fits(graph, node, block);
    case GRAPH_OP_pool:
    case GRAPH_OP_lrn:
    case GRAPH_OP_scale:
    case GRAPH_OP_activation:
    case GRAPH_OP_spread:
    case GRAPH_OP_lrn_gradient:
    case GRAPH_OP_activation_gradient:
    case GRAPH_OP_norm_apply:
    case GRAPH_OP_norm_gradient:
    case GRAPH_OP_dropout_training:
        return layout_reads_blocked(graph, node);
    case GRAPH_OP_pool_gradient:
        return layout_reads_blocked(graph, node) || layout_pool_gradient_grows(graph, node, block);
    case GRAPH_OP_binary:
        return layout_reads_blocked(graph, node) && layout_binary_fits(graph, node, block);
    case GRAPH_OP_concat:
        return layout_reads_blocked(graph, node) && node->attributes.concat.axis == 1 &&
               pass_slices_align(graph, node, block);
    default:
        return false;
    }
}

/* The block of a node's images. */
static int32_t layout_block(const layout *chosen, const graph_node *node) {
    switch (node->op) {
    case GRAPH_OP_conv2d_weights:
        return layout_weights_fit(chosen->graph, node, chosen->block) ? chosen->block : 1;
    case GRAPH_OP_channel_sum:
    case GRAPH_OP_norm_statistics:
    case GRAPH_OP_norm_sums:
        return layout_reads_blocked(chosen->graph, node) ? chosen->block : 1;
    default:
        return graph_tensor_of(chosen->graph, node->output)->block;
    }
}

/* The settings of the convolution that reads an input, or NULL. */
static const clade_conv2d_settings *layout_convolution(const graph_node *node, size_t input) {
    if (node->op == GRAPH_OP_conv2d && input == 0) return &node->attributes.conv2d;
    if (node->op == GRAPH_OP_conv2d_weights && input == 1) return &node->attributes.conv2d_weights;
    return NULL;
}

/* The block in which a node wants one of its inputs. */
static int32_t layout_wanted(const layout *chosen, const graph_node *node, size_t input) {
    const int32_t block = input < layout_images(node) ? layout_block(chosen, node) : 1;
    const graph_tensor *tensor = graph_tensor_of(chosen->graph, node->inputs[input]);
    const clade_conv2d_settings *convolution = layout_convolution(node, input);
    bool reads_few_channels = convolution && convolution->groups == 1 && tensor->shape.dims[1] < chosen->block;
    return reads_few_channels && block > 1 ? tensor->block : block;
}

/* `tensor`, or its twin when it lies in another block than `wanted`. */
static clade_status layout_convert(layout *chosen, clade_tensor tensor, int32_t wanted, clade_tensor *converted_out) {
    *converted_out = tensor;
    if (graph_tensor_of(chosen->graph, tensor)->block == wanted) return CLADE_OK;
    clade_tensor *twin = &chosen->twins[tensor.id];
    if (!graph_is_tensor(*twin)) FORWARD(graph_add_reorder(chosen->graph, tensor, wanted, twin));
    *converted_out = *twin;
    return CLADE_OK;
}

static clade_status layout_insert_reorders(layout *chosen) {
    clade_graph *graph = chosen->graph;
    const size_t nodes = graph->node_count; /* reorders come behind them */
    for (size_t i = 0; i < nodes; i++) {
        for (size_t k = 0; k < graph->nodes[i].input_count; k++) {
            const graph_node *node = &graph->nodes[i];
            clade_tensor converted;
            FORWARD(layout_convert(chosen, node->inputs[k], layout_wanted(chosen, node, k), &converted));
            graph->nodes[i].inputs[k] = converted;
        }
    }
    for (size_t i = 0; i < graph->output_count; i++)
        FORWARD(layout_convert(chosen, graph->outputs[i].tensor, 1, &graph->outputs[i].tensor));
    return CLADE_OK;
}

clade_status pass_layout(clade_graph *graph, const pass_options *options) {
    if (options->channel_block <= 1) return CLADE_OK;
    layout chosen = {.graph = graph, .block = options->channel_block};
    chosen.twins = base_allocate_zero(graph->env, graph->tensor_count, sizeof *chosen.twins);
    if (!chosen.twins) return base_fail_memory(graph->env, graph->tensor_count * sizeof *chosen.twins, "layouts");
    for (size_t i = 0; i < graph->tensor_count; i++) chosen.twins[i] = GRAPH_NO_TENSOR;

    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        graph_tensor_of(graph, node->output)->block = pass_makes_blocks(graph, node, chosen.block) ? chosen.block : 1;
    }
    clade_status status = layout_insert_reorders(&chosen);
    base_free(graph->env, chosen.twins);
    return status;
}
