/* What comes of ONNX models that are read: passes, choice of kernels, memory, on the device under test; a dry run. */
#include "fuzz/fuzz.h"

#include <clade/onnx.h>

static clade_context *context;

/* Called by libFuzzer. */
int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    const clade_context_settings settings = {.cache_directory = "", .log_level = CLADE_LOG_QUIET};
    fuzz_expect(clade_context_create(&settings, &context) == CLADE_OK);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    clade_graph *graph = NULL;
    clade_plan *plan = NULL;
    if (clade_onnx_load_memory(context, data, size, NULL, &graph) != CLADE_OK) return 0;
    const clade_status status = clade_plan_create(graph, &(clade_plan_settings){.batch = 2, .dry_run = true}, &plan);
    fuzz_expect((status == CLADE_OK) == (plan != NULL) && status != CLADE_ERROR_INTERNAL);
    clade_plan_destroy(&plan);
    clade_graph_destroy(&graph);
    return 0;
}
