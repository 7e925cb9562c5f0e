/* optimizer.h: optimisers as their papers and PyTorch have them, in plain double precision. */
#ifndef TESTS_REFERENCE_OPTIMIZER_H
#define TESTS_REFERENCE_OPTIMIZER_H

#include <clade/train.h>

/* `count` numbers each. */
typedef struct reference_descent {
    int64_t count;
    double *values, *first, *second, *average;
    const bool *decays; /* which of the values do */
} reference_descent;

/* One step, counted from 0, with settings that are spelt out. */
void reference_descend(const clade_optimizer_settings *settings, reference_descent *state, const float *gradients,
                       double learning_rate, uint64_t step);

#endif
