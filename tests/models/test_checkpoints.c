/* Checkpoints of torchvision, timm and facenet-pytorch load by name as they are. tests/data/checkpoints.json, made with those packages
 * (tests/data/make/make_networks.py), has a hash of the names, types and shapes in the file that each network is saved to. Here
 * the same list is made from the zoo's network; a file with just these tensors then is loaded, nothing left over. */
#include "models/context.h"

#include "base/base.h"

#include <clade/io.h>
#include <clade/models.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

enum { LINE_SIZE = 160, PATH_SIZE = 64 };

typedef struct entry {
    char line[LINE_SIZE]; /* "NAME TYPE SHAPE\n" */
    char name[LINE_SIZE];
    const char *type;
    char shape[64];
    int64_t bytes;
} entry;

typedef struct checkpoint {
    entry *entries;
    size_t count;
} checkpoint;

static void add(checkpoint *c, const char *name, const char *type, const clade_shape *shape, int64_t element) {
    entry *e = &c->entries[c->count++];
    *e = (entry){.type = type, .bytes = element};
    snprintf(e->name, sizeof e->name, "%s", name);
    size_t used = 0;
    for (int32_t i = 0; i < shape->rank; i++) {
        used += (size_t)snprintf(e->shape + used, sizeof e->shape - used, "%s%" PRId64, i ? "," : "", shape->dims[i]);
        e->bytes *= shape->dims[i];
    }
    snprintf(e->line, sizeof e->line, "%.90s %s %s\n", e->name, type, e->shape);
}

static int by_line(const void *a, const void *b) { return strcmp(((const entry *)a)->line, ((const entry *)b)->line); }

/* What PyTorch saves of this network: its parameters, and behind each running variance a count of training steps. */
static checkpoint describe(const clade_graph *graph) {
    const size_t count = clade_graph_parameter_count(graph);
    checkpoint c = {calloc(2 * count, sizeof *c.entries), 0};
    assert_non_null(c.entries);
    for (size_t i = 0; i < count; i++) {
        clade_tensor tensor = {-1};
        clade_tensor_info info = {0};
        assert_int_equal(clade_graph_parameter_at(graph, i, &tensor), CLADE_OK);
        assert_int_equal(clade_graph_tensor(graph, tensor, &info), CLADE_OK);
        add(&c, info.name, "F32", &info.shape, sizeof(float));
        const char *last = strrchr(info.name, '.') + 1;
        if (strcmp(last, "running_var") != 0) continue;
        char name[LINE_SIZE];
        snprintf(name, sizeof name, "%.*snum_batches_tracked", (int)(last - info.name), info.name);
        add(&c, name, "I64", &(clade_shape){0}, sizeof(int64_t));
    }
    qsort(c.entries, c.count, sizeof *c.entries, by_line);
    return c;
}

static uint64_t hash(const checkpoint *c) {
    uint64_t state = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    for (size_t i = 0; i < c->count; i++)
        for (const char *at = c->entries[i].line; *at; at++) state = (state ^ (uint8_t)*at) * UINT64_C(0x100000001B3);
    return state;
}

/* A safetensors file whose values take no room on the disk: they are a hole of zeros. */
static void write_file(const checkpoint *c, char path[PATH_SIZE]) {
    snprintf(path, PATH_SIZE, "/tmp/clade-checkpoint-XXXXXX");
    const int handle = mkstemp(path);
    assert_true(handle >= 0);
    FILE *file = fdopen(handle, "wb");
    assert_non_null(file);
    uint64_t length = 0;
    int64_t end = 0;
    assert_int_equal(fwrite(&length, sizeof length, 1, file), 1);
    fprintf(file, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < c->count; i++) {
        const entry *e = &c->entries[i];
        fprintf(file, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", e->name,
                e->type, e->shape, end, end + e->bytes);
        end += e->bytes;
    }
    fputc('}', file);
    length = (uint64_t)ftell(file) - sizeof length;
    rewind(file);
    assert_int_equal(fwrite(&length, sizeof length, 1, file), 1);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(ftruncate(handle, (off_t)((int64_t)(sizeof length + length) + end)), 0);
    assert_int_equal(fclose(file), 0);
}

static void load(clade_context *context, clade_graph *graph, const char *path, bool strict) {
    const clade_weights_settings settings = {.strict = strict};
    const clade_status status = clade_weights_load(graph, path, &settings);
    if (status == CLADE_OK) return;
    char message[512];
    clade_context_message(context, message, sizeof message);
    unlink(path);
    fail_msg("%s", message);
}

static clade_graph *build(clade_context *context, const char *model, bool auxiliary) {
    clade_graph *graph = NULL;
    const clade_model_settings settings = {.auxiliary = auxiliary};
    assert_int_equal(clade_model_create(context, model, &settings, &graph), CLADE_OK);
    return graph;
}

static void published_checkpoints_load_by_name(void **state) {
    char path[512];
    json_error_t error;
    snprintf(path, sizeof path, "%s/checkpoints.json", TESTS_DATA);
    json_t *json = json_load_file(path, 0, &error);
    if (!json) fail_msg("failed to read %s: %s", path, error.text);
    assert_true(json_object_size(json) >= 11);

    const char *model = NULL;
    json_t *expected = NULL;
    json_object_foreach(json, model, expected) {
        const bool has_auxiliary = strcmp(model, "googlenet_bn") == 0 || strcmp(model, "inception_v3") == 0;
        clade_graph *graph = build(*state, model, has_auxiliary);
        checkpoint c = describe(graph);
        char found[20];
        snprintf(found, sizeof found, "%016" PRIx64, hash(&c));
        if (strcmp(found, json_string_value(json_object_get(expected, "hash"))) != 0)
            fail_msg("%s has other tensors than %s", model, json_string_value(json_object_get(expected, "package")));
        assert_int_equal(c.count, json_integer_value(json_object_get(expected, "tensors")));

        char file[PATH_SIZE];
        write_file(&c, file);
        load(*state, graph, file, true);
        clade_graph *for_inference = build(*state, model, false);
        load(*state, for_inference, file, !has_auxiliary);
        unlink(file);
        clade_graph_destroy(&for_inference);
        clade_graph_destroy(&graph);
        free(c.entries);
    }
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_checkpoints_load_by_name)};
    return cmocka_run_group_tests_name("models.checkpoints", tests, context_open_without_device, context_close);
}
