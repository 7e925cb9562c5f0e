/* PNG images. Of bytes changed at random nearly none would come past the checksum that ends each chunk, so checksums are mended
 * after each change. */
#include "fuzz/fuzz_image.h"
#include "shared/png_checksums.h"

/* libFuzzer's: changes the bytes, and gives their new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
/* Called by libFuzzer in place of that. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    (void)seed;
    size = LLVMFuzzerMutate(data, size, most);
    png_mend_checksums(data, size);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_image(data, size);
    return 0;
}
