/* carry.h: models whose outputs are constants.
 *
 *   ... -> y       becomes       ... -> y/constant -> Cast to float -> Add to the input "zero/carried" -> y
 *
 * What a Shape or arithmetic of integers gives is a constant for Clade, and no output of a graph, since nothing would be left to run.
 * Added to an input that is zero it comes out, so that what was folded can be compared. */
#ifndef TESTS_ONNX_CARRY_H
#define TESTS_ONNX_CARRY_H

#include "onnx/tensor.h"

/* Changes all outputs of the model, and appends an input. */
void carry_outputs(Onnx__ModelProto *model);
/* What that input is to be given. */
tensor carry_zero(void);

#endif
