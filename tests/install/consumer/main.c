/* A program outside the tree: every public header, one layer, one run, and the caller's own use of OpenCL. */
#include <clade/clade.h>
#include <clade/io.h>
#include <clade/models.h>
#include <clade/opencl.h>

#include <stdio.h>

static clade_status run(clade_context *context, clade_graph *graph, float result[2]) {
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    clade_status status;
    if ((status = clade_plan_create(graph, NULL, &plan)) == CLADE_OK &&
        (status = clade_session_create(plan, &session)) == CLADE_OK) {
        float input[3] = {1.0f, 2.0f, 3.0f};
        clade_buffer in = {"input", input, sizeof input}, out = {"output", result, 2 * sizeof *result};
        status = clade_run(session, &in, 1, &out, 1);
    }
    clade_opencl_objects objects;
    if (status == CLADE_OK && (status = clade_context_opencl(context, &objects)) == CLADE_OK) {
        clFlush(objects.queue);
    }
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    return status;
}

static clade_status build(clade_graph *graph) {
    static float weight[6] = {1.0f, 0.0f, 0.0f, 1.0f, 1.0f, 1.0f}, bias[2] = {0.5f, -0.5f};
    clade_array weight_array = {CLADE_FLOAT32, {2, {2, 3}}, weight}, bias_array = {CLADE_FLOAT32, {1, {2}}, bias};
    clade_linear_settings settings = {.name = "layer", .features = 2};
    clade_tensor x;
    clade_status status;
    if ((status = clade_graph_input(graph, "input", (clade_shape){2, {1, 3}}, &x)) != CLADE_OK) return status;
    if ((status = clade_graph_linear(graph, x, &settings, &x)) != CLADE_OK) return status;
    if ((status = clade_graph_output(graph, x, "output")) != CLADE_OK) return status;
    if ((status = clade_graph_set_parameter(graph, "layer.weight", &weight_array)) != CLADE_OK) return status;
    return clade_graph_set_parameter(graph, "layer.bias", &bias_array);
}

int main(void) {
    clade_context *context = NULL;
    clade_graph *graph = NULL;
    char message[400] = "";
    float result[2] = {0.0f, 0.0f};
    clade_context_settings settings = {.message = message, .message_size = sizeof message};
    clade_status status = clade_context_create(&settings, &context);
    if (status == CLADE_OK && (status = clade_graph_create(context, &graph)) == CLADE_OK &&
        (status = build(graph)) == CLADE_OK) {
        status = run(context, graph, result);
    }
    if (status != CLADE_OK && context) clade_context_message(context, message, sizeof message);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    if (status != CLADE_OK) {
        fprintf(stderr, "%s: %s\n", clade_status_name(status), message);
        return 1;
    }
    printf("Clade %s, %zu models: %g %g\n", clade_version(), clade_model_count(), (double)result[0], (double)result[1]);
    return result[0] == 1.5f && result[1] == 5.5f ? 0 : 1;
}
