/* recipe.c: small steps that make functions share.
 *
 * The arrays of a recipe are of fixed size. A make function that passes their end is a defect of that function: the counts
 * go on counting here, nothing is written past the end, and ops_make refuses the recipe. */
#include "ops/ops.h"

#include <stdio.h>
#include <string.h>

/* Groups of this size let CPU compilers vectorise across work-items and fill a GPU's warps. */
enum { RANGE_GROUP = 64 };

/* PoCL's workers take several groups at a time; with fewer than this for each of them the last ones wait for the slowest. */
enum { GROUPS_A_UNIT = 16 };

ops_launch *ops_add_launch(ops_recipe *recipe, const char *source, const char *kernel) {
    size_t index = recipe->launch_count++;
    ops_launch *launch = &recipe->launches[base_min((int64_t)index, OPS_MAX_LAUNCHES - 1)];
    memset(launch, 0, sizeof *launch);
    launch->source = source;
    launch->kernel = kernel;
    return launch;
}

bool ops_same_kernel(const ops_launch *a, const ops_launch *b) {
    if (a->is_gemm || b->is_gemm) return a->is_gemm && b->is_gemm;
    return strcmp(a->source, b->source) == 0 && strcmp(a->kernel, b->kernel) == 0 &&
           strcmp(a->options, b->options) == 0;
}

void ops_define(ops_launch *launch, const char *name, int64_t value) {
    size_t length = strlen(launch->options);
    snprintf(launch->options + length, sizeof launch->options - length, "%s-D %s=%lld", length ? " " : "", name,
             (long long)value);
}

static ops_argument *add_argument(ops_launch *launch, ops_argument_kind kind) {
    size_t index = launch->argument_count++;
    ops_argument *argument = &launch->arguments[base_min((int64_t)index, OPS_MAX_ARGUMENTS - 1)];
    memset(argument, 0, sizeof *argument);
    argument->kind = kind;
    return argument;
}

void ops_add_operand(ops_launch *launch, ops_argument_kind kind, int32_t index) {
    add_argument(launch, kind)->index = index;
}

void ops_add_int(ops_launch *launch, int64_t value) { add_argument(launch, OPS_INT)->value.i = value; }

void ops_add_float(ops_launch *launch, float value) { add_argument(launch, OPS_FLOAT)->value.f = value; }

void ops_add_local(ops_launch *launch, int64_t bytes) { add_argument(launch, OPS_LOCAL)->value.i = bytes; }

void ops_add_longs(ops_launch *launch, const int64_t *values, int32_t count) {
    memcpy(add_argument(launch, OPS_LONG8)->value.longs, values, (size_t)count * sizeof *values);
}

void ops_range(ops_launch *launch, const rt_device *device, int64_t items) {
    uint64_t limit = device->max_work_group;
    if (device->max_work_items[0] < limit) limit = device->max_work_items[0];
    size_t group = RANGE_GROUP;
    while (group > 1 && group > limit) group /= 2;
    launch->dimensions = 1;
    launch->local[0] = group;
    launch->global[0] = (size_t)base_round_up(items, (int64_t)group);
    launch->local_may_shrink = true;
}

void ops_single_items(ops_launch *launch, int64_t items) {
    launch->dimensions = 1;
    launch->local[0] = 1;
    launch->global[0] = (size_t)items;
}

bool ops_suits_vectors(const rt_device *device) {
    return device->type == CLADE_DEVICE_CPU &&
           (device->float_width == 4 || device->float_width == 8 || device->float_width == 16);
}

int64_t ops_units_a_group(const rt_device *device, int64_t units) {
    return base_max(1, units / (GROUPS_A_UNIT * (int64_t)device->compute_units));
}

bool ops_always_applicable(const ops_problem *problem, const rt_device *device) {
    (void)problem;
    (void)device;
    return true;
}

int32_t ops_add_constant(ops_recipe *recipe, const ops_constant *constant) {
    size_t index = recipe->constant_count++;
    recipe->constants[base_min((int64_t)index, OPS_MAX_CONSTANTS - 1)] = *constant;
    return (int32_t)index;
}

int32_t ops_add_packed(ops_recipe *recipe, int32_t parameter, const ops_packing *packing) {
    return ops_add_constant(
        recipe, &(ops_constant){.parameter = parameter, .elements = ops_packed_elements(packing), .packing = *packing});
}

int32_t ops_add_channels(ops_recipe *recipe, int32_t parameter, int64_t channels, int64_t block) {
    const ops_packing packing = ops_pack_channels(channels, block, false);
    return ops_add_packed(recipe, parameter, &packing);
}

void ops_set_weight_type(ops_recipe *recipe, ops_launch *launch, int32_t index, clade_type type) {
    recipe->constants[base_min(index, OPS_MAX_CONSTANTS - 1)].type = type;
    ops_define(launch, "WEIGHTS", type);
}

void ops_add_activation(ops_launch *launch, clade_activation activation, float slope) {
    ops_define(launch, "ACTIVATION", activation);
    ops_add_float(launch, slope);
}
