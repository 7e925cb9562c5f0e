/* weights.c: parameters, given or derived, packed as each kernel wants them and put on the device, one at a time so that
 * the host never holds more than the largest twice. */
#include "plan/plan.h"

static clade_status upload(clade_plan *plan, const plan_step *step, size_t index, rt_buffer **buffer_out) {
    base_env *env = plan->env;
    const ops_constant *constant = &step->recipe.constants[index];
    const clade_tensor parameter = plan->graph->nodes[step->node].parameters[constant->parameter];
    const graph_tensor *tensor = graph_tensor_of(plan->graph, parameter);
    int64_t elements = 0;
    (void)base_shape_elements(&tensor->shape, &elements); /* shapes in a graph never overflow */
    const uint64_t bytes = constant->elements * sizeof(float);
    float *values = base_allocate_zero(env, (size_t)elements, sizeof *values);
    float *packed = base_allocate_zero(env, (size_t)constant->elements, sizeof *packed);
    clade_status status = CLADE_OK;
    if (!values || !packed) {
        status = base_fail_memory(env, (size_t)bytes, tensor->name);
        goto done;
    }
    if ((status = graph_evaluate(plan->graph, parameter, values)) != CLADE_OK) goto done;
    constant->pack(&step->problem, constant, values, packed);
    if ((status = rt_buffer_create(context_rt(plan->context), bytes, tensor->name, buffer_out)) != CLADE_OK) goto done;
    status = rt_upload(context_rt(plan->context), *buffer_out, 0, packed, bytes);
done:
    base_free(env, values);
    base_free(env, packed);
    return status;
}

clade_status plan_upload_weights(clade_plan *plan) {
    for (size_t i = 0; i < plan->step_count; i++) {
        plan_step *step = &plan->steps[i];
        for (size_t k = 0; k < step->recipe.constant_count; k++) FORWARD(upload(plan, step, k, &step->constants[k]));
    }
    return CLADE_OK;
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
