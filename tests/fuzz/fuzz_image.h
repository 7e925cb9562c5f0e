/* fuzz_image.h: what the targets of both formats do. */
#ifndef TESTS_FUZZ_FUZZ_IMAGE_H
#define TESTS_FUZZ_FUZZ_IMAGE_H

#include "fuzz/fuzz.h"

/* Reads the bytes as a grey and as a colour image. */
void fuzz_image(const uint8_t *data, size_t size);

#endif
