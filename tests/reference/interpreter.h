/* interpreter.h: runs a graph in plain double-precision C, straight from the definitions of the operators in clade.h. It knows
 * nothing of problems, layouts, passes or kernels, and so is the oracle for all of them together. */
#ifndef REFERENCE_INTERPRETER_H
#define REFERENCE_INTERPRETER_H

#include "graph/graph.h"

/* Computes every activation of `graph`, whose batch is filled in, from one array an input (in the order of the inputs).
 * The result has one array a tensor id, NULL for parameters; freed by interpreter_free. Needs given parameters only. */
double **interpreter_run(const clade_graph *graph, const float *const *inputs);
void interpreter_free(const clade_graph *graph, double **values);
/* Elements of a tensor. */
size_t interpreter_elements(const clade_graph *graph, clade_tensor tensor);

#endif
