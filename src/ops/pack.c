/* pack.c: parameters in the order in which kernels read them: packed by the host once for all, or, where they are given anew in each
 * run, by the device (cl/pack.cl) in front of the kernels that read them. */
#include "ops/ops.h"

#include <string.h>

/* ---- Packings ------------------------------------------------------------------------------------------------------------------ */

ops_packing ops_pack_weight(const ops_weight_shape *s, int64_t tile, int64_t block) {
    const int64_t group = s->outs / s->groups;
    ops_packing packing = {.outs = s->outs,
                           .ins = s->ins,
                           .taps = s->taps,
                           .tile = tile,
                           .block = block,
                           .group = group,
                           .group_step = group * s->ins * s->taps,
                           .out_step = s->ins * s->taps,
                           .in_step = s->taps,
                           .tap_step = 1};
    if (s->turned) {
        packing.first = s->taps - 1;
        packing.out_step = s->taps;
        packing.in_step = group * s->taps;
        packing.tap_step = -1;
    }
    return packing;
}

ops_packing ops_pack_channels(int64_t channels, int64_t block, bool shared) {
    return (ops_packing){.outs = channels,
                         .ins = 1,
                         .taps = 1,
                         .tile = block,
                         .block = 1,
                         .group = channels,
                         .out_step = shared ? 0 : 1,
                         .in_step = 1,
                         .tap_step = 1};
}

uint64_t ops_packed_elements(const ops_packing *p) {
    return (uint64_t)(base_round_up(p->outs, p->tile) * p->ins * p->taps);
}

/* Whether the packed form is the parameter as it is. */
static bool changes_nothing(const ops_packing *p) {
    const bool in_order = p->first == 0 && (p->group == p->outs || p->group_step == p->group * p->out_step) &&
                          p->out_step == p->ins * p->taps && p->in_step == p->taps && p->tap_step == 1;
    const bool is_array = p->ins * p->taps == 1 && p->outs % p->tile == 0;
    return in_order && (is_array || (p->tile == 1 && (p->block == 1 || p->taps == 1)));
}

/* ---- On the host --------------------------------------------------------------------------------------------------------------- */

static void pack_row(const ops_packing *p, int64_t first_out, const float *values, float *packed) {
    for (int64_t o = first_out; o < first_out + p->tile; o++)
        *packed++ = o < p->outs ? values[o / p->group * p->group_step + o % p->group * p->out_step] : 0.0f;
}

static void pack(const ops_packing *p, const float *values, float *packed) {
    for (int64_t out = 0; out < p->outs; out += p->tile)
        for (int64_t block = 0; block < p->ins; block += p->block)
            for (int64_t tap = 0; tap < p->taps; tap++)
                for (int64_t i = block; i < base_min(block + p->block, p->ins); i++, packed += p->tile)
                    pack_row(p, out, values + p->first + i * p->in_step + tap * p->tap_step, packed);
}

uint64_t ops_constant_words(const ops_constant *constant) {
    return constant->type == CLADE_FLOAT32 ? constant->elements : (constant->elements + 1) / 2;
}

void ops_pack_constant(const ops_problem *problem, const ops_constant *constant, const float *values, float *packed) {
    if (constant->pack)
        constant->pack(problem, constant, values, packed);
    else
        pack(&constant->packing, values, packed);
    if (constant->type == CLADE_FLOAT32) return;
    unsigned char *narrow = (unsigned char *)packed; /* element i is read before anything is written behind its start */
    for (uint64_t i = 0; i < constant->elements; i++) {
        const uint16_t rounded =
            constant->type == CLADE_FLOAT16 ? base_to_half(packed[i]) : base_to_bfloat16(packed[i]);
        memcpy(narrow + i * sizeof rounded, &rounded, sizeof rounded);
    }
}

/* ---- On the device ------------------------------------------------------------------------------------------------------------- */

/* Outs of a row that a work-item packs, and rows at most: enough to make little of finding the first. */
enum { RUN = 16, MOST_ROWS = 64 };

/* Where the launches find a constant instead. */
typedef struct packed_place {
    ops_argument_kind kind;
    int32_t index;
    int64_t byte;
} packed_place;

static void complete_pack(const rt_device *device, const ops_packing *p, ops_launch *launch) {
    const int64_t runs = base_divide_up(p->tile, RUN), rows = base_divide_up(p->outs, p->tile) * p->ins * p->taps;
    const int64_t share = base_min(ops_units_a_group(device, rows * runs), MOST_ROWS);
    const int64_t sizes[] = {rows, runs, p->outs, p->ins, p->taps, p->tile, p->block, p->group};
    const int64_t steps[] = {p->first, p->group_step, p->out_step, p->in_step, p->tap_step};
    launch->source = "pack.cl";
    launch->kernel = "pack";
    ops_define(launch, "RUN", RUN);
    ops_define(launch, "GROUPED", p->group < p->outs);
    ops_add_longs(launch, sizes, BASE_COUNT(sizes));
    ops_add_longs(launch, steps, BASE_COUNT(steps));
    ops_add_int(launch, share);
    /* long work-items, of which a group of many would leave cores idle */
    if (ops_suits_vectors(device))
        ops_single_items(launch, base_divide_up(rows, share) * runs);
    else
        ops_range(launch, device, base_divide_up(rows, share) * runs);
}

static void add_packing(const ops_problem *problem, const rt_device *device, const ops_constant *constant, int64_t byte,
                        ops_launch *launch) {
    *launch = (ops_launch){0};
    ops_add_operand(launch, OPS_INPUT, OPS_GIVEN_WEIGHT + constant->parameter);
    ops_add_operand(launch, OPS_WORKSPACE, 0);
    launch->arguments[launch->argument_count - 1].value.i = byte;
    if (constant->give)
        constant->give(problem, device, constant, launch);
    else
        complete_pack(device, &constant->packing, launch);
}

static void move_arguments(ops_launch *launch, const packed_place *places) {
    for (size_t i = 0; i < launch->argument_count; i++) {
        ops_argument *argument = &launch->arguments[i];
        if (argument->kind != OPS_CONSTANT) continue;
        const packed_place *place = &places[argument->index];
        *argument = (ops_argument){.kind = place->kind, .index = place->index, .value.i = place->byte};
    }
}

static void move_operand(ops_operand *operand, const packed_place *places) {
    if (operand->kind != OPS_CONSTANT) return;
    const packed_place *place = &places[operand->index];
    *operand = (ops_operand){place->kind, place->index, operand->offset + place->byte / (int64_t)sizeof(float)};
}

clade_status ops_give_parameters(base_env *env, const ops_problem *problem, const rt_device *device,
                                 ops_recipe *recipe) {
    ops_launch packs[OPS_MAX_CONSTANTS];
    packed_place places[OPS_MAX_CONSTANTS];
    size_t pack_count = 0;
    for (size_t i = 0; i < recipe->constant_count; i++) {
        const ops_constant *constant = &recipe->constants[i];
        if ((constant->pack && !constant->give) || constant->type != CLADE_FLOAT32)
            return base_fail(env, CLADE_ERROR_INTERNAL,
                             "failed to give %s its parameters: constant %zu is packed by the host", recipe->candidate,
                             i);
        places[i] = (packed_place){.kind = OPS_INPUT, .index = OPS_GIVEN_WEIGHT + constant->parameter};
        if (!constant->give && changes_nothing(&constant->packing)) continue;
        const int64_t byte = base_round_up((int64_t)recipe->workspace, device->alignment);
        places[i] = (packed_place){.kind = OPS_WORKSPACE, .byte = byte};
        add_packing(problem, device, constant, byte, &packs[pack_count++]);
        recipe->workspace =
            (uint64_t)base_round_up(byte + (int64_t)(constant->elements * sizeof(float)), device->alignment);
    }
    if (recipe->launch_count + pack_count > OPS_MAX_LAUNCHES)
        return base_fail(env, CLADE_ERROR_INTERNAL, "failed to give %s its parameters: it has %zu launches of %d",
                         recipe->candidate, recipe->launch_count + pack_count, OPS_MAX_LAUNCHES);
    for (size_t i = 0; i < recipe->launch_count; i++) {
        move_arguments(&recipe->launches[i], places);
        move_operand(&recipe->launches[i].a, places);
        move_operand(&recipe->launches[i].b, places);
        move_operand(&recipe->launches[i].c, places);
    }
    memmove(recipe->launches + pack_count, recipe->launches, recipe->launch_count * sizeof *recipe->launches);
    memcpy(recipe->launches, packs, pack_count * sizeof *packs);
    recipe->launch_count += pack_count;
    recipe->constant_count = 0;
    return CLADE_OK;
}
