/* random_node.c: see random_node.h. */
#include "api/random_node.h"

/* A linear congruential generator (Knuth's MMIX constants). */
int32_t random_pick(uint64_t *state, int32_t low, int32_t high) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return low + (int32_t)((*state >> 33) % (uint64_t)(high - low + 1));
}

static int32_t dimension(const clade_graph *graph, clade_tensor tensor, int32_t d) {
    clade_tensor_info info = {.shape = {0}};
    (void)clade_graph_tensor(graph, tensor, &info);
    return (int32_t)info.shape.dims[d];
}

static clade_status add_conv2d(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const int32_t channels = dimension(graph, x, 1), grouped = random_pick(state, 0, 3) == 0 ? channels : 1;
    const clade_conv2d_settings s = {.channels = grouped * random_pick(state, 1, grouped > 1 ? 2 : 40),
                                     .kernel = {random_pick(state, 1, 3), random_pick(state, 1, 7)},
                                     .stride = {random_pick(state, 1, 2), random_pick(state, 1, 3)},
                                     .dilation = {random_pick(state, 1, 2), 1},
                                     .padding = {random_pick(state, 0, 3), random_pick(state, 0, 3),
                                                 random_pick(state, 2, 3), random_pick(state, 3, 4)},
                                     .groups = grouped,
                                     .no_bias = random_pick(state, 0, 1),
                                     .activation =
                                         (clade_activation)random_pick(state, CLADE_ACTIVATION_NONE, CLADE_TANH)};
    return clade_graph_conv2d(graph, x, &s, y);
}

static clade_status add_pool(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    clade_pool_settings s = {.kind = (clade_pool_kind)random_pick(state, 0, 1),
                             .global = random_pick(state, 0, 4) == 0};
    if (!s.global)
        s = (clade_pool_settings){.kind = s.kind,
                                  .kernel = {random_pick(state, 2, 3), random_pick(state, 2, 3)},
                                  .stride = {random_pick(state, 1, 3), random_pick(state, 1, 3)},
                                  .padding = {random_pick(state, 0, 1), random_pick(state, 0, 1),
                                              random_pick(state, 0, 1), random_pick(state, 0, 1)},
                                  .ceil_mode = random_pick(state, 0, 1),
                                  .count_include_pad = random_pick(state, 0, 1)};
    return clade_graph_pool(graph, x, &s, y);
}

static clade_status add_linear(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_linear_settings s = {.features = random_pick(state, 1, 40),
                                     .no_bias = random_pick(state, 0, 1),
                                     .activation = (clade_activation)random_pick(state, 0, 5)};
    return clade_graph_linear(graph, x, &s, y);
}

static clade_status add_batch_norm(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_batch_norm_settings s = {
        .epsilon = 1e-3f, .no_scale = random_pick(state, 0, 1), .no_shift = random_pick(state, 0, 1)};
    return clade_graph_batch_norm(graph, x, &s, y);
}

static clade_status add_lrn(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_lrn_settings s = {
        .size = random_pick(state, 1, 7), .alpha = 0.5f, .beta = random_pick(state, 0, 1) ? 0.75f : 0.6f, .k = 2};
    return clade_graph_lrn(graph, x, &s, y);
}

static clade_status add_concat(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_tensor parts[3] = {x, x, x};
    return clade_graph_concat(graph, parts, (size_t)random_pick(state, 1, 3),
                              &(clade_concat_settings){.axis = random_pick(state, 1, 3)}, y);
}

/* Between a half and one and a half: something to divide by and to take powers of. */
static clade_status make_positive(clade_graph *graph, clade_tensor *x) {
    const clade_activation_settings sigmoid = {.kind = CLADE_SIGMOID};
    const clade_status status = clade_graph_activation(graph, *x, &sigmoid, x);
    return status == CLADE_OK ? clade_graph_scale(graph, *x, &(clade_scale_settings){.offset = 0.5f}, x) : status;
}

/* Of x's shape, one value a channel, or one a pixel. */
static clade_status add_operand(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *other) {
    const clade_mean_settings mean = {.axes = {0, 1}};
    switch (random_pick(state, 0, 2)) {
    case 0:
        return clade_graph_scale(graph, x, &(clade_scale_settings){.factor = 0.5f}, other);
    case 1:
        return clade_graph_pool(graph, x, &(clade_pool_settings){.global = true}, other);
    default:
        return clade_graph_mean(graph, x, &mean, other);
    }
}

static clade_status add_binary(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    clade_tensor other = x;
    const clade_binary_settings s = {.kind = (clade_binary_kind)random_pick(state, CLADE_ADD, CLADE_POWER),
                                     .swap = random_pick(state, 0, 1),
                                     .activation = (clade_activation)random_pick(state, 0, 5)};
    clade_status status = add_operand(graph, x, state, &other);
    if (s.kind == CLADE_DIVIDE || s.kind == CLADE_POWER) {
        if (status == CLADE_OK) status = make_positive(graph, &x);
        if (status == CLADE_OK) status = make_positive(graph, &other);
    }
    if (status != CLADE_OK) return status;
    return random_pick(state, 0, 1) ? clade_graph_binary(graph, x, other, &s, y)
                                    : clade_graph_binary(graph, other, x, &s, y);
}

/* A number, one for each channel or row, or one for each element of an image; where it divides or has powers taken of it, it is
 * the one to be divided, and no power. */
static clade_status add_constant(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const int32_t c = dimension(graph, x, 1), h = dimension(graph, x, 2), w = dimension(graph, x, 3);
    const clade_shape shapes[] = {{1, {1}}, {3, {c, 1, 1}}, {4, {1, 1, h, 1}}, {3, {c, h, w}}};
    clade_binary_settings s = {.kind = (clade_binary_kind)random_pick(state, CLADE_ADD, CLADE_MINIMUM),
                               .constant = shapes[random_pick(state, 0, 3)],
                               .swap = random_pick(state, 0, 1)};
    if (s.kind == CLADE_DIVIDE) {
        s.swap = true;
        const clade_status status = make_positive(graph, &x);
        if (status != CLADE_OK) return status;
    }
    return clade_graph_binary(graph, x, (clade_tensor){-1}, &s, y);
}

static clade_status add_scale(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_scale_settings s = {.factor = -1.5f,
                                    .offset = 0.25f,
                                    .channel_scale = random_pick(state, 0, 1),
                                    .channel_shift = random_pick(state, 0, 1)};
    return clade_graph_scale(graph, x, &s, y);
}

static clade_status add_activation(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_activation_settings s = {.kind = (clade_activation)random_pick(state, CLADE_RELU, CLADE_ERF),
                                         .slope = 0.2f,
                                         .shared_slope = random_pick(state, 0, 1)};
    const clade_status status = s.kind == CLADE_LOG ? make_positive(graph, &x) : CLADE_OK;
    return status == CLADE_OK ? clade_graph_activation(graph, x, &s, y) : status;
}

static clade_status add_softmax(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_softmax_settings s = {.axis = random_pick(state, 1, 3), .logarithm = random_pick(state, 0, 1)};
    return clade_graph_softmax(graph, x, &s, y);
}

static clade_status add_dropout(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    (void)state;
    return clade_graph_dropout(graph, x, NULL, y);
}

static clade_status add_flatten(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    (void)state;
    return clade_graph_flatten(graph, x, NULL, y);
}

/* The last three say how many images there are, and so need to know. */
static clade_status add_reshape(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const int32_t channels = dimension(graph, x, 1), height = dimension(graph, x, 2), width = dimension(graph, x, 3);
    const clade_shape shapes[] = {{3, {0, 0, -1}},          {2, {0, -1}},           {5, {0, 1, -1, height, 1}},
                                  {3, {-1, height, width}}, {3, {1, channels, -1}}, {1, {-1}}};
    const bool open = dimension(graph, x, 0) == CLADE_BATCH;
    const clade_shape shape = shapes[random_pick(state, 0, open ? 2 : 5)];
    return clade_graph_reshape(graph, x, &(clade_reshape_settings){.shape = shape}, y);
}

static clade_status add_pad(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    const clade_pad_settings s = {
        .before = {0, random_pick(state, 0, 2), random_pick(state, 0, 2), random_pick(state, 0, 2)},
        .after = {0, random_pick(state, 0, 2), random_pick(state, 0, 2), 1},
        .value = -3.5f};
    return clade_graph_pad(graph, x, &s, y);
}

static clade_status add_transpose(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    static const int32_t orders[][CLADE_MAX_RANK] = {{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 1, 3, 2}, {0, 3, 2, 1}};
    clade_transpose_settings s = {0};
    const int32_t *order = orders[random_pick(state, 0, 3)];
    for (int i = 0; i < CLADE_MAX_RANK; i++) s.order[i] = order[i];
    return clade_graph_transpose(graph, x, &s, y);
}

static clade_status add_slice(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    clade_slice_settings s = {0};
    for (int32_t d = 1; d < 4; d++) {
        const int32_t size = dimension(graph, x, d);
        s.start[d] = random_pick(state, 0, size - 1) - (random_pick(state, 0, 1) ? size : 0);
        s.step[d] = random_pick(state, 1, 3);
    }
    return clade_graph_slice(graph, x, &s, y);
}

static clade_status add_mean(clade_graph *graph, clade_tensor x, uint64_t *state, clade_tensor *y) {
    clade_mean_settings s = {.drop = random_pick(state, 0, 1)};
    s.axes[random_pick(state, 1, 3)] = s.axes[random_pick(state, 1, 3)] = true;
    return clade_graph_mean(graph, x, &s, y);
}

const random_node random_nodes[] = {
    {"conv2d", add_conv2d},         {"pool", add_pool},       {"linear", add_linear},
    {"batch_norm", add_batch_norm}, {"lrn", add_lrn},         {"concat", add_concat},
    {"binary", add_binary},         {"scale", add_scale},     {"activation", add_activation},
    {"softmax", add_softmax},       {"dropout", add_dropout}, {"flatten", add_flatten},
    {"reshape", add_reshape},       {"pad", add_pad},         {"transpose", add_transpose},
    {"slice", add_slice},           {"mean", add_mean},       {"constant", add_constant},
};
const size_t random_node_count = sizeof random_nodes / sizeof random_nodes[0];
