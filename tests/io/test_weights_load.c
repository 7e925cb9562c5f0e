/* test_weights_load.c: safetensors, against files that Hugging Face's library wrote (tests/data/make/make_safetensors.py). */
#include "io/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static clade_status load_file(support *test, const char *path) {
    clade_graph *graph = NULL;
    clade_status status = network_build(test, &graph);
    if (status == CLADE_OK) status = clade_weights_load(graph, path, NULL);
    clade_graph_destroy(&graph);
    return status;
}

static void loads_what_hugging_face_wrote(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("weights/float32.safetensors"), DATA("weights/float16.safetensors"),
                                        DATA("weights/bfloat16.safetensors")};
    const clade_weights_settings strict = {.strict = true};
    for (size_t i = 0; i < 3; i++) {
        clade_graph *graph = network_create(test);
        assert_ok(test, clade_weights_load(graph, files[i], &strict));
        network_check(test, graph);
        clade_graph_destroy(&graph);
    }
}

/* A checkpoint has tensors that a network for inference lacks: counters, auxiliary heads, of types it could not use. */
static void skips_what_the_graph_lacks(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    assert_ok(test, clade_weights_load(graph, DATA("weights/checkpoint.safetensors"), NULL));
    network_check(test, graph);
    clade_graph_destroy(&graph);
}

static void strict_refuses_what_the_graph_lacks_but_counters(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    const clade_weights_settings strict = {.strict = true};
    char message[1024];
    assert_failure(test, clade_weights_load(graph, DATA("weights/checkpoint.safetensors"), &strict),
                   CLADE_ERROR_NOT_FOUND, "1 of its 10 tensors", "aux.fc.weight");
    clade_context_message(test->context, message, sizeof message);
    assert_null(strstr(message, "num_batches_tracked"));
    assert_false(network_has_value(test, graph, "conv.weight"));
    clade_graph_destroy(&graph);
}

/* The graph needs the file itself no more, nor its first contents once others are loaded. */
static void keeps_the_file_as_long_as_the_graph(void **state) {
    support *test = *state;
    size_t size = 0;
    uint8_t *data = support_load(DATA("weights/float32.safetensors"), &size);
    support_store(test->path, data, size);
    free(data);
    clade_graph *graph = network_create(test);
    assert_ok(test, clade_weights_load(graph, DATA("weights/float16.safetensors"), NULL));
    assert_ok(test, clade_weights_load(graph, test->path, NULL));
    assert_int_equal(unlink(test->path), 0);
    network_check(test, graph);
    clade_graph_destroy(&graph);
}

/* ---- Files made here ---------------------------------------------------------------------------------------------- */
/* Header, then `size` bytes that are 0, 1, 2, ... */
static void store(support *test, const char *header, size_t size) {
    const uint64_t length = strlen(header);
    uint8_t *file = malloc(8 + (size_t)length + size);
    assert_non_null(file);
    memcpy(file, &length, 8);
    memcpy(file + 8, header, (size_t)length);
    for (size_t i = 0; i < size; i++) file[8 + length + i] = (uint8_t)i;
    support_store(test->path, file, 8 + (size_t)length + size);
    free(file);
}

#define FC_BIAS(offsets) "\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":" offsets "}"

static void partial_keeps_what_the_file_lacks(void **state) {
    support *test = *state;
    const clade_weights_settings partial = {.partial = true};
    clade_graph *graph = network_create(test);
    float values[NETWORK_LARGEST];
    assert_ok(test, clade_weights_load(graph, DATA("weights/float32.safetensors"), NULL));
    store(test, "{" FC_BIAS("[0,20]") "}", 20);
    assert_ok(test, clade_weights_load(graph, test->path, &partial));
    assert_ok(test, clade_graph_get_parameter(graph, "fc.bias", values));
    assert_memory_equal(values, ((uint8_t[]){0, 1, 2, 3, 4, 5, 6, 7}), 8);
    assert_ok(test, clade_graph_get_parameter(graph, "fc.weight", values));
    for (size_t i = 0; i < 20; i++) assert_true(values[i] == network_expected(i));
    clade_graph_destroy(&graph);
}

static void missing_tensors_are_named_and_nothing_changes(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    store(test, "{" FC_BIAS("[0,20]") "}", 20);
    assert_failure(test, clade_weights_load(graph, test->path, NULL), CLADE_ERROR_MISSING_WEIGHTS,
                   "lacks 7 of the graph's 8 parameters", "conv.weight, conv.bias, norm.weight", ", ...");
    assert_false(network_has_value(test, graph, "fc.bias"));
    clade_graph_destroy(&graph);
}

static void a_wrong_shape_is_told_and_nothing_changes(void **state) {
    support *test = *state;
    static const char *const shapes[] = {"[5,1]", "[1,5]", "[5,1,1,1,1,1,1,1]"};
    const clade_weights_settings partial = {.partial = true};
    clade_graph *graph = network_create(test);
    for (size_t i = 0; i < 3; i++) {
        char header[256];
        snprintf(header, sizeof header, "{\"fc.bias\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[0,20]}}",
                 shapes[i]);
        store(test, header, 20);
        assert_failure(test, clade_weights_load(graph, test->path, &partial), CLADE_ERROR_SHAPE, "\"fc.bias\"",
                       "expected [5], found [");
    }
    store(test, "{\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4);
    assert_failure(test, clade_weights_load(graph, test->path, &partial), CLADE_ERROR_SHAPE, "expected [5], found []");
    assert_false(network_has_value(test, graph, "fc.bias"));
    clade_graph_destroy(&graph);
}

static void an_unusable_type_matters_only_where_it_is_wanted(void **state) {
    support *test = *state;
    const clade_weights_settings partial = {.partial = true};
    static const char *const types[] = {"F64", "I64", "U64"};
    clade_graph *graph = network_create(test);
    for (size_t i = 0; i < 3; i++) {
        char header[256];
        snprintf(header, sizeof header, "{\"fc.bias\":{\"dtype\":\"%s\",\"shape\":[5],\"data_offsets\":[0,40]}}",
                 types[i]);
        store(test, header, 40);
        assert_failure(test, clade_weights_load(graph, test->path, &partial), CLADE_ERROR_UNSUPPORTED, "\"fc.bias\"",
                       types[i]);
    }
    store(test, "{\"fc.bias\":{\"dtype\":\"F99\",\"shape\":[5],\"data_offsets\":[0,3]}}", 3);
    assert_failure(test, clade_weights_load(graph, test->path, &partial), CLADE_ERROR_UNSUPPORTED, "F99");
    store(test, "{\"other\":{\"dtype\":\"F99\",\"shape\":[5],\"data_offsets\":[0,3]}}", 3);
    assert_ok(test, clade_weights_load(graph, test->path, &partial));
    clade_graph_destroy(&graph);
}

/* The data may start at any byte: spaces shift them through every alignment. */
static void loads_data_at_any_alignment(void **state) {
    support *test = *state;
    const clade_weights_settings partial = {.partial = true};
    for (int spaces = 0; spaces < 8; spaces++) {
        char header[256];
        float values[5], stored[5];
        uint8_t bytes[20];
        clade_graph *graph = network_create(test);
        for (int i = 0; i < 20; i++) bytes[i] = (uint8_t)i;
        memcpy(stored, bytes, sizeof stored);
        snprintf(header, sizeof header, "{" FC_BIAS("[0,20]") "}%*s", spaces, "");
        store(test, header, 20);
        assert_ok(test, clade_weights_load(graph, test->path, &partial));
        assert_ok(test, clade_graph_get_parameter(graph, "fc.bias", values));
        assert_memory_equal(values, stored, sizeof stored);
        clade_graph_destroy(&graph);
    }
}

static void reads_empty_tensors_and_metadata(void **state) {
    support *test = *state;
    const clade_weights_settings partial = {.partial = true};
    clade_graph *graph = network_create(test);
    store(test, "{}", 0);
    assert_ok(test, clade_weights_load(graph, test->path, &partial));
    store(test,
          "{\"__metadata__\":{\"format\":\"pt\"},\"e\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[0,0]}"
          "," FC_BIAS("[0,20]") "}",
          20);
    assert_ok(test, clade_weights_load(graph, test->path, &partial));
    clade_graph_destroy(&graph);
}

static void refuses_hostile_headers(void **state) {
    support *test = *state;
    static const struct {
        const char *header;
        size_t size;
        const char *word;
    } hostile[] = {
        {"", 20, "not in the safetensors format"},
        {" {}", 0, "not in the safetensors format"},
        {"[]", 0, "not in the safetensors format"},
        {"{", 0, "not valid JSON"},
        {"{}}", 0, "not valid JSON"},
        {"{\"a\":1}", 0, "\"a\" is no object"},
        {"{\"__metadata__\":1}", 0, "\"__metadata__\" is no object"},
        {"{\"a\":{}}", 0, "no dtype"},
        {"{\"a\":{\"dtype\":7,\"shape\":[5],\"data_offsets\":[0,20]}}", 20, "no dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,20]}}", 20, "no valid shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-5],\"data_offsets\":[0,20]}}", 20, "no valid shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[5.0],\"data_offsets\":[0,20]}}", 20, "no valid shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,20]}}", 20, "no valid shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387909],\"data_offsets\":[0,20]}}", 20,
         "20 bytes, which is not"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,20]}}", 20, "not valid JSON"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,20]}}", 20,
         "20 bytes, which is not F32 of shape [6]"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[5],\"data_offsets\":[0,20]}}", 20,
         "20 bytes, which is not F16 of shape [5]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[5]}}", 20, "no valid data_offsets"},
        {"{" FC_BIAS("[0]") "}", 20, "no valid data_offsets"},
        {"{" FC_BIAS("[0,20,40]") "}", 20, "no valid data_offsets"},
        {"{" FC_BIAS("[20,0]") "}", 20, "no valid data_offsets"},
        {"{" FC_BIAS("[-20,0]") "}", 20, "no valid data_offsets"},
        {"{" FC_BIAS("\"0,20\"") "}", 20, "no valid data_offsets"},
        {"{" FC_BIAS("[0,20]") "}", 19, "truncated"},
        {"{" FC_BIAS("[9223372036854775787,9223372036854775807]") "}", 20, "truncated"},
        {"{" FC_BIAS("[0,20]") "}", 21, "end at byte 20 of the data, which have 21"},
        {"{" FC_BIAS("[1,21]") "}", 21, "expected 0: there is a gap"},
        {"{" FC_BIAS("[0,20]") ",\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[16,20]}}", 20, "overlap"},
        {"{" FC_BIAS("[0,20]") ",\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[22,26]}}", 26, "gap"},
        {"{" FC_BIAS("[0,20]") "," FC_BIAS("[0,20]") "}", 20, "duplicate"},
        {"{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "not valid JSON"},
        {"{\"\xff\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "not valid JSON"},
    };
    const clade_weights_settings partial = {.partial = true};
    clade_graph *graph = network_create(test);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        store(test, hostile[i].header, hostile[i].size);
        assert_failure(test, clade_weights_load(graph, test->path, &partial), CLADE_ERROR_FORMAT,
                       "failed to read weights", test->path, hostile[i].word);
    }
    assert_false(network_has_value(test, graph, "fc.bias"));
    clade_graph_destroy(&graph);
}

/* Nested deeper than a stack holds, and a header length beyond the file or the format's limit. */
static void refuses_hostile_lengths(void **state) {
    support *test = *state;
    enum { DEPTH = 100000 };
    char *header = malloc(DEPTH + 6);
    assert_non_null(header);
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', DEPTH);
    header[DEPTH + 5] = '\0';
    store(test, header, 0);
    free(header);
    assert_failure(test, load_file(test, test->path), CLADE_ERROR_FORMAT, "not valid JSON");

    static const struct {
        uint64_t length;
        const char *word;
    } lengths[] = {{100000001, "at most 100000000"},
                   {UINT64_MAX, "at most 100000000"},
                   {100000000, "only 20 bytes"},
                   {13, "only 20 bytes"}};
    for (size_t i = 0; i < 4; i++) {
        uint8_t file[20] = {[8] = '{'};
        memcpy(file, &lengths[i].length, 8);
        support_store(test->path, file, sizeof file);
        assert_failure(test, load_file(test, test->path), CLADE_ERROR_FORMAT, lengths[i].word);
    }
}

/* A header's memory is bounded by what its values take, however short they are; strings may hold any number of commas. */
static void refuses_headers_of_too_many_values(void **state) {
    support *test = *state;
    enum { VALUES = 1 << 21 };
    static const char *const starts[] = {"{\"a\":[1", "{\"__metadata__\":{\"\\\"\":\""}, *const ends[] = {"]}", "\"}}"};
    for (size_t i = 0; i < 2; i++) {
        char *header = malloc(2 * VALUES + 64);
        assert_non_null(header);
        size_t length = (size_t)sprintf(header, "%s", starts[i]);
        for (size_t k = 0; k < VALUES; k++) header[length++] = ',', header[length++] = '1';
        sprintf(header + length, "%s", ends[i]);
        store(test, header, 0);
        free(header);
        assert_failure(test, load_file(test, test->path), i ? CLADE_ERROR_MISSING_WEIGHTS : CLADE_ERROR_FORMAT,
                       i ? "lacks" : "more than 2097152 values");
    }
}

/* The files that checkpoints mostly come in: the message says what to do. */
static void refuses_other_formats(void **state) {
    support *test = *state;
    static const uint8_t zip[30] = {'P', 'K', 3, 4};
    support_store(test->path, zip, sizeof zip);
    assert_failure(test, load_file(test, test->path), CLADE_ERROR_FORMAT, "safetensors.torch.save_file");
    static const char text[] = "# Not weights at all, but a text";
    support_store(test->path, text, sizeof text);
    assert_failure(test, load_file(test, test->path), CLADE_ERROR_FORMAT, "no safetensors file");
}

static void survives_damage(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("weights/float16.safetensors"), DATA("weights/checkpoint.safetensors")};
    for (size_t i = 0; i < 2; i++) {
        support_refuse_truncations(test, files[i], load_file);
        support_survive_flips(test, files[i], load_file, 500, 4);
        support_survive_no_memory(test, files[i], load_file);
    }
}

static void refuses_wrong_arguments(void **state) {
    support *test = *state;
    clade_graph *graph = network_create(test);
    const clade_weights_settings reserved = {.reserved = {0, 1}};
    assert_failure(test, clade_weights_load(graph, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(test, clade_weights_load(graph, test->path, &reserved), CLADE_ERROR_INVALID_ARGUMENT, "reserved");
    assert_failure(test, clade_weights_load(graph, test->path, NULL), CLADE_ERROR_NOT_FOUND, test->path);
    assert_int_equal(clade_weights_load(NULL, test->path, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(support_count_files(test), 0);
    clade_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(loads_what_hugging_face_wrote),
        SUPPORT_TEST(skips_what_the_graph_lacks),
        SUPPORT_TEST(strict_refuses_what_the_graph_lacks_but_counters),
        SUPPORT_TEST(keeps_the_file_as_long_as_the_graph),
        SUPPORT_TEST(partial_keeps_what_the_file_lacks),
        SUPPORT_TEST(missing_tensors_are_named_and_nothing_changes),
        SUPPORT_TEST(a_wrong_shape_is_told_and_nothing_changes),
        SUPPORT_TEST(an_unusable_type_matters_only_where_it_is_wanted),
        SUPPORT_TEST(loads_data_at_any_alignment),
        SUPPORT_TEST(reads_empty_tensors_and_metadata),
        SUPPORT_TEST(refuses_hostile_headers),
        SUPPORT_TEST(refuses_hostile_lengths),
        SUPPORT_TEST(refuses_headers_of_too_many_values),
        SUPPORT_TEST(refuses_other_formats),
        SUPPORT_TEST(survives_damage),
        SUPPORT_TEST(refuses_wrong_arguments),
    };
    return cmocka_run_group_tests_name("weights_load", tests, NULL, NULL);
}
