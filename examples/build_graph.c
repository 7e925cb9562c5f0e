/* build_graph.c: a network made by hand, around one Inception block, and what the compiler makes of it.
 *
 *            .-- 1x1 ------------------.
 *   image ---+-- 1x1 -- 3x3 -----------+-- concat -- mean -- linear -- scores
 *            +-- 1x1 -- 5x5 -----------+
 *            '-- max pool 3x3 -- 1x1 --'
 *
 * It prints both graphs. In the compiled one the activations have gone into the convolutions, the concat is gone, because its
 * producers write into their slice of its result, and reorders stand where one kernel wants another layout than the last. */
#include "example.h"

/* A convolution that keeps the image's size, with its ReLU. */
static clade_tensor conv(clade_graph *graph, const char *name, clade_tensor x, int32_t channels, int32_t size) {
    const int32_t edge = size / 2;
    const clade_conv2d_settings settings = {
        .name = name, .channels = channels, .kernel = {size, size}, .padding = {edge, edge, edge, edge}};
    clade_tensor y;
    check(clade_graph_context(graph), clade_graph_conv2d(graph, x, &settings, &y));
    check(clade_graph_context(graph),
          clade_graph_activation(graph, y, &(clade_activation_settings){.kind = CLADE_RELU}, &y));
    return y;
}

static clade_tensor inception(clade_graph *graph, clade_tensor x) {
    clade_context *context = clade_graph_context(graph);
    const clade_pool_settings pool = {.name = "pool", .kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1, 1, 1}};
    clade_tensor branches[4], pooled, joined;
    branches[0] = conv(graph, "branch1", x, 64, 1);
    branches[1] = conv(graph, "branch2", conv(graph, "reduce2", x, 96, 1), 128, 3);
    branches[2] = conv(graph, "branch3", conv(graph, "reduce3", x, 16, 1), 32, 5);
    check(context, clade_graph_pool(graph, x, &pool, &pooled));
    branches[3] = conv(graph, "branch4", pooled, 32, 1);
    check(context, clade_graph_concat(graph, branches, 4, &(clade_concat_settings){.name = "block"}, &joined));
    return joined;
}

static clade_graph *build(clade_context *context) {
    clade_graph *graph = NULL;
    clade_tensor x;
    check(context, clade_graph_create(context, &graph));
    check(context, clade_graph_input(graph, "image", (clade_shape){4, {CLADE_BATCH, 192, 28, 28}}, &x));
    x = inception(graph, x);
    check(context, clade_graph_pool(graph, x, &(clade_pool_settings){.kind = CLADE_POOL_AVERAGE, .global = true}, &x));
    check(context, clade_graph_linear(graph, x, &(clade_linear_settings){.name = "scores", .features = 10}, &x));
    check(context, clade_graph_output(graph, x, NULL));
    return graph;
}

static void print_nodes(const char *title, const clade_graph *graph) {
    const size_t count = clade_graph_node_count(graph);
    printf("%s: %zu nodes\n", title, count);
    for (size_t i = 0; i < count; i++) {
        clade_node_info node;
        clade_tensor_info output;
        check(clade_graph_context(graph), clade_graph_node(graph, i, &node));
        check(clade_graph_context(graph), clade_graph_tensor(graph, node.output, &output));
        printf("  %-14s %-10s %-28s ->", node.name, node.op, node.settings);
        for (int32_t d = 1; d < output.shape.rank; d++) printf(" %lld", (long long)output.shape.dims[d]);
        printf("\n");
    }
}

int main(void) {
    clade_context *context = open_context();
    clade_graph *graph = build(context);
    clade_plan *plan = NULL;
    clade_session *session = NULL;
    check(context, clade_graph_fill_parameters(graph)); /* random weights: the scores mean nothing */
    check(context, clade_plan_create(graph, NULL, &plan));
    print_nodes("as built", graph);
    print_nodes("as compiled", clade_plan_graph(plan));

    clade_plan_memory memory;
    check(context, clade_plan_memory_use(plan, &memory));
    printf("on the device: %llu kB of weights, %llu kB of activations\n", (unsigned long long)memory.weights / 1000,
           (unsigned long long)memory.arena / 1000);

    enum { PIXELS = 192 * 28 * 28 };
    float *image = allocate(PIXELS * sizeof *image);
    float scores[10];
    clade_fill_input("image", image, PIXELS);
    check(context, clade_session_create(plan, &session));
    check(context, clade_run(session, &(clade_buffer){"image", image, PIXELS * sizeof *image}, 1,
                             &(clade_buffer){"scores", scores, sizeof scores}, 1));
    printf("highest score: %zu\n", largest(scores, 10));

    free(image);
    clade_session_destroy(&session);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    clade_context_destroy(&context);
    return 0;
}
