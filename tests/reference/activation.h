/* activation.h: the functions that may follow a layer, in double precision. */
#ifndef TESTS_REFERENCE_ACTIVATION_H
#define TESTS_REFERENCE_ACTIVATION_H

#include <clade/clade.h>

/* CLADE_PRELU as CLADE_LEAKY_RELU, with the channel's slope. NaN stays NaN. */
double reference_activate(clade_activation kind, double x, double slope);

/* How far activate(x) in float32 may be off when x is off by `bound`: no function here is steeper than max(1, |slope|), and
 * float32 exp and tanh may be off by the 5 ulp that OpenCL allows, through a quotient. */
double reference_activation_bound(clade_activation kind, double activated, double bound, float slope);

#endif
