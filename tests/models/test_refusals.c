/* The zoo refuses what it cannot build, says why, and leaves nothing behind. No device is needed. */
#include "models/context.h"
#include "models/golden.h"

#include "base/base.h"

#include <clade/models.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The call fails, leaves no graph, and says `words`. */
static void expect_refusal(clade_context *context, const char *model, const clade_model_settings *settings,
                           clade_status status, const char *words) {
    clade_graph *graph = (clade_graph *)context; /* anything but NULL */
    assert_int_equal(clade_model_create(context, model, settings, &graph), status);
    assert_null(graph);
    char message[512];
    clade_context_message(context, message, sizeof message);
    if (!strstr(message, words)) fail_msg("\"%s\" does not say \"%s\"", message, words);
}

static void sizes_below_zero_are_refused(void **state) {
    for (size_t m = 0; m < golden_model_count; m++) {
        const char *model = golden_models[m];
        expect_refusal(*state, model, &(clade_model_settings){.classes = -1}, CLADE_ERROR_SHAPE, "classes -1");
        expect_refusal(*state, model, &(clade_model_settings){.channels = -2}, CLADE_ERROR_SHAPE, "channels -2");
        expect_refusal(*state, model, &(clade_model_settings){.height = -3}, CLADE_ERROR_SHAPE, "height -3");
        expect_refusal(*state, model, &(clade_model_settings){.width = INT32_MIN}, CLADE_ERROR_SHAPE,
                       "width -2147483648");
    }
}

static void sizes_that_overflow_are_refused(void **state) {
    const clade_model_settings settings = {.channels = INT32_MAX, .height = INT32_MAX, .width = INT32_MAX};
    for (size_t m = 0; m < golden_model_count; m++)
        expect_refusal(*state, golden_models[m], &settings, CLADE_ERROR_SHAPE, "input");
}

static void reserved_fields_are_refused(void **state) {
    const clade_model_settings settings = {.reserved = {[5] = 1}};
    expect_refusal(*state, "lenet", &settings, CLADE_ERROR_INVALID_ARGUMENT, "reserved");
}

/* The message names the first layer that finds no room. */
static void images_too_small_are_refused_by_layer(void **state) {
    const struct {
        const char *model;
        int32_t smallest;
        const char *layer; /* that refuses one row less */
    } cases[] = {{"lenet", 12, "pool2"},
                 {"googlenet", 47, "maxpool4"},
                 {"inception_v3", 75, "Mixed_7a"},
                 {"inception_v4", 75, "features.18"},
                 {"inception_resnet_v2", 75, "mixed_7a"}};
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        const clade_model_settings smallest = {.height = cases[i].smallest};
        clade_graph *graph = NULL;
        assert_int_equal(clade_model_create(*state, cases[i].model, &smallest, &graph), CLADE_OK);
        clade_graph_destroy(&graph);
        expect_refusal(*state, cases[i].model, &(clade_model_settings){.height = cases[i].smallest - 1},
                       CLADE_ERROR_SHAPE, cases[i].layer);
    }
}

static void an_unknown_model_is_answered_with_the_list(void **state) {
    for (size_t m = 0; m < golden_model_count; m++)
        expect_refusal(*state, "xception", NULL, CLADE_ERROR_NOT_FOUND, golden_models[m]);
    expect_refusal(*state, "xception", NULL, CLADE_ERROR_NOT_FOUND, "\"xception\"");
}

static void a_misspelt_model_is_answered_with_the_nearest(void **state) {
    static const struct {
        const char *name, *meant;
    } cases[] = {
        {"googlnet", "is googlenet meant?"},       {"GoogLeNet", "is googlenet meant?"},
        {"inceptionv3", "is inception_v3 meant?"}, {"inception-v4-cifar", "is inception_v4_cifar meant?"},
        {"resnet-50", "is resnet50 meant?"},       {"lenett", "is lenet meant?"},
        {"xception", "\"xception\": the models"},  {"", "\"\": the models"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refusal(*state, cases[i].name, NULL, CLADE_ERROR_NOT_FOUND, cases[i].meant);
}

static void null_arguments_are_refused(void **state) {
    clade_graph *graph = NULL;
    assert_int_equal(clade_model_create(*state, NULL, NULL, &graph), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_model_create(NULL, "lenet", NULL, &graph), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_model_create(*state, "lenet", NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_googlenet_create(NULL, NULL, &graph), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_googlenet_create(*state, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(graph);
}

/* ---- Running out of memory ------------------------------------------------------------------------------------------- */

typedef struct meagre {
    size_t left; /* allocations until one fails */
    size_t live; /* allocations that were not freed */
} meagre;

static void *meagre_allocate(void *user, size_t size) {
    meagre *m = user;
    if (m->left == 0) return NULL;
    m->left--;
    void *memory = malloc(size);
    if (memory) m->live++;
    return memory;
}

static void meagre_deallocate(void *user, void *memory) {
    ((meagre *)user)->live--;
    free(memory);
}

/* Whichever allocation fails, the builder says so and gives everything back. */
static void running_out_of_memory_leaks_nothing(void **state) {
    (void)state;
    const struct {
        const char *model;
        size_t step; /* the larger networks have thousands of allocations */
        bool auxiliary;
    } cases[] = {{"lenet", 1, false},
                 {"inception_v4", 97, false},
                 {"googlenet_bn", 97, true},
                 {"inception_resnet_v2", 197, false}};
    for (size_t i = 0; i < BASE_COUNT(cases); i++) {
        clade_status status = CLADE_ERROR_OUT_OF_MEMORY;
        for (size_t room = 0; status != CLADE_OK; room += cases[i].step) {
            meagre memory = {.left = SIZE_MAX};
            const clade_allocator allocator = {meagre_allocate, meagre_deallocate, &memory};
            const clade_context_settings settings = {.device = "none", .allocator = &allocator};
            clade_context *context = NULL;
            assert_int_equal(clade_context_create(&settings, &context), CLADE_OK);
            memory.left = room;
            clade_graph *graph = NULL;
            const clade_model_settings wanted = {.auxiliary = cases[i].auxiliary};
            status = clade_model_create(context, cases[i].model, &wanted, &graph);
            if (status != CLADE_OK) {
                assert_int_equal(status, CLADE_ERROR_OUT_OF_MEMORY);
                assert_null(graph);
            }
            clade_graph_destroy(&graph);
            clade_context_destroy(&context);
            assert_int_equal(memory.live, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_below_zero_are_refused),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(reserved_fields_are_refused),
        cmocka_unit_test(images_too_small_are_refused_by_layer),
        cmocka_unit_test(an_unknown_model_is_answered_with_the_list),
        cmocka_unit_test(a_misspelt_model_is_answered_with_the_nearest),
        cmocka_unit_test(null_arguments_are_refused),
        cmocka_unit_test(running_out_of_memory_leaks_nothing),
    };
    return cmocka_run_group_tests_name("models.refusals", tests, context_open_without_device, context_close);
}
