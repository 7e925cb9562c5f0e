/* train.h: training, above plans. A trainer owns flat buffers in which parameters lie one behind the other, and binds the ports of a
 * plan, one step of training (src/grad), to parts of them:
 *
 *   values     [conv1.weight | conv1.bias | ...]   <- parameters, inputs of the plan
 *   gradients  the same order                       <- gradients, outputs of the plan
 *   running    [mean, variance of each batch norm]     running statistics
 *   batch      the same order                       <- statistics of the batch, outputs of the plan
 *
 * so that what is done to all parameters takes a few launches, whatever their number. */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H

#include "grad/grad.h"
#include "plan/plan.h"
#include "train/optimizer.h"

#include <clade/train.h>

/* A part of a flat buffer. */
typedef struct train_segment {
    char *name;
    clade_shape shape;
    uint64_t offset, count; /* floats; offsets are multiples of TRAIN_ALIGNMENT */
} train_segment;

enum { TRAIN_ALIGNMENT = TRAIN_OPTIMIZER_UNIT };

/* Segments of a flat buffer, in order. */
typedef struct train_layout {
    train_segment *segments;
    size_t count;
    uint64_t elements; /* of the buffer, a multiple of TRAIN_ALIGNMENT once train_layout_end was called */
} train_layout;

/* Appends a segment "NAMESUFFIX"; there is room for it. It begins at a multiple of TRAIN_ALIGNMENT, or right behind the last one. */
clade_status train_layout_add(base_env *env, train_layout *layout, const char *name, const char *suffix,
                              const clade_shape *shape, bool aligned);
void train_layout_free(base_env *env, train_layout *layout);
/* The segment of that name, or NULL. */
const train_segment *train_layout_find(const train_layout *layout, const char *name);

struct clade_trainer {
    clade_context *context; /* held */
    base_env *env;
    rt_context *rt;
    clade_graph *network; /* what is trained, its batch filled in, without values */
    clade_plan *plan;
    clade_session *session;  /* whose bindings the trainer sets, once */
    size_t forward_launches; /* of the session, the first ones */
    grad_ports ports;
    float *loss_weights;
    size_t loss_count;

    train_layout parameters;
    train_layout statistics; /* of each batch norm NAME.running_mean and NAME.running_var, one right behind the other */
    rt_buffer *values, *gradients, *running, *batch;
    rt_buffer **staging;    /* one for each port that is none of these: inputs, labels, key; logits, losses */
    float *labels;          /* as the device takes them */
    float *logits, *losses; /* of the first loss; of all */
    int64_t images, classes;

    train_optimizer *optimizer;
    uint64_t seed, steps;
    float norm_momentum;
    rt_kernel *blend;             /* running statistics */
    rt_buffer *unbiased;          /* what a batch's statistics are multiplied by, in the order of `batch` */
    bool is_forward, is_backward; /* what has been done of the step */
};

/* ---- Buffers (state.c) ----------------------------------------------------------------------------------------------------------- */
/* Lays out the parameters and statistics of a graph for training, makes the buffers, and uploads what `source`, the caller's graph,
 * has of values. */
clade_status train_state_make(clade_trainer *trainer, const clade_graph *source, const clade_graph *step,
                              const clade_optimizer_settings *optimizer);
void train_state_free(clade_trainer *trainer);
/* Blends the batch's statistics into the running ones, on the session's queue. */
clade_status train_state_blend(clade_trainer *trainer);

/* ---- Failures (diagnose.c) ------------------------------------------------------------------------------------------------------------ */
/* CLADE_ERROR_NUMERIC, with where the numbers of the step that was last gone forward with began not to be finite. */
clade_status train_diagnose(clade_trainer *trainer, double loss);

#endif
