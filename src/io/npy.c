/* npy.c: arrays in NumPy's format. */
#include "io/npy.h"
#include "io/array.h"
#include "io/parse.h"

#include <string.h>

/* Moves the elements to the start of the block they were read into, narrowing float64 on the way, so that the block
 * becomes the array without a second one. Elements only ever move towards the start. */
static void move_elements(uint8_t *block, const npy_header *header, size_t elements) {
    const uint8_t *source = block + header->data_offset;
    if (!header->wide) {
        memmove(block, source, elements * base_type_size(header->type));
        return;
    }
    for (size_t i = 0; i < elements; i++) {
        double wide;
        memcpy(&wide, source + i * sizeof wide, sizeof wide);
        const float narrow = (float)wide;
        memcpy(block + i * sizeof narrow, &narrow, sizeof narrow);
    }
}

static clade_status check_size(const io_file *file, const npy_header *header, int64_t *elements_out) {
    uint64_t bytes = 0;
    const size_t element_size = header->wide ? sizeof(double) : base_type_size(header->type);
    char text[BASE_SHAPE_TEXT];
    if (!base_shape_elements(&header->shape, elements_out) ||
        !base_multiply((uint64_t)*elements_out, element_size, &bytes))
        return io_refuse(file, CLADE_ERROR_FORMAT, "its shape %s is too large",
                         base_shape_text(&header->shape, text, sizeof text));
    if (bytes != file->size - header->data_offset)
        return io_refuse(file, CLADE_ERROR_FORMAT, "its shape %s needs %llu bytes, it has %zu",
                         base_shape_text(&header->shape, text, sizeof text), (unsigned long long)bytes,
                         file->size - header->data_offset);
    return CLADE_OK;
}

clade_status io_parse_npy(io_file *file, clade_array *array_out) {
    npy_header header;
    int64_t elements = 0;
    clade_status status = npy_parse_header(file, &header);
    if (status == CLADE_OK) status = check_size(file, &header, &elements);
    if (status != CLADE_OK) {
        base_free(file->env, file->data);
        return status;
    }
    move_elements(file->data, &header, (size_t)elements);
    *array_out = (clade_array){.type = header.type, .shape = header.shape, .data = file->data};
    return CLADE_OK;
}

clade_status clade_npy_read(clade_context *context, const char *path, clade_array *array_out) {
    if (array_out) *array_out = (clade_array){0};
    if (!context || !path || !array_out)
        return base_fail(io_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to read an array: context, path and array_out must not be NULL");

    io_file file = {.env = context_env(context), .kind = "array", .path = path};
    FORWARD(io_file_read(&file, SIZE_MAX));
    return io_parse_npy(&file, array_out);
}

/* ---- Writing ------------------------------------------------------------------------------------------------------ */

/* Version 1 wants the elements to start at a multiple of 64 bytes. */
enum { PREFIX_SIZE = 10, HEADER_SIZE = 192 };

static clade_status write_header(io_writer *writer, const char *description, const clade_shape *shape) {
    char header[HEADER_SIZE + 1], dims[BASE_SHAPE_TEXT] = "";
    size_t length = 0;
    for (int32_t i = 0; i < shape->rank; i++)
        length += (size_t)snprintf(dims + length, sizeof dims - length, i + 1 < shape->rank ? "%lld, " : "%lld",
                                   (long long)shape->dims[i]);
    const int used = snprintf(header + PREFIX_SIZE, sizeof header - PREFIX_SIZE,
                              "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }", description, dims,
                              shape->rank == 1 ? "," : "");
    const size_t total = (size_t)base_round_up(PREFIX_SIZE + used + 1, 64);
    memset(header + PREFIX_SIZE + used, ' ', total - PREFIX_SIZE - (size_t)used - 1);
    header[total - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)((total - PREFIX_SIZE) & 0xff);
    header[9] = (char)((total - PREFIX_SIZE) >> 8);
    return io_write(writer, header, total);
}

/* NumPy has no bfloat16: widened a piece at a time. */
static clade_status write_widened(io_writer *writer, const clade_array *array, size_t elements) {
    float piece[1024];
    const size_t size = base_type_size(array->type);
    for (size_t done = 0; done < elements;) {
        const size_t count = (size_t)base_min((int64_t)(elements - done), (int64_t)BASE_COUNT(piece));
        base_widen(array->type, (const char *)array->data + done * size, piece, count);
        FORWARD(io_write(writer, piece, count * sizeof *piece));
        done += count;
    }
    return CLADE_OK;
}

clade_status clade_npy_write(clade_context *context, const char *path, const clade_array *array) {
    static const char *const descriptions[] = {
        [CLADE_FLOAT32] = "<f4", [CLADE_FLOAT16] = "<f2", [CLADE_BFLOAT16] = "<f4", [CLADE_UINT8] = "|u1"};
    if (!context || !path || !array || !array->data)
        return base_fail(io_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to write an array: context, path, array and its data must not be NULL");
    uint64_t bytes = 0;
    int64_t elements = 0;
    char text[BASE_SHAPE_TEXT];
    if (!io_array_bytes(array->type, &array->shape, &bytes) || !base_shape_elements(&array->shape, &elements))
        return base_fail(context_env(context), CLADE_ERROR_SHAPE,
                         "failed to write array \"%s\" of shape %s, %s: it has no element, too many, or no known type",
                         path, base_shape_text(&array->shape, text, sizeof text), base_type_name(array->type));

    io_writer writer = {.env = context_env(context), .kind = "array", .path = path};
    FORWARD(io_writer_open(&writer));
    clade_status status = write_header(&writer, descriptions[array->type], &array->shape);
    if (status == CLADE_OK)
        status = array->type == CLADE_BFLOAT16 ? write_widened(&writer, array, (size_t)elements)
                                               : io_write(&writer, array->data, (size_t)bytes);
    if (status == CLADE_OK) return io_writer_commit(&writer);
    io_writer_abandon(&writer);
    return status;
}
