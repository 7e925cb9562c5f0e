/* Dropout: every candidate against the reference, the reference's generator against the known answers of its authors, and what dropout
 * should do to many numbers. */
#include "ops/harness.h"
#include "reference/operators.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void draw(harness_random *random, ops_problem *problem) {
    ops_dropout *p = &problem->dropout;
    int32_t n = harness_between(random, 1, 3), c = harness_between(random, 1, 37), block = harness_block(random);
    int32_t h = harness_between(random, 1, 12), w = harness_between(random, 1, 12);
    p->in = harness_tensor(random, n, c, h, w, block);
    p->out = harness_chance(random, 0.5) ? p->in : harness_tensor(random, n, c, h, w, block);
    p->rate = harness_chance(random, 0.2) ? 0.0f : harness_float(random, 0, 1);
    p->stream = (uint32_t)harness_between(random, 0, 1000);
}

static void replace(harness_random *random, const ops_problem *problem, float *const *inputs) {
    (void)problem;
    for (int i = 0; i < OPS_DROPOUT_KEY; i++) inputs[1][i] = (float)harness_between(random, 0, (1 << 24) - 1);
}

static void reference(const ops_problem *problem, const float *const *inputs, const float *const *parameters,
                      harness_expected *expected) {
    (void)parameters;
    reference_dropout(&problem->dropout, inputs[0], inputs[1], expected->values, expected->bounds);
}

static void describe(const ops_problem *problem, char *text, size_t size) {
    snprintf(text, size, "rate %g stream %u", (double)problem->dropout.rate, problem->dropout.stream);
}

static void test_random_problems_match_the_reference(void **state) {
    harness_check(*state, &(harness_operator){.kind = OPS_DROPOUT,
                                              .draw = draw,
                                              .replace = replace,
                                              .reference = reference,
                                              .describe = describe,
                                              .range = 4});
}

/* Lines "philox4x32 10" of tests/kat_vectors in the Random123 distribution (D. E. Shaw Research). */
static void test_the_generator_gives_the_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < BASE_COUNT(known); i++) {
        uint32_t words[4];
        reference_philox(known[i].counter, known[i].key, words);
        assert_memory_equal(words, known[i].words, sizeof words);
    }
}

/* ---- What is kept --------------------------------------------------------------------------------------------------------------------- */

enum { CHANNELS = 37, SIDE = 20, COUNT = CHANNELS * SIDE * SIDE };

/* Ones go through dropout; gives what becomes of them, in NCHW order. */
static void drop_ones(harness *h, int32_t block, float rate, uint32_t stream, const float *key, float *out) {
    static float ones[COUNT];
    for (int i = 0; i < COUNT; i++) ones[i] = 1.0f;
    const ops_tensor t = {.n = 1, .c = CHANNELS, .h = SIDE, .w = SIDE, .block = block, .batch_stride = 2 * COUNT};
    const ops_problem problem = {.kind = OPS_DROPOUT, .dropout = {.in = t, .out = t, .rate = rate, .stream = stream}};
    if (!harness_run(h, &(harness_run_settings){.problem = &problem, .inputs = {ones, key}}, out))
        fail_msg("%s", h->fault);
}

static int differences(const float *a, const float *b) {
    int count = 0;
    for (int i = 0; i < COUNT; i++) count += a[i] != b[i];
    return count;
}

/* The share that goes is the rate, within 4 standard deviations, and the mean stays. */
static void test_as_many_go_as_the_rate_says(void **state) {
    static float out[COUNT];
    const float key[OPS_DROPOUT_KEY] = {12345, 678, 9, 0}, rates[] = {0.0f, 0.1f, 0.5f, 0.9f, 1.0f};
    for (size_t r = 0; r < BASE_COUNT(rates); r++) {
        int dropped = 0;
        drop_ones(*state, 1, rates[r], 0, key, out);
        for (int i = 0; i < COUNT; i++) {
            dropped += out[i] == 0.0f;
            if (out[i] != 0.0f) assert_float_equal(out[i], 1.0f / (1.0f - rates[r]), 1e-5f);
        }
        const double share = (double)dropped / COUNT, deviation = sqrt(rates[r] * (1.0 - rates[r]) / COUNT);
        assert_true(fabs(share - (double)rates[r]) <= 4 * deviation);
    }
}

static void test_layouts_agree_and_keys_differ(void **state) {
    static float plain[COUNT], other[COUNT];
    const float key[OPS_DROPOUT_KEY] = {1, 2, 3, 4};
    drop_ones(*state, 1, 0.5f, 7, key, plain);
    for (int32_t block = 4; block <= 16; block *= 2) {
        drop_ones(*state, block, 0.5f, 7, key, other);
        assert_int_equal(differences(plain, other), 0);
    }
    drop_ones(*state, 1, 0.5f, 8, key, other);
    assert_in_range(differences(plain, other), COUNT * 2 / 5, COUNT * 3 / 5);
    for (int i = 0; i < OPS_DROPOUT_KEY; i++) {
        float changed[OPS_DROPOUT_KEY] = {1, 2, 3, 4};
        changed[i] += 1;
        drop_ones(*state, 1, 0.5f, 7, changed, other);
        assert_in_range(differences(plain, other), COUNT * 2 / 5, COUNT * 3 / 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_problems_match_the_reference),
        cmocka_unit_test(test_the_generator_gives_the_known_answers),
        cmocka_unit_test(test_as_many_go_as_the_rate_says),
        cmocka_unit_test(test_layouts_agree_and_keys_differ),
    };
    return cmocka_run_group_tests_name("ops.dropout", tests, harness_open, harness_close);
}
