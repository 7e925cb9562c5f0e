/* Weights: the index of a file, then all of it, for a graph with parameters named and shaped as in tests/data/io/weights. */
#include "fuzz/fuzz.h"
#include "io/safetensors.h"

#include <sanitizer/asan_interface.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGEST = 108 }; /* elements of conv.weight */

static clade_graph *make_graph(void) {
    clade_graph *graph = NULL;
    clade_tensor x;
    const clade_conv2d_settings conv = {.name = "conv", .channels = 4, .kernel = {3, 3}};
    const clade_linear_settings fc = {.name = "fc", .features = 5};
    fuzz_expect(clade_graph_create(fuzz_context(), &graph) == CLADE_OK &&
                clade_graph_input(graph, "input", (clade_shape){4, {CLADE_BATCH, 3, 8, 8}}, &x) == CLADE_OK &&
                clade_graph_conv2d(graph, x, &conv, &x) == CLADE_OK &&
                clade_graph_batch_norm(graph, x, &(clade_batch_norm_settings){.name = "norm"}, &x) == CLADE_OK &&
                clade_graph_pool(graph, x, &(clade_pool_settings){.global = true}, &x) == CLADE_OK &&
                clade_graph_linear(graph, x, &fc, &x) == CLADE_OK &&
                clade_graph_output(graph, x, "output") == CLADE_OK);
    return graph;
}

static void read_parameters(const clade_graph *graph) {
    for (size_t i = 0; i < clade_graph_parameter_count(graph); i++) {
        clade_tensor_info parameter;
        float values[LARGEST];
        fuzz_expect(weights_parameter(graph, i, &parameter) == CLADE_OK);
        if (parameter.has_value) fuzz_expect(clade_graph_get_parameter(graph, parameter.name, values) == CLADE_OK);
    }
}

static void fuzz_index(const uint8_t *data, size_t size) {
    const io_file file = fuzz_file("weights", data, size);
    safetensors_index index;
    const clade_status status = safetensors_index_create(&file, &index);
    fuzz_expect_result(status, index.header);
    if (status == CLADE_OK) {
        for (size_t i = 0; i < index.count; i++)
            fuzz_expect(safetensors_find(&index, index.entries[i].name) == &index.entries[i] &&
                        index.entries[i].end <= (uint64_t)(file.data + size - index.data));
        safetensors_index_destroy(&index);
    }
    base_free(file.env, file.data);
}

/* The bytes as io_file_map would leave them, the rest of the last page out of bounds. */
static void fuzz_load(const uint8_t *data, size_t size) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
    uint8_t *mapping = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fuzz_expect(mapping != MAP_FAILED);
    memcpy(mapping, data, size);
    ASAN_POISON_MEMORY_REGION(mapping + size, room - size);

    io_file file = {
        .env = context_env(fuzz_context()), .kind = "weights", .path = "made up", .data = mapping, .size = size};
    clade_graph *graph = make_graph();
    const clade_status status = io_parse_weights(&file, graph, &(clade_weights_settings){.partial = true});
    fuzz_expect_result(status, status == CLADE_OK ? graph : NULL);
    if (status == CLADE_OK) read_parameters(graph);
    clade_graph_destroy(&graph);
    io_unmap(file.data, file.size);
    ASAN_UNPOISON_MEMORY_REGION(mapping, room); /* what is mapped there next is sound */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    fuzz_index(data, size);
    fuzz_load(data, size);
    return 0;
}
