/* optimizer.h: from gradients to parameters, in a few launches over flat buffers whatever the number of parameters.
 *
 *   values     [conv1.weight | conv1.bias | ...]    changed
 *   gradients  the same layout                      read
 *   state      the same layout                      first moment, second moment, moving average, as far as the optimiser has them
 *
 * Every element is done alike, those between parameters too, which hold zeros and stay so. Results do not depend on the number of
 * threads: an element has no neighbours, and the sum of all squares, for clipping, is made of parts of fixed sizes in a fixed order. */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "rt/rt.h"

#include <clade/train.h>

/* Floats in all of which a buffer decays alike: parameters begin at multiples of it, and so does the end of the buffers. */
enum { TRAIN_OPTIMIZER_UNIT = 16 };

/* A parameter whose weights decay: elements [offset, offset + count). */
typedef struct train_decaying {
    uint64_t offset, count;
} train_decaying;

/* What an optimiser works on; the buffers stay the caller's and outlive it. */
typedef struct train_flat {
    rt_buffer *values, *gradients;
    uint64_t elements;              /* a multiple of TRAIN_OPTIMIZER_UNIT */
    const train_decaying *decaying; /* read only while the optimiser is made */
    size_t decaying_count;
} train_flat;

typedef struct train_optimizer train_optimizer;

/* Defaults stand in for zeros of `settings`. CLADE_ERROR_INVALID_ARGUMENT for settings out of their ranges. */
clade_status train_optimizer_create(base_env *env, rt_context *rt, const clade_optimizer_settings *settings,
                                    const train_flat *flat, train_optimizer **optimizer_out);
void train_optimizer_destroy(train_optimizer **optimizer);
/* Puts one step on the queue; steps count from 0, at which the state is taken to be as it is at first. */
clade_status train_optimizer_update(train_optimizer *optimizer, rt_queue *queue, float learning_rate, uint64_t step);
/* The moving averages, since the first step; NULL when there are none. */
rt_buffer *train_optimizer_average(const train_optimizer *optimizer);
/* What has to be kept with the values to go on later: buffer `index` and its name, or NULL behind the last. */
rt_buffer *train_optimizer_state(const train_optimizer *optimizer, size_t index, const char **name_out);

#endif
