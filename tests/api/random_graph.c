/* random_graph.c: see random_graph.h. Each operator is one function that grows the graph from an image [N, C, H, W]. */
#include "api/random_graph.h"

#include <stddef.h>

enum { MAX_IMAGES = 64 };

typedef struct grower {
    clade_graph *graph;
    uint64_t random;
    clade_tensor images[MAX_IMAGES];
    bool read[MAX_IMAGES];
    size_t count;
} grower;

int32_t random_below(uint64_t *state, int32_t bound) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (int32_t)((z ^ z >> 31) % (uint64_t)bound);
}

static int32_t below(grower *g, int32_t bound) { return random_below(&g->random, bound); }
static bool chance(grower *g, int32_t percent) { return below(g, 100) < percent; }

static clade_shape shape_of(const grower *g, clade_tensor tensor) {
    clade_tensor_info info = {.shape = {0}};
    clade_graph_tensor(g->graph, tensor, &info);
    return info.shape;
}

static bool equal(clade_shape a, clade_shape b, int32_t but_for) {
    for (int32_t i = 0; i < 4; i++)
        if (i != but_for && a.dims[i] != b.dims[i]) return false;
    return true;
}

/* Another image that agrees with `x` but for one dimension (-1: in all); often `x` itself when there is no other. */
static clade_tensor partner(grower *g, clade_tensor x, int32_t but_for) {
    const size_t start = (size_t)below(g, (int32_t)g->count);
    for (size_t i = 0; i < g->count; i++) {
        const size_t at = (start + i) % g->count;
        if (!equal(shape_of(g, g->images[at]), shape_of(g, x), but_for)) continue;
        g->read[at] = true;
        return g->images[at];
    }
    return x;
}

/* One that is 0 below 0, one with a slope and one that is not 0 at 0; the rest only cost time to compile. */
static clade_activation any_activation(grower *g) {
    static const clade_activation kinds[] = {CLADE_RELU, CLADE_RELU, CLADE_LEAKY_RELU, CLADE_SIGMOID};
    return kinds[below(g, 4)];
}

static clade_activation layer_activation(grower *g) {
    return chance(g, 30) ? any_activation(g) : CLADE_ACTIVATION_NONE;
}

/* ---- Operators ------------------------------------------------------------------------------------------------------------ */

static clade_status grow_conv(grower *g, clade_tensor x, clade_tensor *y) {
    static const int32_t widths[] = {1, 3, 8, 15, 16, 17, 24, 32, 48}, kernels[4][2] = {{1, 1}, {3, 3}, {1, 5}, {5, 1}};
    const int32_t *kernel = kernels[below(g, 4)];
    const int32_t stride = chance(g, 15) ? 2 : 1;
    const int32_t down = kernel[0] / 2, across = kernel[1] / 2;
    return clade_graph_conv2d(g->graph, x,
                              &(clade_conv2d_settings){.channels = widths[below(g, 9)],
                                                       .kernel = {kernel[0], kernel[1]},
                                                       .stride = {stride, stride},
                                                       .padding = {down, across, down, across},
                                                       .no_bias = chance(g, 40),
                                                       .activation = layer_activation(g)},
                              y);
}

static clade_status grow_grouped_conv(grower *g, clade_tensor x, clade_tensor *y) {
    const int32_t channels = (int32_t)shape_of(g, x).dims[1];
    return clade_graph_conv2d(g->graph, x,
                              &(clade_conv2d_settings){.channels = channels * (1 + below(g, 2)),
                                                       .kernel = {3, 3},
                                                       .padding = {1, 1, 1, 1},
                                                       .groups = channels % 2 == 0 && chance(g, 50) ? 2 : channels,
                                                       .activation = layer_activation(g)},
                              y);
}

static clade_status grow_norm(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_batch_norm(
        g->graph, x, &(clade_batch_norm_settings){.no_scale = chance(g, 30), .no_shift = chance(g, 30)}, y);
}

static clade_status grow_scale(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_scale(g->graph, x,
                             &(clade_scale_settings){.factor = chance(g, 50) ? 0.5f : 1,
                                                     .offset = chance(g, 50) ? 0.25f : 0,
                                                     .channel_scale = chance(g, 50),
                                                     .channel_shift = chance(g, 50)},
                             y);
}

static clade_status grow_activation(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_activation(g->graph, x,
                                  &(clade_activation_settings){.kind = chance(g, 15) ? CLADE_PRELU : any_activation(g),
                                                               .slope = 0.25f,
                                                               .shared_slope = chance(g, 30)},
                                  y);
}

/* Conv, batch norm, activation: what most networks are made of. */
static clade_status grow_layer(grower *g, clade_tensor x, clade_tensor *y) {
    clade_status status = grow_conv(g, x, y);
    if (status == CLADE_OK) status = grow_norm(g, *y, y);
    return status == CLADE_OK ? grow_activation(g, *y, y) : status;
}

static clade_status grow_pool(grower *g, clade_tensor x, clade_tensor *y) {
    const int32_t stride = chance(g, 20) ? 2 : 1;
    return clade_graph_pool(g->graph, x,
                            &(clade_pool_settings){.kind = chance(g, 50) ? CLADE_POOL_MAX : CLADE_POOL_AVERAGE,
                                                   .kernel = {3, 3},
                                                   .stride = {stride, stride},
                                                   .padding = {1, 1, 1, 1},
                                                   .count_include_pad = chance(g, 50)},
                            y);
}

static clade_status grow_lrn(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_lrn(g->graph, x, &(clade_lrn_settings){.size = 1 + below(g, 6), .alpha = 0.5f}, y);
}

static clade_status grow_dropout(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_dropout(g->graph, x, &(clade_dropout_settings){.rate = 0.5f}, y);
}

static clade_status grow_concat(grower *g, clade_tensor x, clade_tensor *y) {
    clade_tensor parts[4] = {x};
    const size_t count = 1 + (size_t)below(g, 4);
    const int32_t axis = chance(g, 85) ? 1 : 2;
    for (size_t i = 1; i < count; i++) parts[i] = partner(g, x, axis);
    return clade_graph_concat(g->graph, parts, count, &(clade_concat_settings){.axis = axis}, y);
}

/* Products end in a sigmoid: products of products would grow until rounding is all that is left of a sum. */
static clade_status grow_binary(grower *g, clade_tensor x, clade_tensor *y) {
    const bool is_sum = chance(g, 70);
    return clade_graph_binary(g->graph, x, partner(g, x, -1),
                              &(clade_binary_settings){.kind = is_sum ? CLADE_ADD : CLADE_MULTIPLY,
                                                       .activation = is_sum ? layer_activation(g) : CLADE_SIGMOID},
                              y);
}

/* A residual block: the sum of an image and what a convolution makes of it or of its like. */
static clade_status grow_residual(grower *g, clade_tensor x, clade_tensor *y) {
    const int32_t channels = (int32_t)shape_of(g, x).dims[1];
    const clade_conv2d_settings settings = {.channels = channels, .kernel = {3, 3}, .padding = {1, 1, 1, 1}};
    clade_tensor conv, scaled;
    clade_status status = clade_graph_conv2d(g->graph, partner(g, x, -1), &settings, &conv);
    if (status == CLADE_OK) status = grow_scale(g, conv, &scaled);
    const clade_binary_settings add = {.kind = CLADE_ADD, .activation = layer_activation(g)};
    if (status == CLADE_OK) status = clade_graph_binary(g->graph, x, scaled, &add, y);
    return status == CLADE_OK && chance(g, 50) ? grow_activation(g, *y, y) : status;
}

/* An Inception block: convolutions that read one tensor, one of which goes right into a concat; behind an average perhaps. */
static clade_status grow_siblings(grower *g, clade_tensor x, clade_tensor *y) {
    static const int32_t widths[] = {8, 16, 24, 32};
    const clade_activation activation = layer_activation(g);
    clade_tensor parts[3];
    const size_t direct = (size_t)below(g, 3);
    clade_status status = CLADE_OK;
    for (size_t i = 0; status == CLADE_OK && i < 3; i++) {
        const clade_conv2d_settings pointwise = {
            .channels = widths[below(g, 4)], .kernel = {1, 1}, .no_bias = chance(g, 40), .activation = activation};
        const clade_pool_settings average = {.kind = CLADE_POOL_AVERAGE,
                                             .kernel = {3, 3},
                                             .stride = {1, 1},
                                             .padding = {1, 1, 1, 1},
                                             .count_include_pad = chance(g, 50)};
        const clade_conv2d_settings next = {.channels = widths[below(g, 4)], .kernel = {3, 3}, .padding = {1, 1, 1, 1}};
        const bool is_pooled = i != direct && chance(g, 40);
        parts[i] = x;
        if (is_pooled) status = clade_graph_pool(g->graph, x, &average, &parts[i]);
        if (status == CLADE_OK) status = clade_graph_conv2d(g->graph, parts[i], &pointwise, &parts[i]);
        if (status == CLADE_OK && i != direct && !is_pooled)
            status = clade_graph_conv2d(g->graph, parts[i], &next, &parts[i]);
    }
    return status == CLADE_OK ? clade_graph_concat(g->graph, parts, 3, NULL, y) : status;
}

/* Squeeze and excitation: a product that broadcasts. */
static clade_status grow_gate(grower *g, clade_tensor x, clade_tensor *y) {
    clade_tensor gate;
    clade_status status =
        clade_graph_pool(g->graph, x, &(clade_pool_settings){.kind = CLADE_POOL_AVERAGE, .global = true}, &gate);
    if (status == CLADE_OK)
        status = clade_graph_activation(g->graph, gate, &(clade_activation_settings){.kind = CLADE_SIGMOID}, &gate);
    if (status != CLADE_OK) return status;
    return clade_graph_binary(g->graph, x, gate, &(clade_binary_settings){.kind = CLADE_MULTIPLY}, y);
}

static clade_status grow_slice(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_slice(g->graph, x, &(clade_slice_settings){.start = {0, shape_of(g, x).dims[1] / 3}}, y);
}

static clade_status grow_pad(grower *g, clade_tensor x, clade_tensor *y) {
    if (shape_of(g, x).dims[2] > 12) return grow_pool(g, x, y);
    return clade_graph_pad(g->graph, x, &(clade_pad_settings){.before = {0, below(g, 3), 1}, .after = {0, 0, 1}}, y);
}

static clade_status grow_transpose(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_transpose(g->graph, x, &(clade_transpose_settings){.order = {0, 1, 3, 2}}, y);
}

static clade_status grow_reshape(grower *g, clade_tensor x, clade_tensor *y) {
    const clade_shape s = shape_of(g, x);
    const clade_shape swapped = {4, {0, s.dims[1], s.dims[3], s.dims[2]}};
    return clade_graph_reshape(g->graph, x, &(clade_reshape_settings){.shape = swapped}, y);
}

static clade_status grow_softmax(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_softmax(g->graph, x, &(clade_softmax_settings){.axis = 1 + below(g, 3)}, y);
}

static clade_status grow_mean(grower *g, clade_tensor x, clade_tensor *y) {
    return clade_graph_mean(g->graph, x, &(clade_mean_settings){.axes = {false, false, true, true}}, y);
}

/* What ends a network: [N, classes]. */
static clade_status grow_classifier(grower *g, clade_tensor x, clade_tensor *y) {
    clade_status status = grow_mean(g, x, y);
    if (status == CLADE_OK && chance(g, 50)) status = clade_graph_flatten(g->graph, *y, NULL, y);
    if (status == CLADE_OK) status = clade_graph_linear(g->graph, *y, &(clade_linear_settings){.features = 10}, y);
    return status == CLADE_OK ? grow_norm(g, *y, y) : status;
}

/* ---- Graph -------------------------------------------------------------------------------------------------------------------- */

static const struct {
    clade_status (*grow)(grower *g, clade_tensor x, clade_tensor *y);
    int32_t weight;
} operators[] = {
    {grow_layer, 16},     {grow_conv, 12},     {grow_grouped_conv, 4}, {grow_norm, 4},    {grow_scale, 4},
    {grow_activation, 4}, {grow_pool, 8},      {grow_lrn, 3},          {grow_dropout, 3}, {grow_concat, 18},
    {grow_siblings, 8},   {grow_binary, 5},    {grow_residual, 9},     {grow_gate, 2},    {grow_slice, 2},
    {grow_pad, 1},        {grow_transpose, 1}, {grow_reshape, 1},      {grow_softmax, 2}, {grow_mean, 1},
};

static clade_status grow_any(grower *g, clade_tensor x, clade_tensor *y) {
    int32_t total = 0;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) total += operators[i].weight;
    int32_t left = below(g, total);
    size_t i = 0;
    for (; left >= operators[i].weight; i++) left -= operators[i].weight;
    return operators[i].grow(g, x, y);
}

static clade_status add_images(grower *g, int nodes) {
    const clade_shape shapes[2] = {{4, {CLADE_BATCH, 3, 12, 12}}, {4, {CLADE_BATCH, 16, 12, 12}}};
    static const char *const names[2] = {"input", "second"};
    const size_t inputs = chance(g, 30) ? 2 : 1;
    for (; g->count < inputs; g->count++) {
        clade_status status = clade_graph_input(g->graph, names[g->count], shapes[g->count], &g->images[g->count]);
        if (status != CLADE_OK) return status;
    }
    for (int i = 0; i < nodes && g->count < MAX_IMAGES; i++) {
        const bool is_recent = chance(g, 60);
        const size_t from = is_recent ? g->count - 1 : (size_t)below(g, (int32_t)g->count);
        clade_status status = grow_any(g, g->images[from], &g->images[g->count]);
        if (status != CLADE_OK) return status;
        g->read[from] = true;
        g->count++;
    }
    return CLADE_OK;
}

static clade_status add_outputs(grower *g) {
    for (size_t i = 0; i < g->count; i++) {
        if (g->read[i] && !chance(g, 10)) continue;
        clade_tensor output = g->images[i];
        clade_status status = chance(g, 30) ? grow_classifier(g, output, &output) : CLADE_OK;
        if (status == CLADE_OK) status = clade_graph_output(g->graph, output, NULL);
        if (status != CLADE_OK) return status;
    }
    return CLADE_OK;
}

clade_graph *random_graph(clade_context *context, uint64_t seed, int nodes) {
    grower g = {.random = seed};
    if (clade_graph_create(context, &g.graph) != CLADE_OK) return NULL;
    if (add_images(&g, nodes) != CLADE_OK || add_outputs(&g) != CLADE_OK ||
        clade_graph_fill_parameters(g.graph) != CLADE_OK)
        clade_graph_destroy(&g.graph);
    return g.graph;
}
