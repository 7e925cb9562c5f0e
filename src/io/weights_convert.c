/* weights_convert.c: a safetensors file written anew with its floating-point tensors stored as another type. No graph is asked, so
 * that tensors may have any name and rank; what holds no such numbers is copied. */
#include "io/safetensors.h"

#include <clade/io.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct converting {
    const io_file *file;
    const safetensors_index *index;
    clade_type type;
} converting;

/* ---- Which tensors change ------------------------------------------------------------------------------------------- */

static bool is_double(const safetensors_entry *entry) { return strcmp(entry->type_name, "F64") == 0; }

/* Whether the tensor's numbers are stored in another way than before. */
static bool changes(const converting *job, const safetensors_entry *entry) {
    const safetensors_type *type = safetensors_type_named(entry->type_name);
    return is_double(entry) || (type && type->usable && type->type != job->type);
}

static uint32_t bits_of(const safetensors_entry *entry) {
    const safetensors_type *type = safetensors_type_named(entry->type_name);
    return type ? type->bits : 0;
}

static uint64_t elements_of(const safetensors_entry *entry) { return (entry->end - entry->begin) * 8 / bits_of(entry); }

static uint32_t new_bits_of(const converting *job, const safetensors_entry *entry) {
    return changes(job, entry) ? 8 * (uint32_t)base_type_size(job->type) : bits_of(entry);
}

/* ---- The order ------------------------------------------------------------------------------------------------------- */

typedef struct placed {
    const safetensors_entry *entry;
    uint32_t bits; /* of an element in the new file */
} placed;

/* Wide elements first, so that each tensor is aligned; else as they were. */
static int compare_places(const void *a, const void *b) {
    const placed *left = a, *right = b;
    if (left->bits != right->bits) return left->bits > right->bits ? -1 : 1;
    return left->entry->begin < right->entry->begin ? -1 : left->entry->begin > right->entry->begin;
}

/* ---- Header ---------------------------------------------------------------------------------------------------------- */

static json_t *make_entry(const converting *job, const safetensors_entry *entry, uint64_t begin, uint64_t end) {
    const json_t *old = json_object_get(job->index->header, entry->name);
    return json_pack("{s:s, s:O, s:[I, I]}", "dtype",
                     changes(job, entry) ? safetensors_type_name(job->type) : entry->type_name, "shape",
                     json_object_get(old, "shape"), "data_offsets", (json_int_t)begin, (json_int_t)end);
}

static clade_status write_header(const converting *job, io_writer *writer, const placed *order) {
    json_t *header = json_object(), *metadata = json_object_get(job->index->header, SAFETENSORS_METADATA);
    bool complete = header && (!metadata || json_object_set(header, SAFETENSORS_METADATA, metadata) == 0);
    uint64_t end = 0;
    for (size_t i = 0; complete && i < job->index->count; i++) {
        const safetensors_entry *entry = order[i].entry;
        const uint64_t begin = end;
        end += changes(job, entry) ? elements_of(entry) * base_type_size(job->type) : entry->end - entry->begin;
        complete = json_object_set_new(header, entry->name, make_entry(job, entry, begin, end)) == 0;
    }
    const clade_status status = safetensors_write_header(writer, complete ? header : NULL);
    json_decref(header);
    return status;
}

/* ---- Data ------------------------------------------------------------------------------------------------------------ */

/* Doubles become floats; a number that would become infinite is refused as the others are. */
static clade_status read_doubles(io_writer *writer, const char *name, const uint8_t *source, float *values,
                                 size_t count) {
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, source + i * sizeof value, sizeof value);
        values[i] = (float)value;
        if (isinf(values[i]) && !isinf(value))
            return io_writer_refuse(writer, CLADE_ERROR_UNSUPPORTED, "%g in \"%s\" is too large for float32", value,
                                    name);
    }
    return CLADE_OK;
}

static clade_status write_changed(const converting *job, io_writer *writer, const safetensors_entry *entry) {
    const uint64_t count = elements_of(entry);
    const size_t size = bits_of(entry) / 8;
    const uint8_t *source = job->index->data + entry->begin;
    float values[1024];
    for (uint64_t done = 0; done < count;) {
        const size_t piece = (size_t)base_min((int64_t)(count - done), (int64_t)BASE_COUNT(values));
        if (is_double(entry))
            FORWARD(read_doubles(writer, entry->name, source + done * size, values, piece));
        else
            base_widen(safetensors_type_named(entry->type_name)->type, source + done * size, values, piece);
        FORWARD(safetensors_write_values(writer, entry->name, job->type, values, piece));
        done += piece;
    }
    return CLADE_OK;
}

static clade_status write_tensor(const converting *job, io_writer *writer, const safetensors_entry *entry) {
    const uint8_t *source = job->index->data + entry->begin;
    const size_t size = (size_t)(entry->end - entry->begin);
    FORWARD(changes(job, entry) ? write_changed(job, writer, entry) : io_write(writer, source, size));
    io_give_back(source, size);
    return CLADE_OK;
}

static clade_status write_all(const converting *job, io_writer *writer) {
    const size_t count = job->index->count;
    placed *order = base_allocate(job->file->env, (count + 1) * sizeof *order);
    if (!order) return base_fail_memory(job->file->env, (count + 1) * sizeof *order, "the order of weights");
    for (size_t i = 0; i < count; i++) {
        const safetensors_entry *entry = &job->index->entries[i];
        order[i] = (placed){.entry = entry, .bits = new_bits_of(job, entry)};
    }
    qsort(order, count, sizeof *order, compare_places);
    clade_status status = write_header(job, writer, order);
    for (size_t i = 0; status == CLADE_OK && i < count; i++) status = write_tensor(job, writer, order[i].entry);
    base_free(job->file->env, order);
    return status;
}

/* ---- The call -------------------------------------------------------------------------------------------------------- */

static clade_status convert(const io_file *file, const char *target, clade_type type) {
    safetensors_index index;
    FORWARD(safetensors_index_create(file, &index));
    const converting job = {.file = file, .index = &index, .type = type};
    io_writer writer = {.env = file->env, .kind = "weights", .path = target};
    clade_status status = io_writer_open(&writer);
    if (status == CLADE_OK) {
        status = write_all(&job, &writer);
        if (status == CLADE_OK)
            status = io_writer_commit(&writer);
        else
            io_writer_abandon(&writer);
    }
    safetensors_index_destroy(&index);
    return status;
}

clade_status clade_weights_convert(clade_context *context, const char *source, const char *target, clade_type type) {
    RETURN_IF(!context, CLADE_ERROR_INVALID_ARGUMENT);
    io_file file = {.env = context_env(context), .kind = "weights", .path = source};
    if (!source || !target)
        return base_fail(file.env, CLADE_ERROR_INVALID_ARGUMENT, "failed to convert weights: paths must not be NULL");
    if (!safetensors_type_name(type))
        return base_fail(file.env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to convert weights \"%s\" to %s: float32, float16 and bfloat16 are possible", source,
                         base_type_name(type));
    FORWARD(io_file_map(&file));
    const clade_status status = convert(&file, target, type);
    io_unmap(file.data, file.size);
    return status;
}
