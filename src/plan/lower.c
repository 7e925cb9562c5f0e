/* lower.c: from a node and where its tensors lie to the problem that the ops room solves. One small function an operator. */
#include "plan/lower.h"

/* ---- Tensors as ops sees them ------------------------------------------------------------------------------------------- */

ops_tensor lower_view_of(const lowering *l, clade_tensor tensor) {
    const graph_tensor *t = graph_tensor_of(l->graph, tensor);
    const int64_t *dims = t->shape.dims;
    const int32_t rank = t->shape.rank;
    int64_t width = 1;
    for (int32_t i = rank == 4 ? 3 : 2; i < rank; i++) width *= dims[i];
    return (ops_tensor){.n = (int32_t)dims[0],
                        .c = rank > 1 ? (int32_t)dims[1] : 1,
                        .h = rank == 4 ? (int32_t)dims[2] : 1,
                        .w = (int32_t)width,
                        .block = t->block,
                        .batch_stride = l->storage->locations[tensor.id].batch_stride};
}

void lower_plain_strides(const lowering *l, clade_tensor tensor, int64_t *strides) {
    const clade_shape *shape = graph_shape_of(l->graph, tensor);
    int64_t stride = 1;
    for (int32_t i = shape->rank - 1; i > 0; i--) {
        strides[i] = stride;
        stride *= shape->dims[i];
    }
    strides[0] = l->storage->locations[tensor.id].batch_stride;
}

/* ---- Operators ------------------------------------------------------------------------------------------------------------ */

static void lower_conv2d(lowering *l) {
    const clade_conv2d_settings *s = &l->node->attributes.conv2d;
    l->task->problem.kind = OPS_CONV2D;
    ops_conv2d *p = &l->task->problem.conv2d;
    *p = (ops_conv2d){.in = lower_input(l, 0),
                      .out = lower_output(l),
                      .kernel_h = s->kernel[0],
                      .kernel_w = s->kernel[1],
                      .stride_h = s->stride[0],
                      .stride_w = s->stride[1],
                      .dilation_h = s->dilation[0],
                      .dilation_w = s->dilation[1],
                      .pad_top = s->padding.top,
                      .pad_left = s->padding.left,
                      .groups = s->groups,
                      .has_bias = graph_is_tensor(l->node->parameters[GRAPH_BIAS]),
                      .has_residual = l->node->input_count > 1,
                      .activation = s->activation,
                      .slope = s->slope,
                      .linear_channels = l->node->linear_channels,
                      .weight_turned = l->node->weight_turned};
    if (p->has_residual) p->residual = lower_input(l, 1);
}

ops_pool lower_pool_of(const clade_pool_settings *s, ops_tensor in, ops_tensor out) {
    ops_pool p = {.in = in,
                  .out = out,
                  .kind = s->kind,
                  .kernel_h = s->kernel[0],
                  .kernel_w = s->kernel[1],
                  .stride_h = s->stride[0],
                  .stride_w = s->stride[1],
                  .pad_top = s->padding.top,
                  .pad_left = s->padding.left,
                  .pad_bottom = s->padding.bottom,
                  .pad_right = s->padding.right,
                  .count_include_pad = s->count_include_pad};
    if (!s->global) return p;
    p.kernel_h = in.h;
    p.kernel_w = in.w;
    p.stride_h = p.stride_w = 1;
    return p;
}

static void lower_pool(lowering *l) {
    l->task->problem.kind = OPS_POOL;
    ops_pool *p = &l->task->problem.pool;
    *p = lower_pool_of(&l->node->attributes.pool, lower_input(l, 0), lower_output(l));
    p->has_bias = graph_is_tensor(l->node->parameters[GRAPH_BIAS]);
    p->activation = l->node->pool_activation;
    p->slope = l->node->pool_slope;
}

static void lower_linear(lowering *l) {
    const clade_linear_settings *s = &l->node->attributes.linear;
    const ops_tensor in = lower_input(l, 0), out = lower_output(l);
    l->task->problem.kind = OPS_LINEAR;
    l->task->problem.linear = (ops_linear){.rows = in.n,
                                           .inputs = in.c * in.h * in.w, /* node_linear.c keeps it within int32 */
                                           .features = s->features,
                                           .in_stride = in.batch_stride,
                                           .out_stride = out.batch_stride,
                                           .has_bias = graph_is_tensor(l->node->parameters[GRAPH_BIAS]),
                                           .activation = s->activation,
                                           .slope = s->slope,
                                           .weight_turned = l->node->weight_turned};
}

static void lower_scale(lowering *l) {
    const clade_scale_settings *s = &l->node->attributes.scale;
    l->task->problem.kind = OPS_AFFINE;
    l->task->problem.affine = (ops_affine){.in = lower_input(l, 0),
                                           .out = lower_output(l),
                                           .factor = s->factor,
                                           .offset = s->offset,
                                           .has_scale = graph_is_tensor(l->node->parameters[GRAPH_WEIGHT]),
                                           .has_shift = graph_is_tensor(l->node->parameters[GRAPH_BIAS])};
}

static void lower_lrn(lowering *l) {
    const clade_lrn_settings *s = &l->node->attributes.lrn;
    l->task->problem.kind = OPS_LRN;
    l->task->problem.lrn = (ops_lrn){.in = lower_input(l, 0),
                                     .out = lower_output(l),
                                     .size = s->size,
                                     .alpha = s->alpha,
                                     .beta = s->beta,
                                     .k = s->k};
}

static void lower_activation(lowering *l) {
    const clade_activation_settings *s = &l->node->attributes.activation;
    l->task->problem.kind = OPS_ACTIVATION;
    l->task->problem.activation = (ops_activation){.in = lower_input(l, 0),
                                                   .out = lower_output(l),
                                                   .kind = s->kind,
                                                   .slope = s->slope,
                                                   .shared_slope = s->shared_slope};
}

/* An operand's own strides along the result's dimensions; 0 where it is broadcast. */
static void broadcast(const clade_shape *shape, const int64_t *own, const clade_shape *out, int64_t *strides) {
    for (int32_t i = 0; i < out->rank; i++) {
        const int32_t d = i - (out->rank - shape->rank);
        strides[i] = d < 0 || shape->dims[d] == 1 ? 0 : own[d];
    }
}

void lower_broadcast_strides(const lowering *l, clade_tensor tensor, const clade_shape *out, int64_t *strides) {
    int64_t own[CLADE_MAX_RANK] = {0};
    lower_plain_strides(l, tensor, own);
    broadcast(graph_shape_of(l->graph, tensor), own, out, strides);
}

/* A constant is dense. */
static void broadcast_constant(const clade_shape *shape, const clade_shape *out, int64_t *strides) {
    int64_t own[CLADE_MAX_RANK] = {0}, stride = 1;
    for (int32_t i = shape->rank - 1; i >= 0; stride *= shape->dims[i--]) own[i] = stride;
    broadcast(shape, own, out, strides);
}

/* Strides along images, blocks, rows, pixels and lanes of a tensor in blocks; one pixel is for all. */
static void blocked_strides(const ops_tensor *t, int64_t strides[5]) {
    strides[0] = t->batch_stride;
    strides[1] = (int64_t)t->h * t->w * t->block;
    strides[2] = t->h == 1 ? 0 : (int64_t)t->w * t->block;
    strides[3] = t->w == 1 ? 0 : t->block;
    strides[4] = 1;
}

/* In blocked layout each operand has the result's shape or one pixel, and padding lanes are elements like others. */
static void lower_binary(lowering *l) {
    const clade_binary_settings *s = &l->node->attributes.binary;
    const graph_tensor *out = graph_tensor_of(l->graph, l->node->output);
    l->task->problem.kind = OPS_BINARY;
    ops_binary *p = &l->task->problem.binary;
    *p = (ops_binary){.kind = s->kind,
                      .constant = s->constant.rank > 0,
                      .swap = s->swap,
                      .activation = s->activation,
                      .slope = s->slope};
    if (out->block > 1) {
        const ops_tensor view = lower_output(l), a = lower_input(l, 0);
        const int64_t dims[5] = {view.n, base_divide_up(view.c, view.block), view.h, view.w, view.block};
        p->rank = 5;
        for (int32_t i = 0; i < 5; i++) p->dims[i] = dims[i];
        blocked_strides(&a, p->stride_a);
        blocked_strides(&view, p->stride_out);
        if (p->constant) return; /* of one number */
        const ops_tensor b = lower_input(l, 1);
        blocked_strides(&b, p->stride_b);
        return;
    }
    p->rank = out->shape.rank;
    for (int32_t i = 0; i < p->rank; i++) p->dims[i] = out->shape.dims[i];
    lower_broadcast_strides(l, l->node->inputs[0], &out->shape, p->stride_a);
    if (p->constant)
        broadcast_constant(&s->constant, &out->shape, p->stride_b);
    else
        lower_broadcast_strides(l, l->node->inputs[1], &out->shape, p->stride_b);
    lower_plain_strides(l, l->node->output, p->stride_out);
}

/* Behind axis 1 the outer index runs through images and channels, which needs images without gaps: layout and concat leave softmax's
 * tensors alone, so only axis 1 may meet a batch stride of its own. */
int64_t lower_softmax_stride(const lowering *l, clade_tensor tensor, int32_t axis, int64_t run) {
    return axis == 1 ? l->storage->locations[tensor.id].batch_stride : run;
}

ops_softmax lower_softmax_of(const lowering *l, const clade_softmax_settings *settings) {
    const clade_shape *shape = graph_shape_of(l->graph, l->node->inputs[0]);
    const int32_t axis = settings->axis;
    int64_t outer = 1, inner = 1;
    for (int32_t i = 0; i < axis; i++) outer *= shape->dims[i];
    for (int32_t i = axis + 1; i < shape->rank; i++) inner *= shape->dims[i];
    const int64_t length = shape->dims[axis], run = length * inner;
    return (ops_softmax){.outer = outer,
                         .length = length,
                         .inner = inner,
                         .in_stride = lower_softmax_stride(l, l->node->inputs[0], axis, run),
                         .out_stride = lower_softmax_stride(l, l->node->output, axis, run),
                         .logarithm = settings->logarithm};
}

static void lower_softmax(lowering *l) {
    l->task->problem.kind = OPS_SOFTMAX;
    l->task->problem.softmax = lower_softmax_of(l, &l->node->attributes.softmax);
}

ops_copy *lower_start_copy(lowering *l, const clade_shape *shape) {
    l->task->problem.kind = OPS_COPY;
    ops_copy *p = &l->task->problem.copy;
    *p = (ops_copy){.rank = shape->rank};
    for (int32_t i = 0; i < shape->rank; i++) p->dims[i] = p->in_dims[i] = shape->dims[i];
    return p;
}

/* Flatten and reshape where the input or the result has gaps between its images, or lie in other memory: as a copy of images of
 * the input's shape. A result with another number of images has no gaps (pass_must_be_dense). */
static void lower_view(lowering *l) {
    const clade_shape *in = graph_shape_of(l->graph, l->node->inputs[0]);
    const bool same_images = in->dims[0] == graph_shape_of(l->graph, l->node->output)->dims[0];
    ops_copy *p = lower_start_copy(l, in);
    lower_plain_strides(l, l->node->inputs[0], p->stride_in);
    lower_plain_strides(l, l->node->inputs[0], p->stride_out);
    p->stride_out[0] = same_images ? l->storage->locations[l->node->output.id].batch_stride
                                   : plan_image_elements(graph_tensor_of(l->graph, l->node->inputs[0]));
}

static void lower_pad(lowering *l) {
    const clade_pad_settings *s = &l->node->attributes.pad;
    const clade_shape *in = graph_shape_of(l->graph, l->node->inputs[0]);
    ops_copy *p = lower_start_copy(l, graph_shape_of(l->graph, l->node->output));
    for (int32_t i = 0; i < p->rank; i++) {
        p->in_dims[i] = in->dims[i];
        p->low[i] = s->before[i];
    }
    p->value = s->value;
    lower_plain_strides(l, l->node->inputs[0], p->stride_in);
    lower_plain_strides(l, l->node->output, p->stride_out);
}

static void lower_transpose(lowering *l) {
    const int32_t *order = l->node->attributes.transpose.order;
    ops_copy *p = lower_start_copy(l, graph_shape_of(l->graph, l->node->output));
    int64_t strides[CLADE_MAX_RANK] = {0};
    lower_plain_strides(l, l->node->inputs[0], strides);
    for (int32_t i = 0; i < p->rank; i++) p->stride_in[i] = strides[order[i]];
    lower_plain_strides(l, l->node->output, p->stride_out);
}

static void lower_slice(lowering *l) {
    const clade_slice_settings *s = &l->node->attributes.slice;
    const clade_shape *in = graph_shape_of(l->graph, l->node->inputs[0]);
    ops_copy *p = lower_start_copy(l, graph_shape_of(l->graph, l->node->output));
    lower_plain_strides(l, l->node->inputs[0], p->stride_in);
    lower_plain_strides(l, l->node->output, p->stride_out);
    for (int32_t i = 0; i < p->rank; i++) {
        int64_t start = 0, end = 0;
        graph_slice_range(s, in, i, &start, &end);
        p->in_offset += start * p->stride_in[i];
        p->stride_in[i] *= p->dims[i] == 1 ? 1 : s->step[i]; /* a step over one element may be of any size */
    }
}

/* One input of a concat. In blocked layout, blocks take the place of channels; the layout pass sees to it that they align. */
static void lower_concat(lowering *l, size_t part) {
    const int32_t axis = l->node->attributes.concat.axis;
    const clade_tensor input = l->node->inputs[part];
    const graph_tensor *in = graph_tensor_of(l->graph, input), *out = graph_tensor_of(l->graph, l->node->output);
    const int64_t before = graph_concat_place(l->graph, l->node, part);
    ops_copy *p = lower_start_copy(l, &in->shape);
    if (out->block > 1) {
        const ops_tensor view = lower_view_of(l, input);
        const int64_t run = (int64_t)view.h * view.w * view.block;
        p->rank = 2;
        p->dims[0] = p->in_dims[0] = view.n;
        p->dims[1] = p->in_dims[1] = base_divide_up(view.c, view.block) * run;
        p->stride_in[0] = view.batch_stride;
        p->stride_out[0] = lower_output(l).batch_stride;
        p->stride_in[1] = p->stride_out[1] = 1;
        p->out_offset = before / view.block * run;
        return;
    }
    lower_plain_strides(l, input, p->stride_in);
    lower_plain_strides(l, l->node->output, p->stride_out);
    p->out_offset = before * p->stride_out[axis];
}

static void lower_mean(lowering *l) {
    const clade_mean_settings *s = &l->node->attributes.mean;
    const clade_shape *in = graph_shape_of(l->graph, l->node->inputs[0]);
    int64_t strides_in[CLADE_MAX_RANK] = {0}, strides_out[CLADE_MAX_RANK] = {0};
    lower_plain_strides(l, l->node->inputs[0], strides_in);
    lower_plain_strides(l, l->node->output, strides_out);
    l->task->problem.kind = OPS_MEAN;
    ops_mean *p = &l->task->problem.mean;
    *p = (ops_mean){.rank = 0};
    for (int32_t i = 0, o = 0; i < in->rank; i++) {
        if (s->axes[i]) {
            p->reduce_dims[p->reduce_rank] = in->dims[i];
            p->reduce_stride[p->reduce_rank++] = strides_in[i];
            o += !s->drop;
            continue;
        }
        p->dims[p->rank] = in->dims[i];
        p->stride_in[p->rank] = strides_in[i];
        p->stride_out[p->rank++] = strides_out[o++];
    }
    if (p->rank == 0) p->dims[p->rank++] = 1; /* the mean of everything is one element */
}

static void lower_reorder(lowering *l) {
    l->task->problem.kind = OPS_REORDER;
    l->task->problem.reorder = (ops_reorder){.in = lower_input(l, 0), .out = lower_output(l)};
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------------------ */

size_t plan_part_count(const clade_graph *graph, const plan_storage *storage, size_t node) {
    const graph_node *n = &graph->nodes[node];
    if (storage->locations[n->output.id].aliased) return 0;
    return n->op == GRAPH_OP_concat ? n->input_count : 1;
}

/* The function of an operator; NULL: no pass should have left it. Concat has problems of its own for each input. */
static void (*const lower_table[GRAPH_OP_COUNT])(lowering *l) = {
    [GRAPH_OP_conv2d] = lower_conv2d,
    [GRAPH_OP_pool] = lower_pool,
    [GRAPH_OP_linear] = lower_linear,
    [GRAPH_OP_lrn] = lower_lrn,
    [GRAPH_OP_binary] = lower_binary,
    [GRAPH_OP_scale] = lower_scale,
    [GRAPH_OP_activation] = lower_activation,
    [GRAPH_OP_softmax] = lower_softmax,
    [GRAPH_OP_flatten] = lower_view,
    [GRAPH_OP_reshape] = lower_view,
    [GRAPH_OP_pad] = lower_pad,
    [GRAPH_OP_transpose] = lower_transpose,
    [GRAPH_OP_slice] = lower_slice,
    [GRAPH_OP_mean] = lower_mean,
    [GRAPH_OP_reorder] = lower_reorder,
    [GRAPH_OP_conv2d_weights] = lower_conv2d_weights,
    [GRAPH_OP_linear_weights] = lower_linear_weights,
    [GRAPH_OP_channel_sum] = lower_channel_sum,
    [GRAPH_OP_spread] = lower_spread,
    [GRAPH_OP_pool_gradient] = lower_pool_gradient,
    [GRAPH_OP_lrn_gradient] = lower_lrn_gradient,
    [GRAPH_OP_activation_gradient] = lower_activation_gradient,
    [GRAPH_OP_softmax_gradient] = lower_softmax_gradient,
    [GRAPH_OP_cross_entropy] = lower_cross_entropy,
    [GRAPH_OP_cross_entropy_gradient] = lower_cross_entropy_gradient,
    [GRAPH_OP_norm_statistics] = lower_norm_statistics,
    [GRAPH_OP_norm_apply] = lower_norm_apply,
    [GRAPH_OP_norm_sums] = lower_norm_sums,
    [GRAPH_OP_norm_gradient] = lower_norm_gradient,
    [GRAPH_OP_dropout_training] = lower_dropout_training,
    [GRAPH_OP_expand] = lower_expand,
};

/* Operands beside the parameters: those come behind them, at OPS_GIVEN_WEIGHT. */
static void take_inputs(lowering *l, size_t first, size_t count) {
    const graph_node *node = l->node;
    for (size_t i = 0; i < OPS_MAX_INPUTS; i++)
        l->task->inputs[i] = i < count ? node->inputs[first + i] : GRAPH_NO_TENSOR;
    if (!graph_has_given_parameters(l->graph, node)) return;
    l->task->inputs[OPS_GIVEN_WEIGHT] = node->parameters[GRAPH_WEIGHT];
    l->task->inputs[OPS_GIVEN_BIAS] = node->parameters[GRAPH_BIAS];
    l->task->problem.given = true;
}

clade_status plan_lower(const clade_graph *graph, const plan_storage *storage, size_t node, size_t part,
                        plan_task *task_out) {
    *task_out = (plan_task){.output = graph->nodes[node].output};
    lowering l = {.graph = graph, .storage = storage, .node = &graph->nodes[node], .task = task_out};
    const bool is_concat = l.node->op == GRAPH_OP_concat;
    take_inputs(&l, is_concat ? part : 0, is_concat ? 1 : l.node->input_count);
    if (is_concat) {
        lower_concat(&l, part);
        return CLADE_OK;
    }
    if (!lower_table[l.node->op])
        return base_fail(graph->env, CLADE_ERROR_INTERNAL, "failed to lower %s \"%s\": no pass has rewritten it",
                         graph_op_table[l.node->op]->name, l.node->name);
    lower_table[l.node->op](&l);
    return CLADE_OK;
}
