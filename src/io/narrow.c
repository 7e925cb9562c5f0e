/* narrow.c: rounds values to the type that a file stores, as all writers of weights do. */
#include "io/file.h"

#include <math.h>

clade_status io_narrow(const io_writer *writer, const char *name, clade_type type, const float *values, size_t count,
                       void *narrowed_out) {
    const size_t size = base_type_size(type);
    base_narrow(type, values, narrowed_out, count);
    for (size_t i = 0; type != CLADE_FLOAT32 && i < count; i++) {
        float stored = 0;
        base_widen(type, (const uint8_t *)narrowed_out + i * size, &stored, 1);
        if (isinf(stored) && !isinf(values[i]))
            return io_writer_refuse(writer, CLADE_ERROR_UNSUPPORTED, "%g in \"%s\" is too large for %s",
                                    (double)values[i], name, base_type_name(type));
    }
    return CLADE_OK;
}
