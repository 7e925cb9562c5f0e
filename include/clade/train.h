/**
 * @file train.h
 * @brief Training: a network learns on the device that it later runs on.
 *
 * The way of a program:
 *
 *  1. Build a graph as for inference (`clade.h`, `models.h`), with its auxiliary classifiers if it has any, and give its parameters
 *     their first values (@ref clade_graph_initialize, or weights from a file).
 *  2. @ref clade_trainer_create compiles one step of its training: forward, backward and update, for a fixed batch.
 *  3. @ref clade_trainer_step for every batch, with images and labels from @ref clade_loader (`data.h`) or from anywhere.
 *     A loop of one's own calls @ref clade_trainer_forward, @ref clade_trainer_backward and @ref clade_trainer_update instead, and may
 *     read and change parameters and gradients in between.
 *  4. @ref clade_trainer_export gives the graph what was learnt. From there on it is a network like others: to be saved, or
 *     compiled and run.
 *
 * The same graph, data, settings and device give the same bits. Conventions are those of clade.h.
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

/* ------------------------------------------------------------------------------------------------------
 * Trainer
 * --------------------------------------------------------------------------------------------------- */

/** A network in training: its parameters and the optimiser's state on the device, and a step compiled. One thread at a time. */
typedef struct clade_trainer clade_trainer;

/** A loss: the softmax cross-entropy of an output's rows and the labels, averaged over the batch. */
typedef struct clade_loss {
    const char *output;   /**< Name of an output of the graph, of shape [N, classes]. NULL: the first. */
    float weight;         /**< In the sum of all losses, which training descends. Zero: 1. */
    uint64_t reserved[4]; /**< Zero. */
} clade_loss;

/** How to train. */
typedef struct clade_trainer_settings {
    int64_t batch; /**< Images a step, for inputs with CLADE_BATCH. Zero: 32. */
    const clade_loss
        *losses; /**< NULL: the graph's first output with weight 1, and all others, which are auxiliary classifiers,
                                   with 0.3 (Szegedy et al., arXiv:1409.4842). */
    size_t loss_count; /**< How many. */
    float
        label_smoothing; /**< s: targets are (1 - s) for the label and s / classes for each class (arXiv:1512.00567). 0 <= s < 1. */
    clade_optimizer_settings
        optimizer;         /**< How gradients change parameters. Zeros: plain stochastic gradient descent. */
    float norm_momentum;   /**< Share of a batch's statistics in the running ones of batch normalisation. Zero: 0.1. */
    uint64_t seed;         /**< Of dropout. */
    uint64_t memory_limit; /**< Bytes on the device for one step; zero: what the device has. See clade_plan_settings. */
    uint32_t disabled_passes; /**< A sum of clade_pass. */
    int32_t channel_block;    /**< As in clade_plan_settings. */
    const char *kernels;      /**< As in clade_plan_settings. */
    uint64_t reserved[8];     /**< Zero. */
} clade_trainer_settings;
CLADE_API clade_trainer_settings clade_trainer_defaults(void); /**< @return the defaults, spelt out. */

/** Compiles a graph's training. The graph stays the caller's and is not changed; its parameters have their first values.
 *  @param settings  NULL: the defaults.
 *  @param[out] trainer_out  the caller's, to be freed with @ref clade_trainer_destroy.
 *  @return as @ref clade_plan_create, and CLADE_ERROR_UNSUPPORTED for an operator that has no gradient, by name;
 *          CLADE_ERROR_SHAPE for an output that is no row of logits for each image. */
CLADE_API clade_status clade_trainer_create(const clade_graph *graph, const clade_trainer_settings *settings,
                                            clade_trainer **trainer_out);

/** Frees a trainer, with what was learnt and not exported. */
CLADE_API void clade_trainer_destroy(clade_trainer **trainer);

/** What a step came to. */
typedef struct clade_step_result {
    double loss;          /**< Of the batch: the weighted sum of all losses. */
    double main_loss;     /**< Of the first loss alone, unweighted. */
    size_t correct;       /**< Images whose label has the largest of the first loss's logits. */
    uint64_t step;        /**< Number of the step, from 0. */
    uint64_t reserved[4]; /**< Zero. */
} clade_step_result;

/** One step of training: forward, backward, update.
 *  @param inputs  every input of the graph, each once, of the whole batch.
 *  @param labels  of each image, from 0 to classes - 1.
 *  @param learning_rate  of this step; see @ref clade_learning_rate.
 *  @param[out] result_out  may be NULL.
 *  @return CLADE_ERROR_INVALID_ARGUMENT (a label out of range), CLADE_ERROR_NUMERIC (the loss is no finite number; the message
 *          names the step and the layer where that began, parameters are as they were before), CLADE_ERROR_OPENCL,
 *          CLADE_ERROR_DEVICE_LOST. */
CLADE_API clade_status clade_trainer_step(clade_trainer *trainer, const clade_buffer *inputs, size_t input_count,
                                          const int32_t *labels, float learning_rate, clade_step_result *result_out);

/** The first third of a step: losses of a batch, and the statistics of batch normalisation.
 *  Parameters as of @ref clade_trainer_step. A loss that is not finite is no error here. */
CLADE_API clade_status clade_trainer_forward(clade_trainer *trainer, const clade_buffer *inputs, size_t input_count,
                                             const int32_t *labels, clade_step_result *result_out);
/** The second: the gradients of all parameters by the batch that was last gone forward with.
 *  @return CLADE_ERROR_INVALID_ARGUMENT when there is none. */
CLADE_API clade_status clade_trainer_backward(clade_trainer *trainer);
/** The third: changes parameters by their gradients, as the optimiser does, and counts the step. */
CLADE_API clade_status clade_trainer_update(clade_trainer *trainer, float learning_rate);

/** What a trainer keeps of each parameter. */
typedef enum clade_trainer_value {
    CLADE_TRAINER_PARAMETER = 0, /**< Its value. Running statistics of batch normalisation, by their names, too. */
    CLADE_TRAINER_GRADIENT = 1   /**< Its gradient, after @ref clade_trainer_backward. */
} clade_trainer_value;

/** Copies a parameter or its gradient to host memory.
 *  @param name  of the parameter, e.g. "conv1.weight".
 *  @param[out] values_out  room for `count` floats, which must be the parameter's number of elements.
 *  @return CLADE_ERROR_NOT_FOUND, CLADE_ERROR_SHAPE (count). */
CLADE_API clade_status clade_trainer_read(clade_trainer *trainer, clade_trainer_value what, const char *name,
                                          float *values_out, size_t count);
/** Replaces a parameter or its gradient; else as @ref clade_trainer_read. */
CLADE_API clade_status clade_trainer_write(clade_trainer *trainer, clade_trainer_value what, const char *name,
                                           const float *values, size_t count);

/** Gives a graph the trainer's parameters and running statistics, by name: that which the trainer was made from, or one that has the
 *  same layers, as without its auxiliary classifiers.
 *  @param averaged  the moving average of the weights instead of the last ones, where the optimiser keeps one.
 *  @return CLADE_ERROR_NOT_FOUND when the graph has a parameter that the trainer has not; CLADE_ERROR_SHAPE. */
CLADE_API clade_status clade_trainer_export(clade_trainer *trainer, clade_graph *graph, bool averaged);

/** @return how many steps have updated the parameters; 0 for NULL. */
CLADE_API uint64_t clade_trainer_steps(const clade_trainer *trainer);

/** Bytes on the device. */
typedef struct clade_trainer_memory {
    uint64_t parameters;  /**< Parameters with gradients, the optimiser's state and running statistics. */
    uint64_t arena;       /**< Activations, their gradients and workspaces, planned for the whole step. */
    uint64_t batch;       /**< Images, labels, logits and losses. */
    uint64_t reserved[5]; /**< Zero. */
} clade_trainer_memory;
/** Says what a trainer takes. */
CLADE_API clade_status clade_trainer_memory_use(const clade_trainer *trainer, clade_trainer_memory *memory_out);

/** @return the plan of a step, to be looked at with the calls of clade.h; lives as long as the trainer. */
CLADE_API const clade_plan *clade_trainer_plan(const clade_trainer *trainer);

#ifdef __cplusplus
}
#endif

#endif
