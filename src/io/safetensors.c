/* safetensors.c: reads and checks the header of a safetensors file. */
#include "io/safetensors.h"

#include <stdlib.h>
#include <string.h>

/* The format's own limit. */
#define MAX_HEADER_SIZE 100000000u
/* A tensor is about ten values, so these are 200,000 tensors. Jansson takes up to 50 times the bytes of the text where values are
 * as short as "[],", gigabytes for a header of the largest size. */
#define MAX_VALUES (1u << 21)

enum { LENGTH_SIZE = 8 };

static const unsigned char zip_signature[4] = {'P', 'K', 3, 4}; /* what checkpoints are mostly published as */

/* ---- Element types ------------------------------------------------------------------------------------------------ */
static const safetensors_type types[] = {
    {"F32", 32, true, CLADE_FLOAT32}, {"F16", 16, true, CLADE_FLOAT16}, {"BF16", 16, true, CLADE_BFLOAT16},
    {.name = "BOOL", .bits = 8},      {.name = "U8", .bits = 8},        {.name = "I8", .bits = 8},
    {.name = "F8_E4M3", .bits = 8},   {.name = "F8_E5M2", .bits = 8},   {.name = "U16", .bits = 16},
    {.name = "I16", .bits = 16},      {.name = "U32", .bits = 32},      {.name = "I32", .bits = 32},
    {.name = "U64", .bits = 64},      {.name = "I64", .bits = 64},      {.name = "F64", .bits = 64},
};

const safetensors_type *safetensors_type_named(const char *name) {
    for (size_t i = 0; i < BASE_COUNT(types); i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

const char *safetensors_type_name(clade_type type) {
    for (size_t i = 0; i < BASE_COUNT(types); i++)
        if (types[i].usable && types[i].type == type) return types[i].name;
    return NULL;
}

/* ---- Entries ------------------------------------------------------------------------------------------------------ */
static bool read_natural(const json_t *value, uint64_t *number_out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *number_out = (uint64_t)json_integer_value(value);
    return true;
}

/* The shape, and the product of its dimensions: 1 when there are none. */
static bool read_shape(const json_t *dims, clade_shape *shape_out, uint64_t *elements_out) {
    if (!json_is_array(dims) || json_array_size(dims) > INT32_MAX) return false;
    const size_t rank = json_array_size(dims);
    *shape_out = (clade_shape){.rank = (int32_t)rank};
    *elements_out = 1;
    for (size_t i = 0; i < rank; i++) {
        uint64_t dim = 0;
        if (!read_natural(json_array_get(dims, i), &dim) || !base_multiply(*elements_out, dim, elements_out))
            return false;
        if (i < CLADE_MAX_RANK) shape_out->dims[i] = (int64_t)dim;
    }
    return true;
}

static clade_status read_entry(const io_file *file, const char *name, const json_t *value, uint64_t data_size,
                               safetensors_entry *entry_out) {
    const json_t *offsets = json_object_get(value, "data_offsets");
    uint64_t elements = 0, bits = 0;
    char text[BASE_SHAPE_TEXT];
    *entry_out = (safetensors_entry){.name = name, .type_name = json_string_value(json_object_get(value, "dtype"))};
    if (!entry_out->type_name) return io_refuse(file, CLADE_ERROR_FORMAT, "its tensor \"%s\" has no dtype", name);
    if (!read_shape(json_object_get(value, "shape"), &entry_out->shape, &elements))
        return io_refuse(file, CLADE_ERROR_FORMAT, "its tensor \"%s\" has no valid shape", name);
    if (json_array_size(offsets) != 2 || !read_natural(json_array_get(offsets, 0), &entry_out->begin) ||
        !read_natural(json_array_get(offsets, 1), &entry_out->end) || entry_out->begin > entry_out->end)
        return io_refuse(file, CLADE_ERROR_FORMAT, "its tensor \"%s\" has no valid data_offsets", name);
    if (entry_out->end > data_size)
        return io_refuse(file, CLADE_ERROR_FORMAT,
                         "its tensor \"%s\" ends at byte %llu of the data, which have %llu: the file is truncated",
                         name, (unsigned long long)entry_out->end, (unsigned long long)data_size);

    /* The size of a type of some later version is not known; that tensor can be skipped all the same. */
    const safetensors_type *type = safetensors_type_named(entry_out->type_name);
    if (type && (!base_multiply(elements, type->bits, &bits) || bits / 8 != entry_out->end - entry_out->begin))
        return io_refuse(file, CLADE_ERROR_FORMAT, "its tensor \"%s\" has %llu bytes, which is not %s of shape %s",
                         name, (unsigned long long)(entry_out->end - entry_out->begin), type->name,
                         base_shape_text(&entry_out->shape, text, sizeof text));
    return CLADE_OK;
}

static int compare_offsets(const void *a, const void *b) {
    const safetensors_entry *left = a, *right = b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    return left->end < right->end ? -1 : left->end > right->end;
}

static int compare_names(const void *a, const void *b) {
    const safetensors_entry *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* Sorts the entries by offset: each must start where the one before ends. */
static clade_status check_cover(const io_file *file, safetensors_index *index, uint64_t data_size) {
    uint64_t end = 0;
    qsort(index->entries, index->count, sizeof *index->entries, compare_offsets);
    for (size_t i = 0; i < index->count; i++) {
        const safetensors_entry *entry = &index->entries[i];
        if (entry->begin != end)
            return io_refuse(file, CLADE_ERROR_FORMAT,
                             "its tensor \"%s\" starts at byte %llu of the data, expected %llu: %s", entry->name,
                             (unsigned long long)entry->begin, (unsigned long long)end,
                             entry->begin < end ? "tensors overlap" : "there is a gap");
        end = entry->end;
    }
    if (end != data_size)
        return io_refuse(file, CLADE_ERROR_FORMAT, "its tensors end at byte %llu of the data, which have %llu",
                         (unsigned long long)end, (unsigned long long)data_size);
    return CLADE_OK;
}

static clade_status read_entries(const io_file *file, uint64_t data_size, safetensors_index *index) {
    const char *name;
    json_t *value;
    json_object_foreach(index->header, name, value) {
        if (!json_is_object(value)) return io_refuse(file, CLADE_ERROR_FORMAT, "its entry \"%s\" is no object", name);
        if (strcmp(name, SAFETENSORS_METADATA) == 0) continue;
        FORWARD(read_entry(file, name, value, data_size, &index->entries[index->count++]));
    }
    return CLADE_OK;
}

/* ---- The header --------------------------------------------------------------------------------------------------- */
static clade_status read_length(const io_file *file, size_t *length_out) {
    uint64_t length = 0;
    if (file->size < LENGTH_SIZE) return io_refuse(file, CLADE_ERROR_FORMAT, "it is shorter than a header");
    if (memcmp(file->data, zip_signature, sizeof zip_signature) == 0)
        return io_refuse(file, CLADE_ERROR_FORMAT,
                         "it is a ZIP file, such as PyTorch's torch.save writes; safetensors.torch.save_file writes "
                         "what can be read here");
    memcpy(&length, file->data, LENGTH_SIZE);
    if (length > MAX_HEADER_SIZE)
        return io_refuse(file, CLADE_ERROR_FORMAT,
                         "it declares a header of %llu bytes, at most %u are allowed: it is damaged or no safetensors "
                         "file",
                         (unsigned long long)length, MAX_HEADER_SIZE);
    if (length > file->size - LENGTH_SIZE)
        return io_refuse(file, CLADE_ERROR_FORMAT, "it declares a header of %llu bytes, it has only %zu bytes",
                         (unsigned long long)length, file->size);
    if (length == 0 || file->data[LENGTH_SIZE] != '{')
        return io_refuse(file, CLADE_ERROR_FORMAT, "it is not in the safetensors format");
    *length_out = (size_t)length;
    return CLADE_OK;
}

/* At least as many values as Jansson would make of the text before it finds something wrong: each but the first stands behind one of
 * these characters, outside of strings. */
static size_t count_values(const uint8_t *text, size_t length) {
    size_t count = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') in_string = !in_string;
        if (in_string)
            i += text[i] == '\\'; /* what it escapes may be a quotation mark */
        else
            count += text[i] == '{' || text[i] == '[' || text[i] == ',';
    }
    return count;
}

clade_status safetensors_index_create(const io_file *file, safetensors_index *index_out) {
    size_t length = 0;
    *index_out = (safetensors_index){.env = file->env};
    FORWARD(read_length(file, &length));
    if (count_values(file->data + LENGTH_SIZE, length) > MAX_VALUES)
        return io_refuse(file, CLADE_ERROR_FORMAT, "its header has more than %u values", MAX_VALUES);

    json_error_t error;
    clade_status status = CLADE_OK;
    const uint64_t data_size = file->size - LENGTH_SIZE - length;
    index_out->data = file->data + LENGTH_SIZE + length;
    index_out->header = json_loadb((const char *)file->data + LENGTH_SIZE, length, JSON_REJECT_DUPLICATES, &error);
    if (!index_out->header) {
        status = io_refuse(file, CLADE_ERROR_FORMAT, "its header is not valid JSON: %s", error.text);
        goto error;
    }
    const size_t count = json_object_size(index_out->header);
    index_out->entries = base_allocate_zero(file->env, count, sizeof *index_out->entries);
    if (!index_out->entries) {
        status = base_fail_memory(file->env, count * sizeof *index_out->entries, "an index of weights");
        goto error;
    }
    status = read_entries(file, data_size, index_out);
    if (status != CLADE_OK) goto error;
    status = check_cover(file, index_out, data_size);
    if (status != CLADE_OK) goto error;
    qsort(index_out->entries, index_out->count, sizeof *index_out->entries, compare_names);
    return CLADE_OK;

error:
    safetensors_index_destroy(index_out);
    return status;
}

void safetensors_index_destroy(safetensors_index *index) {
    json_decref(index->header); /* NULL is fine */
    base_free(index->env, index->entries);
    *index = (safetensors_index){0};
}

safetensors_entry *safetensors_find(const safetensors_index *index, const char *name) {
    const safetensors_entry wanted = {.name = name};
    return bsearch(&wanted, index->entries, index->count, sizeof wanted, compare_names);
}
