/* test_plan.c: what a plan refuses, what it says about itself, and that its switches do what they say. */
#include "api/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

static clade_context *context;
static clade_graph *graph;

static int set_up(void **state) {
    (void)state;
    context = network_context();
    graph = network_graph(context);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    return 0;
}

static void assert_message(const char *part) {
    char message[1024];
    clade_context_message(context, message, sizeof message);
    if (!strstr(message, part)) fail_msg("the message \"%s\" does not name \"%s\"", message, part);
}

static void assert_refused(const clade_graph *of, clade_plan_settings settings, clade_status status, const char *part) {
    clade_plan *plan = (clade_plan *)&settings; /* anything but NULL */
    assert_int_equal(clade_plan_create(of, &settings, &plan), status);
    assert_null(plan);
    assert_message(part);
}

static void bad_settings_are_refused(void **state) {
    (void)state;
    assert_refused(graph, (clade_plan_settings){.batch = -2}, CLADE_ERROR_SHAPE, "-2");
    assert_refused(graph, (clade_plan_settings){.batch = (int64_t)1 << 40}, CLADE_ERROR_SHAPE, "1099511627776");
    assert_refused(graph, (clade_plan_settings){.channel_block = 5}, CLADE_ERROR_INVALID_ARGUMENT, "5");
    assert_refused(graph, (clade_plan_settings){.reserved = {[3] = 1}}, CLADE_ERROR_INVALID_ARGUMENT, "reserved");
    assert_refused(graph, (clade_plan_settings){.kernels = "conv2d=fastest"}, CLADE_ERROR_NOT_FOUND, "fastest");
    assert_refused(graph, (clade_plan_settings){.kernels = "convolve"}, CLADE_ERROR_INVALID_ARGUMENT, "convolve");
    assert_refused(graph, (clade_plan_settings){.memory_limit = 1000}, CLADE_ERROR_MEMORY_LIMIT, "1000");
    assert_int_equal(clade_plan_create(graph, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
    clade_plan *plan;
    assert_int_equal(clade_plan_create(NULL, NULL, &plan), CLADE_ERROR_INVALID_ARGUMENT);
}

static void a_plan_too_large_for_the_device_is_refused_before_anything_is_allocated(void **state) {
    (void)state;
    clade_device_info device;
    assert_int_equal(clade_context_device(context, &device), CLADE_OK);
    const uint64_t image = 20 * NETWORK_SIDE * NETWORK_SIDE * sizeof(float),
                   batch = device.largest_allocation / image + 1;
    if (batch * image / sizeof(float) > INT32_MAX) skip(); /* more than one tensor may have anywhere */
    assert_refused(graph, (clade_plan_settings){.batch = (int64_t)batch, .dry_run = true, .channel_block = 1},
                   CLADE_ERROR_OUT_OF_DEVICE_MEMORY, "bytes");
    assert_refused(graph, (clade_plan_settings){.batch = INT32_MAX}, CLADE_ERROR_UNSUPPORTED, "elements");
}

static void missing_weights_are_named(void **state) {
    (void)state;
    clade_graph *bare = NULL;
    clade_tensor y;
    assert_int_equal(clade_graph_create(context, &bare), CLADE_OK);
    assert_int_equal(clade_graph_input(bare, "x", (clade_shape){2, {1, 4}}, &y), CLADE_OK);
    assert_refused(bare, (clade_plan_settings){0}, CLADE_ERROR_INVALID_ARGUMENT, "no output");
    assert_int_equal(clade_graph_linear(bare, y, &(clade_linear_settings){.name = "fc", .features = 2}, &y), CLADE_OK);
    assert_int_equal(clade_graph_output(bare, y, NULL), CLADE_OK);
    assert_refused(bare, (clade_plan_settings){0}, CLADE_ERROR_MISSING_WEIGHTS, "fc.weight, fc.bias");
    clade_plan *dry = network_plan(bare, &(clade_plan_settings){.dry_run = true}); /* looking needs no weights */
    clade_session *session = NULL;
    assert_int_equal(clade_session_create(dry, &session), CLADE_ERROR_INVALID_ARGUMENT);
    assert_null(session);
    assert_message("dry_run");
    clade_plan_destroy(&dry);
    clade_graph_destroy(&bare);
}

static void a_context_without_a_device_makes_no_plans(void **state) {
    (void)state;
    clade_context *none = NULL;
    clade_plan *plan = NULL;
    assert_int_equal(clade_context_create(&(clade_context_settings){.device = "none"}, &none), CLADE_OK);
    clade_graph *own = network_graph(none);
    assert_int_equal(clade_plan_create(own, NULL, &plan), CLADE_ERROR_NO_DEVICE);
    clade_graph_destroy(&own);
    clade_context_destroy(&none);
}

static void a_plan_says_what_it_does(void **state) {
    (void)state;
    clade_plan *dry = network_plan(graph, &(clade_plan_settings){.dry_run = true}), *plan = network_plan(graph, NULL);
    clade_plan_memory expected, memory;
    assert_int_equal(clade_plan_memory_use(dry, &expected), CLADE_OK);
    assert_int_equal(clade_plan_memory_use(plan, &memory), CLADE_OK);
    assert_memory_equal(&memory, &expected, sizeof memory);
    assert_true(memory.weights > 0 && memory.arena >= memory.peak_live && memory.peak_live > 0);
    assert_int_equal(memory.inputs_outputs,
                     (NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE + NETWORK_CLASSES) * sizeof(float));
    assert_true(clade_plan_step_count(plan) > 0);
    assert_int_equal(clade_plan_step_count(plan), clade_plan_step_count(dry));
    for (size_t i = 0; i < clade_plan_step_count(plan); i++) {
        clade_step_info step;
        assert_int_equal(clade_plan_step(plan, i, &step), CLADE_OK);
        assert_true(step.node < clade_graph_node_count(clade_plan_graph(plan)));
        assert_true(strlen(step.kernel) > 0 && strlen(step.reason) > 0 && (step.launches > 0 || i > 0));
    }
    clade_step_info step;
    assert_int_equal(clade_plan_step(plan, clade_plan_step_count(plan), &step), CLADE_ERROR_NOT_FOUND);
    clade_plan_destroy(&dry);
    clade_plan_destroy(&plan);
}

static void sharing_memory_can_be_switched_off(void **state) {
    (void)state;
    clade_plan_memory with, without;
    clade_plan *plan = network_plan(graph, &(clade_plan_settings){.dry_run = true});
    assert_int_equal(clade_plan_memory_use(plan, &with), CLADE_OK);
    clade_plan_destroy(&plan);
    plan = network_plan(graph, &(clade_plan_settings){.dry_run = true, .disabled_passes = CLADE_PASS_REUSE});
    assert_int_equal(clade_plan_memory_use(plan, &without), CLADE_OK);
    clade_plan_destroy(&plan);
    assert_true(without.arena > with.arena);
}

static void the_memory_limit_is_exact(void **state) {
    (void)state;
    clade_plan_memory memory;
    clade_plan_settings settings = {.dry_run = true,
                                    .kernels = "conv2d=generic,linear=generic"}; /* nothing is leaner */
    clade_plan *plan = network_plan(graph, &settings);
    assert_int_equal(clade_plan_memory_use(plan, &memory), CLADE_OK);
    clade_plan_destroy(&plan);
    settings.memory_limit = memory.weights + memory.arena;
    plan = network_plan(graph, &settings);
    clade_plan_destroy(&plan);
    settings.memory_limit--;
    assert_refused(graph, settings, CLADE_ERROR_MEMORY_LIMIT, "weights");
}

/* Outputs that need a copy: an input, one tensor twice, a slice of a concat, a flattened view. */
static void any_tensor_can_be_an_output(void **state) {
    (void)state;
    clade_graph *own = NULL;
    clade_tensor x, a, b, joined, flat;
    assert_int_equal(clade_graph_create(context, &own), CLADE_OK);
    assert_int_equal(clade_graph_input(own, "x", (clade_shape){4, {2, 3, 2, 2}}, &x), CLADE_OK);
    assert_int_equal(clade_graph_scale(own, x, &(clade_scale_settings){.name = "a", .factor = 2}, &a), CLADE_OK);
    assert_int_equal(clade_graph_scale(own, x, &(clade_scale_settings){.name = "b", .offset = 1}, &b), CLADE_OK);
    const clade_tensor parts[2] = {a, b};
    assert_int_equal(clade_graph_concat(own, parts, 2, NULL, &joined), CLADE_OK);
    assert_int_equal(clade_graph_flatten(own, joined, NULL, &flat), CLADE_OK);
    assert_int_equal(clade_graph_output(own, x, "same"), CLADE_OK);
    assert_int_equal(clade_graph_output(own, a, "doubled"), CLADE_OK);
    assert_int_equal(clade_graph_output(own, a, "doubled again"), CLADE_OK);
    assert_int_equal(clade_graph_output(own, joined, "joined"), CLADE_OK);
    assert_int_equal(clade_graph_output(own, flat, "flat"), CLADE_OK);
    for (uint32_t disabled = 0; disabled < 64; disabled++) {
        clade_plan *plan = network_plan(own, &(clade_plan_settings){.disabled_passes = disabled});
        clade_session *session = NULL;
        float in[24], same[24], doubled[24], again[24], both[48], flattened[48];
        for (int i = 0; i < 24; i++) in[i] = (float)i - 7.5f;
        assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
        const clade_buffer input = {"x", in, sizeof in};
        const clade_buffer outputs[] = {{"same", same, sizeof same},
                                        {"doubled", doubled, sizeof doubled},
                                        {"doubled again", again, sizeof again},
                                        {"joined", both, sizeof both},
                                        {"flat", flattened, sizeof flattened}};
        assert_int_equal(clade_run(session, &input, 1, outputs, 5), CLADE_OK);
        for (int i = 0; i < 24; i++) {
            assert_true(same[i] == in[i] && doubled[i] == 2 * in[i] && again[i] == 2 * in[i]);
            const int image = i / 12, element = i % 12;
            assert_true(both[image * 24 + element] == 2 * in[i] && both[image * 24 + 12 + element] == in[i] + 1);
        }
        assert_memory_equal(both, flattened, sizeof both);
        clade_session_destroy(&session);
        clade_plan_destroy(&plan);
    }
    clade_graph_destroy(&own);
}

typedef struct picture_text {
    char text[65536];
    size_t length;
} picture_text;

static bool append(void *user, const char *text, size_t length) {
    picture_text *picture = user;
    assert_true(picture->length + length < sizeof picture->text);
    memcpy(picture->text + picture->length, text, length);
    picture->length += length;
    picture->text[picture->length] = '\0';
    return true;
}

static bool stop(void *user, const char *text, size_t length) {
    (void)text;
    return length == 0 || user;
}

/* Launches too: a dry plan knows which steps will share one. */
static void a_dry_plan_draws_the_same_picture_as_the_one_that_runs(void **state) {
    (void)state;
    static picture_text pictures[2];
    for (int dry = 0; dry < 2; dry++) {
        clade_plan *plan = network_plan(graph, &(clade_plan_settings){.batch = 3, .dry_run = dry});
        pictures[dry].length = 0;
        assert_int_equal(clade_plan_write_dot(plan, append, &pictures[dry]), CLADE_OK);
        assert_int_equal(clade_plan_write_dot(plan, stop, NULL), CLADE_ERROR_IO);
        assert_int_equal(clade_plan_write_dot(plan, NULL, NULL), CLADE_ERROR_INVALID_ARGUMENT);
        for (size_t i = 0; i < clade_plan_step_count(plan); i++) {
            clade_step_info step;
            assert_int_equal(clade_plan_step(plan, i, &step), CLADE_OK);
            assert_non_null(strstr(pictures[dry].text, step.kernel));
        }
        clade_plan_destroy(&plan);
    }
    assert_string_equal(pictures[0].text, pictures[1].text);
    assert_non_null(strstr(pictures[0].text, ", batch 3: "));
    assert_int_equal(clade_plan_write_dot(NULL, append, &pictures[0]), CLADE_ERROR_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_settings_are_refused),
        cmocka_unit_test(a_plan_too_large_for_the_device_is_refused_before_anything_is_allocated),
        cmocka_unit_test(missing_weights_are_named),
        cmocka_unit_test(a_context_without_a_device_makes_no_plans),
        cmocka_unit_test(a_plan_says_what_it_does),
        cmocka_unit_test(a_dry_plan_draws_the_same_picture_as_the_one_that_runs),
        cmocka_unit_test(sharing_memory_can_be_switched_off),
        cmocka_unit_test(the_memory_limit_is_exact),
        cmocka_unit_test(any_tensor_can_be_an_output),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
