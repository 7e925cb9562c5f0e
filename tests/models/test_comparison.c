/* The networks that others are compared with, auxiliary classifiers, and GoogLeNet with other settings, against golden results
 * that tests/data/make/make_networks.py made with PyTorch: blocks and all logits. Without the whole network in one program, whose
 * compilation takes longer than anything here and which test_goldens.c covers. */
#include "models/context.h"
#include "models/golden_check.h"

#include "base/base.h"

#include <clade/models.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const clade_plan_settings launch_by_launch = {.disabled_passes = CLADE_PASS_NETWORK};

static void compare(void **state, const char *model) { golden_check(*state, model, true, &launch_by_launch); }

static void alexnet(void **state) { compare(state, "alexnet"); }
static void vgg11(void **state) { compare(state, "vgg11"); }
static void vgg16(void **state) { compare(state, "vgg16"); }
static void nin(void **state) { compare(state, "nin"); }
static void resnet18(void **state) { compare(state, "resnet18"); }
static void resnet50(void **state) { compare(state, "resnet50"); }
static void squeezenet(void **state) { compare(state, "squeezenet"); }

static void compare_auxiliaries(clade_context *context, const char *model, const char *name) {
    clade_graph *graph = NULL;
    assert_int_equal(clade_model_create(context, model, &(clade_model_settings){.auxiliary = true}, &graph), CLADE_OK);
    golden_check_graph(context, name, graph, true, &launch_by_launch);
    clade_graph_destroy(&graph);
}

static void auxiliary_classifiers_of_googlenet(void **state) {
    compare_auxiliaries(*state, "googlenet_bn", "googlenet_bn_auxiliary");
}

static void auxiliary_classifier_of_inception_v3(void **state) {
    compare_auxiliaries(*state, "inception_v3", "inception_v3_auxiliary");
}

/* GoogLeNet's Table 1. */
static const clade_inception_widths published[CLADE_GOOGLENET_BLOCKS] = {
    {64, 96, 128, 16, 32, 32},     {128, 128, 192, 32, 96, 64},   {192, 96, 208, 16, 48, 64},
    {160, 112, 224, 24, 64, 64},   {128, 128, 256, 24, 64, 64},   {112, 144, 288, 32, 64, 64},
    {256, 160, 320, 32, 128, 128}, {256, 160, 320, 32, 128, 128}, {384, 192, 384, 48, 128, 128},
};

static void googlenet_with_nearly_every_setting(void **state) {
    clade_googlenet_settings settings = {.model = {.classes = 10, .channels = 1, .height = 28, .width = 28},
                                         .kind = CLADE_INCEPTION_V3,
                                         .batch_norm = true,
                                         .keep_bias = true,
                                         .residual = true,
                                         .no_lrn = true,
                                         .stem = CLADE_STEM_SMALL,
                                         .pooling = CLADE_POOLING_PADDED};
    for (size_t i = 0; i < CLADE_GOOGLENET_BLOCKS; i++) {
        const clade_inception_widths *n = &published[i];
        settings.widths[i] = (clade_inception_widths){n->one / 8,         n->reduce_three / 8, n->three / 8,
                                                      n->reduce_five / 8, n->five / 8,         n->pool_projection / 8};
    }
    clade_graph *graph = NULL;
    assert_int_equal(clade_googlenet_create(*state, &settings, &graph), CLADE_OK);
    golden_check_graph(*state, "googlenet_small", graph, true, &launch_by_launch);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alexnet),
        cmocka_unit_test(vgg11),
        cmocka_unit_test(vgg16),
        cmocka_unit_test(nin),
        cmocka_unit_test(resnet18),
        cmocka_unit_test(resnet50),
        cmocka_unit_test(squeezenet),
        cmocka_unit_test(auxiliary_classifiers_of_googlenet),
        cmocka_unit_test(auxiliary_classifier_of_inception_v3),
        cmocka_unit_test(googlenet_with_nearly_every_setting),
    };
    return cmocka_run_group_tests_name("models.comparison", tests, context_open, context_close);
}
