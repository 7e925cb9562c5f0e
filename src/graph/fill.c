/* fill.c: reproducible values for parameters and inputs, by the rule of docs/goldens.md: element i of the tensor NAME is the
 * output of SplitMix64 (Steele, Lea, Flood 2014) in state hash(NAME) + (i + 1) * increment, as a number u in [0, 1). */
#include "graph/graph.h"

#include <math.h>
#include <string.h>

static float uniform(uint64_t seed, size_t index) {
    uint64_t z = seed + (uint64_t)(index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (float)(z >> 40) * 0x1p-24f;
}

static graph_fill_rule rule_of(const graph_tensor *tensor) {
    const uint64_t seed = base_hash(tensor->name);
    const char *dot = strrchr(tensor->name, '.');
    const char *last = dot ? dot + 1 : tensor->name;
    if (strcmp(last, "running_var") == 0) return (graph_fill_rule){seed, 0.5f, 0.75f, 1.0f};
    if (strcmp(last, "running_mean") == 0 || strcmp(last, "bias") == 0)
        return (graph_fill_rule){seed, 0.2f, -0.1f, 1.0f};
    if (tensor->shape.rank == 1) return (graph_fill_rule){seed, 0.5f, 0.75f, 1.0f};
    double fan_in = 1.0;
    for (int32_t i = 1; i < tensor->shape.rank; i++) fan_in *= (double)tensor->shape.dims[i];
    return (graph_fill_rule){seed, 2.0f, -1.0f, (float)sqrt(6.0 / fan_in)};
}

void graph_fill(const graph_fill_rule *rule, float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const float scaled = rule->scale * uniform(rule->seed, i);
        const float shifted = scaled + rule->shift;
        values[i] = shifted * rule->factor;
    }
}

/* Only the rules are kept: what they make is as large as a network's weights, and nobody reads all of it at once. */
clade_status clade_graph_fill_parameters(clade_graph *graph) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    for (size_t i = 0; i < graph->tensor_count; i++) {
        graph_tensor *tensor = &graph->tensors[i];
        if (tensor->kind != CLADE_TENSOR_PARAMETER || tensor->dead || tensor->derivation != GRAPH_GIVEN) continue;
        graph_value *kept = base_allocate(graph->env, sizeof *kept);
        if (!kept) return base_fail_memory(graph->env, sizeof *kept, tensor->name);
        *kept = (graph_value){.type = CLADE_FLOAT32, .rule = rule_of(tensor)};
        atomic_init(&kept->references, 1);
        graph_value_release(graph->env, &tensor->value);
        tensor->value = kept;
    }
    return CLADE_OK;
}

void clade_fill_input(const char *name, float *values, size_t count) {
    if (name && values) graph_fill(&(graph_fill_rule){base_hash(name), 2.0f, -1.0f, 1.7f}, values, count);
}
