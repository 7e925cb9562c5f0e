/* array.c: arrays in host memory, filled by the readers of this room and freed by the caller. */
#include "io/array.h"

#include <clade/io.h>

bool io_array_bytes(clade_type type, const clade_shape *shape, uint64_t *bytes_out) {
    int64_t elements = 0;
    const size_t size = base_type_size(type);
    return size > 0 && base_shape_elements(shape, &elements) && base_multiply((uint64_t)elements, size, bytes_out) &&
           *bytes_out <= SIZE_MAX;
}

clade_status io_array_create(base_env *env, clade_type type, const clade_shape *shape, const char *what,
                             clade_array *array_out) {
    uint64_t bytes = 0;
    char text[BASE_SHAPE_TEXT];
    if (!io_array_bytes(type, shape, &bytes))
        return base_fail(env, CLADE_ERROR_SHAPE, "failed to allocate %s of shape %s: it has no element or too many",
                         what, base_shape_text(shape, text, sizeof text));
    void *data = base_allocate(env, (size_t)bytes);
    if (!data) return base_fail_memory(env, (size_t)bytes, what);
    *array_out = (clade_array){.type = type, .shape = *shape, .data = data};
    return CLADE_OK;
}

void clade_array_clear(clade_context *context, clade_array *array) {
    if (!context || !array) return;
    base_free(context_env(context), array->data);
    *array = (clade_array){0};
}
