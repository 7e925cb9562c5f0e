/* pass.c: running the passes, and what they share. */
#include "pass/pass.h"

#include <string.h>

clade_status pass_run(clade_graph *graph, const pass_options *options) {
    for (size_t i = 0; i < pass_count; i++) {
        const pass_row *pass = &pass_table[i];
        if ((pass->bit & options->disabled) != 0) continue;
        size_t before = graph->node_count;
        FORWARD(pass->run(graph, options));
        FORWARD(graph_compact(graph));
        base_log(graph->env, CLADE_LOG_DEBUG, "pass %s: %zu nodes, %zu before", pass->name, graph->node_count, before);
    }
    return CLADE_OK;
}

clade_status pass_derive(clade_graph *graph, const graph_node *owner, const char *role, const clade_shape *shape,
                         graph_derivation derivation, const clade_tensor sources[3], double constant,
                         clade_tensor *parameter_out) {
    char *name = base_format(graph->env, "%s.%s", owner->name, role);
    if (!name) return base_fail_memory(graph->env, strlen(owner->name), "the name of a derived parameter");
    clade_status status = graph_derive(graph, name, shape, derivation, sources, constant, parameter_out);
    base_free(graph->env, name);
    return status;
}
