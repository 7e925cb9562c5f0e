/* test_augment.c: flips, random crops and grey images that become RGB, found again in the images that they were made of. */
#include "dataset/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pixel (y, x) of channel c of an image, as a loader without mean and deviation gives it. */
static float pixel(const fixture *data, int index, int y, int x, int c) {
    return (float)data->pixels[((index * data->height + y) * data->width + x) * data->channels + c] / 255;
}

static void flips_are_mirrors(void **state) {
    fixture data;
    fixture_open(&data, *state, 3, 4, 5, 3);
    clade_loader *loader = fixture_loader(&data, &(clade_loader_settings){.batch = 3, .flip = 1});
    const clade_batch batch = fixture_next(&data, loader);
    for (int i = 0; i < 3; i++)
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 4; y++)
                for (int x = 0; x < 5; x++)
                    assert_true(batch.images[((i * 3 + c) * 4 + y) * 5 + x] == pixel(&data, i, y, 4 - x, c));
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

/* Each image is either as it was or mirrored, the share of mirrors is the probability within 5 deviations, and it is not the same
 * images in each epoch. */
static void flips_as_often_as_asked(void **state) {
    enum { COUNT = 1000 };
    fixture data;
    int mirrored[2] = {0}, both = 0;
    bool first[COUNT];
    fixture_open(&data, *state, COUNT, 1, 2, 1);
    clade_loader *loader = fixture_loader(&data, &(clade_loader_settings){.batch = COUNT, .flip = 0.3f, .seed = 3});
    for (int epoch = 0; epoch < 2; epoch++) {
        const clade_batch batch = fixture_next(&data, loader);
        for (int i = 0; i < COUNT; i++) {
            const float left = pixel(&data, i, 0, 0, 0), right = pixel(&data, i, 0, 1, 0);
            const bool turned = batch.images[2 * i] != left;
            assert_true(batch.images[2 * i] == (turned ? right : left));
            assert_true(batch.images[2 * i + 1] == (turned ? left : right));
            mirrored[epoch] += turned;
            if (epoch == 0) first[i] = turned;
            both += epoch == 1 && turned && first[i];
        }
    }
    for (int epoch = 0; epoch < 2; epoch++) assert_true(fabs(mirrored[epoch] - 0.3 * COUNT) < 5 * sqrt(0.21 * COUNT));
    assert_true(fabs(both - 0.09 * COUNT) < 5 * sqrt(0.09 * 0.91 * COUNT));
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

/* Whether values [H, W] are the window of the padded image that begins at (top, left), perhaps mirrored. */
static bool is_window(const fixture *data, int index, int height, int width, int top, int left, bool mirrored,
                      const float *values) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int from_y = top + y, from_x = left + (mirrored ? width - 1 - x : x);
            const bool inside = from_y >= 0 && from_y < data->height && from_x >= 0 && from_x < data->width;
            if (values[y * width + x] != (inside ? pixel(data, index, from_y, from_x, 0) : 0)) return false;
        }
    return true;
}

/* Every batch image is a window; all of them occur, each way round. The image keeps its size: `resize` is its shorter side. */
static void check_random_crops(support *test, int height, int width, int padding) {
    enum { SIDE = 6, MOST = 2 * (2 * 4 + 1) * (2 * 4 + 1) };
    fixture data;
    bool seen[2][9][9] = {{{false}}};
    int kinds = 0;
    const int rows = SIDE + 2 * padding - height + 1, columns = SIDE + 2 * padding - width + 1;
    fixture_open(&data, test, 1, SIDE, SIDE, 1);
    clade_loader *loader = fixture_loader(
        &data, &(clade_loader_settings){.crop = CLADE_CROP_RANDOM,
                                        .padding = padding,
                                        .flip = 0.5f,
                                        .seed = 11,
                                        .preprocess = {.height = height, .width = width, .resize = SIDE}});
    for (int epoch = 0; epoch < 20 * MOST && kinds < 2 * rows * columns; epoch++) {
        const clade_batch batch = fixture_next(&data, loader);
        int found = 0;
        for (int way = 0; way < 2; way++)
            for (int top = 0; top < rows; top++)
                for (int left = 0; left < columns; left++)
                    if (is_window(&data, 0, height, width, top - padding, left - padding, way, batch.images)) {
                        kinds += !seen[way][top][left];
                        seen[way][top][left] = true;
                        found++;
                    }
        assert_int_equal(found, 1);
    }
    assert_int_equal(kinds, 2 * rows * columns);
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

static void crops_are_windows_of_the_padded_image(void **state) {
    check_random_crops(*state, 6, 6, 2);
    check_random_crops(*state, 4, 5, 0);
    check_random_crops(*state, 5, 3, 1);
}

/* Floats are cropped and mirrored like pixels. */
static void floats_are_cropped_alike(void **state) {
    support *test = *state;
    fixture data;
    fixture_open(&data, test, 4, 6, 6, 3);
    float values[4][3][6][6];
    const int32_t labels[4] = {0};
    for (int i = 0; i < 4; i++)
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 36; k++) values[i][c][k / 6][k % 6] = pixel(&data, i, k / 6, k % 6, c);
    const clade_array images = {.type = CLADE_FLOAT32, .shape = {.rank = 4, .dims = {4, 3, 6, 6}}, .data = values};
    static const clade_loader_settings cases[] = {
        {.batch = 4, .crop = CLADE_CROP_RANDOM, .padding = 2, .flip = 0.5f, .preprocess.mean = {0.5f, 0.25f}},
        {.batch = 4, .crop = CLADE_CROP_RANDOM, .padding = 9, .preprocess = {.height = 6, .width = 4, .resize = 6}},
        {.batch = 4, .preprocess = {.height = 9, .width = 4, .resize = 6, .deviation = {0.5f, 0.25f, 0.125f}}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        clade_dataset *set = NULL;
        clade_loader *floats = NULL, *pixels = fixture_loader(&data, &cases[k]);
        assert_ok(test, clade_dataset_wrap(test->context, &images, labels, NULL, &set));
        assert_ok(test, clade_loader_create(set, &cases[k], &floats));
        for (int epoch = 0; epoch < 20; epoch++) {
            const clade_batch expected = fixture_next(&data, pixels), found = fixture_next(&data, floats);
            const size_t size = cases[k].preprocess.height == 9 ? 36 : cases[k].preprocess.height ? 24 : 36;
            assert_memory_equal(found.images, expected.images, 4 * 3 * size * sizeof(float));
        }
        clade_loader_destroy(&pixels);
        clade_loader_destroy(&floats);
        clade_dataset_destroy(&set);
    }
    clade_dataset *set = NULL;
    clade_loader *loader = NULL;
    assert_ok(test, clade_dataset_wrap(test->context, &images, labels, NULL, &set));
    assert_failure(test, clade_loader_create(set, &(clade_loader_settings){.preprocess.height = 7}, &loader),
                   CLADE_ERROR_UNSUPPORTED, "only pixels are resized");
    assert_failure(test, clade_loader_create(set, &(clade_loader_settings){.crop = CLADE_CROP_RESIZED}, &loader),
                   CLADE_ERROR_UNSUPPORTED, "only pixels are resized");
    clade_dataset_destroy(&set);
    fixture_close(&data);
}

/* An image whose red is its column and whose green its row tells where a resized crop was taken: bilinear resizing keeps ramps, but
 * for the rounding of pixels and the border. */
static void resized_crops_are_parts_of_the_image(void **state) {
    enum { SIDE = 200, OUT = 20, EPOCHS = 2000 };
    support *test = *state;
    uint8_t *ramps = calloc(SIDE * SIDE, 3);
    const int32_t label = 0;
    double areas = 0, stretches = 0;
    int small = 0;
    assert_non_null(ramps);
    for (int i = 0; i < SIDE * SIDE; i++) {
        ramps[3 * i] = (uint8_t)(i % SIDE);
        ramps[3 * i + 1] = (uint8_t)(i / SIDE);
    }
    const clade_array images = {.type = CLADE_UINT8, .shape = {.rank = 4, .dims = {1, SIDE, SIDE, 3}}, .data = ramps};
    clade_dataset *set = NULL;
    clade_loader *loader = NULL;
    assert_ok(test, clade_dataset_wrap(test->context, &images, &label, NULL, &set));
    const clade_loader_settings settings = {
        .crop = CLADE_CROP_RESIZED, .least_area = 0.25f, .preprocess = {.height = OUT, .width = OUT}};
    assert_ok(test, clade_loader_create(set, &settings, &loader));
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        clade_batch batch;
        assert_ok(test, clade_loader_next(loader, &batch));
        const float *red = batch.images, *green = red + OUT * OUT;
        for (int i = 0; i < OUT * OUT; i++) {
            assert_true(red[i] == red[i % OUT] && green[i] == green[i / OUT * OUT]);
            assert_true(red[2 * OUT * OUT + i] == 0);
        }
        /* the second to the last but one output pixel are OUT - 3 steps apart */
        const double width = 255 * (double)(red[OUT - 2] - red[1]) / (OUT - 3) * OUT;
        const double height = 255 * (double)(green[(OUT - 2) * OUT] - green[OUT]) / (OUT - 3) * OUT;
        const double tolerance = 2.5; /* of 8-bit pixels at two ends */
        assert_true(width <= SIDE + tolerance && height <= SIDE + tolerance);
        const double least = 0.25 * SIDE * SIDE, proportions = width / height;
        assert_true((width + tolerance) * (height + tolerance) >= least);
        assert_true(proportions < 4.0 / 3 * (1 + 2 * tolerance / height) &&
                    proportions > 0.75 * (1 - 2 * tolerance / height));
        areas += width * height / (SIDE * SIDE) / EPOCHS;
        stretches += log(proportions) / EPOCHS;
        small += width * height < 0.4 * SIDE * SIDE;
    }
    /* Areas are even from 0.25 to 1, but large ones fit less often; proportions have no side. */
    assert_true(areas > 0.5 && areas < 0.625);
    assert_true(small > EPOCHS / 6 && small < EPOCHS / 3);
    assert_true(fabs(stretches) < 0.03);
    clade_loader_destroy(&loader);
    clade_dataset_destroy(&set);
    free(ramps);
}

/* A long thin image has no part of allowed proportions and half its area: the centre is taken, 4 : 3. */
static void thin_images_give_their_centre(void **state) {
    fixture data;
    fixture_open(&data, *state, 1, 3, 40, 1);
    clade_loader *loader = fixture_loader(&data, &(clade_loader_settings){.crop = CLADE_CROP_RESIZED,
                                                                          .least_area = 0.5f,
                                                                          .preprocess = {.height = 3, .width = 4}});
    for (int epoch = 0; epoch < 10; epoch++)
        assert_true(is_window(&data, 0, 3, 4, 0, 18, false, fixture_next(&data, loader).images));
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

static void grey_becomes_rgb(void **state) {
    fixture data;
    fixture_open(&data, *state, 2, 5, 4, 1);
    static const clade_preprocess how = {.channels = 3, .mean = {0, 0.5f, 0.25f}, .deviation = {1, 0.5f, 0.125f}};
    clade_loader *loader = fixture_loader(&data, &(clade_loader_settings){.batch = 2, .preprocess = how});
    const clade_batch batch = fixture_next(&data, loader);
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            for (int k = 0; k < 20; k++)
                assert_true(batch.images[(i * 3 + c) * 20 + k] ==
                            (pixel(&data, i, k / 4, k % 4, 0) - how.mean[c]) / how.deviation[c]);
    clade_loader_destroy(&loader);
    fixture_close(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SUPPORT_TEST(flips_are_mirrors),
        SUPPORT_TEST(flips_as_often_as_asked),
        SUPPORT_TEST(crops_are_windows_of_the_padded_image),
        SUPPORT_TEST(floats_are_cropped_alike),
        SUPPORT_TEST(resized_crops_are_parts_of_the_image),
        SUPPORT_TEST(thin_images_give_their_centre),
        SUPPORT_TEST(grey_becomes_rgb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
