/* lower.c: from a node and where its tensors lie to the problem that the ops room solves. One small function an operator. */
#include "plan/plan.h"

typedef struct lowering {
    const clade_graph *graph;
    const plan_storage *storage;
    const graph_node *node;
    plan_task *task;
} lowering;

/* ---- Tensors as ops sees them ------------------------------------------------------------------------------------------- */

/* Images of channels of rows of pixels; what has fewer dimensions gets ones, what has more is one long row. */
static ops_tensor image_view(const lowering *l, clade_tensor tensor) {
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

static ops_tensor input_view(const lowering *l, size_t i) { return image_view(l, l->node->inputs[i]); }
static ops_tensor output_view(const lowering *l) { return image_view(l, l->node->output); }

/* Strides, in elements, of a tensor in NCHW. */
static void plain_strides(const lowering *l, clade_tensor tensor, int64_t *strides) {
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
    *p = (ops_conv2d){.in = input_view(l, 0),
                      .out = output_view(l),
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
                      .linear_channels = l->node->linear_channels};
    if (p->has_residual) p->residual = input_view(l, 1);
}

static void lower_pool(lowering *l) {
    const clade_pool_settings *s = &l->node->attributes.pool;
    l->task->problem.kind = OPS_POOL;
    ops_pool *p = &l->task->problem.pool;
    *p = (ops_pool){.in = input_view(l, 0),
                    .out = output_view(l),
                    .kind = s->kind,
                    .kernel_h = s->kernel[0],
                    .kernel_w = s->kernel[1],
                    .stride_h = s->stride[0],
                    .stride_w = s->stride[1],
                    .pad_top = s->padding.top,
                    .pad_left = s->padding.left,
                    .pad_bottom = s->padding.bottom,
                    .pad_right = s->padding.right,
                    .count_include_pad = s->count_include_pad,
                    .has_bias = graph_is_tensor(l->node->parameters[GRAPH_BIAS]),
                    .activation = l->node->pool_activation,
                    .slope = l->node->pool_slope};
    if (!s->global) return;
    p->kernel_h = p->in.h;
    p->kernel_w = p->in.w;
    p->stride_h = p->stride_w = 1;
}

static void lower_linear(lowering *l) {
    const clade_linear_settings *s = &l->node->attributes.linear;
    const ops_tensor in = input_view(l, 0), out = output_view(l);
    l->task->problem.kind = OPS_LINEAR;
    l->task->problem.linear = (ops_linear){.rows = in.n,
                                           .inputs = in.c * in.h * in.w, /* node_linear.c keeps it within int32 */
                                           .features = s->features,
                                           .in_stride = in.batch_stride,
                                           .out_stride = out.batch_stride,
                                           .has_bias = graph_is_tensor(l->node->parameters[GRAPH_BIAS]),
                                           .activation = s->activation,
                                           .slope = s->slope};
}

static void lower_scale(lowering *l) {
    const clade_scale_settings *s = &l->node->attributes.scale;
    l->task->problem.kind = OPS_AFFINE;
    l->task->problem.affine = (ops_affine){.in = input_view(l, 0),
                                           .out = output_view(l),
                                           .factor = s->factor,
                                           .offset = s->offset,
                                           .has_scale = graph_is_tensor(l->node->parameters[GRAPH_WEIGHT]),
                                           .has_shift = graph_is_tensor(l->node->parameters[GRAPH_BIAS])};
}

static void lower_lrn(lowering *l) {
    const clade_lrn_settings *s = &l->node->attributes.lrn;
    l->task->problem.kind = OPS_LRN;
    l->task->problem.lrn = (ops_lrn){
        .in = input_view(l, 0), .out = output_view(l), .size = s->size, .alpha = s->alpha, .beta = s->beta, .k = s->k};
}

static void lower_activation(lowering *l) {
    const clade_activation_settings *s = &l->node->attributes.activation;
    l->task->problem.kind = OPS_ACTIVATION;
    l->task->problem.activation = (ops_activation){.in = input_view(l, 0),
                                                   .out = output_view(l),
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

static void broadcast_tensor(const lowering *l, clade_tensor tensor, const clade_shape *out, int64_t *strides) {
    int64_t own[CLADE_MAX_RANK] = {0};
    plain_strides(l, tensor, own);
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
        const ops_tensor view = output_view(l), a = input_view(l, 0);
        const int64_t dims[5] = {view.n, base_divide_up(view.c, view.block), view.h, view.w, view.block};
        p->rank = 5;
        for (int32_t i = 0; i < 5; i++) p->dims[i] = dims[i];
        blocked_strides(&a, p->stride_a);
        blocked_strides(&view, p->stride_out);
        if (p->constant) return; /* of one number */
        const ops_tensor b = input_view(l, 1);
        blocked_strides(&b, p->stride_b);
        return;
    }
    p->rank = out->shape.rank;
    for (int32_t i = 0; i < p->rank; i++) p->dims[i] = out->shape.dims[i];
    broadcast_tensor(l, l->node->inputs[0], &out->shape, p->stride_a);
    if (p->constant)
        broadcast_constant(&s->constant, &out->shape, p->stride_b);
    else
        broadcast_tensor(l, l->node->inputs[1], &out->shape, p->stride_b);
    plain_strides(l, l->node->output, p->stride_out);
}

static void lower_softmax(lowering *l) {
    const clade_shape *shape = graph_shape_of(l->graph, l->node->inputs[0]);
    const int32_t axis = l->node->attributes.softmax.axis;
    int64_t outer = 1, inner = 1;
    for (int32_t i = 0; i < axis; i++) outer *= shape->dims[i];
    for (int32_t i = axis + 1; i < shape->rank; i++) inner *= shape->dims[i];
    /* Behind axis 1 the outer index runs through images and channels, which needs images without gaps: layout and concat
     * leave softmax's tensors alone, so only axis 1 may meet a batch stride of its own. */
    const int64_t length = shape->dims[axis], run = length * inner;
    l->task->problem.kind = OPS_SOFTMAX;
    l->task->problem.softmax =
        (ops_softmax){.outer = outer,
                      .length = length,
                      .inner = inner,
                      .in_stride = axis == 1 ? l->storage->locations[l->node->inputs[0].id].batch_stride : run,
                      .out_stride = axis == 1 ? l->storage->locations[l->node->output.id].batch_stride : run,
                      .logarithm = l->node->attributes.softmax.logarithm};
}

/* A copy of a whole tensor of the given shape, strides to be set. */
static ops_copy *start_copy(lowering *l, const clade_shape *shape) {
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
    ops_copy *p = start_copy(l, in);
    plain_strides(l, l->node->inputs[0], p->stride_in);
    plain_strides(l, l->node->inputs[0], p->stride_out);
    p->stride_out[0] = same_images ? l->storage->locations[l->node->output.id].batch_stride
                                   : plan_image_elements(graph_tensor_of(l->graph, l->node->inputs[0]));
}

static void lower_pad(lowering *l) {
    const clade_pad_settings *s = &l->node->attributes.pad;
    const clade_shape *in = graph_shape_of(l->graph, l->node->inputs[0]);
    ops_copy *p = start_copy(l, graph_shape_of(l->graph, l->node->output));
    for (int32_t i = 0; i < p->rank; i++) {
        p->in_dims[i] = in->dims[i];
        p->low[i] = s->before[i];
    }
    p->value = s->value;
    plain_strides(l, l->node->inputs[0], p->stride_in);
    plain_strides(l, l->node->output, p->stride_out);
}

static void lower_transpose(lowering *l) {
    const int32_t *order = l->node->attributes.transpose.order;
    ops_copy *p = start_copy(l, graph_shape_of(l->graph, l->node->output));
    int64_t strides[CLADE_MAX_RANK] = {0};
    plain_strides(l, l->node->inputs[0], strides);
    for (int32_t i = 0; i < p->rank; i++) p->stride_in[i] = strides[order[i]];
    plain_strides(l, l->node->output, p->stride_out);
}

static void lower_slice(lowering *l) {
    const clade_slice_settings *s = &l->node->attributes.slice;
    const clade_shape *in = graph_shape_of(l->graph, l->node->inputs[0]);
    ops_copy *p = start_copy(l, graph_shape_of(l->graph, l->node->output));
    plain_strides(l, l->node->inputs[0], p->stride_in);
    plain_strides(l, l->node->output, p->stride_out);
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
    ops_copy *p = start_copy(l, &in->shape);
    if (out->block > 1) {
        const ops_tensor view = image_view(l, input);
        const int64_t run = (int64_t)view.h * view.w * view.block;
        p->rank = 2;
        p->dims[0] = p->in_dims[0] = view.n;
        p->dims[1] = p->in_dims[1] = base_divide_up(view.c, view.block) * run;
        p->stride_in[0] = view.batch_stride;
        p->stride_out[0] = output_view(l).batch_stride;
        p->stride_in[1] = p->stride_out[1] = 1;
        p->out_offset = before / view.block * run;
        return;
    }
    plain_strides(l, input, p->stride_in);
    plain_strides(l, l->node->output, p->stride_out);
    p->out_offset = before * p->stride_out[axis];
}

static void lower_mean(lowering *l) {
    const clade_mean_settings *s = &l->node->attributes.mean;
    const clade_shape *in = graph_shape_of(l->graph, l->node->inputs[0]);
    int64_t strides_in[CLADE_MAX_RANK] = {0}, strides_out[CLADE_MAX_RANK] = {0};
    plain_strides(l, l->node->inputs[0], strides_in);
    plain_strides(l, l->node->output, strides_out);
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
    l->task->problem.reorder = (ops_reorder){.in = input_view(l, 0), .out = output_view(l)};
}

/* ---- Nodes ------------------------------------------------------------------------------------------------------------------ */

size_t plan_part_count(const clade_graph *graph, const plan_storage *storage, size_t node) {
    const graph_node *n = &graph->nodes[node];
    if (storage->locations[n->output.id].aliased) return 0;
    return n->op == GRAPH_OP_concat ? n->input_count : 1;
}

clade_status plan_lower(const clade_graph *graph, const plan_storage *storage, size_t node, size_t part,
                        plan_task *task_out) {
    *task_out = (plan_task){.output = graph->nodes[node].output};
    lowering l = {.graph = graph, .storage = storage, .node = &graph->nodes[node], .task = task_out};
    const bool is_part = l.node->op == GRAPH_OP_concat;
    const size_t first = is_part ? part : 0, count = is_part ? 1 : l.node->input_count;
    for (size_t i = 0; i < OPS_MAX_INPUTS; i++)
        task_out->inputs[i] = i < count ? l.node->inputs[first + i] : GRAPH_NO_TENSOR;
    switch (l.node->op) {
    case GRAPH_OP_conv2d:
        lower_conv2d(&l);
        break;
    case GRAPH_OP_pool:
        lower_pool(&l);
        break;
    case GRAPH_OP_linear:
        lower_linear(&l);
        break;
    case GRAPH_OP_lrn:
        lower_lrn(&l);
        break;
    case GRAPH_OP_concat:
        lower_concat(&l, part);
        break;
    case GRAPH_OP_binary:
        lower_binary(&l);
        break;
    case GRAPH_OP_scale:
        lower_scale(&l);
        break;
    case GRAPH_OP_activation:
        lower_activation(&l);
        break;
    case GRAPH_OP_softmax:
        lower_softmax(&l);
        break;
    case GRAPH_OP_flatten:
    case GRAPH_OP_reshape:
        lower_view(&l);
        break;
    case GRAPH_OP_pad:
        lower_pad(&l);
        break;
    case GRAPH_OP_transpose:
        lower_transpose(&l);
        break;
    case GRAPH_OP_slice:
        lower_slice(&l);
        break;
    case GRAPH_OP_mean:
        lower_mean(&l);
        break;
    case GRAPH_OP_reorder:
        lower_reorder(&l);
        break;
    case GRAPH_OP_batch_norm: /* scales by now, see pass/normalise.c */
    case GRAPH_OP_dropout:
    case GRAPH_OP_COUNT:
        return base_fail(graph->env, CLADE_ERROR_INTERNAL, "failed to lower %s \"%s\": no pass has rewritten it",
                         graph_op_table[l.node->op]->name, l.node->name);
    }
    return CLADE_OK;
}
