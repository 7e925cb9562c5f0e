/* training.h: the settings of the operators that only training has. src/grad adds them to a copy of the caller's graph, with the batch
 * filled in; there are no public calls for them. Of a gradient's inputs the first is dy, the gradient of what the operator made
 * on its way forward.
 *
 *   conv2d_weights          dy, x -> the weight's gradient [channels, C / groups, KH, KW]
 *   linear_weights          dy, x -> the weight's gradient [features, inputs]
 *   channel_sum             a[, b] -> [C], the sum of a (times b) over all dimensions but 1
 *   spread                  x -> the same pixels `stride` apart in an image of `size`, zeros between and behind
 *   pool_gradient           dy[, x] -> dx of the pooling's input, whose image has `size`; x for a maximum only
 *   lrn_gradient            dy, x -> dx
 *   activation_gradient     dy, y -> dx; of a PReLU dy, x
 *   softmax_gradient        dy, y -> dx
 *   cross_entropy           logits [N, C], labels [N] -> losses [N]
 *   cross_entropy_gradient  logits, labels -> factor * d loss / d logits
 *   norm_statistics         x -> [2, C]: mean and biased variance over all dimensions but 1
 *   norm_apply              x, statistics -> y; with parameters like batch_norm's
 *   norm_sums               dy, x, statistics -> [2, C]: the gradients of weight and bias
 *   norm_gradient           dy, x, statistics, sums -> dx; with norm_apply's weight
 *   dropout_training        x, key [4] -> y; its gradient is itself, applied to dy
 *   expand                  x -> x repeated along dimensions of 1, to `shape` */
#ifndef GRAPH_TRAINING_H
#define GRAPH_TRAINING_H

#include "base/base.h"

typedef struct graph_shape_settings {
    clade_shape shape;
} graph_shape_settings;

typedef struct graph_spread_settings {
    int32_t stride[2];
    int64_t size[2]; /* rows and columns of the result */
} graph_spread_settings;

typedef struct graph_pool_gradient_settings {
    clade_pool_settings pool;
    int64_t size[2];
} graph_pool_gradient_settings;

typedef struct graph_cross_entropy_settings {
    float smoothing; /* of the target: (1 - smoothing) for the label, smoothing / classes for each class */
    float factor;    /* of the gradient */
} graph_cross_entropy_settings;

typedef struct graph_dropout_training_settings {
    float rate;
    int32_t stream; /* another one for each layer */
} graph_dropout_training_settings;

#endif
