/* initialize.c: a graph's first values. Each is a rule, which makes the values when somebody reads them (graph/fill.c). */
#include "graph/graph.h"

#include <clade/train.h>

#include <math.h>

static const char *const names[] = {"xavier-uniform", "xavier-normal", "he-uniform", "he-normal", "truncated-normal"};

const char *clade_initializer_name(clade_initializer kind) {
    return (size_t)kind < BASE_COUNT(names) ? names[kind] : NULL;
}

static clade_status check_settings(const clade_graph *graph, const clade_initializer_settings *s) {
    if (!clade_initializer_name(s->kind))
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT, "failed to initialise a graph: there is no kind %d",
                         (int)s->kind);
    if (!(s->deviation >= 0.0f && s->deviation < INFINITY))
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to initialise a graph with a deviation of %g: it must be finite and not negative",
                         (double)s->deviation);
    if (!graph_reserved_clear(s->reserved, BASE_COUNT(s->reserved)))
        return base_fail(graph->env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to initialise a graph: reserved words must be zero");
    return CLADE_OK;
}

static graph_fill_rule same_everywhere(float value) { return (graph_fill_rule){.shift = value, .factor = 1.0f}; }

/* Weights [out, in, ...] of a convolution or linear layer. */
static graph_fill_rule weight_rule(const clade_initializer_settings *s, const graph_tensor *weight) {
    const clade_shape *shape = &weight->shape;
    const uint64_t seed = graph_random_bits(base_hash(weight->name), s->seed);
    double kernel = 1.0;
    for (int32_t d = 2; d < shape->rank; d++) kernel *= (double)shape->dims[d];
    const double in = (double)shape->dims[1] * kernel, out = (double)shape->dims[0] * kernel;
    const double he = s->fan_out ? out : in;
    graph_fill_rule uniform = {.seed = seed, .scale = 2.0f, .shift = -1.0f};
    graph_fill_rule normal = {.seed = seed, .is_normal = true};
    switch (s->kind) {
    case CLADE_INITIALIZER_XAVIER_UNIFORM:
        uniform.factor = (float)sqrt(6.0 / (in + out));
        return uniform;
    case CLADE_INITIALIZER_HE_UNIFORM:
        uniform.factor = (float)sqrt(6.0 / he);
        return uniform;
    case CLADE_INITIALIZER_XAVIER_NORMAL:
        normal.factor = (float)sqrt(2.0 / (in + out));
        return normal;
    case CLADE_INITIALIZER_HE_NORMAL:
        normal.factor = (float)sqrt(2.0 / he);
        return normal;
    case CLADE_INITIALIZER_TRUNCATED_NORMAL:
        break;
    }
    normal.factor = s->deviation > 0.0f ? s->deviation : 0.1f;
    normal.cut = 2.0f;
    return normal;
}

/* What parameter `index` of a node begins with. */
static graph_fill_rule rule_of(const clade_initializer_settings *s, const graph_node *node, int32_t index,
                               const graph_tensor *parameter) {
    const bool is_weight = index == GRAPH_WEIGHT;
    if (is_weight && (node->op == GRAPH_OP_conv2d || node->op == GRAPH_OP_linear)) return weight_rule(s, parameter);
    if (is_weight && node->op == GRAPH_OP_activation) return same_everywhere(0.25f); /* He et al., arXiv:1502.01852 */
    if (node->op == GRAPH_OP_binary) return same_everywhere(node->attributes.binary.kind == CLADE_ADD ? 0.0f : 1.0f);
    return same_everywhere(is_weight || index == GRAPH_VARIANCE ? 1.0f : 0.0f);
}

clade_status clade_graph_initialize(clade_graph *graph, const clade_initializer_settings *settings) {
    const clade_initializer_settings defaults = {.kind = CLADE_INITIALIZER_XAVIER_UNIFORM};
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    if (!settings) settings = &defaults;
    FORWARD(check_settings(graph, settings));
    for (size_t i = 0; i < graph->node_count; i++) {
        const graph_node *node = &graph->nodes[i];
        for (int32_t k = 0; !node->dead && k < GRAPH_MAX_PARAMETERS; k++) {
            if (!graph_is_tensor(node->parameters[k])) continue;
            graph_tensor *parameter = graph_tensor_of(graph, node->parameters[k]);
            const bool is_constant = node->op == GRAPH_OP_binary && parameter->value;
            if (parameter->kind != CLADE_TENSOR_PARAMETER || parameter->derivation != GRAPH_GIVEN || is_constant)
                continue;
            const graph_fill_rule rule = rule_of(settings, node, k, parameter);
            FORWARD(graph_set_rule(graph, parameter, &rule));
        }
    }
    return CLADE_OK;
}
