/* onnx.c: a network that goes out as an ONNX file and comes in again. A trained model of the zoo gets a softmax and is written;
 * then the file is read as if it had come from elsewhere: what it has for inputs and outputs is asked, not known.
 *
 *     example_onnx weights/lenet.f16.safetensors examples/images/bag.png lenet.onnx
 *
 * The file runs in ONNX Runtime as well; one that PyTorch exported is read by the same call. */
#include "example.h"

#include <clade/io.h>
#include <clade/models.h>
#include <clade/onnx.h>

/* LeNet with its logits as "output" and a second output "probabilities". */
static void write_model(clade_context *context, const char *weights, const char *path) {
    clade_graph *graph = NULL;
    clade_tensor logits, probabilities;
    check(context, clade_model_create(context, "lenet", NULL, &graph));
    check(context, clade_weights_load(graph, weights, NULL));
    check(context, clade_graph_output_at(graph, 0, &logits, NULL));
    check(context, clade_graph_softmax(graph, logits, NULL, &probabilities));
    check(context, clade_graph_output(graph, probabilities, "probabilities"));
    check(context, clade_onnx_save(graph, path, NULL));
    clade_graph_destroy(&graph);
}

static clade_tensor_info describe(const clade_graph *graph, clade_tensor tensor) {
    clade_tensor_info info;
    check(clade_graph_context(graph), clade_graph_tensor(graph, tensor, &info));
    return info;
}

static void print_port(const char *kind, const char *name, const clade_shape *shape) {
    printf("%s %s: N", kind, name); /* the batch, which the file leaves open */
    for (int32_t d = 1; d < shape->rank; d++) printf(" x %lld", (long long)shape->dims[d]);
    printf("\n");
}

static void print_ports(const clade_graph *graph) {
    for (size_t i = 0; i < clade_graph_input_count(graph); i++) {
        clade_tensor tensor;
        check(clade_graph_context(graph), clade_graph_input_at(graph, i, &tensor));
        const clade_tensor_info input = describe(graph, tensor);
        print_port("input", input.name, &input.shape);
    }
    for (size_t i = 0; i < clade_graph_output_count(graph); i++) {
        clade_tensor tensor;
        const char *name;
        check(clade_graph_context(graph), clade_graph_output_at(graph, i, &tensor, &name));
        const clade_tensor_info output = describe(graph, tensor);
        print_port("output", name, &output.shape);
    }
}

/* How a model wants its images is not in the file: LeNet takes pixels / 255, 28 by 28. */
static void classify(clade_context *context, const clade_graph *graph, const char *file) {
    const clade_preprocess how = {.channels = 1, .height = 28, .width = 28};
    float pixels[28 * 28], probabilities[10];
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    clade_array image = {0};
    check(context, clade_image_read(context, file, how.channels, &image));
    check(context, clade_image_preprocess(context, &image, &how, pixels));
    check(context, clade_plan_create(graph, NULL, &plan));
    check(context, clade_session_create(plan, &session));
    check(context, clade_run(session, &(clade_buffer){"input", pixels, sizeof pixels}, 1,
                             &(clade_buffer){"probabilities", probabilities, sizeof probabilities}, 1));
    const size_t best = largest(probabilities, 10);
    printf("%s: class %zu, %.1f %%\n", file, best, 100 * (double)probabilities[best]);

    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    clade_array_clear(context, &image);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s WEIGHTS IMAGE FILE.onnx\n", argv[0]);
        return 2;
    }
    clade_context *context = open_context();
    clade_graph *graph = NULL;
    write_model(context, argv[1], argv[3]);
    check(context, clade_onnx_load(context, argv[3], NULL, &graph));
    print_ports(graph);
    classify(context, graph, argv[2]);

    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    return 0;
}
