/* bench.c: `clade bench`: how long a network takes. */
#include "clock.h"
#include "command.h"
#include "format.h"
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_RUNS = 50 };

/* What is measured; times in milliseconds. */
typedef struct measurement {
    tool_times times;
    double build; /* graph with weights to a session that is ready */
    double first; /* first run in this process */
    clade_plan_memory memory;
    double gflop;   /* of one run of the whole batch, a multiply-add counted as two */
    size_t kernels; /* launches in one run */
} measurement;

/* The network as it was described, not as compiled: what the caller asked for, however it is computed. */
static bool count_work(const tool_network *network, measurement *result) {
    uint64_t multiply_adds = 0;
    for (size_t i = 0; i < clade_graph_node_count(network->graph); i++) {
        clade_node_info node;
        if (clade_graph_node(network->graph, i, &node) != CLADE_OK) return network_fail(network);
        multiply_adds += node.multiply_adds;
    }
    result->gflop = 2e-9 * (double)multiply_adds * (double)result->times.batch;
    for (size_t i = 0; i < clade_plan_step_count(network->plan); i++) {
        clade_step_info step;
        if (clade_plan_step(network->plan, i, &step) != CLADE_OK) return network_fail(network);
        result->kernels += step.launches;
    }
    if (clade_plan_memory_use(network->plan, &result->memory) != CLADE_OK) return network_fail(network);
    return true;
}

static bool build(tool_network *network, measurement *result) {
    const double start = clock_seconds();
    if (!network_compile(network, result->times.batch) || !network_start(network)) return false;
    result->build = 1e3 * (clock_seconds() - start);
    return true;
}

static bool time_runs(const tool_network *network, const tool_buffers *buffers, measurement *result) {
    const size_t runs = result->times.runs;
    if (!measure_run(network, buffers, &result->first)) return false;
    double *times = calloc(runs, sizeof *times);
    if (!times) return console_fail(network->console, "out of host memory");
    bool good = true;
    for (size_t i = 0; good && i < runs; i++) {
        good = measure_run(network, buffers, &times[i]);
        console_progress(network->console, "running", i + 1, runs);
    }
    console_clear(network->console);
    result->times.median = clock_median(times, runs);
    result->times.fastest = times[0];
    free(times);
    return good;
}

static void print_text(const tool_network *network, const clade_device_info *device, const measurement *result) {
    char weights[FORMAT_SIZE], arena[FORMAT_SIZE];
    const tool_times *times = &result->times;
    printf("%s on %s, batch %zu, %zu runs\n", network->model->name, device->name, times->batch, times->runs);
    printf("  fastest    %8.2f ms  %.1f GFLOP/s\n", times->fastest, 1e3 * result->gflop / times->fastest);
    printf("  median     %8.2f ms  %.1f images/s\n", times->median, 1e3 * (double)times->batch / times->median);
    printf("  first run  %8.2f ms\n", result->first);
    printf("  build      %8.2f ms\n", result->build);
    printf("  work       %8.3f GFLOP in %zu kernels\n", result->gflop, result->kernels);
    printf("  memory     %s of weights, %s of arena\n", format_bytes(result->memory.weights, weights),
           format_bytes(result->memory.arena, arena));
}

static void print_json(const tool_network *network, const clade_device_info *device, const measurement *result) {
    json_writer json = {.file = stdout};
    measure_begin_json(&json, network, device, &result->times);
    json_number(&json, "ms_first", result->first);
    json_number(&json, "ms_build", result->build);
    json_integer(&json, "bytes_weights", (int64_t)result->memory.weights);
    json_integer(&json, "bytes_arena", (int64_t)result->memory.arena);
    json_number(&json, "gflop", result->gflop);
    json_integer(&json, "kernels", (int64_t)result->kernels);
    json_close(&json, '}');
    putchar('\n');
}

static int bench_run(const tool_options *options, tool_console *console) {
    measurement result = {.times = {.runs = options->runs ? (size_t)options->runs : DEFAULT_RUNS}};
    tool_network network = {0};
    tool_buffers buffers = {0};
    clade_device_info device;
    bool good = measure_open(&network, options, console);
    if (good) result.times.batch = (size_t)network_batch(&network, 1);
    good = good && buffers_make(&network, result.times.batch, &buffers) && build(&network, &result) &&
           count_work(&network, &result) && time_runs(&network, &buffers, &result);
    if (good && clade_context_device(network.context, &device) != CLADE_OK) good = network_fail(&network);
    if (good) (options->json ? print_json : print_text)(&network, &device, &result);
    buffers_free(&buffers);
    network_close(&network);
    return good ? EXIT_DONE : EXIT_FAILED;
}

const tool_command command_bench = {
    .name = "bench",
    .bit = COMMAND_BENCH,
    .arguments = "MODEL",
    .summary = "measure how long a network takes",
    .description = "Compiles a network, runs it once, then times further runs, each from host\n"
                   "memory to host memory. Times are wall time in milliseconds: the fastest, the\n"
                   "median, the first run, and the build (from graph with weights to ready).\n"
                   "Work is given in GFLOP for a run of the whole batch, a multiply-add counted\n"
                   "as two. Without -w, weights are random.",
    .least = 1,
    .most = 1,
    .run = bench_run,
};
