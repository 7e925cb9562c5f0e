/* image.c: reads images of either format into grey or RGB pixels. */
#include "io/image.h"
#include "io/array.h"
#include "io/parse.h"

#include <string.h>

/* 128 Mi pixels, four times what a camera of 2020 gives; and the largest file. */
#define IMAGE_MAX_PIXELS ((int64_t)1 << 27)
#define IMAGE_MAX_BYTES  ((uint64_t)1 << 30)

/* Files are known by their first bytes; names say nothing. */
static const struct {
    const char *magic;
    size_t length;
    clade_status (*decode)(const io_file *file, image_pixels *pixels_out);
} formats[] = {{"\xff\xd8\xff", 3, image_decode_jpeg}, {"\x89PNG\r\n\x1a\n", 8, image_decode_png}};

static clade_status decode(const io_file *file, image_pixels *pixels_out) {
    for (size_t i = 0; i < BASE_COUNT(formats); i++)
        if (file->size >= formats[i].length && memcmp(file->data, formats[i].magic, formats[i].length) == 0)
            return formats[i].decode(file, pixels_out);
    return io_refuse(file, CLADE_ERROR_FORMAT, "it is neither a JPEG nor a PNG file");
}

clade_status image_take_memory(const io_file *file, int64_t width, int64_t height, int32_t channels,
                               image_pixels *pixels_out) {
    if (width < 1 || height < 1 || width > IMAGE_MAX_PIXELS / height)
        return io_refuse(file, CLADE_ERROR_FORMAT, "it declares %lld x %lld pixels, 1 to %lld are accepted",
                         (long long)width, (long long)height, (long long)IMAGE_MAX_PIXELS);
    const size_t bytes = (size_t)(width * height) * (size_t)channels;
    uint8_t *data = base_allocate(file->env, bytes);
    if (!data) return base_fail_memory(file->env, bytes, "an image");
    *pixels_out = (image_pixels){.width = width, .height = height, .channels = channels, .data = data};
    return CLADE_OK;
}

/* Luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, in units of 1/65536, rounded: what Pillow's convert("L") gives. */
static uint8_t luma(const uint8_t *rgb) {
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

static void convert(const image_pixels *from, int32_t channels, uint8_t *to) {
    const size_t count = (size_t)(from->width * from->height);
    if (from->channels == channels)
        memcpy(to, from->data, count * (size_t)channels);
    else if (channels == 1)
        for (size_t i = 0; i < count; i++) to[i] = luma(from->data + 3 * i);
    else
        for (size_t i = 0; i < count; i++) memset(to + 3 * i, from->data[i], 3);
}

clade_status io_parse_image(const io_file *file, int32_t channels, clade_array *image_out) {
    image_pixels pixels = {0};
    FORWARD(decode(file, &pixels));
    const clade_shape shape = {.rank = 3, .dims = {pixels.height, pixels.width, channels}};
    const clade_status status = io_array_create(file->env, CLADE_UINT8, &shape, "an image", image_out);
    if (status == CLADE_OK) convert(&pixels, channels, image_out->data);
    base_free(file->env, pixels.data);
    return status;
}

clade_status clade_image_read(clade_context *context, const char *path, int32_t channels, clade_array *image_out) {
    if (image_out) *image_out = (clade_array){0};
    if (!context || !path || !image_out)
        return base_fail(io_env(context), CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to read an image: context, path and image_out must not be NULL");
    io_file file = {.env = context_env(context), .kind = "image", .path = path};
    if (channels != 1 && channels != 3)
        return base_fail(file.env, CLADE_ERROR_INVALID_ARGUMENT,
                         "failed to read image \"%s\" with %d channels: there are images with 1 (grey) and 3 (RGB)",
                         path, channels);

    FORWARD(io_file_read(&file, IMAGE_MAX_BYTES));
    const clade_status status = io_parse_image(&file, channels, image_out);
    base_free(file.env, file.data);
    return status;
}
