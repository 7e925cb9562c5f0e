/* test_linear.c: every candidate of linear against double precision. */
#include "ops/harness.h"
#include "reference/conv2d.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_linear *p = &problem->linear;
    p->rows = harness_chance(random, 0.4) ? 1 : harness_between(random, 2, 9);
    p->inputs = harness_chance(random, 0.2) ? 1 : harness_between(random, 2, 150);
    p->features = harness_chance(random, 0.2) ? 1 : harness_between(random, 2, 150);
    p->in_stride = p->inputs + (harness_chance(random, 0.5) ? harness_between(random, 1, 20) : 0);
    p->out_stride = p->features + (harness_chance(random, 0.5) ? harness_between(random, 1, 20) : 0);
    p->has_bias = harness_chance(random, 0.7);
    p->activation = harness_activation(random);
    p->slope = 0.25f;
    p->weights = p->activation == CLADE_RELU6
                     ? CLADE_FLOAT16 /* with its activation: each pair would be a program to compile */
                 : p->activation == CLADE_TANH ? CLADE_BFLOAT16
                                               : CLADE_FLOAT32;
    p->weight_turned = harness_chance(random, 0.3);
    problem->given = p->weights == CLADE_FLOAT32 && harness_chance(random, 0.4);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    reference_linear(&problem->linear, inputs[0], parameters[OPS_WEIGHT], parameters[OPS_BIAS], expected->values,
                     expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    const ops_linear *p = &problem->linear;
    snprintf(text, size, "rows %d inputs %d features %d strides %lld, %lld bias %d activation %d given %d turned %d",
             p->rows, p->inputs, p->features, (long long)p->in_stride, (long long)p->out_stride, p->has_bias,
             p->activation, problem->given, p->weight_turned);
}

static void every_candidate_agrees_with_double_precision(void **state) {
    harness_check(*state,
                  &(harness_operator){.kind = OPS_LINEAR, .draw = draw, .reference = reference, .describe = describe});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_candidate_agrees_with_double_precision),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
