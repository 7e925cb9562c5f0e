/* test_preprocess.c: images as networks want them, against Pillow's resizing and torchvision's rules for sizes and crops
 * (tests/data/make/make_preprocess.py). */
#include "io/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct preprocess_case {
    const char *name, *image;
    int32_t channels, height, width, resize;
    bool no_antialias;
} preprocess_case;

static const preprocess_case samples[] = {
#define CASE(...) {__VA_ARGS__},
#include "data/io/preprocess/cases.inc"
#undef CASE
};

static clade_preprocess settings_of(const preprocess_case *sample) {
    static const clade_preprocess grey = {.mean = {0.5f}, .deviation = {0.25f}},
                                  rgb = {.mean = {0.485f, 0.456f, 0.406f}, .deviation = {0.229f, 0.224f, 0.225f}};
    clade_preprocess how = sample->channels == 1 ? grey : rgb;
    how.channels = sample->channels;
    how.height = sample->height;
    how.width = sample->width;
    how.resize = sample->resize;
    how.no_antialias = sample->no_antialias;
    return how;
}

static clade_array load(support *test, const char *name) {
    char path[512];
    clade_array array;
    snprintf(path, sizeof path, DATA("preprocess/%s.npy"), name);
    assert_ok(test, clade_npy_read(test->context, path, &array));
    return array;
}

/* Antialiased pixels are the very ones of Pillow, so after the same float arithmetic the values are equal; plain ones are
 * sums in another order, in float instead of double. */
static void agrees_with_torchvision(void **state) {
    support *test = *state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const clade_preprocess how = settings_of(&samples[i]);
        const size_t count = (size_t)how.channels * (size_t)how.height * (size_t)how.width;
        const double tolerance = how.no_antialias ? 2e-6 : 0;
        clade_array image = load(test, samples[i].image), expected = load(test, samples[i].name);
        float *values = malloc(count * sizeof *values);
        assert_non_null(values);
        for (size_t k = 0; k < count; k++) values[k] = NAN; /* every value has to be written */
        assert_int_equal(expected.shape.dims[0] * expected.shape.dims[1] * expected.shape.dims[2], count);
        assert_ok(test, clade_image_preprocess(test->context, &image, &how, values));
        for (size_t k = 0; k < count; k++) {
            const float wanted = ((float *)expected.data)[k];
            if (!(fabs((double)values[k] - wanted) <= tolerance))
                fail_msg("%s: value %zu is %.9g instead of %.9g", samples[i].name, k, (double)values[k],
                         (double)wanted);
        }
        free(values);
        clade_array_clear(test->context, &expected);
        clade_array_clear(test->context, &image);
    }
}

/* An image of one colour keeps it whatever its size becomes: weights add up to 1 everywhere. */
static void keeps_a_single_colour(void **state) {
    support *test = *state;
    for (int colour = 0; colour < 256; colour += 15)
        for (int32_t size = 1; size < 40; size += 3)
            for (int plain = 0; plain < 2; plain++) {
                uint8_t pixels[17 * 11];
                float values[40 * 40];
                memset(pixels, colour, sizeof pixels);
                const clade_array image = {CLADE_UINT8, {3, {17, 11, 1}}, pixels};
                const clade_preprocess how = {.channels = 1, .height = size, .width = size, .no_antialias = plain};
                assert_ok(test, clade_image_preprocess(test->context, &image, &how, values));
                for (int32_t i = 0; i < size * size; i++) assert_true(fabsf(values[i] - (float)colour / 255) < 1e-6f);
            }
}

static void takes_a_deviation_of_zero_for_one(void **state) {
    support *test = *state;
    uint8_t pixels[3] = {255, 51, 0};
    float values[3];
    const clade_array image = {CLADE_UINT8, {3, {1, 1, 3}}, pixels};
    const clade_preprocess how = {.channels = 3, .height = 1, .width = 1, .mean = {0.5f, 0, 1}};
    assert_ok(test, clade_image_preprocess(test->context, &image, &how, values));
    assert_true(values[0] == 0.5f && values[1] == 0.2f && values[2] == -1);
}

static void refuses_wrong_settings(void **state) {
    support *test = *state;
    uint8_t pixels[12] = {0};
    float values[64] = {7}, *none = NULL;
    const clade_array image = {CLADE_UINT8, {3, {2, 2, 3}}, pixels};
    const clade_preprocess good = {.channels = 3, .height = 2, .width = 2};
    clade_preprocess how = good;
    clade_array other = image;
#define refused(status, ...)                                                                                           \
    assert_failure(test, clade_image_preprocess(test->context, &other, &how, values), status, __VA_ARGS__)
    how.channels = 2;
    refused(CLADE_ERROR_INVALID_ARGUMENT, "2 channels");
    how = good;
    how.channels = 1;
    refused(CLADE_ERROR_SHAPE, "[2, 2, 3]", "[height, width, 1]");
    how = good;
    how.height = 0;
    refused(CLADE_ERROR_SHAPE, "0 x 2");
    how = good;
    how.width = -4;
    refused(CLADE_ERROR_SHAPE, "2 x -4");
    how = good;
    how.resize = -1;
    refused(CLADE_ERROR_SHAPE, "resized to -1");
    how = good;
    how.mean[2] = NAN;
    refused(CLADE_ERROR_INVALID_ARGUMENT, "finite");
    how = good;
    how.deviation[0] = INFINITY;
    refused(CLADE_ERROR_INVALID_ARGUMENT, "finite");
    how = good;
    how.reserved[3] = 1;
    refused(CLADE_ERROR_INVALID_ARGUMENT, "reserved");
    how = good;
    other.type = CLADE_FLOAT32;
    refused(CLADE_ERROR_SHAPE, "float32");
    other = image;
    other.shape.rank = 2;
    refused(CLADE_ERROR_SHAPE, "[2, 2]");
    other = image;
    other.shape.dims[0] = 0;
    refused(CLADE_ERROR_SHAPE, "[0, 2, 3]");
    other = image;
    other.data = NULL;
    refused(CLADE_ERROR_INVALID_ARGUMENT, "NULL");
#undef refused
    assert_int_equal(clade_image_preprocess(test->context, &image, &good, none), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_image_preprocess(test->context, &image, NULL, values), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_image_preprocess(test->context, NULL, &good, values), CLADE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(clade_image_preprocess(NULL, &image, &good, values), CLADE_ERROR_INVALID_ARGUMENT);
    assert_true(values[0] == 7); /* left alone */
}

/* A long thin image resized by its shorter side would be huge; only the crop of it is made. */
static void makes_only_the_crop(void **state) {
    support *test = *state;
    enum { LENGTH = 100000 };
    uint8_t *pixels = malloc(LENGTH);
    float values[4];
    assert_non_null(pixels);
    memset(pixels, 51, LENGTH);
    const clade_array image = {CLADE_UINT8, {3, {1, LENGTH, 1}}, pixels};
    for (int plain = 0; plain < 2; plain++) {
        const clade_preprocess how = {.channels = 1, .height = 2, .width = 2, .resize = 1 << 20, .no_antialias = plain};
        assert_ok(test, clade_image_preprocess(test->context, &image, &how, values));
        for (int i = 0; i < 4; i++) assert_true(fabsf(values[i] - 0.2f) < 1e-6f);
    }
    free(pixels);
}

static clade_status preprocess(support *test, const char *name) {
    (void)name;
    static uint8_t pixels[5 * 7 * 3];
    float values[3 * 4 * 4];
    const clade_array image = {CLADE_UINT8, {3, {5, 7, 3}}, pixels};
    clade_preprocess how = {.channels = 3, .height = 4, .width = 4, .resize = 4};
    const clade_status status = clade_image_preprocess(test->context, &image, &how, values);
    if (status != CLADE_OK) return status;
    how.no_antialias = true;
    return clade_image_preprocess(test->context, &image, &how, values);
}

static void survives_no_memory(void **state) { support_survive_no_memory(*state, "", preprocess); }

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(agrees_with_torchvision),
        SUPPORT_TEST(keeps_a_single_colour),
        SUPPORT_TEST(takes_a_deviation_of_zero_for_one),
        SUPPORT_TEST(refuses_wrong_settings),
        SUPPORT_TEST(makes_only_the_crop),
        SUPPORT_TEST(survives_no_memory),
    };
    return cmocka_run_group_tests_name("preprocess", tests, NULL, NULL);
}
