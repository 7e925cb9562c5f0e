/* test_memory.c: host memory: a network's weights are never there all at once, wherever they come from, and none of them is
 * left once a plan has been made. */
#include "api/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <clade/io.h>

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LAYERS = 12, FEATURES = 512, LAYER_BYTES = FEATURES * FEATURES * (int)sizeof(float) };

/* What Clade holds now and held at most. Each block begins with its size. */
typedef struct counter {
    pthread_mutex_t lock;
    size_t now, most;
} counter;

static void *count_allocate(void *user, size_t size) {
    counter *count = user;
    max_align_t *block = malloc(sizeof *block + size);
    if (!block) return NULL;
    memcpy(block, &size, sizeof size);
    pthread_mutex_lock(&count->lock);
    count->now += size;
    if (count->now > count->most) count->most = count->now;
    pthread_mutex_unlock(&count->lock);
    return block + 1;
}

static void count_deallocate(void *user, void *memory) {
    counter *count = user;
    max_align_t *block = (max_align_t *)memory - 1;
    size_t size = 0;
    memcpy(&size, block, sizeof size);
    pthread_mutex_lock(&count->lock);
    count->now -= size;
    pthread_mutex_unlock(&count->lock);
    free(block);
}

/* One linear layer behind the other. */
static clade_graph *deep_graph(clade_context *context) {
    clade_graph *graph = NULL;
    clade_tensor y;
    assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
    assert_int_equal(clade_graph_input(graph, "input", (clade_shape){2, {CLADE_BATCH, FEATURES}}, &y), CLADE_OK);
    for (int i = 0; i < LAYERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer%d", i);
        const clade_linear_settings linear = {.name = name, .features = FEATURES};
        assert_int_equal(clade_graph_linear(graph, y, &linear, &y), CLADE_OK);
    }
    assert_int_equal(clade_graph_output(graph, y, "output"), CLADE_OK);
    return graph;
}

/* Makes a plan of the graph and compares what that took with the size of one layer. */
static void check_planning(counter *count, const clade_graph *graph) {
    const size_t before = count->now;
    count->most = count->now;
    clade_plan *plan = network_plan(graph, NULL);
    assert_true(count->most - before < 4 * (size_t)LAYER_BYTES); /* the weights are 12 times as large */
    assert_true(count->now - before < LAYER_BYTES);
    clade_plan_destroy(&plan);
}

static void weights_are_packed_one_by_one(void **state) {
    (void)state;
    counter count = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const clade_allocator allocator = {count_allocate, count_deallocate, &count};
    const clade_context_settings settings = {.allocator = &allocator};
    clade_context *context = NULL;
    assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
    clade_graph *made = deep_graph(context), *loaded = deep_graph(context);
    size_t before = count.now;
    assert_int_equal(clade_graph_fill_parameters(made), CLADE_OK);
    assert_true(count.now - before < LAYER_BYTES);
    check_planning(&count, made);

    char path[] = "/tmp/clade-memory-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    before = count.now;
    const clade_status saved = clade_weights_save(made, path, CLADE_FLOAT32);
    const clade_status read = clade_weights_load(loaded, path, NULL);
    unlink(path);
    assert_int_equal(saved, CLADE_OK);
    assert_int_equal(read, CLADE_OK);
    assert_true(count.now - before < LAYER_BYTES);
    check_planning(&count, loaded);
    clade_graph_destroy(&made);
    clade_graph_destroy(&loaded);
    clade_context_destroy(&context);
    assert_int_equal(count.now, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(weights_are_packed_one_by_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
