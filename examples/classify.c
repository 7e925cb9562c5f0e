/* classify.c: from an image file to the name of what is on it, with a model of the zoo and trained weights.
 *
 *     example_classify weights/googlenet_d2l.f16.safetensors weights/fashion_mnist.labels.txt examples/images/bag.png */
#include "example.h"

#include <clade/io.h>
#include <clade/models.h>

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s WEIGHTS LABELS IMAGE...\n", argv[0]);
        return 2;
    }

    clade_context *context = open_context();
    clade_graph *graph = NULL;
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    check(context, clade_model_create(context, "googlenet_d2l", NULL, &graph));
    check(context, clade_weights_load(graph, argv[1], NULL));
    check(context, clade_plan_create(graph, NULL, &plan));
    check(context, clade_session_create(plan, &session));

    /* The model says how it wants its images, and has one output for each label. */
    const clade_model_info *model = clade_model_find("googlenet_d2l");
    const clade_preprocess *how = &model->preprocess;
    clade_labels labels = {0};
    check(context, clade_labels_read(context, argv[2], &labels));
    if (labels.count != (size_t)model->classes) {
        fprintf(stderr, "%s has %zu labels for %d classes\n", argv[2], labels.count, (int)model->classes);
        return 1;
    }
    clade_buffer input = {"input", NULL, sizeof(float) * how->channels * how->height * how->width};
    clade_buffer output = {"output", NULL, sizeof(float) * labels.count};
    input.data = allocate(input.size);
    output.data = allocate(output.size);

    for (int i = 3; i < argc; i++) {
        clade_array image = {0};
        check(context, clade_image_read(context, argv[i], how->channels, &image));
        check(context, clade_image_preprocess(context, &image, how, input.data));
        check(context, clade_run(session, &input, 1, &output, 1));
        printf("%s: %s\n", argv[i], labels.names[largest(output.data, labels.count)]);
        clade_array_clear(context, &image);
    }

    free(input.data);
    free(output.data);
    clade_labels_clear(context, &labels);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    return 0;
}
