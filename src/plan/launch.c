/* launch.c: from a launch of a recipe to a kernel object: what sessions, networks and trials share. */
#include "plan/plan.h"

clade_status plan_kernel_create(rt_context *rt, const ops_launch *launch, rt_program *program, size_t local[3],
                                rt_kernel **kernel_out) {
    rt_program *own = NULL;
    *kernel_out = NULL;
    if (!program) FORWARD(rt_program_get(rt, launch->source, launch->options, &own));
    const clade_status status = rt_kernel_create(program ? program : own, launch->kernel, kernel_out);
    rt_program_release(&own);
    FORWARD(status);
    for (int i = 0; i < 3; i++) local[i] = launch->local[i];
    while (launch->local_may_shrink && local[0] > 1 && local[0] > rt_kernel_max_work_group(*kernel_out)) local[0] /= 2;
    return CLADE_OK;
}

bool plan_is_memory(const ops_argument *argument) {
    return argument->kind == OPS_INPUT || argument->kind == OPS_OUTPUT || argument->kind == OPS_CONSTANT ||
           argument->kind == OPS_WORKSPACE;
}

uint64_t plan_argument_offset(const ops_argument *argument) {
    return argument->kind == OPS_WORKSPACE ? (uint64_t)argument->value.i / sizeof(float) : 0;
}

plan_operand plan_operand_of(const plan_step *step, ops_argument_kind kind, int32_t index, uint64_t more) {
    plan_operand operand = step->workspace;
    if (kind == OPS_INPUT) operand = step->inputs[index];
    if (kind == OPS_OUTPUT) operand = step->output;
    if (kind == OPS_CONSTANT) operand = step->constants[index];
    operand.offset += more;
    return operand;
}

plan_operand plan_argument_operand(const plan_step *step, const ops_argument *argument) {
    return plan_operand_of(step, argument->kind, argument->index, plan_argument_offset(argument));
}

clade_status plan_set_memory(rt_kernel *kernel, uint32_t *position, void *memory, uint64_t offset) {
    FORWARD(rt_kernel_set_memory(kernel, (*position)++, memory));
    return rt_kernel_set_value(kernel, (*position)++, &offset, sizeof offset);
}

clade_status plan_set_value(rt_kernel *kernel, uint32_t *position, const ops_argument *argument) {
    const int32_t number = (int32_t)argument->value.i;
    switch (argument->kind) {
    case OPS_INT:
        return rt_kernel_set_value(kernel, (*position)++, &number, sizeof number);
    case OPS_FLOAT:
        return rt_kernel_set_value(kernel, (*position)++, &argument->value.f, sizeof argument->value.f);
    case OPS_LONG8:
        return rt_kernel_set_value(kernel, (*position)++, argument->value.longs, sizeof argument->value.longs);
    default:
        return rt_kernel_set_local(kernel, (*position)++, (size_t)argument->value.i);
    }
}
