/* test_weights_convert.c: safetensors written anew in other types. Oracle: what Hugging Face's library wrote of the same values. */
#include "io/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_file(const support *test, const char *expected_path) {
    size_t found_size = 0, expected_size = 0;
    uint8_t *found = support_load(test->path, &found_size), *expected = support_load(expected_path, &expected_size);
    assert_int_equal(found_size, expected_size);
    assert_memory_equal(found, expected, expected_size);
    free(found);
    free(expected);
}

/* Every value is one that all types hold, so no way loses anything; metadata and the order of tensors stay. */
static void each_type_becomes_each_other_byte_for_byte(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("weights/float32.safetensors"), DATA("weights/float16.safetensors"),
                                        DATA("weights/bfloat16.safetensors")}; /* by clade_type */
    for (size_t from = 0; from < 3; from++)
        for (size_t to = 0; to < 3; to++) {
            assert_ok(test, clade_weights_convert(test->context, files[from], test->path, (clade_type)to));
            expect_file(test, files[to]);
        }
}

/* In the checkpoint's file types are mixed, and there are a counter and float64. */
static void mixed_checkpoints_keep_what_is_no_floating_point_number(void **state) {
    support *test = *state;
    const clade_weights_settings strict = {.strict = true};
    assert_ok(test,
              clade_weights_convert(test->context, DATA("weights/checkpoint.safetensors"), test->path, CLADE_FLOAT16));
    clade_graph *graph = network_create(test);
    assert_ok(test, clade_weights_load(graph, test->path, NULL));
    network_check(test, graph);
    assert_failure(test, clade_weights_load(graph, test->path, &strict), CLADE_ERROR_NOT_FOUND, "aux.fc.weight");
    clade_graph_destroy(&graph);

    size_t size = 0;
    uint8_t *file = support_load(test->path, &size);
    char header[2048] = "";
    uint64_t length = 0;
    memcpy(&length, file, 8);
    assert_in_range(length, 1, sizeof header - 1);
    memcpy(header, file + 8, (size_t)length);
    assert_non_null(
        strstr(header, "\"norm.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}"));
    assert_non_null(strstr(header, "\"aux.fc.weight\":{\"dtype\":\"F16\",\"shape\":[2,3]"));
    assert_int_equal(file[8 + length], 7);
    free(file);
}

/* A file of one tensor "a". */
static void store(const support *test, const char *dtype, const char *shape, const void *data, size_t size) {
    uint8_t file[512] = {0};
    char header[256];
    const int length = snprintf(header, sizeof header,
                                "{\"a\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[0,%zu]}}", dtype, shape, size);
    file[0] = (uint8_t)length;
    memcpy(file + 8, header, (size_t)length);
    memcpy(file + 8 + length, data, size);
    support_store(test->path, file, 8 + (size_t)length + size);
}

static void numbers_too_large_are_refused_and_the_file_stays(void **state) {
    support *test = *state;
    const double values[] = {1.5, INFINITY, -65520.0, 1e39};
    store(test, "F64", "[4]", values, sizeof values);
    assert_failure(test, clade_weights_convert(test->context, test->path, test->path, CLADE_FLOAT16),
                   CLADE_ERROR_UNSUPPORTED, "1e+39 in \"a\" is too large for float32");
    store(test, "F64", "[3]", values, 3 * sizeof values[0]);
    assert_failure(test, clade_weights_convert(test->context, test->path, test->path, CLADE_FLOAT16),
                   CLADE_ERROR_UNSUPPORTED, "-65520 in \"a\" is too large for float16");
    assert_int_equal(support_count_files(test), 1);
    assert_ok(test, clade_weights_convert(test->context, test->path, test->path, CLADE_FLOAT32)); /* over itself */
    const float expected[] = {1.5f, INFINITY, -65520.0f};
    size_t size = 0;
    uint8_t *file = support_load(test->path, &size);
    assert_memory_equal(file + size - sizeof expected, expected, sizeof expected);
    free(file);
}

/* No graph would take them. */
static void tensors_of_any_rank_and_none_are_converted(void **state) {
    support *test = *state;
    const float one = 2;
    store(test, "F32", "[1,1,1,1,1,1,1,1,1]", &one, sizeof one);
    assert_ok(test, clade_weights_convert(test->context, test->path, test->path, CLADE_BFLOAT16));
    store(test, "F32", "[0,3]", &one, 0);
    assert_ok(test, clade_weights_convert(test->context, test->path, test->path, CLADE_FLOAT16));
    support_store(test->path, "\2\0\0\0\0\0\0\0{}", 10);
    assert_ok(test, clade_weights_convert(test->context, test->path, test->path, CLADE_FLOAT16));
}

static clade_status convert_in_place(support *test, const char *path) {
    char target[160];
    snprintf(target, sizeof target, "%s/target", test->folder);
    const clade_status status = clade_weights_convert(test->context, path, target, CLADE_FLOAT16);
    remove(target);
    return status;
}

static void damaged_files_are_refused(void **state) {
    support *test = *state;
    support_refuse_truncations(test, DATA("weights/checkpoint.safetensors"), convert_in_place);
    support_survive_flips(test, DATA("weights/checkpoint.safetensors"), convert_in_place, 2000, 3);
    support_survive_no_memory(test, DATA("weights/checkpoint.safetensors"), convert_in_place);
}

static void wrong_arguments_are_refused(void **state) {
    support *test = *state;
    const char *file = DATA("weights/float32.safetensors");
    assert_failure(test, clade_weights_convert(test->context, NULL, file, CLADE_FLOAT32), CLADE_ERROR_INVALID_ARGUMENT,
                   "NULL");
    assert_failure(test, clade_weights_convert(test->context, file, NULL, CLADE_FLOAT32), CLADE_ERROR_INVALID_ARGUMENT,
                   "NULL");
    assert_failure(test, clade_weights_convert(test->context, file, test->path, CLADE_UINT8),
                   CLADE_ERROR_INVALID_ARGUMENT, "uint8");
    assert_failure(test, clade_weights_convert(test->context, "nowhere", test->path, CLADE_FLOAT32),
                   CLADE_ERROR_NOT_FOUND, "nowhere");
    assert_int_equal(clade_weights_convert(NULL, file, file, CLADE_FLOAT32), CLADE_ERROR_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(each_type_becomes_each_other_byte_for_byte),
        SUPPORT_TEST(mixed_checkpoints_keep_what_is_no_floating_point_number),
        SUPPORT_TEST(numbers_too_large_are_refused_and_the_file_stays),
        SUPPORT_TEST(tensors_of_any_rank_and_none_are_converted),
        SUPPORT_TEST(damaged_files_are_refused),
        SUPPORT_TEST(wrong_arguments_are_refused),
    };
    return cmocka_run_group_tests_name("io.weights_convert", tests, NULL, NULL);
}
