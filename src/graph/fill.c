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

/* Values are factor * (scale * u + shift), rounded to float32 after each step. */
typedef struct fill_rule {
    float scale, shift, factor;
} fill_rule;

static fill_rule rule_of(const graph_tensor *tensor) {
    const char *dot = strrchr(tensor->name, '.');
    const char *last = dot ? dot + 1 : tensor->name;
    if (strcmp(last, "running_var") == 0) return (fill_rule){0.5f, 0.75f, 1.0f};
    if (strcmp(last, "running_mean") == 0 || strcmp(last, "bias") == 0) return (fill_rule){0.2f, -0.1f, 1.0f};
    if (tensor->shape.rank == 1) return (fill_rule){0.5f, 0.75f, 1.0f};
    double fan_in = 1.0;
    for (int32_t i = 1; i < tensor->shape.rank; i++) fan_in *= (double)tensor->shape.dims[i];
    return (fill_rule){2.0f, -1.0f, (float)sqrt(6.0 / fan_in)};
}

static void fill(const char *name, fill_rule rule, float *values, size_t count) {
    const uint64_t seed = base_hash(name);
    for (size_t i = 0; i < count; i++) {
        const float scaled = rule.scale * uniform(seed, i);
        const float shifted = scaled + rule.shift;
        values[i] = shifted * rule.factor;
    }
}

clade_status clade_graph_fill_parameters(clade_graph *graph) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    for (size_t i = 0; i < graph->tensor_count; i++) {
        const graph_tensor *tensor = &graph->tensors[i];
        if (tensor->kind != CLADE_TENSOR_PARAMETER || tensor->dead || tensor->derivation != GRAPH_GIVEN) continue;
        int64_t elements = 0;
        (void)base_shape_elements(&tensor->shape, &elements); /* shapes in a graph never overflow */
        float *values = base_allocate_zero(graph->env, (size_t)elements, sizeof *values);
        if (!values) return base_fail_memory(graph->env, (size_t)elements * sizeof *values, tensor->name);
        fill(tensor->name, rule_of(tensor), values, (size_t)elements);
        const clade_array array = {CLADE_FLOAT32, tensor->shape, values};
        const clade_status status = clade_graph_set_parameter(graph, tensor->name, &array);
        base_free(graph->env, values);
        FORWARD(status);
    }
    return CLADE_OK;
}

void clade_fill_input(const char *name, float *values, size_t count) {
    if (name && values) fill(name, (fill_rule){2.0f, -1.0f, 1.7f}, values, count);
}
