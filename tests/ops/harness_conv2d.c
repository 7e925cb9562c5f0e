/* harness_conv2d.c: what the tests of all candidates for convolution give a harness_operator. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <stdio.h>

void harness_reference_conv2d(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                              harness_expected *expected) {
    reference_conv2d(&problem->conv2d, inputs[0], parameters[OPS_WEIGHT], parameters[OPS_BIAS], inputs[1],
                     expected->values, expected->bounds);
}

void harness_describe_conv2d(const ops_problem *problem, char *text, size_t size) {
    const ops_conv2d *p = &problem->conv2d;
    snprintf(text, size,
             "kernel %dx%d stride %d,%d dilation %d,%d pad %d,%d groups %d bias %d residual %d activation %d from %d "
             "given %d turned %d",
             p->kernel_h, p->kernel_w, p->stride_h, p->stride_w, p->dilation_h, p->dilation_w, p->pad_top, p->pad_left,
             p->groups, p->has_bias, p->has_residual, p->activation, p->linear_channels, problem->given,
             p->weight_turned);
}
