/* The rest of the Inception family against golden results (tests/data/goldens): every block and all logits. How a graph is compiled
 * is test_goldens.c's business; here each network is compiled once. */
#include "models/context.h"
#include "models/golden_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const clade_plan_settings as_chosen = {0};

static void googlenet_256(void **state) { golden_check(*state, "googlenet_256", true, &as_chosen); }
static void googlenet_bn(void **state) { golden_check(*state, "googlenet_bn", true, &as_chosen); }
static void bn_inception(void **state) { golden_check(*state, "bn_inception", true, &as_chosen); }
static void inception_v4_cifar(void **state) { golden_check(*state, "inception_v4_cifar", true, &as_chosen); }
static void inception_resnet_v1(void **state) { golden_check(*state, "inception_resnet_v1", true, &as_chosen); }
static void inception_resnet_v2_cifar(void **state) {
    golden_check(*state, "inception_resnet_v2_cifar", true, &as_chosen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(googlenet_256),       cmocka_unit_test(googlenet_bn),
        cmocka_unit_test(bn_inception),        cmocka_unit_test(inception_v4_cifar),
        cmocka_unit_test(inception_resnet_v1), cmocka_unit_test(inception_resnet_v2_cifar),
    };
    return cmocka_run_group_tests_name("models.family", tests, context_open, context_close);
}
