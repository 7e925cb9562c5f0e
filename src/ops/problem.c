/* problem.c: what can be said of a problem before a candidate is chosen: how far it reaches into memory, and whether it may
 * work in place. */
#include "ops/ops.h"

/* ---- Reach ------------------------------------------------------------------------------------------------------------------- */

/* The offset behind the last element of a box of `dims` with non-negative strides. False on overflow. */
static bool box_reach(int32_t rank, const int64_t *dims, const int64_t *strides, uint64_t start, int64_t *reach_out) {
    uint64_t last = start, step;
    for (int32_t d = 0; d < rank; d++)
        if (!base_multiply((uint64_t)(dims[d] - 1), (uint64_t)strides[d], &step) || !base_add(last, step, &last))
            return false;
    if (last >= INT64_MAX) return false;
    *reach_out = (int64_t)last + 1;
    return true;
}

static bool tensor_reach(const ops_tensor *t, int64_t *reach_out) {
    uint64_t image, images;
    if (!base_multiply((uint64_t)base_round_up(t->c, t->block), (uint64_t)t->h, &image)) return false;
    if (!base_multiply(image, (uint64_t)t->w, &image)) return false;
    if (!base_multiply((uint64_t)(t->n - 1), (uint64_t)t->batch_stride, &images)) return false;
    if (!base_add(images, image, &images) || images > INT64_MAX) return false;
    *reach_out = (int64_t)images;
    return true;
}

static bool tensors_reach(const ops_tensor *in, const ops_tensor *out, ops_reach *reach) {
    return tensor_reach(in, &reach->inputs[0]) && tensor_reach(out, &reach->output);
}

static bool linear_reach(const ops_linear *p, ops_reach *reach) {
    return box_reach(2, (int64_t[]){p->rows, p->inputs}, (int64_t[]){p->in_stride, 1}, 0, &reach->inputs[0]) &&
           box_reach(2, (int64_t[]){p->rows, p->features}, (int64_t[]){p->out_stride, 1}, 0, &reach->output);
}

static bool binary_reach(const ops_binary *p, ops_reach *reach) {
    reach->input_count = p->constant ? 1 : 2; /* how far it reaches into a constant is said, too */
    return box_reach(p->rank, p->dims, p->stride_a, 0, &reach->inputs[0]) &&
           box_reach(p->rank, p->dims, p->stride_b, 0, &reach->inputs[1]) &&
           box_reach(p->rank, p->dims, p->stride_out, 0, &reach->output);
}

static bool softmax_reach(const ops_softmax *p, ops_reach *reach) {
    int64_t dims[3] = {p->outer, p->length, p->inner};
    return box_reach(3, dims, (int64_t[]){p->in_stride, p->inner, 1}, 0, &reach->inputs[0]) &&
           box_reach(3, dims, (int64_t[]){p->out_stride, p->inner, 1}, 0, &reach->output);
}

static bool copy_reach(const ops_copy *p, ops_reach *reach) {
    return box_reach(p->rank, p->in_dims, p->stride_in, (uint64_t)p->in_offset, &reach->inputs[0]) &&
           box_reach(p->rank, p->dims, p->stride_out, (uint64_t)p->out_offset, &reach->output);
}

static bool mean_reach(const ops_mean *p, ops_reach *reach) {
    int64_t first;
    return box_reach(p->rank, p->dims, p->stride_in, 0, &first) &&
           box_reach(p->reduce_rank, p->reduce_dims, p->reduce_stride, (uint64_t)first - 1, &reach->inputs[0]) &&
           box_reach(p->rank, p->dims, p->stride_out, 0, &reach->output);
}

static bool activation_gradient_reach(const ops_activation_gradient *p, ops_reach *reach) {
    reach->input_count = 2;
    return tensors_reach(&p->in, &p->out, reach) && tensor_reach(&p->of, &reach->inputs[1]);
}

static bool pool_gradient_reach(const ops_pool_gradient *p, ops_reach *reach) {
    const bool has_x = p->pool.kind == CLADE_POOL_MAX;
    if (has_x) reach->input_count = 2;
    return tensors_reach(&p->pool.out, &p->out, reach) && (!has_x || tensor_reach(&p->pool.in, &reach->inputs[1]));
}

static bool lrn_gradient_reach(const ops_lrn_gradient *p, ops_reach *reach) {
    reach->input_count = 2;
    return tensors_reach(&p->lrn.out, &p->out, reach) && tensor_reach(&p->lrn.in, &reach->inputs[1]);
}

static bool softmax_gradient_reach(const ops_softmax_gradient *p, ops_reach *reach) {
    const ops_softmax *softmax = &p->softmax;
    const int64_t dims[3] = {softmax->outer, softmax->length, softmax->inner};
    reach->input_count = 2;
    return softmax_reach(softmax, reach) &&
           box_reach(3, dims, (int64_t[]){p->of_stride, softmax->inner, 1}, 0, &reach->inputs[1]);
}

static bool channel_sum_reach(const ops_channel_sum *p, ops_reach *reach) {
    if (p->has_factor) reach->input_count = 2;
    reach->output = p->in.c;
    return tensor_reach(&p->in, &reach->inputs[0]) && (!p->has_factor || tensor_reach(&p->factor, &reach->inputs[1]));
}

static bool cross_entropy_reach(const ops_cross_entropy *p, ops_reach *reach) {
    reach->input_count = 2;
    reach->inputs[1] = reach->output = p->rows;
    return box_reach(2, (int64_t[]){p->rows, p->classes}, (int64_t[]){p->stride_logits, 1}, 0, &reach->inputs[0]);
}

static bool cross_entropy_gradient_reach(const ops_cross_entropy *p, ops_reach *reach) {
    return cross_entropy_reach(p, reach) &&
           box_reach(2, (int64_t[]){p->rows, p->classes}, (int64_t[]){p->classes, 1}, 0, &reach->output);
}

static bool dropout_reach(const ops_dropout *p, ops_reach *reach) {
    reach->input_count = 2;
    reach->inputs[1] = OPS_DROPOUT_KEY;
    return tensors_reach(&p->in, &p->out, reach);
}

static bool conv2d_weights_reach(const ops_conv2d_weights *p, ops_reach *reach) {
    reach->input_count = 2;
    reach->output = (int64_t)p->out.c * (p->in.c / p->groups) * p->kernel_h * p->kernel_w;
    return tensor_reach(&p->out, &reach->inputs[0]) && tensor_reach(&p->in, &reach->inputs[1]);
}

static bool linear_weights_reach(const ops_linear_weights *p, ops_reach *reach) {
    reach->input_count = 2;
    reach->output = (int64_t)p->features * p->inputs;
    return box_reach(2, (int64_t[]){p->rows, p->features}, (int64_t[]){p->out_stride, 1}, 0, &reach->inputs[0]) &&
           box_reach(2, (int64_t[]){p->rows, p->inputs}, (int64_t[]){p->in_stride, 1}, 0, &reach->inputs[1]);
}

static bool norm_sums_reach(const ops_norm_sums *p, ops_reach *reach) {
    reach->input_count = 3;
    reach->inputs[2] = reach->output = 2 * (int64_t)p->of.c;
    return tensor_reach(&p->in, &reach->inputs[0]) && tensor_reach(&p->of, &reach->inputs[1]);
}

static bool norm_gradient_reach(const ops_norm_gradient *p, ops_reach *reach) {
    reach->input_count = 4;
    reach->inputs[2] = reach->inputs[3] = 2 * (int64_t)p->of.c;
    return tensors_reach(&p->in, &p->out, reach) && tensor_reach(&p->of, &reach->inputs[1]);
}

/* Of tensors and other memory that the operator itself has. */
static bool operand_reach(const ops_problem *problem, ops_reach *reach_out) {
    const ops_conv2d *conv = &problem->conv2d;
    *reach_out = (ops_reach){.input_count = 1};
    switch (problem->kind) {
    case OPS_CONV2D:
        if (conv->has_residual) reach_out->input_count = 2;
        return tensors_reach(&conv->in, &conv->out, reach_out) &&
               (!conv->has_residual || tensor_reach(&conv->residual, &reach_out->inputs[1]));
    case OPS_POOL:
        return tensors_reach(&problem->pool.in, &problem->pool.out, reach_out);
    case OPS_LINEAR:
        return linear_reach(&problem->linear, reach_out);
    case OPS_AFFINE:
        return tensors_reach(&problem->affine.in, &problem->affine.out, reach_out);
    case OPS_LRN:
        return tensors_reach(&problem->lrn.in, &problem->lrn.out, reach_out);
    case OPS_ACTIVATION:
        return tensors_reach(&problem->activation.in, &problem->activation.out, reach_out);
    case OPS_BINARY:
        return binary_reach(&problem->binary, reach_out);
    case OPS_SOFTMAX:
        return softmax_reach(&problem->softmax, reach_out);
    case OPS_COPY:
        return copy_reach(&problem->copy, reach_out);
    case OPS_REORDER:
        return tensors_reach(&problem->reorder.in, &problem->reorder.out, reach_out);
    case OPS_MEAN:
        return mean_reach(&problem->mean, reach_out);
    case OPS_ACTIVATION_GRADIENT:
        return activation_gradient_reach(&problem->activation_gradient, reach_out);
    case OPS_POOL_GRADIENT:
        return pool_gradient_reach(&problem->pool_gradient, reach_out);
    case OPS_LRN_GRADIENT:
        return lrn_gradient_reach(&problem->lrn_gradient, reach_out);
    case OPS_SOFTMAX_GRADIENT:
        return softmax_gradient_reach(&problem->softmax_gradient, reach_out);
    case OPS_CHANNEL_SUM:
        return channel_sum_reach(&problem->channel_sum, reach_out);
    case OPS_CROSS_ENTROPY:
        return cross_entropy_reach(&problem->cross_entropy, reach_out);
    case OPS_CROSS_ENTROPY_GRADIENT:
        return cross_entropy_gradient_reach(&problem->cross_entropy_gradient.cross_entropy, reach_out);
    case OPS_DROPOUT:
        return dropout_reach(&problem->dropout, reach_out);
    case OPS_CONV2D_WEIGHTS:
        return conv2d_weights_reach(&problem->conv2d_weights, reach_out);
    case OPS_LINEAR_WEIGHTS:
        return linear_weights_reach(&problem->linear_weights, reach_out);
    case OPS_SPREAD:
        return tensors_reach(&problem->spread.in, &problem->spread.out, reach_out);
    case OPS_NORM_STATISTICS:
        reach_out->output = 2 * (int64_t)problem->norm_statistics.in.c;
        return tensor_reach(&problem->norm_statistics.in, &reach_out->inputs[0]);
    case OPS_NORM_APPLY:
        reach_out->input_count = 2;
        reach_out->inputs[1] = 2 * (int64_t)problem->norm_apply.in.c;
        return tensors_reach(&problem->norm_apply.in, &problem->norm_apply.out, reach_out);
    case OPS_NORM_SUMS:
        return norm_sums_reach(&problem->norm_sums, reach_out);
    case OPS_NORM_GRADIENT:
        return norm_gradient_reach(&problem->norm_gradient, reach_out);
    default:
        return false;
    }
}

/* Of a binary operator's constant, which is dense: as far as it is read. */
static int64_t constant_elements(const ops_binary *p) {
    int64_t elements = 0;
    return box_reach(p->rank, p->dims, p->stride_b, 0, &elements) ? elements : 0;
}

int64_t ops_parameter_elements(const ops_problem *problem, int32_t parameter) {
    const ops_conv2d *conv = &problem->conv2d;
    const ops_linear *linear = &problem->linear;
    const ops_activation_gradient *activation_gradient = &problem->activation_gradient;
    const bool is_bias = parameter == OPS_BIAS;
    switch (problem->kind) {
    case OPS_CONV2D:
        if (is_bias) return conv->has_bias ? conv->out.c : 0;
        return (int64_t)conv->out.c * (conv->in.c / conv->groups) * conv->kernel_h * conv->kernel_w;
    case OPS_LINEAR:
        if (is_bias) return linear->has_bias ? linear->features : 0;
        return (int64_t)linear->features * linear->inputs;
    case OPS_BINARY:
        return is_bias || !problem->binary.constant ? 0 : constant_elements(&problem->binary);
    case OPS_POOL:
        return is_bias && problem->pool.has_bias ? problem->pool.out.c : 0;
    case OPS_AFFINE:
        return (is_bias ? problem->affine.has_shift : problem->affine.has_scale) ? problem->affine.in.c : 0;
    case OPS_ACTIVATION:
        if (is_bias || problem->activation.kind != CLADE_PRELU) return 0;
        return problem->activation.shared_slope ? 1 : problem->activation.in.c;
    case OPS_NORM_APPLY:
        return (is_bias ? problem->norm_apply.has_shift : problem->norm_apply.has_scale) ? problem->norm_apply.in.c : 0;
    case OPS_NORM_GRADIENT:
        return !is_bias && problem->norm_gradient.has_scale ? problem->norm_gradient.in.c : 0;
    case OPS_ACTIVATION_GRADIENT:
        if (is_bias || activation_gradient->kind != CLADE_PRELU) return 0;
        return activation_gradient->shared_slope ? 1 : activation_gradient->in.c;
    default:
        return 0;
    }
}

bool ops_problem_reach(const ops_problem *problem, ops_reach *reach_out) {
    if (!operand_reach(problem, reach_out)) return false;
    for (int32_t i = OPS_WEIGHT; problem->given && i <= OPS_BIAS; i++) {
        const int64_t elements = ops_parameter_elements(problem, i);
        reach_out->inputs[OPS_GIVEN_WEIGHT + i] = elements;
        if (elements > 0) reach_out->input_count = OPS_GIVEN_WEIGHT + i + 1;
    }
    return true;
}

/* ---- In place ---------------------------------------------------------------------------------------------------------------- */

static bool same_memory(const ops_tensor *in, const ops_tensor *out) {
    return in->n == out->n && in->c == out->c && in->h == out->h && in->w == out->w && in->block == out->block &&
           (in->n == 1 || in->batch_stride == out->batch_stride);
}

/* An element of the output may overwrite the operand's element it was made from, when nobody else reads that one. */
static bool binary_in_place(const ops_binary *p, const int64_t *strides) {
    for (int32_t d = 0; d < p->rank; d++)
        if (p->dims[d] > 1 && strides[d] != p->stride_out[d]) return false;
    return true;
}

/* Nobody but its own work-item reads a row, and reads it before it writes. */
static bool softmax_in_place(const ops_softmax *p) { return p->outer == 1 || p->in_stride == p->out_stride; }

bool ops_in_place(const ops_problem *problem, int32_t input) {
    switch (problem->kind) {
    case OPS_AFFINE:
        return input == 0 && same_memory(&problem->affine.in, &problem->affine.out);
    case OPS_ACTIVATION:
        return input == 0 && same_memory(&problem->activation.in, &problem->activation.out);
    case OPS_ACTIVATION_GRADIENT:
        return input == 0 && same_memory(&problem->activation_gradient.in, &problem->activation_gradient.out);
    case OPS_SOFTMAX_GRADIENT:
        return input == 0 && softmax_in_place(&problem->softmax_gradient.softmax);
    case OPS_DROPOUT:
        return input == 0 && same_memory(&problem->dropout.in, &problem->dropout.out);
    case OPS_NORM_APPLY:
        return input == 0 && same_memory(&problem->norm_apply.in, &problem->norm_apply.out);
    case OPS_NORM_GRADIENT:
        return input == 0 && same_memory(&problem->norm_gradient.in, &problem->norm_gradient.out);
    case OPS_BINARY:
        return !(problem->binary.constant && input == 1) &&
               binary_in_place(&problem->binary, input == 0 ? problem->binary.stride_a : problem->binary.stride_b);
    default:
        return false;
    }
}
