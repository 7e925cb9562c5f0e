/* dot.c: the picture of a plan: its graph, with the kernels that compute it and the launches that they share. */
#include "plan/plan.h"

#include <string.h>

/* Steps of one node stand together: a concat that is copied has one for each of its inputs. */
static size_t steps_of_node(const clade_plan *plan, size_t first) {
    size_t end = first + 1;
    while (end < plan->step_count && plan->steps[end].node == plan->steps[first].node) end++;
    return end - first;
}

static size_t launches_of(const clade_plan *plan, size_t step) {
    return plan_in_network(plan, step) ? step == plan->network.first : plan->steps[step].recipe.launch_count;
}

static size_t count_launches(const clade_plan *plan) {
    size_t launches = 0;
    for (size_t i = 0; i < plan->step_count; i++) launches += launches_of(plan, i);
    return launches;
}

/* "conv2d.winograd x2, 3 launches": steps that share one say so where not all do. */
static clade_status note_step(const clade_plan *plan, size_t first, size_t count, char **note_out) {
    base_text text = {.env = plan->env};
    size_t launches = 0;
    for (size_t i = first; i < first + count; i++) launches += plan->steps[i].recipe.launch_count;
    base_text_add(&text, "%s", plan->steps[first].recipe.candidate);
    if (count > 1) base_text_add(&text, " x%zu", count);
    if (plan_in_network(plan, first)) {
        if (plan->network.count < plan->step_count) base_text_add(&text, ", shares a launch");
    } else if (launches > 1) {
        base_text_add(&text, ", %zu launches", launches);
    }
    if (text.failed) base_text_free(&text);
    *note_out = text.data;
    return text.data ? CLADE_OK : base_fail_memory(plan->env, 1, "a plan's picture");
}

static void add_megabytes(base_text *text, uint64_t bytes) { base_text_add(text, "%.1f MB", 1e-6 * (double)bytes); }

static char *make_caption(const clade_plan *plan) {
    base_text text = {.env = plan->env};
    const size_t launches = count_launches(plan);
    base_text_add(&text, "compiled for %s", rt_context_device(context_rt(plan->context))->name);
    if (plan->graph->input_count > 0)
        base_text_add(&text, ", batch %lld", (long long)graph_shape_of(plan->graph, plan->graph->inputs[0])->dims[0]);
    base_text_add(&text, ": %zu steps in %zu launch%s, ", plan->step_count, launches, launches == 1 ? "" : "es");
    add_megabytes(&text, plan->memory.weights);
    base_text_add(&text, " of weights, ");
    add_megabytes(&text, plan->memory.arena);
    base_text_add(&text, " of arena");
    if (text.failed) base_text_free(&text);
    return text.data;
}

static clade_status make_notes(const clade_plan *plan, char **of_nodes) {
    for (size_t i = 0; i < plan->step_count;) {
        const size_t count = steps_of_node(plan, i);
        FORWARD(note_step(plan, i, count, &of_nodes[plan->steps[i].node]));
        i += count;
    }
    for (size_t i = 0; i < plan->graph->node_count; i++)
        if (!of_nodes[i] && !(of_nodes[i] = base_copy_string(plan->env, "nothing to do: the same memory")))
            return base_fail_memory(plan->env, 1, "a plan's picture");
    return CLADE_OK;
}

clade_status clade_plan_write_dot(const clade_plan *plan, clade_write_callback write, void *user) {
    RETURN_IF(!plan, CLADE_ERROR_INVALID_ARGUMENT);
    const size_t nodes = plan->graph->node_count;
    char **of_nodes = base_allocate_zero(plan->env, nodes + 1, sizeof *of_nodes), *caption = make_caption(plan);
    clade_status status = CLADE_OK;
    if (!of_nodes || !caption) status = base_fail_memory(plan->env, (nodes + 1) * sizeof *of_nodes, "a plan's picture");
    if (status == CLADE_OK) status = make_notes(plan, of_nodes);
    if (status == CLADE_OK)
        status = graph_write_dot(plan->graph, &(graph_notes){.caption = caption, .of_nodes = of_nodes}, write, user);
    for (size_t i = 0; of_nodes && i < nodes; i++) base_free(plan->env, of_nodes[i]);
    base_free(plan->env, of_nodes);
    base_free(plan->env, caption);
    return status;
}
