#include "reference/interpreter.h"

#include "reference/activation.h"
#include "reference/combine.h"
#include "reference/operators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a node computes with: shapes and values of its inputs, parameters (or NULL) and output. */
typedef struct frame {
    const graph_node *node;
    const clade_shape *in[2], *out;
    const double *x[2];
    double *parameters[GRAPH_MAX_PARAMETERS];
    double *y;
    size_t count; /* elements of y */
} frame;

static size_t elements(const clade_shape *shape) {
    size_t count = 1;
    for (int32_t i = 0; i < shape->rank; i++) count *= (size_t)shape->dims[i];
    return count;
}

size_t interpreter_elements(const clade_graph *graph, clade_tensor tensor) {
    return elements(graph_shape_of(graph, tensor));
}

/* The element's place along each dimension, and back. */
static void unravel(const clade_shape *shape, size_t index, int64_t *place) {
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        place[i] = (int64_t)(index % (size_t)shape->dims[i]);
        index /= (size_t)shape->dims[i];
    }
}

static size_t ravel(const clade_shape *shape, const int64_t *place) {
    size_t index = 0;
    for (int32_t i = 0; i < shape->rank; i++) index = index * (size_t)shape->dims[i] + (size_t)place[i];
    return index;
}

/* The channel of element `index`. */
static size_t channel_of(const clade_shape *shape, size_t index) {
    int64_t place[CLADE_MAX_RANK];
    unravel(shape, index, place);
    return shape->rank > 1 ? (size_t)place[1] : 0;
}

static double pixel(const clade_shape *shape, const double *values, int64_t n, int64_t c, int64_t y, int64_t x) {
    return values[((n * shape->dims[1] + c) * shape->dims[2] + y) * shape->dims[3] + x];
}

static double convolve(const frame *f, const int64_t *at) {
    const clade_conv2d_settings *s = &f->node->attributes.conv2d;
    const int64_t in_group = f->in[0]->dims[1] / s->groups, out_group = s->channels / s->groups;
    const double *w = f->parameters[GRAPH_WEIGHT] + at[1] * in_group * s->kernel[0] * s->kernel[1];
    double sum = f->parameters[GRAPH_BIAS] ? f->parameters[GRAPH_BIAS][at[1]] : 0;
    for (int64_t c = 0; c < in_group; c++)
        for (int64_t i = 0; i < s->kernel[0]; i++)
            for (int64_t k = 0; k < s->kernel[1]; k++, w++) {
                const int64_t y = at[2] * s->stride[0] + i * s->dilation[0] - s->padding.top;
                const int64_t x = at[3] * s->stride[1] + k * s->dilation[1] - s->padding.left;
                if (y < 0 || x < 0 || y >= f->in[0]->dims[2] || x >= f->in[0]->dims[3]) continue;
                sum += *w * pixel(f->in[0], f->x[0], at[0], at[1] / out_group * in_group + c, y, x);
            }
    return at[1] < f->node->linear_channels ? sum : reference_activate(s->activation, sum, s->slope);
}

static double pool(const frame *f, const int64_t *at) {
    clade_pool_settings s = f->node->attributes.pool;
    const int64_t height = f->in[0]->dims[2], width = f->in[0]->dims[3];
    if (s.global) {
        s.kernel[0] = (int32_t)height;
        s.kernel[1] = (int32_t)width;
        s.stride[0] = s.stride[1] = 1;
    }
    double best = -INFINITY, sum = 0;
    int64_t real = 0, padded = 0;
    for (int64_t y = at[2] * s.stride[0] - s.padding.top; y < at[2] * s.stride[0] - s.padding.top + s.kernel[0]; y++)
        for (int64_t x = at[3] * s.stride[1] - s.padding.left; x < at[3] * s.stride[1] - s.padding.left + s.kernel[1];
             x++) {
            padded += y < height + s.padding.bottom && x < width + s.padding.right;
            if (y < 0 || x < 0 || y >= height || x >= width) continue;
            const double value = pixel(f->in[0], f->x[0], at[0], at[1], y, x);
            best = value > best || isnan(value) ? value : best;
            sum += value;
            real++;
        }
    double joined = s.kind == CLADE_POOL_MAX ? best : sum / (double)(s.count_include_pad ? padded : real);
    if (f->parameters[GRAPH_BIAS]) joined += f->parameters[GRAPH_BIAS][at[1]];
    return reference_activate(f->node->pool_activation, joined, f->node->pool_slope);
}

static double linear(const frame *f, const int64_t *at) {
    const clade_linear_settings *s = &f->node->attributes.linear;
    const size_t inputs = elements(f->in[0]) / (size_t)f->in[0]->dims[0];
    double sum = f->parameters[GRAPH_BIAS] ? f->parameters[GRAPH_BIAS][at[1]] : 0;
    for (size_t i = 0; i < inputs; i++)
        sum += f->parameters[GRAPH_WEIGHT][(size_t)at[1] * inputs + i] * f->x[0][(size_t)at[0] * inputs + i];
    return reference_activate(s->activation, sum, s->slope);
}

static double batch_norm(const frame *f, size_t index) {
    const size_t c = channel_of(f->out, index);
    const double scale = f->parameters[GRAPH_WEIGHT] ? f->parameters[GRAPH_WEIGHT][c] : 1;
    const double shift = f->parameters[GRAPH_BIAS] ? f->parameters[GRAPH_BIAS][c] : 0;
    const double deviation = sqrt(f->parameters[GRAPH_VARIANCE][c] + f->node->attributes.batch_norm.epsilon);
    return (f->x[0][index] - f->parameters[GRAPH_MEAN][c]) / deviation * scale + shift;
}

/* Mean and variance of a channel: row 0 and 1. */
static void norm_statistics(const frame *f) {
    const size_t count = elements(f->in[0]), channels = (size_t)f->in[0]->dims[1], each = count / channels;
    for (size_t i = 0; i < count; i++) f->y[channel_of(f->in[0], i)] += f->x[0][i] / (double)each;
    for (size_t i = 0; i < count; i++) {
        const size_t c = channel_of(f->in[0], i);
        f->y[channels + c] += (f->x[0][i] - f->y[c]) * (f->x[0][i] - f->y[c]) / (double)each;
    }
}

static double norm_apply(const frame *f, size_t index) {
    const size_t c = channel_of(f->out, index), channels = (size_t)f->out->dims[1];
    const double deviation = sqrt(f->x[1][channels + c] + (double)f->node->attributes.norm_apply.epsilon);
    const double scale = f->parameters[GRAPH_WEIGHT] ? f->parameters[GRAPH_WEIGHT][c] : 1;
    return (f->x[0][index] - f->x[1][c]) / deviation * scale +
           (f->parameters[GRAPH_BIAS] ? f->parameters[GRAPH_BIAS][c] : 0);
}

static void dropout_training(const frame *f) {
    const graph_dropout_training_settings *s = &f->node->attributes.dropout_training;
    const ops_tensor row = {
        .n = 1, .c = 1, .h = 1, .w = (int32_t)f->count, .block = 1, .batch_stride = (int64_t)f->count};
    const ops_dropout problem = {.in = row, .out = row, .rate = s->rate, .stream = (uint32_t)s->stream};
    const float key[4] = {(float)f->x[1][0], (float)f->x[1][1], (float)f->x[1][2], (float)f->x[1][3]};
    float *ones = calloc(f->count, sizeof *ones);
    double *kept = calloc(f->count, sizeof *kept), *bounds = calloc(f->count, sizeof *bounds);
    if (!ones || !kept || !bounds) abort();
    for (size_t i = 0; i < f->count; i++) ones[i] = 1;
    reference_dropout(&problem, ones, key, kept, bounds);
    for (size_t i = 0; i < f->count; i++) f->y[i] = f->x[0][i] * kept[i];
    free(ones);
    free(kept);
    free(bounds);
}

static double lrn(const frame *f, const int64_t *at) {
    const clade_lrn_settings *s = &f->node->attributes.lrn;
    double sum = 0;
    for (int64_t c = at[1] - (s->size - 1) / 2; c <= at[1] + s->size / 2; c++) {
        if (c < 0 || c >= f->in[0]->dims[1]) continue;
        const double value = pixel(f->in[0], f->x[0], at[0], c, at[2], at[3]);
        sum += value * value;
    }
    return pixel(f->in[0], f->x[0], at[0], at[1], at[2], at[3]) / pow(s->k + (double)s->alpha / s->size * sum, s->beta);
}

static double binary(const frame *f, const int64_t *at) {
    const clade_binary_settings *s = &f->node->attributes.binary;
    const bool constant = s->constant.rank > 0;
    const clade_shape *shapes[2] = {f->in[0], constant ? &s->constant : f->in[1]};
    const double *values[2] = {f->x[0], constant ? f->parameters[GRAPH_WEIGHT] : f->x[1]};
    double operands[2];
    for (int i = 0; i < 2; i++) {
        int64_t own[CLADE_MAX_RANK] = {0};
        for (int32_t d = 0; d < shapes[i]->rank; d++)
            own[d] = shapes[i]->dims[d] == 1 ? 0 : at[d + f->out->rank - shapes[i]->rank];
        operands[i] = values[i][ravel(shapes[i], own)];
    }
    const double result = reference_combine(s->kind, s->swap, operands[0], operands[1]);
    return reference_activate(s->activation, result, s->slope);
}

static double scale(const frame *f, size_t index) {
    const clade_scale_settings *s = &f->node->attributes.scale;
    const size_t c = channel_of(f->out, index);
    double value = f->x[0][index] * s->factor;
    if (f->parameters[GRAPH_WEIGHT]) value *= f->parameters[GRAPH_WEIGHT][c];
    if (f->parameters[GRAPH_BIAS]) value += f->parameters[GRAPH_BIAS][c];
    return value + s->offset;
}

static double activation(const frame *f, size_t index) {
    const clade_activation_settings *s = &f->node->attributes.activation;
    double slope = s->slope;
    if (s->kind == CLADE_PRELU) slope = f->parameters[GRAPH_WEIGHT][s->shared_slope ? 0 : channel_of(f->out, index)];
    return reference_activate(s->kind, f->x[0][index], slope);
}

static double softmax(const frame *f, const int64_t *at) {
    const clade_softmax_settings *s = &f->node->attributes.softmax;
    int64_t place[CLADE_MAX_RANK];
    memcpy(place, at, sizeof place);
    double largest = -INFINITY, sum = 0;
    for (place[s->axis] = 0; place[s->axis] < f->in[0]->dims[s->axis]; place[s->axis]++)
        largest = fmax(largest, f->x[0][ravel(f->in[0], place)]);
    for (place[s->axis] = 0; place[s->axis] < f->in[0]->dims[s->axis]; place[s->axis]++)
        sum += exp(f->x[0][ravel(f->in[0], place)] - largest);
    const double own = f->x[0][ravel(f->in[0], at)] - largest;
    return s->logarithm ? own - log(sum) : exp(own) / sum;
}

static double pad(const frame *f, const int64_t *at) {
    const clade_pad_settings *s = &f->node->attributes.pad;
    int64_t place[CLADE_MAX_RANK] = {0};
    for (int32_t d = 0; d < f->out->rank; d++) {
        place[d] = at[d] - s->before[d];
        if (place[d] < 0 || place[d] >= f->in[0]->dims[d]) return s->value;
    }
    return f->x[0][ravel(f->in[0], place)];
}

static double transpose(const frame *f, const int64_t *at) {
    int64_t place[CLADE_MAX_RANK] = {0};
    for (int32_t d = 0; d < f->out->rank; d++) place[f->node->attributes.transpose.order[d]] = at[d];
    return f->x[0][ravel(f->in[0], place)];
}

static double slice(const frame *f, const int64_t *at) {
    const clade_slice_settings *s = &f->node->attributes.slice;
    int64_t place[CLADE_MAX_RANK] = {0};
    for (int32_t d = 0; d < f->out->rank; d++) {
        const int64_t start = s->start[d] < 0 ? s->start[d] + f->in[0]->dims[d] : s->start[d];
        place[d] = start + at[d] * s->step[d];
    }
    return f->x[0][ravel(f->in[0], place)];
}

/* Adds every input element to the mean it belongs to. */
static void mean(const frame *f) {
    const clade_mean_settings *s = &f->node->attributes.mean;
    const size_t inputs = elements(f->in[0]);
    for (size_t i = 0; i < inputs; i++) {
        int64_t place[CLADE_MAX_RANK], target[CLADE_MAX_RANK] = {0};
        int32_t rank = 0;
        unravel(f->in[0], i, place);
        for (int32_t d = 0; d < f->in[0]->rank; d++)
            if (!s->axes[d] || !s->drop) target[rank++] = s->axes[d] ? 0 : place[d];
        f->y[ravel(f->out, target)] += f->x[0][i] / ((double)inputs / (double)f->count);
    }
}

static void concat(const clade_graph *graph, const frame *f, double **values) {
    const int32_t axis = f->node->attributes.concat.axis;
    int64_t before = 0;
    for (size_t k = 0; k < f->node->input_count; k++) {
        const clade_shape *shape = graph_shape_of(graph, f->node->inputs[k]);
        for (size_t i = 0; i < elements(shape); i++) {
            int64_t place[CLADE_MAX_RANK];
            unravel(shape, i, place);
            place[axis] += before;
            f->y[ravel(f->out, place)] = values[f->node->inputs[k].id][i];
        }
        before += shape->dims[axis];
        while (f->node->concat_align > 1 && before % f->node->concat_align != 0) before++;
    }
}

static double element(const frame *f, size_t index) {
    int64_t at[CLADE_MAX_RANK] = {0};
    unravel(f->out, index, at);
    switch (f->node->op) {
    case GRAPH_OP_conv2d:
        return convolve(f, at);
    case GRAPH_OP_pool:
        return pool(f, at);
    case GRAPH_OP_linear:
        return linear(f, at);
    case GRAPH_OP_batch_norm:
        return batch_norm(f, index);
    case GRAPH_OP_norm_apply:
        return norm_apply(f, index);
    case GRAPH_OP_lrn:
        return lrn(f, at);
    case GRAPH_OP_binary:
        return binary(f, at);
    case GRAPH_OP_scale:
        return scale(f, index);
    case GRAPH_OP_activation:
        return activation(f, index);
    case GRAPH_OP_softmax:
        return softmax(f, at);
    case GRAPH_OP_pad:
        return pad(f, at);
    case GRAPH_OP_transpose:
        return transpose(f, at);
    case GRAPH_OP_slice:
        return slice(f, at);
    case GRAPH_OP_dropout:
    case GRAPH_OP_flatten:
    case GRAPH_OP_reshape:
    case GRAPH_OP_reorder:
        return f->x[0][index];
    default:
        return NAN; /* what is no function of one element's place, and gradients */
    }
}

/* A parameter as doubles, or NULL. */
static double *load_parameter(const clade_graph *graph, clade_tensor parameter, double **values) {
    if (!graph_is_tensor(parameter)) return NULL;
    const size_t count = interpreter_elements(graph, parameter);
    float *given = calloc(count, sizeof *given);
    double *loaded = calloc(count, sizeof *loaded);
    const bool is_input = graph_tensor_of(graph, parameter)->kind == CLADE_TENSOR_INPUT;
    if (!given || !loaded || (!is_input && graph_evaluate(graph, parameter, given) != CLADE_OK)) abort();
    for (size_t i = 0; i < count; i++) loaded[i] = is_input ? values[parameter.id][i] : (double)given[i];
    free(given);
    return loaded;
}

static void run_node(const clade_graph *graph, const graph_node *node, double **values) {
    frame f = {.node = node, .out = graph_shape_of(graph, node->output), .y = values[node->output.id]};
    f.count = elements(f.out);
    for (size_t k = 0; k < 2 && k < node->input_count; k++) {
        f.in[k] = graph_shape_of(graph, node->inputs[k]);
        f.x[k] = values[node->inputs[k].id];
    }
    for (int k = 0; k < GRAPH_MAX_PARAMETERS; k++) f.parameters[k] = load_parameter(graph, node->parameters[k], values);
    if (node->op == GRAPH_OP_concat)
        concat(graph, &f, values);
    else if (node->op == GRAPH_OP_mean)
        mean(&f);
    else if (node->op == GRAPH_OP_norm_statistics)
        norm_statistics(&f);
    else if (node->op == GRAPH_OP_dropout_training)
        dropout_training(&f);
    else
        for (size_t i = 0; i < f.count; i++) f.y[i] = element(&f, i);
    for (int k = 0; k < GRAPH_MAX_PARAMETERS; k++) free(f.parameters[k]);
}

double **interpreter_run(const clade_graph *graph, const float *const *inputs) {
    double **values = calloc(graph->tensor_count, sizeof *values);
    if (!values) abort();
    for (size_t i = 0; i < graph->tensor_count; i++) {
        if (graph->tensors[i].kind == CLADE_TENSOR_PARAMETER) continue;
        values[i] = calloc(elements(&graph->tensors[i].shape), sizeof **values);
        if (!values[i]) abort();
    }
    for (size_t i = 0; i < graph->input_count; i++)
        for (size_t k = 0; k < interpreter_elements(graph, graph->inputs[i]); k++)
            values[graph->inputs[i].id][k] = inputs[i][k];
    for (size_t i = 0; i < graph->node_count; i++) run_node(graph, &graph->nodes[i], values);
    return values;
}

void interpreter_free(const clade_graph *graph, double **values) {
    for (size_t i = 0; values && i < graph->tensor_count; i++) free(values[i]);
    free(values);
}
