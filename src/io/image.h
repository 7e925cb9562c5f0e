/* image.h: decoders of image files, and what they give. */
#ifndef IO_IMAGE_H
#define IO_IMAGE_H

#include "io/file.h"

/* Decoded pixels: 8 bits a sample, rows from the top, 1 (grey) or 3 (RGB) samples a pixel, no gaps. */
typedef struct image_pixels {
    int64_t width, height;
    int32_t channels;
    uint8_t *data; /* base_free */
} image_pixels;

/* The decoders. On failure pixels_out->data is NULL. */
clade_status image_decode_jpeg(const io_file *file, image_pixels *pixels_out);
clade_status image_decode_png(const io_file *file, image_pixels *pixels_out);

/* For decoders: checks the size that the file declares against the cap on pixels, then takes the memory. */
clade_status image_take_memory(const io_file *file, int64_t width, int64_t height, int32_t channels,
                               image_pixels *pixels_out);

#endif
