/* Whole networks against their golden results (tests/data/goldens). The same must come out however the graph is compiled. */
#include "models/context.h"
#include "models/golden_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* ---- Tests ------------------------------------------------------------------------------------------------------------- */

static const clade_plan_settings as_chosen = {0};
static const clade_plan_settings without_passes = {
    .disabled_passes = CLADE_PASS_FOLD | CLADE_PASS_FUSE | CLADE_PASS_CONCAT | CLADE_PASS_LAYOUT | CLADE_PASS_IN_PLACE |
                       CLADE_PASS_REUSE | CLADE_PASS_MERGE | CLADE_PASS_COMMUTE | CLADE_PASS_ALIGN |
                       CLADE_PASS_NETWORK};
static const clade_plan_settings in_nchw = {.channel_block = 1};

static void lenet_in_every_way(void **state) {
    golden_check(*state, "lenet", true, &as_chosen);
    golden_check(*state, "lenet", true, &without_passes);
    golden_check(*state, "lenet", true, &in_nchw);
    golden_check(*state, "lenet", false, &as_chosen);
}

static void googlenet_d2l_in_every_way(void **state) {
    golden_check(*state, "googlenet_d2l", true, &as_chosen);
    golden_check(*state, "googlenet_d2l", true, &without_passes);
    golden_check(*state, "googlenet_d2l", true, &in_nchw);
    golden_check(*state, "googlenet_d2l", false, &as_chosen);
}

static void googlenet_in_every_way(void **state) {
    golden_check(*state, "googlenet", true, &as_chosen);
    golden_check(*state, "googlenet", true, &without_passes);
    golden_check(*state, "googlenet", false, &as_chosen);
}

static void googlenet_with_weights_in_half_the_bytes(void **state) {
    golden_check(*state, "googlenet", false, &(clade_plan_settings){.weights = CLADE_FLOAT16});
    golden_check(*state, "googlenet", false, &(clade_plan_settings){.weights = CLADE_BFLOAT16});
}

static void inception_v3_with_and_without_its_blocks(void **state) {
    golden_check(*state, "inception_v3", true, &as_chosen);
    golden_check(*state, "inception_v3", false, &as_chosen);
}

static void inception_resnet_v2_with_and_without_its_blocks(void **state) {
    golden_check(*state, "inception_resnet_v2", true, &as_chosen);
    golden_check(*state, "inception_resnet_v2", false, &as_chosen);
}

static void inception_v4_with_and_without_its_blocks(void **state) {
    golden_check(*state, "inception_v4", true, &as_chosen);
    golden_check(*state, "inception_v4", false, &as_chosen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet_in_every_way),
        cmocka_unit_test(googlenet_d2l_in_every_way),
        cmocka_unit_test(googlenet_in_every_way),
        cmocka_unit_test(googlenet_with_weights_in_half_the_bytes),
        cmocka_unit_test(inception_v3_with_and_without_its_blocks),
        cmocka_unit_test(inception_v4_with_and_without_its_blocks),
        cmocka_unit_test(inception_resnet_v2_with_and_without_its_blocks),
    };
    return cmocka_run_group_tests_name("models.goldens", tests, context_open, context_close);
}
