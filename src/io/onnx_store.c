/* onnx_store.c: memory of an import: what lives with the graph, and what goes when the import ends. */
#include "io/onnx.h"

/* What constants may take that are computed or converted: so much, and more for larger files. */
static const uint64_t least_budget = (uint64_t)8 << 20, budget_a_byte = 8;

typedef struct held {
    void *memory;
    size_t mapped; /* bytes of a mapping; 0: allocated */
} held;

struct onnx_store {
    base_env *env;
    held *items;
    size_t count, capacity;
    uint64_t left; /* of the budget, scratch memory included */
};

static void release(void *object) {
    onnx_store *store = object;
    for (size_t i = 0; i < store->count; i++) {
        if (store->items[i].mapped)
            io_unmap(store->items[i].memory, store->items[i].mapped);
        else
            base_free(store->env, store->items[i].memory);
    }
    base_free(store->env, store->items);
    base_free(store->env, store);
}

clade_status onnx_store_create(onnx_import *job) {
    onnx_store *store = base_allocate_zero(job->env, 1, sizeof *store);
    if (!store) return base_fail_memory(job->env, sizeof *store, "an ONNX model");
    store->env = job->env;
    store->left = least_budget + budget_a_byte * job->file->size;
    FORWARD(clade_graph_attach(job->graph, store, release));
    job->store = store;
    return CLADE_OK;
}

static clade_status hold(onnx_store *store, void *memory, size_t mapped) {
    if (!base_grow(store->env, &store->items, sizeof *store->items, store->count, &store->capacity))
        return base_fail_memory(store->env, 2 * store->capacity * sizeof *store->items, "an ONNX model");
    store->items[store->count++] = (held){memory, mapped};
    return CLADE_OK;
}

clade_status onnx_store_mapping(onnx_import *job, uint8_t *data, size_t size) {
    const clade_status status = hold(job->store, data, size);
    if (status != CLADE_OK) io_unmap(data, size);
    return status;
}

static clade_status allocate(onnx_import *job, uint64_t size, void **memory_out) {
    *memory_out = NULL;
    if (size > job->store->left)
        return io_refuse(job->file, CLADE_ERROR_FORMAT,
                         "its constants take more memory than a file of %zu bytes may ask for", job->file->size);
    job->store->left -= size;
    *memory_out = base_allocate(job->env, (size_t)size);
    return *memory_out ? CLADE_OK : base_fail_memory(job->env, (size_t)size, "constants of an ONNX model");
}

clade_status onnx_store_allocate(onnx_import *job, uint64_t size, void **memory_out) {
    FORWARD(allocate(job, size, memory_out));
    const clade_status status = hold(job->store, *memory_out, 0);
    if (status != CLADE_OK) base_free(job->env, *memory_out);
    return status;
}

clade_status onnx_scratch_allocate(onnx_import *job, uint64_t size, void **memory_out) {
    FORWARD(allocate(job, size, memory_out));
    if (!base_grow(job->env, &job->scratch, sizeof *job->scratch, job->scratch_count, &job->scratch_capacity)) {
        base_free(job->env, *memory_out);
        return base_fail_memory(job->env, 2 * job->scratch_capacity * sizeof *job->scratch, "an ONNX model");
    }
    job->scratch[job->scratch_count++] = *memory_out;
    return CLADE_OK;
}
