/* What compilation makes of the zoo: nothing is left between the convolutions, poolings and linear layers. No device is needed.
 * Oracle: the papers' figures. */
#include "models/context.h"
#include "models/golden.h"

#include "base/base.h"
#include "pass/pass.h"

#include <clade/models.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static size_t count_of(const clade_graph *graph, graph_op op) {
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; i++) count += graph->nodes[i].op == op;
    return count;
}

static clade_graph *build(clade_context *context, const char *model) {
    clade_graph *graph = NULL;
    assert_int_equal(clade_model_create(context, model, NULL, &graph), CLADE_OK);
    assert_int_equal(graph_set_batch(graph, 1), CLADE_OK);
    return graph;
}

/* With the channel blocks of CPU devices: no slice may begin inside one, and no layer may ask for another layout than its
 * neighbours. Only behind the last pooling is there a reorder, back to plain for the classifier. */
static void concats_activations_and_scales_cost_nothing(void **state) {
    const char *const models[] = {"googlenet",
                                  "googlenet_d2l",
                                  "googlenet_256",
                                  "googlenet_bn",
                                  "bn_inception",
                                  "inception_v3",
                                  "inception_v4",
                                  "inception_v4_cifar",
                                  "inception_resnet_v1",
                                  "inception_resnet_v2",
                                  "squeezenet",
                                  "resnet18",
                                  "resnet50"};
    const graph_op gone[] = {GRAPH_OP_concat, GRAPH_OP_activation, GRAPH_OP_batch_norm,
                             GRAPH_OP_scale,  GRAPH_OP_binary,     GRAPH_OP_dropout};
    const int32_t blocks[] = {16, 8, 4};
    for (size_t m = 0; m < BASE_COUNT(models); m++) {
        for (size_t i = 0; i < BASE_COUNT(blocks); i++) {
            clade_graph *graph = build(*state, models[m]);
            assert_int_equal(pass_run(graph, &(pass_options){.channel_block = blocks[i]}), CLADE_OK);
            for (size_t k = 0; k < BASE_COUNT(gone); k++) assert_int_equal(count_of(graph, gone[k]), 0);
            assert_int_equal(count_of(graph, GRAPH_OP_reorder), 1);
            clade_graph_destroy(&graph);
        }
    }
}

/* Every residual block ends in one convolution that adds its input, or what a shortcut makes of it. The last one of the
 * Inception-ResNets is the only one without a ReLU. */
static void residuals_are_added_by_convolutions(void **state) {
    const struct {
        const char *model;
        size_t residuals, with_relu;
    } cases[] = {{"inception_resnet_v1", 5 + 10 + 6, 5 + 10 + 5},
                 {"inception_resnet_v2", 10 + 20 + 10, 10 + 20 + 9},
                 {"resnet18", 8, 8},
                 {"resnet50", 16, 16}};
    for (size_t m = 0; m < BASE_COUNT(cases); m++) {
        clade_graph *graph = build(*state, cases[m].model);
        size_t residuals = 0, with_relu = 0;
        assert_int_equal(pass_run(graph, &(pass_options){.channel_block = 16}), CLADE_OK);
        for (size_t i = 0; i < graph->node_count; i++) {
            const graph_node *node = &graph->nodes[i];
            if (node->op != GRAPH_OP_conv2d || node->input_count < 2) continue;
            residuals++;
            with_relu += node->attributes.conv2d.activation == CLADE_RELU;
        }
        assert_int_equal(residuals, cases[m].residuals);
        assert_int_equal(with_relu, cases[m].with_relu);
        clade_graph_destroy(&graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concats_activations_and_scales_cost_nothing),
        cmocka_unit_test(residuals_are_added_by_convolutions),
    };
    return cmocka_run_group_tests_name("models.compiled", tests, context_open_without_device, context_close);
}
