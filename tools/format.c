/* format.c: numbers and shapes as people like to read them. */
#include "format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *format_count(uint64_t count, char buffer[FORMAT_SIZE]) {
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *to = buffer;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return buffer;
}

char *format_bytes(uint64_t bytes, char buffer[FORMAT_SIZE]) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        snprintf(buffer, FORMAT_SIZE, "%" PRIu64 " B", bytes);
        return buffer;
    }
    size_t unit = 0;
    double value = (double)bytes / 1024;
    while (value >= 1023.95 && unit + 1 < sizeof units / sizeof units[0]) { /* what would print as 1024.0 */
        value /= 1024;
        unit++;
    }
    snprintf(buffer, FORMAT_SIZE, "%.1f %s", value, units[unit]);
    return buffer;
}

char *format_shape(const clade_shape *shape, char buffer[FORMAT_SIZE]) {
    size_t length = 0;
    buffer[length++] = '[';
    for (int32_t i = 0; i < shape->rank; i++) {
        if (i > 0) length += (size_t)snprintf(buffer + length, FORMAT_SIZE - length, ", ");
        if (shape->dims[i] == CLADE_BATCH)
            buffer[length++] = 'N';
        else
            length += (size_t)snprintf(buffer + length, FORMAT_SIZE - length, "%" PRId64, shape->dims[i]);
    }
    memcpy(buffer + length, "]", 2);
    return buffer;
}
