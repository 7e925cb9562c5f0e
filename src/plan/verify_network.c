/* verify_network.c: the plan as a whole, which the kernels one by one say nothing about.
 *
 *   plan in one launch  --every bit-->  the same, step by step  --rounding-->  generic kernels, no passes, plain layouts
 *
 * The first is the program that cl/network.cl and all kernels make together, and the order in which its groups wait for each other.
 * The second holds passes, layouts, slices, memory that is used again, and packed weights against a plan that has none of
 * them. */
#include "plan/verify.h"

#include <string.h>

/* ---- Two plans side by side ------------------------------------------------------------------------------------------------ */

/* What one plan reads or writes. */
typedef struct buffers {
    clade_buffer *items;
    size_t count;
} buffers;

static void free_buffers(base_env *env, buffers *b) {
    for (size_t i = 0; i < b->count; i++) base_free(env, b->items[i].data);
    base_free(env, b->items);
}

static clade_status make_buffers(base_env *env, const plan_port *ports, size_t count, buffers *b) {
    b->items = base_allocate_zero(env, count + 1, sizeof *b->items);
    if (!b->items) return base_fail_memory(env, (count + 1) * sizeof *b->items, "inputs and outputs");
    for (; b->count < count; b->count++) {
        const plan_port *port = &ports[b->count];
        float *values = base_allocate(env, port->bytes);
        if (!values) return base_fail_memory(env, port->bytes, port->name);
        b->items[b->count] = (clade_buffer){.name = port->name, .data = values, .size = port->bytes};
    }
    return CLADE_OK;
}

static clade_status run(clade_plan *plan, const buffers *inputs, buffers *outputs) {
    clade_session *session = NULL;
    FORWARD(make_buffers(plan->env, plan->outputs, plan->output_count, outputs));
    FORWARD(clade_session_create(plan, &session));
    const clade_status status = clade_run(session, inputs->items, inputs->count, outputs->items, outputs->count);
    clade_session_destroy(&session);
    return status;
}

/* The same bits are no difference, whatever they mean. */
static float difference(const clade_buffer *found, const clade_buffer *expected) {
    if (memcmp(found->data, expected->data, found->size) == 0) return 0.0f;
    return plan_difference(found->data, expected->data, found->size / sizeof(float));
}

static void compare(const buffers *found, const buffers *expected, clade_verify_result *result) {
    result->error = 0.0f;
    for (size_t i = 0; i < found->count; i++) {
        const float error = difference(&found->items[i], &expected->items[i]);
        if (i > 0 && error <= result->error) continue;
        result->layer = found->items[i].name;
        result->error = error;
    }
    result->right = result->error <= result->tolerance;
}

clade_status verify_outputs(clade_plan *plan, clade_plan *reference, float tolerance, clade_verify_result *result) {
    base_env *env = plan->env;
    buffers inputs = {0}, found = {0}, expected = {0};
    result->tolerance = tolerance;
    clade_status status = make_buffers(env, plan->inputs, plan->input_count, &inputs);
    for (size_t i = 0; status == CLADE_OK && i < inputs.count; i++)
        clade_fill_input(inputs.items[i].name, inputs.items[i].data, inputs.items[i].size / sizeof(float));
    if (status == CLADE_OK) status = run(plan, &inputs, &found);
    if (status == CLADE_OK) status = run(reference, &inputs, &expected);
    if (status == CLADE_OK) compare(&found, &expected, result);
    free_buffers(env, &inputs);
    free_buffers(env, &found);
    free_buffers(env, &expected);
    return status;
}

/* ---- In one launch ----------------------------------------------------------------------------------------------------------- */

/* What cannot be built or run is a result; all else ends verifying. */
static clade_status settle(verifier *v, clade_status status, clade_verify_result *result) {
    if (status != CLADE_OK && !verify_is_result(status)) return status;
    result->status = status;
    result->right = result->right && status == CLADE_OK;
    verify_report(v, result);
    return CLADE_OK;
}

static clade_status run_in_one_launch(clade_plan *plan, clade_plan *by_steps, clade_verify_result *result) {
    if (plan->network.count == 0) /* which the plan's own check has logged */
        return base_fail(plan->env, CLADE_ERROR_BUILD,
                         "failed to make one launch of the network: its program computed wrong results before");
    return verify_outputs(plan, by_steps, 0.0f, result);
}

static clade_status verify_one_launch(verifier *v, const clade_graph *graph, const clade_plan_settings *settings,
                                      clade_plan *by_steps) {
    if (v->plan->network.count == 0) return CLADE_OK;
    clade_verify_result result = {.layer = by_steps->outputs[0].name,
                                  .layers = v->plan->network.count,
                                  .kernel = "network",
                                  .variant = "all steps in one launch, against step by step",
                                  .taken = true};
    clade_plan *plan = NULL;
    clade_status status = clade_plan_create(graph, settings, &plan);
    if (status == CLADE_OK) status = run_in_one_launch(plan, by_steps, &result);
    status = settle(v, status, &result);
    if (status == CLADE_OK && result.status == CLADE_OK && !result.right) status = plan_reject_network(plan);
    clade_plan_destroy(&plan);
    return status;
}

/* ---- Without passes ------------------------------------------------------------------------------------------------------------ */

/* How far a whole network may be off, as a share of its largest output: see clade_plan_settings::weights, and docs/goldens.md. */
static float network_tolerance(clade_type weights) {
    return weights == CLADE_FLOAT16 ? 1e-3f : weights == CLADE_BFLOAT16 ? 1e-2f : 1e-4f;
}

static clade_status verify_passes(verifier *v, const clade_graph *graph, const clade_plan_settings *settings,
                                  clade_plan *by_steps) {
    clade_verify_result result = {.layer = by_steps->outputs[0].name,
                                  .layers = by_steps->step_count,
                                  .kernel = "plan",
                                  .variant = "against generic kernels, without passes",
                                  .taken = true};
    base_text kernels = {.env = v->env};
    for (int kind = 0; kind < OPS_KIND_COUNT; kind++)
        base_text_add(&kernels, "%s%s=%s", kind ? "," : "", ops_kind_name((ops_kind)kind),
                      ops_generic((ops_kind)kind)->name);
    if (kernels.failed) return base_fail_memory(v->env, kernels.capacity, "a list of kernels");
    const clade_plan_settings plain = {.batch = settings->batch,
                                       .disabled_passes = UINT32_MAX,
                                       .channel_block = 1,
                                       .kernels = kernels.data,
                                       .tuning = CLADE_TUNING_OFF};
    clade_plan *reference = NULL;
    clade_status status = clade_plan_create(graph, &plain, &reference);
    if (status == CLADE_OK) status = verify_outputs(by_steps, reference, network_tolerance(settings->weights), &result);
    status = settle(v, status, &result);
    clade_plan_destroy(&reference);
    base_text_free(&kernels);
    return status;
}

/* ---- The whole of it ------------------------------------------------------------------------------------------------------------ */

static bool lacks_values(const clade_graph *graph) {
    for (size_t i = 0; i < graph->tensor_count; i++) {
        const graph_tensor *tensor = &graph->tensors[i];
        if (tensor->kind == CLADE_TENSOR_PARAMETER && !tensor->dead && tensor->derivation == GRAPH_GIVEN &&
            !tensor->value)
            return true;
    }
    return false;
}

static clade_status verify_filled(verifier *v, const clade_graph *graph) {
    clade_plan_settings whole = v->settings->plan ? *v->settings->plan : clade_plan_defaults();
    whole.dry_run = false;
    clade_plan_settings steps = whole;
    steps.disabled_passes |= CLADE_PASS_NETWORK;
    clade_plan *by_steps = NULL;
    FORWARD(clade_plan_create(graph, &steps, &by_steps));
    clade_status status = verify_one_launch(v, graph, &whole, by_steps);
    if (status == CLADE_OK) status = verify_passes(v, graph, &steps, by_steps);
    clade_plan_destroy(&by_steps);
    return status;
}

clade_status verify_network(verifier *v, const clade_graph *graph) {
    clade_graph *filled = NULL;
    if (v->settings->progress) v->settings->progress(v->settings->user, "the network", 0, 0);
    FORWARD(graph_clone(graph, &filled));
    clade_status status = lacks_values(graph) ? clade_graph_fill_parameters(filled) : CLADE_OK;
    if (status == CLADE_OK) status = verify_filled(v, filled);
    clade_graph_destroy(&filled);
    return status;
}
