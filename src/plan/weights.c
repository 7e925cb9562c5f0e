/* weights.c: parameters, given or derived, packed as each kernel wants them and put on the device, one at a time so that
 * the host never holds more than the largest twice. */
#include "plan/plan.h"

#include <string.h>

/* Room for one parameter and for one constant, for the largest of each. Taken once: pieces that come and go between device
 * buffers leave holes in the heap, 40 MB of them with Inception-v4. */
typedef struct packing {
    uint64_t value_count, packed_count; /* floats */
    float *values, *packed;
} packing;

static const graph_tensor *parameter_of(const clade_plan *plan, const plan_step *step, const ops_constant *constant) {
    return graph_tensor_of(plan->graph, plan->graph->nodes[step->node].parameters[constant->parameter]);
}

static clade_status make_room(const clade_plan *plan, packing *room) {
    for (size_t i = 0; i < plan->step_count; i++) {
        const plan_step *step = &plan->steps[i];
        for (size_t k = 0; k < step->recipe.constant_count; k++) {
            const ops_constant *constant = &step->recipe.constants[k];
            int64_t elements = 0;
            (void)base_shape_elements(&parameter_of(plan, step, constant)->shape, &elements); /* never overflows */
            if ((uint64_t)elements > room->value_count) room->value_count = (uint64_t)elements;
            if (constant->elements > room->packed_count) room->packed_count = constant->elements;
        }
    }
    room->values = base_allocate_zero(plan->env, (size_t)room->value_count, sizeof *room->values);
    room->packed = base_allocate_zero(plan->env, (size_t)room->packed_count, sizeof *room->packed);
    if (room->values && room->packed) return CLADE_OK;
    return base_fail_memory(plan->env, (size_t)(room->value_count + room->packed_count) * sizeof(float),
                            "the packing of weights");
}

static clade_status upload(clade_plan *plan, plan_step *step, size_t index, const packing *room) {
    const ops_constant *constant = &step->recipe.constants[index];
    const char *name = parameter_of(plan, step, constant)->name;
    const uint64_t bytes = constant->elements * sizeof(float);
    rt_buffer **buffer = &step->constants[index];
    FORWARD(graph_evaluate(plan->graph, plan->graph->nodes[step->node].parameters[constant->parameter], room->values));
    memset(room->packed, 0, (size_t)bytes); /* `pack` leaves out padding */
    constant->pack(&step->problem, constant, room->values, room->packed);
    FORWARD(rt_buffer_create(context_rt(plan->context), bytes, name, buffer));
    return rt_upload(context_rt(plan->context), *buffer, 0, room->packed, bytes);
}

clade_status plan_upload_weights(clade_plan *plan) {
    packing room = {0};
    clade_status status = make_room(plan, &room);
    for (size_t i = 0; status == CLADE_OK && i < plan->step_count; i++) {
        plan_step *step = &plan->steps[i];
        for (size_t k = 0; status == CLADE_OK && k < step->recipe.constant_count; k++)
            status = upload(plan, step, k, &room);
    }
    base_free(plan->env, room.values);
    base_free(plan->env, room.packed);
    return status;
}

bool plan_weight_bytes(const clade_plan *plan, uint64_t *bytes_out) {
    *bytes_out = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        const ops_recipe *recipe = &plan->steps[i].recipe;
        for (size_t k = 0; k < recipe->constant_count; k++) {
            uint64_t bytes = 0;
            if (!base_multiply(recipe->constants[k].elements, sizeof(float), &bytes)) return false;
            if (!base_add(*bytes_out, bytes, bytes_out)) return false;
        }
    }
    return true;
}
