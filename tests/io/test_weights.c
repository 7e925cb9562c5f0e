/* test_weights.c: safetensors, against files that Hugging Face's library wrote (tests/data/make/make_safetensors.py). */
#include "io/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- A small network --------------------------------------------------------------------------------------------- */
static const struct {
    const char *name;
    size_t count;
} parameters[] = {{"conv.weight", 108},     {"conv.bias", 4},        {"norm.weight", 4}, {"norm.bias", 4},
                  {"norm.running_mean", 4}, {"norm.running_var", 4}, {"fc.weight", 20},  {"fc.bias", 5}};
enum { PARAMETERS = sizeof parameters / sizeof *parameters, LARGEST = 108 };

/* The graph whose parameters the files hold, or what stopped it. */
static clade_status build(support *test, clade_graph **graph_out) {
    clade_tensor tensor;
    clade_graph *graph = NULL;
    clade_status status = clade_graph_create(test->context, &graph);
    if (status == CLADE_OK)
        status = clade_graph_input(graph, "input", (clade_shape){4, {CLADE_BATCH, 3, 8, 8}}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_conv2d(graph, tensor,
                                    &(clade_conv2d_settings){.name = "conv", .channels = 4, .kernel = {3, 3}}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_batch_norm(graph, tensor, &(clade_batch_norm_settings){.name = "norm"}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_pool(graph, tensor, &(clade_pool_settings){.name = "pool", .global = true}, &tensor);
    if (status == CLADE_OK)
        status = clade_graph_linear(graph, tensor, &(clade_linear_settings){.name = "fc", .features = 5}, &tensor);
    if (status == CLADE_OK) status = clade_graph_output(graph, tensor, "output");
    if (status != CLADE_OK) clade_graph_destroy(&graph);
    *graph_out = graph;
    return status;
}

static clade_graph *network(support *test) {
    clade_graph *graph = NULL;
    assert_ok(test, build(test, &graph));
    return graph;
}

/* Element i of every tensor of the files. */
static float expected(size_t i) { return (float)((int)(i % 17) - 8) / 8; }

static void check_values(support *test, const clade_graph *graph) {
    for (size_t p = 0; p < PARAMETERS; p++) {
        float values[LARGEST];
        assert_ok(test, clade_graph_get_parameter(graph, parameters[p].name, values));
        for (size_t i = 0; i < parameters[p].count; i++) assert_true(values[i] == expected(i));
    }
}

static bool has_value(support *test, const clade_graph *graph, const char *name) {
    clade_tensor tensor;
    clade_tensor_info info;
    assert_ok(test, clade_graph_find_tensor(graph, name, &tensor));
    assert_ok(test, clade_graph_tensor(graph, tensor, &info));
    return info.has_value;
}

static clade_status load_file(support *test, const char *path) {
    clade_graph *graph = NULL;
    clade_status status = build(test, &graph);
    if (status == CLADE_OK) status = clade_weights_load(graph, path, NULL);
    clade_graph_destroy(&graph);
    return status;
}

static clade_status save_file(support *test, const char *path) {
    clade_graph *graph = NULL;
    clade_status status = build(test, &graph);
    if (status == CLADE_OK) status = clade_graph_fill_parameters(graph);
    if (status == CLADE_OK) status = clade_weights_save(graph, path, CLADE_FLOAT16);
    clade_graph_destroy(&graph);
    return status;
}

/* ---- Loading ------------------------------------------------------------------------------------------------------ */
static void loads_what_hugging_face_wrote(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("weights/float32.safetensors"), DATA("weights/float16.safetensors"),
                                        DATA("weights/bfloat16.safetensors")};
    const clade_weights_settings strict = {.strict = true};
    for (size_t i = 0; i < 3; i++) {
        clade_graph *graph = network(test);
        assert_ok(test, clade_weights_load(graph, files[i], &strict));
        check_values(test, graph);
        clade_graph_destroy(&graph);
    }
}

/* A checkpoint has tensors that a network for inference lacks: counters, auxiliary heads, of types it could not use. */
static void skips_what_the_graph_lacks(void **state) {
    support *test = *state;
    clade_graph *graph = network(test);
    assert_ok(test, clade_weights_load(graph, DATA("weights/checkpoint.safetensors"), NULL));
    check_values(test, graph);
    clade_graph_destroy(&graph);
}

static void strict_refuses_what_the_graph_lacks_but_counters(void **state) {
    support *test = *state;
    clade_graph *graph = network(test);
    const clade_weights_settings strict = {.strict = true};
    char message[1024];
    assert_failure(test, clade_weights_load(graph, DATA("weights/checkpoint.safetensors"), &strict),
                   CLADE_ERROR_NOT_FOUND, "1 of its 10 tensors", "aux.fc.weight");
    clade_context_message(test->context, message, sizeof message);
    assert_null(strstr(message, "num_batches_tracked"));
    assert_false(has_value(test, graph, "conv.weight"));
    clade_graph_destroy(&graph);
}

/* The graph needs the file itself no more, nor its first contents once others are loaded. */
static void keeps_the_file_as_long_as_the_graph(void **state) {
    support *test = *state;
    size_t size = 0;
    uint8_t *data = support_load(DATA("weights/float32.safetensors"), &size);
    support_store(test->path, data, size);
    free(data);
    clade_graph *graph = network(test);
    assert_ok(test, clade_weights_load(graph, DATA("weights/float16.safetensors"), NULL));
    assert_ok(test, clade_weights_load(graph, test->path, NULL));
    assert_int_equal(unlink(test->path), 0);
    check_values(test, graph);
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
    clade_graph *graph = network(test);
    float values[LARGEST];
    assert_ok(test, clade_weights_load(graph, DATA("weights/float32.safetensors"), NULL));
    store(test, "{" FC_BIAS("[0,20]") "}", 20);
    assert_ok(test, clade_weights_load(graph, test->path, &partial));
    assert_ok(test, clade_graph_get_parameter(graph, "fc.bias", values));
    assert_memory_equal(values, ((uint8_t[]){0, 1, 2, 3, 4, 5, 6, 7}), 8);
    assert_ok(test, clade_graph_get_parameter(graph, "fc.weight", values));
    for (size_t i = 0; i < 20; i++) assert_true(values[i] == expected(i));
    clade_graph_destroy(&graph);
}

static void missing_tensors_are_named_and_nothing_changes(void **state) {
    support *test = *state;
    clade_graph *graph = network(test);
    store(test, "{" FC_BIAS("[0,20]") "}", 20);
    assert_failure(test, clade_weights_load(graph, test->path, NULL), CLADE_ERROR_MISSING_WEIGHTS,
                   "lacks 7 of the graph's 8 parameters", "conv.weight, conv.bias, norm.weight", ", ...");
    assert_false(has_value(test, graph, "fc.bias"));
    clade_graph_destroy(&graph);
}

static void a_wrong_shape_is_told_and_nothing_changes(void **state) {
    support *test = *state;
    static const char *const shapes[] = {"[5,1]", "[1,5]", "[5,1,1,1,1,1,1,1]"};
    const clade_weights_settings partial = {.partial = true};
    clade_graph *graph = network(test);
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
    assert_false(has_value(test, graph, "fc.bias"));
    clade_graph_destroy(&graph);
}

static void an_unusable_type_matters_only_where_it_is_wanted(void **state) {
    support *test = *state;
    const clade_weights_settings partial = {.partial = true};
    static const char *const types[] = {"F64", "I64", "U64"};
    clade_graph *graph = network(test);
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
        clade_graph *graph = network(test);
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
    clade_graph *graph = network(test);
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
    clade_graph *graph = network(test);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        store(test, hostile[i].header, hostile[i].size);
        assert_failure(test, clade_weights_load(graph, test->path, &partial), CLADE_ERROR_FORMAT,
                       "failed to read weights", test->path, hostile[i].word);
    }
    assert_false(has_value(test, graph, "fc.bias"));
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

static void survives_damage(void **state) {
    support *test = *state;
    static const char *const files[] = {DATA("weights/float16.safetensors"), DATA("weights/checkpoint.safetensors")};
    for (size_t i = 0; i < 2; i++) {
        support_refuse_truncations(test, files[i], load_file);
        support_survive_flips(test, files[i], load_file, 1000, 4);
        support_survive_no_memory(test, files[i], load_file);
    }
}

static void refuses_wrong_arguments(void **state) {
    support *test = *state;
    clade_graph *graph = network(test);
    const clade_weights_settings reserved = {.reserved = {0, 1}};
    assert_failure(test, clade_weights_load(graph, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(test, clade_weights_load(graph, test->path, &reserved), CLADE_ERROR_INVALID_ARGUMENT, "reserved");
    assert_failure(test, clade_weights_load(graph, test->path, NULL), CLADE_ERROR_NOT_FOUND, test->path);
    assert_failure(test, clade_weights_save(graph, NULL, CLADE_FLOAT32), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(test, clade_weights_save(graph, test->path, CLADE_UINT8), CLADE_ERROR_INVALID_ARGUMENT, "uint8");
    assert_failure(test, clade_weights_save(graph, test->path, (clade_type)9), CLADE_ERROR_INVALID_ARGUMENT, "unknown");
    assert_int_equal(clade_weights_load(NULL, test->path, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_weights_save(NULL, test->path, CLADE_FLOAT32), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(support_count_files(test), 0);
    clade_graph_destroy(&graph);
}

/* ---- Saving ------------------------------------------------------------------------------------------------------- */
static void round_trips_in_every_type(void **state) {
    support *test = *state;
    static const clade_type types[] = {CLADE_FLOAT32, CLADE_FLOAT16, CLADE_BFLOAT16};
    const clade_weights_settings strict = {.strict = true};
    for (size_t i = 0; i < 3; i++) {
        clade_graph *source = network(test), *target = network(test);
        assert_ok(test, clade_weights_load(source, DATA("weights/float32.safetensors"), NULL));
        assert_ok(test, clade_weights_save(source, test->path, types[i]));
        assert_ok(test, clade_weights_load(target, test->path, &strict));
        check_values(test, target);
        clade_graph_destroy(&source);
        clade_graph_destroy(&target);
    }
}

static void writes_the_same_bytes_every_time(void **state) {
    support *test = *state;
    size_t size = 0, again_size = 0;
    assert_ok(test, save_file(test, test->path));
    uint8_t *file = support_load(test->path, &size);
    assert_ok(test, save_file(test, test->path));
    uint8_t *again = support_load(test->path, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(file, again, size);
    assert_int_equal(support_count_files(test), 1);
    free(again);
    free(file);
}

/* Whatever the length of the header, the data start at a multiple of 8. */
static void aligns_the_data(void **state) {
    support *test = *state;
    const clade_weights_settings strict = {.strict = true};
    for (int letters = 1; letters <= 8; letters++) {
        const char *name = "abcdefgh" + 8 - letters;
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
    clade_graph *graph = network(test);
    size_t size = 0;
    uint8_t *data = support_load(DATA("weights/float32.safetensors"), &size);
    support_store(test->path, data, size);
    free(data);
    assert_ok(test, clade_weights_load(graph, test->path, NULL));
    assert_ok(test, clade_weights_save(graph, test->path, CLADE_FLOAT16));
    check_values(test, graph);
    assert_ok(test, clade_weights_load(graph, test->path, NULL));
    check_values(test, graph);
    clade_graph_destroy(&graph);
}

static void refuses_numbers_that_would_become_infinite(void **state) {
    support *test = *state;
    float values[5] = {1, 65519, INFINITY, -INFINITY, NAN};
    const clade_array bias = {CLADE_FLOAT32, {1, {5}}, values};
    clade_graph *graph = network(test);
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
    clade_graph *graph = network(test);
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
        SUPPORT_TEST(survives_damage),
        SUPPORT_TEST(refuses_wrong_arguments),
        SUPPORT_TEST(round_trips_in_every_type),
        SUPPORT_TEST(writes_the_same_bytes_every_time),
        SUPPORT_TEST(aligns_the_data),
        SUPPORT_TEST(writes_names_that_json_can_hold),
        SUPPORT_TEST(saves_over_the_file_it_reads_from),
        SUPPORT_TEST(refuses_numbers_that_would_become_infinite),
        SUPPORT_TEST(a_failed_save_leaves_the_old_file),
    };
    return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
