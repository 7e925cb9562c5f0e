#include "plan/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHANNELS = 3, SIDE = 56 };

static void keep_warning(void *user, clade_log_level level, const char *message) {
    fixture *f = user;
    if (level != CLADE_LOG_WARNING) return;
    f->warnings++;
    snprintf(f->warning, sizeof f->warning, "%s", message);
}

static void assert_done(const fixture *f, clade_status status) {
    char message[1024] = "";
    clade_context_message(f->context, message, sizeof message);
    if (status != CLADE_OK) fail_msg("%s", message);
}

static clade_tensor convolution(fixture *f, clade_tensor x, const char *name, int32_t channels, int32_t kernel,
                                int32_t stride) {
    clade_tensor y;
    const int32_t pad = kernel / 2;
    assert_done(f, clade_graph_conv2d(f->graph, x,
                                      &(clade_conv2d_settings){.name = name,
                                                               .channels = channels,
                                                               .kernel = {kernel, kernel},
                                                               .stride = {stride, stride},
                                                               .padding = {pad, pad, pad, pad}},
                                      &y));
    return y;
}

void fixture_open(fixture *f, const char *directory) {
    clade_tensor x;
    *f = (fixture){0};
    const clade_context_settings settings = {.cache_directory = directory, .log = keep_warning, .log_user = f};
    assert_int_equal(clade_context_create(&settings, &f->context), CLADE_OK);
    assert_done(f, clade_graph_create(f->context, &f->graph));
    assert_done(f, clade_graph_input(f->graph, "input", (clade_shape){4, {CLADE_BATCH, CHANNELS, SIDE, SIDE}}, &x));
    x = convolution(f, x, "stem", 32, 3, 1);
    x = convolution(f, x, "wide", 32, 3, 1);
    x = convolution(f, x, "narrow", 128, 8, 8);
    x = convolution(f, x, "deep", 256, 3, 1);
    assert_done(
        f, clade_graph_linear(f->graph, x, &(clade_linear_settings){.name = "fc", .features = FIXTURE_CLASSES}, &x));
    assert_done(f, clade_graph_output(f->graph, x, "output"));
    assert_done(f, clade_graph_fill_parameters(f->graph));
}

void fixture_close(fixture *f) {
    clade_graph_destroy(&f->graph);
    clade_context_destroy(&f->context);
}

clade_plan *fixture_plan(const fixture *f, const clade_plan_settings *settings) {
    clade_plan *plan = NULL;
    assert_done(f, clade_plan_create(f->graph, settings, &plan));
    return plan;
}

const plan_step *fixture_step(const clade_plan *plan, const char *name) {
    for (size_t i = 0; i < plan->step_count; i++)
        if (strcmp(plan->graph->nodes[plan->steps[i].node].name, name) == 0) return &plan->steps[i];
    fail_msg("no step is called %s", name);
    return NULL;
}

void fixture_run(clade_plan *plan, float output[FIXTURE_CLASSES]) {
    clade_session *session = NULL;
    const size_t count = CHANNELS * SIDE * SIDE;
    float *input = calloc(count, sizeof *input);
    clade_fill_input("input", input, count);
    assert_int_equal(clade_session_create(plan, &session), CLADE_OK);
    const clade_buffer in = {"input", input, count * sizeof *input},
                       out = {"output", output, FIXTURE_CLASSES * sizeof *output};
    assert_int_equal(clade_run(session, &in, 1, &out, 1), CLADE_OK);
    clade_session_destroy(&session);
    free(input);
}

void fixture_write(const fixture *f, const char *name, const char *text) {
    rt_facts_write(context_rt(f->context), &(rt_fact){.name = name, .text = text}, 1);
}
