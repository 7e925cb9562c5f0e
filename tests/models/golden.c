#include "models/golden.h"

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

const char *const golden_models[] = {"lenet",
                                     "alexnet",
                                     "vgg11",
                                     "vgg16",
                                     "nin",
                                     "googlenet",
                                     "googlenet_d2l",
                                     "googlenet_256",
                                     "googlenet_bn",
                                     "bn_inception",
                                     "inception_v3",
                                     "inception_v4",
                                     "inception_v4_cifar",
                                     "inception_resnet_v1",
                                     "inception_resnet_v2",
                                     "inception_resnet_v2_cifar",
                                     "resnet18",
                                     "resnet50",
                                     "squeezenet"};
const size_t golden_model_count = BASE_COUNT(golden_models);

static json_t *member(const json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    if (!value) fail_msg("the golden result lacks \"%s\"", key);
    return value;
}

static clade_shape read_shape(const json_t *dims) {
    clade_shape shape = {.rank = (int32_t)json_array_size(dims)};
    assert_in_range(shape.rank, 1, CLADE_MAX_RANK);
    for (int32_t i = 0; i < shape.rank; i++) shape.dims[i] = json_integer_value(json_array_get(dims, (size_t)i));
    return shape;
}

static void read_edge(const json_t *values, double edge[GOLDEN_EDGE]) {
    assert_int_equal(json_array_size(values), GOLDEN_EDGE);
    for (size_t i = 0; i < GOLDEN_EDGE; i++) edge[i] = json_number_value(json_array_get(values, i));
}

static void *make_array(const json_t *array, size_t item_size, size_t *count_out) {
    *count_out = json_array_size(array);
    assert_true(*count_out > 0);
    void *items = calloc(*count_out, item_size);
    assert_non_null(items);
    return items;
}

/* By the names of torchvision. The zoo's networks leave auxiliary classifiers out unless asked. */
static bool is_auxiliary(const char *name) {
    return strncmp(name, "AuxLogits.", strlen("AuxLogits.")) == 0 || strncmp(name, "aux", strlen("aux")) == 0;
}

static void read_tensors(const json_t *tensors, bool auxiliary, golden *g) {
    size_t count = 0;
    g->tensors = make_array(tensors, sizeof *g->tensors, &count);
    for (size_t i = 0; i < count; i++) {
        const json_t *tensor = json_array_get(tensors, i);
        const char *name = json_string_value(json_array_get(tensor, 0));
        if (!auxiliary && is_auxiliary(name)) continue;
        g->tensors[g->tensor_count++] = (golden_tensor){name, read_shape(json_array_get(tensor, 1))};
    }
}

void golden_read(const char *model, golden *golden_out) { golden_read_for(model, false, golden_out); }

void golden_read_for(const char *model, bool auxiliary, golden *golden_out) {
    char path[512];
    json_error_t error;
    snprintf(path, sizeof path, "%s/goldens/%s.json", TESTS_DATA, model);
    json_t *json = json_load_file(path, 0, &error);
    if (!json) fail_msg("failed to read %s: %s", path, error.text);

    golden g = {.json = json,
                .input = read_shape(member(json, "input")),
                .trainable = json_integer_value(member(json, auxiliary ? "parameters" : "parameters_without_aux"))};
    read_tensors(member(json, "tensors"), auxiliary, &g);
    g.blocks = make_array(member(json, "blocks"), sizeof *g.blocks, &g.block_count);
    for (size_t i = 0; i < g.block_count; i++) {
        const json_t *block = json_array_get(member(json, "blocks"), i);
        g.blocks[i] = (golden_block){.name = json_string_value(member(block, "name")),
                                     .shape = read_shape(member(block, "shape")),
                                     .mean = json_number_value(member(block, "mean")),
                                     .deviation = json_number_value(member(block, "std")),
                                     .largest = json_number_value(member(block, "absmax"))};
        read_edge(member(block, "first"), g.blocks[i].first);
        read_edge(member(block, "last"), g.blocks[i].last);
    }
    g.output = make_array(member(json, "output"), sizeof *g.output, &g.output_count);
    for (size_t i = 0; i < g.output_count; i++)
        g.output[i] = json_number_value(json_array_get(member(json, "output"), i));
    *golden_out = g;
}

void golden_clear(golden *g) {
    free(g->tensors);
    free(g->blocks);
    free(g->output);
    json_decref(g->json);
    *g = (golden){0};
}
