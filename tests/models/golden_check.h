/* golden_check.h: runs a network and compares it with its golden result: weights and input from the rule of docs/goldens.md,
 * the blocks and all logits with what PyTorch computed in float64. The bound is the project's for float32: 1e-4 of the largest
 * value. */
#ifndef TESTS_MODELS_GOLDEN_CHECK_H
#define TESTS_MODELS_GOLDEN_CHECK_H

#include "models/golden.h"

/* Builds a model of the zoo and checks it; with `blocks` the blocks, too, which then are outputs of the network. */
void golden_check(clade_context *context, const char *model, bool blocks, const clade_plan_settings *settings);
/* The same with a graph, which stays the caller's but is given weights and, with `blocks`, outputs. */
void golden_check_graph(clade_context *context, const char *name, clade_graph *graph, bool blocks,
                        const clade_plan_settings *settings);

#endif
