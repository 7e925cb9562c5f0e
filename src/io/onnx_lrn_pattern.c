/* onnx_lrn_pattern.c: local response normalisation as PyTorch exports it, spelt out:
 *
 *   x * x --> view as [N, 1, C, H, W] --> Pad the channels --> AveragePool s x 1 x 1 --> view as x --> * alpha --> + k --> ^ beta --> x / that
 *
 * The division becomes the LRN, and nothing needs the rest any more. That the result is divided by something of its own shape means
 * that s - 1 channels are padded in all; how many on which side is checked where the model has the numbers and does not
 * compute them. Only odd windows are taken, since ONNX and PyTorch put the middle of even ones on different sides. */
#include "io/onnx.h"

#include <string.h>

static bool is_op(const onnx_node *node, const char *name) {
    return node && node->proto->op_type && strcmp(node->proto->op_type, name) == 0;
}

static const onnx_node *maker(const onnx_import *job, const onnx_node *node, size_t input) {
    const onnx_value *value = node ? onnx_input(job, node, input) : NULL;
    return value && value->maker >= 0 ? &job->nodes[value->maker] : NULL;
}

/* The tensor behind an input that is an initializer or a Constant. */
static clade_status stored(onnx_import *job, const onnx_node *node, size_t input, onnx_constant *constant_out,
                           bool *found_out) {
    const onnx_value *value = onnx_input(job, node, input);
    const onnx_node *made = maker(job, node, input);
    const Onnx__AttributeProto *attribute = is_op(made, "Constant") ? onnx_attribute(made, "value") : NULL;
    const Onnx__TensorProto *tensor = value ? value->initializer : NULL;
    if (attribute && attribute->t) tensor = attribute->t;
    *found_out = tensor != NULL;
    if (!tensor) return CLADE_OK;
    return onnx_read_tensor(job, tensor, value->name, tensor == value->initializer ? value->elements : job->file->data,
                            constant_out);
}

/* One number at either input of an operator, and what makes the other. */
static clade_status with_number(onnx_import *job, const onnx_node *node, const char *op, double *number_out,
                                const onnx_node **other_out) {
    *other_out = NULL;
    if (!is_op(node, op) || node->proto->n_input != 2) return CLADE_OK;
    for (size_t i = 2; i-- > 0;) {
        onnx_constant constant;
        bool found = false;
        FORWARD(stored(job, node, i, &constant, &found));
        if (!found || constant.count != 1) continue;
        *number_out = onnx_element(&constant, 0);
        *other_out = maker(job, node, 1 - i);
        return CLADE_OK;
    }
    return CLADE_OK;
}

/* What is seen under other shapes. Before a squeeze PyTorch asks, with Shape, Gather, Equal and If, whether there is a dimension to
 * drop; the question leads to the tensor, too. */
static const onnx_node *behind_views(const onnx_import *job, const onnx_node *node) {
    static const char *const views[] = {"Reshape", "Squeeze", "Unsqueeze", "Identity",
                                        "If",      "Equal",   "Gather",    "Shape"};
    enum { MOST_VIEWS = 16 };
    for (int steps = 0; node && steps < MOST_VIEWS; steps++) {
        bool view = false;
        for (size_t i = 0; i < BASE_COUNT(views); i++) view = view || is_op(node, views[i]);
        if (!view) return node;
        node = maker(job, node, 0);
    }
    return NULL;
}

static bool all_equal(const onnx_integers *list, int64_t value) {
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] != value) return false;
    return true;
}

/* The window of a mean over channels, that is over the first spatial dimension; 0: it is something else. */
static clade_status window_size(const onnx_import *job, const onnx_node *pool, int64_t *size_out) {
    onnx_integers kernel, pads, strides;
    *size_out = 0;
    FORWARD(onnx_attribute_ints(job, pool, "kernel_shape", &kernel));
    FORWARD(onnx_attribute_ints(job, pool, "pads", &pads));
    FORWARD(onnx_attribute_ints(job, pool, "strides", &strides));
    if (kernel.count < 2 || !all_equal(&pads, 0) || !all_equal(&strides, 1)) return CLADE_OK;
    for (size_t i = 1; i < kernel.count; i++)
        if (kernel.at[i] != 1) return CLADE_OK;
    if (kernel.at[0] % 2 == 1 && kernel.at[0] > 0 && kernel.at[0] <= INT32_MAX) *size_out = kernel.at[0];
    return CLADE_OK;
}

/* True unless the pads are known, and are others than half the window before and behind the channels. */
static clade_status pads_fit(onnx_import *job, const onnx_node *pad, int64_t size, bool *fit_out) {
    onnx_constant constant;
    bool found = false;
    FORWARD(stored(job, pad, 1, &constant, &found));
    *fit_out = !found || (constant.integer && (constant.count == 8 || constant.count == 10));
    for (size_t i = 0; found && *fit_out && i < constant.count; i++)
        *fit_out = constant.integers[i] == (i % (constant.count / 2) == 2 ? size / 2 : 0);
    return CLADE_OK;
}

/* True for x * x and x ^ 2, x being what `div` divides. */
static clade_status is_square(onnx_import *job, const onnx_node *node, const onnx_node *div, bool *square_out) {
    const char *x = div->proto->input[0];
    onnx_constant constant;
    bool found = false;
    *square_out = (is_op(node, "Mul") || is_op(node, "Pow")) && node->proto->n_input == 2 &&
                  strcmp(node->proto->input[0], x) == 0;
    if (!*square_out) return CLADE_OK;
    if (is_op(node, "Mul")) {
        *square_out = strcmp(node->proto->input[1], x) == 0;
        return CLADE_OK;
    }
    FORWARD(stored(job, node, 1, &constant, &found));
    *square_out = found && constant.count == 1 && onnx_element(&constant, 0) == 2;
    return CLADE_OK;
}

static clade_status match(onnx_import *job, const onnx_node *div, clade_lrn_settings *settings_out, bool *matches_out) {
    const onnx_node *power = NULL, *sum = NULL, *product = NULL, *mean = NULL;
    double alpha = 0, beta = 0, k = 0;
    int64_t size = 0;
    *matches_out = false;
    power = maker(job, div, 1);
    FORWARD(with_number(job, power, "Pow", &beta, &sum));
    FORWARD(with_number(job, sum, "Add", &k, &product));
    FORWARD(with_number(job, product, "Mul", &alpha, &mean));
    mean = behind_views(job, mean);
    if (!is_op(mean, "AveragePool")) return CLADE_OK;
    FORWARD(window_size(job, mean, &size));
    const onnx_node *pad = maker(job, mean, 0);
    bool fits = size > 0 && is_op(pad, "Pad"), square = false;
    if (fits) FORWARD(pads_fit(job, pad, size, &fits));
    if (fits) FORWARD(is_square(job, behind_views(job, maker(job, pad, 0)), div, &square));
    *matches_out = square && alpha != 0 && beta != 0 && k != 0;
    *settings_out =
        (clade_lrn_settings){.size = (int32_t)size, .alpha = (float)alpha, .beta = (float)beta, .k = (float)k};
    return CLADE_OK;
}

clade_status onnx_find_lrn(onnx_import *job) {
    for (size_t i = 0; i < job->node_count; i++) {
        onnx_node *node = &job->nodes[i];
        clade_lrn_settings settings;
        void *memory = NULL;
        bool matches = false;
        if (!is_op(node, "Div") || node->proto->n_input != 2) continue;
        FORWARD(match(job, node, &settings, &matches));
        if (!matches) continue;
        FORWARD(onnx_scratch_allocate(job, sizeof settings, &memory));
        node->lrn = memcpy(memory, &settings, sizeof settings);
    }
    return CLADE_OK;
}
