/* network.h: a small network whose parameters the files of tests/data/io/weights hold. */
#ifndef TESTS_IO_NETWORK_H
#define TESTS_IO_NETWORK_H

#include "io/support.h"

/* [N, 3, 8, 8] -> conv 3x3 "conv" -> batch norm "norm" -> mean -> linear "fc" -> [N, 5]; or what stopped it. */
clade_status network_build(support *test, clade_graph **graph_out);
/* The same, asserting success. */
clade_graph *network_create(support *test);

enum { NETWORK_LARGEST = 108 }; /* elements of conv.weight */

/* Element i of every tensor in the files. */
float network_expected(size_t i);
/* Asserts that every parameter has those values. */
void network_check(support *test, const clade_graph *graph);
bool network_has_value(support *test, const clade_graph *graph, const char *name);

#endif
