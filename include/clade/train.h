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

/* ------------------------------------------------------------------------------------------------------
 * Learning rates
 * --------------------------------------------------------------------------------------------------- */

/** How the learning rate changes from step to step. t: the step, counted from 0 behind the warm-up; T: `steps` without the warm-up. */
typedef enum clade_schedule_kind {
    CLADE_SCHEDULE_CONSTANT = 0,    /**< rate */
    CLADE_SCHEDULE_STEP = 1,        /**< rate factor^floor(t / period) */
    CLADE_SCHEDULE_EXPONENTIAL = 2, /**< rate factor^(t / period) */
    /** last + (rate - last) (1 + cos(pi t / T)) / 2 (Loshchilov and Hutter, arXiv:1608.03983). */
    CLADE_SCHEDULE_COSINE = 3,
    /** From rate / 25 to rate at t = rise T - 1, then to last at t = T - 1, both by half a cosine (Smith and Topin, arXiv:1708.07120; in
     *  the form of PyTorch's OneCycleLR). */
    CLADE_SCHEDULE_ONE_CYCLE = 4
} clade_schedule_kind;

/** A learning rate for each step. */
typedef struct clade_schedule {
    clade_schedule_kind kind; /**< Zero: CLADE_SCHEDULE_CONSTANT. */
    float rate;               /**< The highest. Zero: 0.1. */
    uint64_t steps;           /**< Of the whole training; afterwards the rate stays. Needed by COSINE and ONE_CYCLE. */
    uint64_t
        warmup; /**< Steps before the schedule proper, in which the rate rises linearly: step k has (k + 1) / (warmup + 1) of what
                          comes behind them (Goyal et al., arXiv:1706.02677). Zero: none. */
    uint64_t period;      /**< Of STEP and EXPONENTIAL, in steps. Zero: T for EXPONENTIAL, a third of it for STEP. */
    float factor;         /**< Of STEP and EXPONENTIAL. Zero: 0.1. */
    float last;           /**< Of COSINE and ONE_CYCLE. Zero: 0 and rate / 250000. */
    float rise;           /**< Of ONE_CYCLE: its share of all steps that rise. Zero: 0.3. */
    uint64_t reserved[6]; /**< Zero. */
} clade_schedule;

/** @param schedule  NULL: all zeros.
 *  @param step  counted from 0.
 *  @return the rate of a step; NaN where the schedule lacks what its kind needs, or has no kind. */
CLADE_API float clade_learning_rate(const clade_schedule *schedule, uint64_t step);

/** @return what a schedule is called: "constant", "step", "exponential", "cosine", "one-cycle"; NULL when there is none of this number. */
CLADE_API const char *clade_schedule_name(clade_schedule_kind kind);

/* ------------------------------------------------------------------------------------------------------
 * First values
 * --------------------------------------------------------------------------------------------------- */

/** How the weights of convolutions and linear layers are drawn. in, out: how many weights lead to an element of the output, and away
 *  from one of the input, as PyTorch counts them: a weight's second and first dimension times the size of its kernel. */
typedef enum clade_initializer {
    CLADE_INITIALIZER_XAVIER_UNIFORM = 0, /**< Uniform within sqrt(6 / (in + out)) (Glorot and Bengio 2010). */
    CLADE_INITIALIZER_XAVIER_NORMAL = 1,  /**< Normal with a variance of 2 / (in + out). */
    CLADE_INITIALIZER_HE_UNIFORM = 2,     /**< Uniform within sqrt(6 / in) (He et al., arXiv:1502.01852). */
    CLADE_INITIALIZER_HE_NORMAL = 3,      /**< Normal with a variance of 2 / in. */
    /** Normal with a deviation of `deviation`; what lies further than two of them from 0 is drawn again. For Inception networks. */
    CLADE_INITIALIZER_TRUNCATED_NORMAL = 4
} clade_initializer;

/** How to begin. */
typedef struct clade_initializer_settings {
    clade_initializer kind; /**< Zero: CLADE_INITIALIZER_XAVIER_UNIFORM. */
    bool fan_out;           /**< He's by `out` instead of `in`, as torchvision does for residual networks. */
    float deviation;        /**< Of TRUNCATED_NORMAL. Zero: 0.1. */
    uint64_t seed;          /**< Another one gives other values. */
    uint64_t reserved[4];   /**< Zero. */
} clade_initializer_settings;

/** Gives every parameter of a graph a value to begin training with: weights of convolutions and linear layers as the settings say;
 *  batch normalisation a weight of 1, a running mean of 0 and a running variance of 1; scales 1; slopes of CLADE_PRELU 0.25; biases
 *  and shifts 0. Constants of @ref clade_graph_binary stay as they are, and count as 0 in a sum and 1 in a product where they have no
 *  value.
 *
 *  A value follows from seed, parameter's name and element alone, whatever else the graph has. Values are made when they are read and
 *  take no memory until then.
 *  @param settings  NULL: the defaults. */
CLADE_API clade_status clade_graph_initialize(clade_graph *graph, const clade_initializer_settings *settings);

/** @return what an initialiser is called: "xavier-uniform", "xavier-normal", "he-uniform", "he-normal", "truncated-normal"; NULL when
 *          there is none of this number. */
CLADE_API const char *clade_initializer_name(clade_initializer kind);

#ifdef __cplusplus
}
#endif

#endif
