/* combine.h: what the operators of two tensors make of two elements. */
#ifndef TESTS_REFERENCE_COMBINE_H
#define TESTS_REFERENCE_COMBINE_H

#include <clade/clade.h>

/* a op b, or with `swap` b op a. */
double reference_combine(clade_binary_kind kind, bool swap, double a, double b);
/* How far float arithmetic may be off: OpenCL C asks for half an ulp of sums and products, 2.5 of quotients, 16 of powers. */
double reference_combine_bound(clade_binary_kind kind, double result);

#endif
