/* safetensors_write.c: the parts of a safetensors file as all its writers put them down. */
#include "io/safetensors.h"

#include <stdlib.h>
#include <string.h>

/* The data start at a multiple of this. */
enum { ALIGNMENT = 8 };

static clade_status write_text(io_writer *writer, const char *text) {
    const size_t length = strlen(text), padding = (size_t)(base_round_up((int64_t)length, ALIGNMENT)) - length;
    const uint64_t total = length + padding;
    FORWARD(io_write(writer, &total, sizeof total));
    FORWARD(io_write(writer, text, length));
    return io_write(writer, "        ", padding);
}

clade_status safetensors_write_header(io_writer *writer, const json_t *header) {
    char *text = header ? json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    if (!text) return io_writer_refuse(writer, CLADE_ERROR_OUT_OF_MEMORY, "out of host memory");
    const clade_status status = write_text(writer, text);
    free(text);
    return status;
}

clade_status safetensors_write_values(io_writer *writer, const char *name, clade_type type, const float *values,
                                      size_t count) {
    float narrowed[1024];
    for (size_t done = 0; done < count;) {
        const size_t piece = (size_t)base_min((int64_t)(count - done), (int64_t)BASE_COUNT(narrowed));
        FORWARD(io_narrow(writer, name, type, values + done, piece, narrowed));
        FORWARD(io_write(writer, narrowed, piece * base_type_size(type)));
        done += piece;
    }
    return CLADE_OK;
}
