/* test_image.c: JPEG and PNG files against Pillow's pixels (tests/data/make/make_images.py). */
#include "io/support.h"
#include "shared/png_checksums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clade_status read_channels(support *test, const char *path, int32_t channels) {
    clade_array image;
    const clade_status status = clade_image_read(test->context, path, channels, &image);
    if (status != CLADE_OK) assert_null(image.data);
    clade_array_clear(test->context, &image);
    return status;
}

static clade_status read_rgb(support *test, const char *path) { return read_channels(test, path, 3); }
static clade_status read_grey(support *test, const char *path) { return read_channels(test, path, 1); }

static void compare(support *test, const char *name, int32_t channels) {
    char path[512];
    clade_array image, expected;
    snprintf(path, sizeof path, DATA("images/%s"), name);
    assert_ok(test, clade_image_read(test->context, path, channels, &image));
    snprintf(path, sizeof path, DATA("images/%s.%s.npy"), name, channels == 1 ? "grey" : "rgb");
    assert_ok(test, clade_npy_read(test->context, path, &expected));
    assert_int_equal(image.type, CLADE_UINT8);
    assert_int_equal(image.shape.rank, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(image.shape.dims[i], expected.shape.dims[i]);
    for (int64_t i = 0; i < 19 * 29 * channels; i++) {
        const int found = ((uint8_t *)image.data)[i], wanted = ((uint8_t *)expected.data)[i];
        if (found != wanted) fail_msg("%s: sample %d is %d instead of %d", path, (int)i, found, wanted);
    }
    clade_array_clear(test->context, &expected);
    clade_array_clear(test->context, &image);
}

static void reads_the_pixels_that_pillow_reads(void **state) {
    static const char *const names[] = {
        "rgb.jpg",
        "rgb420.jpg",
        "rgb422_progressive.jpg",
        "grey.jpg",
        "stray.jpg",
        "rgb.png",
        "grey.png",
        "rgba.png",
        "grey1.png",
        "grey_alpha.png",
        "rgb16.png",
        "grey16.png",
        "palette.png",
        "palette_transparent.png",
        "grey_transparent.png",
        "interlaced.png",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        compare(*state, names[i], 3);
        compare(*state, names[i], 1);
    }
}

static void refuses_what_is_no_image(void **state) {
    support *test = *state;
    assert_failure(test, read_rgb(test, DATA("images/cmyk.jpg")), CLADE_ERROR_UNSUPPORTED, "CMYK", "cmyk.jpg");
    assert_failure(test, read_rgb(test, DATA("npy/float32.npy")), CLADE_ERROR_FORMAT, "neither a JPEG nor a PNG");
    assert_failure(test, read_rgb(test, "/nonexistent/cat.png"), CLADE_ERROR_NOT_FOUND, "/nonexistent/cat.png");
    assert_failure(test, read_rgb(test, "/tmp"), CLADE_ERROR_IO, "not a regular file");
    support_store(test->path, "", 0);
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "empty");
    support_store(test->path, "\xff\xd8\xff", 3);
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "failed to read image");
    support_store(test->path, "\x89PNG\r\n\x1a\n", 8);
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "truncated");
}

static void refuses_wrong_arguments(void **state) {
    support *test = *state;
    clade_array image;
    assert_failure(test, read_channels(test, DATA("images/rgb.png"), 4), CLADE_ERROR_INVALID_ARGUMENT, "4 channels");
    assert_failure(test, read_channels(test, NULL, 3), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_failure(test, clade_image_read(test->context, test->path, 3, NULL), CLADE_ERROR_INVALID_ARGUMENT, "NULL");
    assert_int_equal(clade_image_read(NULL, test->path, 3, &image), CLADE_ERROR_INVALID_ARGUMENT);
}

static void survives_damage(void **state) {
    support *test = *state;
    static const char *const names[] = {"grey.jpg", "rgb422_progressive.jpg", "palette.png", "interlaced.png",
                                        "rgba.png"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        snprintf(path, sizeof path, DATA("images/%s"), names[i]);
        support_refuse_truncations(test, path, read_rgb);
        support_survive_flips(test, path, read_rgb, 200, 1);
        support_survive_flips(test, path, read_grey, 200, 8);
        support_survive_no_memory(test, path, read_rgb);
        support_survive_no_memory(test, path, read_grey);
    }
}

/* Checksums stop most damage to a PNG at the chunk. Mended here, the decoder behind them sees it too. */
static void survives_damaged_chunks_with_good_checksums(void **state) {
    support *test = *state;
    size_t size = 0;
    uint8_t *original = support_load(DATA("images/palette.png"), &size), *data = malloc(size);
    assert_non_null(data);
    srand(1);
    for (int round = 0; round < 1000; round++) {
        memcpy(data, original, size);
        data[8 + (size_t)rand() % (size - 8)] ^= (uint8_t)(1 << rand() % 8);
        png_mend_checksums(data, size);
        const long live = test->live;
        support_store(test->path, data, size);
        const clade_status status = read_rgb(test, test->path);
        assert_true(status == CLADE_OK || status == CLADE_ERROR_FORMAT || status == CLADE_ERROR_OUT_OF_MEMORY);
        assert_int_equal(test->live, live);
    }
    free(data);
    free(original);
}

/* A PNG of the original's data that declares another size; `padding` bytes follow it. */
static void store_resized(support *test, const char *size_field, size_t padding) {
    size_t size = 0;
    uint8_t *original = support_load(DATA("images/rgb.png"), &size), *data = calloc(1, size + padding);
    assert_non_null(data);
    memcpy(data, original, size);
    memcpy(data + 16, size_field, 8);
    png_mend_checksums(data, size);
    support_store(test->path, data, size + padding);
    free(data);
    free(original);
}

/* The same of a JPEG. */
static void store_resized_jpeg(support *test, const char *size_field, size_t padding) {
    size_t size = 0;
    uint8_t *original = support_load(DATA("images/grey.jpg"), &size), *data = calloc(1, size + padding);
    assert_non_null(data);
    memcpy(data, original, size);
    for (size_t at = 2; at + 9 < size; at += 2 + ((size_t)data[at + 2] << 8 | data[at + 3])) {
        if (data[at + 1] != 0xc0) continue; /* start of frame: length, precision, height, width */
        memcpy(data + at + 5, size_field, 4);
        break;
    }
    support_store(test->path, data, size + padding);
    free(data);
    free(original);
}

/* The size that a file declares is checked before memory is taken for it. */
static void caps_pixels(void **state) {
    support *test = *state;
    store_resized(test, "\x00\x00\x80\x00\x00\x00\x80\x00", 4 << 20);
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "32768 x 32768", "134217728");
    store_resized(test, "\x00\x00\x20\x00\x00\x00\x20\x00", 0); /* allowed, but 2 KB cannot hold 192 MB */
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "too short for its width and height");

    store_resized(test, "\x00\x00\x01\x00\x00\x04\x00\x00", 0); /* however thin */
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "too short for its width and height");

    store_resized_jpeg(test, "\xff\x00\xff\x00", 9 << 20);
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "65280 x 65280", "134217728");
    store_resized_jpeg(test, "\x20\x00\x20\x00", 0); /* allowed, but not in 616 bytes */
    assert_failure(test, read_rgb(test, test->path), CLADE_ERROR_FORMAT, "too short for its width and height");
}

/* Black, of 1 bit a pixel, as it should be: 2 KB hold 2 MB of rows, which are 16 MB of pixels in memory. */
static void reads_short_files_of_plain_images(void **state) {
    support *test = *state;
    enum { SIDE = 4000, ROWS = SIDE * (1 + SIDE / 8), HEAD = 41, TAIL = 16, ROOM = 4000 };
    uint8_t *rows = calloc(1, ROWS), file[HEAD + ROOM + TAIL] = "\x89PNG\r\n\x1a\n"
                                                                "\0\0\0\x0dIHDR\0\0\x0f\xa0\0\0\x0f\xa0\x01\0\0\0\0----"
                                                                "\0\0\0\0IDAT";
    uLongf length = ROOM;
    assert_non_null(rows);
    assert_int_equal(compress2(file + HEAD, &length, rows, ROWS, 9), Z_OK);
    file[HEAD - 6] = (uint8_t)(length >> 8);
    file[HEAD - 5] = (uint8_t)length;
    memcpy(file + HEAD + length, "----\0\0\0\0IEND----", TAIL);
    png_mend_checksums(file, HEAD + length + TAIL);
    support_store(test->path, file, HEAD + length + TAIL);
    free(rows);

    clade_array image;
    assert_ok(test, clade_image_read(test->context, test->path, 1, &image));
    assert_int_equal(image.shape.dims[0], SIDE);
    const uint8_t *pixels = image.data;
    assert_true(pixels[0] == 0 && memcmp(pixels, pixels + 1, SIDE * SIDE - 1) == 0);
    clade_array_clear(test->context, &image);
}

/* Type goes by contents: a JPEG called .png is read all the same. */
static void ignores_the_file_name(void **state) {
    support *test = *state;
    char path[160];
    size_t size = 0;
    uint8_t *data = support_load(DATA("images/rgb.jpg"), &size);
    snprintf(path, sizeof path, "%s/photo.png", test->folder);
    support_store(path, data, size);
    free(data);
    assert_ok(test, read_rgb(test, path));
}

static void reads_the_examples(void **state) {
    support *test = *state;
    static const char *const names[] = {"t_shirt", "trouser", "pullover", "dress", "coat",
                                        "sandal",  "shirt",   "sneaker",  "bag",   "ankle_boot"};
    for (size_t i = 0; i < 10; i++) {
        char path[512];
        clade_array image;
        snprintf(path, sizeof path, PROJECT_SOURCE "/examples/images/%s.png", names[i]);
        assert_ok(test, clade_image_read(test->context, path, 1, &image));
        assert_int_equal(image.shape.dims[0], 28);
        assert_int_equal(image.shape.dims[1], 28);
        clade_array_clear(test->context, &image);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(reads_the_pixels_that_pillow_reads),
        SUPPORT_TEST(refuses_what_is_no_image),
        SUPPORT_TEST(refuses_wrong_arguments),
        SUPPORT_TEST(survives_damage),
        SUPPORT_TEST(survives_damaged_chunks_with_good_checksums),
        SUPPORT_TEST(caps_pixels),
        SUPPORT_TEST(reads_short_files_of_plain_images),
        SUPPORT_TEST(ignores_the_file_name),
        SUPPORT_TEST(reads_the_examples),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
