#include "fuzz/fuzz.h"

#include "io/array.h"

#include <stdlib.h>
#include <string.h>

clade_context *fuzz_context(void) {
    static clade_context *context;
    if (!context) {
        const clade_context_settings settings = {.device = "none", .log_level = CLADE_LOG_QUIET};
        fuzz_expect(clade_context_create(&settings, &context) == CLADE_OK);
    }
    return context;
}

io_file fuzz_file(const char *kind, const uint8_t *data, size_t size) {
    io_file file = {.env = context_env(fuzz_context()), .kind = kind, .path = "made up", .size = size};
    file.data = base_allocate(file.env, size);
    fuzz_expect(file.data != NULL);
    memcpy(file.data, data, size);
    return file;
}

void fuzz_expect(bool holds) {
    if (!holds) abort();
}

void fuzz_expect_result(clade_status status, const void *result) {
    char message[1024] = "";
    clade_context_message(fuzz_context(), message, sizeof message);
    fuzz_expect((status == CLADE_OK) == (result != NULL));
    fuzz_expect(status != CLADE_ERROR_INTERNAL && status != CLADE_ERROR_INVALID_ARGUMENT);
    if (status != CLADE_OK) fuzz_expect(strncmp(message, "failed to ", strlen("failed to ")) == 0);
}

/* Reads all bytes, so that the sanitizers look at each; volatile: although nobody wants them. */
static void read_bytes(const volatile uint8_t *data, uint64_t size) {
    for (uint64_t i = 0; i < size; i++) (void)data[i];
}

void fuzz_use_array(clade_status status, clade_array *array) {
    fuzz_expect_result(status, array->data);
    uint64_t bytes = 0;
    if (status == CLADE_OK) {
        fuzz_expect(io_array_bytes(array->type, &array->shape, &bytes));
        read_bytes(array->data, bytes);
    }
    clade_array_clear(fuzz_context(), array);
}
