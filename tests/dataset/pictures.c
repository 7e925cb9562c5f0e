/* pictures.c: see pictures.h. */
#include "dataset/pictures.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

uint8_t picture_sample(int seed, int y, int x, int c) {
    return (uint8_t)((unsigned)(seed * 2654435761u + y * 40503u + x * 977u + c * 101u) >> 3);
}

const char *picture_path(const support *test, const char *name) {
    static char paths[4][256];
    static int next = 0;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", test->folder, name);
    return path;
}

void picture_make_folder(const support *test, const char *name) {
    struct stat facts;
    const char *path = picture_path(test, name);
    if (stat(path, &facts) != 0) assert_int_equal(mkdir(path, 0700), 0);
}

static void make_folder_of(const support *test, const char *name) {
    char folder[128];
    const char *slash = strchr(name, '/');
    if (!slash) return;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
    picture_make_folder(test, folder);
}

uint8_t *picture_array(int count, int height, int width, int channels) {
    uint8_t *pixels = malloc((size_t)count * (size_t)height * (size_t)width * (size_t)channels), *next = pixels;
    assert_non_null(pixels);
    for (int i = 0; i < count; i++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int c = 0; c < channels; c++) *next++ = picture_sample(i, y, x, c);
    return pixels;
}

void picture_store(const support *test, const char *name, int seed, int height, int width, int channels) {
    uint8_t *pixels = picture_array(seed + 1, height, width, channels);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
    make_folder_of(test, name);
    assert_int_not_equal(png_image_write_to_file(&image, picture_path(test, name), 0,
                                                 pixels + seed * height * width * channels, 0, NULL),
                         0);
    free(pixels);
}

void picture_store_bytes(const support *test, const char *name, const void *data, size_t size) {
    make_folder_of(test, name);
    support_store(picture_path(test, name), data, size);
}
