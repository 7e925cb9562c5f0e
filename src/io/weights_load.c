/* weights_load.c: gives a graph's parameters the tensors of a safetensors file. All is checked before the first parameter
 * changes; then the parameters borrow the mapped file, which is attached to the graph. Each part of it is in memory only while it is
 * read. */
#include "io/parse.h"
#include "io/safetensors.h"

#include <string.h>

/* Names shown of those that are missing or left over. */
enum { NAMES_SHOWN = 5 };

typedef struct loading {
    const io_file *file;
    clade_graph *graph;
    const safetensors_index *index;
    clade_weights_settings settings;
} loading;

/* The mapped file, as the graph holds it. */
typedef struct mapping {
    base_env *env;
    uint8_t *data;
    size_t size;
} mapping;

static void release_mapping(void *object) {
    mapping *gone = object;
    io_unmap(gone->data, gone->size);
    base_free(gone->env, gone);
}

/* A list of the first few of many names. */
typedef struct name_list {
    base_text text;
    size_t count;
} name_list;

static void add_name(name_list *list, const char *name) {
    if (list->count < NAMES_SHOWN)
        base_text_add(&list->text, "%s%s", list->count ? ", " : "", name);
    else if (list->count == NAMES_SHOWN)
        base_text_add(&list->text, ", ...");
    list->count++;
}

static const char *names(const name_list *list) { return list->text.data ? list->text.data : ""; }

/* ---- Checking ----------------------------------------------------------------------------------------------------- */
static clade_status check_entry(const loading *job, const clade_tensor_info *parameter,
                                const safetensors_entry *entry) {
    char expected[BASE_SHAPE_TEXT], found[BASE_SHAPE_TEXT];
    const safetensors_type *type = safetensors_type_named(entry->type_name);
    if (!type || !type->usable)
        return io_refuse(job->file, CLADE_ERROR_UNSUPPORTED,
                         "its tensor \"%s\" is stored as %s, expected F32, F16 or BF16", entry->name, entry->type_name);
    if (!base_shape_equal(&parameter->shape, &entry->shape))
        return io_refuse(job->file, CLADE_ERROR_SHAPE, "its tensor \"%s\" has the wrong shape: expected %s, found %s",
                         entry->name, base_shape_text(&parameter->shape, expected, sizeof expected),
                         base_shape_text(&entry->shape, found, sizeof found));
    return CLADE_OK;
}

static clade_status check_parameters(const loading *job, size_t *found_out) {
    const size_t count = clade_graph_parameter_count(job->graph);
    name_list missing = {.text = {.env = job->file->env}};
    clade_status status = CLADE_OK;
    for (size_t i = 0; status == CLADE_OK && i < count; i++) {
        clade_tensor_info parameter;
        status = weights_parameter(job->graph, i, &parameter);
        if (status != CLADE_OK) break;
        safetensors_entry *entry = safetensors_find(job->index, parameter.name);
        if (entry) {
            entry->wanted = true;
            status = check_entry(job, &parameter, entry);
        } else {
            add_name(&missing, parameter.name);
        }
    }
    *found_out = count - missing.count;
    if (status == CLADE_OK && missing.count > 0 && !job->settings.partial)
        status = io_refuse(job->file, CLADE_ERROR_MISSING_WEIGHTS, "it lacks %zu of the graph's %zu parameters: %s",
                           missing.count, count, names(&missing));
    base_text_free(&missing.text);
    return status;
}

/* PyTorch's batch norm counts its training steps in a tensor of its own, which says nothing about the network. */
static bool is_counter(const char *name) {
    static const char ending[] = "num_batches_tracked";
    const size_t length = strlen(name);
    return length >= strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0;
}

static clade_status check_left_over(const loading *job) {
    name_list extra = {.text = {.env = job->file->env}};
    for (size_t i = 0; i < job->index->count; i++) {
        const safetensors_entry *entry = &job->index->entries[i];
        if (!entry->wanted && !is_counter(entry->name)) add_name(&extra, entry->name);
    }
    clade_status status = CLADE_OK;
    if (extra.count > 0)
        status =
            io_refuse(job->file, CLADE_ERROR_NOT_FOUND, "%zu of its %zu tensors are no parameters of the graph: %s",
                      extra.count, job->index->count, names(&extra));
    base_text_free(&extra.text);
    return status;
}

/* ---- Binding ------------------------------------------------------------------------------------------------------ */
static clade_status bind(const loading *job) {
    for (size_t i = 0; i < clade_graph_parameter_count(job->graph); i++) {
        clade_tensor_info parameter;
        FORWARD(weights_parameter(job->graph, i, &parameter));
        const safetensors_entry *entry = safetensors_find(job->index, parameter.name);
        if (!entry) continue;
        const clade_array value = {.type = safetensors_type_named(entry->type_name)->type,
                                   .shape = entry->shape,
                                   .data = (void *)(uintptr_t)(job->index->data + entry->begin)}; /* is only read */
        /* the format does not align tensors, and whoever reads parameters does not expect it (base_widen) */
        FORWARD(clade_graph_borrow_pages(job->graph, parameter.name, &value, io_give_back));
    }
    return CLADE_OK;
}

/* From here on the graph owns the mapping, whatever happens. */
static clade_status attach(clade_graph *graph, io_file *file) {
    mapping *held = base_allocate(file->env, sizeof *held);
    if (!held) return base_fail_memory(file->env, sizeof *held, "mapped weights");
    *held = (mapping){.env = file->env, .data = file->data, .size = file->size};
    file->data = NULL;
    return clade_graph_attach(graph, held, release_mapping);
}

static clade_status load(loading *job, io_file *file) {
    size_t found = 0;
    FORWARD(check_parameters(job, &found));
    if (job->settings.strict) FORWARD(check_left_over(job));
    FORWARD(attach(job->graph, file));
    FORWARD(bind(job));
    base_log(file->env, found ? CLADE_LOG_INFO : CLADE_LOG_WARNING,
             "weights \"%s\": %zu of its %zu tensors went to the graph's %zu parameters", file->path, found,
             job->index->count, clade_graph_parameter_count(job->graph));
    return CLADE_OK;
}

clade_status io_parse_weights(io_file *file, clade_graph *graph, const clade_weights_settings *settings) {
    safetensors_index index;
    FORWARD(safetensors_index_create(file, &index));
    loading job = {.file = file, .graph = graph, .index = &index};
    if (settings) job.settings = *settings;
    const clade_status status = load(&job, file);
    safetensors_index_destroy(&index);
    return status;
}

clade_status clade_weights_load(clade_graph *graph, const char *path, const clade_weights_settings *settings) {
    RETURN_IF(!graph, CLADE_ERROR_INVALID_ARGUMENT);
    io_file file = {.env = context_env(clade_graph_context(graph)), .kind = "weights", .path = path};
    if (!path)
        return base_fail(file.env, CLADE_ERROR_INVALID_ARGUMENT, "failed to read weights: path must not be NULL");
    for (size_t i = 0; settings && i < BASE_COUNT(settings->reserved); i++)
        if (settings->reserved[i] != 0)
            return io_refuse(&file, CLADE_ERROR_INVALID_ARGUMENT, "reserved fields must be zero");

    FORWARD(io_file_map(&file));
    const clade_status status = io_parse_weights(&file, graph, settings);
    io_unmap(file.data, file.size);
    return status;
}
