/**
 * @file train.h
 * @brief Training: a network learns on the device that it later runs on.
 *
 * Conventions are those of clade.h.
 */
#ifndef CLADE_TRAIN_H
#define CLADE_TRAIN_H

#include <clade/clade.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------
 * Optimisers
 * --------------------------------------------------------------------------------------------------- */

/** How gradients change parameters. p: a parameter, g: its gradient, clipped, and with the weight decay in it; lr: the step's
 *  learning rate; b: `momentum`; d: `square_decay`; e: `epsilon`; m, v: what is kept of earlier steps, at first 0. The formulae are
 *  PyTorch's, but for the one that bears TensorFlow's name. */
typedef enum clade_optimizer_kind {
    CLADE_OPTIMIZER_SGD = 0,      /**< p -= lr g */
    CLADE_OPTIMIZER_MOMENTUM = 1, /**< m = b m + g; p -= lr m */
    CLADE_OPTIMIZER_NESTEROV = 2, /**< m = b m + g; p -= lr (g + b m) */
    CLADE_OPTIMIZER_RMSPROP = 3,  /**< v = d v + (1 - d) g^2; m = b m + g / (sqrt(v) + e); p -= lr m */
    /** v, at first 1, = d v + (1 - d) g^2; m = b m + lr g / sqrt(v + e); p -= m. Inception-v3 was trained with it
     *  (arXiv:1512.00567), with a `clip_norm` of 2 and a rate of 0.045, less by 0.94 every second epoch. */
    CLADE_OPTIMIZER_RMSPROP_TENSORFLOW = 4,
    /** m = b m + (1 - b) g; v = d v + (1 - d) g^2; p -= lr (m / (1 - b^t)) / (sqrt(v / (1 - d^t)) + e), t counting the steps from 1
     *  (Kingma and Ba, arXiv:1412.6980). */
    CLADE_OPTIMIZER_ADAM = 5,
    /** As Adam, but the weight decay is none of g: p -= lr weight_decay p comes first (Loshchilov and Hutter, arXiv:1711.05101). */
    CLADE_OPTIMIZER_ADAMW = 6
} clade_optimizer_kind;

/** How to descend. */
typedef struct clade_optimizer_settings {
    clade_optimizer_kind kind; /**< Zero: CLADE_OPTIMIZER_SGD. */
    float momentum;     /**< b, from 0 to below 1. Zero: 0.9, but none for CLADE_OPTIMIZER_RMSPROP. SGD has none. */
    float square_decay; /**< d, from 0 to below 1. Zero: 0.99 for RMSPROP, 0.9 for RMSPROP_TENSORFLOW, else 0.999. */
    float epsilon;      /**< e. Zero: 1 for RMSPROP_TENSORFLOW, as for Inception-v3, else 1e-8. */
    float weight_decay; /**< Times a parameter is added to its gradient; see ADAMW. Zero: none. */
    bool
        decay_all; /**< Decays biases, and the scales and shifts of batch normalisation, too; else only weights of two and more
                             dimensions. */
    float clip_value; /**< Elements of gradients are kept within [-clip_value, clip_value]. Zero: as they are. */
    float
        clip_norm; /**< All gradients together are made shorter where the square root of the sum of all their squares passes
                             this: they are multiplied by clip_norm / (that + 1e-6). After `clip_value`. Zero: as they are. */
    float
        average; /**< a: the moving average of each parameter is a times itself and (1 - a) times the parameter after each step,
                             and after the first step the parameter. From 0 to below 1, such as 0.9999. Zero: there is none. */
    uint64_t reserved[8]; /**< Zero. */
} clade_optimizer_settings;

/** @return the settings of an optimiser, spelt out. */
CLADE_API clade_optimizer_settings clade_optimizer_defaults(clade_optimizer_kind kind);

/** @return what an optimiser is called: "sgd", "momentum", "nesterov", "rmsprop", "rmsprop-tensorflow", "adam", "adamw"; NULL when there is
 *  none of this number. */
CLADE_API const char *clade_optimizer_name(clade_optimizer_kind kind);

#ifdef __cplusplus
}
#endif

#endif
