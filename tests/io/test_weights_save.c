/* test_weights_save.c: safetensors written, and read again. */
#include "io/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static clade_status save_file(support *test, const char *path) {
    clade_graph *graph = NULL;
    clade_status status = network_build(test, &graph);
    if (status == CLADE_OK) status = clade_graph_fill_parameters(graph);
    if (status == CLADE_OK) status = clade_weights_save(graph, path, CLADE_FLOAT16);
    clade_graph_destroy(&graph);
    return status;
}

static void round_trips_in_every_type(void **state) {
    support *test = *state;
    static const clade_type types[] = {CLADE_FLOAT32, CLADE_FLOAT16, CLADE_BFLOAT16};
    const clade_weights_settings strict = {.strict = true};
    for (size_t i = 0; i < 3; i++) {
        clade_graph *source = network_create(test), *target = network_create(test);
        assert_ok(test, clade_weights_load(source, DATA("weights/float32.safetensors"), NULL));
        assert_ok(test, clade_weights_save(source, test->path, types[i]));
        assert_ok(test, clade_weights_load(target, test->path, &strict));
        network_check(test, target);
        clade_graph_destroy(&source);
        clade_graph_destroy(&target);
    }
}

static void writes_the_same_bytes_every_time(void **state) { support_expect_same_bytes(*state, save_file); }

/* Whatever the length of the header, the data start at a multiple of 8. */
static void aligns_the_data(void **state) {
    support *test = *state;
    const clade_weights_settings strict = {.strict = true};
    for (int letters = 1; letters <= 8; letters++) {
        const char *name = &"abcdefgh"[8 - letters];
        clade_graph *graph = NULL;
        clade_tensor tensor;
        size_t size = 0;
        uint64_t length = 0;
        assert_ok(test, clade_graph_create(test->context, &graph));
        assert_ok(test, clade_graph_input(graph, "input", (clade_shape){2, {1, 3}}, &tensor));
        assert_ok(test,
                  clade_graph_linear(graph, tensor, &(clade_linear_settings){.name = name, .features = 2}, &tensor));
        assert_ok(test, clade_graph_fill_parameters(graph));
        assert_ok(test, clade_weights_save(graph, test->path, CLADE_FLOAT32));
        assert_ok(test, clade_weights_load(graph, test->path, &strict));
        clade_graph_destroy(&graph);
        uint8_t *file = support_load(test->path, &size);
        memcpy(&length, file, 8);
        assert_int_equal(length % 8, 0);
        assert_int_equal(size, 8 + length + 4 * (6 + 2));
        free(file);
    }
}

/* JSON is UTF-8; quotes and the like are escaped. */
static void writes_names_that_json_can_hold(void **state) {
    support *test = *state;
    static const char *const names[] = {"a\"b\\c\n\xc3\xa9", "\xff"};
    const clade_weights_settings strict = {.strict = true};
    for (int i = 0; i < 2; i++) {
        clade_graph *graph = NULL;
        clade_tensor tensor;
        assert_ok(test, clade_graph_create(test->context, &graph));
        assert_ok(test, clade_graph_input(graph, "input", (clade_shape){2, {1, 3}}, &tensor));
        assert_ok(test, clade_graph_linear(graph, tensor, &(clade_linear_settings){.name = names[i], .features = 2},
                                           &tensor));
        assert_ok(test, clade_graph_fill_parameters(graph));
        const clade_status status = clade_weights_save(graph, test->path, CLADE_FLOAT32);
        if (i == 0) {
            assert_ok(test, status);
            assert_ok(test, clade_weights_load(graph, test->path, &strict));
        } else {
            assert_failure(test, status, CLADE_ERROR_INVALID_ARGUMENT, "is not UTF-8");
        }
        clade_graph_destroy(&graph);
    }
}

/* Weights of a mapped file may be saved over that very file. */
static void saves_over_the_file_it_reads_from(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    size_t size = 0;
    uint8_t *data = support_load(DATA("weights/float32.safetensors"), &size);
    support_store(test->path, data, size);
    free(data);
    assert_ok(test, clade_weights_load(graph, test->path, NULL));
    assert_ok(test, clade_weights_save(graph, test->path, CLADE_FLOAT16));
    network_check(test, graph);
    assert_ok(test, clade_weights_load(graph, test->path, NULL));
    network_check(test, graph);
    clade_graph_destroy(&graph);
}

static void refuses_numbers_that_would_become_infinite(void **state) {
    support *test = *state;
    float values[5] = {1, 65519, INFINITY, -INFINITY, NAN};
    const clade_array bias = {CLADE_FLOAT32, {1, {5}}, values};
    clade_graph *graph = network_create(test);
    assert_ok(test, clade_weights_load(graph, DATA("weights/float32.safetensors"), NULL));
    assert_ok(test, clade_graph_set_parameter(graph, "fc.bias", &bias));
    assert_ok(test, clade_weights_save(graph, test->path, CLADE_FLOAT16)); /* 65519 rounds to 65504 */
    values[1] = -65520;
    assert_ok(test, clade_graph_set_parameter(graph, "fc.bias", &bias));
    assert_failure(test, clade_weights_save(graph, test->path, CLADE_FLOAT16), CLADE_ERROR_UNSUPPORTED,
                   "-65520 in \"fc.bias\" is too large for float16");
    assert_int_equal(support_count_files(test), 1); /* the first one */
    assert_ok(test, clade_weights_save(graph, test->path, CLADE_BFLOAT16));
    clade_graph_destroy(&graph);
}

static void a_failed_save_leaves_the_old_file(void **state) {
    support *test = *state;
    size_t size = 0;
    clade_graph *graph = network_create(test);
    support_store(test->path, "old", 3);
    assert_failure(test, clade_weights_save(graph, test->path, CLADE_FLOAT32), CLADE_ERROR_MISSING_WEIGHTS,
                   "conv.weight");
    uint8_t *data = support_load(test->path, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(data, "old", 3);
    assert_int_equal(support_count_files(test), 1);
    free(data);
    clade_graph_destroy(&graph);
    support_survive_no_memory(test, test->path, save_file);
    assert_int_equal(support_count_files(test), 1);
}

static void refuses_wrong_arguments(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    assert_failure(test, clade_weights_save(graph, NULL, CLADE_FLOAT32), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(test, clade_weights_save(graph, test->path, CLADE_UINT8), CLADE_ERROR_INVALID_ARGUMENT, "uint8");
    assert_failure(test, clade_weights_save(graph, test->path, (clade_type)9), CLADE_ERROR_INVALID_ARGUMENT, "unknown");
    assert_int_equal(clade_weights_save(NULL, test->path, CLADE_FLOAT32), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(support_count_files(test), 0);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(round_trips_in_every_type),
        SUPPORT_TEST(writes_the_same_bytes_every_time),
        SUPPORT_TEST(aligns_the_data),
        SUPPORT_TEST(writes_names_that_json_can_hold),
        SUPPORT_TEST(saves_over_the_file_it_reads_from),
        SUPPORT_TEST(refuses_numbers_that_would_become_infinite),
        SUPPORT_TEST(a_failed_save_leaves_the_old_file),
        SUPPORT_TEST(refuses_wrong_arguments),
    };
    return cmocka_run_group_tests_name("weights_save", tests, NULL, NULL);
}
