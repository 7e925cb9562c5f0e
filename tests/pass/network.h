/* network.h: small networks for the tests of passes, on a context without a device, and what every pass must leave intact. */
#ifndef TESTS_PASS_NETWORK_H
#define TESTS_PASS_NETWORK_H

#include "pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* cmocka's setup and teardown: *state is an empty graph. */
int network_open(void **state);
int network_close(void **state);
#define NETWORK_TEST(name) cmocka_unit_test_setup_teardown(name, network_open, network_close)

/* Each adds one node, and fails the test when the graph refuses it. Images have a batch of 2. */
clade_tensor network_input(clade_graph *graph, int64_t channels, int64_t side);
clade_tensor network_conv(clade_graph *graph, clade_tensor x, int32_t channels,
                          int32_t kernel); /* same size, with bias */
clade_tensor network_conv_with(clade_graph *graph, clade_tensor x, clade_conv2d_settings settings);
clade_tensor network_linear(clade_graph *graph, clade_tensor x, int32_t features);
clade_tensor network_norm(clade_graph *graph, clade_tensor x);
clade_tensor network_scale(clade_graph *graph, clade_tensor x, clade_scale_settings settings);
clade_tensor network_activation(clade_graph *graph, clade_tensor x, clade_activation kind);
clade_tensor network_dropout(clade_graph *graph, clade_tensor x);
clade_tensor network_pool(clade_graph *graph, clade_tensor x, int32_t kernel, int32_t stride);
clade_tensor network_global_pool(clade_graph *graph, clade_tensor x);
clade_tensor network_flatten(clade_graph *graph, clade_tensor x);
clade_tensor network_binary(clade_graph *graph, clade_tensor a, clade_tensor b, clade_binary_settings settings);
clade_tensor network_add(clade_graph *graph, clade_tensor a, clade_tensor b);
clade_tensor network_concat(clade_graph *graph, const clade_tensor *inputs, size_t count, int32_t axis);
void network_output(clade_graph *graph, clade_tensor x, const char *name);

/* GoogLeNet's block with four branches of the given widths, convolutions as conv, batch norm, ReLU:
 * 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection. 20 nodes. */
clade_tensor network_inception(clade_graph *graph, clade_tensor x, const int32_t widths[6]);

/* Runs one pass as pass_run would, and checks what holds after each: nodes in execution order, shapes as their operators infer
 * them, outputs with the names and shapes they had, slices inside their parents and written by one node only. */
void network_run(clade_graph *graph, clade_status (*pass)(clade_graph *, const pass_options *), pass_options options);
/* The same for all passes together. */
void network_run_all(clade_graph *graph, pass_options options);

size_t network_count(const clade_graph *graph, graph_op op);
/* The only node of its kind. */
graph_node *network_only(const clade_graph *graph, graph_op op);
/* The tensor behind an output of the graph. */
clade_tensor network_output_tensor(const clade_graph *graph, const char *name);

#endif
