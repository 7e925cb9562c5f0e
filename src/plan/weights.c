/* weights.c: parameters, given or derived, packed as each kernel wants them, one at a time and right into the device's memory where
 * the host can reach that: the host holds no more than the largest parameter and what it takes to derive it. */
#include "plan/plan.h"

#include <string.h>

static const graph_tensor *parameter_of(const clade_plan *plan, const plan_step *step, const ops_constant *constant) {
    return graph_tensor_of(plan->graph, plan->graph->nodes[step->node].parameters[constant->parameter]);
}

/* ---- Places ------------------------------------------------------------------------------------------------------------------ */

/* One behind the other, in pieces that the device allows. */
static bool place_constants(clade_plan *plan, uint64_t *bytes_out) {
    const rt_device *device = rt_context_device(context_rt(plan->context));
    uint64_t used = 0; /* of the piece at hand */
    *bytes_out = 0;
    plan->weight_count = 0; /* steps may have been chosen before */
    for (size_t i = 0; i < plan->step_count; i++) {
        plan_step *step = &plan->steps[i];
        for (size_t k = 0; k < step->recipe.constant_count; k++) {
            uint64_t bytes = 0, end = 0;
            if (!base_multiply(ops_constant_words(&step->recipe.constants[k]), sizeof(float), &bytes) ||
                !base_add(bytes, device->alignment - 1, &bytes))
                return false;
            bytes -= bytes % device->alignment;
            if (plan->weight_count == 0 || !base_add(used, bytes, &end) || end > device->largest_allocation)
                plan->weight_count++, used = 0;
            step->constants[k] = (plan_operand){
                .place = PLAN_WEIGHTS, .index = (int32_t)plan->weight_count - 1, .offset = used / sizeof(float)};
            used += bytes;
            if (!base_add(*bytes_out, bytes, bytes_out)) return false;
        }
    }
    return true;
}

clade_status plan_place_weights(clade_plan *plan) {
    if (place_constants(plan, &plan->memory.weights)) return CLADE_OK;
    return base_fail(plan->env, CLADE_ERROR_SHAPE, "failed to compile the graph: the size of its weights overflows");
}

/* Bytes from the start of piece `index` to behind its last constant. */
static uint64_t piece_size(const clade_plan *plan, size_t index) {
    uint64_t size = 0;
    for (size_t i = 0; i < plan->step_count; i++)
        for (size_t k = 0; k < plan->steps[i].recipe.constant_count; k++) {
            const plan_operand *place = &plan->steps[i].constants[k];
            const uint64_t end =
                (place->offset + ops_constant_words(&plan->steps[i].recipe.constants[k])) * sizeof(float);
            if (place->index == (int32_t)index && end > size) size = end;
        }
    return size;
}

static clade_status make_pieces(clade_plan *plan) {
    plan->weights = base_allocate_zero(plan->env, plan->weight_count, sizeof(rt_buffer *));
    if (!plan->weights)
        return base_fail_memory(plan->env, plan->weight_count * sizeof(rt_buffer *), "a plan's weights");
    for (size_t i = 0; i < plan->weight_count; i++)
        FORWARD(rt_buffer_create(context_rt(plan->context), piece_size(plan, i), "the weights", &plan->weights[i]));
    return CLADE_OK;
}

/* ---- Values ------------------------------------------------------------------------------------------------------------------ */

static uint64_t largest_parameter(const clade_plan *plan) {
    int64_t largest = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        const plan_step *step = &plan->steps[i];
        for (size_t k = 0; k < step->recipe.constant_count; k++) {
            int64_t elements = 0;
            const graph_tensor *parameter = parameter_of(plan, step, &step->recipe.constants[k]);
            (void)base_shape_elements(&parameter->shape, &elements); /* shapes in a graph never overflow */
            largest = base_max(largest, elements);
        }
    }
    return (uint64_t)largest;
}

/* Floats of the largest constant that is stored in a narrower type: it is packed elsewhere first. */
static uint64_t largest_narrowed(const clade_plan *plan) {
    uint64_t largest = 0;
    for (size_t i = 0; i < plan->step_count; i++)
        for (size_t k = 0; k < plan->steps[i].recipe.constant_count; k++) {
            const ops_constant *constant = &plan->steps[i].recipe.constants[k];
            if (constant->type != CLADE_FLOAT32 && constant->elements > largest) largest = constant->elements;
        }
    return largest;
}

/* Room for the largest parameter, and for the largest constant to be narrowed. */
typedef struct packing {
    float *values, *wide;
} packing;

static clade_status pack(clade_plan *plan, const plan_step *step, size_t index, const packing *room) {
    rt_context *rt = context_rt(plan->context);
    const ops_constant *constant = &step->recipe.constants[index];
    const plan_operand *place = &step->constants[index];
    const uint64_t bytes = ops_constant_words(constant) * sizeof(float);
    const bool is_narrow = constant->type != CLADE_FLOAT32;
    rt_buffer *piece = plan->weights[place->index];
    void *mapped = NULL;
    FORWARD(graph_evaluate(plan->graph, plan->graph->nodes[step->node].parameters[constant->parameter], room->values));
    FORWARD(rt_map(rt, piece, place->offset * sizeof(float), bytes, &mapped));
    float *packed = is_narrow ? room->wide : mapped;
    memset(packed, 0, (size_t)constant->elements * sizeof *packed); /* `pack` leaves out padding */
    ops_pack_constant(&step->problem, constant, room->values, packed);
    if (is_narrow) memcpy(mapped, packed, (size_t)bytes);
    return rt_unmap(rt, piece, mapped);
}

clade_status plan_upload_weights(clade_plan *plan) {
    FORWARD(make_pieces(plan));
    const uint64_t count = largest_parameter(plan), narrowed = largest_narrowed(plan);
    const packing room = {.values = base_allocate(plan->env, (size_t)count * sizeof(float)),
                          .wide = base_allocate(plan->env, (size_t)(narrowed + 1) * sizeof(float))}; /* never empty */
    clade_status status = CLADE_OK;
    if (!room.values || !room.wide)
        status = base_fail_memory(plan->env, (size_t)(count + narrowed) * sizeof(float), "the packing of weights");
    for (size_t i = 0; status == CLADE_OK && i < plan->step_count; i++) {
        plan_step *step = &plan->steps[i];
        for (size_t k = 0; status == CLADE_OK && k < step->recipe.constant_count; k++)
            status = pack(plan, step, k, &room);
    }
    base_free(plan->env, room.values);
    base_free(plan->env, room.wide);
    return status;
}
