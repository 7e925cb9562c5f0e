/* Arrays in NumPy's format. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    clade_array array = {0};
    io_file file = fuzz_file("array", data, size);
    fuzz_use_array(io_parse_npy(&file, &array), &array);
    return 0;
}
