/* cross_entropy.cl: softmax cross-entropy with smoothed labels, and its gradient. A row of logits a work-item.
 *
 *     d[i] = x[i] - max x,    sum = sum of exp(d[i]),    target[i] = (i == label ? 1 - smoothing : 0) + smoothing / classes
 *     loss = log(sum) - sum of target[i] * d[i],         gradient[i] = factor * (exp(d[i]) / sum - target[i])
 *
 * d instead of x keeps what is added small, whatever the logits. As in softmax.cl, a NaN or infinity makes the row NaN. */

/* -1: the label is no class. */
static inline int class_of(float label, int classes) {
    int number = (int)label;
    return (float)number == label && number >= 0 && number < classes ? number : -1;
}

static inline float largest_of(const __global float *x, int count) {
    float largest = -INFINITY;
    for (int i = 0; i < count; i++) largest = fmax(largest, x[i]);
    return largest;
}

static inline float sum_of_powers(const __global float *x, int count, float largest) {
    float sum = 0.0f;
    for (int i = 0; i < count; i++) sum += exp(x[i] - largest);
    return sum;
}

ENTRY void cross_entropy_generic(RANGE const __global float *logits, ulong logits_offset, const __global float *labels,
                                 ulong labels_offset, __global float *out, ulong out_offset, int rows, int classes, int stride,
                                 float smoothing) {
    int row = get_global_id(0);
    if (row >= rows) return;
    const __global float *x = logits + logits_offset + row * stride;
    int label = class_of(labels[labels_offset + row], classes);
    if (label < 0) {
        out[out_offset + row] = NAN;
        return;
    }
    float largest = largest_of(x, classes), all = 0.0f;
    if (smoothing > 0.0f) /* else 0 times the infinity of a class ruled out would be NaN */
        for (int i = 0; i < classes; i++) all += x[i] - largest;
    out[out_offset + row] = log(sum_of_powers(x, classes, largest)) - (1.0f - smoothing) * (x[label] - largest) -
                            smoothing / (float)classes * all;
}

ENTRY void cross_entropy_gradient_generic(RANGE const __global float *logits, ulong logits_offset, const __global float *labels,
                                          ulong labels_offset, __global float *out, ulong out_offset, int rows, int classes,
                                          int stride, float smoothing, float factor) {
    int row = get_global_id(0);
    if (row >= rows) return;
    const __global float *x = logits + logits_offset + row * stride;
    out += out_offset + row * classes;
    int label = class_of(labels[labels_offset + row], classes);
    float largest = largest_of(x, classes), sum = label < 0 ? NAN : sum_of_powers(x, classes, largest);
    for (int i = 0; i < classes; i++) {
        float target = (i == label ? 1.0f - smoothing : 0.0f) + smoothing / (float)classes;
        out[i] = factor * (exp(x[i] - largest) / sum - target);
    }
}
