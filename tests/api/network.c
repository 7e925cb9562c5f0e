#include "api/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>

clade_context *network_context(void) {
    clade_context *context = NULL;
    char message[1024] = "";
    const clade_context_settings settings = {.message = message, .message_size = sizeof message};
    if (clade_context_create(&settings, &context) != CLADE_OK) fail_msg("%s", message);
    return context;
}

clade_graph *network_graph(clade_context *context) {
    clade_graph *graph = NULL;
    clade_tensor x, stem, a, b, y;
    assert_int_equal(clade_graph_create(context, &graph), CLADE_OK);
    const clade_shape shape = {4, {CLADE_BATCH, NETWORK_CHANNELS, NETWORK_SIDE, NETWORK_SIDE}};
    assert_int_equal(clade_graph_input(graph, "input", shape, &x), CLADE_OK);
    const clade_conv2d_settings first = {.name = "stem", .channels = 20, .kernel = {3, 3}, .padding = {1, 1, 1, 1}};
    assert_int_equal(clade_graph_conv2d(graph, x, &first, &stem), CLADE_OK);
    assert_int_equal(clade_graph_batch_norm(graph, stem, &(clade_batch_norm_settings){.name = "norm"}, &stem),
                     CLADE_OK);
    assert_int_equal(
        clade_graph_activation(graph, stem, &(clade_activation_settings){.name = "relu", .kind = CLADE_RELU}, &stem),
        CLADE_OK);
    assert_int_equal(
        clade_graph_conv2d(graph, stem, &(clade_conv2d_settings){.name = "a", .channels = 16, .kernel = {1, 1}}, &a),
        CLADE_OK);
    const clade_conv2d_settings wide = {.name = "b", .channels = 4, .kernel = {1, 7}, .padding = {0, 3, 0, 3}};
    assert_int_equal(clade_graph_conv2d(graph, stem, &wide, &b), CLADE_OK);
    const clade_tensor branches[2] = {a, b};
    assert_int_equal(clade_graph_concat(graph, branches, 2, &(clade_concat_settings){.name = "join"}, &y), CLADE_OK);
    assert_int_equal(
        clade_graph_binary(graph, stem, y, &(clade_binary_settings){.name = "sum", .activation = CLADE_RELU}, &y),
        CLADE_OK);
    assert_int_equal(
        clade_graph_pool(graph, y, &(clade_pool_settings){.name = "pool", .kernel = {3, 3}, .stride = {2, 2}}, &y),
        CLADE_OK);
    assert_int_equal(
        clade_graph_linear(graph, y, &(clade_linear_settings){.name = "fc", .features = NETWORK_CLASSES}, &y),
        CLADE_OK);
    assert_int_equal(clade_graph_output(graph, y, "output"), CLADE_OK);
    assert_int_equal(clade_graph_fill_parameters(graph), CLADE_OK);
    return graph;
}

clade_plan *network_plan(const clade_graph *graph, const clade_plan_settings *settings) {
    clade_plan *plan = NULL;
    char message[1024] = "";
    const clade_status status = clade_plan_create(graph, settings, &plan);
    clade_context_message(clade_graph_context(graph), message, sizeof message);
    if (status != CLADE_OK) fail_msg("%s", message);
    return plan;
}

void network_input(float *values, int64_t batch) {
    const size_t image = NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE;
    for (int64_t i = 0; i < batch; i++) {
        char name[32];
        snprintf(name, sizeof name, "image %lld", (long long)i);
        clade_fill_input(name, values + (size_t)i * image, image);
    }
}

clade_status network_run(clade_session *session, float *input, float *output, int64_t batch) {
    const size_t image = NETWORK_CHANNELS * NETWORK_SIDE * NETWORK_SIDE;
    const clade_buffer in = {"input", input, (size_t)batch * image * sizeof(float)};
    const clade_buffer out = {"output", output, (size_t)batch * NETWORK_CLASSES * sizeof(float)};
    return clade_run(session, &in, 1, &out, 1);
}
