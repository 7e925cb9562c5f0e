/* fill.c: reproducible values for parameters and inputs, by the rule of docs/goldens.md: element i of the tensor NAME is the
 * output of SplitMix64 (Steele, Lea, Flood 2014) in state hash(NAME) + (i + 1) * increment, as a number u in [0, 1). */
#include "graph/graph.h"

#include <math.h>
#include <string.h>

uint64_t graph_random_bits(uint64_t seed, uint64_t index) {
    uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static float uniform(uint64_t seed, size_t index) { return (float)(graph_random_bits(seed, index) >> 40) * 0x1p-24f; }

/* By Box and Muller, 1958: two uniform numbers make a normal one. What passes `cut` is drawn again under another seed. */
static float normal(uint64_t seed, size_t index, double cut) {
    const double turn = 6.283185307179586;
    for (;; seed = graph_random_bits(seed, 0)) {
        const double first = (double)(graph_random_bits(seed, 2 * (uint64_t)index) >> 11) * 0x1p-53;
        const double second = (double)(graph_random_bits(seed, 2 * (uint64_t)index + 1) >> 11) * 0x1p-53;
        const double z = sqrt(-2.0 * log(1.0 - first)) * cos(turn * second); /* 1 - first is above 0 */
        if (cut == 0.0 || fabs(z) <= cut) return (float)z;
    }
}

static graph_fill_rule rule_of(const graph_tensor *tensor) {
    const uint64_t seed = base_hash(tensor->name);
    const char *dot = strrchr(tensor->name, '.');
    const char *last = dot ? dot + 1 : tensor->name;
    if (strcmp(last, "running_var") == 0)
        return (graph_fill_rule){.seed = seed, .scale = 0.5f, .shift = 0.75f, .factor = 1.0f};
    if (strcmp(last, "running_mean") == 0 || strcmp(last, "bias") == 0)
        return (graph_fill_rule){.seed = seed, .scale = 0.2f, .shift = -0.1f, .factor = 1.0f};
    if (tensor->shape.rank == 1) return (graph_fill_rule){.seed = seed, .scale = 0.5f, .shift = 0.75f, .factor = 1.0f};
    double fan_in = 1.0;
    for (int32_t i = 1; i < tensor->shape.rank; i++) fan_in *= (double)tensor->shape.dims[i];
    return (graph_fill_rule){.seed = seed, .scale = 2.0f, .shift = -1.0f, .factor = (float)sqrt(6.0 / fan_in)};
}

void graph_fill(const graph_fill_rule *rule, float *values, size_t count) {
    for (size_t i = 0; rule->is_normal && i < count; i++)
        values[i] = rule->factor * normal(rule->seed, i, (double)rule->cut);
    for (size_t i = 0; !rule->is_normal && i < count; i++) {
        const float scaled = rule->scale * uniform(rule->seed, i);
        const float shifted = scaled + rule->shift;
        values[i] = shifted * rule->factor;
    }
}

clade_status graph_set_rule(const clade_graph *graph, graph_tensor *parameter, const graph_fill_rule *rule) {
    graph_value *kept = base_allocate(graph->env, sizeof *kept);
    if (!kept) return base_fail_memory(graph->env, sizeof *kept, parameter->name);
    *kept = (graph_value){.type = CLADE_FLOAT32, .rule = *rule};
    atomic_init(&kept->references, 1);
    graph_value_release(graph->env, &parameter->value);
    parameter->value = kept;
    return CLADE_OK;
}

/* Only the rules are kept: what they make is as large as a network's weights, and nobody reads all of it at once. */
clade_status clade_graph_fill_parameters(clade_graph *graph) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    for (size_t i = 0; i < graph->tensor_count; i++) {
        graph_tensor *tensor = &graph->tensors[i];
        if (tensor->kind != CLADE_TENSOR_PARAMETER || tensor->dead || tensor->derivation != GRAPH_GIVEN) continue;
        const graph_fill_rule rule = rule_of(tensor);
        FORWARD(graph_set_rule(graph, tensor, &rule));
    }
    return CLADE_OK;
}

void clade_fill_input(const char *name, float *values, size_t count) {
    if (name && values)
        graph_fill(&(graph_fill_rule){.seed = base_hash(name), .scale = 2.0f, .shift = -1.0f, .factor = 1.7f}, values,
                   count);
}
