#include "ops/harness_layout.h"

#include <string.h>

/* ---- Layouts of one operand -------------------------------------------------------------------------------------------------- */

static harness_layout tensor_layout(const ops_tensor *t) {
    int64_t blocks = (t->c + t->block - 1) / t->block;
    return (harness_layout){.is_tensor = true,
                            .tensor = *t,
                            .count = (int64_t)t->n * t->c * t->h * t->w,
                            .reach = (t->n - 1) * t->batch_stride + blocks * t->block * t->h * t->w};
}

static harness_layout box_layout(int32_t rank, const int64_t *dims, const int64_t *strides, int64_t start) {
    harness_layout layout = {.rank = rank, .count = 1, .start = start, .reach = start + 1};
    for (int32_t d = 0; d < rank; d++) {
        layout.dims[d] = dims[d];
        layout.strides[d] = strides[d];
        layout.count *= dims[d];
        layout.reach += (dims[d] - 1) * strides[d];
    }
    return layout;
}

/* An input with strides is given as the memory itself. */
static harness_layout raw(harness_layout box) { return box_layout(1, (int64_t[]){box.reach}, (int64_t[]){1}, 0); }

int64_t harness_place(const harness_layout *layout, int64_t index) {
    if (layout->is_tensor) {
        const ops_tensor *t = &layout->tensor;
        int64_t x = index % t->w, y = index / t->w % t->h, c = index / t->w / t->h % t->c,
                n = index / t->w / t->h / t->c;
        return n * t->batch_stride + c / t->block * t->h * t->w * t->block + (y * t->w + x) * t->block + c % t->block;
    }
    int64_t place = layout->start;
    for (int32_t d = layout->rank - 1; d >= 0; d--) {
        place += index % layout->dims[d] * layout->strides[d];
        index /= layout->dims[d];
    }
    return place;
}

void harness_padding_lanes(const harness_layout *layout, void (*visit)(void *user, int64_t place), void *user) {
    const ops_tensor *t = &layout->tensor;
    if (!layout->is_tensor || t->c % t->block == 0) return;
    int64_t pixels = (int64_t)t->h * t->w, last_block = t->c / t->block * pixels * t->block;
    for (int64_t n = 0; n < t->n; n++)
        for (int64_t pixel = 0; pixel < pixels; pixel++)
            for (int64_t lane = t->c % t->block; lane < t->block; lane++)
                visit(user, n * t->batch_stride + last_block + pixel * t->block + lane);
}

/* ---- Layouts of a problem's operands ------------------------------------------------------------------------------------------ */

static harness_layouts tensors(const ops_tensor *in, const ops_tensor *out) {
    return (harness_layouts){.inputs = {tensor_layout(in)}, .output = tensor_layout(out), .input_count = 1};
}

static harness_layouts conv2d_layouts(const ops_conv2d *p) {
    harness_layouts all = tensors(&p->in, &p->out);
    if (p->has_residual) all.inputs[all.input_count++] = tensor_layout(&p->residual);
    all.parameters[OPS_WEIGHT] = (int64_t)p->out.c * (p->in.c / p->groups) * p->kernel_h * p->kernel_w;
    all.parameters[OPS_BIAS] = p->has_bias ? p->out.c : 0;
    return all;
}

static harness_layouts linear_layouts(const ops_linear *p) {
    int64_t in[2] = {p->rows, p->inputs}, out[2] = {p->rows, p->features};
    return (harness_layouts){
        .inputs = {raw(box_layout(2, in, (int64_t[]){p->in_stride, 1}, 0))},
        .output = box_layout(2, out, (int64_t[]){p->out_stride, 1}, 0),
        .input_count = 1,
        .parameters = {(int64_t)p->inputs * p->features, p->has_bias ? p->features : 0},
    };
}

static harness_layouts affine_layouts(const ops_affine *p) {
    harness_layouts all = tensors(&p->in, &p->out);
    all.parameters[OPS_WEIGHT] = p->has_scale ? p->in.c : 0;
    all.parameters[OPS_BIAS] = p->has_shift ? p->in.c : 0;
    return all;
}

static harness_layouts activation_layouts(const ops_activation *p) {
    harness_layouts all = tensors(&p->in, &p->out);
    if (p->kind == CLADE_PRELU) all.parameters[OPS_WEIGHT] = p->shared_slope ? 1 : p->in.c;
    return all;
}

static harness_layouts binary_layouts(const ops_binary *p) {
    const harness_layout a = raw(box_layout(p->rank, p->dims, p->stride_a, 0)),
                         b = raw(box_layout(p->rank, p->dims, p->stride_b, 0));
    return (harness_layouts){
        .inputs = {a, b},
        .output = box_layout(p->rank, p->dims, p->stride_out, 0),
        .input_count = p->constant ? 1 : 2,
        .parameters = {p->constant ? b.count : 0},
    };
}

static harness_layouts softmax_layouts(const ops_softmax *p) {
    int64_t dims[3] = {p->outer, p->length, p->inner};
    return (harness_layouts){
        .inputs = {raw(box_layout(3, dims, (int64_t[]){p->in_stride, p->inner, 1}, 0))},
        .output = box_layout(3, dims, (int64_t[]){p->out_stride, p->inner, 1}, 0),
        .input_count = 1,
    };
}

static harness_layouts copy_layouts(const ops_copy *p) {
    return (harness_layouts){
        .inputs = {raw(box_layout(p->rank, p->in_dims, p->stride_in, p->in_offset))},
        .output = box_layout(p->rank, p->dims, p->stride_out, p->out_offset),
        .input_count = 1,
    };
}

static harness_layouts mean_layouts(const ops_mean *p) {
    int64_t first = box_layout(p->rank, p->dims, p->stride_in, 0).reach - 1;
    return (harness_layouts){
        .inputs = {raw(box_layout(p->reduce_rank, p->reduce_dims, p->reduce_stride, first))},
        .output = box_layout(p->rank, p->dims, p->stride_out, 0),
        .input_count = 1,
    };
}

static harness_layouts conv2d_weights_layouts(const ops_conv2d_weights *p) {
    int64_t weights = (int64_t)p->out.c * (p->in.c / p->groups) * p->kernel_h * p->kernel_w;
    return (harness_layouts){.inputs = {tensor_layout(&p->out), tensor_layout(&p->in)},
                             .output = box_layout(1, (int64_t[]){weights}, (int64_t[]){1}, 0),
                             .input_count = 2};
}

static harness_layouts linear_weights_layouts(const ops_linear_weights *p) {
    return (harness_layouts){
        .inputs = {raw(box_layout(2, (int64_t[]){p->rows, p->features}, (int64_t[]){p->out_stride, 1}, 0)),
                   raw(box_layout(2, (int64_t[]){p->rows, p->inputs}, (int64_t[]){p->in_stride, 1}, 0))},
        .output = box_layout(1, (int64_t[]){(int64_t)p->features * p->inputs}, (int64_t[]){1}, 0),
        .input_count = 2};
}

static harness_layouts pool_layouts(const ops_pool *p) {
    harness_layouts all = tensors(&p->in, &p->out);
    if (p->has_bias) all.parameters[OPS_BIAS] = p->out.c;
    return all;
}

/* A gradient beside the tensor that the forward pass had there. */
static harness_layouts gradient_layouts(const ops_tensor *in, const ops_tensor *of, const ops_tensor *out) {
    harness_layouts all = tensors(in, out);
    all.inputs[all.input_count++] = tensor_layout(of);
    return all;
}

static harness_layouts activation_gradient_layouts(const ops_activation_gradient *p) {
    harness_layouts all = gradient_layouts(&p->in, &p->of, &p->out);
    if (p->kind == CLADE_PRELU) all.parameters[OPS_WEIGHT] = p->shared_slope ? 1 : p->in.c;
    return all;
}

static harness_layouts pool_gradient_layouts(const ops_pool_gradient *p) {
    if (p->pool.kind == CLADE_POOL_MAX) return gradient_layouts(&p->pool.out, &p->pool.in, &p->out);
    return tensors(&p->pool.out, &p->out);
}

/* Memory without strides. */
static harness_layout dense(int64_t count) { return box_layout(1, (int64_t[]){count}, (int64_t[]){1}, 0); }

static harness_layouts softmax_gradient_layouts(const ops_softmax_gradient *p) {
    const int64_t dims[3] = {p->softmax.outer, p->softmax.length, p->softmax.inner};
    harness_layouts all = softmax_layouts(&p->softmax);
    all.inputs[all.input_count++] = raw(box_layout(3, dims, (int64_t[]){p->of_stride, p->softmax.inner, 1}, 0));
    return all;
}

static harness_layouts channel_sum_layouts(const ops_channel_sum *p) {
    harness_layouts all = {.inputs = {tensor_layout(&p->in)}, .output = dense(p->in.c), .input_count = 1};
    if (p->has_factor) all.inputs[all.input_count++] = tensor_layout(&p->factor);
    return all;
}

static harness_layouts cross_entropy_layouts(const ops_cross_entropy *p) {
    int64_t logits[2] = {p->rows, p->classes};
    return (harness_layouts){
        .inputs = {raw(box_layout(2, logits, (int64_t[]){p->stride_logits, 1}, 0)), dense(p->rows)},
        .output = dense(p->rows),
        .input_count = 2,
    };
}

static harness_layouts cross_entropy_gradient_layouts(const ops_cross_entropy *p) {
    harness_layouts all = cross_entropy_layouts(p);
    all.output = dense((int64_t)p->rows * p->classes);
    return all;
}

static harness_layouts dropout_layouts(const ops_dropout *p) {
    harness_layouts all = tensors(&p->in, &p->out);
    all.inputs[all.input_count++] = dense(OPS_DROPOUT_KEY);
    return all;
}

static harness_layouts norm_statistics_layouts(const ops_norm_statistics *p) {
    return (harness_layouts){
        .inputs = {tensor_layout(&p->in)}, .output = dense(2 * (int64_t)p->in.c), .input_count = 1};
}

static harness_layouts norm_apply_layouts(const ops_norm_apply *p) {
    harness_layouts all = tensors(&p->in, &p->out);
    all.inputs[all.input_count++] = dense(2 * (int64_t)p->in.c);
    all.parameters[OPS_WEIGHT] = p->has_scale ? p->in.c : 0;
    all.parameters[OPS_BIAS] = p->has_shift ? p->in.c : 0;
    return all;
}

static harness_layouts norm_sums_layouts(const ops_norm_sums *p) {
    const harness_layout channels = dense(2 * (int64_t)p->of.c);
    return (harness_layouts){
        .inputs = {tensor_layout(&p->in), tensor_layout(&p->of), channels}, .output = channels, .input_count = 3};
}

static harness_layouts norm_gradient_layouts(const ops_norm_gradient *p) {
    const harness_layout channels = dense(2 * (int64_t)p->of.c);
    return (harness_layouts){
        .inputs = {tensor_layout(&p->in), tensor_layout(&p->of), channels, channels},
        .output = tensor_layout(&p->out),
        .input_count = 4,
        .parameters = {p->has_scale ? p->in.c : 0, 0},
    };
}

harness_layouts harness_layouts_of(const ops_problem *problem) {
    switch (problem->kind) {
    case OPS_CONV2D:
        return conv2d_layouts(&problem->conv2d);
    case OPS_POOL:
        return pool_layouts(&problem->pool);
    case OPS_LINEAR:
        return linear_layouts(&problem->linear);
    case OPS_AFFINE:
        return affine_layouts(&problem->affine);
    case OPS_LRN:
        return tensors(&problem->lrn.in, &problem->lrn.out);
    case OPS_ACTIVATION:
        return activation_layouts(&problem->activation);
    case OPS_BINARY:
        return binary_layouts(&problem->binary);
    case OPS_SOFTMAX:
        return softmax_layouts(&problem->softmax);
    case OPS_COPY:
        return copy_layouts(&problem->copy);
    case OPS_REORDER:
        return tensors(&problem->reorder.in, &problem->reorder.out);
    case OPS_MEAN:
        return mean_layouts(&problem->mean);
    case OPS_ACTIVATION_GRADIENT:
        return activation_gradient_layouts(&problem->activation_gradient);
    case OPS_POOL_GRADIENT:
        return pool_gradient_layouts(&problem->pool_gradient);
    case OPS_LRN_GRADIENT:
        return gradient_layouts(&problem->lrn_gradient.lrn.out, &problem->lrn_gradient.lrn.in,
                                &problem->lrn_gradient.out);
    case OPS_SOFTMAX_GRADIENT:
        return softmax_gradient_layouts(&problem->softmax_gradient);
    case OPS_CHANNEL_SUM:
        return channel_sum_layouts(&problem->channel_sum);
    case OPS_CROSS_ENTROPY:
        return cross_entropy_layouts(&problem->cross_entropy);
    case OPS_CROSS_ENTROPY_GRADIENT:
        return cross_entropy_gradient_layouts(&problem->cross_entropy_gradient.cross_entropy);
    case OPS_DROPOUT:
        return dropout_layouts(&problem->dropout);
    case OPS_CONV2D_WEIGHTS:
        return conv2d_weights_layouts(&problem->conv2d_weights);
    case OPS_LINEAR_WEIGHTS:
        return linear_weights_layouts(&problem->linear_weights);
    case OPS_SPREAD:
        return tensors(&problem->spread.in, &problem->spread.out);
    case OPS_NORM_STATISTICS:
        return norm_statistics_layouts(&problem->norm_statistics);
    case OPS_NORM_APPLY:
        return norm_apply_layouts(&problem->norm_apply);
    case OPS_NORM_SUMS:
        return norm_sums_layouts(&problem->norm_sums);
    case OPS_NORM_GRADIENT:
        return norm_gradient_layouts(&problem->norm_gradient);
    default:
        return (harness_layouts){0};
    }
}

harness_sizes harness_count(const ops_problem *problem) {
    harness_layouts all = harness_layouts_of(problem);
    harness_sizes sizes = {.output = all.output.count, .input_count = all.input_count};
    for (int32_t i = 0; i < all.input_count; i++) sizes.inputs[i] = all.inputs[i].count;
    memcpy(sizes.parameters, all.parameters, sizeof sizes.parameters);
    return sizes;
}
