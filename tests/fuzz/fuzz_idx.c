/* Data sets in the IDX format, compressed or not. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    clade_array array = {0};
    io_file file = fuzz_file("data set", data, size);
    fuzz_use_array(io_parse_idx(&file, &array), &array);
    base_free(file.env, file.data);
    return 0;
}
