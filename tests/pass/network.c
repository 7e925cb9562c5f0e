/* network.c: see network.h. */
#include "pass/network.h"

#include <stdio.h>
#include <string.h>

int network_open(void **state) {
    clade_context_settings settings = clade_context_defaults();
    settings.device = "none";
    clade_context *context = NULL;
    clade_graph *graph = NULL;
    if (clade_context_create(&settings, &context) != CLADE_OK) return -1;
    clade_status status = clade_graph_create(context, &graph);
    clade_context_destroy(&context); /* the graph holds it */
    *state = graph;
    return status == CLADE_OK ? 0 : -1;
}

int network_close(void **state) {
    clade_graph *graph = *state;
    clade_graph_destroy(&graph);
    return 0;
}

/* ---- Building ------------------------------------------------------------------------------------------------------ */

static void expect_ok(const clade_graph *graph, clade_status status) {
    char message[512] = "";
    if (status == CLADE_OK) return;
    clade_context_message(clade_graph_context(graph), message, sizeof message);
    fail_msg("%s: %s", clade_status_name(status), message);
}

clade_tensor network_input(clade_graph *graph, int64_t channels, int64_t side) {
    char name[32];
    clade_tensor x;
    snprintf(name, sizeof name, "input%zu", graph->input_count);
    expect_ok(graph, clade_graph_input(graph, name, (clade_shape){4, {2, channels, side, side}}, &x));
    return x;
}

clade_tensor network_conv_with(clade_graph *graph, clade_tensor x, clade_conv2d_settings settings) {
    clade_tensor y;
    expect_ok(graph, clade_graph_conv2d(graph, x, &settings, &y));
    return y;
}

clade_tensor network_conv(clade_graph *graph, clade_tensor x, int32_t channels, int32_t kernel) {
    const int32_t pad = kernel / 2;
    return network_conv_with(
        graph, x,
        (clade_conv2d_settings){.channels = channels, .kernel = {kernel, kernel}, .padding = {pad, pad, pad, pad}});
}

clade_tensor network_linear(clade_graph *graph, clade_tensor x, int32_t features) {
    clade_tensor y;
    expect_ok(graph, clade_graph_linear(graph, x, &(clade_linear_settings){.features = features}, &y));
    return y;
}

clade_tensor network_norm(clade_graph *graph, clade_tensor x) {
    clade_tensor y;
    expect_ok(graph, clade_graph_batch_norm(graph, x, &(clade_batch_norm_settings){.epsilon = 1e-3f}, &y));
    return y;
}

clade_tensor network_scale(clade_graph *graph, clade_tensor x, clade_scale_settings settings) {
    clade_tensor y;
    expect_ok(graph, clade_graph_scale(graph, x, &settings, &y));
    return y;
}

clade_tensor network_activation(clade_graph *graph, clade_tensor x, clade_activation kind) {
    clade_tensor y;
    expect_ok(graph, clade_graph_activation(graph, x, &(clade_activation_settings){.kind = kind, .slope = 0.25f}, &y));
    return y;
}

clade_tensor network_dropout(clade_graph *graph, clade_tensor x) {
    clade_tensor y;
    expect_ok(graph, clade_graph_dropout(graph, x, &(clade_dropout_settings){.rate = 0.4f}, &y));
    return y;
}

clade_tensor network_pool(clade_graph *graph, clade_tensor x, int32_t kernel, int32_t stride) {
    const int32_t pad = kernel / 2;
    clade_tensor y;
    expect_ok(graph, clade_graph_pool(graph, x,
                                      &(clade_pool_settings){.kernel = {kernel, kernel},
                                                             .stride = {stride, stride},
                                                             .padding = {pad, pad, pad, pad}},
                                      &y));
    return y;
}

clade_tensor network_global_pool(clade_graph *graph, clade_tensor x) {
    clade_tensor y;
    expect_ok(graph,
              clade_graph_pool(graph, x, &(clade_pool_settings){.kind = CLADE_POOL_AVERAGE, .global = true}, &y));
    return y;
}

clade_tensor network_flatten(clade_graph *graph, clade_tensor x) {
    clade_tensor y;
    expect_ok(graph, clade_graph_flatten(graph, x, NULL, &y));
    return y;
}

clade_tensor network_binary(clade_graph *graph, clade_tensor a, clade_tensor b, clade_binary_settings settings) {
    clade_tensor y;
    expect_ok(graph, clade_graph_binary(graph, a, b, &settings, &y));
    return y;
}

clade_tensor network_add(clade_graph *graph, clade_tensor a, clade_tensor b) {
    return network_binary(graph, a, b, (clade_binary_settings){.kind = CLADE_ADD});
}

clade_tensor network_concat(clade_graph *graph, const clade_tensor *inputs, size_t count, int32_t axis) {
    clade_tensor y;
    expect_ok(graph, clade_graph_concat(graph, inputs, count, &(clade_concat_settings){.axis = axis}, &y));
    return y;
}

void network_output(clade_graph *graph, clade_tensor x, const char *name) {
    expect_ok(graph, clade_graph_output(graph, x, name));
}

static clade_tensor conv_norm_relu(clade_graph *graph, clade_tensor x, int32_t channels, int32_t kernel) {
    return network_activation(graph, network_norm(graph, network_conv(graph, x, channels, kernel)), CLADE_RELU);
}

clade_tensor network_inception(clade_graph *graph, clade_tensor x, const int32_t widths[6]) {
    const clade_tensor branches[4] = {
        conv_norm_relu(graph, x, widths[0], 1),
        conv_norm_relu(graph, conv_norm_relu(graph, x, widths[1], 1), widths[2], 3),
        conv_norm_relu(graph, conv_norm_relu(graph, x, widths[3], 1), widths[4], 5),
        conv_norm_relu(graph, network_pool(graph, x, 3, 1), widths[5], 1),
    };
    return network_concat(graph, branches, 4, 1);
}

/* ---- Running ------------------------------------------------------------------------------------------------------- */

/* A tensor is there when a node before `node` makes it, when it is an input, or when all its slices are there. */
static bool is_made_before(const clade_graph *graph, clade_tensor tensor, size_t node) {
    const graph_tensor *t = graph_tensor_of(graph, tensor);
    if (t->kind == CLADE_TENSOR_INPUT) return true;
    if (t->producer >= 0) return (size_t)t->producer < node;
    int64_t channels = 0;
    for (size_t i = 0; i < graph->tensor_count; i++) {
        if (graph->tensors[i].parent.id != tensor.id) continue;
        if (!is_made_before(graph, (clade_tensor){(int32_t)i}, node)) return false;
        channels += base_round_up(graph->tensors[i].shape.dims[1], t->block);
    }
    return channels == base_round_up(t->shape.dims[1], t->block);
}

static void check_slice(const clade_graph *graph, const graph_tensor *slice) {
    const graph_tensor *parent = graph_tensor_of(graph, slice->parent);
    assert_int_equal(slice->kind, CLADE_TENSOR_ACTIVATION);
    assert_int_equal(slice->block, parent->block);
    assert_int_equal(slice->parent_channel % slice->block, 0);
    assert_true(slice->parent_channel + slice->shape.dims[1] <= parent->shape.dims[1]);
}

/* The memory a tensor lies in, and the channels of it that who makes the tensor writes, padding lanes included. */
static clade_tensor memory_of(const clade_graph *graph, clade_tensor tensor, int64_t *first_out, int64_t *end_out) {
    const graph_tensor *t = graph_tensor_of(graph, tensor);
    *first_out = 0;
    *end_out = base_round_up(t->shape.dims[1], t->block);
    while (graph_is_tensor(graph_tensor_of(graph, tensor)->parent)) {
        *first_out += graph_tensor_of(graph, tensor)->parent_channel;
        tensor = graph_tensor_of(graph, tensor)->parent;
    }
    *end_out += *first_out;
    return tensor;
}

/* What one node makes no other writes over. */
static void check_apart(const clade_graph *graph, const graph_node *a, const graph_node *b) {
    int64_t first_a, end_a, first_b, end_b;
    if (memory_of(graph, a->output, &first_a, &end_a).id != memory_of(graph, b->output, &first_b, &end_b).id) return;
    if (first_a < end_b && first_b < end_a) fail_msg("%s and %s write the same channels", a->name, b->name);
}

static void check_sound(const clade_graph *graph) {
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        clade_shape shape;
        assert_false(node->dead);
        for (size_t k = 0; k < node->input_count; k++)
            if (!is_made_before(graph, node->inputs[k], i)) fail_msg("%s reads what is made later", node->name);
        assert_int_equal(graph_tensor_of(graph, node->output)->producer, i);
        expect_ok(graph, graph_op_table[node->op]->infer(graph, node, &shape));
        assert_true(base_shape_equal(&shape, graph_shape_of(graph, node->output)));
        for (size_t k = 0; k < i; k++) check_apart(graph, node, &graph->nodes[k]);
    }
    for (size_t i = 0; i < graph->tensor_count; i++) {
        assert_false(graph->tensors[i].dead);
        if (graph_is_tensor(graph->tensors[i].parent)) check_slice(graph, &graph->tensors[i]);
    }
    for (size_t i = 0; i < graph->output_count; i++) {
        assert_true(is_made_before(graph, graph->outputs[i].tensor, graph->node_count));
        assert_int_equal(graph_tensor_of(graph, graph->outputs[i].tensor)->block, 1);
    }
    for (size_t i = 0; i < graph->input_count; i++)
        assert_int_equal(graph_tensor_of(graph, graph->inputs[i])->block, 1);
}

static void check_same_interface(const clade_graph *before, const clade_graph *after) {
    assert_int_equal(before->input_count, after->input_count);
    assert_int_equal(before->output_count, after->output_count);
    for (size_t i = 0; i < after->output_count; i++) {
        assert_string_equal(before->outputs[i].name, after->outputs[i].name);
        assert_true(base_shape_equal(graph_shape_of(before, before->outputs[i].tensor),
                                     graph_shape_of(after, after->outputs[i].tensor)));
    }
}

void network_run(clade_graph *graph, clade_status (*pass)(clade_graph *, const pass_options *), pass_options options) {
    clade_graph *before = NULL;
    expect_ok(graph, graph_clone(graph, &before));
    expect_ok(graph, pass(graph, &options));
    expect_ok(graph, graph_compact(graph));
    check_same_interface(before, graph);
    check_sound(graph);
    clade_graph_destroy(&before);
}

void network_run_all(clade_graph *graph, pass_options options) {
    clade_graph *before = NULL;
    expect_ok(graph, graph_clone(graph, &before));
    expect_ok(graph, pass_run(graph, &options));
    check_same_interface(before, graph);
    check_sound(graph);
    clade_graph_destroy(&before);
}

/* ---- Looking ------------------------------------------------------------------------------------------------------- */

size_t network_count(const clade_graph *graph, graph_op op) {
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; i++) count += graph->nodes[i].op == op;
    return count;
}

graph_node *network_only(const clade_graph *graph, graph_op op) {
    assert_int_equal(network_count(graph, op), 1);
    size_t i = 0;
    while (graph->nodes[i].op != op) i++;
    return &graph->nodes[i];
}

clade_tensor network_output_tensor(const clade_graph *graph, const char *name) {
    for (size_t i = 0; i < graph->output_count; i++)
        if (strcmp(graph->outputs[i].name, name) == 0) return graph->outputs[i].tensor;
    fail_msg("no output %s", name);
    return GRAPH_NO_TENSOR;
}
