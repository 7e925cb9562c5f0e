#include "fuzz/fuzz_image.h"

void fuzz_image(const uint8_t *data, size_t size) {
    if (size == 0) return;
    const io_file file = fuzz_file("image", data, size);
    for (int32_t channels = 1; channels <= 3; channels += 2) {
        clade_array image = {0};
        fuzz_use_array(io_parse_image(&file, channels, &image), &image);
    }
    base_free(file.env, file.data);
}
