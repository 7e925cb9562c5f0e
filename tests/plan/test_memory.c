/* The arena planner: no two blocks that live at the same time overlap, and the arena stays close to the bound that no plan can
 * beat. The oracle is a checker that compares every pair of blocks, and a step-by-step count of live bytes. */
#include "plan/memory.h"
#include "shared/environment.h"
#include "shared/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ALIGNMENT = 64 };

static uint64_t rounded(uint64_t size, uint64_t alignment) { return (size + alignment - 1) / alignment * alignment; }

/* The peak by its definition: the largest sum over all steps. */
static uint64_t count_peak(const memory_block *blocks, size_t count, uint64_t alignment) {
    int32_t last = 0;
    uint64_t peak = 0;
    for (size_t i = 0; i < count; i++)
        if (blocks[i].last > last) last = blocks[i].last;
    for (int32_t step = 0; step <= last; step++) {
        uint64_t live = 0;
        for (size_t i = 0; i < count; i++)
            if (blocks[i].first <= step && step <= blocks[i].last) live += rounded(blocks[i].size, alignment);
        if (live > peak) peak = live;
    }
    return peak;
}

/* Plans, checks what every plan must hold, and gives the arena. */
static uint64_t check_plan(memory_block *blocks, size_t count, uint64_t alignment, bool reuse) {
    uint64_t arena = 0, peak = 0;
    assert_int_equal(memory_plan(env, blocks, count, alignment, reuse, &arena, &peak), CLADE_OK);
    assert_int_equal(peak, count_peak(blocks, count, alignment));
    assert_true(arena >= peak);
    for (size_t i = 0; i < count; i++) {
        const memory_block *a = &blocks[i];
        assert_int_equal(a->offset % alignment, 0);
        assert_true(a->offset + a->size <= arena);
        for (size_t j = 0; j < i; j++) {
            const memory_block *b = &blocks[j];
            bool together = !reuse || (a->first <= b->last && b->first <= a->last);
            bool apart =
                a->size == 0 || b->size == 0 || a->offset + a->size <= b->offset || b->offset + b->size <= a->offset;
            if (together && !apart)
                fail_msg("blocks %zu [%d, %d] and %zu [%d, %d] overlap", i, a->first, a->last, j, b->first, b->last);
        }
    }
    return arena;
}

static void test_nothing_needs_nothing(void **state) {
    (void)state;
    uint64_t arena = 1, peak = 1;
    assert_int_equal(memory_plan(env, NULL, 0, ALIGNMENT, true, &arena, &peak), CLADE_OK);
    assert_int_equal(arena, 0);
    assert_int_equal(peak, 0);
}

static void test_zero_sized_blocks_take_no_room(void **state) {
    (void)state;
    memory_block blocks[] = {
        {.size = 0, .first = 0, .last = 3}, {.size = 64, .first = 1, .last = 2}, {.size = 0, .first = 2, .last = 2}};
    assert_int_equal(check_plan(blocks, BASE_COUNT(blocks), ALIGNMENT, true), 64);
}

/* Each layer needs its input and its output only: two places suffice, however long the chain. */
static void test_chain_alternates_between_two_places(void **state) {
    (void)state;
    memory_block blocks[100];
    for (int32_t i = 0; i < 100; i++) blocks[i] = (memory_block){.size = 4096, .first = i, .last = i + 1};
    assert_int_equal(check_plan(blocks, BASE_COUNT(blocks), ALIGNMENT, true), 2 * 4096);
}

static void test_blocks_that_all_live_together_are_stacked(void **state) {
    (void)state;
    memory_block blocks[20];
    uint64_t sum = 0;
    for (int32_t i = 0; i < 20; i++) {
        blocks[i] = (memory_block){.size = 64u * (uint64_t)(i + 1), .first = i, .last = 30};
        sum += blocks[i].size;
    }
    assert_int_equal(check_plan(blocks, BASE_COUNT(blocks), ALIGNMENT, true), sum);
}

/* A residual lives across a chain of changing sizes: the chain has to find its way around it. */
static void test_long_residual_costs_only_itself(void **state) {
    (void)state;
    memory_block blocks[9] = {{.size = 1024, .first = 0, .last = 9}};
    for (int32_t i = 1; i < 9; i++)
        blocks[i] = (memory_block){.size = i % 2 == 0 ? 2048 : 512, .first = i, .last = i + 1};
    assert_int_equal(check_plan(blocks, BASE_COUNT(blocks), ALIGNMENT, true), 1024 + 2048 + 512);
}

/*  0: input, read by four branches of two layers each (steps 1..8), whose ends are joined at step 9. */
static void test_branches_reuse_each_others_inner_tensors(void **state) {
    (void)state;
    memory_block blocks[10] = {{.size = 1024, .first = 0, .last = 8}};
    size_t count = 1;
    for (int32_t branch = 0; branch < 4; branch++) {
        blocks[count++] = (memory_block){.size = 512, .first = 2 * branch + 1, .last = 2 * branch + 2};
        blocks[count++] = (memory_block){.size = 256, .first = 2 * branch + 2, .last = 9};
    }
    blocks[count++] = (memory_block){.size = 1024, .first = 9, .last = 10};
    /* The last branch: input, its inner tensor and all four ends. */
    assert_int_equal(check_plan(blocks, count, ALIGNMENT, true), 1024 + 512 + 4 * 256);
}

/* A block fits between two others: the gap is found, and the smaller of two gaps is taken. */
static void test_smallest_gap_that_holds_a_block_is_taken(void **state) {
    (void)state;
    memory_block blocks[] = {
        {.size = 1000, .first = 0, .last = 9}, {.size = 900, .first = 0, .last = 4},
        {.size = 800, .first = 0, .last = 9},  {.size = 700, .first = 0, .last = 4},
        {.size = 680, .first = 0, .last = 9},  {.size = 650, .first = 5, .last = 9},
    };
    assert_int_equal(check_plan(blocks, BASE_COUNT(blocks), 1, true), 4080);
    assert_int_equal(blocks[5].offset, blocks[3].offset);
}

/* Placing by size alone needs 19 for the first and by breadth alone 21 for the second: the better order is kept. */
static void test_better_of_two_orders_is_kept(void **state) {
    (void)state;
    memory_block crowded[] = {
        {.size = 4, .first = 3, .last = 4},
        {.size = 7, .first = 2, .last = 3},
        {.size = 7, .first = 3, .last = 5},
        {.size = 8, .first = 2, .last = 2},
    };
    assert_int_equal(check_plan(crowded, BASE_COUNT(crowded), 1, true), 18);
    memory_block uneven[] = {
        {.size = 4, .first = 3, .last = 4}, {.size = 7, .first = 3, .last = 4}, {.size = 6, .first = 1, .last = 3},
        {.size = 8, .first = 1, .last = 1}, {.size = 1, .first = 3, .last = 4},
    };
    assert_int_equal(check_plan(uneven, BASE_COUNT(uneven), 1, true), 18);
}

static void test_without_reuse_every_block_has_its_own_place(void **state) {
    (void)state;
    memory_block blocks[50];
    uint64_t sum = 0;
    for (int32_t i = 0; i < 50; i++) {
        blocks[i] = (memory_block){.size = 10u * (uint64_t)i, .first = i, .last = i + 1};
        sum += rounded(blocks[i].size, ALIGNMENT);
    }
    assert_int_equal(check_plan(blocks, BASE_COUNT(blocks), ALIGNMENT, false), sum);
}

static void test_odd_sizes_are_aligned(void **state) {
    (void)state;
    static const uint64_t alignments[] = {1, 4, 48, 64, 128, 4096};
    for (size_t i = 0; i < BASE_COUNT(alignments); i++) {
        memory_block blocks[] = {{.size = 1, .first = 0, .last = 2},
                                 {.size = 63, .first = 0, .last = 2},
                                 {.size = 65, .first = 1, .last = 2},
                                 {.size = 4097, .first = 2, .last = 2}};
        uint64_t sum = 0;
        for (size_t j = 0; j < BASE_COUNT(blocks); j++) sum += rounded(blocks[j].size, alignments[i]);
        assert_int_equal(check_plan(blocks, BASE_COUNT(blocks), alignments[i], true), sum);
    }
}

static void test_random_lifetimes_never_overlap(void **state) {
    (void)state;
    uint64_t random = 2024;
    for (int round = 0; round < 3000; round++) {
        memory_block blocks[64];
        size_t count = (size_t)random_below(&random, 64) + 1;
        int32_t steps = random_below(&random, 60) + 1, longest = random_below(&random, 30) + 1;
        for (size_t i = 0; i < count; i++) {
            blocks[i].first = random_below(&random, steps);
            blocks[i].last = blocks[i].first + random_below(&random, longest);
            blocks[i].size = (uint64_t)random_below(&random, random_below(&random, 5) == 0 ? 100000 : 2000);
        }
        check_plan(blocks, count, (uint64_t)random_below(&random, 200) + 1, random_below(&random, 8) != 0);
    }
}

/* The same lifetimes give the same plan: a plan is bit-identical from run to run. */
static void test_plan_is_deterministic(void **state) {
    (void)state;
    uint64_t random = 7;
    memory_block once[200], again[200];
    for (int32_t i = 0; i < 200; i++)
        once[i] = (memory_block){
            .size = 64u * (uint64_t)random_below(&random, 4), .first = i, .last = i + random_below(&random, 9)};
    memcpy(again, once, sizeof once);
    check_plan(once, BASE_COUNT(once), ALIGNMENT, true);
    check_plan(again, BASE_COUNT(again), ALIGNMENT, true);
    for (size_t i = 0; i < BASE_COUNT(once); i++) assert_int_equal(once[i].offset, again[i].offset);
}

/* ---- Networks ------------------------------------------------------------------------------------------------------ */

typedef struct lifetimes {
    memory_block blocks[512];
    size_t count;
    int32_t step;
} lifetimes;

/* The next step makes `channels` x `side` x `side` floats; they die `life` steps later unless the caller extends them. */
static memory_block *make_tensor(lifetimes *net, int64_t channels, int64_t side) {
    memory_block *block = &net->blocks[net->count++];
    *block = (memory_block){.size = (uint64_t)(channels * side * side * 4), .first = net->step, .last = net->step};
    net->step++;
    return block;
}

/* GoogLeNet's block (arXiv:1409.4842, table 1): four branches write into their slice of one result, which therefore lives from
 * the first branch on. `c` holds 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection. */
static memory_block *inception_block(lifetimes *net, memory_block *input, const int64_t c[6], int64_t side) {
    memory_block *result = make_tensor(net, c[0] + c[2] + c[4] + c[5], side); /* the 1x1 branch opens it */
    for (int i = 1; i <= 3; i += 2) {
        memory_block *reduced = make_tensor(net, c[i], side);
        reduced->last = net->step++; /* 3x3 or 5x5 into the result */
    }
    memory_block *pooled = make_tensor(net, (int64_t)(input->size / 4 / (uint64_t)(side * side)), side);
    input->last = pooled->first;
    pooled->last = result->last = net->step++;
    return result;
}

static memory_block *layer(lifetimes *net, memory_block *input, int64_t channels, int64_t side) {
    memory_block *output = make_tensor(net, channels, side);
    if (input != NULL) input->last = output->first;
    return output;
}

static void googlenet_lifetimes(lifetimes *net) {
    static const int64_t c[9][6] = {
        {64, 96, 128, 16, 32, 32},     {128, 128, 192, 32, 96, 64},   {192, 96, 208, 16, 48, 64},
        {160, 112, 224, 24, 64, 64},   {128, 128, 256, 24, 64, 64},   {112, 144, 288, 32, 64, 64},
        {256, 160, 320, 32, 128, 128}, {256, 160, 320, 32, 128, 128}, {384, 192, 384, 48, 128, 128}};
    memory_block *x = layer(net, NULL, 64, 112);
    x = layer(net, x, 64, 56);
    x = layer(net, x, 64, 56);
    x = layer(net, x, 192, 56);
    x = layer(net, x, 192, 28);
    for (int i = 0; i < 2; i++) x = inception_block(net, x, c[i], 28);
    x = layer(net, x, 480, 14);
    for (int i = 2; i < 7; i++) x = inception_block(net, x, c[i], 14);
    x = layer(net, x, 832, 7);
    for (int i = 7; i < 9; i++) x = inception_block(net, x, c[i], 7);
    layer(net, layer(net, x, 1024, 1), 1000, 1);
}

/* Inception-v4's shape (arXiv:1602.07261): a stem that forks and joins, then blocks with deep 1x7 and 7x1 branches, scaled by
 * random widths so that many sizes are met. */
static void deep_inception_lifetimes(lifetimes *net, uint64_t *random) {
    memory_block *x = layer(net, layer(net, layer(net, NULL, 32, 149), 32, 147), 64, 147);
    memory_block *joined = make_tensor(net, 160, 73);
    x->last = net->step++;
    x = joined;
    static const struct {
        int blocks, branches, depth;
        int64_t width, side;
    } stages[] = {{4, 4, 3, 384, 35}, {7, 4, 5, 1024, 17}, {3, 6, 4, 1536, 8}};
    for (size_t s = 0; s < BASE_COUNT(stages); s++) {
        x = layer(net, x, stages[s].width, stages[s].side);
        for (int block = 0; block < stages[s].blocks; block++) {
            memory_block *result = make_tensor(net, stages[s].width, stages[s].side);
            for (int branch = 1; branch < stages[s].branches; branch++) {
                memory_block *inner = x;
                int depth = 1 + random_below(random, stages[s].depth);
                for (int d = 0; d < depth; d++) {
                    memory_block *next =
                        make_tensor(net, stages[s].width / (2 + random_below(random, 6)), stages[s].side);
                    inner->last = next->first;
                    inner = next;
                }
                inner->last = net->step++;
            }
            x->last = net->step - 2;
            result->last = net->step - 1;
            x = result;
        }
    }
    layer(net, layer(net, x, 1536, 1), 1000, 1);
}

static void assert_close_to_peak(lifetimes *net, const char *name) {
    uint64_t peak = count_peak(net->blocks, net->count, ALIGNMENT);
    uint64_t arena = check_plan(net->blocks, net->count, ALIGNMENT, true);
    if ((double)arena > 1.25 * (double)peak)
        fail_msg("%s: arena %llu, peak %llu", name, (unsigned long long)arena, (unsigned long long)peak);
}

static void test_arena_of_inception_networks_is_close_to_the_peak(void **state) {
    (void)state;
    lifetimes net = {.count = 0};
    googlenet_lifetimes(&net);
    assert_close_to_peak(&net, "googlenet");
    for (uint64_t seed = 1; seed <= 200; seed++) {
        uint64_t random = seed;
        net = (lifetimes){.count = 0};
        deep_inception_lifetimes(&net, &random);
        assert_close_to_peak(&net, "deep inception");
    }
}

/* ---- Refusals ------------------------------------------------------------------------------------------------------ */

static void refuse(memory_block *blocks, size_t count, uint64_t alignment, bool reuse, clade_status expected) {
    uint64_t arena = 77, peak = 77;
    assert_int_equal(memory_plan(env, blocks, count, alignment, reuse, &arena, &peak), expected);
    assert_int_equal(arena, 77);
    assert_int_equal(peak, 77);
}

static void test_sizes_that_overflow_are_refused(void **state) {
    (void)state;
    memory_block rounding[] = {{.size = UINT64_MAX - 3, .first = 0, .last = 0}};
    refuse(rounding, 1, ALIGNMENT, true, CLADE_ERROR_SHAPE);

    memory_block live[] = {{.size = UINT64_C(1) << 63, .first = 0, .last = 1},
                           {.size = UINT64_C(1) << 63, .first = 1, .last = 2}};
    refuse(live, 2, ALIGNMENT, true, CLADE_ERROR_SHAPE);

    /* Never alive together: fits with reuse, and only with it. */
    live[1].first = 2;
    check_plan(live, 2, ALIGNMENT, true);
    refuse(live, 2, ALIGNMENT, false, CLADE_ERROR_SHAPE);
}

static void test_senseless_requests_are_refused(void **state) {
    (void)state;
    memory_block backwards[] = {{.size = 64, .first = 3, .last = 2}};
    refuse(backwards, 1, ALIGNMENT, true, CLADE_ERROR_INTERNAL);
    memory_block fine[] = {{.size = 64, .first = 0, .last = 0}};
    refuse(fine, 1, 0, true, CLADE_ERROR_INTERNAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_needs_nothing),
        cmocka_unit_test(test_zero_sized_blocks_take_no_room),
        cmocka_unit_test(test_chain_alternates_between_two_places),
        cmocka_unit_test(test_blocks_that_all_live_together_are_stacked),
        cmocka_unit_test(test_long_residual_costs_only_itself),
        cmocka_unit_test(test_branches_reuse_each_others_inner_tensors),
        cmocka_unit_test(test_smallest_gap_that_holds_a_block_is_taken),
        cmocka_unit_test(test_better_of_two_orders_is_kept),
        cmocka_unit_test(test_without_reuse_every_block_has_its_own_place),
        cmocka_unit_test(test_odd_sizes_are_aligned),
        cmocka_unit_test(test_random_lifetimes_never_overlap),
        cmocka_unit_test(test_plan_is_deterministic),
        cmocka_unit_test(test_arena_of_inception_networks_is_close_to_the_peak),
        cmocka_unit_test(test_sizes_that_overflow_are_refused),
        cmocka_unit_test(test_senseless_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, open_env, close_env);
}
